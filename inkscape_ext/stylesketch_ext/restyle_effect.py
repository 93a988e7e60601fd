"""Extensions ▸ StyleSketch ▸ Restyle…: a picture in the looks of a style, on a layer exactly over the selected one."""

from dataclasses import replace
from typing import Any, List, Sequence, Tuple, Union

from stylesketch_ext.failures import settings_failure
from stylesketch_ext.fields import Choice, Line, Number, Pack, Pen, Share, Switch, Values
from stylesketch_ext.image_layers import Picture, add_picture
from stylesketch_ext.job_effect import JobEffect, Task
from stylesketch_ext.layers import add_sketch
from stylesketch_ext.picture_jobs import Drawn, Made, PicturesMade, SketchesMade, drawing_restyled, restyling
from stylesketch_ext.prompt_effect import USUAL_STROKES
from stylesketch_ext.subjects import Subject, readable
from stylesketch_ext.wire import codec
from stylesketch_ext.wire.messages import MAX_SEED, MAX_STROKES, MAX_TRIES, RestyleRequest, SketchSettings
from stylesketch_ext.words import _, marked, plural

PICTURE, SKETCH = "picture", "sketch"
RESULTS = ((PICTURE, marked("A picture")), (SKETCH, marked("A sketch of it")))
METHODS = (
    ("classical", marked("Patches of the style's picture")),
    ("diffusion", marked("Diffusion network")),
    ("auto", marked("Diffusion network if it is here")),
)


Restyled = Union[PicturesMade, SketchesMade]


def _as_sketch(values: Values) -> bool:
    return values["result"] == SKETCH


class RestyleEffect(JobEffect):
    """The menu entry."""

    name = "restyle"
    fields = (
        Share("strength", marked("Stren_gth"), 1.0, marked("photograph"), marked("style"),
              marked("How far the picture changes")),
        Choice("method", marked("Metho_d"), "classical", METHODS),
        Line("prompt", marked("S_hows"), "", marked("What is to be seen, in words"), marked("a horse in a meadow"),
             lambda values: values["method"] != "classical"),
        Choice("result", marked("Resu_lt"), PICTURE, RESULTS, marked("A picture of pixels, or strokes drawn after it")),
        Pen("pen", marked("Dra_wn with"), marked("The same style"), tip=marked("The pen that draws the restyled picture"),
            applies=_as_sketch),
        Number("strokes", marked("S_trokes"), 0, 1, MAX_STROKES, tip=marked("As many strokes as the style usually takes"),
               automatic=marked("A_utomatic"), usual=USUAL_STROKES, applies=_as_sketch),
        Switch("picture", marked("_Insert the picture too"), False,
               marked("What the sketch was drawn after, on a layer below it"), _as_sketch),
        Number("tries", marked("T_ries"), 1, 1, MAX_TRIES, tip=marked("How many to pick from, of one picture"),
               applies=lambda values: values["result"] == PICTURE),
        Number("seed", marked("S_eed"), 0, 0, MAX_SEED, random=True),
        Pack("style", "engraving"),
    )  # fmt: skip

    def words(self) -> Any:
        from stylesketch_ext.dialogs.job_terms import Words

        return Words(
            title=_("Restyle – StyleSketch"),
            subject="",
            waits=_("Inkscape waits until the picture is done."),
            ready=lambda job: _told_ready(job.result),
            canceled=_("Restyling was canceled."),
            left_out=_("The picture was not inserted."),
        )

    def look(self) -> List[Tuple[str, bytes]]:
        self._subjects: List[Subject] = readable(self.svg, self.folders)
        return [(subject.name, subject.data) for subject in self._subjects]

    def task(self, values: Values) -> Task:
        pictures = [(subject.name, subject.data) for subject in self._subjects]
        several = self.in_window and len(pictures) == 1 and not _as_sketch(values)

        def request(image: str, name: str) -> RestyleRequest:
            return RestyleRequest(
                image, style=values["style"], strength=values["strength"], method=values["method"],
                prompt="" if values["method"] == "classical" else values["prompt"], seed=values["seed"],
                tries=values["tries"] if several else 1, title=name, sketch=_pen(values) if _as_sketch(values) else None,
            )  # fmt: skip

        try:
            request("", "")
        except ValueError as error:
            raise settings_failure(error) from error
        return (drawing_restyled if _as_sketch(values) else restyling)(pictures, request)

    def picks(self, result: Restyled) -> Sequence[Tuple[bytes, str]]:
        return result.tries if isinstance(result, PicturesMade) else ()

    def insert(self, result: Restyled, picked: int, values: Values) -> None:
        parts: Sequence[Union[Made, Drawn]] = result.parts
        for part in reversed(parts):  # each goes right above its own layer
            assert part.source
            subject = self._subjects[part.number]
            size = part.source.width, part.source.height
            if isinstance(part, Drawn):
                self._add_drawn(subject, part, size, values)
            else:
                picture = picture_of(part, picked, subject.name, {**values, "image": part.source.sha256})
                self._add(subject, picture, size)

    def _add(self, subject: Subject, picture: Picture, source: Tuple[int, int]) -> Any:
        """A picture where its source lies, above it: its layer."""
        placement = subject.placement(*source).resampled(source, (picture.width, picture.height))
        return add_picture(self.svg, picture, placement, subject.chain[0])

    def _add_drawn(self, subject: Subject, part: Drawn, source: Tuple[int, int], values: Values) -> None:
        """A sketch where its photograph lies, above it and above the restyled picture, if that is wanted too."""
        sketch = part.sketch
        size = sketch.drawing.width, sketch.drawing.height
        below = subject
        if values["picture"] and part.picture:
            facts = {"recipe": "style_transfer", "seed": values["seed"], "version": sketch.version, "job": sketch.job}
            picture = Picture(part.picture, *size, _("%s (picture)") % subject.name, facts)
            below = replace(subject, chain=(self._add(subject, picture, source),))
        add_sketch(self.svg, sketch, below, subject.placement(*source).resampled(source, size))


def _pen(values: Values) -> SketchSettings:
    """How the restyled picture is drawn."""
    return SketchSettings(strokes=values["strokes"] or None, style=values["pen"] or values["style"], seed=values["seed"])


def picture_of(part: Made, picked: int, name: str, settings: Values) -> Picture:
    """One of the pictures that a request brought, as it goes into the document."""
    result, info = part.result, part.result.pictures[picked]
    facts = {
        "recipe": result.recipe, "settings": codec.dumps(settings), "seed": info.seed, "style": result.style,
        "version": result.version, "job": result.job, "guidance": result.guidance,
    }  # fmt: skip
    style = _(result.style_title) or name
    label = "%s — %s (StyleSketch)" % (name, style) if style != name else "%s (StyleSketch)" % name
    return Picture(part.pictures[picked], info.width, info.height, label, facts, result.notes)


def _told_ready(made: Restyled) -> str:
    if isinstance(made, SketchesMade):
        return plural("The sketch is ready.", "%d sketches are ready.", len(made.parts))
    return plural("The picture is ready.", "%d pictures are ready.", sum(len(part.pictures) for part in made.parts))
