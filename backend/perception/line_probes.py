"""Widths of lines and gaps to their neighbors, measured across them at many places with a part of a pixel."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

Map = npt.NDArray[np.float32]  # [H, W]
Values = npt.NDArray[np.float64]
Points = npt.NDArray[np.float64]  # [P, 2] x, y in px

LEAST_CONTRAST = 0.15  # between a line and what lies beside it
COHERENT = 0.35  # how clear the direction of lines must be, 0 … 1
PARALLEL = math.cos(math.radians(25))
EVEN = 5.0  # the gaps to both neighbors of a hatching line differ at most so many times
MOST_WIDER = 3.0  # a neighbor that is so many times wider is no line of the same hatching
GRAY = 1.35  # so many times darker than its darkest pixel a thin line may be
WHOLE_PIXEL = 3.0  # px, width from which on lines fill a pixel; one less, and only their ink counts
NEIGHBOR = 0.4  # of the line's own contrast, from which on something is a neighbor


@dataclass(frozen=True)
class Scale:
    """How lines up to a width are probed; px."""

    widest: float
    sigma: float  # over which the direction of lines is taken
    reach: float  # to both sides
    step: float


SCALES = (Scale(5.0, 1.5, 64.0, 0.25), Scale(14.0, 4.0, 120.0, 0.5), Scale(math.inf, 10.0, 200.0, 1.0))


@dataclass(frozen=True)
class Probes:
    """Measurements at P places; nan where there was nothing clear to measure."""

    widths: Values  # [P] full width at half of the contrast, px
    angles: Values  # [P] of the line, rad in [-π/2, π/2), x right, y up
    gaps: Values  # [P] mean distance to the middles of the parallel neighbors on both sides, px
    slants: Values  # [P] by how much of the line's contrast its two sides differ; nan where it stands out on one side at most


def probe(darkness: Map, points: Points, thickness: Values) -> Probes:
    """Measures lines at points on their middles.

    darkness: 0 = paper … 1 = ink. thickness: [P] px, roughly, as a distance map tells it.
    """
    found = Probes(*(np.full(len(points), np.nan) for _ in range(4)))
    narrower = 0.0
    for scale in SCALES:
        here = np.nonzero((thickness > narrower) & (thickness <= scale.widest))[0]
        narrower = scale.widest
        if len(here):
            part = _probe(darkness, points[here], thickness[here], scale)
            for name in ("widths", "angles", "gaps", "slants"):
                getattr(found, name)[here] = getattr(part, name)
    return found


@dataclass(frozen=True)
class Directions:
    """Where lines run, by the structure tensor (Förstner and Gülch 1987)."""

    cosine: Map  # of twice the angle, times how clear it is, 0 … 1
    sine: Map

    @classmethod
    def of(cls, darkness: Map, sigma: float) -> Directions:
        """The directions of the lines of a picture, taken over `sigma` px."""
        calm = cv2.GaussianBlur(darkness, (0, 0), 1.0)
        across, down = cv2.Scharr(calm, -1, 1, 0, scale=1 / 32), cv2.Scharr(calm, -1, 0, 1, scale=1 / 32)
        xx, xy, yy = (cv2.GaussianBlur(product, (0, 0), sigma) for product in (across * across, across * down, down * down))
        total = xx + yy + 1e-9
        return cls((yy - xx) / total, -2 * xy / total)

    def at(self, points: Points) -> tuple[Values, Values]:
        """Cosine and sine of twice the angle at points [P, 2], their length being the clearness; zero outside."""
        x, y = (points[:, i].astype(np.float32)[None] for i in (0, 1))
        cosine, sine = (cv2.remap(part, x, y, cv2.INTER_LINEAR)[0].astype(np.float64) for part in (self.cosine, self.sine))
        return cosine, sine


def _probe(darkness: Map, points: Points, thickness: Values, scale: Scale) -> Probes:
    directions = Directions.of(darkness, scale.sigma)
    cosine, sine = directions.at(points)
    clear = np.hypot(cosine, sine) > COHERENT
    angle = np.arctan2(sine, cosine) / 2  # y down
    normal = np.stack([-np.sin(angle), np.cos(angle)], 1)
    offsets = np.arange(-scale.reach, scale.reach + scale.step / 2, scale.step)
    places = points[:, None] + offsets[None, :, None] * normal[:, None]
    x, y = (places[..., i].astype(np.float32) for i in (0, 1))
    profile = cv2.remap(darkness, x, y, cv2.INTER_LINEAR)
    middle = len(offsets) // 2
    peak = np.where(np.abs(offsets)[None] <= np.maximum(0.5, thickness[:, None] / 2), profile, 0).max(1)
    ahead = _Side.of(profile[:, middle:], peak, thickness, scale.step)
    behind = _Side.of(profile[:, middle::-1], peak, thickness, scale.step)
    width = np.where(clear, ahead.edge + behind.edge, np.nan)
    width = _sharpened(width, (ahead.ink + behind.ink), peak)
    gap = (ahead.neighbor + behind.neighbor) / 2
    uneven = np.maximum(ahead.neighbor, behind.neighbor) > EVEN * np.minimum(ahead.neighbor, behind.neighbor)
    beside = [points + normal * ahead.neighbor[:, None], points - normal * behind.neighbor[:, None]]
    alike = _parallel(directions, beside[0], angle) & _parallel(directions, beside[1], angle)
    gap = np.where(clear & ~uneven & alike & np.isfinite(width), gap, np.nan)
    slant = np.abs(ahead.base - behind.base) / np.maximum(peak - np.minimum(ahead.base, behind.base), 1e-6)
    slant = np.where(np.isfinite(ahead.edge + behind.edge), slant, np.nan)
    return Probes(width, np.where(clear, -angle, np.nan), gap, slant)


@dataclass(frozen=True)
class _Side:
    """What lies to one side of lines; px from their middle, nan where there is nothing."""

    base: Map  # how dark the lightest place beside the line is
    edge: Values  # where the line ends
    ink: Values  # as much ink, in widths of full black, as is there up to the lightest place beside the line
    neighbor: Values  # the middle of the next line

    @classmethod
    def of(cls, profile: Map, peak: Map, thickness: Values, step: float) -> _Side:
        """From profiles [P, M] that begin in the middle of lines whose darkest value is `peak`."""
        near = np.arange(profile.shape[1])[None] * step <= 1.5 * thickness[:, None] + 4
        base = np.where(near, profile, np.inf).min(1)
        contrast = peak - base
        edge = _crossing(profile, base + contrast / 2) * step
        edge = np.where(contrast >= LEAST_CONTRAST, edge, np.nan)
        valley = np.where(near, profile, np.inf).argmin(1)
        amounts = np.where(np.arange(profile.shape[1])[None] <= valley[:, None], profile - base[:, None], 0)
        amounts[:, 0] /= 2  # the middle belongs to both sides
        return cls(base, edge, amounts.sum(1) * step, _next(profile, base + NEIGHBOR * contrast, step))


def _sharpened(width: Values, ink: Values, peak: Map) -> Values:
    """The widths of lines so thin that no pixel is full of them: as much ink, which may be GRAY times as black as it looks."""
    black = np.clip(GRAY * peak, 1e-3, 1.0)
    thin = np.clip(WHOLE_PIXEL - width, 0, 1)
    return (1 - thin) * width + thin * np.minimum(width, ink / black)


def _crossing(profile: Map, level: Map) -> Values:
    """The first place [P] where profiles [P, M] fall below a level, between their samples; nan where they do not."""
    below = profile < level[:, None]
    first = below.argmax(1)
    there = below.any(1) & (first > 0)
    rows, first = np.arange(len(profile)), np.maximum(first, 1)
    before, after = profile[rows, first - 1], profile[rows, first]
    return np.where(there, first - 1 + (before - level) / np.maximum(before - after, 1e-6), np.nan).astype(np.float64)


def _next(profile: Map, level: Map, step: float) -> Values:
    """The middle [P] of the next line beside the first one; nan where there is none, or one much wider."""
    above = profile > level[:, None]
    columns = np.arange(profile.shape[1])[None]

    def first(found: npt.NDArray[np.bool_], after: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        later = found & (columns > after[:, None])
        return np.where(later.any(1), later.argmax(1), -1)

    own = first(~above, np.full(len(profile), -1))
    begin = np.where(own >= 0, first(above, own), -1)
    end = np.where(begin >= 0, first(~above, begin), -1)
    fits = (end >= 0) & (end - begin <= MOST_WIDER * 2 * np.maximum(own, 1))
    return np.where(fits, (begin + end - 1) / 2 * step, np.nan)


def _parallel(directions: Directions, points: Points, angle: Values) -> npt.NDArray[np.bool_]:
    """Whether lines at points run as `angle` (rad, y down) does."""
    there: npt.NDArray[np.bool_] = np.isfinite(points[:, 0] + points[:, 1])
    cosine, sine = directions.at(np.where(there[:, None], points, -1e6))
    length = np.hypot(cosine, sine)
    agreement = (cosine * np.cos(2 * angle) + sine * np.sin(2 * angle)) / np.maximum(length, 1e-9)
    return there & (length > COHERENT) & (agreement > 2 * PARALLEL**2 - 1)
