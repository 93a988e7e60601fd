"""Extensions ▸ StyleSketch ▸ Restyle…: a picture in the looks of a style, on a layer exactly over the selected one."""

from typing import Any, List, Sequence, Tuple

from stylesketch_ext.fields import Choice, Line, Number, Pack, Share, Values
from stylesketch_ext.image_layers import Picture, add_picture
from stylesketch_ext.job_effect import JobEffect, Task
from stylesketch_ext.picture_jobs import Made, PicturesMade, restyling
from stylesketch_ext.subjects import Subject, subjects
from stylesketch_ext.wire import codec
from stylesketch_ext.wire.messages import MAX_SEED, MAX_TRIES, RestyleRequest
from stylesketch_ext.words import _, marked, plural

METHODS = (
    ("classical", marked("Patches of the style's picture")),
    ("diffusion", marked("Diffusion network")),
    ("auto", marked("Diffusion network if it is here")),
)


class RestyleEffect(JobEffect):
    """The menu entry."""

    name = "restyle"
    fields = (
        Share("strength", marked("Stren_gth"), 1.0, marked("photograph"), marked("style"),
              marked("How far the picture changes")),
        Choice("method", marked("Metho_d"), "classical", METHODS),
        Line("prompt", marked("S_hows"), "", marked("What is to be seen, in words"), marked("a horse in a meadow"),
             lambda values: values["method"] != "classical"),
        Number("tries", marked("T_ries"), 1, 1, MAX_TRIES, tip=marked("How many to pick from, of one picture")),
        Number("seed", marked("S_eed"), 0, 0, MAX_SEED, random=True),
        Pack("style", "engraving"),
    )  # fmt: skip

    def words(self) -> Any:
        from stylesketch_ext.dialogs.job_window import Words

        return Words(
            title=_("Restyle – StyleSketch"),
            subject="",
            waits=_("Inkscape waits until the picture is done."),
            ready=lambda job: plural("The picture is ready.", "%d pictures are ready.", _count(job.result)),
            canceled=_("Restyling was canceled."),
            left_out=_("The picture was not inserted."),
        )

    def look(self) -> List[Tuple[str, bytes]]:
        self._subjects: List[Subject] = subjects(self.svg, self.folders)
        return [(subject.name, subject.data) for subject in self._subjects]

    def task(self, values: Values) -> Task:
        pictures = [(subject.name, subject.data) for subject in self._subjects]
        tries = values["tries"] if self.in_window and len(pictures) == 1 else 1

        def request(image: str, name: str) -> RestyleRequest:
            return RestyleRequest(
                image, style=values["style"], strength=values["strength"], method=values["method"], prompt=values["prompt"],
                seed=values["seed"], tries=tries, title=name,
            )  # fmt: skip

        return restyling(pictures, request)

    def picks(self, result: PicturesMade) -> Sequence[Tuple[bytes, str]]:
        return result.tries

    def insert(self, result: PicturesMade, picked: int, values: Values) -> None:
        for subject, part in reversed(list(zip(self._subjects, result.parts))):  # each goes right above its own layer
            assert part.source
            size = part.source.width, part.source.height
            picture = picture_of(part, picked, subject.name, {**values, "image": part.source.sha256})
            placement = subject.placement(*size)
            add_picture(self.svg, picture, picture.placed_in(placement, size), subject.chain[0])


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


def _count(made: PicturesMade) -> int:
    return sum(len(part.pictures) for part in made.parts)
