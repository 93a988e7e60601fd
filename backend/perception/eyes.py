"""The eyes of people whose faces were found: where they are, and the lines of their lids and irises."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Lock

import cv2
import cv2.data
import numpy as np
import numpy.typing as npt

from backend.core.image import Image
from backend.perception.best_path import best_path, calmed
from backend.perception.face_window import warped, window_onto
from backend.perception.faces import Face
from backend.perception.upright import UprightFace

Map = npt.NDArray[np.float32]  # [H, W], or [H, W, 3]
Row = npt.NDArray[np.float64]  # [M, 2] x, y in px
Values = npt.NDArray[np.float64]

CASCADES = ("eye", "eye_tree_eyeglasses", "lefteye_2splits", "righteye_2splits")  # none sees all eyes, together they do
SIDE, WINDOW = 128, 1.3  # px of a face where its eyes are looked for, and faces that are seen then
SQUARES, STEP = (22, 60), 1.15  # px of the squares that the cascades look at, and from size to size
LEVEL, LEVEL_SPREAD = -0.11, 0.17  # of a face's side, by which eyes lie above its middle, and how far from there they may be
CELL, SPREAD = 0.02, 0.022  # of a face's side: of the grid of places, and σ of a hit
LEAST_SURE, MOST_PLACES, ASIDE = 0.5, 6, 0.1  # hits that make a place, places that are looked at, and how far from others
APART, TILT = (0.26, 0.55), 0.35  # distance of two eyes, of a face's side, and the tangent of their tilt
USUAL_APART, UNUSUAL_APART, OFF_MIDDLE = 0.39, 0.1, 0.12  # of a face's side: what is usual, and σ of what is not
BETWEEN = 96  # px between the eyes of the window in which their lids are looked for
LEVELS = np.array([1.5 * BETWEEN, 0.75 * BETWEEN])  # their middle there
SOFT = 1.5  # σ, px: finer details are no lid's
DARKEST, DARK, NEAR = 4.5, 12.0, 0.12  # σ, px, of a pupil; lightness lost at the farthest from its place, and that, distances …
UP = 0.4  # … of that, upwards: there is a brow
HALF, HIGH, LOW = 0.25, 0.085, 0.08  # half an eye's width, and height of its lids above and below its middle, distances
CORNER = 0.02  # of that distance, by which its corners lie lower than its middle
UNUSUAL_LID, PRIOR = 0.07, 15.0  # a lid that far from where it usually is, in distances of eyes, loses so much lightness
STEPS = np.arange(-0.13, 0.14, 0.01)  # from a usual lid, distances of eyes
MOST = 20.0  # of lightness, more count for no more
BEND = 1.2  # of lightness lost for a step from column to column; twice as large steps lose four times as much
CALM = 6.0  # σ of the smoothing along a lid, px
MEETING = 0.35  # of half an eye, over which its lids come together
IRIS = 0.08  # radius, distances of eyes
LOOKING = Lock()  # a cascade keeps what it looks at


@dataclass(frozen=True)
class Eye:
    """Rows of points, px of the picture."""

    lid: Row  # the upper one, from the left to the right
    iris: Row  # closed


def find_eyes(image: Image, faces: Sequence[Face]) -> list[tuple[Eye, Eye] | None]:
    """The eyes, left and right as we see them, of each face of an image [1, 3, H, W]; None: an animal's, or not seen.

    Two places in a face that cascades of Haar features (Viola and Jones 2001) take for eyes, level and usually far apart; lids
    are the best paths of edges there (dynamic programming).
    """
    if not any(face.person for face in faces):
        return [None] * len(faces)
    rgb = np.ascontiguousarray(image[0].permute(1, 2, 0).cpu().numpy(), dtype=np.float32)
    return [_eyes(rgb, face) if face.person else None for face in faces]


@cache
def _cascade(name: str) -> cv2.CascadeClassifier:
    return cv2.CascadeClassifier(str(Path(cv2.data.haarcascades) / f"haarcascade_{name}.xml"))


def _places(rgb: Map, face: Face) -> tuple[Row, Row] | None:
    """x, y of both eyes, px of the picture."""
    hits = _hits(_strip(rgb, face))
    hits = hits[np.abs(hits[:, 1] - LEVEL) < LEVEL_SPREAD]
    places = _peaks(hits)
    pairs = [(one, other) for one in places for other in places if _level(one, other)]
    if not pairs:
        return None
    one, other = max(pairs, key=lambda pair: _likely(*pair))
    left, right = (np.array(face.center) + face.side * place[:2] for place in (one, other))
    return left, right


def _strip(rgb: Map, face: Face) -> npt.NDArray[np.uint8]:
    """The part of a face where eyes may be, and a little of what is around it, gray."""
    near, corner = _near(rgb, face, WINDOW)
    size = round((2 * LEVEL_SPREAD) * SIDE) + SQUARES[1], round(WINDOW * SIDE)
    half = np.array([face.side * WINDOW / 2, 0.0])
    middle = np.array(face.center) + np.array([0, LEVEL * face.side]) - corner
    part = _seen(near, window_onto(middle - half, middle + half, size[1], np.array(size[::-1]) / 2), size)
    return np.asarray(cv2.cvtColor((part * 255).astype(np.uint8), cv2.COLOR_RGB2GRAY), np.uint8)


def _near(rgb: Map, face: Face, window: float) -> tuple[Map, Values]:
    """The part of a picture about a face, and x, y of its corner."""
    reach = window * face.side / 2 + 4
    left, top = (max(0, int(value - reach)) for value in face.center)
    right, bottom = (int(value + reach) + 1 for value in face.center)
    return np.ascontiguousarray(rgb[top:bottom, left:right]), np.array([left, top], float)


def _seen(rgb: Map, onto: npt.NDArray[np.float64], size: tuple[int, int]) -> Map:
    """The window of a picture that an affine map tells, 0 … 1."""
    finer = float(np.hypot(*onto[:, 0]))
    soft = cv2.GaussianBlur(rgb, (0, 0), 0.45 * finer) if finer > 1.4 else rgb
    return np.clip(warped(np.asarray(soft, np.float32), onto, size), 0, 1)


def _hits(gray: npt.NDArray[np.uint8]) -> Values:
    """What cascades take for eyes in a strip and in its mirror [N, 3]: x, y from the face's middle, of its side; how surely."""
    found = [np.empty((0, 3))]
    for name in CASCADES:
        for mirrored in (False, True):
            shown = np.ascontiguousarray(gray[:, ::-1]) if mirrored else gray
            with LOOKING:
                boxes, _stages, margins = _cascade(name).detectMultiScale3(
                    shown, STEP, 0, minSize=(SQUARES[0],) * 2, maxSize=(SQUARES[1],) * 2, outputRejectLevels=True
                )
            if len(boxes):
                order = np.lexsort(np.asarray(boxes).T)  # several threads find them in any order
                left, top, side, _height = np.asarray(boxes, float)[order].T
                x, y = ((at + side / 2 - length / 2) / SIDE for at, length in ((left, gray.shape[1]), (top, gray.shape[0])))
                found.append(np.stack([-x if mirrored else x, LEVEL + y, 1 / (1 + np.exp(-1.5 * np.ravel(margins)[order]))], 1))
    return np.concatenate(found)


