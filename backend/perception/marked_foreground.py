"""The subject that the user marked: a few lines on what is to be drawn, beside it, or around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
import torch

from backend.core.errors import BadRequest
from backend.core.image import Image
from backend.perception.foreground import DRAWN, FINE_SIDE, ROUGH_SIDE, Foreground
from backend.perception.grab_cut import Bits, cut, refined, resized, to_lab, without_specks
from backend.perception.mask_outline import outline_told

KEEP, LEAVE, AROUND = "keep", "leave", "around"
KINDS = (KEEP, LEAVE, AROUND)
THICK = 0.02  # of the picture's longer side: how wide a mark counts
REACH = 0.25  # of it: how far from its marks a subject is looked for that nothing is drawn around
MOST_POINTS = 100_000  # of all marks


@dataclass(frozen=True)
class Mark:
    """A line that the user drew on the picture."""

    kind: str  # keep: it lies on the subject; leave: on what is not to be drawn; around: the subject lies within
    points: tuple[tuple[float, float], ...]  # x, y in px of the picture

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise BadRequest(
                "There are no marks of the kind '{kind}'; use one of: {kinds}.", kind=self.kind, kinds=", ".join(KINDS)
            )
        if not self.points or not np.isfinite(self.points).all():
            raise BadRequest("A mark needs at least one point, in numbers.")
        if len(self.points) > MOST_POINTS:
            raise BadRequest(
                "A mark of {count} points is too long; simplify it to at most {most}.", count=len(self.points), most=MOST_POINTS
            )


def marked_foreground(image: Image, marks: Sequence[Mark]) -> Foreground:
    """What the marks mean in an image [1, 3, H, W], by GrabCut (Rother et al. 2004); it is always trusted.

    Raises BadRequest if nothing is left, or no mark tells where the subject is.
    """
    if all(mark.kind == LEAVE for mark in marks):
        raise BadRequest("Mark what is to be drawn too, not only what is to be left out.")
    height, width = image.shape[-2:]
    full = image[0].permute(1, 2, 0).cpu().numpy()
    rough, fine = resized(full, ROUGH_SIDE), resized(full, FINE_SIDE)
    labels = _labels(rough.shape[:2], marks, width)
    if not _possible(labels).any():
        raise BadRequest("The marks lie outside of the picture, or leave nothing of it. Draw them on it.")
    left_out = _lines(labels.shape, [np.array(mark.points) * labels.shape[1] / width for mark in marks if mark.kind == LEAVE])
    bits = _touched(cut(rough, labels, 5) if _decidable(labels) else _possible(labels), labels, left_out)
    bits = _as_marked(refined(fine, bits), _labels(fine.shape[:2], marks, width))
    mask = cv2.resize(without_specks(bits, 0.02).astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC) > 0.5
    if not mask.any():
        raise BadRequest("The marks leave nothing to be drawn. Mark more of the subject.")
    told = cv2.resize(outline_told(bits, to_lab(fine)), (width, height), interpolation=cv2.INTER_LINEAR)
    found = torch.from_numpy(mask.astype(np.float32))[None, None]
    return Foreground(found, True, certainty=DRAWN, silhouette=DRAWN * found * torch.from_numpy(told)[None, None])


def _labels(size: tuple[int, ...], marks: Sequence[Mark], width: int) -> Bits:
    """GrabCut's labels [h, w] for marks on a picture that was `width` px wide."""
    scale = size[1] / width
    rows = {kind: [np.array(mark.points) * scale for mark in marks if mark.kind == kind] for kind in KINDS}
    kept = _lines(size, rows[KEEP])
    if rows[AROUND]:
        within = np.zeros(size, np.uint8)
        for row in rows[AROUND]:
            cv2.fillPoly(within, [np.round(row).astype(np.int32)], 1)
        labels = np.where(within > 0, cv2.GC_PR_FGD, cv2.GC_BGD).astype(np.uint8)
    else:
        away = cv2.distanceTransform((kept == 0).astype(np.uint8), cv2.DIST_L2, 5)
        labels = np.where(away < REACH * max(size), cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
        labels[away > 2 * REACH * max(size)] = cv2.GC_BGD
    labels[_lines(size, rows[LEAVE]) > 0] = cv2.GC_BGD
    labels[kept > 0] = cv2.GC_FGD
    return labels


def _lines(size: tuple[int, ...], rows: Sequence[npt.NDArray[np.float64]]) -> Bits:
    drawn = np.zeros(size, np.uint8)
    for row in rows:
        cv2.polylines(drawn, [np.round(row).astype(np.int32)], False, 1, max(2, round(THICK * max(size))))
    return drawn


def _possible(labels: Bits) -> Bits:
    return np.isin(labels, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)


def _decidable(labels: Bits) -> bool:
    """Whether there is something on both sides for GrabCut to learn from."""
    possible = _possible(labels)
    return 50 < int(possible.sum()) < possible.size - 50


def _touched(bits: Bits, labels: Bits, left_out: Bits) -> Bits:
    """The components that a mark to keep lies on; where there is none, all but those around a mark to leave."""
    _count, components = cv2.connectedComponents(bits, connectivity=8)
    if (labels == cv2.GC_FGD).any():
        return np.isin(components, np.setdiff1d(components[labels == cv2.GC_FGD], [0])).astype(np.uint8)
    _marks, left = cv2.connectedComponents(left_out, connectivity=8)
    lost = [_around(left == mark, components) for mark in range(1, _marks)]
    return (bits & ~np.isin(components, lost)).astype(np.uint8)


def _around(mark: npt.NDArray[np.bool_], components: npt.NDArray[np.int32]) -> int:
    """The component that most of a mark's surround belongs to; -1 if none does."""
    wide = cv2.dilate(mark.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    counts = np.bincount(components[wide & ~mark])
    found = int(counts.argmax())
    return found if found and 2 * counts[found] > counts.sum() else -1


def _as_marked(bits: Bits, labels: Bits) -> Bits:
    """Whatever was found, the marks themselves hold."""
    return np.where(labels == cv2.GC_FGD, 1, np.where(labels == cv2.GC_BGD, 0, bits)).astype(np.uint8)
