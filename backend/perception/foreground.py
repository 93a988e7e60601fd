"""Which part of a picture is the subject: found without weights, or honestly not found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F

from backend.core.image import Image, Mask
from backend.perception.faces import Face

Map = npt.NDArray[np.float32]
Bits = npt.NDArray[np.uint8]  # 1 = keep

WORKING_SIDE = 1024  # px on the longer side, which larger pictures are brought to first
BACKDROP_SIDE = 512  # px on the longer side, where the backdrop is plain
GLANCE_SIDE, ROUGH_SIDE, FINE_SIDE = 128, 256, 320  # px, where GrabCut takes a first look, finds the mask, refines its outline
HOPELESS, LIKELY, TRUSTED, CLEAR = 0.5, 0.55, 0.78, 0.86  # clarity of an outline
TRUSTED_PERSON = 0.65  # the same, where there is a face
EXACT = 0.58  # how well the outline of a mask fits that was cut out with care
MOST_ROOM = 8  # px at FINE_SIDE that a given mask may leave around its subject
MANY, BLURRED = 8, 0.6  # things on a plain backdrop, and the clarity that so many have at least
TOLD, DRAWN = (
    (10.0, 22.0),
    0.5,
)  # ΔE across a mask's outline from which on it is drawn, fully drawn; how high beside an exact mask
FLAT = 0.7  # share of pixels of a graphic that equal their neighbors
MOST_LOST = 0.25  # share of the strong edges about the middle that a mask may leave out


@dataclass(frozen=True)
class Foreground:
    """A foreground mask, and whether to rely on it."""

    mask: Mask  # [1, 1, H, W] at the image's size, 1 = keep
    trusted: bool
    reason: str = ""  # a sentence for the user, when it is not trusted
    certainty: float = 0.0  # 0 … 1, how far its outline itself may be drawn as a line
    interest: Mask | None = None  # [1, 1, H, W] 0 … 1, where the subject probably is, when the mask is not trusted
    silhouette: Mask | None = None  # [1, 1, H, W] the mask, as high as its outline may be drawn as a line there; None: nowhere


def find_foreground(image: Image, faces: Sequence[Face] = ()) -> Foreground:
    """The foreground of an image [1, 3, H, W] by its plain backdrop, or else by saliency and GrabCut (Rother et al. 2004).

    Where there are faces, px of the image, people are looked for instead of what is salient.

    The mask is trusted if its size is plausible and its outline runs along edges of the picture.
    """
    height, width = image.shape[-2:]
    full = image[0].permute(1, 2, 0).cpu().numpy()
    rgb = _resized(full, WORKING_SIDE) if max(height, width) > WORKING_SIDE else np.ascontiguousarray(full)
    lab = _lab(_resized(rgb, BACKDROP_SIDE))
    bits = _against_plain_backdrop(lab)
    if bits is not None:
        bits = _without_specks(bits, 0.005)
    plain = bits is not None and not _blotched(bits, lab)
    if not plain and _flat(full) > FLAT:
        everything = torch.ones_like(image[:, :1])
        return Foreground(everything, False, "This looks like a graphic or a screenshot, so the whole picture is drawn.")
    if bits is None or not plain:
        fine = _resized(rgb, FINE_SIDE)
        lab = _lab(fine)
        glance = _resized(rgb, GLANCE_SIDE)
        bits = _tidy(_grab_cut(glance, 3, _people(glance, faces, width)))
        if _clarity(bits, _lab(glance)) > HOPELESS:  # GrabCut takes seconds on mere texture, for nothing
            rough = _resized(rgb, ROUGH_SIDE)
            bits = _tidy(_grab_cut(rough, 3, _people(rough, faces, width)))
        bits = _tidy(_refined(fine, bits))
    clarity = 1.0 if plain else _clarity(bits, lab)
    least = TRUSTED_PERSON if faces else TRUSTED
    reason = _doubt(bits, clarity, 0.0 if plain else _lost(bits, lab), plain, least)
    certainty = 1.0 if plain else 0.5 if clarity > CLEAR else 0.0
    mask = cv2.resize(bits.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    interest = _interest(bits, (width, height)) if reason and clarity > LIKELY else None
    found = torch.from_numpy((mask > 0.5).astype(np.float32))[None, None]
    silhouette = found if plain else DRAWN * found * _upsampled(_outline_told(bits, lab), (width, height))
    return Foreground(found, not reason, reason, certainty, interest, None if reason else silhouette)


def _interest(bits: Bits, size: tuple[int, int]) -> Mask:
    """A doubtful mask [1, 1, H, W] with soft borders."""
    wide = cv2.dilate(bits, np.ones((5, 5), np.uint8)).astype(np.float32)
    return _upsampled(cv2.GaussianBlur(wide, (0, 0), 0.02 * max(bits.shape)), size)


def _upsampled(values: Map, size: tuple[int, int]) -> Mask:
    return torch.from_numpy(cv2.resize(values, size, interpolation=cv2.INTER_LINEAR))[None, None]


def _outline_told(bits: Bits, lab: Map) -> Map:
    """How clearly the colors differ across the mask's outline near each place, 0 … 1, smooth along it."""
    outline = _outline(bits)
    told = np.where(outline, np.clip((_across(bits, lab, 4) - TOLD[0]) / (TOLD[1] - TOLD[0]), 0, 1), 0).astype(np.float32)
    near = cv2.GaussianBlur(outline.astype(np.float32), (0, 0), 4)
    return cv2.GaussianBlur(told, (0, 0), 4) / (near + 1e-3)


