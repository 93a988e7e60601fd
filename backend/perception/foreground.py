"""Which part of a picture is the subject: found without weights, or honestly not found."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
import torch

from backend.core.image import Image, Mask
from backend.core.notes import Note
from backend.perception.contrast import full_contrast
from backend.perception.faces import Face
from backend.perception.grab_cut import (
    Cuttable,
    animal_labels,
    cut,
    grab_cut,
    large_components,
    people_labels,
    refined,
    resized,
    rim_colors,
    salient_labels,
    tidy,
    to_lab,
    without_specks,
)
from backend.perception.mask_outline import MOST_ROOM, clarity_of, fit_of, lost_edges, lost_lines, outline_told, without_vague
from backend.perception.mask_parts import with_parts
from backend.perception.sharpness import sharpness

NOT_TOLD = Note("The subject could not be told from its surroundings, so the whole picture is drawn.")
FILLS = Note("The subject fills the picture, so the whole picture is drawn.")

Map = npt.NDArray[np.float32]
Bits = npt.NDArray[np.uint8]  # 1 = keep

WORKING_SIDE = 1024  # px on the longer side, which larger pictures are brought to first
BACKDROP_SIDE = 512  # px on the longer side, where the backdrop is plain
SOFT_EDGE = 3  # px there, over which the backdrop's color passes into the subject's; what is bright farther in belongs to it
GLANCE_SIDE, ROUGH_SIDE, FINE_SIDE = 128, 256, 320  # px, where GrabCut takes a first look, finds the mask, refines its outline
ROUNDS = 3  # of GrabCut each time; two of them lose a car on gravel, and are sure of half a house
SETTLED = 0.004  # of the pixels: a round that moves fewer is the last one, but at a glance, where another may turn all
HOPELESS, LIKELY, TRUSTED, CLEAR = 0.5, 0.55, 0.78, 0.86  # clarity of an outline
TRUSTED_PERSON = 0.65  # the same, where there is a face
TRUSTED_ANIMAL = 0.5  # and of an animal …
NO_LESS, NOT_MUCH_LESS = 0.05, 0.15  # … which may fall behind that of what is salient by this if that is trusted, or else
LEAST_PERSON = 0.06  # of the picture's longer side: people with smaller faces pass by
EXACT = 0.58  # how well the outline of a mask fits that was cut out with care
MANY, BLURRED = 8, 0.8  # things on a plain backdrop, and the clarity that so many have at least
DRAWN = 0.5  # how high the outline of a mask that was found may be drawn beside that of an exact one
FLAT = 0.7  # share of pixels of a graphic that equal their neighbors
LEAST_HOLE = 200  # times this in a picture: smaller ones are bright eyes rather than openings
LEAST_FILLED = 0.65  # of the hull about a mask of several parts
MOST_LOST = 0.25  # share of the strong edges about the middle that a mask may leave out
MOST_LINES_LOST = 0.28  # the same of clear lines: .19 at most of good masks, .35 of a bus whose upper half was left out


@dataclass(frozen=True)
class Foreground:
    """A foreground mask, and whether to rely on it."""

    mask: Mask  # [1, 1, H, W] at the image's size, 1 = keep
    trusted: bool
    reason: str = ""  # a sentence for the user, when it is not trusted
    certainty: float = 0.0  # 0 … 1, how far its outline itself may be drawn as a line
    interest: Mask | None = None  # [1, 1, H, W] 0 … 1, where the subject probably is, when the mask is not trusted
    silhouette: Mask | None = None  # [1, 1, H, W] the mask, as high as its outline may be drawn as a line there; None: nowhere
    drawn: bool = False  # the picture is a line drawing already


def find_foreground(image: Image, faces: Iterable[Face] = (), others: Iterable[Face] = ()) -> Foreground:
    """The foreground of an image [1, 3, H, W] by its plain backdrop, or else by saliency and GrabCut (Rother et al. 2004).

    Where there are people's faces (px of the image), not all small, people are looked for instead of what is salient. The
    faces are asked for only when the picture has told what it can without them: they may still be looked for. The others,
    asked for last, may be of tilted heads, or of animals, which are looked for if their outline is no less clear.

    The mask is trusted if its size is plausible and its outline runs along edges of the picture.
    """
    image = full_contrast(image)
    height, width = image.shape[-2:]
    full = image[0].permute(1, 2, 0).cpu().numpy()
    rgb = resized(full, WORKING_SIDE) if max(height, width) > WORKING_SIDE else np.ascontiguousarray(full)
    lab = to_lab(resized(rgb, BACKDROP_SIDE))
    bits, plain = _against_plain_backdrop(lab), False
    if bits is not None:
        standing = without_specks(bits, 0.005)
        bits = without_vague(standing, lab)
        plain = 2 * bits.sum() >= standing.sum() and not _blotched(bits, lab)
    if not plain and _flat(full) > FLAT:
        everything = torch.ones_like(image[:, :1])
        return Foreground(everything, False, Note("This looks like a graphic or a screenshot, so the whole picture is drawn."))
    people, least_side = list[Face](), LEAST_PERSON * max(height, width)
    if bits is None or not plain:
        fine = resized(rgb, FINE_SIDE)
        lab = to_lab(fine)
        ready = Cuttable.of(fine)  # people's faces are still looked for
        bits, people = _salient_or_people(rgb, faces, least_side, width)
        bits = tidy(refined(ready, bits))
    clarity = 1.0 if plain else clarity_of(bits, lab)
    least = TRUSTED_PERSON if people else TRUSTED
    later, told = [] if plain or people else [*others], False
    people = people or _people(later, least_side)
    seen = later and (people or [face for face in later if not face.person])
    if seen:
        about = _about_faces(seen, rgb, width)
        sure = clarity_of(about, lab)
        behind = NO_LESS if clarity > TRUSTED else NOT_MUCH_LESS
        told = not people and sure > max(TRUSTED_ANIMAL, clarity - behind)
        if people or told:
            bits, clarity, least = about, sure, TRUSTED_PERSON if people else TRUSTED_ANIMAL
    reason = _doubt(bits, clarity, 0.0 if plain or told else lost_edges(bits, lab), plain, least)
    if not plain and not reason:
        with ThreadPoolExecutor(1) as thread:
            whole = thread.submit(with_parts, bits, lab)
            if not people and not told and lost_lines(bits, fine) > MOST_LINES_LOST:
                reason = NOT_TOLD
            else:
                bits = whole.result()
    certainty = 1.0 if plain else 0.5 if clarity > CLEAR else 0.0
    mask = cv2.resize(bits.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    interest = _interest(bits, (width, height)) if reason and clarity > LIKELY else None
    found = torch.from_numpy((mask > 0.5).astype(np.float32))[None, None]
    silhouette = found if plain else DRAWN * found * _upsampled(outline_told(bits, lab), (width, height))
    return Foreground(found, not reason, reason, certainty, interest, None if reason else silhouette)


def _salient_or_people(rgb: Map, faces: Iterable[Face], least: float, width: int) -> tuple[Bits, list[Face]]:
    """What GrabCut takes for people with faces larger than `least` px of a picture once `width` px wide, and those faces;
    without any, for what is salient."""
    rough = resized(rgb, ROUGH_SIDE)
    sharp = sharpness(rgb, (rough.shape[0], rough.shape[1]))
    bits, clarity, counts = _glanced(resized(rgb, GLANCE_SIDE), sharp)  # most pictures show no people
    hopeless = clarity <= HOPELESS  # GrabCut takes long on mere texture, for nothing
    labels, ready = None if hopeless else salient_labels(rough, sharp if counts else None), Cuttable.of(rough)
    people = _people(faces, least)
    if people:
        labels = people_labels(rough, people, width)
    return bits if labels is None else tidy(grab_cut(ready, ROUNDS, labels, SETTLED)), people


def _people(faces: Iterable[Face], least: float) -> list[Face]:
    """The faces of people that are larger than `least` px."""
    return [face for face in faces if face.person and face.side > least]


def _about_faces(faces: list[Face], rgb: Map, width: int) -> Bits:
    """What GrabCut finds about faces, all of people or all of animals, in a picture once `width` px wide, at FINE_SIDE."""
    rough = resized(rgb, ROUGH_SIDE)
    labels = people_labels(rough, faces, width) if faces[0].person else animal_labels(rough, faces, width)
    bits = tidy(grab_cut(rough, ROUNDS, labels, SETTLED))
    return tidy(refined(resized(rgb, FINE_SIDE), bits))


def _glanced(rgb: Map, sharp: Map) -> tuple[Bits, float, bool]:
    """What a first look finds salient, how clear its outline is, and whether it became clearer as what is sharp counted."""
    lab, size = to_lab(rgb), (rgb.shape[1], rgb.shape[0])
    seeds = salient_labels(rgb), salient_labels(rgb, cv2.resize(sharp, size, interpolation=cv2.INTER_AREA))
    ready = Cuttable.of(rgb)
    found = [tidy(grab_cut(ready, ROUNDS, labels)) for labels in seeds]
    usual, sharper = (clarity_of(bits, lab) for bits in found)
    return (found[1], sharper, True) if sharper > usual else (found[0], usual, False)


def _interest(bits: Bits, size: tuple[int, int]) -> Mask:
    """A doubtful mask [1, 1, H, W] with soft borders."""
    wide = cv2.dilate(bits, np.ones((5, 5), np.uint8)).astype(np.float32)
    return _upsampled(cv2.GaussianBlur(wide, (0, 0), 0.02 * max(bits.shape)), size)


def _upsampled(values: Map, size: tuple[int, int]) -> Mask:
    return torch.from_numpy(cv2.resize(values, size, interpolation=cv2.INTER_LINEAR))[None, None]


def fit_foreground(image: Image, mask: Mask) -> Foreground:
    """A given mask [1, 1, H, W] of an image, drawn in to the subject's own outline where it leaves room around it.

    A mask whose outline runs along edges already stays as it is. The certainty tells how well the outline fits.
    """
    height, width = mask.shape[-2:]
    rgb = resized(np.ascontiguousarray(image[0].permute(1, 2, 0).cpu().numpy(), dtype=np.float32), FINE_SIDE)
    lab, size = to_lab(rgb), (rgb.shape[1], rgb.shape[0])
    given = (cv2.resize(mask[0, 0].cpu().numpy(), size, interpolation=cv2.INTER_AREA) > 0.5).astype(np.uint8)
    if not given.any() or given.all() or fit_of(given, lab) > EXACT:
        return Foreground(mask, True, certainty=1.0)
    labels = np.where(given > 0, cv2.GC_PR_FGD, cv2.GC_BGD).astype(np.uint8)
    labels[cv2.erode(given, np.ones((MOST_ROOM * 2 + 1,) * 2, np.uint8), borderValue=1) > 0] = cv2.GC_FGD
    drawn_in = cut(rgb, labels, 3)
    if not drawn_in.any() or fit_of(drawn_in, lab) < EXACT:
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


def with_rim(mask: Mask, rim: int) -> Mask:
    """The mask [1, 1, H, W] widened by about `rim` px, so that its own outline lies inside."""
    kept = (mask[0, 0] > 0.5).cpu().numpy().astype(np.uint8)
    wide = cv2.dilate(kept, np.ones((2 * rim + 1, 2 * rim + 1), np.uint8))  # ten times as fast as max_pool2d
    return torch.from_numpy(wide).to(mask)[None, None]


def near_outline(mask: Mask, reach: int) -> Mask:
    """1 within about `reach` px of a mask's outline, passing into 0 farther away [1, 1, H, W]; the picture's border is none."""
    kept = (mask[0, 0] > 0.5).cpu().numpy().astype(np.uint8)
    outline = cv2.morphologyEx(kept, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    wide = cv2.dilate(outline, np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)).astype(np.float32)
    return torch.from_numpy(cv2.GaussianBlur(wide, (0, 0), reach / 2)).to(mask)[None, None]


def _against_plain_backdrop(lab: Map, tolerance: float = 7.0) -> Bits | None:
    """The foreground before a backdrop of one color, or None if the border is not of one color."""
    rim = rim_colors(lab)
    backdrop = np.median(rim, axis=0)
    if np.mean(np.linalg.norm(rim - backdrop, axis=1) < tolerance) < 0.7:
        return None
    difference = np.linalg.norm(lab - backdrop, axis=2).astype(np.float32)
    like_backdrop = (difference < tolerance).astype(np.uint8)
    _count, labels = cv2.connectedComponents(like_backdrop, connectivity=4)
    outer = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    background = np.isin(labels, outer[outer > 0])
    enclosed = (
        like_backdrop.astype(bool)
        & ~background
        & large_components(like_backdrop & ~background, lab.shape[0] * lab.shape[1] // LEAST_HOLE)
    )
    halfway = 0.5 * cv2.dilate(difference, np.ones((5, 5), np.uint8))  # where a soft edge passes from one side to the other
    beyond = (difference > np.clip(halfway, tolerance, 4 * tolerance)).astype(np.uint8)
    known = (background | enclosed).astype(np.uint8)
    for _ in range(SOFT_EDGE):
        known |= cv2.dilate(known, np.ones((3, 3), np.uint8)) & (1 - beyond)
    return 1 - known


def _blotched(bits: Bits, lab: Map) -> bool:
    """Whether what stands out from a plain backdrop are many blotches without clear outlines: the backdrop is not plain."""
    count, _labels = cv2.connectedComponents(bits, connectivity=8)
    return count > MANY and clarity_of(bits, lab) < BLURRED


def _scattered(bits: Bits) -> bool:
    """Whether a mask is of parts with much between them, as of a person in dark clothes before a dark wall."""
    count, _labels = cv2.connectedComponents(bits, connectivity=8)
    hull = cv2.convexHull(np.argwhere(bits)[:, ::-1].astype(np.int32))
    return count > 2 and float(bits.sum()) < LEAST_FILLED * cv2.contourArea(hull)


def _doubt(bits: Bits, clarity: float, lost: float, plain: bool, least: float) -> str:
    """Why the mask should not be relied on, or nothing."""
    share = float(bits.mean())
    if share < 0.01:
        return Note("No clear subject was found, so the whole picture is drawn.")
    if plain:
        return "" if share < 0.98 else FILLS
    if share < 0.05:
        return Note("The subject found is very small, so the whole picture is drawn.")
    if share > 0.75:
        return FILLS
    if clarity < least or lost > MOST_LOST or _scattered(bits):
        return NOT_TOLD
    return ""
