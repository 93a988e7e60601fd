"""The lines of jaws and chins: soft shadows, mostly, that no edge detector finds and no portrait can do without."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from backend.core.image import Image
from backend.perception.best_path import best_path, calmed
from backend.perception.face_rays import beside, calm_window, length, longest_run, of_people, seen_at, usual_reach, within
from backend.perception.faces import Face
from backend.perception.heads import HeadOutline
from backend.perception.upright import UprightFace

Map = npt.NDArray[np.float32]

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
    return of_people(image, faces, lambda rgb, face: _jaw(rgb, face, heads))


def _jaw(rgb: Map, face: Face, heads: Sequence[HeadOutline]) -> HeadOutline | None:
    seen = UprightFace.of(rgb, face)
    edges = _edges_on_rays(calm_window(seen.pixels, seen.face, SIDE, WINDOW))
    usual = usual_reach(np.sin(ANGLES), np.cos(ANGLES), USUAL, ROUND)
    path = best_path(edges - UNUSUAL * ((REACHES - usual[:, None]) / SPREAD) ** 2, BEND)
    told = np.clip((edges[np.arange(len(path)), path] - TOLD[0]) / (TOLD[1] - TOLD[0]), 0, 1)
    if np.mean(told[np.abs(ANGLES) < CHIN] > SHOWN) < CHIN_TOLD:
        return None
    reach = calmed(REACHES[path], CALM)
    ways = np.stack([reach * np.sin(ANGLES), BELOW + reach * np.cos(ANGLES)], 1)
    points = seen.placed(np.array(seen.face.center) + face.side * ways)
    shown = (told > SHOWN) & within(points, (rgb.shape[0], rgb.shape[1])) & ~beside(points, heads, BESIDE * face.side)
    run = longest_run(shown, GAP)
    if run is None or length(points[run]) < SHORTEST * face.side:
        return None
    return HeadOutline(points[run], told[run])


def _edges_on_rays(lab: Map) -> npt.NDArray[np.float64]:
    """How much darker, or of another hue, it is beyond each reach of each ray [rays, reaches], ΔE."""
    way = np.stack([np.sin(ANGLES), np.cos(ANGLES)], 1)[:, None]
    place = SIDE * (np.array([0.0, BELOW]) + REACHES[:, None] * way)
    change = seen_at(lab, place + ACROSS * SIDE * way) - seen_at(lab, place - ACROSS * SIDE * way)
    return np.minimum(np.clip(-change[..., 0], 0, None) + HUE * np.hypot(change[..., 1], change[..., 2]), MOST)
