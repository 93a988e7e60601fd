"""Bytes of image files as GdkPixbufs that fit a given size."""

import logging
from typing import Optional

from gi.repository import GdkPixbuf, GLib

LOG = logging.getLogger(__name__)


def pixbuf(data: bytes, width: int, height: int) -> Optional[GdkPixbuf.Pixbuf]:
    """The picture, upright, no larger than width × height px and never enlarged beyond 2 ×; None if GTK cannot read it."""
    loader = GdkPixbuf.PixbufLoader()
    side = max(width, height)

    def shrink(loader: GdkPixbuf.PixbufLoader, w: int, h: int) -> None:
        if max(w, h) > 2 * side:  # decode large photographs small; enough is left for a good reduction
            loader.set_size(max(1, w * 2 * side // max(w, h)), max(1, h * 2 * side // max(w, h)))

    loader.connect("size-prepared", shrink)
    try:
        loader.write(data)
        loader.close()
    except GLib.Error as error:
        LOG.info("no thumbnail: %s", error.message)
        return None
    picture = loader.get_pixbuf()
    if picture is None:
        return None
    picture = picture.apply_embedded_orientation() or picture
    scale = min(width / picture.get_width(), height / picture.get_height(), 2.0)
    size = max(1, round(picture.get_width() * scale)), max(1, round(picture.get_height() * scale))
    return picture.scale_simple(*size, GdkPixbuf.InterpType.BILINEAR)
