"""The picture that a sketch was drawn after: in its file, linked from it, or beside it."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, unquote_to_bytes, urlsplit
from urllib.request import url2pathname

from backend.core.errors import BadRequest
from backend.document.markup import SODIPODI, XLINK, Element
from backend.document.sketches import Sketch

NO_PICTURE = "The picture of this drawing is neither in it nor beside it. Name it with --image."


def find_picture(root: Element, sketch: Sketch, file: Path) -> bytes:
    """The bytes of the sketch's picture, known by their hash; BadRequest where they are not found."""
    wanted = sketch.fact("image")
    for data in _candidates(root, file):
        if hashlib.sha256(data).hexdigest() == wanted:
            return data
    raise BadRequest(NO_PICTURE)


def _candidates(root: Element, file: Path) -> Iterator[bytes]:
    for element in root.walk():
        if element.tag == "image":
            yield from _shown(element, file.parent)
    title = next((child.text.strip() for child in root.children if child.tag == "title"), "")
    if title:
        yield from _read(file.parent / Path(title).name)


def _shown(image: Element, folder: Path) -> Iterator[bytes]:
    """What an image shows, embedded or from where its link may lead."""
    link = (image.get("href") or image.get("href", XLINK) or "").strip()
    if link[:5].lower() == "data:":
        head, _, payload = link[5:].partition(",")
        data = unquote_to_bytes(payload)
        if "base64" in head.lower():
            try:
                data = base64.b64decode(b"".join(data.split()) + b"===")
            except binascii.Error:
                return
        yield data
        return
    if link.lower().startswith("file:"):
        yield from _read(Path(url2pathname(urlsplit(link).path)))
    elif link and "://" not in link:
        yield from _read(folder / unquote(link))
    if image.get("absref", SODIPODI):
        yield from _read(Path(image.get("absref", SODIPODI) or ""))


def _read(path: Path) -> Iterator[bytes]:
    try:
        if path.is_file():
            yield path.read_bytes()
    except (OSError, ValueError):  # a link that leads nowhere is no picture
        return
