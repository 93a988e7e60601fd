"""What is being done, how far it is and how long it will still take."""

import time
from typing import Sequence

from gi.repository import Gtk, Pango

from stylesketch_ext.dialogs.look import styled, text
from stylesketch_ext.estimate import TimeLeft, spoken
from stylesketch_ext.words import _


class ProgressPanel(Gtk.Box):
    """A summary of what was asked for, then the stage, the bar and the time left. `waits` is a sentence about Inkscape."""

    def __init__(self, waits: str) -> None:
        super().__init__(orientation=Gtk.Orientation.VERTICAL, spacing=8)
        self._summary = text("", 40, "dim-label", "ss-small")
        self._summary.set_margin_bottom(14)
        self._stage = Gtk.Label(xalign=0.0, wrap=True, max_width_chars=34, lines=2, ellipsize=Pango.EllipsizeMode.END)
        self._bar = styled(Gtk.ProgressBar(), "ss-bar")
        self._bar.get_accessible().set_name(_("Progress"))
        self._time = text("", 40, "dim-label", "ss-small")
        self._waits = text(waits, 40, "dim-label", "ss-small")
        self._notes = Gtk.Label(xalign=0.0, wrap=True, max_width_chars=40, margin_top=6, no_show_all=True)
        self._left = TimeLeft()
        for widget in (self._summary, self._stage, self._bar, self._time, self._waits, self._notes):
            self.pack_start(widget, False, False, 0)

    def begin(self, summary: str) -> None:
        """Something new is being done."""
        self._summary.set_text(summary)
        self._left = TimeLeft()
        self._notes.hide()
        self._waits.show()
        self.show_progress("", 0.0, False)

    def show_progress(self, stage: str, done: float, working: bool) -> None:
        """How far it is, 0 … 1; the time left is only told of what is being worked on. Call this often."""
        self._stage.set_text(stage)
        self._bar.set_fraction(done)
        self._time.set_text(spoken(self._left.update(done, time.monotonic())) if working else "")

    def stopping(self) -> None:
        """The user wants no more of it."""
        self._stage.set_text(_("Stopping …"))
        self._time.set_text("")

    def ready(self, sentence: str, notes: Sequence[str]) -> None:
        """It is done, and this is to be known of it."""
        self.show_progress(sentence, 1.0, False)
        self._notes.set_text("\n".join(notes))
        self._notes.show()
        self._waits.hide()

    def tell_time(self, sentence: str) -> None:
        """What will happen when."""
        self._time.set_text(sentence)
