"""Files that the user chose, read and written whole; what goes wrong is a sentence. Standard library only."""

import os
from typing import Optional

from stylesketch_ext.failures import Failure
from stylesketch_ext.words import _

MOST_BYTES = 300_000_000  # of a picture or a style pack; the engine has limits of its own


def first_folder(document: Optional[str]) -> str:
    """Where the user looks for files first: the document's folder, else the own."""
    return os.path.dirname(document or "") or os.path.expanduser("~")


def read(path: str) -> bytes:
    """The bytes of a file; raises Failure."""
    try:
        if os.path.getsize(path) > MOST_BYTES:
            raise Failure(_("The file %s is too large: choose a smaller one.") % path, "picture")
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise Failure(_("The file %s cannot be read (%s): choose another one.") % (path, error.strerror), "picture") from error


def write(path: str, data: bytes) -> None:
    """Write a file, or leave the one that is there as it is; raises Failure."""
    half = path + ".half"
    try:
        with open(half, "wb") as file:
            file.write(data)
        os.replace(half, path)
    except OSError as error:
        if os.path.exists(half):
            os.remove(half)
        raise Failure(
            _("The file %s cannot be written (%s): choose another folder.") % (path, error.strerror), "memory"
        ) from error
