"""The lines of jaws and chins: soft shadows, mostly, that no edge detector finds and no portrait can do without."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from backend.core.image import Image
from backend.perception.faces import Face
from backend.perception.heads import HeadOutline
from backend.perception.upright import UprightFace

Map = npt.NDArray[np.float32]
Row = npt.NDArray[np.float64]  # [M, 2] x, y in px

SIDE, WINDOW = 128, 1.9  # px of a face where its jaw is looked for, and faces that are seen then
BELOW = 0.05  # of a face's side, by which the rays' origin lies below its middle
ANGLES = np.radians(np.arange(-80.0, 81.0, 2.0))  # of the rays, from straight down
REACHES = np.arange(0.34, 0.74, 0.01)  # along a ray, of a face's side
USUAL, ROUND = (0.44, 0.5), 2.2  # half width and depth of a usual jaw, a superellipse of that exponent …
SPREAD, UNUSUAL = 0.09, 1.5  # … from which one so far away, of a face's side, loses so many ΔE
ACROSS = 0.02  # of a face's side on either side, between which a jaw's edge is measured
HUE = 0.5  # of a difference of hue and chroma beside one of lightness
MOST = 14.0  # ΔE, more count for no more
BEND = 1.2  # ΔE lost for a step of one reach from ray to ray; twice as large steps lose four times as much
CALM = 3.0  # σ of the smoothing along a jaw, rays
TOLD = (2.0, 8.0)  # ΔE between which an edge counts for nothing and for all
SHOWN = 0.15  # of that, what a jaw shows at least
CHIN, CHIN_TOLD = np.radians(36.0), 0.75  # the chin's half angle, and its share that shows
GAP = 4  # rays in a row that may not show
BESIDE = 0.09  # of a face's side: so near to a head's outline it is that line already
SHORTEST = 0.35  # of a face's side


def jaw_lines(image: Image, faces: Sequence[Face], heads: Sequence[HeadOutline] = ()) -> list[HeadOutline]:
    """The lower edges of people's faces in an image [1, 3, H, W], from cheek to cheek as far as the picture tells them.

    A jaw is the path over rays from a face's middle that crosses most from light to dark and bends least (dynamic programming).
    heads: outlines that are known already; what runs beside them is left out.
    """
    people = [face for face in faces if face.person]
    if not people:
        return []
    rgb = np.ascontiguousarray(image[0].permute(1, 2, 0).cpu().numpy(), dtype=np.float32)
    found = [_jaw(rgb, face, heads) for face in people]
    return [jaw for jaw in found if jaw is not None]


def _jaw(rgb: Map, face: Face, heads: Sequence[HeadOutline]) -> HeadOutline | None:
    seen = UprightFace.of(rgb, face)
    edges = _edges_on_rays(_window(seen.pixels, seen.face))
    path = _best_path(edges - UNUSUAL * ((REACHES - _usual_reach()[:, None]) / SPREAD) ** 2)
    told = np.clip((edges[np.arange(len(path)), path] - TOLD[0]) / (TOLD[1] - TOLD[0]), 0, 1)
    if np.mean(told[np.abs(ANGLES) < CHIN] > SHOWN) < CHIN_TOLD:
        return None
    reach = cv2.GaussianBlur(REACHES[path], (0, 0), sigmaX=1e-3, sigmaY=CALM, borderType=cv2.BORDER_REPLICATE).ravel()
    ways = np.stack([reach * np.sin(ANGLES), BELOW + reach * np.cos(ANGLES)], 1)
    points = seen.placed(np.array(seen.face.center) + face.side * ways)
    shown = (told > SHOWN) & _within(points, (rgb.shape[0], rgb.shape[1])) & ~_beside(points, heads, BESIDE * face.side)
    run = _about_the_chin(shown)
    if run is None or np.linalg.norm(np.diff(points[run], axis=0), axis=1).sum() < SHORTEST * face.side:
        return None
    return HeadOutline(points[run], told[run])


def _window(rgb: Map, face: Face) -> Map:
    """A face, in the middle, and what is around it in CIELAB [h, h, 3], calm; beyond the picture its border goes on."""
    side, scale = round(WINDOW * SIDE), SIDE / face.side
    reach = WINDOW * face.side / 2 + 2 / scale + 2
    left, top = (max(0, int(value - reach)) for value in face.center)
    right, bottom = (int(value + reach) + 1 for value in face.center)
    near = np.ascontiguousarray(rgb[top:bottom, left:right])
    sharp = near if scale > 0.5 else cv2.GaussianBlur(near, (0, 0), 0.35 / scale)
    shift = side / 2 - scale * (np.array(face.center) - (left, top))
    onto = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
    part = cv2.warpAffine(sharp, onto, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    lab = cv2.bilateralFilter(cv2.cvtColor(part, cv2.COLOR_RGB2Lab), d=9, sigmaColor=12.0, sigmaSpace=3.0)
    return cv2.GaussianBlur(lab, (0, 0), 1.2)


def _edges_on_rays(lab: Map) -> npt.NDArray[np.float64]:
    """How much darker, or of another hue, it is beyond each reach of each ray [rays, reaches], ΔE."""
    way = np.stack([np.sin(ANGLES), np.cos(ANGLES)], 1)[:, None]
    place = len(lab) / 2 + SIDE * (np.array([0.0, BELOW]) + REACHES[:, None] * way)

    def seen(shift: float) -> npt.NDArray[np.float64]:
        at = (place + shift * SIDE * way).astype(np.float32)
        shown = cv2.remap(lab, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return shown.astype(np.float64)

    change = seen(ACROSS) - seen(-ACROSS)
    return np.minimum(np.clip(-change[..., 0], 0, None) + HUE * np.hypot(change[..., 1], change[..., 2]), MOST)


def _usual_reach() -> npt.NDArray[np.float64]:
    """How far out a usual jaw lies on each ray, of a face's side."""
    x, y = np.abs(np.sin(ANGLES)) / USUAL[0], np.abs(np.cos(ANGLES)) / USUAL[1]
    usual: npt.NDArray[np.float64] = (x**ROUND + y**ROUND) ** (-1 / ROUND)
    return usual