def fit_foreground(image: Image, mask: Mask) -> Foreground:
    """A given mask [1, 1, H, W] of an image, drawn in to the subject's own outline where it leaves room around it.

    A mask whose outline runs along edges already stays as it is. The certainty tells how well the outline fits.
    """
    height, width = mask.shape[-2:]
    rgb = _resized(np.ascontiguousarray(image[0].permute(1, 2, 0).cpu().numpy(), dtype=np.float32), FINE_SIDE)
    lab, size = _lab(rgb), (rgb.shape[1], rgb.shape[0])
    given = (cv2.resize(mask[0, 0].cpu().numpy(), size, interpolation=cv2.INTER_AREA) > 0.5).astype(np.uint8)
    if not given.any() or given.all() or _fit(given, lab) > EXACT:
        return Foreground(mask, True, certainty=1.0)
    labels = np.where(given > 0, cv2.GC_PR_FGD, cv2.GC_BGD).astype(np.uint8)
    labels[cv2.erode(given, np.ones((MOST_ROOM * 2 + 1,) * 2, np.uint8), borderValue=1) > 0] = cv2.GC_FGD
    drawn_in = _cut(rgb, labels, 3)
    if not drawn_in.any() or _fit(drawn_in, lab) < EXACT:
        return Foreground(mask, True)
    fine = cv2.resize(drawn_in.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC) > 0.5
    return Foreground(torch.from_numpy(fine.astype(np.float32))[None, None].to(mask) * mask, True, certainty=0.5)


def _flat(rgb: Map) -> float:
    """Share of the pixels that are exactly like those to the left of and above them: many in graphics, few in photographs."""
    step = max(1, rgb.shape[0] // 512)  # a sample of rows is enough
    here, upper = rgb[1::step], rgb[:-1:step]
    like_left = (here[:, 1:] == here[:, :-1]).all(2)
    like_upper = (here[:, 1:] == upper[:, 1:]).all(2)
    return float((like_left & like_upper).mean()) if like_left.size else 1.0


def _resized(rgb: Map, side: int) -> Map:
    scale = side / max(rgb.shape[:2])
    size = (max(8, round(rgb.shape[1] * scale)), max(8, round(rgb.shape[0] * scale)))
    return np.clip(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR), 0, 1)


def _lab(rgb: Map) -> Map:
    return cv2.cvtColor(rgb, cv2.COLOR_RGB2Lab)


