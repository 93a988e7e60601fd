"""Cutting a subject out of a picture: saliency, people, and GrabCut (Rother et al. 2004)."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from backend.perception.color_mixtures import first_mixtures, next_mixtures, powers_of
from backend.perception.faces import Face
from backend.perception.min_cut import SURE, PixelGraph

Map = npt.NDArray[np.float32]  # [H, W] or [H, W, 3]
Bits = npt.NDArray[np.uint8]  # [H, W], 1 = keep; or GrabCut's labels

LEGS = (
    (-1.2, 3.0),
    (1.2, 3.0),
    (0.9, 7.0),
    (-0.9, 7.0),
)  # or a lap, or a long coat: corners from a face's middle, in its sides
SHARP = 0.5  # what the sharpest place counts for, beside 1 for the color that differs most
BORDER = 2  # px along the picture's border that are background for GrabCut's sake


def resized(rgb: Map, side: int) -> Map:
    """A picture [H, W, 3] with `side` px on its longer side."""
    scale = side / max(rgb.shape[:2])
    size = (max(8, round(rgb.shape[1] * scale)), max(8, round(rgb.shape[0] * scale)))
    return np.clip(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR), 0, 1)


def to_lab(rgb: Map) -> Map:
    """An sRGB picture [H, W, 3] in CIE Lab (L 0 … 100)."""
    return cv2.cvtColor(rgb, cv2.COLOR_RGB2Lab)


def rim_colors(lab: Map, thickness: int = 3) -> Map:
    """The pixels [M, C] along the picture's border."""
    t = thickness
    parts = (lab[:t], lab[-t:], lab[:, :t], lab[:, -t:])
    return np.concatenate([part.reshape(-1, lab.shape[2]) for part in parts])


def large_components(bits: npt.NDArray[np.generic], least: int) -> npt.NDArray[np.bool_]:
    """The components of at least `least` px."""
    _count, labels, stats, _centers = cv2.connectedComponentsWithStats(bits.astype(np.uint8), connectivity=4)
    keep = stats[:, cv2.CC_STAT_AREA] >= least
    keep[0] = False
    return keep[labels]


def _saliency(lab: Map, sharp: Map | None) -> Map:
    """How much each pixel differs from the border's colors and from its surround, or is sharp, 0 … 1, with a center prior."""
    rim = rim_colors(lab, 6)
    k = 4
    criteria = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 20, 0.5)
    cv2.setRNGSeed(0)
    _score, labels, centers = cv2.kmeans(np.ascontiguousarray(rim), k, None, criteria, 2, cv2.KMEANS_PP_CENTERS)
    shares = np.bincount(np.asarray(labels).ravel(), minlength=k) / float(len(rim))
    distance = np.full(lab.shape[:2], np.inf, np.float32)
    for center, share in zip(centers, shares, strict=True):
        if share > 0.08:
            distance = np.minimum(distance, _length(lab - center))
    surround = _length(cv2.GaussianBlur(lab, (0, 0), 3) - cv2.GaussianBlur(lab, (0, 0), 60))
    height, width = lab.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    center = np.exp(-(((x / width - 0.5) / 0.38) ** 2 + ((y / height - 0.52) / 0.42) ** 2))
    differs = 0.65 * _unit(distance) + 0.35 * _unit(surround)
    if sharp is not None:
        differs = differs + SHARP * sharp
    return _unit(cv2.GaussianBlur(differs * center, (0, 0), 4))


def _length(vectors: Map) -> Map:
    """Of vectors [H, W, 3], one component after the other: four times as fast as by numpy's norm."""
    x, y, z = cv2.split(vectors)
    squared = x * x
    squared += y * y
    squared += z * z
    return np.asarray(np.sqrt(squared), np.float32)


def _unit(values: Map) -> Map:
    low, high = (float(np.percentile(values, q)) for q in (1, 99.5))
    return np.clip((values - low) / max(high - low, 1e-6), 0, 1).astype(np.float32)


