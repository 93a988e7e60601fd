"""The layers of a scene's regions as one drawing: hidden lines cut away, one order of importance through all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch

from backend.core.bezier import sample
from backend.core.clip import Bits, clip_outside
from backend.core.drawing import Layer
from backend.core.strokes import Strokes
from backend.initialize.interleave import falling, interleave

CRUMB = 0.3  # parts of cut hatches that are shorter than this share of the shortest line are dropped


def behind(layer: Layer, hidden: Bits, least: float) -> Layer:
    """What is seen of a layer behind a mask [H, W] of the source picture, without lines shorter than `least` source px.

    The longest part of a stroke keeps its importance, the others have as much less as they are shorter.
    """
    placed = layer.strokes.with_points(layer.framing.to_source(layer.strokes.points.double()))
    parts, sources = clip_outside(placed, hidden, CRUMB * least)
    lengths = _lengths(parts)
    longest: dict[int, float] = {}
    for source, length in zip(sources, lengths, strict=True):
        longest[source] = max(longest.get(source, 0.0), length)
    notes = []
    for source, length in zip(sources, lengths, strict=True):
        note = layer.notes[source]
        notes.append(replace(note, importance=note.importance * length / max(longest[source], 1e-9)))
    kept = [i for i, note in enumerate(notes) if lengths[i] >= least or note.kind == "hatch"]
    kept.sort(key=lambda i: -notes[i].importance)
    strokes = parts.with_points(layer.framing.to_canvas(parts.points).to(layer.strokes.points))
    return replace(layer, strokes=strokes.select(torch.tensor(kept, dtype=torch.long)), notes=tuple(notes[i] for i in kept))


def ranked(layers: Sequence[Layer], shares: Sequence[float], head_starts: Sequence[float], count: int) -> list[Layer]:
    """The layers with their first strokes, at most `count` in all, whose importances are one order through all of them.

    shares, head_starts: as for `interleave`.
    """
    order = interleave([len(layer.strokes) for layer in layers], shares, head_starts)[:count]
    importances: list[list[float]] = [[] for _ in layers]
    for (i, _), value in zip(order, falling([layers[i].notes[place].importance for i, place in order]), strict=True):
        importances[i].append(value)
    return [_reduced(layer, kept) for layer, kept in zip(layers, importances, strict=True)]


def _reduced(layer: Layer, importances: Sequence[float]) -> Layer:
    notes = tuple(replace(note, importance=value) for note, value in zip(layer.notes, importances, strict=False))
    return replace(layer, strokes=layer.strokes.select(slice(0, len(notes))), notes=notes)


def _lengths(strokes: Strokes) -> list[float]:
    points, _tangents = sample(strokes.points, strokes.segments, 64)
    return [float(length) for length in points.diff(dim=1).norm(dim=2).sum(1)]
