"""The files that a drawing command writes."""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from backend.core.errors import BadRequest
from backend.core.files import write_whole

ENDINGS = (".svg", ".png")


def output_path(text: str) -> Path:
    """An argparse type: a file whose ending says its format."""
    path = Path(text)
    if path.suffix.lower() not in ENDINGS:
        raise argparse.ArgumentTypeError(f"'{text}' must end in one of: {', '.join(ENDINGS)}")
    return path


def check_writable(paths: Sequence[Path], inputs: Sequence[Path] = ()) -> None:
    """BadRequest for a file that could not be written later, or that is one of the inputs."""
    for path in paths:
        if path.exists() and any(other.exists() and path.samefile(other) for other in inputs):
            raise BadRequest(f"{path} is the picture itself. Choose another name for the drawing, so that nothing is lost.")
        if path.is_dir():
            raise BadRequest(f"{path} is a folder. Name a file after -o.")
        if not path.parent.is_dir():
            raise BadRequest(f"The folder {path.parent} does not exist. Make it, or choose another one.")
        if path.exists() and not os.access(path, os.W_OK):
            raise BadRequest(f"{path} is write-protected. Choose another file.")
        try:
            with tempfile.TemporaryFile(dir=path.parent):
                pass
        except OSError as error:
            raise BadRequest(f"Nothing can be written in {path.parent} ({error.strerror}). Choose another folder.") from error


def make_folder(folder: Path) -> None:
    """A folder to write in, made if need be; BadRequest."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadRequest(f"The folder {folder} cannot be made ({error.strerror}). Choose another one.") from error


def write_outputs(paths: Sequence[Path], svg: str, png: bytes) -> list[str]:
    """Writes each file in its format, whole or not at all; their absolute names."""
    for path in paths:
        write_whole(path, svg.encode() if path.suffix.lower() == ".svg" else png)
    return [str(path.absolute()) for path in paths]
