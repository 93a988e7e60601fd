"""One scene by the published method: the same request to the same forms as a sketch of our own."""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import replace

from stylesketch_ext.wire.messages import ProgressEvent, SketchRequest

from backend.core.drawing import Drawing
from backend.daemon.result_files import Finished
from backend.daemon.results import drawing_data, run_name, sketch_result
from backend.daemon.sketching import RESULT_SIDE, Sources, choices_of, prepare_process, read_inputs, result_svg
from backend.export.png import drawing_png
from backend.model_pool import ModelPool
from backend.recipes.clipascene import CLIPASCENE
from backend.recipes.sparing import sparing
from backend.style_library import load_pack

METHOD = "clipascene"


def draw_published(request: SketchRequest, sources: Sources) -> Generator[ProgressEvent, None, Finished]:
    """The scene of a request; errors of our tree, OSError for unreadable files."""
    prepare_process()
    begin, settings = time.perf_counter(), request.settings
    pack = load_pack(settings.style, sources.packs)
    pool = ModelPool.choose(settings.device, settings.rasterizer, sources.places)
    yield ProgressEvent("reading the picture", 0.0)
    inputs, choices = read_inputs(sources, settings), choices_of(settings)
    work = sparing(lambda given: CLIPASCENE.run(inputs, choices, pack, given), pool)
    try:
        while True:
            progress = next(work)
            yield ProgressEvent(progress.stage, progress.done, None, dict(progress.losses))
    except StopIteration as end:
        drawing: Drawing
        drawing, pool = end.value
    finally:
        work.close()
    found = sketch_result(drawing, request, pack, pool, {"total": time.perf_counter() - begin})
    run = run_name(replace(request, recipe=METHOD))
    result = replace(found, recipe=METHOD, drawing=drawing_data(drawing, run))
    side = min(RESULT_SIDE, max(drawing.size))
    return Finished(result, result_svg(result), drawing_png(drawing, pool.rasterizer, pool.device, side))
