"""A face between whose eyes there is a known distance: what tells that it is one, and the outlines of its features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from backend.perception.ring import Ring, ring_around

Map = npt.NDArray[np.float32]  # [H, W]
Point = npt.NDArray[np.float64]  # [2] x, y
Kind = TypeVar("Kind", np.uint8, np.float32)

BETWEEN = 120  # px of the window between the eyes
SIDE, ABOVE = 336, 108  # px of the window, and of what lies above the eyes
SOFT = 2.0  # σ, px: finer details are none of a face's features
LEVEL = np.array([SIDE / 2, float(ABOVE)])  # the middle between the eyes
EYE_RADII, PUPIL_RADII, NOSE_RADII = (9.0, 30.0), (3.0, 12.0), (10.0, 45.0)  # px
EDGE, NOSE_EDGE = 0.8, 1.3  # half the width of an edge about an eye and about a nose, px
UNEVEN = 1.35  # radius of an eye's edge beside that of both, at most
FLAT = 0.8  # height of eyes and noses beside their width
PATCH, SHIFT = 28, 9  # half the side of what is compared of one eye and the other, and how far it may be shifted, px
COARSE = 4  # px of the window per px where spots are looked for
SPOTS, AROUND = (5.0, 8.0, 12.0, 17.0), 2.5  # σ of dark spots, px, and of what is around them, spots
AXIS, BELOW = (
    0.3,
    (0.4, 1.3),
)  # where a muzzle's darkest spot may be: beside the middle, and below the eyes, distances of eyes
CENTER, REACH = (0.0, 0.35), 0.7  # of the face that is compared with its mirror, and how far around it, the same
GRAIN, LIGHT = 1.0, 9.0  # σ, px of a picture of 41 px: details that are compared, and differences of light that are not
SHADE = 1.2  # of lightness: fainter details do not count


@dataclass(frozen=True)
class FaceWindow:
    """The face, upright: its eyes level about LEVEL and BETWEEN apart."""

    lightness: Map  # [SIDE, SIDE], 0 … 100
    inside: Map  # [SIDE, SIDE], 1 = the subject

    @classmethod
    def of(cls, lightness: Map, inside: Map, left: Point, right: Point) -> FaceWindow:
        """The window of a picture and its mask [H, W] in which the eyes' places are known, px."""
        onto = window_onto(left, right, BETWEEN, LEVEL)
        finer = np.hypot(*onto[:, 0])  # px of the picture per px of the window
        soft = cv2.GaussianBlur(lightness, (0, 0), 0.45 * finer) if finer > 1.4 else lightness
        seen = [warped(shown, onto, (SIDE, SIDE)) for shown in (soft, inside)]
        return cls(cv2.GaussianBlur(seen[0], (0, 0), SOFT), seen[1])

    @property
    def eye_places(self) -> tuple[Point, Point]:
        """x, y, px."""
        half = np.array([BETWEEN / 2, 0.0])
        return LEVEL - half, LEVEL + half

    def share_inside(self) -> tuple[float, float]:
        """How much of the face and of the brow is the subject's, 0 … 1."""
        return self._part(self.inside, 0.75, -0.3, 0.9), self._part(self.inside, 0.7, -0.45, -0.15)

    def bridge(self) -> float:
        """By how much what is between the eyes is lighter than they are."""
        level = self.lightness[ABOVE - 12 : ABOVE + 12, SIDE // 2 - 14 : SIDE // 2 + 14]
        eyes = [self.lightness[ABOVE - 5 : ABOVE + 5, round(x) - 5 : round(x) + 5].mean() for x, _y in self.eye_places]
        return float(np.median(level) - np.mean(eyes))

    def eyes(self) -> tuple[Ring, Ring]:
        """The edge about each eye, of about the same size."""
        size = float(np.sqrt(np.prod([ring.radii.mean() for ring in self._rings(EYE_RADII)])))
        return self._rings((max(EYE_RADII[0], size / UNEVEN), size * UNEVEN))

    def _rings(self, within: tuple[float, float]) -> tuple[Ring, Ring]:
        left, right = (ring_around(self.lightness, (x, y), within, EDGE, FLAT, to_dark=True) for x, y in self.eye_places)
        return left, right

    def pupils(self) -> tuple[Ring, Ring]:
        """What is darkest in each eye."""
        left, right = (ring_around(self.lightness, (x, y), PUPIL_RADII, EDGE) for x, y in self.eye_places)
        return left, right

    def alike(self) -> float:
        """How much one eye looks like the mirror image of the other, -1 … 1."""
        (x, y), (other_x, other_y) = np.rint(self.eye_places[0]).astype(int), np.rint(self.eye_places[1]).astype(int)
        wide = cv2.copyMakeBorder(
            self.lightness, PATCH + SHIFT, PATCH + SHIFT, PATCH + SHIFT, PATCH + SHIFT, cv2.BORDER_REPLICATE
        )
        room = PATCH + SHIFT
        one = wide[y + SHIFT : y + SHIFT + 2 * PATCH + 1, x + SHIFT : x + SHIFT + 2 * PATCH + 1]
        other = wide[other_y : other_y + 2 * room + 1, other_x : other_x + 2 * room + 1][:, ::-1]
        rows, columns = np.mgrid[-PATCH : PATCH + 1, -PATCH : PATCH + 1]
        weight = np.exp(-0.5 * ((columns / 16.0) ** 2 + (rows / 14.0) ** 2)).astype(np.float32)
        shifts = range(0, 2 * SHIFT + 1, 3)
        size = 2 * PATCH + 1
        return max(_correlation(one, other[dy : dy + size, dx : dx + size], weight) for dy in shifts for dx in shifts)

    def symmetry(self) -> float:
        """How much the face looks like its mirror image, its light apart, -1 … 1."""
        x, y = np.meshgrid(np.linspace(-0.9, 0.9, 41), np.linspace(-0.5, 1.3, 41))
        at = [(LEVEL[k] + BETWEEN * q).astype(np.float32) for k, q in enumerate((x, y))]
        calm = cv2.GaussianBlur(self.lightness, (0, 0), 2.4)
        small = cv2.GaussianBlur(
            cv2.remap(calm, at[0], at[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), (0, 0), GRAIN
        )
        details = small - cv2.GaussianBlur(small, (0, 0), LIGHT)
        details = details / (np.sqrt(cv2.GaussianBlur(details * details, (0, 0), LIGHT)) + SHADE)
        weight = np.exp(-0.5 * (((x - CENTER[0]) / REACH) ** 2 + ((y - CENTER[1]) / REACH) ** 2)).astype(np.float32)
        return max(_correlation(details, np.roll(details[:, ::-1], shift, 1), weight) for shift in range(-3, 4))

    def muzzle(self) -> float:
        """How dark the darkest spot below the eyes is beside what is around it."""
        return max(depth for depth, _place in self._spots())

    def nose(self) -> Ring:
        """The evenest, clearest and largest edge about any dark spot below the eyes."""
        rings = [
            ring_around(self.lightness, (float(x), float(y)), NOSE_RADII, NOSE_EDGE, FLAT) for _depth, (x, y) in self._spots()
        ]
        return max(rings, key=lambda ring: ring.contrast * (1 - 2 * ring.unevenness) * ring.radii.mean())

    def _spots(self) -> list[tuple[float, Point]]:
        """The darkest spot of each size below the eyes: how dark beside what is around it, and its place, px."""
        small = cv2.resize(self.lightness, (SIDE // COARSE, SIDE // COARSE), interpolation=cv2.INTER_AREA)
        top, bottom = (round((ABOVE + below * BETWEEN) / COARSE) for below in BELOW)
        left, right = (round((SIDE / 2 + aside * BETWEEN) / COARSE) for aside in (-AXIS, AXIS))
        spots = []
        for size in SPOTS:
            around, spot = (cv2.GaussianBlur(small, (0, 0), sigma / COARSE) for sigma in (AROUND * size, size))
            part = (around - spot)[top:bottom, left:right]
            row, column = np.unravel_index(int(part.argmax()), part.shape)
            spots.append((float(part.max()), COARSE * np.array([left + column + 0.5, top + row + 0.5]) - 0.5))
        return spots

    def _part(self, values: Map, half: float, top: float, bottom: float) -> float:
        rows = slice(max(0, round(ABOVE + top * BETWEEN)), round(ABOVE + bottom * BETWEEN))
        return float(values[rows, round(SIDE / 2 - half * BETWEEN) : round(SIDE / 2 + half * BETWEEN)].mean())


def window_onto(left: Point, right: Point, between: float, middle: Point) -> npt.NDArray[np.float64]:
    """The affine map [2, 3] of a window, in which two eyes are level and so many px apart about a middle, to their picture."""
    along = (right - left) / between
    turn = np.array([[along[0], -along[1]], [along[1], along[0]]])
    return np.concatenate([turn, ((left + right) / 2 - turn @ middle)[:, None]], 1)


def warped(values: npt.NDArray[Kind], onto: npt.NDArray[np.float64], size: tuple[int, int]) -> npt.NDArray[Kind]:
    """The window [height, width] of values [H, W] that an affine map tells; beyond them their border goes on."""
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    seen = cv2.warpAffine(values, onto, size[::-1], flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(seen, values.dtype)


def _correlation(one: Map, other: Map, weight: Map) -> float:
    """-1 … 1."""
    whole = weight.sum()
    one, other = one - (one * weight).sum() / whole, other - (other * weight).sum() / whole
    alone = (weight * one * one).sum() * (weight * other * other).sum()
    return float((weight * one * other).sum() / np.sqrt(alone + 1e-6))
