"""Faces seen from the front, of people and of cats and their like: the part of a picture that is looked at first."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import cv2
import cv2.data
import numpy as np
import numpy.typing as npt

from backend.core.image import Image

Gray = npt.NDArray[np.uint8]  # [H, W]
Pixels = npt.NDArray[np.float32]  # [H, W, 3], and [H, W] of luma

SEARCH_SIDE = 640  # px, the longer side of the picture that is searched
TILTED_SIDE = 320  # px, the same of one that is turned
LEAST_SIDE = 28  # px of it; smaller faces have no features to draw
MOST_FACES = 24  # that are looked at closely, largest first
STEP, AGREEING = 1.1, 3  # from size to size; hits of the detector, side by side, that make a candidate
LOOKS = (56, 68, 80, 96)  # px, sizes at which a face is seen again, straight and mirrored …
AROUND = 0.45  # of its side, that is seen with it
PEOPLE = ("frontalface_alt2", "frontalface_alt", "frontalface_default")  # the first of these cascades proposes, all confirm …
PEOPLE_MISSES = 1  # … of all their looks this many may miss
ANIMALS = ("frontalcatface", "frontalcatface_extended")  # both propose and confirm …
ANIMAL_SIDE, ANIMAL_LEAST, ANIMAL_STEP = 480, 38, 1.07
ANIMAL_EACH, ANIMAL_ALL = 4, 11  # … with so many looks each and together: fur is less like fur than skin is like skin
LEAST_CONTRAST = 0.02  # standard deviation of a face's luma
DARKER = 0.25  # by how many such deviations the eyes are darker than the cheeks and the bridge of the nose
EYES, BRIDGE, CHEEKS = ((8, 18), (30, 40)), ((21, 27),), ((8, 16), (32, 40))  # columns of a face 48 px wide …
EYE_ROWS, CHEEK_ROWS = (12, 20), (24, 32)  # … and rows
SKIN_HUES, SKIN_CHROMA = (15.0, 85.0), 8.0  # degrees from red to yellow in CIELAB, for all complexions; at least so colorful
GLANCE, MOST_TINT = (64, 64), 6.0  # px of a picture in which is seen whether it is gray, and how far its colors differ then
FUR_HUES, FUR_CHROMA = (15.0, 110.0), 25.0  # degrees from brown to yellow; what is so colorful in another hue is no fur …
MOST_UNLIKE_FUR = 0.06  # … and takes so much of a face at most: eyes, a collar
TILT = 25.0  # degrees by which a picture that shows no upright face is turned, once to each side
LEAST_TILTED = 0.12  # of the picture's longer side: smaller tilted faces are not looked for
TWICE_AS_LARGE = 2  # looks that a face twice as large is surer by: a chin may look like a face, too


@dataclass(frozen=True)
class Face:
    """A square from the brows to the chin, px of the picture that was searched; turned about its middle with a tilted head."""

    left: float
    top: float
    side: float
    person: bool = True  # or an animal
    tilt: float = 0.0  # degrees, clockwise

    @property
    def center(self) -> tuple[float, float]:
        """x, y."""
        return self.left + self.side / 2, self.top + self.side / 2

    def place(self, right: float, down: float) -> tuple[float, float]:
        """x, y of what lies so many sides from the middle, as the head is tilted."""
        cos, sin = math.cos(math.radians(self.tilt)), math.sin(math.radians(self.tilt))
        x, y = self.center
        return x + self.side * (right * cos - down * sin), y + self.side * (right * sin + down * cos)


def find_faces(image: Image) -> list[Face]:
    """The faces in an image [1, 3, H, W], largest first, by cascades of Haar features (Viola and Jones 2001).

    Finds upright faces seen from the front: people's of at least a 23rd of the picture's longer side; else larger ones of
    people with tilted heads; else those of cats and animals with faces like theirs of at least a twelfth.
    """
    return find_people(image) or find_others(image)


def find_people(image: Image) -> list[Face]:
    """Upright faces of people, as `find_faces` says."""
    rgb = _pixels(image)
    candidates = [face for face in _people(rgb) if _has_eyes(rgb, face) or _has_skin(rgb, face)]  # that is soon seen
    return _apart(_confirmed(rgb, PEOPLE, candidates))


def find_others(image: Image) -> list[Face]:
    """What `find_faces` looks for where no people's faces are upright."""
    return _tilted(_pixels(image)) or find_animals(image)


def find_animals(image: Image) -> list[Face]:
    """The faces of cats and animals like them, as `find_faces` says."""
    rgb = _pixels(image)
    return _apart([face for face in _confirmed(rgb, ANIMALS, _animals(rgb)) if _has_fur(rgb, face)])


