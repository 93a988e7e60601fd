"""A window that lets the engine do something: choose, watch it, pick one of what was made, or choose again.

    form = FieldsForm(fields, values)                              # or any widget with read() and summary(style)
    window = JobWindow(words, form, pictures, Leads(new_job, begun, reports.logged, new_panel), wanted="engraving")
    job = window.run()                                             # an EngineThread that has ended
    if job.has_result: …                                           # else it was cancelled: leave the document as it is

`begun(job, values, style)` gives the job its task (job.give), or raises Failure, whose sentence is then shown above the form.
Failures of the task come back to the form in the same way, notes of its result are shown before it is inserted.
Effects of Inkscape need not do this by themselves: see stylesketch_ext.job_effect. Inkscape is blocked meanwhile.
"""

import math
import time
from typing import Any, Callable, List, Optional, Sequence, Tuple

from gi.repository import Gdk, GLib, Gtk, Pango

from stylesketch_ext.dialogs.engine_line import EngineLine
from stylesketch_ext.dialogs.job_terms import Leads, Try, Words
from stylesketch_ext.dialogs.look import room, scrolled, styled, text, use_css
from stylesketch_ext.dialogs.packs_panel import PacksPanel
from stylesketch_ext.dialogs.progress_panel import ProgressPanel
from stylesketch_ext.dialogs.sheet import Sheet
from stylesketch_ext.dialogs.stumbling import errors_told
from stylesketch_ext.dialogs.style_chooser import StyleChooser
from stylesketch_ext.dialogs.tries import Tries
from stylesketch_ext.engine_thread import EngineThread
from stylesketch_ext.failures import Failure
from stylesketch_ext.host import inkscape_is_gone
from stylesketch_ext.wire.messages import StyleInfo
from stylesketch_ext.words import _, plural

PAPER = (352, 264)  # px, what shows the picture; while there is work to watch it is as high as the window
ROOMY = 640  # px that windows may be high where nothing has to be made smaller
LEFT = 588  # px that picture and styles take
LINES = 170  # px above and below the form
SIDE = 350  # px, the least width of what stands beside it
TICK = 80  # ms
PATIENCE = 10.0  # s that a canceled job may take before the window goes on anyway
READING = 4.0  # s that notes are shown before the result is inserted


