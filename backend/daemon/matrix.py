"""The plane of fidelity and simplicity of one scene: a row is one drawing, its columns are parts of it."""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import dataclass, replace

from stylesketch_ext.wire.messages import ProgressEvent, SketchRequest, SketchResult

from backend.daemon.results import sketch_result
from backend.daemon.sketching import Sources, choices_of, prepare_process, read_inputs
from backend.export.png import drawing_png
from backend.model_pool import ModelPool
from backend.recipes import SCENE_SKETCH
from backend.style_library import load_pack


@dataclass(frozen=True)
class Cell:
    """One drawing of the matrix, the same as the request with its fidelity and simplicity gives."""

    result: SketchResult
    preview: bytes  # a PNG


def steps(count: int, first: float, last: float, only: float) -> list[float]:
    """`count` numbers evenly from `first` to `last`; `only`, if it is one."""
    return [only] if count == 1 else [first + (last - first) * i / (count - 1) for i in range(count)]


def draw_matrix(
    request: SketchRequest, sources: Sources, shape: tuple[int, int], side: int
) -> Generator[ProgressEvent, None, list[list[Cell]]]:
    """Rows from precise to loose, columns from all strokes to the fewest; one row or column keeps to the request.

    shape: rows and columns; side: of the previews, px. Errors of our tree, OSError for unreadable files.
    """
    prepare_process()
    begin, settings = time.perf_counter(), request.settings
    fidelities = steps(shape[0], 1.0, 0.0, settings.fidelity)
    simplicities = steps(shape[1], 0.0, 1.0, settings.simplicity)
    pack, pool = load_pack(settings.style, sources.packs), ModelPool.choose(settings.device, places=sources.places)
    yield ProgressEvent("reading the picture", 0.0)
    work = SCENE_SKETCH.rows(read_inputs(sources, settings), choices_of(settings), fidelities, pack, pool)
    try:
        while True:
            progress = next(work)
            yield ProgressEvent(progress.stage, progress.done, None, dict(progress.losses))
    except StopIteration as end:
        drawings = end.value
    finally:
        work.close()
    seconds, rows = time.perf_counter() - begin, list[list[Cell]]()
    for fidelity, full in zip(fidelities, drawings, strict=True):
        rows.append([])
        for simplicity in simplicities:
            drawing = SCENE_SKETCH.simplified(full, simplicity)
            wanted = replace(request, settings=replace(settings, fidelity=fidelity, simplicity=simplicity))
            result = sketch_result(drawing, wanted, pack, pool, {"total": seconds})
            rows[-1].append(Cell(result, drawing_png(drawing, pool.rasterizer, pool.device, side)))
    return rows
