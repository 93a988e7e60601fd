"""The pad on which a place of the plane of fidelity and simplicity is chosen."""

from typing import Any, Callable, Dict, Tuple

import cairo
from gi.repository import Gdk, Gtk

from stylesketch_ext.dialogs.painting import paint_sketch, placed
from stylesketch_ext.plane import COLUMNS, ROWS, Plane, even, stroke_count
from stylesketch_ext.words import _, plural

STEP = 0.05  # of a key
GAP = 3  # px around a small sketch
DOT = 6.0  # px, radius of what marks the place
HEIGHTS = (160, 240)  # px, the least and the most
MARK = (0.10, 0.42, 0.80)

KEYS = {  # key: steps of (simplicity, fidelity)
    Gdk.KEY_Left: (-1, 0), Gdk.KEY_KP_Left: (-1, 0), Gdk.KEY_Right: (1, 0), Gdk.KEY_KP_Right: (1, 0),
    Gdk.KEY_Up: (0, 1), Gdk.KEY_KP_Up: (0, 1), Gdk.KEY_Down: (0, -1), Gdk.KEY_KP_Down: (0, -1),
}  # fmt: skip
CELL = {Gdk.KEY_Page_Up: (0, 1), Gdk.KEY_Page_Down: (0, -1), Gdk.KEY_Home: (-1, 0), Gdk.KEY_End: (1, 0)}

Place = Tuple[float, float]  # fidelity, simplicity


