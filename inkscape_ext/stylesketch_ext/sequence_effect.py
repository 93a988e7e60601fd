"""Extensions ▸ StyleSketch ▸ Sketch Sequence…: the selected pictures are frames of one moving drawing."""

import dataclasses
from typing import Any, List, Tuple

from stylesketch_ext.client import BackendClient
from stylesketch_ext.engine_thread import EngineThread
from stylesketch_ext.failures import Failure
from stylesketch_ext.fields import Choice, Number, Pack, Share, Switch, Values
from stylesketch_ext.job_effect import JobEffect, Task
from stylesketch_ext.layers import add_sketch
from stylesketch_ext.pack_facts import USUAL
from stylesketch_ext.subjects import Subject, subjects
from stylesketch_ext.wire.messages import MAX_FRAMES, MAX_SEED, MAX_STROKES, SequenceRequest, SequenceResult, SketchSettings
from stylesketch_ext.words import _, marked, plural

MASKS = (("auto", marked("Main subject")), ("none", marked("Whole picture")))
SHOWN = (
    ("first", marked("Only the first frame")),
    ("onion", marked("All of them, the first one clearly")),
)
FAINT = 0.25  # opacity of the other frames where all are shown


class SequenceEffect(JobEffect):
    """The menu entry."""

    name = "sequence"
    fields = (
        Number("strokes", marked("S_trokes"), 0, 1, MAX_STROKES, automatic=marked("A_utomatic"), usual=64,
               tip=marked("How many are seen at once, at most")),
        Choice("mask", marked("_Draw"), "auto", MASKS),
        Share("fidelity", marked("_Fidelity"), 1.0, marked("loose"), marked("precise")),
        Choice("shown", marked("S_how"), "first", SHOWN, marked("Each frame is a layer of its own above its picture")),
        Switch("hide", marked("Hide the _pictures"), False, marked("All but the layers of strokes")),
        Number("seed", marked("S_eed"), 0, 0, MAX_SEED, random=True),
        Pack("style", USUAL),
    )  # fmt: skip

    def words(self) -> Any:
        from stylesketch_ext.dialogs.job_terms import Words

        return Words(
            title=_("Sketch Sequence – StyleSketch"),
            subject="",
            waits=_("Inkscape waits until the sequence is done."),
            ready=lambda job: plural("The frame is ready.", "%d frames are ready.", len(job.result.frames)),
            canceled=_("The sequence was canceled. The frames that were done are kept: start it again, and it goes on."),
            left_out=_("The sequence was not inserted."),
        )

    def look(self) -> List[Tuple[str, bytes]]:
        self._subjects: List[Subject] = subjects(self.svg, self.folders) if len(self.svg.selection) else []
        if len(self._subjects) < 2:
            raise Failure(_("Select two or more pictures, or a layer of them: each becomes a frame, in their order."), "select")
        if len(self._subjects) > MAX_FRAMES:
            raise Failure(_("Select at most %d pictures: these are %d.") % (MAX_FRAMES, len(self._subjects)), "select")
        return [(subject.name, subject.data) for subject in self._subjects]

    def task(self, values: Values) -> Task:
        frames = [(subject.name, subject.data) for subject in self._subjects]
        settings = SketchSettings(
            strokes=values["strokes"] or None, style=values["style"], mask=values["mask"], fidelity=values["fidelity"],
            guidance="classical", seed=values["seed"],
        )  # fmt: skip
        return sequencing(frames, settings)

    def insert(self, result: SequenceResult, picked: int, values: Values) -> None:
        for number, subject in reversed(list(enumerate(self._subjects))):
            drawing = result.frames[number]
            title = _("frame %d: %s") % (number + 1, subject.name)
            sketch = dataclasses.replace(result.frame(number), title=title, notes=[] if number else result.notes)
            layer = add_sketch(self.svg, sketch, subject, subject.placement(drawing.width, drawing.height))
            if number:
                layer.set("style", "opacity:%g" % FAINT if values["shown"] == "onion" else "display:none")
        if values["hide"]:
            for subject in self._subjects:
                subject.hide()


def sequencing(frames: List[Tuple[str, bytes]], settings: SketchSettings) -> Task:
    """Draw pictures, given as (name, bytes of the file), as the frames of one sequence."""

    def task(client: BackendClient, thread: EngineThread) -> SequenceResult:
        thread.part(0, 1)
        hashes = []
        for number, (_name, data) in enumerate(frames):
            thread.go_on()
            thread.tell(_("Handing over picture %d of %d …") % (number + 1, len(frames)))
            hashes.append(client.upload(data).sha256)
        job = thread.done_by(client, SequenceRequest(hashes, settings, frames[0][0]))
        thread.tell(_("Placing the strokes …"), 1.0)
        result = client.sequence(job)
        drawings = list(result.frames)
        for number in range(len(drawings), result.count):
            thread.go_on()
            drawings.append(client.frame(job, number + 1))
        return dataclasses.replace(result, frames=drawings)

    return task
