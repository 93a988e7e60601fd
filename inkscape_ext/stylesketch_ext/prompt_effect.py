"""Extensions ▸ StyleSketch ▸ Prompt…: a text as a layer of editable strokes in the middle of the page."""

from typing import Any

from inkex import Transform

from stylesketch_ext.failures import Asked, settings_failure
from stylesketch_ext.fields import Choice, Line, Number, Pack, Share, Switch, Values
from stylesketch_ext.image_layers import Picture, add_picture
from stylesketch_ext.job_effect import JobEffect, Task
from stylesketch_ext.layers import add_sketch
from stylesketch_ext.picture_jobs import Drawn, drawing_of
from stylesketch_ext.placement import Placement, page
from stylesketch_ext.subjects import Subject
from stylesketch_ext.wire.messages import MAX_SEED, MAX_STROKES, PromptRequest, SketchResult, SketchSettings
from stylesketch_ext.words import _, marked, plural

METHODS = (
    ("auto", marked("Automatic")),
    ("diffusion", marked("A picture first, by diffusion")),
    ("clip", marked("Strokes after the text, by CLIP")),
)
SHARE = 0.6  # of the page's width or height that a sketch takes
USUAL_STROKES = 64


class PromptEffect(JobEffect):
    """The menu entry."""

    name = "prompt"
    fields = (
        Line("text", marked("Te_xt"), "", marked("What is to be drawn, in a few words; English is understood best"),
             marked("a horse")),
        Number("strokes", marked("S_trokes"), 0, 1, MAX_STROKES, tip=marked("As many strokes as the style usually takes"),
               automatic=marked("A_utomatic"), usual=USUAL_STROKES),
        Share("style_strength", marked("Style st_rength"), 1.0, marked("plain"), marked("full"),
              marked("How much of the style is in the strokes; plain is an even pen")),
        Choice("method", marked("Metho_d"), "auto", METHODS),
        Number("seed", marked("S_eed"), 0, 0, MAX_SEED, random=True),
        Switch("picture", marked("_Insert the picture too"), False,
               marked("What the sketch was drawn after, on a layer below it")),
        Pack("style", "technical-pen"),
    )  # fmt: skip

    def words(self) -> Any:
        from stylesketch_ext.dialogs.job_terms import Words

        return Words(
            title=_("Prompt – StyleSketch"),
            subject=_("What is to be drawn?"),
            waits=_("Inkscape waits until the sketch is done."),
            ready=lambda job: plural("The sketch is ready.", "%d sketches are ready.", 1),
            canceled=_("The sketch was canceled."),
            left_out=_("The sketch was not inserted."),
        )

    def task(self, values: Values) -> Task:
        if not values["text"].strip():
            raise Asked(_("Write in a few words what is to be drawn, then start again."), "text")
        try:
            settings = SketchSettings(
                strokes=values["strokes"] or None, style=values["style"], style_strength=values["style_strength"],
                seed=values["seed"],
            )  # fmt: skip
            return drawing_of(PromptRequest(values["text"].strip(), settings, values["method"]))
        except ValueError as error:
            raise settings_failure(error) from error

    def insert(self, result: Drawn, picked: int, values: Values) -> None:
        sketch, placement = result.sketch, self._centered(result.sketch)
        below = self.svg[-1] if len(self.svg) else self.svg.defs
        if values["picture"] and result.picture:
            facts = {"recipe": sketch.recipe, "seed": sketch.settings.seed, "version": sketch.version, "job": sketch.job}
            label = _("%s (picture)") % sketch.title
            size = sketch.drawing.width, sketch.drawing.height
            below = add_picture(self.svg, Picture(result.picture, *size, label, facts), placement, below)
        add_sketch(self.svg, sketch, Subject((below,), sketch.title, b""), placement)

    def _centered(self, sketch: SketchResult) -> Placement:
        """In the middle of the page, with some room around."""
        sheet, drawing = page(self.svg), sketch.drawing
        scale = SHARE * min(sheet.width / drawing.width, sheet.height / drawing.height)
        x = sheet.x + (sheet.width - drawing.width * scale) / 2
        y = sheet.y + (sheet.height - drawing.height * scale) / 2
        return Placement(Transform((scale, 0, 0, scale, x, y)))
