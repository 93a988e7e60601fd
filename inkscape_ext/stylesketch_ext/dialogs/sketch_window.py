"""The window of the menu entry: choose, then watch the sketch grow. Inkscape is blocked meanwhile."""

import time
from typing import Callable, List, Optional, Sequence, Tuple

from gi.repository import Gdk, GLib, Gtk, Pango

from stylesketch_ext.choices import Choices
from stylesketch_ext.dialogs.choices_panel import ChoicesPanel
from stylesketch_ext.dialogs.pictures import pixbuf
from stylesketch_ext.estimate import TimeLeft, spoken
from stylesketch_ext.host import inkscape_is_gone
from stylesketch_ext.sketch_job import SketchJob
from stylesketch_ext.wire.messages import Health
from stylesketch_ext.words import _, plural

PAPER = 340  # px, the side of the square that shows the picture and the growing sketch
SIDE = 350  # px, the least width of what stands beside it
TICK = 80  # ms
PATIENCE = 10.0  # s that a canceled job may take before the window goes anyway

CSS = b"""
.ss-paper { background-color: #ffffff; border: 1px solid rgba(0,0,0,0.22); border-radius: 6px; }
.ss-title { font-weight: bold; font-size: 120%; }
.ss-small { font-size: 92%; }
progressbar.ss-bar trough, progressbar.ss-bar progress { min-height: 8px; border-radius: 4px; }
"""


