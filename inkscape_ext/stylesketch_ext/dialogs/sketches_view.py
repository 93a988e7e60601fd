"""Finished sketches, side by side where there are several, as they will be in the document."""

import math
from typing import Any, Sequence, Tuple

from gi.repository import Gtk

from stylesketch_ext.dialogs.painting import paint_sketch
from stylesketch_ext.wire.messages import DrawingData
from stylesketch_ext.words import _

MARGIN = 8  # px


class SketchesView(Gtk.DrawingArea):
    """Paints the drawings it was given last."""

    def __init__(self) -> None:
        super().__init__()
        self._drawings: Sequence[DrawingData] = ()
        self.get_accessible().set_name(_("Picture"))
        self.connect("draw", self._draw)

    def show_drawings(self, drawings: Sequence[DrawingData]) -> None:
        self._drawings = drawings
        self.queue_draw()

    def _draw(self, view: Gtk.Widget, context: Any) -> bool:
        columns, rows = tiles(len(self._drawings))
        room = self.get_allocated_width() / columns, self.get_allocated_height() / rows
        for number, drawing in enumerate(self._drawings):
            context.save()
            context.translate(number % columns * room[0] + MARGIN, number // columns * room[1] + MARGIN)
            paint_sketch(context, drawing, (room[0] - 2 * MARGIN, room[1] - 2 * MARGIN), 0.6)
            context.restore()
        return False


def tiles(count: int) -> Tuple[int, int]:
    """Columns and rows in which that many pictures stand."""
    columns = max(1, math.ceil(math.sqrt(count)))
    return columns, max(1, math.ceil(count / columns))
