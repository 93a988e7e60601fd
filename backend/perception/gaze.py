"""Animals that look at us: where their two eyes and their nose are, if that is sure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Lock

import cv2
import cv2.data
import numpy as np
import numpy.typing as npt

from backend.core.image import Image, Mask
from backend.perception.face_window import BETWEEN, LEVEL, FaceWindow, warped, window_onto
from backend.perception.ring import Ring, Row

Gray = npt.NDArray[np.uint8]  # [H, W]
Map = npt.NDArray[np.float32]  # [H, W]
Point = npt.NDArray[np.float64]  # [2] x, y

SIDE = 448  # px, the subject's longer side where eyes are looked for …
ROOM = 0.04  # … with so much of it around it
MOST_ENLARGED = 2.0
LEAST_EYE, MOST_EYE, STEP = 18, 0.3, 1.12  # px, share of the longer side, from size to size: squares that the cascade looks at
MOST_EYES, MOST_PAIRS = 40, 6  # that are looked at closely, surest first
ALMOST = 0.12  # distance of an eye from another beside that of two: the same face
SAME, NEAR = 0.45, 0.25  # hits of one eye: logarithm of their sizes' ratio, and distance beside the size
TILT = 0.5  # tangent of a face's tilt, at most
APART, LEAST_APART = (1.1, 3.6), 0.085  # distance of two eyes beside the cascade's square, and beside the subject's longer side
LOOKS = (64, 52, 80)  # px between the eyes, at which both are looked at again, level, straight and mirrored
SQUARE, OFF = (0.3, 0.85), 0.2  # the cascade's square then, and how far from their places eyes may be: distances between them
FIT = (1.45, 2.8)  # distance of two eyes beside the cascade's square in the end
LEAST_LOOKS = 4.0  # how surely the cascade sees two eyes in all looks: the geometric mean of its sure hits
LEAST_RING, LEAST_ALIKE = 3.3, 0.45  # of lightness about each eye; likeness of one eye and the other in a mirror, -1 … 1
LEAST_BRIDGE, LEAST_MUZZLE = 8.0, 8.0  # of lightness: the bridge of the nose lighter than the eyes, a spot below them darker
LEAST_INSIDE, LEAST_BROW = 0.85, 0.8  # share of the face and of the brow that is the subject's
LEAST_SURE, WITHOUT_NOSE = 6.4, 8.6  # sum of all evidence, with a nose and without
PUPIL_CONTRAST, MOST_PUPIL = 1.5, 0.65  # of lightness; radius beside the eye's …
UNLIKE = 1.5  # … of one pupil beside the other's …
PUPIL = 0.45  # … of a pupil that cannot be told from its iris, too
LEAST_NOSE, NOSE_CONTRAST = 13.0, 6.0  # px of a window's radius; of lightness
NOSE_UNEVEN = 0.2  # how far a nose's halves may differ, of its radius
NOSE_ASIDE, NOSE_BELOW = 0.16, 1.2  # how far beside the middle and below the eyes a nose may be, distances of eyes
LOOKING = Lock()  # a cascade keeps what it looks at


@dataclass(frozen=True)
class Gaze:
    """The features of a face that looks at us: closed rows of points [M, 2], px of the picture."""

    eyes: tuple[Row, Row]
    pupils: tuple[Row, Row]
    nose: Row | None


Eyes = npt.NDArray[np.float64]  # [N, 4] x, y and side of the cascade's square, px, and how sure each is
Eye = npt.NDArray[np.float64]  # [4] one of them


@dataclass(frozen=True)
class _Subject:
    """The part of a picture that is searched."""

    gray: Gray
    lightness: Map  # 0 … 100
    inside: Map  # 1 = the subject
    corner: Point  # px of the picture
    scale: float

    @classmethod
    def of(cls, image: Image, mask: Mask) -> _Subject | None:
        """The subject of an image [1, 3, H, W] and its mask [1, 1, H, W]."""
        bits = mask[0, 0].cpu().numpy() > 0.5
        rows, columns = np.flatnonzero(bits.any(1)), np.flatnonzero(bits.any(0))
        if not len(rows):
            return None
        room = round(ROOM * max(np.ptp(rows), np.ptp(columns)))
        top, left = max(0, rows[0] - room), max(0, columns[0] - room)
        part = (slice(top, rows[-1] + 1 + room), slice(left, columns[-1] + 1 + room))
        rgb = image[0].permute(1, 2, 0).cpu().numpy()[part]
        scale = min(MOST_ENLARGED, SIDE / max(rgb.shape[:2]))
        size = (max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale)))
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        small = cv2.resize(np.ascontiguousarray(rgb, dtype=np.float32).clip(0, 1), size, interpolation=how)
        inside = cv2.resize(bits[part].astype(np.float32), size, interpolation=cv2.INTER_AREA)
        gray: Gray = cv2.cvtColor((small * 255).astype(np.uint8), cv2.COLOR_RGB2GRAY)
        lightness = cv2.cvtColor(small, cv2.COLOR_RGB2LAB)[..., 0]
        return cls(gray, lightness, inside, np.array([left, top], float), scale)

    @property
    def side(self) -> int:
        return max(self.gray.shape)


Pose = tuple[Point, Point]  # of the left eye and the right, as we see them


def find_gaze(image: Image, mask: Mask) -> Gaze | None:
    """The eyes and the nose of an animal in an image [1, 3, H, W] that is the subject of a mask [1, 1, H, W]; None: not sure.

    Two eyes as a cascade of Haar features sees them (Viola and Jones 2001), level within 27 degrees, in each other's mirror,
    each with a closed edge about it, lighter between them, and something dark below.
    """
    subject = _Subject.of(image, mask)
    if subject is None or min(subject.gray.shape) <= 2 * LEAST_EYE:
        return None
    return next((gaze for gaze in (_judged(subject, pose) for pose in _poses(subject)) if gaze), None)


@cache
def _cascade() -> cv2.CascadeClassifier:
    return cv2.CascadeClassifier(str(Path(cv2.data.haarcascades) / "haarcascade_eye.xml"))


def _hits(gray: Gray, least: int, most: int) -> Eyes:
    """What the cascade takes for eyes in a picture and in its mirror, and how surely, 0 … 1."""
    found = [np.empty((0, 4))]
    for mirrored in (False, True):
        shown = np.ascontiguousarray(gray[:, ::-1]) if mirrored else gray
        with LOOKING:
            boxes, _stages, margins = _cascade().detectMultiScale3(
                shown, STEP, 0, minSize=(least, least), maxSize=(most, most), outputRejectLevels=True
            )
        if len(boxes):
            order = np.lexsort(np.asarray(boxes).T)  # several threads find them in any order
            left, top, side, _height = np.asarray(boxes, float)[order].T
            sure = 1 / (1 + np.exp(-1.5 * np.ravel(margins)[order]))
            x = gray.shape[1] - left - side / 2 if mirrored else left + side / 2
            found.append(np.stack([x, top + side / 2, side, sure], 1))
    return np.concatenate(found)


def _together(hits: Eyes) -> Eye:
    """Hits of one eye as one."""
    sure = hits[:, 3]
    return np.append(sure @ hits[:, :3] / sure.sum(), sure.sum())


def _eyes(subject: _Subject) -> list[Eye]:
    """Places of eyes, surest first."""
    left = _hits(subject.gray, LEAST_EYE, int(MOST_EYE * subject.side))
    left = left[np.argsort(-left[:, 3], kind="stable")]
    eyes = []
    while len(left):
        x, y, side, _sure = left[0]
        same = np.hypot(left[:, 0] - x, left[:, 1] - y) < NEAR * side
        same &= np.abs(np.log(left[:, 2] / side)) < SAME
        eyes.append(_together(left[same]))
        left = left[~same]
    return sorted(eyes, key=lambda eye: -float(eye[3]))[:MOST_EYES]


def _poses(subject: _Subject) -> Iterator[Pose]:
    """Pairs of eyes that may be those of one face, surest first."""
    eyes = _eyes(subject)
    pairs = [(one, other) for one in eyes for other in eyes if _level(one, other, LEAST_APART * subject.side)]
    poses: list[Pose] = []
    for one, other in sorted(pairs, key=lambda pair: -float(pair[0][3] * pair[1][3])):
        pose = one[:2], other[:2]
        if len(poses) < MOST_PAIRS and not any(_same(pose, before) for before in poses):
            poses.append(pose)
            yield pose


def _same(pose: Pose, other: Pose) -> bool:
    """Whether both eyes of a face are about where those of another are."""
    apart = np.hypot(*(pose[1] - pose[0]))
    return all(np.hypot(*(eye - before)) < ALMOST * apart for eye, before in zip(pose, other, strict=True))


def _level(one: Eye, other: Eye, least: float) -> bool:
    x, y = other[:2] - one[:2]
    size = np.sqrt(one[2] * other[2])
    fits = APART[0] * size < np.hypot(x, y) < APART[1] * size and abs(np.log(one[2] / other[2])) < SAME
    return bool(fits and x > least and abs(y) < TILT * x)


def _judged(subject: _Subject, pose: Pose) -> Gaze | None:
    """The face with these eyes, if all tells that it is one."""
    if not _plausible(FaceWindow.of(subject.lightness, subject.inside, *pose), 0.5):
        return None
    looked = _looked(subject.gray, pose)
    if looked is None:
        return None
    pose, looks = looked
    face = FaceWindow.of(subject.lightness, subject.inside, *pose)
    if not _plausible(face, 1.0):
        return None
    eyes, nose = face.eyes(), face.nose()
    sureness = _sureness(face, eyes, looks)
    drawn = nose if _is_nose(nose) else None
    return _gaze(subject, pose, face, eyes, drawn) if sureness > (LEAST_SURE if drawn else WITHOUT_NOSE) else None


def _sureness(face: FaceWindow, eyes: tuple[Ring, Ring], looks: float) -> float:
    """The sum of what tells that a face is one; 0 where something tells that it is none."""
    alike, clear = face.alike(), min(eye.contrast for eye in eyes)
    if clear < LEAST_RING or alike < LEAST_ALIKE:
        return 0.0
    return float(np.log(looks)) + 1.5 * face.symmetry() + min(face.muzzle() / 8, 1.5) + 2 * alike + 0.1 * clear


def _is_nose(ring: Ring) -> bool:
    aside, below = np.abs(np.asarray(ring.middle) - LEVEL) / BETWEEN
    clear = ring.contrast > NOSE_CONTRAST and ring.radii.mean() > LEAST_NOSE
    return bool(clear and ring.unevenness < NOSE_UNEVEN and aside < NOSE_ASIDE and below < NOSE_BELOW)


def _is_pupil(ring: Ring, eye: Ring) -> bool:
    return bool(ring.contrast > PUPIL_CONTRAST and ring.radii.mean() < MOST_PUPIL * eye.radii.mean())


def _plausible(face: FaceWindow, strictness: float) -> bool:
    """Whether a face is the subject's, is lighter between the eyes, and has something dark below; less strictly, nearly so."""
    inside, brow = face.share_inside()
    within = inside > strictness * LEAST_INSIDE and brow > strictness * LEAST_BROW
    return within and face.bridge() > strictness * LEAST_BRIDGE and face.muzzle() > strictness * LEAST_MUZZLE


