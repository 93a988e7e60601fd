"""The hand: how a line wavers, overshoots, breaks off and begins again."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from backend.core.bezier import smoothed
from backend.core.style_tables import Gesture
from backend.pen.lines import STEP, Line, Row, evenly


def gestured(lines: Sequence[Line], gesture: Gesture, side: float, chance: np.random.Generator, count: int) -> list[Line]:
    """At most `count` lines as a hand draws them: calmed, in pieces, restated, overshooting, wavering; first statements first.

    side: px of the longer side of the canvas, which the gesture's lengths are shares of. Pieces are longer where they would
    be more than `count`.
    """
    calmed = [_calmed(line, gesture.calm * side) for line in lines]
    longest = gesture.longest * side
    pieces = [piece for line in calmed for piece in _pieces(line, longest, chance)]
    while len(pieces) > max(count, len(calmed)):
        longest *= 1.4
        pieces = [piece for line in calmed for piece in _pieces(line, longest, chance)]
    drawn = list(pieces)
    for _ in range(gesture.restate - 1):
        drawn += [_restated(piece, gesture.spread * side, chance) for piece in pieces]
    drawn = [_overshot(line, gesture.overshoot * side, chance) for line in drawn[:count]]
    return [wavering(line, gesture, side, chance) for line in drawn]


def wavering(line: Line, gesture: Gesture, side: float, chance: np.random.Generator) -> Line:
    """The line, straying as an unsteady hand does; a closed one stays closed."""
    reach = min(gesture.wobble * side, 0.12 * line.length)  # a pupil stays round
    if not reach:
        return line
    stray = slow_noise(len(line.row), gesture.wobble_length * side / STEP, line.closed, chance, 2)
    return replace(line, row=line.row + reach * stray)


def slow_noise(count: int, wavelength: float, closed: bool, chance: np.random.Generator, channels: int = 1) -> Row:
    """Values [count, channels] of about ±1 that change within about `wavelength` of them; closed: the last is the first."""
    knots = max(3, math.ceil(2 * count / wavelength))
    values = chance.uniform(-1, 1, (knots + 3, channels))
    if closed:
        values = np.concatenate([values[knots - 1 : knots], values[:knots], values[:2]])
    place = np.linspace(0, knots, count)
    i = np.minimum(place.astype(int), knots - 1)
    t = (place - i)[:, None]
    a, b, c, d = (values[i + k] for k in range(4))
    return 0.5 * (2 * b + t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a))))


def _calmed(line: Line, sigma: float) -> Line:
    sigma = min(sigma, 0.05 * line.length)  # an eye stays an eye
    if sigma <= 0 or len(line.row) < 8:
        return line
    return replace(line, row=evenly(smoothed(line.row, line.corners, sigma / STEP, line.closed)))


def _pieces(line: Line, longest: float, chance: np.random.Generator) -> Iterator[Line]:
    """The line in pieces of about the longest length, the next beginning a little before the end of the last."""
    if not longest or line.length <= 1.35 * longest:
        yield line
        return
    count = math.ceil(line.length / longest)
    cuts = np.linspace(0, len(line.row) - 1, count + 1)
    cuts[1:-1] += chance.uniform(-0.25, 0.25, count - 1) * (cuts[1] - cuts[0])
    overlap = 0.08 * longest / STEP
    for a, b in itertools.pairwise(cuts):
        row = line.row[max(0, round(a - overlap)) : round(b + overlap) + 1]
        yield Line(evenly(row), False, line.source)


def _restated(line: Line, spread: float, chance: np.random.Generator) -> Line:
    """The line once more, beside itself: shifted, turned a little, begun and ended elsewhere."""
    spread = min(spread, 0.07 * line.length)
    shift = chance.normal(0, 0.6 * spread, 2)
    bend = spread * slow_noise(len(line.row), max(8.0, len(line.row) / 1.5), line.closed, chance, 2)
    row = line.row + shift + bend
    if not line.closed and len(row) > 12:
        a, b = chance.uniform(0, 0.12, 2) * len(row)
        row = evenly(row[round(a) : len(row) - round(b)])
    return replace(line, row=row)


def _overshot(line: Line, reach: float, chance: np.random.Generator) -> Line:
    """The line, running on at its free ends in the directions it has there."""
    reach = min(reach, 0.15 * line.length)
    if line.closed or reach < 1:
        return line
    first, last = reach * chance.uniform(0.3, 1.0, 2)
    back = min(5, len(line.row) - 1)
    start, end = line.row[0] - line.row[back], line.row[-1] - line.row[-1 - back]
    start, end = start / max(np.linalg.norm(start), 1e-9), end / max(np.linalg.norm(end), 1e-9)
    row = np.concatenate([[line.row[0] + first * start], line.row, [line.row[-1] + last * end]])
    return replace(line, row=evenly(row))
