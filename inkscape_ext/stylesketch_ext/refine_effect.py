"""Extensions ▸ StyleSketch ▸ Re-sketch…: strokes of a sketch drawn anew, more of them or fewer; all others stay."""

import dataclasses
from typing import Any, List, Tuple

from stylesketch_ext.client import BackendClient
from stylesketch_ext.engine_thread import EngineThread
from stylesketch_ext.failures import Failure, settings_failure
from stylesketch_ext.fields import Choice, Number, Values
from stylesketch_ext.job_effect import JobEffect, Task
from stylesketch_ext.redrawing import Redrawing, redrawing
from stylesketch_ext.wire.messages import MAX_SEED, MAX_STROKES, SketchResult
from stylesketch_ext.words import _, marked, plural

ANEW, KEEP = "anew", "keep"
DEEDS = (
    (ANEW, marked("Draw anew")),
    (KEEP, marked("Keep, only more or fewer")),
)
USUAL_MORE = 8  # strokes, where nothing is selected


class RefineEffect(JobEffect):
    """The menu entry."""

    name = "refine"
    fields = (
        Choice("deed", marked("_Free strokes"), ANEW, DEEDS,
               marked("The selected strokes, or those in the selected shape; with neither, all that are not locked")),
        Number("more", marked("_More strokes"), 0, -MAX_STROKES, MAX_STROKES, tip=marked("A negative number means fewer")),
        Number("seed", marked("S_eed"), 0, 1, MAX_SEED, random=True, tip=marked("A new variation every time"),
               automatic=marked("A_utomatic"), usual=1, applies=lambda values: values["deed"] == ANEW),
    )  # fmt: skip

    def words(self) -> Any:
        from stylesketch_ext.dialogs.job_terms import Words

        return Words(
            title=_("Re-sketch – StyleSketch"),
            subject=_("Re-sketch"),
            waits=_("Inkscape waits until the strokes are drawn."),
            ready=lambda job: _told_ready(job.result),
            canceled=_("Re-sketching was canceled."),
            left_out=_("The sketch stays as it was."),
        )

    def look(self) -> List[Tuple[str, bytes]]:
        self._found: Redrawing = redrawing(self.svg, self.folders)
        picture = self._found.picture
        return [("%s — %s" % (picture.name, self._told()), picture.data)] if picture else []

    def offered(self, values: Values) -> Values:
        """What is selected tells what is likely to be wanted, not what was wanted last."""
        nothing = not len(self.svg.selection)
        return {**values, "deed": KEEP if nothing else ANEW, "more": USUAL_MORE if nothing else 0, "seed": 0}

    def _told(self) -> str:
        """What the selection means."""
        strokes = self._found.strokes
        if self._found.region:
            return _("what the shape encloses")
        free = len({stroke.id for stroke in strokes if not stroke.locked})
        return _("%d of %d strokes") % (free, len({stroke.id for stroke in strokes}))

    def task(self, values: Values) -> Task:
        found, redraw = self._found, values["deed"] == ANEW
        fewer = not redraw and values["more"] < 0

        def request(image: str) -> Any:
            return found.request(image, redraw, values["more"], values["seed"] if redraw else 0)

        if not fewer and found.picture is None:
            raise Failure(
                _("The picture of this sketch is not in the document: import it, then try again."),
                "picture",
            )
        try:
            request("" if fewer else "-")
        except ValueError as error:
            raise settings_failure(error) from error

        def task(client: BackendClient, thread: EngineThread) -> SketchResult:
            thread.part(0, 1)
            notes: List[str] = []
            image = ""
            if not fewer and found.picture:
                thread.tell(_("Handing over the picture …"))
                info = client.upload(found.picture.data)
                notes, image = _checked(found, info.width, info.height), info.sha256
            result = client.result(thread.done_by(client, request(image)))
            return dataclasses.replace(result, notes=[*notes, *result.notes])

        return task

    def insert(self, result: SketchResult, picked: int, values: Values) -> None:
        self._found.put(self.svg, result)


def _checked(found: Redrawing, width: int, height: int) -> List[str]:
    """What to say of a picture of that size, px; Failure where it cannot be the sketch's."""
    if found.same or found.picture is None:
        return []
    if found.sketch.size != (width, height):
        raise Failure(
            _("The picture of this sketch is not in the document, and “%s” has another size: import the one that was sketched.")
            % found.picture.name,
            "picture",
        )
    return [_("“%s” is not the picture that was sketched at first, but has its size.") % found.picture.name]


def _told_ready(result: SketchResult) -> str:
    new = sum(len(layer.paths) for layer in result.drawing.layers)
    if not new:
        return plural("%d stroke goes.", "%d strokes go.", len(result.removed))
    return plural("%d new stroke is ready.", "%d new strokes are ready.", new)
