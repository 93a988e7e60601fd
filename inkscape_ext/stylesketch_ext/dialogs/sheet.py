"""What shows a picture in a window, or something else in its place."""

from typing import Optional

from gi.repository import Gtk

from stylesketch_ext.dialogs.pictures import pixbuf
from stylesketch_ext.words import _

MARGIN = 16  # px, of the picture and of the sheet


class Sheet(Gtk.Box):
    """A `picture`, as large as fits; an icon where there is none. `height`: px there are for it."""

    def __init__(self, width: int, height: int) -> None:
        super().__init__()
        self._width, self.height = width, height
        self.picture = Gtk.Image()
        self.picture.set_size_request(width, height)
        self.picture.get_accessible().set_name(_("Picture"))
        self._other: Optional[Gtk.Widget] = None
        self.pack_start(self.picture, True, True, 0)

    def show_picture(self, data: bytes) -> None:
        """Of the bytes of its file."""
        found = pixbuf(data, self._width - MARGIN, self.height - MARGIN) if data else None
        if found:
            self.picture.set_from_pixbuf(found)
        else:
            self.picture.set_from_icon_name("image-x-generic-symbolic", Gtk.IconSize.DIALOG)
        self.picture.set_opacity(1.0 if found else 0.3)

    def replace_by(self, view: Gtk.Widget) -> None:
        """Show something else, of the same width."""
        view.set_size_request(self.picture.get_allocation().width, -1)
        self.picture.hide()
        self.pack_start(view, True, True, 0)
        view.show_all()
        self._other = view

    def take_back(self) -> None:
        """Show the picture again; what was there instead is gone."""
        if self._other:
            self._other.destroy()
            self._other = None
            self.picture.show()