def with_rim(mask: Mask, rim: int) -> Mask:
    """The mask [1, 1, H, W] widened by about `rim` px, so that its own outline lies inside."""
    return F.max_pool2d(mask, 2 * rim + 1, 1, rim).gt(0.5).to(mask.dtype)


def _rim(lab: Map, thickness: int = 3) -> Map:
    """The pixels [M, C] along the picture's border."""
    t = thickness
    parts = (lab[:t], lab[-t:], lab[:, :t], lab[:, -t:])
    return np.concatenate([part.reshape(-1, lab.shape[2]) for part in parts])


def _against_plain_backdrop(lab: Map, tolerance: float = 7.0) -> Bits | None:
    """The foreground before a backdrop of one color, or None if the border is not of one color."""
    rim = _rim(lab)
    backdrop = np.median(rim, axis=0)
    if np.mean(np.linalg.norm(rim - backdrop, axis=1) < tolerance) < 0.7:
        return None
    difference = np.linalg.norm(lab - backdrop, axis=2).astype(np.float32)
    halfway = 0.5 * cv2.dilate(difference, np.ones((5, 5), np.uint8))  # where a soft edge passes from one side to the other
    like_backdrop = (difference < np.clip(halfway, tolerance, 4 * tolerance)).astype(np.uint8)
    _count, labels = cv2.connectedComponents(like_backdrop, connectivity=4)
    outer = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    background = np.isin(labels, outer[outer > 0])
    enclosed = (
        like_backdrop.astype(bool)
        & ~background
        & _large_components(like_backdrop & ~background, lab.shape[0] * lab.shape[1] // 1000)
    )
    return (~background & ~enclosed).astype(np.uint8)


def _blotched(bits: Bits, lab: Map) -> bool:
    """Whether what stands out from a plain backdrop are many blotches without clear outlines: the backdrop is not plain."""
    count, _labels = cv2.connectedComponents(bits, connectivity=8)
    return count > MANY and _clarity(bits, lab) < BLURRED


def _large_components(bits: npt.NDArray[np.generic], least: int) -> npt.NDArray[np.bool_]:
    _count, labels, stats, _centers = cv2.connectedComponentsWithStats(bits.astype(np.uint8), connectivity=4)
    keep = stats[:, cv2.CC_STAT_AREA] >= least
    keep[0] = False
    return keep[labels]


def _saliency(lab: Map) -> Map:
    """How much each pixel differs from the border's colors and from its surround, 0 … 1, with a center prior."""
    rim = _rim(lab, 6)
    k = 4
    criteria = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 20, 0.5)
    cv2.setRNGSeed(0)
    _score, labels, centers = cv2.kmeans(np.ascontiguousarray(rim), k, None, criteria, 2, cv2.KMEANS_PP_CENTERS)
    shares = np.bincount(np.asarray(labels).ravel(), minlength=k) / float(len(rim))
    distance = np.full(lab.shape[:2], np.inf, np.float32)
    for center, share in zip(centers, shares, strict=True):
        if share > 0.08:
            distance = np.minimum(distance, np.linalg.norm(lab - center, axis=2))
    surround = np.linalg.norm(cv2.GaussianBlur(lab, (0, 0), 3) - cv2.GaussianBlur(lab, (0, 0), 60), axis=2)
    height, width = lab.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    center = np.exp(-(((x / width - 0.5) / 0.38) ** 2 + ((y / height - 0.52) / 0.42) ** 2))
    raw = cv2.GaussianBlur((0.65 * _unit(distance) + 0.35 * _unit(surround)) * center, (0, 0), 4)
    return _unit(raw)


def _unit(values: Map) -> Map:
    low, high = (float(np.percentile(values, q)) for q in (1, 99.5))
    return np.clip((values - low) / max(high - low, 1e-6), 0, 1).astype(np.float32)


