"""Traced strokes fitted to their lines through the rasterizer, and kept only where that brought them nearer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from backend.core.bezier import sample
from backend.core.doubling import doubled_share
from backend.core.notes import Note
from backend.core.strokes import Strokes
from backend.guidance.along_lines import AlongLines
from backend.guidance.bending import KeepBending
from backend.guidance.ends import KeepEnds
from backend.guidance.ink import InkMatch
from backend.guidance.repulsion import PushApart
from backend.guidance.stroke_places import StrokePlaces
from backend.guidance.view import Guidance, Objective
from backend.initialize.trace import TracedStart
from backend.model_pool import ModelPool
from backend.optimize import Schedule, Step, optimize
from backend.parameterize.direct import DirectSettings, DirectStrokes
from backend.recipes.steering import Steering

MOST_DOUBLED = 0.03  # share of the strokes' length that a guide may double
DOUBLES = Note("Refining would have doubled lines, so the strokes are as they were traced.")
NO_NEARER = Note(
    "Refining would not have brought the strokes nearer to the lines, or shortened some, so they are as they were traced."
)


@dataclass(frozen=True)
class RefiningSettings:
    """What strokes are fitted by; px of a canvas whose longer side is about 900 px. Weights stand beside the ink's 1."""

    pen: float = 0.0052  # strokes are fitted as if no pen were wider than this share of the longer side …
    thin: float = 0.5  # … to lines of this share of their width
    far: float = 1.0  # what ink seen at half the size counts beside ink seen closely
    reach: float = 3.0  # farthest a control point may go …
    small: float = 0.03  # … and no farther than this share of its stroke's length: small shapes keep their form
    bending: float = 0.002
    along: float = 0.3
    apart: float = 0.05
    clear: float = 1.6  # widths that nearly parallel strokes are apart, or …
    room: float = 2.5  # … so many px farther than they began
    one: float = 0.5  # widths within which two strokes draw one line, or meet
    ends: float = 0.01
    spacing: float = 8.0  # between the places that strokes are looked at
    most_doubled: float = 0.01  # share of the strokes' length that fitting may double
    least_length: float = 0.98  # of what they had that all strokes together must keep …
    least_of_one: float = 0.85  # … and each of them
    capped: float = 0.02  # of the longer side: no place counts as farther from a line


def refined(
    start: TracedStart,
    strokes: Strokes,
    size: tuple[int, int],
    paper: Tensor,
    steps: int,
    steering: Steering,
    pool: ModelPool,
    settings: RefiningSettings = RefiningSettings(),
    held: Strokes | None = None,
) -> Iterator[Step]:
    """Strokes on the lines of a traced start, moved step by step to where these exactly are. Raises nothing.

    The terms are those of a traced sketch within a trust region: ink like thin lines, strokes along the line field, nearly
    parallel ones apart, ends where they were, and calm curves. size: height and width of the canvas, px. held: strokes that are
    there already, and stay: ink that need not be drawn, and lines to keep away from or to end on.
    """
    if not steps:
        return
    free, strokes = len(strokes), beside(strokes, held).to(pool.device)
    width = strokes.widths.mean(1, keepdim=True).clamp_max(settings.pen * max(size))
    thin, whole = replace(strokes, widths=width), float(width[:free].mean())
    target = start.lines_as_ink(size, settings.thin * whole)
    if held is not None:
        target = torch.maximum(target, _ink_of(held, size, settings.thin * whole))
    target, resting = target.to(pool.device), len(strokes) - free
    closer = torch.tensor([*start.enlarged, *(1.0 for _ in range(resting))], device=pool.device)
    places = StrokePlaces(thin, settings.spacing)
    terms: dict[str, Guidance] = {
        "ink": InkMatch(target, paper, far=settings.far / steering.fine),
        "bending": KeepBending(thin),
        "along": AlongLines(places, start.doubled_angles().to(pool.device), closer.eq(1).to(width)),
        "apart": PushApart(places, thin, settings.clear * whole, settings.one * whole, settings.room, settings.reach),
        "ends": KeepEnds(places, thin, settings.one * whole),
    }
    weights = {
        "bending": settings.bending * steering.bending,
        "along": settings.along,
        "apart": settings.apart,
        "ends": settings.ends,
    }
    small = settings.reach / (settings.small * _lengths(strokes)).clamp_min(1e-3)
    moved = DirectStrokes(thin, DirectSettings(settings.reach), torch.maximum(closer.to(small), small), resting)
    for step in optimize(moved, Objective(terms, weights), Schedule(steps), pool.rasterizer, size, paper):
        yield replace(step, strokes=strokes.with_points(step.strokes.points).select(slice(0, free)))


