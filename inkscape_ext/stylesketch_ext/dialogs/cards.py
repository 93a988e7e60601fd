"""A picture with words below it: what stands on a shelf (Gtk.FlowBox)."""

from typing import Optional

from gi.repository import Gtk, Pango

from stylesketch_ext.dialogs.look import styled
from stylesketch_ext.dialogs.pictures import pixbuf


class Card(Gtk.FlowBoxChild):
    """`name` is what the program calls it, `title` what the user reads."""

    def __init__(self, name: str, title: str, tip: str, width: int, height: int) -> None:
        super().__init__()
        self.name, self._size = name, (width, height)
        self._image = Gtk.Image()
        sheet = styled(Gtk.Box(halign=Gtk.Align.CENTER, valign=Gtk.Align.CENTER), "ss-paper")
        sheet.pack_start(self._image, True, True, 0)
        place = Gtk.Box(halign=Gtk.Align.CENTER)
        place.set_size_request(width + 2, height + 2)  # with the sheet's border
        place.pack_start(sheet, True, True, 0)
        label = Gtk.Label(label=title, ellipsize=Pango.EllipsizeMode.END, max_width_chars=8)
        label.set_line_wrap(True)
        label.set_lines(2)
        label.set_justify(Gtk.Justification.CENTER)
        content = styled(Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=5), "ss-card")
        content.pack_start(place, False, False, 0)
        content.pack_start(styled(label, "ss-small"), False, False, 0)
        self.add(content)
        self.set_tooltip_text(tip)
        self.get_accessible().set_name(title)
        self.show_picture(None)

    def show_picture(self, data: Optional[bytes]) -> None:
        """Bytes of an image file; a placeholder where there are none, or none that can be read."""
        picture = pixbuf(data, *self._size) if data else None
        if picture:
            self._image.set_from_pixbuf(picture)
            self._image.set_opacity(1.0)
        else:
            self._image.set_from_icon_name("image-x-generic-symbolic", Gtk.IconSize.DND)
            self._image.set_opacity(0.3)
