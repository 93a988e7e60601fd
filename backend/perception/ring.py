"""Rings: the closed outline of something small and compact about a known place, such as an eye or a nose."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

Map = npt.NDArray[np.float32]  # [H, W]
Row = npt.NDArray[np.float64]  # [M, 2] x, y
Values = npt.NDArray[np.float64]

RAYS, STEPS = 48, 28  # from the middle, and places along each
DEARNESS = 0.5  # of lightness: what it costs to change the radius by a step from ray to ray
CALM = 1.5  # rays over which the radius is smoothed
LARGE = 0.6  # power of the radius by which one of both kinds of edges counts for more farther out: it lies about the others
TO_DARK = 0.6  # worth of an edge towards the dark beside one towards the light


@dataclass(frozen=True)
class Ring:
    """A closed outline that every ray from its middle meets once."""

    middle: tuple[float, float]  # x, y, px of the map
    radii: Values  # [RAYS] px, of rays that go around once
    flat: float  # height of a ring of even radii beside its width
    contrast: float  # mean edge across it, of lightness

    @property
    def points(self) -> Row:
        """[RAYS + 1, 2] px of the map; the first is the last."""
        row = np.asarray(self.middle) + self.radii[:, None] * _rays(self.flat)
        return np.concatenate([row, row[:1]])

    @property
    def unevenness(self) -> float:
        """How far its left and right halves differ, of its radius."""
        mirrored = np.roll(self.radii[::-1], RAYS // 2 + 1)
        return float(np.abs(self.radii - mirrored).mean() / self.radii.mean())

    def shrunk(self, part: float) -> Ring:
        """A round ring about this one's center of mass, so many times as large."""
        mass = cv2.moments(self.points.astype(np.float32))
        return replace(
            self, middle=(mass["m10"] / mass["m00"], mass["m01"] / mass["m00"]), radii=np.full(RAYS, part * self.radii.mean())
        )


def ring_around(
    lightness: Map,
    middle: tuple[float, float],
    within: tuple[float, float],
    edge: float,
    flat: float = 1.0,
    to_dark: bool = False,
) -> Ring:
    """The clearest closed edge about a middle whose radius stays within bounds, px.

    The sum of the edges from dark inside to light outside is the largest that there is among rings whose radius changes
    little from ray to ray (dynamic programming around the middle). edge: half the width of an edge, px. to_dark: edges from
    light to dark count, too, but less.
    """
    radii = np.linspace(*within, STEPS)
    rise = _seen(lightness, middle, radii + edge, flat) - _seen(lightness, middle, radii - edge, flat)
    worth = np.maximum(rise, -TO_DARK * rise) if to_dark else rise
    chosen = _closed_path(worth * (radii / within[1]) ** (LARGE if to_dark else 0))
    contrast = float(np.take_along_axis(worth, chosen[:, None], 1).mean())
    return Ring(middle, _calmed(radii[chosen]), flat, contrast)


def _rays(flat: float) -> Row:
    angles = np.arange(RAYS) * 2 * np.pi / RAYS
    return np.stack([np.cos(angles), flat * np.sin(angles)], 1)


def _seen(lightness: Map, middle: tuple[float, float], radii: Values, flat: float) -> Values:
    """Lightness [RAYS, M] along each ray at M radii."""
    places = np.asarray(middle) + _rays(flat)[:, None] * radii[None, :, None]
    x, y = places[..., 0].astype(np.float32), places[..., 1].astype(np.float32)
    return cv2.remap(lightness, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE).astype(np.float64)


def _closed_path(worth: Values) -> npt.NDArray[np.intp]:
    """The column of each row of the best path that goes around and moves by at most one column a row.

    It goes around twice, and what lies in the middle is taken, where it has forgotten how it began and does not know its end.
    """
    rows, columns = worth.shape
    total, came = np.zeros(columns), np.zeros((2 * rows, columns), np.intp)
    turns, own = np.array([[-DEARNESS], [0.0], [-DEARNESS]]), np.arange(columns)
    padded = np.full(columns + 2, -np.inf)
    beside = np.lib.stride_tricks.sliding_window_view(padded, columns)  # [3, columns], sees what `padded` becomes
    for row in range(2 * rows):
        padded[1:-1] = total
        before = beside + turns
        best = before.argmax(0)
        came[row], total = best - 1 + own, before[best, own] + worth[row % rows]
    path = np.zeros(2 * rows, np.intp)
    path[-1] = int(total.argmax())
    for row in range(2 * rows - 1, 0, -1):
        path[row - 1] = came[row][path[row]]
    return np.roll(path[rows // 2 : rows // 2 + rows], rows // 2)


def _calmed(radii: Values) -> Values:
    room = int(4 * CALM) + 1
    padded = np.pad(radii, room, mode="wrap")[None]
    calm = cv2.GaussianBlur(padded, (0, 0), sigmaX=CALM, sigmaY=1e-3, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(calm[0, room:-room], float)
