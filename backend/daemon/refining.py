"""The work of one sketch that is drawn on. The worker process and the command line run the same."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from stylesketch_ext.wire.codec import dumps
from stylesketch_ext.wire.messages import ProgressEvent, RefineRequest, SketchResult, StrokeData

from backend import __version__
from backend.core.drawing import Drawing, Layer, StrokeNote
from backend.core.image import Framing
from backend.core.strokes import Strokes
from backend.core.work import Progress, Work
from backend.daemon.phrases import phrases_of
from backend.daemon.result_files import Finished
from backend.daemon.results import drawing_data
from backend.daemon.sketching import RESULT_SIDE, Previews, Sources, choices_of, prepare_process, read_inputs, result_svg
from backend.export.png import drawing_png
from backend.model_pool import ModelPool
from backend.recipes.known_strokes import Known, KnownStroke, Wish
from backend.recipes.recipe import FEWEST
from backend.recipes.refine import REFINE, Refined
from backend.recipes.sparing import sparing
from backend.style_library import load_pack

RECIPE = "refine"


@dataclass(frozen=True)
class RefinedSketch:
    """What becomes of a sketch."""

    result: SketchResult  # its drawing has the new strokes only
    whole: Drawing  # with those that stay
    pool: ModelPool


def refine(request: RefineRequest, sources: Sources) -> Work[RefinedSketch]:
    """The change of a sketch; errors of our tree, OSError for unreadable files."""
    begin, settings = time.perf_counter(), request.settings
    pack = load_pack(settings.style, sources.packs)
    pool = ModelPool.choose(settings.device, settings.rasterizer, sources.places)
    yield Progress("reading the picture", 0.0)
    inputs = None if request.takes_away else read_inputs(sources, settings)
    known, wish, choices = known_strokes(request.strokes), _wish(request), replace(choices_of(settings), strokes=None)
    refined, pool = yield from sparing(lambda given: REFINE.run(inputs, known, wish, choices, pack, given), pool)
    account, run = refined.drawing.account, run_name(request)
    notes = (*account.notes, *pool.notes)
    result = SketchResult(
        drawing=drawing_data(refined.drawing, run, refined.indices if refined.indices else None),
        image=request.image,
        title=request.title,
        recipe=RECIPE,
        settings=settings,
        style_title=pack.title,
        guidance=account.guidance,
        device=str(pool.device),
        engine=pool.engine,
        steps=account.steps,
        version=__version__,
        notes=list(notes),
        phrases=phrases_of(notes),
        scores=dict(account.scores),
        seconds={"total": round(time.perf_counter() - begin, 3)},
        fewest=FEWEST,
        removed=list(refined.removed),
    )
    return RefinedSketch(result, _whole(refined), pool)


def draw_on(request: RefineRequest, sources: Sources, previews: bool = True) -> Generator[ProgressEvent, None, Finished]:
    """The task of the drawing worker: `refine` with small previews, ending in every form that is kept.

    The picture shows the whole sketch; the file of strokes has only the new ones.
    """
    prepare_process()
    shots, work = Previews(ModelPool.choose("cpu")), refine(request, sources)
    try:
        while True:
            progress = next(work)
            shot = shots.of(progress) if previews else None
            yield ProgressEvent(progress.stage, progress.done, shot, dict(progress.losses))
    except StopIteration as end:
        made: RefinedSketch = end.value
    finally:
        work.close()
    return Finished(made.result, result_svg(made.result), whole_png(made))


def whole_png(made: RefinedSketch) -> bytes:
    """The changed sketch as a PNG."""
    pool = ModelPool.choose("cpu")
    return drawing_png(made.whole, pool.rasterizer, pool.device, min(RESULT_SIDE, max(made.whole.size)))


def run_name(request: RefineRequest, version: str = __version__) -> str:
    """8 hexadecimal digits that name a request; its title has no part in it."""
    return hashlib.sha256(dumps([replace(request, title=""), version]).encode()).hexdigest()[:8]


def known_strokes(strokes: Sequence[StrokeData]) -> Known:
    """The strokes of a request as the recipe takes them."""
    ids = list(dict.fromkeys(stroke.id for stroke in strokes))
    number = {name: i for i, name in enumerate(ids)}
    first: dict[str, StrokeData] = {}
    for stroke in strokes:
        first.setdefault(stroke.id, stroke)
    elements = tuple(KnownStroke(s.id, s.locked, s.index, s.importance, s.kind) for s in (first[name] for name in ids))
    curves = [torch.tensor(stroke.points, dtype=torch.float32) for stroke in strokes]
    built = Strokes.build(curves, 1.0, closed=[stroke.closed for stroke in strokes])
    colors = torch.tensor([stroke.color for stroke in strokes], dtype=torch.float32).reshape(-1, 3)
    opacities = torch.tensor([stroke.opacity for stroke in strokes], dtype=torch.float32)
    drawn = replace(built, widths=_widths(strokes), colors=colors, opacities=opacities)
    return Known(drawn, tuple(number[stroke.id] for stroke in strokes), elements)


def _widths(strokes: Sequence[StrokeData]) -> torch.Tensor:
    """The widths [N, K] at as many knots as the stroke with most of them has."""
    knots = max((len(stroke.widths) for stroke in strokes), default=1)
    places = np.linspace(0, 1, knots)
    rows = [np.interp(places, np.linspace(0, 1, len(stroke.widths)), stroke.widths) for stroke in strokes]
    return torch.from_numpy(np.array(rows, np.float32).reshape(-1, knots))


def _wish(request: RefineRequest) -> Wish:
    region = tuple(tuple(ring) for ring in request.region)
    width, height = request.size or (1, 1)
    return Wish(request.redraw, request.more, request.count, region, request.whole, (height, width), request.alike)


def _whole(refined: Refined) -> Drawing:
    """What stays under what is new."""
    drawing = refined.drawing
    notes = tuple(StrokeNote("contour", "object", 1.0) for _ in range(len(refined.kept)))
    kept = Layer("kept", Framing(drawing.size, drawing.size), refined.kept, notes)
    return replace(drawing, layers=(kept, *drawing.layers))
