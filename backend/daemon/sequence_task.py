"""The work of a request for a sequence: uploaded pictures to a drawing for each of them."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import replace
from pathlib import Path

from stylesketch_ext.wire.messages import DrawingData, ProgressEvent, SequenceRequest, SequenceResult

from backend.core.drawing import Drawing
from backend.core.errors import NotFound
from backend.core.image import Framing
from backend.core.moving import MovingDrawing
from backend.daemon.frames import FrameReady
from backend.daemon.images import KeptPicture
from backend.daemon.phrases import phrases_of
from backend.daemon.result_files import Sequenced
from backend.daemon.results import drawing_data
from backend.daemon.sequence import MovingSketch, SequenceOrder, draw_sequence
from backend.daemon.sketching import RESULT_SIDE
from backend.export.animation import layered_svg
from backend.export.png import drawing_png
from backend.perception.frames import STILL_RATE, Clip
from backend.places import Places


def draw(
    request: SequenceRequest, frames: Sequence[KeptPicture], mask: Path | None, places: Places
) -> Generator[ProgressEvent | FrameReady, None, Sequenced]:
    """The task of the worker; frames of other sizes than the first are fitted into it, and their strokes taken back.

    What a stopped run of the same request had done is used. Errors of our tree, OSError.
    """
    if any(not frame.path.is_file() for frame in frames):
        raise NotFound("A picture of this sequence is gone. Choose the pictures again.")
    clip = Clip(tuple(frame.path for frame in frames), STILL_RATE, fix_scale=True)
    order = SequenceOrder(clip, request.settings, places.packs, places, first_mask=mask)
    sketch = yield from draw_sequence(order, previews=True)
    for number, frame in enumerate(frames):
        told = ProgressEvent("finishing", 1.0)
        yield FrameReady(told, number + 1, _frame(sketch, number, frame))
    svg = "\n".join(layered_svg(sketch.drawing, sketch.run, request.title, sketch.facts)) + "\n"
    return Sequenced(_result(request, sketch), svg, _preview(sketch))


def _frame(sketch: MovingSketch, number: int, picture: KeptPicture) -> DrawingData:
    """A frame in px of its own picture; the same stroke has the same index in all of them."""
    moving = sketch.drawing
    drawing = _taken_back(moving.at(number), (picture.height, picture.width))
    indices = [stroke.id for stroke in moving.seen_at(number)]
    return drawing_data(drawing, f"{sketch.run}-f{number:03d}", indices)


def _taken_back(drawing: Drawing, own: tuple[int, int]) -> Drawing:
    """A drawing of a picture that was fitted into another size, in px of the picture itself (height, width)."""
    if drawing.size == own:
        return drawing
    scale = min(whole / side for whole, side in zip(drawing.size, own, strict=True))
    top, left = ((whole - max(1, round(side * scale))) // 2 for whole, side in zip(drawing.size, own, strict=True))
    framing = Framing(own, drawing.size, (-left / scale, -top / scale), scale)
    return replace(drawing, size=own, layers=tuple(replace(layer, framing=framing) for layer in drawing.layers))


def _result(request: SequenceRequest, sketch: MovingSketch) -> SequenceResult:
    moving: MovingDrawing = sketch.drawing
    account = moving.account
    notes = (*account.notes, *sketch.pool.notes)
    return SequenceResult(
        frames=[],
        request=request,
        shots=list(moving.shots),
        style_title=sketch.style_title,
        guidance=account.guidance,
        device=sketch.facts["device"],
        engine=sketch.facts["engine"],
        steps=account.steps,
        version=sketch.facts["version"],
        notes=list(notes),
        phrases=phrases_of(notes),
        seconds={name: round(value, 3) for name, value in sketch.seconds.items()},
        kept=sketch.kept,
        count=len(request.images),
    )


def _preview(sketch: MovingSketch) -> bytes:
    side = min(RESULT_SIDE, max(sketch.drawing.size))
    return drawing_png(sketch.drawing.at(0), sketch.pool.rasterizer, sketch.pool.device, side)
