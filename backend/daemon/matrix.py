"""The plane of fidelity and simplicity of one scene: a row is one drawing, its columns are parts of it."""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import dataclass, replace
from functools import partial

from stylesketch_ext.wire.messages import MatrixRequest, MatrixResult, ProgressEvent, SketchRequest, SketchResult

from backend.core.drawing import Drawing
from backend.core.work import Work
from backend.daemon.results import drawing_data, run_name, sketch_result
from backend.daemon.rows import RowReady
from backend.daemon.sketching import Sources, choices_of, prepare_process, read_inputs
from backend.export.png import drawing_png
from backend.model_pool import ModelPool
from backend.recipes import SCENE_SKETCH, Inputs, SketchChoices
from backend.recipes.scene import Scene
from backend.recipes.sparing import sparing
from backend.style_library import load_pack
from backend.style_pack import StylePack


@dataclass(frozen=True)
class Cell:
    """One drawing of the matrix, the same as the request with its fidelity and simplicity gives."""

    result: SketchResult
    preview: bytes  # a PNG


def steps(count: int, first: float, last: float, only: float) -> list[float]:
    """`count` numbers evenly from `first` to `last`; `only`, if it is one."""
    return [only] if count == 1 else [first + (last - first) * i / (count - 1) for i in range(count)]


def draw_rows(request: MatrixRequest, sources: Sources) -> Generator[ProgressEvent | RowReady, None, MatrixResult]:
    """The task of the drawing worker: a sketch with all its strokes for every fidelity, each told as soon as it is ready.

    Errors of our tree, OSError for unreadable files.
    """
    drawn = yield from _drawn_rows(request, sources)
    return MatrixResult([result for _drawing, result in drawn])


def draw_matrix(
    request: SketchRequest, sources: Sources, shape: tuple[int, int], side: int
) -> Generator[ProgressEvent, None, list[list[Cell]]]:
    """Rows from precise to loose, columns from all strokes to the fewest; one row or column keeps to the request.

    shape: rows and columns; side: of the previews, px. Errors of our tree, OSError for unreadable files.
    """
    settings = request.settings
    simplicities = steps(shape[1], 0.0, 1.0, settings.simplicity)
    work = _drawn_rows(MatrixRequest(request, steps(shape[0], 1.0, 0.0, settings.fidelity)), sources)
    try:
        while True:
            event = next(work)
            yield event.told if isinstance(event, RowReady) else event
    except StopIteration as end:
        drawn: list[tuple[Drawing, SketchResult]] = end.value
    finally:
        work.close()
    pool = ModelPool.choose(settings.device, settings.rasterizer, sources.places)
    return [[_cell(full, result, simplicity, pool, side) for simplicity in simplicities] for full, result in drawn]


def _drawn_rows(
    request: MatrixRequest, sources: Sources
) -> Generator[ProgressEvent | RowReady, None, list[tuple[Drawing, SketchResult]]]:
    prepare_process()
    begin, settings = time.perf_counter(), request.sketch.settings
    pack = load_pack(settings.style, sources.packs)
    pool = ModelPool.choose(settings.device, settings.rasterizer, sources.places)
    yield ProgressEvent("reading the picture", 0.0)
    inputs, choices = read_inputs(sources, settings), choices_of(settings)
    yield ProgressEvent("finding the objects", 0.02)
    scenes, drawn = _Scenes(inputs, choices), list[tuple[Drawing, SketchResult]]()
    for number, fidelity in enumerate(request.fidelities):
        share, seconds = 0.9 / len(request.fidelities), time.perf_counter()
        work = sparing(partial(scenes.row, fidelity, pack), pool)
        try:
            while True:
                progress = next(work).within(0.1 + number * share, 0.1 + (number + 1) * share)
                yield ProgressEvent(progress.stage, progress.done, None, dict(progress.losses), number)
        except StopIteration as end:
            drawing: Drawing
            drawing, pool = end.value
        finally:
            work.close()
        wanted = replace(request.sketch, settings=replace(settings, fidelity=fidelity, simplicity=0.0))
        now = time.perf_counter()
        result = sketch_result(drawing, wanted, pack, pool, {"row": now - seconds, "total": now - begin})
        drawn.append((drawing, result))
        yield RowReady(ProgressEvent("drawing", 0.1 + (number + 1) * share, rows=number + 1), result)
    return drawn


class _Scenes:
    """The scene of a picture, looked at once by each pool that is tried."""

    def __init__(self, inputs: Inputs, choices: SketchChoices) -> None:
        self._inputs, self._choices = inputs, choices
        self._seen: tuple[ModelPool, Scene] | None = None

    def row(self, fidelity: float, pack: StylePack, pool: ModelPool) -> Work[Drawing]:
        """The drawing of the scene at a fidelity."""
        if self._seen is None or self._seen[0] != pool:
            self._seen = None  # what it holds of the memory is free for the next one
            self._seen = pool, Scene.of(self._inputs, self._choices, pool)
        return (yield from SCENE_SKETCH.row(self._seen[1], self._choices, fidelity, pack, pool))


def _cell(full: Drawing, result: SketchResult, simplicity: float, pool: ModelPool, side: int) -> Cell:
    """A part of a row under a name of its own."""
    drawing = SCENE_SKETCH.simplified(full, simplicity)
    request = SketchRequest(result.image, replace(result.settings, simplicity=simplicity), result.recipe, result.title)
    named = replace(result, settings=request.settings, drawing=drawing_data(drawing, run_name(request)))
    return Cell(named, drawing_png(drawing, pool.rasterizer, pool.device, side))
