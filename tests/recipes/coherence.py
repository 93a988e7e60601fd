"""How steadily strokes move, and how near they stay to the lines of their own frame.

Strokes are compared by places evenly spaced along them, since two drawings of the same thing differ in control points.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from scipy.optimize import linear_sum_assignment

from backend.core.bezier import sample
from backend.core.image import Framing
from backend.perception.foreground import find_foreground
from backend.perception.line_field import line_field
from backend.recipes.region import RegionSettings

PLACES = 32
FARTHEST = 20.0  # canvas px; a place farther from every line counts as this far


def rows(curves):
    """Poly-Béziers as places [N, PLACES, 2] evenly along each."""
    return np.array([_row(np.asarray(curve)) for curve in curves]).reshape(-1, PLACES, 2)


def _row(curve):
    dense = sample(torch.from_numpy(curve)[None].double(), torch.tensor([(len(curve) - 1) // 3]), 200)[0][0].numpy()
    lengths = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(dense, axis=0), axis=1))])
    at = np.linspace(0, lengths[-1], PLACES)
    return np.stack([np.interp(at, lengths, dense[:, axis]) for axis in (0, 1)], 1)


def chains(drawings):
    """Drawings of single frames (lists of curves) as strokes through the frames, by the Hungarian method.

    Each is its first frame and its places [F, PLACES, 2], turned so that beginnings meet beginnings.
    """
    there = [rows(curves) for curves in drawings]
    open_chains = [(0, [row]) for row in there[0]]
    ends, done = dict(enumerate(open_chains)), []
    for number in range(1, len(there)):
        before, after = np.array([chain[1][-1] for chain in ends.values()]), there[number]
        names, taken = list(ends), dict[int, tuple]()
        if len(before) and len(after):
            straight = np.linalg.norm(before[:, None] - after[None], axis=3).mean(2)
            turned = np.linalg.norm(before[:, None] - after[None, :, ::-1], axis=3).mean(2)
            for i, j in zip(*linear_sum_assignment(np.minimum(straight, turned)), strict=True):
                first, way = ends.pop(names[i])
                taken[int(j)] = (first, [*way, after[j][::-1] if turned[i, j] < straight[i, j] else after[j]])
        done += ends.values()
        ends = {j: taken.get(j, (number, [row])) for j, row in enumerate(after)}
    return [(first, np.array(way)) for first, way in [*done, *ends.values()]]


def ways(moving):
    """The strokes of a moving drawing, as `chains`; a stroke that fades ends where it is half gone."""
    found = []
    for stroke in moving.strokes:
        there = stroke.opacities > 0.5
        edges = np.flatnonzero(np.diff(np.concatenate([[0], there.astype(int), [0]])))
        for begin, end in zip(edges[::2], edges[1::2], strict=True):
            found.append((stroke.first + int(begin), rows(stroke.points[begin:end])))
    return found


def acceleration(strokes):
    """Mean length of the second difference of places from frame to frame, px a frame²."""
    changes = [np.linalg.norm(np.diff(way, n=2, axis=0), axis=2).mean(1) for _first, way in strokes if len(way) > 2]
    return float(np.concatenate(changes).mean())


def warp_error(strokes, step):
    """Mean distance, px, of places to where the known motion takes those of the frame before; step(number, places)."""
    errors = [
        np.linalg.norm(step(first + k, way[k]) - way[k + 1], axis=1).mean()
        for first, way in strokes
        for k in range(len(way) - 1)
    ]
    return float(np.mean(errors))


@dataclass(frozen=True)
class FrameLines:
    """The lines of one frame as a map of distances to them, canvas px."""

    framing: Framing
    distance: np.ndarray  # [H, W]

    @classmethod
    def of(cls, frame, mask=None):
        """The crests of the line field, as a drawing of this frame alone looks at it."""
        pixels, settings = torch.from_numpy(frame.astype(np.float32) / 255).permute(2, 0, 1)[None], RegionSettings()
        found = find_foreground(pixels)
        shown = found.mask if found.trusted else torch.ones_like(pixels[:, :1])
        framing = Framing.around(shown, settings.canvas, settings.margin, settings.enlargement)
        silhouette = found.certainty * framing.crop(shown, fill=0.0) if found.trusted and found.certainty else None
        field = line_field(framing.crop(pixels), settings.lines, silhouette)
        strength = cv2.GaussianBlur(field.strength, (0, 0), 0.7)
        y, x = np.mgrid[: strength.shape[0], : strength.shape[1]].astype(np.float32)
        sides = [
            cv2.remap(strength, x - sign * field.tangent_y, y + sign * field.tangent_x, cv2.INTER_LINEAR) for sign in (1, -1)
        ]
        crest = (strength >= sides[0]) & (strength >= sides[1]) & (strength > 0.1)
        return cls(framing, cv2.distanceTransform((~crest).astype(np.uint8), cv2.DIST_L2, 5))

    def mean_distance(self, curves):
        """Of the places of curves (source px) to the nearest line, canvas px."""
        at = self.framing.to_canvas(torch.from_numpy(rows(curves).reshape(-1, 2))).numpy()
        height, width = self.distance.shape
        at = at[((at >= 0) & (at < (width, height))).all(1)].astype(int)
        return float(np.minimum(self.distance[at[:, 1], at[:, 0]], FARTHEST).mean())