class SketchWindow(Gtk.Window):
    """Left the picture, right the form, later the progress. `run()` returns when the job has ended."""

    def __init__(
        self, job: SketchJob, pictures: Sequence[Tuple[str, bytes]], choices: Choices, begun: Callable[[Choices], None]
    ) -> None:
        super().__init__(title="StyleSketch", resizable=False, type_hint=Gdk.WindowTypeHint.DIALOG)
        self.set_position(Gtk.WindowPosition.CENTER)
        self.set_keep_above(True)
        self.set_icon_name("org.inkscape.Inkscape")
        self._job, self._begun, self._left = job, begun, TimeLeft()
        self._shown: Optional[bytes] = None
        self._left_at: Optional[float] = None  # when canceling began
        self._error: Optional[BaseException] = None
        self._asking = False  # is the sketch ready, with notes to be read before it is inserted?
        self._answered = False
        self._known = False  # has the engine answered?
        _use_css()
        self._build(pictures, choices)
        self.connect("delete-event", lambda window, event: self._cancel())
        self.connect("key-press-event", self._key)

    def run(self) -> None:
        """Show the window until the job has ended or was canceled. It stays on the screen afterwards."""
        self._work.show_all()
        self._work.hide()
        self._work.set_no_show_all(True)  # the window must not be born larger: Inkscape would not repaint what is behind
        self.show_all()
        self._start.grab_default()
        self._start.grab_focus()
        self.present_with_time(Gdk.CURRENT_TIME)
        GLib.timeout_add(TICK, self._tick)
        Gtk.main()
        if self._error:
            raise self._error

    def close_now(self) -> None:
        """Take the window from the screen."""
        self.destroy()
        while Gtk.events_pending():
            Gtk.main_iteration()

    def _build(self, pictures: Sequence[Tuple[str, bytes]], choices: Choices) -> None:
        names, picture = [name for name, data in pictures], pictures[0][1]
        name = names[0] if len(names) == 1 else plural("%d picture", "%d pictures", len(names))
        self._paper = Gtk.Image()
        self._paper.set_size_request(PAPER, PAPER)
        self._paper.get_accessible().set_name(_("Picture"))
        thumbnail = pixbuf(picture, PAPER - 16, PAPER - 16)
        if thumbnail:
            self._paper.set_from_pixbuf(thumbnail)
        else:
            self._paper.set_from_icon_name("image-x-generic", Gtk.IconSize.DIALOG)
        sheet = Gtk.Box()
        sheet.get_style_context().add_class("ss-paper")
        sheet.pack_start(self._paper, True, True, 0)
        title = Gtk.Label(label=name, xalign=0.0, ellipsize=Pango.EllipsizeMode.MIDDLE, max_width_chars=30)
        title.get_style_context().add_class("ss-title")
        title.set_tooltip_text("\n".join(names))
        self._form = ChoicesPanel(choices)
        self._work = self._progress_box()
        side = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=16)
        side.set_size_request(SIDE, -1)
        side.pack_start(title, False, False, 0)
        side.pack_start(self._form, False, False, 0)
        side.pack_start(self._work, False, False, 0)
        side.pack_end(self._buttons(), False, False, 0)
        side.pack_end(self._engine_line(), False, False, 0)
        content = Gtk.Box(spacing=20, margin=18)
        content.pack_start(sheet, False, False, 0)
        content.pack_start(side, True, True, 0)
        self._side = side
        self.add(content)

    def _progress_box(self) -> Gtk.Box:
        box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=8)
        self._stage = Gtk.Label(xalign=0.0, wrap=True, max_width_chars=34, lines=2, ellipsize=Pango.EllipsizeMode.END)
        self._bar = Gtk.ProgressBar()
        self._bar.get_style_context().add_class("ss-bar")
        self._bar.get_accessible().set_name(_("Progress"))
        self._time = Gtk.Label(xalign=0.0, wrap=True, max_width_chars=40)
        self._summary = Gtk.Label(xalign=0.0, wrap=True, max_width_chars=40)
        self._waits = Gtk.Label(label=_("Inkscape waits until the sketch is done."), xalign=0.0)
        for label in (self._summary, self._time, self._waits):
            label.get_style_context().add_class("dim-label")
            label.get_style_context().add_class("ss-small")
        self._summary.set_margin_bottom(14)
        for widget in (self._summary, self._stage, self._bar, self._time, self._waits):
            box.pack_start(widget, False, False, 0)
        return box

    def _engine_line(self) -> Gtk.Box:
        line = Gtk.Box(spacing=8)
        self._spinner = Gtk.Spinner(active=True)
        self._engine = Gtk.Label(xalign=0.0, wrap=True, max_width_chars=40)
        self._engine.get_style_context().add_class("dim-label")
        self._engine.get_style_context().add_class("ss-small")
        line.pack_start(self._spinner, False, False, 0)
        line.pack_start(self._engine, True, True, 0)
        return line

    def _buttons(self) -> Gtk.ButtonBox:
        self._stop = Gtk.Button.new_with_mnemonic(_("_Cancel"))
        self._stop.connect("clicked", lambda button: self._cancel())
        self._start = Gtk.Button.new_with_mnemonic(_("_Start"))
        self._start.get_style_context().add_class("suggested-action")
        self._start.set_can_default(True)
        self._start.connect("clicked", lambda button: self._accept() if self._asking else self._begin())
        box = Gtk.ButtonBox(layout_style=Gtk.ButtonBoxStyle.END, spacing=8)
        box.add(self._stop)
        box.add(self._start)
        return box

    def _begin(self) -> None:
        choices = self._form.read()
        self._summary.set_text(self._form.summary())
        room = self._side.get_allocation()  # the window must not shrink either: Inkscape does not repaint what is behind
        self._side.set_size_request(room.width, room.height)
        self._form.hide()
        self._start.hide()
        self._work.show()
        try:
            self._begun(choices)
        except Exception as error:
            self._end_with(error)

    def _ask(self, notes: List[str]) -> None:
        """The engine could not do all that was asked: the user reads why, and may do without the sketch."""
        self._asking = True
        self._bar.set_fraction(1.0)
        self._stage.set_text(_("The sketch is ready."))
        self._time.set_text(" ".join(notes))
        self._waits.hide()
        self._start.set_label(_("_Insert"))
        self._start.show()
        self._start.grab_default()
        self._start.grab_focus()

    def _accept(self) -> None:
        self._answered = True

    def _cancel(self) -> bool:
        if self._asking:
            self._job.discard()
            self._answered = True
        elif self._left_at is None:
            self._left_at = time.monotonic()
            self._job.cancel()
            self._stop.set_sensitive(False)
            self._stage.set_text(_("Stopping …"))
            self._time.set_text("")
        return True

    def _key(self, window: Gtk.Window, event: Gdk.EventKey) -> bool:
        return self._cancel() if event.keyval == Gdk.KEY_Escape else False

    def _tick(self) -> bool:
        """Once every TICK; an error of ours must not leave Inkscape blocked behind a dead window."""
        try:
            return self._look()
        except BaseException as error:
            self._end_with(error)
            return False

    def _end_with(self, error: BaseException) -> None:
        self._error = error
        self._job.cancel()
        Gtk.main_quit()

    def _look(self) -> bool:
        if inkscape_is_gone():
            self._cancel()
        notes = self._job.notes if self._left_at is None else []
        if not self._job.is_alive() and notes and not self._asking:
            self._ask(notes)
        late = self._left_at is not None and time.monotonic() - self._left_at > PATIENCE
        if late or self._answered or not (self._job.is_alive() or self._asking):
            Gtk.main_quit()
            return False
        if self._asking:
            return True
        snapshot = self._job.snapshot
        if snapshot.health and not self._known:
            self._known = True
            self._spinner.hide()
            self._engine.set_text(_described(snapshot.health))
            self._form.offer_guidance(snapshot.health.guidance)
        elif not self._known:
            self._engine.set_text(snapshot.stage)
        if self._left_at is None:
            self._show_progress()
        return True

    def _show_progress(self) -> None:
        snapshot = self._job.snapshot
        self._stage.set_text(snapshot.stage)
        self._bar.set_fraction(snapshot.done)
        if snapshot.working:
            self._time.set_text(spoken(self._left.update(snapshot.done, time.monotonic())))
        if snapshot.preview and snapshot.preview is not self._shown:
            self._shown = snapshot.preview
            picture = pixbuf(snapshot.preview, PAPER - 16, PAPER - 16)
            if picture:
                self._paper.set_from_pixbuf(picture)


def _described(health: Health) -> str:
    kind = (health.device or "").split(":")[0]
    device = {"cpu": _("on the processor"), "cuda": _("on the graphics card"), "": ""}.get(kind, health.device)
    waiting = plural("— %d waiting before yours", "— %d waiting before yours", health.queue) if health.queue else ""
    return " ".join(filter(None, (_("Drawing engine %s") % health.version, device, waiting)))


def _use_css() -> None:
    provider = Gtk.CssProvider()
    provider.load_from_data(CSS)
    Gtk.StyleContext.add_provider_for_screen(Gdk.Screen.get_default(), provider, Gtk.STYLE_PROVIDER_PRIORITY_APPLICATION)