def people_labels(rgb: Map, faces: Sequence[Face], width: int) -> Bits:
    """GrabCut's labels of a picture, once `width` px wide, with faces and what people have around and below them."""
    labels = np.full(rgb.shape[:2], cv2.GC_PR_BGD, np.uint8)
    scale = rgb.shape[1] / width
    for sure in (False, True):
        for face in faces:
            x, y, side = face.center[0] * scale, face.center[1] * scale, face.side * scale
            value = cv2.GC_FGD if sure else cv2.GC_PR_FGD
            head = (0.35, 0.42) if sure else (0.85, 1.0)
            middle = (round(x), round(y - (0.0 if sure else 0.1) * side))
            cv2.ellipse(labels, middle, (round(head[0] * side), round(head[1] * side)), 0, 0, 360, value, -1)
            x = face.place(0.0, 0.5)[0] * scale  # of the chin, below which the body is upright
            neck, shoulders, bottom = (0.2, 0.5, 2.4) if sure else (0.5, 1.4, 3.2)
            torso = [(-neck, 0.5), (neck, 0.5), (shoulders, 1.3), (shoulders, bottom), (-shoulders, bottom), (-shoulders, 1.3)]
            for part in (torso,) if sure else (torso, LEGS):
                corners = np.array([(x + a * side, y + b * side) for a, b in part])
                cv2.fillPoly(labels, [corners.round().astype(np.int32)], value)
    return labels


def animal_labels(rgb: Map, faces: Sequence[Face], width: int) -> Bits:
    """The same with the faces of animals, whose ears are above them; their bodies may be anywhere."""
    labels = np.full(rgb.shape[:2], cv2.GC_PR_BGD, np.uint8)
    scale = rgb.shape[1] / width
    for axes, up, value in (((1.0, 1.05), 0.12, cv2.GC_PR_FGD), ((0.42, 0.42), 0.0, cv2.GC_FGD)):
        for face in faces:
            x, y, side = face.center[0] * scale, face.center[1] * scale, face.side * scale
            size = round(axes[0] * side), round(axes[1] * side)
            cv2.ellipse(labels, (round(x), round(y - up * side)), size, 0, 0, 360, value, -1)
    return labels


def salient_labels(rgb: Map, sharp: Map | None = None) -> Bits:
    """GrabCut's labels of a picture [H, W, 3], by saliency; sharp: [H, W] where it is sharp, 0 … 1, if that counts, too."""
    saliency = _saliency(to_lab(rgb), sharp)
    labels = np.full(saliency.shape, cv2.GC_PR_BGD, np.uint8)
    labels[saliency > np.quantile(saliency, 0.68)] = cv2.GC_PR_FGD
    labels[saliency > np.quantile(saliency, 0.92)] = cv2.GC_FGD
    return labels


@dataclass(frozen=True)
class Cuttable:
    """A picture made ready for GrabCut, which can be done before its labels are known."""

    image: npt.NDArray[np.uint8]  # [H, W, 3] as OpenCV has it
    powers: npt.NDArray[np.float64]  # [10, H · W] of its colors
    graph: PixelGraph | None  # where the native library is missing there is none

    @classmethod
    def of(cls, rgb: Map) -> Cuttable:
        """Of a picture [H, W, 3]."""
        image = cv2.cvtColor((rgb * 255).astype(np.uint8), cv2.COLOR_RGB2BGR)
        return cls(image, powers_of(image), PixelGraph.of(image))


def grab_cut(picture: Map | Cuttable, rounds: int, labels: Bits, settled: float = 0.0) -> Bits:
    """The foreground of a picture [H, W, 3] by first labels; rounds, settled: as `cut` says."""
    return _to_the_border(cut(picture, _bordered(labels), rounds, settled))


def _bordered(labels: Bits) -> Bits:
    """The labels, the picture's border being background: GrabCut cannot do without any."""
    b = BORDER
    labels[:b], labels[:, :b], labels[:, -b:] = cv2.GC_BGD, cv2.GC_BGD, cv2.GC_BGD
    return labels


def _to_the_border(bits: Bits) -> Bits:
    """What was cut out, carried on over the border."""
    return np.pad(bits[BORDER:-BORDER, BORDER:-BORDER], BORDER, mode="edge")