def _pixels(image: Image) -> Pixels:
    return np.ascontiguousarray(image[0].permute(1, 2, 0).cpu().numpy(), dtype=np.float32)


@cache
def _cascade(name: str) -> cv2.CascadeClassifier:
    return cv2.CascadeClassifier(str(Path(cv2.data.haarcascades) / f"haarcascade_{name}.xml"))


def _people(rgb: Pixels) -> list[Face]:
    return _proposed(rgb, PEOPLE[:1], SEARCH_SIDE, STEP, LEAST_SIDE, AGREEING)


def _tilted(rgb: Pixels) -> list[Face]:
    """Large faces of people whose heads are tilted to one side: those that are upright in a picture turned by TILT degrees."""
    height, width = rgb.shape[:2]
    scale = min(1.0, TILTED_SIDE / max(height, width))
    least = max(LEAST_SIDE, round(LEAST_TILTED * scale * max(height, width)))
    small = cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else rgb
    found = [face for tilt in (-TILT, TILT) for face in _upright_if_turned(small, tilt, least)]
    return _apart([replace(face, left=face.left / scale, top=face.top / scale, side=face.side / scale) for face in found])


def _upright_if_turned(rgb: Pixels, tilt: float, least: int) -> list[Face]:
    """Faces of at least a side, px, that are tilted by so many degrees."""
    height, width = rgb.shape[:2]
    onto = cv2.getRotationMatrix2D((width / 2, height / 2), tilt, 1.0)
    cos, sin = abs(onto[0, 0]), abs(onto[0, 1])
    size = math.ceil(height * sin + width * cos), math.ceil(height * cos + width * sin)
    onto[:, 2] += (size[0] - width) / 2, (size[1] - height) / 2
    turned = cv2.warpAffine(rgb, onto, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    likely = [face for face in _proposed(turned, PEOPLE[:1], max(size), STEP, least, AGREEING) if _is_face(turned, face)]
    back = cv2.invertAffineTransform(onto)
    faces = []
    for face in _confirmed(turned, PEOPLE, likely):
        x, y = back @ (*face.center, 1.0)
        faces.append(Face(float(x) - face.side / 2, float(y) - face.side / 2, face.side, tilt=tilt))
    return faces


def _is_face(rgb: Pixels, face: Face) -> bool:
    """Whether a face has both what tells one in colors and what tells one in tones: a turned picture has more likenesses."""
    return _has_eyes(rgb, face) and (_has_skin(rgb, face) or _is_gray(rgb))


def _animals(rgb: Pixels) -> list[Face]:
    found = _proposed(rgb, ANIMALS, ANIMAL_SIDE, ANIMAL_STEP, ANIMAL_LEAST, 1)
    return [Face(face.left, face.top, face.side, person=False) for face in found]


def _proposed(rgb: Pixels, names: Sequence[str], side: int, step: float, least: int, agreeing: int) -> list[Face]:
    """What any of the cascades takes for faces in a picture brought to a side, largest first."""
    height, width = rgb.shape[:2]
    scale = min(1.0, side / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    if min(size) <= least:
        return []
    gray = _gray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA))
    boxes = [box for name in names for box in _hits(name, gray, step, agreeing, (least, min(size)))]
    faces = [Face(left / scale, top / scale, side / scale) for left, top, side in boxes]
    return sorted(faces, key=lambda face: (-face.side, face.left, face.top))[:MOST_FACES]


def _hits(name: str, gray: Gray, step: float, agreeing: int, sides: tuple[int, int]) -> list[tuple[int, int, int]]:
    """What a cascade takes for faces of sides from the least to the largest, px: left, top, side."""
    least, most = sides
    found = _cascade(name).detectMultiScale(gray, step, agreeing, minSize=(least, least), maxSize=(most, most))
    return [(int(left), int(top), int(side)) for left, top, side, _height in found]


def _confirmed(rgb: Pixels, names: Sequence[str], candidates: Sequence[Face]) -> list[Face]:
    """The candidates that the cascades see again from other distances and in a mirror, surest first, then largest."""
    sure = []
    for face in candidates:
        seen = _looks(rgb, face, names)
        if seen is not None:
            sure.append((0.0 if face.person else seen + TWICE_AS_LARGE * float(np.log2(face.side)), face))
    return [face for _looks_of, face in sorted(sure, key=lambda one: (-one[0], -one[1].side, one[1].left, one[1].top))]