def _people(rgb: Map, faces: Sequence[Face], width: int) -> Bits | None:
    """GrabCut's labels of a picture, once `width` px wide, with faces and what people have around and below them; or None."""
    if not faces:
        return None
    labels = np.full(rgb.shape[:2], cv2.GC_PR_BGD, np.uint8)
    scale = rgb.shape[1] / width
    for sure in (False, True):
        for face in faces:
            x, y, side = face.center[0] * scale, face.center[1] * scale, face.side * scale
            value = cv2.GC_FGD if sure else cv2.GC_PR_FGD
            head = (0.35, 0.42) if sure else (0.85, 1.0)
            middle = (round(x), round(y - (0.0 if sure else 0.1) * side))
            cv2.ellipse(labels, middle, (round(head[0] * side), round(head[1] * side)), 0, 0, 360, value, -1)
            neck, shoulders, bottom = (0.2, 0.5, 2.4) if sure else (0.5, 1.4, 3.2)
            torso = [(-neck, 0.5), (neck, 0.5), (shoulders, 1.3), (shoulders, bottom), (-shoulders, bottom), (-shoulders, 1.3)]
            cv2.fillPoly(labels, [np.array([(x + a * side, y + b * side) for a, b in torso]).round().astype(np.int32)], value)
    return labels


def _salient(rgb: Map) -> Bits:
    """GrabCut's labels of a picture, by saliency."""
    saliency = _saliency(_lab(rgb))
    labels = np.full(saliency.shape, cv2.GC_PR_BGD, np.uint8)
    labels[saliency > np.quantile(saliency, 0.68)] = cv2.GC_PR_FGD
    labels[saliency > np.quantile(saliency, 0.92)] = cv2.GC_FGD
    return labels


def _grab_cut(rgb: Map, rounds: int, people: Bits | None) -> Bits:
    labels = _salient(rgb) if people is None else people
    border = 2
    labels[:border], labels[:, :border], labels[:, -border:] = cv2.GC_BGD, cv2.GC_BGD, cv2.GC_BGD
    bits = _cut(rgb, labels, rounds)
    return np.pad(bits[border:-border, border:-border], border, mode="edge")  # it was background only for GrabCut's sake