class JobWindow(Gtk.Window):
    """Left the picture and the style packs, right the form, later the progress.

    `wanted` is the style pack that is chosen at first; None: there is nothing to choose. The form may have a method
    `offer(health)`, called once the engine has answered, `style_is(pack)`, called when a style pack is chosen, and
    `packs_are(packs)`, called when they are known, which returns what is to be told of that; and a property `wants_style`,
    whether a style pack counts.
    """

    def __init__(
        self, words: Words, form: Any, pictures: Sequence[Tuple[str, bytes]], leads: Leads, wanted: Optional[str] = None
    ) -> None:
        super().__init__(title=words.title, resizable=False, type_hint=Gdk.WindowTypeHint.DIALOG)
        self.set_position(Gtk.WindowPosition.CENTER)
        self.set_keep_above(True)
        self.set_icon_name("org.inkscape.Inkscape")
        self._words, self._form, self._pictures, self._leads = words, form, pictures, leads
        self._panel: Optional[PacksPanel] = None  # what manages the style packs, once that was asked for
        self._desk: Any = None  # where the result can be changed, while there is one
        self._listed: Optional[List[StyleInfo]] = None  # the style packs that the job told of
        self._error: Optional[BaseException] = None
        self._ended = False
        self._closing = False  # is the window to go once the job has stopped?
        self._limit = 0.0  # when stopping or showing notes has lasted long enough
        self._look: Callable[[], None] = self._while_choosing
        use_css()
        self._build(wanted)
        self._renew()
        self.connect("delete-event", lambda window, event: self._close())
        self.connect("key-press-event", self._key)

    def run(self) -> EngineThread:
        """Show the window until there is a result, or until it is closed: then the job counts as canceled.

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

    def _build(self, wanted: Optional[str]) -> None:
        self._room = room()
        lack = max(0, LEFT - self._room)  # shared by the picture and the styles
        self._least = PAPER[1] - lack // 2
        self._sheet = Sheet(PAPER[0], self._least)
        self._styles = StyleChooser(wanted or "", self._tell_style, self._manage, lack - lack // 2)
        self._styles.set_no_show_all(wanted is None)
        self._picture_side = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=12)
        self._picture_side.pack_start(styled(self._sheet, "ss-paper"), True, True, 0)
        self._picture_side.pack_start(self._styles, False, False, 0)
        self._title = Gtk.Label(xalign=0.0, ellipsize=Pango.EllipsizeMode.MIDDLE, max_width_chars=30)
        self._title.get_style_context().add_class("ss-title")
        self._message = text("", 40)
        self._message.set_properties(selectable=True, can_focus=False, no_show_all=True)
        self._tries = Tries(self._sheet.show_picture)
        self._work = ProgressPanel(self._words.waits)
        side = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=16)
        side.set_size_request(SIDE, -1)
        side.pack_start(self._title, False, False, 0)
        side.pack_start(self._message, False, False, 0)
        self._sheet_of_form = self._fitted(self._form)
        side.pack_start(self._sheet_of_form, False, False, 0)
        side.pack_start(self._work, False, False, 0)
        side.pack_start(self._tries, True, True, 0)
        side.pack_end(self._buttons(), False, False, 0)
        self._engine = EngineLine()
        side.pack_end(self._engine, False, False, 0)
        content = Gtk.Box(spacing=20, margin=18)
        content.pack_start(self._picture_side, False, False, 0)
        content.pack_start(side, True, True, 0)
        self._side = side
        self._pages = Gtk.Stack()
        self._pages.add_named(content, "job")
        self.add(self._pages)

    def _fitted(self, content: Gtk.Widget) -> Gtk.Widget:
        """It, or what lets the user scroll it where the screen is low."""
        return content if self._room >= ROOMY else scrolled(content, self._room - LINES)

    def _buttons(self) -> Gtk.ButtonBox:
        self._stop = Gtk.Button.new_with_mnemonic(_("_Cancel"))
        self._stop.connect("clicked", lambda button: self._back_out())
        self._start = Gtk.Button.new_with_mnemonic(_("_Start"))
        self._start.get_style_context().add_class("suggested-action")
        self._start.set_can_default(True)
        self._start.connect("clicked", lambda button: self._go_on())
        self._verbs = Gtk.ButtonBox(layout_style=Gtk.ButtonBoxStyle.END, spacing=8)
        self._verbs.add(self._stop)
        self._verbs.add(self._start)
        return self._verbs

    def _renew(self) -> None:
        """Another job, for another try; what the last one showed goes."""
        self._job = self._leads.new_job()
        self._number = -1  # of the picture that is shown
        self._preview: Optional[bytes] = None
        self._sheet.height = self._least
        self._show_source(0)
        self._name([name for name, data in self._pictures])

    def _name(self, names: List[str]) -> None:
        several = plural("%d picture", "%d pictures", len(names))
        self._title.set_text(self._words.subject if not names else names[0] if len(names) == 1 else several)
        self._title.set_tooltip_text("\n".join(names))

    def _go_on(self) -> None:
        """The default button: start, or insert without waiting."""
        if self._look in (self._while_telling, self._while_picking, self._while_adjusting):
            self._take()
        elif self._look == self._while_choosing:
            self._begin()

    def _begin(self) -> None:
        try:
            self._leads.begun(self._job, self._form.read(), self._styles.chosen)
        except Failure as failure:
            self._say(self._leads.explained(failure))
            return
        except Exception as error:
            self._end_with(error)
            return
        if not self._job.ident:
            self._job.start()
        self._work.begin(self._form.summary(self._styles.title))
        self._sheet.height = self._picture_side.get_allocation().height
        room = self._side.get_allocation()  # the window must not shrink either: Inkscape does not repaint what is behind
        self._side.set_size_request(room.width, room.height)
        for widget in (self._message, self._sheet_of_form, self._start, self._styles):
            widget.hide()
        self._stop.set_label(_("_Cancel"))
        self._work.show()
        self._show_source(0)
        self._look = self._while_working

    def _choose_again(self, lines: List[str]) -> None:
        """Back to the form, with the sentences why."""
        self._clear_desk()
        self._renew()
        self._engine.rest()
        self._work.hide()
        self._tries.hide()
        self._sheet_of_form.show()
        self._styles.set_visible(not self._styles.get_no_show_all())
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
        """The engine could not do all that was asked: the user can read why, or do without the result."""
        self._limit = time.monotonic() + READING
        self._rest(notes, _("_Insert now"))
        self._look = self._while_telling

    def _offer(self, tries: Sequence[Try], notes: List[str]) -> None:
        """There are several to pick from."""
        self._rest(notes, _("_Insert"))
        self._tries.fill([picture for picture, _title in tries], [title for _picture, title in tries])
        self._look = self._while_picking

    def _adjust(self, desk: Any) -> None:
        """The result can be changed before it is inserted."""
        self._rest([], _("_Insert"))
        self._work.hide()
        self._desk = desk
        self._sheet.replace_by(desk.view)
        for more in desk.buttons:
            self._verbs.add(more)
            self._verbs.reorder_child(more, 1)
            more.show()
        self._sheet_of_desk = self._fitted(desk)
        self._side.pack_start(self._sheet_of_desk, False, False, 0)
        self._sheet_of_desk.show_all()
        self._look = self._while_adjusting

    def _clear_desk(self) -> None:
        if self._desk:
            self._desk.stop()
            self._sheet.take_back()
            for widget in (*self._desk.buttons, self._desk, self._sheet_of_desk):
                widget.destroy()
            self._desk = None

    def _rest(self, notes: List[str], verb: str) -> None:
        """The work is done, and waits for the user."""
        self._name([name for name, data in self._shown])
        self._work.ready(self._words.ready(self._job), notes)
        self._start.set_label(verb)
        self._start.show()
        self._start.grab_default()
        self._start.grab_focus()

    def _take(self) -> None:
        """To the document with it."""
        if self._look == self._while_picking:  # else there is one only, whatever was picked of an earlier result
            self._job.picked = self._tries.chosen
        if self._desk:
            self._desk.take()
        self._insert()

    def _insert(self) -> None:
        """As it is; but what is still being drawn is stopped first."""
        self._limit = time.monotonic() + PATIENCE
        self._look = self._while_inserting
        self._while_inserting()

    def _back_out(self) -> bool:
        """Cancel and Escape: from the work back to the form, from the form out."""
        if self._look == self._while_choosing:
            return self._close()
        if self._look in (self._while_telling, self._while_picking, self._while_adjusting):
            self._choose_again([self._words.left_out])
        elif self._look == self._while_working:
            self._leave()
        return True

    def _close(self) -> bool:
        self._closing = True
        if self._look not in (self._while_stopping, self._while_inserting):
            self._leave()
        return True

    def _leave(self) -> None:
        if self._panel and self._closing:
            self._panel.stop()
        self._limit = time.monotonic() + PATIENCE
        if self._desk:
            self._desk.stop()
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
        self._styles.set_sensitive(getattr(self._form, "wants_style", True))
        self._show_engine()
        self._offer_styles()
        if self._job.ident and not self._job.is_alive() and self._job.failure:
            self._choose_again(self._leads.explained(self._job.failure))

    def _while_working(self) -> None:
        self._show_engine()
        self._show_progress()
        if self._job.is_alive():
            return
        tries = self._leads.picks(self._job.result) if self._job.has_result else ()
        good = self._job.has_result and not self._job.failure
        desk = self._leads.new_desk(self._job, self._insert) if good else None
        if self._job.failure and not self._job.has_result:
            self._choose_again(self._leads.explained(self._job.failure))
        elif desk:
            self._adjust(desk)
        elif len(tries) > 1 and not self._job.failure:
            self._offer(tries, self._job.notes)
        elif self._job.notes and not self._job.failure:
            self._tell(self._job.notes)
        else:
            self._quit()

    def _while_telling(self) -> None:
        left = self._limit - time.monotonic()
        if left <= 0:
            self._take()
        self._work.tell_time(_("Inserting in %d s …") % max(1, math.ceil(left)))

    def _while_picking(self) -> None:
        """Nothing changes by itself."""

    def _while_adjusting(self) -> None:
        self._desk.tick()

    def _while_inserting(self) -> None:
        if not self._desk or self._desk.stopped or time.monotonic() >= self._limit:
            self._quit()

    def _while_stopping(self) -> None:
        busy = self._job.is_alive() or bool(self._closing and self._panel and not self._panel.stopped)
        busy = busy or bool(self._desk and not self._desk.stopped)
        if busy and time.monotonic() < self._limit:
            return
        self._job.discard()
        if self._closing:
            self._quit()
        else:
            self._choose_again([self._words.canceled])

    def _show_engine(self) -> None:
        snapshot = self._job.snapshot
        if self._engine.show_engine(snapshot, bool(self._job.ident)):
            self._told("offer", snapshot.health)

    def _offer_styles(self) -> None:
        snapshot = self._job.snapshot
        if snapshot.styles is not None and snapshot.styles is not self._listed:
            self._listed = snapshot.styles
            self._offer_packs(snapshot.styles, self._styles.chosen)
        if self._listed is not None:
            self._styles.show_previews(snapshot.previews)
        example = snapshot.previews.get(self._styles.chosen)
        if example and not self._shown and example is not self._preview:  # nothing else is there to look at
            self._preview = example
            self._sheet.show_picture(example)

    def _stumbled(self, failure: Failure) -> None:
        if self._panel and self._look == self._while_managing:
            self._panel.complain(failure)
        else:
            self._say(self._leads.explained(failure))

    def _offer_packs(self, packs: Sequence[StyleInfo], wanted: str) -> None:
        told = [self._styles.offer(packs, wanted), self._told("packs_are", packs)]
        if any(told):
            self._say([sentence for sentence in told if sentence])

    def _manage(self) -> None:
        """Show the style packs in place of the choices."""
        if not self._panel:
            self._panel = self._leads.new_panel(self._leave_packs)
            self._pages.add_named(self._panel, "packs")
            self._panel.show_all()
        self._panel.begin(self._styles.chosen)
        self._pages.set_visible_child_name("packs")
        self._look = self._while_managing

    def _leave_packs(self) -> None:
        """Back to the choices, with the pack that was looked at last."""
        assert self._panel
        if self._panel.packs:
            self._offer_packs(self._panel.packs, self._panel.chosen or self._styles.chosen)
            self._styles.show_previews(self._panel.previews)
        self._pages.set_visible_child_name("job")
        self._start.grab_default()
        self._look = self._while_choosing

    def _while_managing(self) -> None:
        assert self._panel
        self._panel.tick()

    def _show_progress(self) -> None:
        snapshot = self._job.snapshot
        self._work.show_progress(snapshot.stage, snapshot.done, snapshot.working)
        if snapshot.number != self._number:
            self._number = snapshot.number
            self._name([name for name, data in self._shown[self._number : self._number + 1]])
            self._show_source(self._number)
        elif snapshot.preview and snapshot.preview is not self._preview:
            self._preview = snapshot.preview
            self._sheet.show_picture(snapshot.preview)

    def _show_source(self, number: int) -> None:
        """The picture that the work is about, if there is one."""
        self._sheet.show_picture(self._shown[number][1] if number < len(self._shown) else b"")

    @property
    def _shown(self) -> Sequence[Tuple[str, bytes]]:
        """What is worked on, or will be."""
        return self._job.pictures or self._pictures

    def _tell_style(self, pack: StyleInfo) -> None:
        self._told("style_is", pack)

    def _told(self, method: str, fact: object) -> Any:
        """Let the form know, if it wants to; what it answers."""
        return getattr(self._form, method, lambda fact: None)(fact)
