"""Where a picture's bytes are: inside the document or in a linked file.

Inkscape rewrites relative links before it calls an extension: they then start at the folder of its temporary file.
Inkscape 1.3 and newer do not undo this afterwards, so `repair_links` does.
"""

import base64
import binascii
import os
import re
from typing import Iterator, List, Optional, Sequence
from urllib.parse import quote, unquote, unquote_to_bytes, urlsplit
from urllib.request import pathname2url, url2pathname

import inkex

from stylesketch_ext.failures import Failure
from stylesketch_ext.words import _

XLINK = "{http://www.w3.org/1999/xlink}href"
ABSREF = "{http://sodipodi.sourceforge.net/DTD/sodipodi-0.dtd}absref"

_DRIVE = re.compile(r"^[A-Za-z]:[\\/]")
_SCHEME = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]+:")


class NoBitmap(Failure):
    """The picture is itself a drawing."""


def href(element: inkex.BaseElement) -> str:
    """What an image or a clone points at; SVG 2's plain attribute wins over XLink's."""
    return (element.get("href") or element.get(XLINK) or "").strip()


def link_folders(temporary: str, document: Optional[str]) -> List[str]:
    """The folders that relative links may start at, given Inkscape's temporary file and the document: its own first."""
    return [os.path.dirname(os.path.abspath(temporary or "."))] + ([os.path.dirname(document)] if document else [])


def picture_bytes(image: inkex.BaseElement, folders: Sequence[str]) -> bytes:
    """The bytes of the image file that `image` shows; relative links are tried in `folders`, in order.

    Raises Failure for a missing file and for a link to the web, NoBitmap for a picture that is a drawing.
    """
    link = href(image)
    if link[:5].lower() == "data:":
        return _bitmap(decode_data_uri(link))
    if not link and not image.get(ABSREF):
        raise Failure(_("The selected picture is empty: import a photograph with File ▸ Import and select that."), "picture")
    path = linked_path(link, image.get(ABSREF), folders)
    try:
        with open(path, "rb") as file:
            return _bitmap(file.read())
    except OSError as error:
        raise Failure(
            _("The linked picture %s cannot be read (%s): mend the link or embed it.") % (path, error.strerror), "picture"
        ) from error


def decode_data_uri(uri: str) -> bytes:
    """The bytes in a data URI: base64 (white space and lacking padding allowed) or percent-encoded, any or no MIME type."""
    head, comma, payload = uri[5:].partition(",")
    kinds = [part.strip().lower() for part in head.split(";")]
    data = unquote_to_bytes(payload)
    if comma and "base64" in kinds:
        data = b"".join(data.split())
        try:
            data = base64.b64decode(data + b"=" * (-len(data) % 4))
        except binascii.Error:
            data = b""
    if not data:
        raise Failure(_("The picture embedded in the document is damaged: import the photograph again."), "picture")
    return data


def linked_path(link: str, absref: Optional[str], folders: Sequence[str]) -> str:
    """The file that a link means; raises Failure with the path that was looked for."""
    if urlsplit(link).scheme.lower() in ("http", "https", "ftp") and not _DRIVE.match(link):
        raise Failure(
            _("The picture lies on the web (%s): save it to a file, import that file and select it.") % link, "picture"
        )
    candidates = list(_candidates(link, folders))
    if absref:
        candidates.append(absref)
    for path in candidates:
        if os.path.isfile(path):
            return path
    sought = absref or candidates[0]  # the link as Inkscape rewrote it; in other folders it leads nowhere that was meant
    raise Failure(_("The linked picture %s is missing: mend the link with Object Properties, or embed it.") % sought, "picture")


def repair_links(svg: inkex.BaseElement, temporary_folder: str, document: Optional[str]) -> int:
    """Make relative image links start at `document`'s folder again; file: URIs where it was never saved.

    Only links that lead somewhere from `temporary_folder` are touched. Returns how many were.
    """
    repaired = 0
    for image in svg.iter("{http://www.w3.org/2000/svg}image"):
        for name in ("href", XLINK):
            link = image.get(name)
            if link and not _SCHEME.match(link) and not link.startswith(("#", "/")):
                path = os.path.normpath(os.path.join(temporary_folder, unquote(link)))
                if os.path.isfile(path):
                    image.set(name, _link_from(document, path))
                    repaired += 1
    return repaired


def _link_from(document: Optional[str], path: str) -> str:
    if document:
        try:
            relative = os.path.relpath(path, os.path.dirname(document))
            return quote(relative.replace(os.sep, "/"))
        except ValueError:  # another drive
            pass
    return "file://" + pathname2url(path)


def _candidates(link: str, folders: Sequence[str]) -> Iterator[str]:
    if link.lower().startswith("file:"):
        yield url2pathname(urlsplit(link).path)
        yield link[5:].lstrip("/") if _DRIVE.match(link[5:].lstrip("/")) else "/" + link[5:].lstrip("/")
        return
    for path in dict.fromkeys((unquote(link), link)):
        if os.path.isabs(path) or _DRIVE.match(path):
            yield path
        else:
            for folder in folders:
                yield os.path.normpath(os.path.join(folder, path))


def _bitmap(data: bytes) -> bytes:
    start = data[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<svg", b"<?xml", b"<!doctype svg")):
        raise NoBitmap(
            _("The selected picture is itself a drawing (SVG): choose to sketch what is visible, not the picture's file."),
            "picture",
        )
    return data