def _looks(rgb: Pixels, face: Face, names: Sequence[str]) -> int | None:
    """How often, in all, cascades see a face that is brought to the looks' sizes, straight and mirrored.

    None as soon as it was missed too often.
    """
    most = len(names) * 2 * len(LOOKS)
    least_each, least_all = (0, most - PEOPLE_MISSES) if face.person else (ANIMAL_EACH, ANIMAL_ALL)
    missed = dict.fromkeys(names, 0)
    for gray, sides in _seen_again(rgb, face):
        for name in names:
            missed[name] += not _hits(name, gray, STEP, 2, sides)
            if missed[name] > 2 * len(LOOKS) - least_each or sum(missed.values()) > most - least_all:
                return None
    return most - sum(missed.values())


def _seen_again(rgb: Pixels, face: Face) -> Iterator[tuple[Gray, tuple[int, int]]]:
    """A face and what is around it from other distances and in a mirror, and of which sides it may be there, px."""
    room = AROUND * face.side
    left, top = max(0, int(face.left - room)), max(0, int(face.top - room))
    part = rgb[top : int(face.top + face.side + room), left : int(face.left + face.side + room)]
    for look in LOOKS:
        scale = look / face.side
        size = max(1, round(part.shape[1] * scale)), max(1, round(part.shape[0] * scale))
        gray = _gray(cv2.resize(part, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR))
        sides = round(0.7 * look), min(round(1.4 * look), *size)
        yield gray, sides
        yield np.ascontiguousarray(gray[:, ::-1]), sides


def _gray(rgb: Pixels) -> Gray:
    gray: Gray = cv2.cvtColor((np.clip(rgb, 0, 1) * 255).astype(np.uint8), cv2.COLOR_RGB2GRAY)
    return gray


def _apart(faces: Sequence[Face]) -> list[Face]:
    """The faces, less those whose center lies in one before them, largest first."""
    kept: list[Face] = []
    for face in faces:
        (x, y) = face.center
        if not any(abs(x - k.center[0]) < k.side / 2 and abs(y - k.center[1]) < k.side / 2 for k in kept):
            kept.append(face)
    return sorted(kept, key=lambda face: (-face.side, face.left, face.top))


def _has_eyes(rgb: Pixels, face: Face) -> bool:
    """Whether a face is darker where eyes are than around them, as faces of all colors are."""
    luma = cv2.resize(_part(rgb, face).mean(2), (48, 48), interpolation=cv2.INTER_AREA)
    eyes = _mean(luma, EYE_ROWS, EYES)
    darker = min(_mean(luma, EYE_ROWS, BRIDGE), _mean(luma, CHEEK_ROWS, CHEEKS)) - eyes
    contrast = float(luma.std())
    return contrast > LEAST_CONTRAST and darker > DARKER * contrast


def _has_skin(rgb: Pixels, face: Face) -> bool:
    """Whether the middle of a face has the hue of skin; never in a gray picture."""
    middle = _part(rgb, Face(face.left + 0.25 * face.side, face.top + 0.3 * face.side, 0.5 * face.side))
    _lightness, a, b = np.median(cv2.cvtColor(middle, cv2.COLOR_RGB2LAB).reshape(-1, 3), axis=0)
    return bool(np.hypot(a, b) > SKIN_CHROMA and SKIN_HUES[0] < np.degrees(np.arctan2(b, a)) < SKIN_HUES[1])


def _is_gray(rgb: Pixels) -> bool:
    """Whether a picture has no colors, or all of one hardly tinted, as old photographs."""
    _lightness, a, b = cv2.split(cv2.cvtColor(cv2.resize(rgb, GLANCE, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2LAB))
    return bool(np.hypot(a - np.median(a), b - np.median(b)).max() < MOST_TINT)


def _has_fur(rgb: Pixels, face: Face) -> bool:
    """Whether hardly anything in an animal's face is as blue, green or red as painted tiles and glass are."""
    _lightness, a, b = cv2.split(cv2.cvtColor(_part(rgb, face), cv2.COLOR_RGB2LAB))
    hue = np.degrees(np.arctan2(b, a))
    unlike = (np.hypot(a, b) > FUR_CHROMA) & ((hue < FUR_HUES[0]) | (hue > FUR_HUES[1]))
    return bool(unlike.mean() < MOST_UNLIKE_FUR)


def _part(rgb: Pixels, face: Face) -> Pixels:
    top, left, side = max(0, round(face.top)), max(0, round(face.left)), max(1, round(face.side))
    return np.ascontiguousarray(rgb[top : top + side, left : left + side])


def _mean(luma: Pixels, rows: tuple[int, int], columns: Sequence[tuple[int, int]]) -> float:
    return float(np.mean([luma[rows[0] : rows[1], left:right].mean() for left, right in columns]))
