"""Sketches that are drawn after a picture that was made for them: what their tasks have in common."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TypeVar

from stylesketch_ext.wire.messages import ProgressEvent, SketchResult

from backend.core.drawing import Drawing
from backend.core.work import Work
from backend.daemon.result_files import Finished, Prompted
from backend.daemon.sketching import RESULT_SIDE, Previews, result_svg
from backend.export.png import drawing_png
from backend.model_pool import ModelPool


@dataclass(frozen=True)
class DrawnAfter:
    """A finished sketch and the picture that it was drawn after."""

    result: SketchResult
    drawing: Drawing
    picture: bytes | None  # a PNG; None where there was none
    pool: ModelPool


Found = TypeVar("Found", bound=DrawnAfter)


def kept_with_picture(work: Work[Found], pool: ModelPool) -> Generator[ProgressEvent, None, Prompted]:
    """The task of a worker: `work` with small previews of the picture, then of the drawing; errors of our tree."""
    previews = Previews(pool)
    try:
        while True:
            progress = next(work)
            yield ProgressEvent(progress.stage, progress.done, previews.of(progress), dict(progress.losses))
    except StopIteration as end:
        made = end.value
    finally:
        work.close()
    side = min(RESULT_SIDE, max(made.drawing.size))
    preview = drawing_png(made.drawing, made.pool.rasterizer, made.pool.device, side)
    return Prompted(Finished(made.result, result_svg(made.result), preview), made.picture)
