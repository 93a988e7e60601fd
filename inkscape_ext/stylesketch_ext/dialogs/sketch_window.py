"""The window of the menu entry: choose, then watch the sketch grow, or choose again. Inkscape is blocked meanwhile."""

import math
import time
from dataclasses import replace
from typing import Callable, List, Optional, Sequence, Tuple

from gi.repository import Gdk, GLib, Gtk, Pango

from stylesketch_ext.choices import Choices
from stylesketch_ext.dialogs.choices_panel import ChoicesPanel
from stylesketch_ext.dialogs.look import styled, use_css
from stylesketch_ext.dialogs.packs_panel import PacksPanel
from stylesketch_ext.dialogs.pictures import pixbuf
from stylesketch_ext.dialogs.progress_panel import ProgressPanel
from stylesketch_ext.dialogs.stumbling import errors_told
from stylesketch_ext.dialogs.style_chooser import StyleChooser
from stylesketch_ext.failures import Failure
from stylesketch_ext.host import inkscape_is_gone
from stylesketch_ext.sketch_job import SketchJob
from stylesketch_ext.wire.messages import Health, StyleInfo
from stylesketch_ext.words import _, plural

PAPER = (352, 264)  # px, what shows the picture; while the sketch grows it is as high as the window
SIDE = 350  # px, the least width of what stands beside it
TICK = 80  # ms
PATIENCE = 10.0  # s that a canceled job may take before the window goes on anyway
READING = 4.0  # s that notes are shown before the sketch is inserted


