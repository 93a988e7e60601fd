"""A line at the bottom of a window: is the engine there, what does it run on, and how many wait?"""

from gi.repository import Gtk

from stylesketch_ext.engine_thread import Snapshot
from stylesketch_ext.wire.messages import Health
from stylesketch_ext.words import _, plural


class EngineLine(Gtk.Box):
    """A spinner until the engine has answered, and a text."""

    def __init__(self) -> None:
        super().__init__(spacing=8)
        self.known = False  # has the engine answered?
        self._spinner = Gtk.Spinner(active=True)
        self._text = Gtk.Label(xalign=0.0, wrap=True, max_width_chars=40)
        self._text.get_style_context().add_class("dim-label")
        self._text.get_style_context().add_class("ss-small")
        self.pack_start(self._spinner, False, False, 0)
        self.pack_start(self._text, True, True, 0)

    def show_engine(self, snapshot: Snapshot, begun: bool) -> bool:
        """What is known now; whether the engine has just answered. begun: is it being looked for?"""
        first = snapshot.health is not None and not self.known
        if snapshot.health:
            self._text.set_text(_described(snapshot.health, not snapshot.drawing))
            self.known = True
            self._spinner.hide()
        elif begun and not self.known:
            self._text.set_text(snapshot.stage)
        return first

    def rest(self) -> None:
        """Nobody looks for the engine any more; what is known of it stays."""
        if not self.known:
            self._spinner.hide()
            self._text.set_text("")


def _described(health: Health, waiting: bool) -> str:
    kind = (health.device or "").split(":")[0]
    device = {"cpu": _("on the processor"), "cuda": _("on the graphics card"), "": ""}.get(kind, health.device)
    before = health.queue if waiting else 0
    queue = plural("— %d waiting before yours", "— %d waiting before yours", before) if before else ""
    return " ".join(filter(None, (_("Drawing engine %s") % health.version, device, queue)))