def beside(strokes: Strokes, held: Strokes | None) -> Strokes:
    """Strokes with those that are there already after them."""
    return strokes if held is None or not len(held) else Strokes.joined([strokes, held.to(strokes.points.device)])


def _ink_of(held: Strokes, size: tuple[int, int], width: float) -> Tensor:
    """What is drawn already as ink [1, 1, H, W], as dark as the clearest lines."""
    ink = np.zeros(size, np.uint8)
    for row in sample(held.points, held.segments, 200)[0].cpu().numpy():
        at = np.round((row - 0.5) * 16).astype(np.int32)
        cv2.polylines(ink, [at], False, 255, max(1, round(width)), cv2.LINE_AA, shift=4)
    return torch.from_numpy(ink.astype(np.float32) / 255)[None, None]


def better(
    traced: Strokes,
    refined: Strokes,
    start: TracedStart,
    size: tuple[int, int],
    settings: RefiningSettings = RefiningSettings(),
    held: Strokes | None = None,
) -> tuple[Strokes, tuple[str, ...]]:
    """The refined strokes if they are nearer to the lines, else the traced ones; and what to tell the user."""
    strokes, notes = undoubled(traced, refined, settings.most_doubled, held)
    if notes or not len(traced):
        return strokes, notes
    before, after = _lengths(traced), _lengths(strokes)
    shorter = after.sum() < settings.least_length * before.sum() or bool((after < settings.least_of_one * before).any())
    if shorter or off_lines(strokes, start, size, settings) > off_lines(traced, start, size, settings):
        return traced, (NO_NEARER,)
    return strokes, ()


def undoubled(
    before: Strokes, after: Strokes, most: float = MOST_DOUBLED, held: Strokes | None = None
) -> tuple[Strokes, tuple[str, ...]]:
    """The moved strokes, unless they double `most` more of their length than before; and what to tell the user.

    held: strokes that are there already, which are doubled as well.
    """
    after = after.to("cpu")
    if doubled_share(beside(after, held)) <= doubled_share(beside(before, held)) + most:
        return after, ()
    return before, (DOUBLES,)


def off_lines(strokes: Strokes, start: TracedStart, size: tuple[int, int], settings: RefiningSettings) -> float:
    """Mean distance, canvas px, from the strokes to the nearest of all lines found, far places counted as not so far."""
    free = np.ones(size, np.uint8)
    for line in start.lines:
        cv2.polylines(free, [np.round(line.row * 16).astype(np.int32)], line.closed, 0, 1, cv2.LINE_8, shift=4)
    distance = torch.from_numpy(cv2.distanceTransform(free, cv2.DIST_L2, 5)).clamp_max(settings.capped * max(size))
    places = StrokePlaces(strokes, 2.0)
    points, _directions = places.on(strokes)
    grid = (points * points.new_tensor([2 / size[1], 2 / size[0]]) - 1)[None, :, None]
    away = F.grid_sample(distance[None, None].to(points), grid, padding_mode="border", align_corners=False)[0, 0, :, 0]
    return float((away * places.length).sum() / places.length.sum().clamp_min(1e-9))


def _lengths(strokes: Strokes) -> Tensor:
    dense = sample(strokes.points, strokes.segments, 200)[0]
    return (dense[:, 1:] - dense[:, :-1]).square().sum(-1).sqrt().sum(1)