def _best_path(scores: npt.NDArray[np.float64]) -> npt.NDArray[np.intp]:
    """One reach of each ray, so that their scores [rays, reaches] less the loss by bending are the highest."""
    rays, reaches = scores.shape
    loss = BEND * np.subtract.outer(np.arange(reaches), np.arange(reaches)) ** 2.0
    best, came = scores[0], np.zeros((rays, reaches), np.intp)
    for ray in range(1, rays):
        ways = best[None] - loss
        came[ray] = ways.argmax(1)
        best = ways.max(1) + scores[ray]
    path = np.empty(rays, np.intp)
    path[-1] = best.argmax()
    for ray in range(rays - 1, 0, -1):
        path[ray - 1] = came[ray, path[ray]]
    return path


def _within(points: Row, size: tuple[int, int]) -> npt.NDArray[np.bool_]:
    return np.all((points > 1) & (points < np.array(size[::-1]) - 2), axis=1)


def _beside(points: Row, heads: Sequence[HeadOutline], reach: float) -> npt.NDArray[np.bool_]:
    """Which points are nearer than a reach, px, to an outline."""
    if not heads:
        return np.zeros(len(points), bool)
    known = np.concatenate([head.points for head in heads])
    near: npt.NDArray[np.bool_] = np.linalg.norm(points[:, None] - known[None], axis=2).min(1) < reach
    return near


def _about_the_chin(shown: npt.NDArray[np.bool_]) -> slice | None:
    """The longest run of rays that show a jaw, short gaps filled."""
    row = np.pad(shown.astype(np.uint8), GAP)[None]
    filled = cv2.morphologyEx(row, cv2.MORPH_CLOSE, np.ones((1, GAP + 1), np.uint8))[0, GAP:-GAP]
    ends = np.flatnonzero(np.diff(np.pad(filled.astype(int), 1)))
    runs = list(zip(ends[::2].tolist(), ends[1::2].tolist(), strict=True))
    return slice(*max(runs, key=lambda run: run[1] - run[0])) if runs else None
