"""The two entries that name a style pack: its title, and the name that is made of it until the user writes another."""

from typing import Callable, Collection

from gi.repository import Gtk

from stylesketch_ext.dialogs.look import styled
from stylesketch_ext.pack_facts import NAME_LENGTH, TITLE_LENGTH, name_from, wrong_name
from stylesketch_ext.words import _


class PackNaming(Gtk.Grid):
    """`changed()` is called after every letter; `complete` says whether the two can be used."""

    def __init__(self, changed: Callable[[], None]) -> None:
        super().__init__(row_spacing=10, column_spacing=12)
        self._changed, self._own_name = changed, False
        self._taken: Collection[str] = ()
        self._title = Gtk.Entry(max_length=TITLE_LENGTH, hexpand=True, activates_default=True)
        self._name = Gtk.Entry(max_length=NAME_LENGTH, hexpand=True, activates_default=True)
        self._wrong = styled(Gtk.Label(xalign=0.0, wrap=True, max_width_chars=30, no_show_all=True), "dim-label", "ss-small")
        self._row(0, _("_Title"), self._title, _("Title of the style pack"))
        self._row(1, _("N_ame"), self._name, _("Name of the style pack"))
        self.attach(self._wrong, 1, 2, 1, 1)
        self._name.set_tooltip_text(_("What the style pack is called on the command line and in files"))
        self._title.connect("changed", lambda entry: self._follow())
        self._named = self._name.connect("changed", lambda entry: self._by_hand())

    @property
    def title(self) -> str:
        return self._title.get_text().strip()

    @property
    def name(self) -> str:
        return self._name.get_text().strip()

    @property
    def complete(self) -> bool:
        return bool(self.title) and not wrong_name(self.name)

    def begin(self, title: str, name: str, taken: Collection[str]) -> None:
        """Start with these; an empty name follows the title, without being one of the taken ones."""
        self._taken, self._own_name = taken, bool(name)
        self._write(name)
        self._title.set_text(title)
        self._follow()
        self._title.grab_focus()

    def _follow(self) -> None:
        if not self._own_name:
            self._write(name_from(self.title, self._taken))
        self._judge()

    def _by_hand(self) -> None:
        self._own_name = bool(self.name)
        self._judge()

    def _write(self, name: str) -> None:
        with self._name.handler_block(self._named):
            self._name.set_text(name)

    def _judge(self) -> None:
        wrong = wrong_name(self.name) if self.name or self.title else ""
        self._wrong.set_text(wrong)
        self._wrong.set_visible(bool(wrong))
        self._changed()

    def _row(self, row: int, text: str, entry: Gtk.Entry, name: str) -> None:
        label = styled(Gtk.Label.new_with_mnemonic(text), "dim-label")
        label.set_xalign(1.0)
        label.set_mnemonic_widget(entry)
        entry.get_accessible().set_name(name)
        self.attach(label, 0, row, 1, 1)
        self.attach(entry, 1, row, 1, 1)
