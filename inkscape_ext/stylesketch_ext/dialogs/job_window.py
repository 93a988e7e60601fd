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
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

from gi.repository import Gdk, GLib, Gtk

from stylesketch_ext.dialogs.job_page import Deeds, JobPage
from stylesketch_ext.dialogs.job_terms import Leads, Try, Words
from stylesketch_ext.dialogs.look import use_css
from stylesketch_ext.dialogs.packs_panel import PacksPanel
from stylesketch_ext.dialogs.stumbling import errors_told
from stylesketch_ext.engine_thread import EngineThread
from stylesketch_ext.failures import Asked, Failure
from stylesketch_ext.host import inkscape_is_gone
from stylesketch_ext.wire.messages import StyleInfo
from stylesketch_ext.words import _

TICK = 80  # ms
PATIENCE = 10.0  # s that a canceled job may take before the window goes on anyway
READING = 4.0  # s that notes are shown before the result is inserted


class JobWindow(Gtk.Window):
    """From the choices to the work and its result, or back to the choices.

    `wanted` is the style pack that is chosen at first; None: there is nothing to choose. The form may have a method
    `offer(health)`, called once the engine has answered, `style_is(pack)`, called when a style pack is chosen, and
    `packs_are(packs)`, called when they are known, which returns what is to be told of that; a method `begin_to_write()`,
    which may take the keyboard and then returns True; and a property `wants_style`, whether a style pack counts.
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
        self._listed: Optional[List[StyleInfo]] = None  # the style packs that the job told of …
        self._examples: Dict[str, bytes] = {}  # … and a picture of each, also once another job is to come
        self._error: Optional[BaseException] = None
        self._ended = False
        self._closing = False  # is the window to go once the job has stopped?
        self._limit = 0.0  # when stopping or showing notes has lasted long enough
        self._look: Callable[[], None] = self._while_choosing
        use_css()
        self._page = JobPage(words, form, wanted, Deeds(self._go_on, self._back_out, self._tell_style, self._manage))
        self._pages = Gtk.Stack()
        self._pages.add_named(self._page, "job")
        self.add(self._pages)
        self._renew()
        self.connect("delete-event", lambda window, event: self._close())
        self.connect("key-press-event", self._key)

    def run(self) -> EngineThread:
        """Show the window until there is a result, or until it is closed: then the job counts as canceled.

        The window stays on the screen afterwards.
        """
        self._job.start()
        self._page.hide_work()
        self.show_all()
        self._page.start.grab_default()
        if not getattr(self._form, "begin_to_write", bool)():
            self._page.start.grab_focus()
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

    def _renew(self) -> None:
        """Another job, for another try; what the last one showed goes."""
        self._job = self._leads.new_job()
        self._number = -1  # of the picture that is shown
        self._preview: Optional[bytes] = None
        self._page.shrink()
        self._show_source(0)
        self._page.name([name for name, data in self._pictures])

    def _go_on(self) -> None:
        """The default button: start, or insert without waiting."""
        if self._look in (self._while_telling, self._while_picking, self._while_adjusting):
            self._take()
        elif self._look == self._while_choosing:
            self._begin()

    def _begin(self) -> None:
        try:
            self._leads.begun(self._job, self._form.read(), self._page.styles.chosen)
        except Failure as failure:
            self._page.say(self._leads.explained(failure))
            if isinstance(failure, Asked) and failure.field:
                self._form.point_to(failure.field)
            return
        except Exception as error:
            self._end_with(error)
            return
        if not self._job.ident:
            self._job.start()
        self._page.show_work(self._form.summary(self._page.styles.title))
        self._show_source(0)
        self._look = self._while_working

    def _choose_again(self, lines: List[str]) -> None:
        """Back to the form, with the sentences why."""
        self._clear_desk()
        self._renew()
        self._page.show_form(lines)
        self._look = self._while_choosing

    def _tell(self, notes: List[str]) -> None:
        """The engine could not do all that was asked: the user can read why, or do without the result."""
        self._limit = time.monotonic() + READING
        self._rest(notes, _("_Insert now"))
        self._look = self._while_telling

    def _offer(self, tries: Sequence[Try], notes: List[str]) -> None:
        """There are several to pick from."""
        self._rest(notes, _("_Insert"))
        self._page.tries.fill([picture for picture, _title in tries], [title for _picture, title in tries])
        self._look = self._while_picking

    def _adjust(self, desk: Any) -> None:
        """The result can be changed before it is inserted."""
        self._rest([], _("_Insert"))
        self._desk = desk
        self._page.put_desk(desk)
        self._look = self._while_adjusting

    def _clear_desk(self) -> None:
        if self._desk:
            self._desk.stop()
            self._page.clear_desk(self._desk)
            self._desk = None

    def _rest(self, notes: List[str], verb: str) -> None:
        """The work is done, and waits for the user."""
        self._page.name([name for name, data in self._shown])
        self._page.show_end(self._words.ready(self._job), notes, verb)

    def _take(self) -> None:
        """To the document with it."""
        if self._look == self._while_picking:  # else there is one only, whatever was picked of an earlier result
            self._job.picked = self._page.tries.chosen
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
        self._page.begin_to_stop(self._closing)
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
        self._page.styles.set_sensitive(getattr(self._form, "wants_style", True))
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
        self._page.work.tell_time(_("Inserting in %d s …") % max(1, math.ceil(left)))

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
        if self._page.engine.show_engine(snapshot, bool(self._job.ident)):
            self._told("offer", snapshot.health)

    def _offer_styles(self) -> None:
        snapshot = self._job.snapshot
        if snapshot.styles is not None and snapshot.styles is not self._listed:
            self._listed = snapshot.styles
            self._offer_packs(snapshot.styles, self._page.styles.chosen)
        if self._listed is not None:
            self._page.styles.show_previews(snapshot.previews)
        self._examples.update(snapshot.previews)
        example = self._examples.get(self._page.styles.chosen)
        if example and not self._shown and example is not self._preview:  # nothing else is there to look at
            self._preview = example
            self._page.sheet.show_picture(example)

    def _stumbled(self, failure: Failure) -> None:
        if self._panel and self._look == self._while_managing:
            self._panel.complain(failure)
        else:
            self._page.say(self._leads.explained(failure))

    def _offer_packs(self, packs: Sequence[StyleInfo], wanted: str) -> None:
        told = [self._page.styles.offer(packs, wanted), self._told("packs_are", packs)]
        if any(told):
            self._page.say([sentence for sentence in told if sentence])

    def _manage(self) -> None:
        """Show the style packs in place of the choices."""
        if not self._panel:
            self._panel = self._leads.new_panel(self._leave_packs)
            self._pages.add_named(self._panel, "packs")
            self._panel.show_all()
        self._panel.begin(self._page.styles.chosen)
        self._pages.set_visible_child_name("packs")
        self._look = self._while_managing

    def _leave_packs(self) -> None:
        """Back to the choices, with the pack that was looked at last."""
        assert self._panel
        if self._panel.packs:
            self._offer_packs(self._panel.packs, self._panel.chosen or self._page.styles.chosen)
            self._page.styles.show_previews(self._panel.previews)
        self._pages.set_visible_child_name("job")
        self._page.start.grab_default()
        self._look = self._while_choosing

    def _while_managing(self) -> None:
        assert self._panel
        self._panel.tick()

    def _show_progress(self) -> None:
        snapshot = self._job.snapshot
        self._page.work.show_progress(snapshot.stage, snapshot.done, snapshot.working)
        if snapshot.number != self._number:
            self._number = snapshot.number
            self._page.name([name for name, data in self._shown[self._number : self._number + 1]])
            self._show_source(self._number)
        elif snapshot.preview and snapshot.preview is not self._preview:
            self._preview = snapshot.preview
            self._page.sheet.show_picture(snapshot.preview)

    def _show_source(self, number: int) -> None:
        """The picture that the work is about, if there is one."""
        self._page.sheet.show_picture(self._shown[number][1] if number < len(self._shown) else b"")

    @property
    def _shown(self) -> Sequence[Tuple[str, bytes]]:
        """What is worked on, or will be."""
        return self._job.pictures or self._pictures

    def _tell_style(self, pack: StyleInfo) -> None:
        self._told("style_is", pack)

    def _told(self, method: str, fact: object) -> Any:
        """Let the form know, if it wants to; what it answers."""
        return getattr(self._form, method, lambda fact: None)(fact)
