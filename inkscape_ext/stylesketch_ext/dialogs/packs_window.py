"""The window of the menu entries Style Packs… and Networks…. Inkscape is blocked meanwhile."""

import time
from typing import Any, Callable, Optional

from gi.repository import Gdk, GLib, Gtk

from stylesketch_ext.dialogs.look import room, use_css
from stylesketch_ext.dialogs.stumbling import errors_told
from stylesketch_ext.host import inkscape_is_gone
from stylesketch_ext.words import _

WIDTH, HEIGHT = 960, 680  # px, less on a low screen
TICK = 80  # ms
PATIENCE = 10.0  # s that what is under way may take when the window is to close


class PacksWindow(Gtk.Window):
    """`new_panel(leave)` gives what it shows: a PacksPanel, or another one of the same methods."""

    def __init__(self, new_panel: Callable[[Callable[[], None]], Any], title: str = "") -> None:
        super().__init__(title=title or _("Style Packs – StyleSketch"), type_hint=Gdk.WindowTypeHint.DIALOG)
        self.set_default_size(WIDTH, min(HEIGHT, room()))
        self.set_position(Gtk.WindowPosition.CENTER)
        self.set_keep_above(True)
        self.set_icon_name("org.inkscape.Inkscape")
        self._closing: Optional[float] = None  # when closing has lasted long enough
        self._error: Optional[BaseException] = None
        self._ended = False
        use_css()
        self._panel = new_panel(self._close)
        self.add(self._panel)
        self.connect("delete-event", self._delete)
        self.connect("key-press-event", self._key)

    def run(self) -> None:
        """Show the window until it is closed."""
        self._panel.begin()
        self.show_all()
        self.present_with_time(Gdk.CURRENT_TIME)
        GLib.timeout_add(TICK, self._tick)
        with errors_told(self._panel.complain):
            Gtk.main()
        self.destroy()
        while Gtk.events_pending():
            Gtk.main_iteration()
        if self._error:
            raise self._error

    def _tick(self) -> bool:
        """Once every TICK; an error of ours must not leave Inkscape blocked behind a dead window."""
        if self._ended:
            return False
        try:
            if inkscape_is_gone():
                self._close()
            self._panel.tick()
        except BaseException as error:
            self._error = error
            self._quit()
        if self._closing is not None and (self._panel.stopped or time.monotonic() > self._closing):
            self._quit()
        return not self._ended

    def _key(self, window: Gtk.Window, event: Gdk.EventKey) -> bool:
        if event.keyval != Gdk.KEY_Escape:
            return self._panel.key(event)
        if not self._panel.back_out():
            self._close()
        return True

    def _delete(self, window: Gtk.Window, event: Gdk.Event) -> bool:
        self._close()
        return True

    def _close(self) -> None:
        """Once nothing is under way any more."""
        if self._closing is None:
            self._closing = time.monotonic() + PATIENCE
            self._panel.stop()
            self.set_sensitive(False)

    def _quit(self) -> None:
        if not self._ended:
            self._ended = True
            Gtk.main_quit()
