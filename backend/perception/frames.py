"""The frames of a clip, one after the other: a video, an animated picture, or picture files in order."""

from __future__ import annotations

import glob
import hashlib
import itertools
import os
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image as PillowImage

from backend.core.errors import BadImage, BadRequest, ImageTooLarge
from backend.core.notes import Note, wording
from backend.perception.picture_file import MAX_PIXELS, named, open_picture

MASKS_TOLD = wording("{count} pictures whose names begin with {mask} were taken for masks and not drawn; --mask can use them.")

os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # what is wrong is told in a sentence, not by the decoder

Frame = npt.NDArray[np.uint8]  # [H, W, 3] sRGB

PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".ppm", ".avif", ".jp2")
ANIMATED = (".gif", ".webp", ".png", ".apng")
MASK = "mask_"  # a picture whose name begins so lies beside the frame that its name goes on with
STILL_RATE = 10.0  # frames per second of what does not say


@dataclass(frozen=True)
class Clip:
    """Where frames come from and which of them are taken; nothing is read before it is asked for."""

    files: tuple[Path, ...]  # one film, or a picture for each frame
    rate: float  # frames per second of those taken
    every: int = 1  # each so-many-th frame is taken
    most: int | None = None  # frames, at most
    fix_scale: bool = False  # frames of another size are fitted into the first one's
    notes: tuple[str, ...] = ()

    def taken(self, every: int = 1, most: int | None = None, fix_scale: bool = False) -> Clip:
        """The clip of only each `every`-th frame, at most `most` of them; it plays as fast as before."""
        return replace(self, every=every, most=most, rate=self.rate / every, fix_scale=fix_scale)

    @property
    def is_film(self) -> bool:
        """All frames lie in one file."""
        return len(self.files) == 1

    @property
    def count(self) -> int | None:
        """How many frames it has, at most; None where only reading tells."""
        full = _film_length(self.files[0]) if self.is_film else len(self.files)
        return self.most if full is None else min(-(-full // self.every), self.most or full)

    def frames(self) -> Iterator[Frame]:
        """The frames in order, all of one size; BadRequest or BadImage with a sentence."""
        size: tuple[int, int] | None = None
        for number, frame in enumerate(itertools.islice(self._all(), 0, self._end, self.every)):
            size = size or frame.shape[:2]
            yield frame if frame.shape[:2] == size else self._fitted(frame, size, number * self.every)
        if size is None:
            raise BadImage(
                "There is no frame in {name} that can be read. Save it anew, as MP4 or as pictures.", name=self.files[0].name
            )

    @property
    def _end(self) -> int | None:
        """Number of the frame after the last one taken."""
        return None if self.most is None else (self.most - 1) * self.every + 1

    def _all(self) -> Iterator[Frame]:
        return _film_frames(self.files[0]) if self.is_film else map(_picture, self.files)

    def _fitted(self, frame: Frame, size: tuple[int, int], number: int) -> Frame:
        if not self.fix_scale:
            raise BadRequest(
                "Frame {number} is {width} × {height} px, the first one {first}. "
                "Add --fix-scale to fit all into the first one's size.",
                number=number,
                width=frame.shape[1],
                height=frame.shape[0],
                first=f"{size[1]} × {size[0]}",
            )
        return letterboxed(frame, size)

    def fingerprint(self) -> str:
        """64 hexadecimal digits that change when a file does or other frames are taken."""
        digest = hashlib.sha256(repr((self.rate, self.every, self.most, self.fix_scale)).encode())
        for file in self.files:
            with file.open("rb") as stream:
                while block := stream.read(1 << 20):
                    digest.update(block)
            digest.update(b"|")
        return digest.hexdigest()


def find_clip(name: str) -> Clip:
    """The clip that a name means: a film's file, a folder of pictures, or a pattern (*, ?) of their names.

    BadRequest or BadImage says what is wrong.
    """
    path = Path(name)
    if path.is_dir():
        return _clip_of(sorted((file for file in path.iterdir() if file.suffix.lower() in PICTURES), key=_natural), name)
    if path.is_file():
        return _film(path)
    if glob.has_magic(name):
        return _clip_of(sorted((Path(file) for file in glob.glob(name) if Path(file).is_file()), key=_natural), name, False)
    if path.exists():
        raise BadRequest("{name} is a device or a pipe. Save the film to a file, and choose that.", name=name)
    raise BadRequest("There is no file or folder {name}. Check its name.", name=name)


def letterboxed(frame: Frame, size: tuple[int, int]) -> Frame:
    """A frame fitted into a size (height, width) without being squashed, on white."""
    scale = min(size[0] / frame.shape[0], size[1] / frame.shape[1])
    height, width = max(1, round(frame.shape[0] * scale)), max(1, round(frame.shape[1] * scale))
    inner = cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    whole = np.full((*size, 3), 255, np.uint8)
    top, left = (size[0] - height) // 2, (size[1] - width) // 2
    whole[top : top + height, left : left + width] = inner
    return whole


def _clip_of(files: list[Path], name: str, leave_masks: bool = True) -> Clip:
    names = {file.name for file in files}
    masks = [file for file in files if leave_masks and file.name.startswith(MASK) and file.name[len(MASK) :] in names]
    files = [file for file in files if file not in masks]
    if not files:
        raise BadRequest(
            "There are no pictures in {name}. Choose a video, a folder of frames, or a pattern like 'frames/*.png'.", name=name
        )
    if len(files) == 1:
        return _film(files[0])
    told = Note(MASKS_TOLD, count=len(masks), mask=MASK)
    return Clip(tuple(files), STILL_RATE, notes=(told,) if masks else ())


def _natural(path: Path) -> list[tuple[int, str]]:
    """Sorts frame2 before frame10."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", path.name)]


def _film(path: Path) -> Clip:
    if _is_animated(path):
        with _animation(path) as image:
            return Clip((path,), _animation_rate(image))
    if path.suffix.lower() in PICTURES:
        raise BadRequest(
            "{name} is a single picture. Use `stylesketch sketch` for it, or choose a video or several frames.", name=path.name
        )
    capture = _capture(path)
    rate = capture.get(cv2.CAP_PROP_FPS)
    capture.release()
    return Clip((path,), rate if 0.1 <= rate <= 1000 else STILL_RATE)


def _is_animated(path: Path) -> bool:
    if path.suffix.lower() not in ANIMATED:
        return False
    with _animation(path) as image:
        return int(getattr(image, "n_frames", 1)) > 1


def _animation(path: Path) -> PillowImage.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = PillowImage.open(path, formats=("GIF", "WEBP", "PNG"))
    except (OSError, ValueError, SyntaxError, PillowImage.DecompressionBombError) as error:
        raise BadImage("{name} is no picture that can be read. Save it again and retry.", name=path.name) from error
    if image.width * image.height > MAX_PIXELS:
        raise ImageTooLarge(
            "{name} has {width} × {height} pixels a frame. Scale it down and try again.",
            name=path.name,
            width=image.width,
            height=image.height,
        )
    return image


def _animation_rate(image: PillowImage.Image) -> float:
    """Frames per second, by the mean time that the first frames are shown."""
    times = []
    for number in range(min(int(getattr(image, "n_frames", 1)), 20)):
        image.seek(number)
        image.load()  # a WebP tells only then
        times.append(float(image.info.get("duration", 0) or 0))
    mean = sum(times) / max(len(times), 1)
    return 1000 / mean if mean > 1 else STILL_RATE


def _film_length(path: Path) -> int | None:
    if _is_animated(path):
        with _animation(path) as image:
            return int(getattr(image, "n_frames", 1))
    capture = _capture(path)
    count = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
    capture.release()
    return count if count > 0 else None


def _film_frames(path: Path) -> Iterator[Frame]:
    return _animation_frames(path) if _is_animated(path) else _video_frames(path)


def _animation_frames(path: Path) -> Iterator[Frame]:
    with _animation(path) as image:
        for number in range(int(getattr(image, "n_frames", 1))):
            try:
                image.seek(number)
                rgba = image.convert("RGBA")
            except (OSError, EOFError, ValueError, SyntaxError) as error:
                raise BadImage(
                    "Frame {number} of {name} is damaged ({error}). Save the file again.",
                    number=number,
                    name=path.name,
                    error=error,
                ) from error
            white = PillowImage.new("RGBA", rgba.size, "white")
            yield np.asarray(PillowImage.alpha_composite(white, rgba).convert("RGB"))


def _video_frames(path: Path) -> Iterator[Frame]:
    capture = _capture(path)
    try:
        while True:
            there, frame = capture.read()
            if not there:
                return
            yield cv2.cvtColor(frame, cv2.COLOR_BGR2RGB).astype(np.uint8, copy=False)
    finally:
        capture.release()


def _capture(path: Path) -> cv2.VideoCapture:
    """An open video file. Only files are opened, never addresses, which OpenCV would follow too."""
    before = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    capture = cv2.VideoCapture(str(path.absolute()), cv2.CAP_FFMPEG)
    cv2.utils.logging.setLogLevel(before)
    if not capture.isOpened():
        raise BadImage(
            "{name} is no video that can be read. Convert it to MP4 (H.264), or to a folder of pictures.", name=path.name
        )
    return capture


def _picture(path: Path) -> Frame:
    try:
        with named(path.name):
            image = open_picture(path.read_bytes())
    except OSError as error:
        raise BadRequest("{path} cannot be read ({error}). Check its permissions.", path=path, error=error.strerror) from error
    if image.mode in ("RGBA", "LA", "PA", "P"):
        rgba = image.convert("RGBA")
        image = PillowImage.alpha_composite(PillowImage.new("RGBA", rgba.size, "white"), rgba)
    return np.asarray(image.convert("RGB"))