def refined(picture: Map | Cuttable, rough: Bits, band: int = 5) -> Bits:
    """A rough mask at the size of a finer picture, decided anew only within `band` px of its outline."""
    height, width = (picture.image if isinstance(picture, Cuttable) else picture).shape[:2]
    size = (width, height)
    bits = (cv2.resize(rough.astype(np.float32), size, interpolation=cv2.INTER_LINEAR) > 0.5).astype(np.uint8)
    labels = _within(np.where(bits > 0, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8), np.ones((2 * band + 1,) * 2, np.uint8))
    if not (labels == cv2.GC_FGD).any() or not (labels == cv2.GC_BGD).any():
        return bits
    return cut(picture, labels, 1)


def cut(picture: Map | Cuttable, labels: Bits, rounds: int, settled: float = 0.0) -> Bits:
    """What GrabCut makes of labels; always the same for the same picture.

    rounds: at most; none comes after one that changed a smaller share of the pixels than `settled`. All of them decide about
    all that is doubtful: near the outline alone, the later ones lose a man of two, and coins.
    """
    before = _kept(labels)
    for bits in itertools.islice(_rounds(picture, labels), rounds):
        if (bits != before).mean() < settled:
            break
        before = bits
    return bits


def _rounds(picture: Map | Cuttable, labels: Bits) -> Iterator[Bits]:
    """What GrabCut makes of labels, which it changes, after each round."""
    cv2.setRNGSeed(0)
    ready = picture if isinstance(picture, Cuttable) else Cuttable.of(picture)
    yield from _rounds_by_graph(ready, ready.graph, labels) if ready.graph else _rounds_by_opencv(ready.image, labels)


def _rounds_by_graph(ready: Cuttable, graph: PixelGraph, labels: Bits) -> Iterator[Bits]:
    """The rounds as OpenCV has them, in a third of the time: each begins with what flowed in the one before."""
    powers, doubtful = ready.powers, labels >= cv2.GC_PR_BGD
    mixtures = first_mixtures(ready.image, _kept(labels), powers)
    densities = mixtures.densities(powers)
    while True:
        mixtures = next_mixtures(_kept(labels), densities, powers)
        densities = mixtures.densities(powers)
        surplus = mixtures.surplus(densities).reshape(labels.shape)
        bits = graph.foreground(np.where(doubtful, surplus, np.where(labels == cv2.GC_FGD, SURE, -SURE)))
        labels[doubtful] = np.where(bits, cv2.GC_PR_FGD, cv2.GC_PR_BGD)[doubtful]
        yield _kept(labels)


def _rounds_by_opencv(image: Bits, labels: Bits) -> Iterator[Bits]:
    background, foreground = np.zeros((1, 65)), np.zeros((1, 65))
    mode = cv2.GC_INIT_WITH_MASK
    while True:
        cv2.grabCut(image, labels, None, background, foreground, 1, mode)
        mode = cv2.GC_EVAL  # which goes on where it stopped
        yield _kept(labels)


def _within(labels: Bits, near: Bits) -> Bits:
    """The labels, those being certain that have none of the other side near them."""
    bits = _kept(labels)
    inner, outer = cv2.erode(bits, near, borderValue=1) > 0, cv2.dilate(bits, near) == 0
    return np.where(inner, cv2.GC_FGD, np.where(outer, cv2.GC_BGD, labels)).astype(np.uint8)


def _kept(labels: Bits) -> Bits:
    return np.isin(labels, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)


def tidy(bits: Bits) -> Bits:
    """Without threads and specks."""
    return without_specks(cv2.morphologyEx(bits, cv2.MORPH_OPEN, np.ones((2, 2), np.uint8)), 0.1)


def without_specks(bits: Bits, least: float) -> Bits:
    """Without components of less than `least` of the largest, and without small holes."""
    _count, labels, stats, _centers = cv2.connectedComponentsWithStats(bits, connectivity=8)
    areas = stats[1:, cv2.CC_STAT_AREA]
    if not areas.size:
        return bits
    keep = np.concatenate([[False], areas >= max(areas.max() * least, 12)])
    kept = keep[labels]
    holes = ~kept
    return (kept | (holes & ~large_components(holes, int(0.002 * bits.size)))).astype(np.uint8)