def _refined(rgb: Map, rough: Bits, band: int = 5) -> Bits:
    """A rough mask at the size of a finer picture, decided anew only within `band` px of its outline."""
    size = (rgb.shape[1], rgb.shape[0])
    bits = (cv2.resize(rough.astype(np.float32), size, interpolation=cv2.INTER_LINEAR) > 0.5).astype(np.uint8)
    kernel = np.ones((2 * band + 1,) * 2, np.uint8)
    sure, possible = cv2.erode(bits, kernel, borderValue=1) > 0, cv2.dilate(bits, kernel) > 0
    if not sure.any() or possible.all():
        return bits
    labels = np.where(bits > 0, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    labels[sure], labels[~possible] = cv2.GC_FGD, cv2.GC_BGD
    return _cut(rgb, labels, 1)


def _cut(rgb: Map, labels: Bits, rounds: int) -> Bits:
    cv2.setRNGSeed(0)
    image = cv2.cvtColor((rgb * 255).astype(np.uint8), cv2.COLOR_RGB2BGR)
    cv2.grabCut(image, labels, None, np.zeros((1, 65)), np.zeros((1, 65)), rounds, cv2.GC_INIT_WITH_MASK)
    return np.isin(labels, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)


def _tidy(bits: Bits) -> Bits:
    """Without threads and specks."""
    return _without_specks(cv2.morphologyEx(bits, cv2.MORPH_OPEN, np.ones((2, 2), np.uint8)), 0.1)


def _without_specks(bits: Bits, least: float) -> Bits:
    """Without components of less than `least` of the largest, and without small holes."""
    _count, labels, stats, _centers = cv2.connectedComponentsWithStats(bits, connectivity=8)
    areas = stats[1:, cv2.CC_STAT_AREA]
    if not areas.size:
        return bits
    keep = np.concatenate([[False], areas >= max(areas.max() * least, 12)])
    kept = keep[labels]
    holes = ~kept
    return (kept | (holes & ~_large_components(holes, int(0.002 * bits.size)))).astype(np.uint8)


def _doubt(bits: Bits, clarity: float, lost: float, plain: bool, least: float) -> str:
    """Why the mask should not be relied on, or nothing."""
    share = float(bits.mean())
    if share < 0.01:
        return "No clear subject was found, so the whole picture is drawn."
    if plain:
        return "" if share < 0.98 else "The subject fills the picture, so the whole picture is drawn."
    if share < 0.05:
        return "The subject found is very small, so the whole picture is drawn."
    if share > 0.75:
        return "The subject fills the picture, so the whole picture is drawn."
    if clarity < least or lost > MOST_LOST:
        return "The subject could not be told from its surroundings, so the whole picture is drawn."
    return ""


def _clarity(bits: Bits, lab: Map) -> float:
    """How clearly the mask's outline shows in the picture, 0 … 1."""
    return _outline_support(bits, lab) * min(1.0, 0.5 + _outline_contrast(bits, lab) / 20)


def _lost(bits: Bits, lab: Map) -> float:
    """Share of the strong edges about the picture's middle that lie outside the mask, 0 … 1: a hat, a dark coat."""
    magnitude = _edges(lab)
    height, width = bits.shape
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    middle = np.exp(-(((x / width - 0.5) / 0.25) ** 2 + ((y / height - 0.5) / 0.3) ** 2))
    strong = magnitude * middle * (magnitude > np.quantile(magnitude, 0.85))
    outside = cv2.dilate(bits, np.ones((9, 9), np.uint8)) == 0
    return float(strong[outside].sum() / max(float(strong.sum()), 1e-9))


def _fit(bits: Bits, lab: Map) -> float:
    """Strength of the edges along the mask's outline beside the strongest within MOST_ROOM of it, at half of the outline."""
    magnitude, outline = _edges(lab), _outline(bits)
    here = cv2.dilate(magnitude, np.ones((3, 3), np.uint8))[outline]
    near = cv2.dilate(magnitude, np.ones((2 * MOST_ROOM + 1,) * 2, np.uint8))[outline]
    return float(np.median(here / np.maximum(near, 1e-6))) if here.size else 0.0


def _edges(lab: Map) -> Map:
    """Strength of the color edges."""
    blurred = cv2.GaussianBlur(lab, (0, 0), 1.5)
    gx, gy = cv2.Sobel(blurred, cv2.CV_32F, 1, 0), cv2.Sobel(blurred, cv2.CV_32F, 0, 1)
    return np.sqrt((gx**2 + gy**2).sum(2)).astype(np.float32)


def _outline(bits: Bits) -> npt.NDArray[np.bool_]:
    """Pixels along the mask's outline, without the picture's border."""
    outline = cv2.morphologyEx(bits, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0
    outline[:4], outline[-4:], outline[:, :4], outline[:, -4:] = False, False, False, False
    return outline


def _outline_contrast(bits: Bits, lab: Map) -> float:
    """Difference of the mean colors (ΔE) on both sides of the mask's outline, at its weaker parts (lower quartile)."""
    difference = _across(bits, lab, 6)[_outline(bits)]
    return float(np.quantile(difference, 0.25)) if difference.size else 0.0


def _across(bits: Bits, lab: Map, sigma: float) -> Map:
    """Difference of the mean colors (ΔE) inside and outside of the mask about each place."""

    def mean_of(side: Map) -> Map:
        share = cv2.GaussianBlur(side, (0, 0), sigma)[..., None]
        return cv2.GaussianBlur(lab * side[..., None], (0, 0), sigma) / (share + 1e-3)

    inner = bits.astype(np.float32)
    return np.linalg.norm(mean_of(inner) - mean_of(1 - inner), axis=2).astype(np.float32)


def _outline_support(bits: Bits, lab: Map) -> float:
    """Share of the mask's outline that runs along an edge of the picture stronger than most, 0 … 1."""
    magnitude = cv2.dilate(_edges(lab), np.ones((3, 3), np.uint8))
    outline = _outline(bits)
    return float(np.mean(magnitude[outline] > np.quantile(magnitude, 0.75))) if outline.any() else 0.0
