"""Uploaded pictures: received in pieces, decoded in another process, kept once under their hash."""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from stylesketch_ext.wire.messages import ImageInfo

from backend.core.errors import BadImage, Cancelled, ImageTooLarge, NotFound, WorkerDied
from backend.core.files import remove_parts, sync_folder
from backend.daemon.executors import ProcessExecutor
from backend.daemon.store import Store

MAX_UPLOAD = 256 * 2**20  # bytes, as perception/picture_file.py
DECODE_SECONDS = 60.0  # a picture of 150 million pixels takes a few

Measured = Generator[object, None, tuple[int, int]]  # height, width
Measure = Callable[[str], Measured]


def measure(path: str) -> Measured:
    """Height and width of the picture in a file, once all of it has been decoded; BadImage. Runs in the intake process."""
    from backend.perception.picture_file import picture_size

    yield from ()
    return picture_size(Path(path).read_bytes())


@dataclass(frozen=True)
class KeptPicture:
    """A picture that is kept, and its size in px after EXIF rotation."""

    path: Path
    width: int
    height: int


class Upload:
    """A picture that is being received, in a file of its own; removed unless it is kept."""

    def __init__(self, folder: Path) -> None:
        descriptor, name = tempfile.mkstemp(prefix=".upload.", suffix=".part", dir=folder)
        self.path = Path(name)
        self._file: BinaryIO = os.fdopen(descriptor, "wb")
        self._hash, self._size = hashlib.sha256(), 0

    def write(self, piece: bytes) -> None:
        """Adds bytes; ImageTooLarge, OSError."""
        self._size += len(piece)
        check_size(self._size)
        self._hash.update(piece)
        self._file.write(piece)

    def complete(self) -> str:
        """The hash, once everything is on the disk; BadImage for nothing at all."""
        if not self._size:
            raise BadImage("The picture is empty (0 bytes). Choose another file.")
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        return self._hash.hexdigest()

    def drop(self) -> None:
        """Removes the file unless it was kept."""
        try:
            self._file.close()
        except OSError:
            pass  # what could not be written is not wanted
        finally:
            self.path.unlink(missing_ok=True)


class Images:
    """The folder of pictures."""

    def __init__(self, folder: Path, store: Store, intake: ProcessExecutor, decode: Measure = measure) -> None:
        self._folder, self._store, self._intake, self._decode = folder, store, intake, decode
        self.decode_seconds = DECODE_SECONDS
        folder.mkdir(parents=True, exist_ok=True)
        remove_parts(folder)

    def path(self, sha256: str) -> Path:
        """Where the bytes of a picture lie."""
        return self._folder / sha256

    def picture(self, sha256: str) -> KeptPicture:
        """A picture and its size; NotFound."""
        info = self._store.image(sha256)
        if info is None:
            raise NotFound("A picture of this request is not here. Upload it with POST /v1/images first.")
        return KeptPicture(self.path(sha256), info.width, info.height)

    def receive(self) -> Upload:
        """A new picture to be written."""
        return Upload(self._folder)

    def keep(self, upload: Upload) -> ImageInfo:
        """Decodes a received picture and keeps it; BadImage with a sentence, OSError."""
        sha256 = upload.complete()
        known = self._store.image(sha256)
        if known and self.path(sha256).is_file():
            return known
        height, width = self._size(upload.path)
        os.replace(upload.path, self.path(sha256))
        sync_folder(self._folder)
        info = ImageInfo(sha256, width, height)
        self._store.add_image(info)
        return info

    def _size(self, path: Path) -> tuple[int, int]:
        end = time.monotonic() + self.decode_seconds
        work = self._intake.run_unless(lambda: time.monotonic() > end, self._decode, str(path))
        try:
            return _result(work)
        except Cancelled:
            raise BadImage("Reading the picture took too long. Save it again as PNG or JPEG and retry.") from None
        except WorkerDied:
            raise BadImage("Reading the picture crashed. Save it again as PNG or JPEG and retry.") from None


def check_size(count: int) -> None:
    """ImageTooLarge above MAX_UPLOAD bytes."""
    if count > MAX_UPLOAD:
        raise ImageTooLarge("The picture has more than {most} MB. Save it smaller and try again.", most=MAX_UPLOAD >> 20)


def _result(work: Measured) -> tuple[int, int]:
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value