def _peaks(hits: Values) -> list[Values]:
    """Where most hits are: x, y, and how many, each as sure as it is; the surest first."""
    x, y = np.meshgrid(np.arange(-0.45, 0.46, CELL), np.arange(LEVEL - LEVEL_SPREAD, LEVEL + LEVEL_SPREAD, CELL))
    sure = np.zeros_like(x)
    for at_x, at_y, how in hits:
        sure += how * np.exp(-0.5 * ((x - at_x) ** 2 + (y - at_y) ** 2) / SPREAD**2)
    peaks = []
    for _ in range(MOST_PLACES):
        at = np.unravel_index(int(sure.argmax()), sure.shape)
        if sure[at] < LEAST_SURE:
            break
        peaks.append(np.array([x[at], y[at], sure[at]]))
        sure[np.hypot(x - x[at], y - y[at]) < ASIDE] = 0
    return peaks


def _level(one: Values, other: Values) -> bool:
    x, y = other[:2] - one[:2]
    return bool(APART[0] < x < APART[1] and abs(y) < TILT * x)


def _likely(one: Values, other: Values) -> float:
    """How likely two places are a face's eyes."""
    apart, middle = other[0] - one[0], (one[0] + other[0]) / 2
    return float(
        np.sqrt(one[2] * other[2]) * np.exp(-0.5 * (((apart - USUAL_APART) / UNUSUAL_APART) ** 2 + (middle / OFF_MIDDLE) ** 2))
    )


