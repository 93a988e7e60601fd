"""What a job window shows of its work: the picture and the style packs, the form, how far it is, what can be picked."""

from dataclasses import dataclass
from typing import Any, Callable, List, Optional

from gi.repository import Gtk, Pango

from stylesketch_ext.dialogs.engine_line import EngineLine
from stylesketch_ext.dialogs.job_terms import Words
from stylesketch_ext.dialogs.look import room, scrolled, styled, text
from stylesketch_ext.dialogs.progress_panel import ProgressPanel
from stylesketch_ext.dialogs.sheet import Sheet
from stylesketch_ext.dialogs.style_chooser import StyleChooser
from stylesketch_ext.dialogs.tries import Tries
from stylesketch_ext.wire.messages import StyleInfo
from stylesketch_ext.words import _, plural

PAPER = (352, 264)  # px, what shows the picture; while there is work to watch it is as high as the window
ROOMY = 640  # px that windows may be high where nothing has to be made smaller
LEFT = 588  # px that picture and styles take
LINES = 170  # px above and below the form
SIDE = 350  # px, the least width of what stands beside it


@dataclass(frozen=True)
class Deeds:
    """What follows on what the user does here."""

    go_on: Callable[[], None]  # the default button
    back_out: Callable[[], Any]
    style_is: Callable[[StyleInfo], None]  # a style pack is chosen
    manage: Callable[[], None]  # more is to be done with the style packs


class JobPage(Gtk.Box):
    """Left the picture and the style packs; right the form, later the progress, tries or a desk; below them the buttons."""

    def __init__(self, words: Words, form: Gtk.Widget, wanted: Optional[str], deeds: Deeds) -> None:
        """`wanted`: the style pack that is chosen at first; None: there is nothing to choose."""
        super().__init__(spacing=20, margin=18)
        self._words, self._room = words, room()
        lack = max(0, LEFT - self._room)  # shared by the picture and the styles
        self._least = PAPER[1] - lack // 2
        self.sheet = Sheet(PAPER[0], self._least)
        self.styles = StyleChooser(wanted or "", deeds.style_is, deeds.manage, lack - lack // 2)
        self.styles.set_no_show_all(wanted is None)
        self._left = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=12)
        self._left.pack_start(styled(self.sheet, "ss-paper"), True, True, 0)
        self._left.pack_start(self.styles, False, False, 0)
        self.title = Gtk.Label(xalign=0.0, ellipsize=Pango.EllipsizeMode.MIDDLE, max_width_chars=30)
        self.title.get_style_context().add_class("ss-title")
        self.message = text("", 40)
        self.message.set_properties(selectable=True, can_focus=False, no_show_all=True)
        self.tries = Tries(self.sheet.show_picture)
        self.work = ProgressPanel(words.waits)
        self.engine = EngineLine()
        self._form = self._fitted(form)
        self._right = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=16)
        self._right.set_size_request(SIDE, -1)
        for widget in (self.title, self.message, self._form, self.work):
            self._right.pack_start(widget, False, False, 0)
        self._right.pack_start(self.tries, True, True, 0)
        self._right.pack_end(self._buttons(deeds), False, False, 0)
        self._right.pack_end(self.engine, False, False, 0)
        self.pack_start(self._left, False, False, 0)
        self.pack_start(self._right, True, True, 0)

    def hide_work(self) -> None:
        """Once, before the window is shown: it must not be born larger, since Inkscape would not repaint what is behind."""
        self.work.show_all()
        self.work.hide()
        self.work.set_no_show_all(True)

    def name(self, names: List[str]) -> None:
        """What the work is about."""
        several = plural("%d picture", "%d pictures", len(names))
        self.title.set_text(self._words.subject if not names else names[0] if len(names) == 1 else several)
        self.title.set_tooltip_text("\n".join(names))

    def say(self, lines: List[str]) -> None:
        """Sentences above the form."""
        self.message.set_text("\n".join(lines))
        self.message.show()

    def shrink(self) -> None:
        """The picture is as low as at first."""
        self.sheet.height = self._least

    def show_form(self, lines: List[str]) -> None:
        """The choices, and the sentences why they are there again."""
        self.engine.rest()
        self.work.hide()
        self.tries.hide()
        self._form.show()
        self.styles.set_visible(not self.styles.get_no_show_all())
        self.stop.set_label(_("_Close"))
        self.stop.set_sensitive(True)
        self._lead(_("_Start"))
        self.say(lines)

    def show_work(self, summary: str) -> None:
        """How far it is, in place of the choices."""
        self.work.begin(summary)
        self.sheet.height = self._left.get_allocation().height
        taken = self._right.get_allocation()  # the window must not shrink either: Inkscape does not repaint what is behind
        self._right.set_size_request(taken.width, taken.height)
        for widget in (self.message, self._form, self.start, self.styles):
            widget.hide()
        self.stop.set_label(_("_Cancel"))
        self.work.show()

    def show_end(self, sentence: str, notes: List[str], verb: str) -> None:
        """The work is done, and waits for the user."""
        self.work.ready(sentence, notes)
        self._lead(verb)

    def put_desk(self, desk: Any) -> None:
        """What changes the result, in place of the progress, and its view in place of the picture."""
        self.work.hide()
        self.sheet.replace_by(desk.view)
        for more in desk.buttons:
            self._verbs.add(more)
            self._verbs.reorder_child(more, 1)
            more.show()
        self._desk = self._fitted(desk)
        self._right.pack_start(self._desk, False, False, 0)
        self._desk.show_all()

    def clear_desk(self, desk: Any) -> None:
        """Without it again."""
        self.sheet.take_back()
        for widget in (*desk.buttons, desk, self._desk):
            widget.destroy()

    def begin_to_stop(self, closing: bool) -> None:
        """The user wants no more of it; `closing`: nor of the window."""
        self.stop.set_sensitive(False)
        self.start.set_sensitive(not closing)
        self.work.stopping()

    def _lead(self, verb: str) -> None:
        """The default button does this."""
        self.start.set_label(verb)
        self.start.show()
        self.start.grab_default()
        self.start.grab_focus()

    def _fitted(self, content: Gtk.Widget) -> Gtk.Widget:
        """It, or what lets the user scroll it where the screen is low."""
        return content if self._room >= ROOMY else scrolled(content, self._room - LINES)

    def _buttons(self, deeds: Deeds) -> Gtk.ButtonBox:
        self.stop = Gtk.Button.new_with_mnemonic(_("_Cancel"))
        self.stop.connect("clicked", lambda button: deeds.back_out())
        self.start = Gtk.Button.new_with_mnemonic(_("_Start"))
        self.start.get_style_context().add_class("suggested-action")
        self.start.set_can_default(True)
        self.start.connect("clicked", lambda button: deeds.go_on())
        self._verbs = Gtk.ButtonBox(layout_style=Gtk.ButtonBoxStyle.END, spacing=8)
        self._verbs.add(self.stop)
        self._verbs.add(self.start)
        return self._verbs
