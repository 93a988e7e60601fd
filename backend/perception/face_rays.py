"""A face seen from its middle: calm colors along rays, and what of a line found there may be shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np
import numpy.typing as npt

from backend.core.image import Image
from backend.perception.faces import Face
from backend.perception.heads import HeadOutline

Map = npt.NDArray[np.float32]  # [H, W, 3]
Row = npt.NDArray[np.float64]  # [M, 2] x, y in px
Values = npt.NDArray[np.float64]


def of_people(image: Image, faces: Sequence[Face], line_of: Callable[[Map, Face], HeadOutline | None]) -> list[HeadOutline]:
    """The line of each person's face in an image [1, 3, H, W] that has one; line_of: finds it in its pixels [H, W, 3]."""
    people = [face for face in faces if face.person]
    if not people:
        return []
    rgb = np.ascontiguousarray(image[0].permute(1, 2, 0).cpu().numpy(), dtype=np.float32)
    found = [line_of(rgb, face) for face in people]
    return [line for line in found if line is not None]


def calm_window(rgb: Map, face: Face, side: int, window: float) -> Map:
    """A face `side` px large, in the middle, and what is around it in CIELAB [h, h, 3], calm; `window` faces are seen.

    Beyond the picture its border goes on.
    """
    size, scale = round(window * side), side / face.side
    reach = window * face.side / 2 + 2 / scale + 2
    left, top = (max(0, int(value - reach)) for value in face.center)
    right, bottom = (int(value + reach) + 1 for value in face.center)
    near = np.ascontiguousarray(rgb[top:bottom, left:right])
    sharp = near if scale > 0.5 else cv2.GaussianBlur(near, (0, 0), 0.35 / scale)
    shift = size / 2 - scale * (np.array(face.center) - (left, top))
    onto = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
    part = cv2.warpAffine(sharp, onto, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    lab = cv2.bilateralFilter(cv2.cvtColor(part, cv2.COLOR_RGB2Lab), d=9, sigmaColor=12.0, sigmaSpace=3.0)
    return cv2.GaussianBlur(lab, (0, 0), 1.2)


def seen_at(lab: Map, places: Values) -> Values:
    """The colors [..., 3] of a window at places [N, M, 2], px from its middle."""
    at = (len(lab) / 2 + places).astype(np.float32)
    shown = cv2.remap(lab, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return shown.astype(np.float64)


def usual_reach(x: Values, y: Values, half: tuple[float, float], exponent: float) -> Values:
    """How far out a superellipse of half a width and a height lies on rays of directions x, y."""
    reach: Values = ((np.abs(x) / half[0]) ** exponent + (np.abs(y) / half[1]) ** exponent) ** (-1 / exponent)
    return reach


def within(points: Row, size: tuple[int, int]) -> npt.NDArray[np.bool_]:
    """Which points lie in a picture of a height and a width, and not on its border."""
    return np.all((points > 1) & (points < np.array(size[::-1]) - 2), axis=1)


def beside(points: Row, heads: Sequence[HeadOutline], reach: float) -> npt.NDArray[np.bool_]:
    """Which points are nearer than a reach, px, to an outline."""
    if not heads:
        return np.zeros(len(points), bool)
    known = np.concatenate([head.points for head in heads])
    near: npt.NDArray[np.bool_] = np.linalg.norm(points[:, None] - known[None], axis=2).min(1) < reach
    return near


def longest_run(shown: npt.NDArray[np.bool_], gap: int) -> slice | None:
    """The longest run of rays that show a line, gaps of up to so many rays filled."""
    row = np.pad(shown.astype(np.uint8), gap)[None]
    filled = cv2.morphologyEx(row, cv2.MORPH_CLOSE, np.ones((1, gap + 1), np.uint8))[0, gap:-gap]
    ends = np.flatnonzero(np.diff(np.pad(filled.astype(int), 1)))
    runs = list(zip(ends[::2].tolist(), ends[1::2].tolist(), strict=True))
    return slice(*max(runs, key=lambda run: run[1] - run[0])) if runs else None


def length(row: Row) -> float:
    """Of a line of points, px."""
    return float(np.linalg.norm(np.diff(row, axis=0), axis=1).sum())