def _eyes(rgb: Map, tilted: Face) -> tuple[Eye, Eye] | None:
    seen = UprightFace.of(rgb, tilted)
    rgb, face = seen.pixels, seen.face
    places = _places(rgb, face)
    if places is None:
        return None
    near, corner = _near(rgb, face, 2 * WINDOW)
    onto = window_onto(places[0] - corner, places[1] - corner, BETWEEN, LEVELS)
    lab = cv2.cvtColor(_seen(near, onto, (2 * BETWEEN, 3 * BETWEEN)), cv2.COLOR_RGB2LAB)
    lightness = cv2.GaussianBlur(lab[..., 0], (0, 0), SOFT)

    def outside(row: Row) -> Row:
        return seen.placed(row @ onto[:, :2].T + onto[:, 2] + corner) + 0.5

    middles = (LEVELS + np.array([side * BETWEEN / 2, 0.0]) for side in (-1, 1))
    left, right = (Eye(*map(outside, _eye(lightness, middle))) for middle in middles)
    return left, right


def _eye(lightness: Map, about: Values) -> Iterator[Row]:
    """Lid and iris about a place of the window, px of it."""
    dark = _darkest(lightness, about)
    middle = np.array([about[0], dark[1]])
    along = np.arange(-HALF * BETWEEN, HALF * BETWEEN + 1)
    t = along / along[-1]
    x, bow = middle[0] + along, 1 - t**2
    corners = middle[1] + CORNER * BETWEEN * t**2
    calm = cv2.GaussianBlur(lightness, (0, 0), sigmaX=3.0, sigmaY=1.2)
    upper = _lid(calm, x, corners - HIGH * BETWEEN * bow, 1.0)
    lower = np.maximum(_lid(calm, x, corners + LOW * BETWEEN * bow, -1.0), upper + 1)
    between, open_ = (upper + lower) / 2, np.clip((1 - np.abs(t)) / MEETING, 0, 1)
    upper, lower = (between + open_ * (lid - between) for lid in (upper, lower))
    yield np.stack([x, upper], 1)
    angles = np.linspace(0, 2 * np.pi, 25)
    round_ = dark + IRIS * BETWEEN * np.stack([np.cos(angles), np.sin(angles)], 1)
    shown = [np.interp(round_[:, 0], x, lid) for lid in (upper, lower)]
    yield np.stack([round_[:, 0], np.clip(round_[:, 1], *shown)], 1)


def _darkest(lightness: Map, about: Values) -> Values:
    """x, y of the darkest place near another."""
    reach = round(NEAR * BETWEEN)
    left, top = (int(value) - reach for value in np.rint(about))
    part = cv2.GaussianBlur(lightness, (0, 0), DARKEST)[top : top + 2 * reach + 1, left : left + 2 * reach + 1]
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1] / reach
    away = x**2 + np.where(y < 0, y / UP, y) ** 2
    row, column = np.unravel_index(int((part + DARK * away).argmin()), part.shape)
    return np.array([left + column, top + row], float)


def _lid(lightness: Map, x: Values, usual: Values, down: float) -> Values:
    """y of each x of the edge towards an eye's inside near a usual lid; down: 1 from above, -1 from below."""
    y = usual[:, None] + BETWEEN * STEPS
    columns = np.repeat(x[:, None], len(STEPS), 1).astype(np.float32)

    def seen(shift: float) -> Map:
        return cv2.remap(lightness, columns, (y + down * shift).astype(np.float32), cv2.INTER_LINEAR)

    edges = np.clip(seen(-5.0) - seen(2.0), -5, MOST) - PRIOR * (STEPS / UNUSUAL_LID) ** 2
    path = best_path(edges.astype(np.float64), BEND)
    return calmed(y[np.arange(len(x)), path], CALM)