def _looked(gray: Gray, pose: Pose) -> tuple[Pose, float] | None:
    """Where the eyes are when they are looked at again, and how surely; None: not sure enough."""
    hits: tuple[list[Eye], list[Eye]] = ([], [])
    for between in LOOKS:
        for which, eye in _seen_again(gray, pose, between):
            hits[which].append(eye)
        if not all(hits):
            return None
    (one, other), old = (_together(np.array(eye)) for eye in hits), float(np.hypot(*(pose[1] - pose[0])))
    looks, square = float(np.sqrt(one[3] * other[3])), old * float(np.sqrt(one[2] * other[2]))
    fits = FIT[0] < np.hypot(*(other[:2] - one[:2])) / square < FIT[1] and abs(np.log(one[2] / other[2])) < SAME
    return ((one[:2], other[:2]), looks) if looks > LEAST_LOOKS and fits else None


def _seen_again(gray: Gray, pose: Pose, between: int) -> Iterator[tuple[int, Eye]]:
    """Hits about the left eye (0) and the right (1) where they are level and so many px apart; sizes in distances of eyes."""
    onto = window_onto(*pose, between, np.array([between, between / 2]))
    finer = float(np.hypot(*onto[:, 0]))
    soft: Gray = np.asarray(cv2.GaussianBlur(gray, (0, 0), 0.45 * finer), np.uint8) if finer > 1.4 else gray
    shown = warped(soft, onto, (between, 2 * between))
    for hit in _hits(shown, max(20, int(SQUARE[0] * between)), int(SQUARE[1] * between)):
        x, y = hit[:2] / between
        which = int(x > 1)
        if abs(x - 0.5 - which) < OFF and abs(y - 0.5) < OFF:
            yield which, np.array([*(onto[:, :2] @ hit[:2] + onto[:, 2]), hit[2] / between, hit[3]])


def _gaze(subject: _Subject, pose: Pose, face: FaceWindow, eyes: tuple[Ring, Ring], nose: Ring | None) -> Gaze:
    """The features of a face in px of the picture."""
    window = window_onto(*pose, BETWEEN, LEVEL)

    def outside(ring: Ring) -> Row:
        return (ring.points @ window[:, :2].T + window[:, 2] + 0.5) / subject.scale + subject.corner

    pupils = face.pupils()
    sizes = [float(pupil.radii.mean()) for pupil in pupils]
    if max(sizes) > UNLIKE * min(sizes) or not all(_is_pupil(pupil, eye) for pupil, eye in zip(pupils, eyes, strict=True)):
        pupils = eyes[0].shrunk(PUPIL), eyes[1].shrunk(PUPIL)
    return Gaze(
        (outside(eyes[0]), outside(eyes[1])), (outside(pupils[0]), outside(pupils[1])), None if nose is None else outside(nose)
    )
