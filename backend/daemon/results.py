"""Drawings as the wire carries them: the same request gives the same bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace

from stylesketch_ext.wire.codec import dumps
from stylesketch_ext.wire.messages import (
    CandidateData,
    DrawingData,
    FilterStep,
    LayerData,
    PathData,
    SketchRequest,
    SketchResult,
    TextureData,
)

from backend import __version__
from backend.core.drawing import Drawing
from backend.core.entries import color_text
from backend.daemon.phrases import phrases_of
from backend.export.paths import Path, layer_paths
from backend.export.texture import texture_filter
from backend.model_pool import ModelPool
from backend.recipes import EVERY_RECIPE
from backend.recipes.candidates import Attempts, best_of
from backend.style_pack import StylePack


def run_name(request: SketchRequest, version: str = __version__) -> str:
    """8 hexadecimal digits that name a request; its title has no part in it."""
    parts = {"image": request.image, "recipe": request.recipe, "settings": request.settings, "version": version}
    return hashlib.sha256(dumps(parts).encode()).hexdigest()[:8]


def drawing_data(drawing: Drawing, run: str, indices: Sequence[int] | None = None) -> DrawingData:
    """A drawing in source pixels; its paths are named ss-<run>-s<index>.

    indices: of the strokes of a drawing with one layer; None: their places in the order of importance.
    """
    height, width = drawing.size
    ranks = drawing.ranks() if indices is None else [indices]
    found = [(layer.name, layer_paths(layer, rank)) for layer, rank in zip(drawing.layers, ranks, strict=True)]
    layers = [LayerData(name, [_path(path, run) for path in paths]) for name, paths in found]
    paper, texture = color_text(drawing.paper), _texture(drawing)
    return DrawingData(width=width, height=height, layers=layers, run=run, paper=paper, texture=texture)


def sketch_result(
    drawing: Drawing,
    request: SketchRequest,
    pack: StylePack,
    pool: ModelPool,
    seconds: Mapping[str, float],
    attempts: Attempts | None = None,
) -> SketchResult:
    """A finished sketch with its account; `seconds` are total and each stage; attempts: those that it is the best of."""
    account = drawing.account
    notes = (*account.notes, *pool.notes)
    return SketchResult(
        drawing=drawing_data(drawing, run_name(request)),
        image=request.image,
        title=request.title,
        recipe=request.recipe,
        settings=request.settings,
        style_title=pack.title,
        guidance=account.guidance,
        device=str(pool.device),
        engine=pool.engine,
        steps=account.steps,
        version=__version__,
        notes=list(notes),
        phrases=phrases_of(notes),
        scores=dict(account.scores),
        seconds={stage: round(value, 3) for stage, value in seconds.items()},
        fewest=EVERY_RECIPE[request.recipe].fewest,
        candidates=_candidates(attempts, request) if attempts else [],
        judge=attempts.judge if attempts else "",
    )


def _candidates(attempts: Attempts, request: SketchRequest) -> list[CandidateData]:
    """Every attempt; each drawing is named as the request for it alone would be."""
    found, best = [], best_of(attempts.candidates)
    for each in attempts.candidates:
        alone = replace(request, settings=replace(request.settings, seed=each.seed, candidates=1))
        drawing = drawing_data(each.drawing, run_name(alone))
        found.append(CandidateData(each.seed, each.score, drawing, each is best, each.finished))
    return found


def _path(path: Path, run: str) -> PathData:
    return PathData(
        id=f"ss-{run}-s{path.index:03d}",
        points=list(path.points),
        closed=path.closed,
        widths=list(path.widths),
        color=path.color,
        opacity=path.opacity,
        kind=path.kind,
        region=path.region,
        importance=path.importance,
        index=path.index,
        profile=list(path.profile),
        outline=[list(ring) for ring in path.outline],
    )


def _texture(drawing: Drawing) -> TextureData | None:
    steps = texture_filter(drawing.texture, max(drawing.size))
    return (
        TextureData(drawing.texture.kind, [FilterStep(step.name, dict(step.attributes)) for step in steps]) if steps else None
    )
