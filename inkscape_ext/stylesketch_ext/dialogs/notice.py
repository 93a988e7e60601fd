"""The bar at the top of a window that tells something, or asks and waits for the answer."""

from typing import Callable, List, Optional, Sequence, Tuple

from gi.repository import Gtk, Pango

from stylesketch_ext.words import _

ICONS = {
    Gtk.MessageType.INFO: "dialog-information-symbolic",
    Gtk.MessageType.QUESTION: "dialog-question-symbolic",
    Gtk.MessageType.ERROR: "dialog-warning-symbolic",
}

Answer = Tuple[str, Callable[[], None]]  # the button's label, what it does


class Notice(Gtk.InfoBar):
    """Hidden until there is something to say. `asked()` is called when a question begins and ends."""

    def __init__(self, asked: Callable[[bool], None]) -> None:
        super().__init__(no_show_all=True)
        self._asked = asked
        self._answers: List[Callable[[], None]] = []
        self._dismiss: Optional[Callable[[], None]] = None
        self._text = Gtk.Label(xalign=0.0, wrap=True, max_width_chars=90, selectable=True, can_focus=False)
        self._text.set_line_wrap_mode(Pango.WrapMode.WORD_CHAR)  # paths are long words
        self._text.show()
        self._icon = Gtk.Image(icon_size=Gtk.IconSize.LARGE_TOOLBAR, valign=Gtk.Align.START, visible=True)
        self.get_content_area().add(self._icon)
        self.get_content_area().add(self._text)
        self.connect("response", self._respond)

    @property
    def asking(self) -> bool:
        """Is there a question without an answer?"""
        return self._dismiss is not None

    def tell(self, lines: Sequence[str], bad: bool = False, more: Sequence[Answer] = ()) -> None:
        """Show sentences; what went wrong with another color. `more` are buttons."""
        self._end()
        button = self._show(lines, Gtk.MessageType.ERROR if bad else Gtk.MessageType.INFO, [*more, (_("_OK"), self.clear)])
        if bad:
            button.grab_focus()

    def ask(self, question: str, answers: Sequence[Answer], dismissed: Callable[[], None] = lambda: None, no: str = "") -> None:
        """Ask; the last button, which has the keyboard, leaves everything as it is, as does Escape."""
        self._end()
        self._dismiss = dismissed
        self._asked(True)
        self._show([question], Gtk.MessageType.QUESTION, [*answers, (no or _("_No"), dismissed)]).grab_focus()

    def clear(self) -> None:
        """Hide it; a question counts as answered with no."""
        dismiss = self._dismiss
        self._end()
        if dismiss:
            dismiss()

    def _show(self, lines: Sequence[str], kind: Gtk.MessageType, answers: Sequence[Answer]) -> Gtk.Button:
        """The last button."""
        self.set_message_type(kind)
        self._icon.set_from_icon_name(ICONS[kind], Gtk.IconSize.LARGE_TOOLBAR)
        self._text.set_text("\n".join(lines))
        area = self.get_action_area()
        for button in area.get_children():
            button.destroy()
        self._answers = [then for _label, then in answers]
        for number, (label, _then) in enumerate(answers):
            button = self.add_button(label, number)
        self.show()
        area.show_all()
        return button

    def _respond(self, bar: Gtk.InfoBar, number: int) -> None:
        if 0 <= number < len(self._answers):
            answer = self._answers[number]
            self._end()
            answer()
        else:
            self.clear()

    def _end(self) -> None:
        was_question = self.asking
        self._dismiss, self._answers = None, []
        self.hide()
        if was_question:
            self._asked(False)