class SketchWindow(Gtk.Window):
    """Left the picture, right the form, later the progress.

    `begun(job, choices)` is to begin the job, or raises Failure; `explained(failure)` gives the lines to be shown of it;
    `new_panel(leave)` is what manages the style packs.
    """

    def __init__(
        self,
        new_job: Callable[[], SketchJob],
        pictures: Sequence[Tuple[str, bytes]],
        choices: Choices,
        begun: Callable[[SketchJob, Choices], None],
        explained: Callable[[Failure], List[str]],
        new_panel: Callable[[Callable[[], None]], PacksPanel],
    ) -> None:
        super().__init__(title="StyleSketch", resizable=False, type_hint=Gdk.WindowTypeHint.DIALOG)
        self.set_position(Gtk.WindowPosition.CENTER)
        self.set_keep_above(True)
        self.set_icon_name("org.inkscape.Inkscape")
        self._new_job, self._begun, self._explained, self._pictures = new_job, begun, explained, pictures
        self._new_panel = new_panel
        self._panel: Optional[PacksPanel] = None  # what manages the style packs, once that was asked for
        self._listed: Optional[List[StyleInfo]] = None  # the style packs that the job told of
        self._error: Optional[BaseException] = None
        self._known = False  # has the engine answered?
        self._ended = False
        self._closing = False  # is the window to go once the job has stopped?
        self._limit = 0.0  # when stopping or showing notes has lasted long enough
        self._look: Callable[[], None] = self._while_choosing
        use_css()
        self._build(choices)
        self._renew()
        self.connect("delete-event", lambda window, event: self._close())
        self.connect("key-press-event", self._key)

    def run(self) -> SketchJob:
        """Show the window until there are sketches, or until it is closed: then the job counts as canceled.

        The window stays on the screen afterwards.
        """
        self._job.start()
        self._work.show_all()
        self._work.hide()
        self._work.set_no_show_all(True)  # the window must not be born larger: Inkscape would not repaint what is behind
        self.show_all()
        self._start.grab_default()
        self._start.grab_focus()
        self.present_with_time(Gdk.CURRENT_TIME)
        GLib.timeout_add(TICK, self._tick)
        with errors_told(self._stumbled):
            Gtk.main()
        if self._error:
            raise self._error
        return self._job

    def close_now(self) -> None:
        """Take the window from the screen."""
        self.destroy()
        while Gtk.events_pending():
            Gtk.main_iteration()

    def _build(self, choices: Choices) -> None:
        self._paper = Gtk.Image()
        self._paper.set_size_request(*PAPER)
        self._paper.get_accessible().set_name(_("Picture"))
        sheet = Gtk.Box()
        sheet.pack_start(self._paper, True, True, 0)
        self._styles = StyleChooser(choices.style, lambda pack: self._form.tell_usual(pack.strokes), self._manage)
        self._picture_side = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=12)
        self._picture_side.pack_start(styled(sheet, "ss-paper"), True, True, 0)
        self._picture_side.pack_start(self._styles, False, False, 0)
        self._title = Gtk.Label(xalign=0.0, ellipsize=Pango.EllipsizeMode.MIDDLE, max_width_chars=30)
        self._title.get_style_context().add_class("ss-title")
        self._form = ChoicesPanel(choices)
        self._message = Gtk.Label(xalign=0.0, wrap=True, max_width_chars=40, selectable=True, can_focus=False, no_show_all=True)
        self._message.set_line_wrap_mode(Pango.WrapMode.WORD_CHAR)  # paths are long words
        self._work = ProgressPanel(_("Inkscape waits until the sketch is done."))
        side = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=16)
        side.set_size_request(SIDE, -1)
        side.pack_start(self._title, False, False, 0)
        side.pack_start(self._message, False, False, 0)
        side.pack_start(self._form, False, False, 0)
        side.pack_start(self._work, False, False, 0)
        side.pack_end(self._buttons(), False, False, 0)
        side.pack_end(self._engine_line(), False, False, 0)
        content = Gtk.Box(spacing=20, margin=18)
        content.pack_start(self._picture_side, False, False, 0)
        content.pack_start(side, True, True, 0)
        self._side = side
        self._pages = Gtk.Stack()
        self._pages.add_named(content, "sketch")
        self.add(self._pages)

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
        self._stop.connect("clicked", lambda button: self._back_out())
        self._start = Gtk.Button.new_with_mnemonic(_("_Start"))
        self._start.get_style_context().add_class("suggested-action")
        self._start.set_can_default(True)
        self._start.connect("clicked", lambda button: self._go_on())
        box = Gtk.ButtonBox(layout_style=Gtk.ButtonBoxStyle.END, spacing=8)
        box.add(self._stop)
        box.add(self._start)
        return box

    def _renew(self) -> None:
        """Another job, for another try; what the last one showed goes."""
        self._job = self._new_job()
        self._number = -1  # of the picture that is shown
        self._preview: Optional[bytes] = None
        self._height = PAPER[1]  # px there are for the picture
        names = [name for name, data in self._pictures]
        self._show_picture(self._pictures[0][1])
        self._name(names)

    def _name(self, names: List[str]) -> None:
        self._title.set_text(names[0] if len(names) == 1 else plural("%d picture", "%d pictures", len(names)))
        self._title.set_tooltip_text("\n".join(names))

    def _go_on(self) -> None:
        """The default button: start, or insert without waiting."""
        if self._look == self._while_telling:
            self._quit()
        elif self._look == self._while_choosing:
            self._begin()

    def _begin(self) -> None:
        try:
            self._begun(self._job, replace(self._form.read(), style=self._styles.chosen))
        except Failure as failure:
            self._say(self._explained(failure))
            return
        except Exception as error:
            self._end_with(error)
            return
        if not self._job.ident:
            self._job.start()
        self._work.begin(self._form.summary(self._styles.title))
        self._height = self._picture_side.get_allocation().height
        room = self._side.get_allocation()  # the window must not shrink either: Inkscape does not repaint what is behind
        self._side.set_size_request(room.width, room.height)
        for widget in (self._message, self._form, self._start, self._styles):
            widget.hide()
        self._stop.set_label(_("_Cancel"))
        self._work.show()
        self._show_picture(self._pictures[0][1])
        self._look = self._while_working

    def _choose_again(self, lines: List[str]) -> None:
        """Back to the form, with the sentences why."""
        self._renew()
        if not self._known:
            self._spinner.hide()
            self._engine.set_text("")
        self._work.hide()
        self._form.show()
        self._styles.show()
        self._stop.set_label(_("_Close"))
        self._stop.set_sensitive(True)
        self._start.set_label(_("_Start"))
        self._start.show()
        self._start.grab_default()
        self._start.grab_focus()
        self._say(lines)
        self._look = self._while_choosing

    def _say(self, lines: List[str]) -> None:
        self._message.set_text("\n".join(lines))
        self._message.show()

    def _tell(self, notes: List[str]) -> None:
        """The engine could not do all that was asked: the user can read why, or do without the sketch."""
        self._limit = time.monotonic() + READING
        self._name([name for name, data in self._job.pictures])
        self._work.ready(plural("The sketch is ready.", "%d sketches are ready.", len(self._job.results)), notes)
        self._start.set_label(_("_Insert now"))
        self._start.show()
        self._start.grab_default()
        self._start.grab_focus()
        self._look = self._while_telling

    def _back_out(self) -> bool:
        """Cancel and Escape: from the work back to the form, from the form out."""
        if self._look == self._while_choosing:
            return self._close()
        if self._look == self._while_telling:
            self._choose_again([_("The sketch was not inserted.")])
        elif self._look == self._while_working:
            self._leave()
        return True

    def _close(self) -> bool:
        self._closing = True
        if self._look != self._while_stopping:
            self._leave()
        return True

    def _leave(self) -> None:
        if self._panel and self._closing:
            self._panel.stop()
        self._limit = time.monotonic() + PATIENCE
        self._job.cancel()
        self._stop.set_sensitive(False)
        self._start.set_sensitive(not self._closing)
        self._work.stopping()
        self._look = self._while_stopping

    def _key(self, window: Gtk.Window, event: Gdk.EventKey) -> bool:
        managing = self._panel if self._look == self._while_managing else None
        if event.keyval != Gdk.KEY_Escape:
            return managing.key(event) if managing else False
        if managing is None:
            return self._back_out()
        if not managing.back_out():
            self._leave_packs()
        return True

    def _tick(self) -> bool:
        """Once every TICK; an error of ours must not leave Inkscape blocked behind a dead window."""
        if self._ended:
            return False
        try:
            if inkscape_is_gone():
                self._close()
            self._look()
        except BaseException as error:
            self._end_with(error)
        return not self._ended

    def _end_with(self, error: BaseException) -> None:
        self._error = error
        self._job.cancel()
        self._quit()

    def _quit(self) -> None:
        self._ended = True
        Gtk.main_quit()

    def _while_choosing(self) -> None:
        self._show_engine()
        self._offer_styles()
        if self._job.ident and not self._job.is_alive() and self._job.failure:
            self._choose_again(self._explained(self._job.failure))

    def _while_working(self) -> None:
        self._show_engine()
        self._show_progress()
        if self._job.is_alive():
            return
        if self._job.failure and not self._job.results:
            self._choose_again(self._explained(self._job.failure))
        elif self._job.notes and not self._job.failure:
            self._tell(self._job.notes)
        else:
            self._quit()

    def _while_telling(self) -> None:
        left = self._limit - time.monotonic()
        if left <= 0:
            self._quit()
        self._work.tell_time(_("Inserting in %d s …") % max(1, math.ceil(left)))

    def _while_stopping(self) -> None:
        busy = self._job.is_alive() or bool(self._closing and self._panel and not self._panel.stopped)
        if busy and time.monotonic() < self._limit:
            return
        self._job.discard()
        if self._closing:
            self._quit()
        else:
            self._choose_again([_("The sketch was canceled.")])

    def _show_engine(self) -> None:
        snapshot = self._job.snapshot
        if snapshot.health:
            self._engine.set_text(_described(snapshot.health, not snapshot.drawing))
            if not self._known:
                self._known = True
                self._spinner.hide()
                self._form.offer_guidance(snapshot.health.guidance)
        elif self._job.ident and not self._known:
            self._engine.set_text(snapshot.stage)

    def _offer_styles(self) -> None:
        snapshot = self._job.snapshot
        if snapshot.styles is not None and snapshot.styles is not self._listed:
            self._listed = snapshot.styles
            self._tell_if(self._styles.offer(snapshot.styles, self._styles.chosen))
        if self._listed is not None:
            self._styles.show_previews(snapshot.previews)

    def _stumbled(self, failure: Failure) -> None:
        if self._panel and self._look == self._while_managing:
            self._panel.complain(failure)
        else:
            self._say(self._explained(failure))

    def _tell_if(self, sentence: Optional[str]) -> None:
        if sentence:
            self._say([sentence])

    def _manage(self) -> None:
        """Show the style packs in place of the choices."""
        if not self._panel:
            self._panel = self._new_panel(self._leave_packs)
            self._pages.add_named(self._panel, "packs")
            self._panel.show_all()
        self._panel.begin(self._styles.chosen)
        self._pages.set_visible_child_name("packs")
        self._look = self._while_managing

    def _leave_packs(self) -> None:
        """Back to the choices, with the pack that was looked at last."""
        assert self._panel
        if self._panel.packs:
            self._tell_if(self._styles.offer(self._panel.packs, self._panel.chosen or self._styles.chosen))
            self._styles.show_previews(self._panel.previews)
        self._pages.set_visible_child_name("sketch")
        self._start.grab_default()
        self._look = self._while_choosing

    def _while_managing(self) -> None:
        assert self._panel
        self._panel.tick()

    def _show_progress(self) -> None:
        snapshot, pictures = self._job.snapshot, self._job.pictures
        self._work.show_progress(snapshot.stage, snapshot.done, snapshot.working)
        if snapshot.number != self._number:
            self._number = snapshot.number
            self._name([pictures[self._number][0]])
            self._show_picture(pictures[self._number][1])
        elif snapshot.preview and snapshot.preview is not self._preview:
            self._preview = snapshot.preview
            self._show_picture(snapshot.preview)

    def _show_picture(self, data: bytes) -> None:
        picture = pixbuf(data, PAPER[0] - 16, self._height - 16)
        if picture:
            self._paper.set_from_pixbuf(picture)
        else:
            self._paper.set_from_icon_name("image-x-generic", Gtk.IconSize.DIALOG)


def _described(health: Health, waiting: bool) -> str:
    kind = (health.device or "").split(":")[0]
    device = {"cpu": _("on the processor"), "cuda": _("on the graphics card"), "": ""}.get(kind, health.device)
    before = health.queue if waiting else 0
    queue = plural("— %d waiting before yours", "— %d waiting before yours", before) if before else ""
    return " ".join(filter(None, (_("Drawing engine %s") % health.version, device, queue)))