class PlanePad(Gtk.DrawingArea):
    """Small sketches in rows from precise to loose and columns from detailed to sparse; under a dot the place that is chosen.

    `moved(fidelity, simplicity)` is called when the user drags the dot or moves it by keys: arrows a step, Page Up, Page Down,
    Home and End a whole cell.
    """

    def __init__(self, plane: Plane, width: int, moved: Callable[[float, float], None]) -> None:
        super().__init__(can_focus=True)
        self._plane, self._moved = plane, moved
        self._fidelity, self._simplicity = plane.first, 0.0
        self._cells: Dict[Place, cairo.Surface] = {}  # small sketches that were painted once
        drawing = self._drawing = plane.sketches[0].drawing
        height = min(max(width * drawing.height / drawing.width, HEIGHTS[0]), HEIGHTS[1])
        self.set_size_request(width, round(height))
        self.add_events(Gdk.EventMask.BUTTON_PRESS_MASK | Gdk.EventMask.BUTTON1_MOTION_MASK)
        self.get_accessible().set_name(_("Fidelity and simplicity"))
        self.connect("draw", self._draw)
        self.connect("button-press-event", self._press)
        self.connect("motion-notify-event", self._drag)
        self.connect("key-press-event", self._key)
        for signal in ("focus-in-event", "focus-out-event"):
            self.connect(signal, lambda pad, event: pad.queue_draw())

    def show_plane(self, plane: Plane) -> None:
        """Another plane of the same picture."""
        self._plane, self._cells = plane, {}
        self.queue_draw()

    def put(self, fidelity: float, simplicity: float) -> None:
        """Mark this place; or paint anew, for there may be new rows."""
        self._fidelity, self._simplicity = fidelity, simplicity
        count = plural("%d stroke", "%d strokes", stroke_count(self._plane.shown(fidelity, simplicity)[0]))
        told = _("Fidelity %.2f, simplicity %.2f: %s. The arrow keys move it.") % (fidelity, simplicity, count)
        self.get_accessible().set_description(told)
        self.queue_draw()

    def _press(self, pad: Gtk.Widget, event: Gdk.EventButton) -> bool:
        self.grab_focus()
        return event.button == 1 and self._drag(pad, event)

    def _drag(self, pad: Gtk.Widget, event: Any) -> bool:
        width, height = self._cell
        across = (event.x - width / 2) / (self.get_allocated_width() - width)
        down = (event.y - height / 2) / (self.get_allocated_height() - height)
        self._move(1 - down, across)
        return True

    def _key(self, pad: Gtk.Widget, event: Gdk.EventKey) -> bool:
        small, large = KEYS.get(event.keyval), CELL.get(event.keyval)
        if small:
            self._move(self._fidelity + STEP * small[1], self._simplicity + STEP * small[0])
        elif large:
            self._move(self._fidelity + large[1] / (ROWS - 1), self._simplicity + large[0] / (COLUMNS - 1))
        return bool(small or large)

    def _move(self, fidelity: float, simplicity: float) -> None:
        self._moved(round(min(1.0, max(0.0, fidelity)), 3), round(min(1.0, max(0.0, simplicity)), 3))

    @property
    def _cell(self) -> Tuple[float, float]:
        """Width and height of a small sketch with its room, px."""
        return self.get_allocated_width() / COLUMNS, self.get_allocated_height() / ROWS

    def _middle(self, fidelity: float, simplicity: float) -> Tuple[float, float]:
        """Where a place lies, px."""
        width, height = self._cell
        across = width / 2 + simplicity * (self.get_allocated_width() - width)
        return across, height / 2 + (1 - fidelity) * (self.get_allocated_height() - height)

    def _draw(self, pad: Gtk.Widget, context: Any) -> bool:
        for fidelity in even(ROWS):
            drawn = self._plane.nearest(fidelity)
            for simplicity in even(COLUMNS):
                x, y = self._middle(fidelity, simplicity)
                context.save()
                context.translate(round(x - self._cell[0] / 2) + GAP, round(y - self._cell[1] / 2) + GAP)
                self._draw_cell(context, drawn if abs(drawn - fidelity) < 0.5 / (ROWS - 1) else None, simplicity)
                context.restore()
        self._draw_rows(context, self._plane.nearest(self._fidelity))
        self._draw_dot(context)
        if self.has_focus():
            style = self.get_style_context()
            Gtk.render_focus(style, context, 0, 0, self.get_allocated_width(), self.get_allocated_height())
        return False

    def _draw_cell(self, context: Any, fidelity: Any, simplicity: float) -> None:
        """A small sketch; a pale sheet where there is none yet."""
        room = self._cell[0] - 2 * GAP, self._cell[1] - 2 * GAP
        if fidelity is None:
            scale, x, y = placed(self._drawing.width, self._drawing.height, room)
            context.rectangle(x, y, self._drawing.width * scale, self._drawing.height * scale)
            context.set_source_rgba(0.5, 0.5, 0.5, 0.12)
            context.fill()
            return
        place = (fidelity, simplicity)
        if place not in self._cells:
            self._cells[place] = self._painted(place, room)
        context.set_source_surface(self._cells[place], 0, 0)
        context.paint()

    def _painted(self, place: Place, room: Tuple[float, float]) -> cairo.Surface:
        content = cairo.CONTENT_COLOR_ALPHA
        surface = self.get_window().create_similar_surface(content, round(room[0]), round(room[1]))
        paint_sketch(cairo.Context(surface), self._plane.shown(*place)[0].drawing, room, 0.7)
        return surface

    def _draw_rows(self, context: Any, nearest: float) -> None:
        """A tick at the left for every row there is; a line along the one that is shown."""
        context.set_line_width(1.0)
        for fidelity in self._plane.fidelities:
            y = round(self._middle(fidelity, 0.0)[1]) + 0.5
            context.set_source_rgba(*MARK, 0.35)
            context.move_to(0, y)
            context.line_to(self.get_allocated_width() if fidelity == nearest else GAP + 4, y)
            context.stroke()

    def _draw_dot(self, context: Any) -> None:
        context.arc(*self._middle(self._fidelity, self._simplicity), DOT, 0, 6.2832)
        context.set_source_rgba(*MARK, 0.9)
        context.fill_preserve()
        context.set_source_rgb(1, 1, 1)
        context.set_line_width(1.5)
        context.stroke()
