"""The outlines of hair over faces: where hair is about as dark as what is behind it, nothing else tells how high a head is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from backend.core.image import Image
from backend.perception.best_path import best_path, calmed
from backend.perception.face_rays import beside, calm_window, longest_run, of_people, seen_at, usual_reach, within
from backend.perception.faces import Face
from backend.perception.heads import HeadOutline
from backend.perception.upright import UprightFace

Map = npt.NDArray[np.float32]
Values = npt.NDArray[np.float64]

SIDE, WINDOW = 80, 3.0  # px of a face where its hair is looked for, and faces that are seen then
ANGLES = np.radians(np.arange(-114.0, 115.0, 3.0))  # of the rays, from straight up …
CROWN, SIDES = np.radians(45.0), np.radians(84.0)  # … the crown's half angle, and how far from there hair is shown
WAYS = np.stack([np.sin(ANGLES), -np.cos(ANGLES)], 1)
ALONG = np.cos(np.radians(3.0))  # least cosine between a ray and what lies on it
REACHES = np.arange(0.45, 1.35, 0.02)  # along a ray, of a face's side
USUAL, ROUND = (0.66, 0.9), 2.2  # half width and height of usual hair, a superellipse of that exponent …
SPREAD, UNUSUAL = 0.16, 3.0  # … from which one so far away, of a face's side, loses so many ΔE
NEAR, BANDS = 0.03, (0.05, 0.1, 0.15)  # of a face's side on either side, between which an edge is measured, sharply and widely
MOST = 20.0  # ΔE, more count for no more
EVENLY = 1.5  # σ, rays, over which edges are seen together
SKIN, SKIN_SPREAD = 4.0, 15.0  # ΔE lost by an edge with skin inside of it, for there hair begins; how unlike skin may be …
FAR, FAR_SPREAD = (1.3, 1.38, 1.46), 12.0  # … if what is beyond is unlike what is so far out on the ray
MIDDLE = (slice(-8, 24), slice(-20, 20))  # rows and columns from a face's middle that are skin, px
BEND = 0.8  # ΔE lost for a step of one reach from ray to ray; twice as large steps lose four times as much
CALM = 2.0  # σ of the smoothing along an outline, rays
TOLD = (2.0, 10.0)  # ΔE between which an edge counts for nothing and for all
SHOWN = 0.15  # of that, what an outline shows at least …
CROWN_TOLD = 0.7  # … on so much of the crown
LEAST_SKIN, MOST_ENDED = 0.2, 0.4  # likeness to skin inside of a known outline that is no hair's; share of the crown without
LIGHTER = 8.0  # of lightness: what is so much lighter than skin between that outline and the path is not taken for hair
GAP = 4  # rays in a row that may not show
BESIDE = 0.1  # of a face's side: so near to a head's outline it is that line already


def hair_lines(image: Image, faces: Sequence[Face], heads: Sequence[HeadOutline] = ()) -> list[HeadOutline]:
    """The upper outlines of people's hair in an image [1, 3, H, W], as far as the picture tells them, above known hairlines.

    Hair ends on the path over rays from a face's middle that crosses the clearest edges near where hair usually ends, and bends
    least (dynamic programming); edges between skin and hair count for less. heads: outlines that are known already; where
    those end hair rather than skin, or there are none, nothing is looked for.
    """
    return of_people(image, faces, lambda rgb, face: _hair(rgb, face, heads))


def _hair(rgb: Map, face: Face, heads: Sequence[HeadOutline]) -> HeadOutline | None:
    seen, size = UprightFace.of(rgb, face), (rgb.shape[0], rgb.shape[1])
    ways = _turned(WAYS, face)
    far_shown = within(np.array(face.center) + FAR[0] * face.side * ways, size)
    lab = calm_window(seen.pixels, seen.face, SIDE, WINDOW)
    middle = len(lab) // 2
    rows, columns = (slice(middle + part.start, middle + part.stop) for part in MIDDLE)
    skin = np.median(lab[rows, columns].reshape(-1, 3).astype(np.float64), axis=0)
    edges, beginning = _edges_on_rays(lab, skin, far_shown)
    usual = usual_reach(WAYS[:, 0], WAYS[:, 1], USUAL, ROUND)
    path = best_path(edges - SKIN * beginning - UNUSUAL * ((REACHES - usual[:, None]) / SPREAD) ** 2, BEND)
    told = np.clip((edges[np.arange(len(path)), path] - TOLD[0]) / (TOLD[1] - TOLD[0]), 0, 1)
    points = np.array(face.center) + face.side * calmed(REACHES[path], CALM)[:, None] * ways
    shown = (told > SHOWN) & within(points, size) & (np.abs(ANGLES) < SIDES)
    if not _is_hair(lab, skin, REACHES[path], _known_reach(face, heads)):
        return None
    run = longest_run(shown & ~beside(points, heads, BESIDE * face.side), GAP)
    if run is None or np.sum(np.abs(ANGLES[run]) < CROWN) < CROWN_TOLD * np.sum(np.abs(ANGLES) < CROWN):
        return None
    return HeadOutline(points[run], told[run])


def _edges_on_rays(lab: Map, skin: Values, far_shown: npt.NDArray[np.bool_]) -> tuple[Values, Values]:
    """How unlike colors are on both sides of each reach of each ray, ΔE, and how likely hair begins there, 0 … 1.

    far_shown: which rays end in the picture.
    """

    def seen(shift: float) -> Values:
        return seen_at(lab, SIDE * (REACHES + shift)[None, :, None] * WAYS[:, None])

    inner, outer = (np.mean([seen(sign * band) for band in BANDS], axis=0) for sign in (-1, 1))
    sharp = np.linalg.norm(seen(NEAR) - seen(-NEAR), axis=2)
    wide = np.linalg.norm(outer - inner, axis=2)
    edges = np.minimum((sharp + wide) / 2, MOST)
    edges = np.stack([calmed(column, EVENLY) for column in edges.T], 1)
    far = np.mean([_seen(lab, np.full(len(WAYS), reach)) for reach in FAR], axis=0)
    plain = _alike(outer, far[:, None], FAR_SPREAD) * far_shown[:, None]
    return edges, _alike(inner, skin, SKIN_SPREAD) * (1 - plain)


def _is_hair(lab: Map, skin: Values, reach: Values, known: Values) -> bool:
    """Whether skin ends at the reach of an outline that is known already, above the face, and something dark begins there."""
    here = (np.abs(ANGLES) < CROWN) & (known > 0)
    if not here.any():
        return False
    inside = np.mean([_seen(lab, known - band) for band in BANDS], axis=0)[here]
    beyond = _seen(lab, (known + reach) / 2)[here]
    ended = np.mean(_alike(inside, skin, SKIN_SPREAD) < LEAST_SKIN)
    return bool(ended < MOST_ENDED and np.median(beyond[:, 0]) < skin[0] + LIGHTER)


def _known_reach(face: Face, heads: Sequence[HeadOutline]) -> Values:
    """How far out, of a face's side, a known outline lies on each ray; 0 where there is none."""
    if not heads:
        return np.zeros(len(ANGLES))
    away = (np.concatenate([head.points for head in heads]) - face.center) / face.side
    reach = np.linalg.norm(away, axis=1)
    near = (ALONG * reach < _turned(WAYS, face) @ away.T) & (reach < REACHES[-1])
    return np.where(near, reach, 0).max(1)


def _turned(ways: Values, face: Face) -> Values:
    """Ways [rays, 2] from the middle of an upright face, as the head is tilted."""
    angle = np.radians(face.tilt)
    return ways @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])


def _seen(lab: Map, reach: Values) -> Values:
    """The color at a reach of each ray [rays, 3]."""
    return seen_at(lab, SIDE * (reach[:, None] * WAYS)[:, None])[:, 0]


def _alike(colors: Values, others: Values, spread: float) -> Values:
    """0 … 1."""
    alike: Values = np.exp(-0.5 * (np.linalg.norm(colors - others, axis=-1) / spread) ** 2)
    return alike
