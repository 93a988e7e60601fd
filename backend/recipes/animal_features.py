"""The features of an animal that looks at us as strokes: they are drawn whole, and nothing is drawn over them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch

from backend.core.image import Framing, Image, Mask
from backend.initialize.outlines import Outline
from backend.perception.faces import Face
from backend.perception.gaze import Gaze, find_gaze
from backend.perception.ring import Row

AROUND_EYES, AROUND_NOSE = (0.0, 2.0), (0.75, 1.25)  # nothing else is drawn between so many times the size of eyes and nose
LARGE_EYE = 20.0  # px across on the canvas, from which an eye has a pupil
PUPIL = 0.6  # the line about a pupil lies within it, so that it is dark
WIDE = 80.0  # px across of a ring that is seen as it is, smaller ones from closer by …
MOST_CLOSER = 6.0  # … but at most so many times


def features(pixels: Image, mask: Mask, faces: Sequence[Face], framing: Framing) -> tuple[Outline, ...]:
    """The outlines, on a canvas, of eyes, nose and pupils of an animal that a mask of a source picture holds, if that is sure.

    faces: those that were found; where there are people's, nobody looks for animals.
    """
    gaze = None if any(face.person for face in faces) else find_gaze(pixels, mask)
    return () if gaze is None else tuple(_outlines(gaze, framing))


def _outlines(gaze: Gaze, framing: Framing) -> Iterator[Outline]:
    eyes = [ring_outline(ring, framing, AROUND_EYES) for ring in gaze.eyes]
    yield from eyes
    if gaze.nose is not None:
        yield ring_outline(gaze.nose, framing, AROUND_NOSE)
    if min(float(np.ptp(eye.row, axis=0).max()) for eye in eyes) > LARGE_EYE:
        for ring in gaze.pupils:
            middle = ring.mean(0)
            yield ring_outline(middle + PUPIL * (ring - middle), framing, (0.0, 1.0))


def ring_outline(ring: Row, framing: Framing, clear: tuple[float, float]) -> Outline:
    """A ring in px of the picture on the canvas."""
    even, closer = seen_closer(ring, framing)
    return Outline(even, np.ones(len(even)), closed=True, enlarged=closer, clear=clear)


def seen_closer(row: Row, framing: Framing) -> tuple[Row, float]:
    """A row in px of the picture on the canvas, and how many times closer it is seen if it is small."""
    row = framing.to_canvas(torch.from_numpy(row)).numpy()
    closer = min(MOST_CLOSER, max(1.0, WIDE / float(np.ptp(row, axis=0).max())))
    lengths = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(row, axis=0), axis=1))])
    at = np.linspace(0, lengths[-1], max(8, round(closer * lengths[-1]) + 1))
    return np.stack([np.interp(at, lengths, row[:, k]) for k in (0, 1)], 1) - 0.5, closer
