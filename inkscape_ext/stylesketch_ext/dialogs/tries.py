"""Several tries of the same thing, of which the user picks one."""

from typing import Callable, List, Sequence

from gi.repository import Gtk

from stylesketch_ext.dialogs.cards import Card
from stylesketch_ext.dialogs.look import styled
from stylesketch_ext.words import _

CARD = (92, 92)  # px
HEIGHT = 248  # px: two rows


class Tries(Gtk.ScrolledWindow):
    """A shelf of pictures, hidden until `fill`; `chosen` is the number of one, from 0. `show(picture)` is called for it."""

    def __init__(self, show: Callable[[bytes], None], height: int = HEIGHT) -> None:
        super().__init__(hscrollbar_policy=Gtk.PolicyType.NEVER, no_show_all=True)
        self._show, self._height = show, height
        self._pictures: List[bytes] = []
        self._shelf = Gtk.FlowBox(
            homogeneous=True, selection_mode=Gtk.SelectionMode.BROWSE, valign=Gtk.Align.START, margin=4, row_spacing=2,
            column_spacing=2, min_children_per_line=3, max_children_per_line=3,
        )  # fmt: skip
        self._shelf.get_accessible().set_name(_("Tries"))
        self._shelf.connect("selected-children-changed", lambda shelf: self._show_chosen())
        self.add(self._shelf)
        styled(self, "ss-shelf", "view")

    @property
    def chosen(self) -> int:
        chosen = self._shelf.get_selected_children()
        return chosen[0].get_index() if chosen else 0

    def fill(self, pictures: Sequence[bytes], titles: Sequence[str], tips: Sequence[str] = (), chosen: int = 0) -> None:
        """Show these, and choose one. tips: what is told of each beside its title."""
        for card in self._shelf.get_children():
            card.destroy()
        self._pictures = list(pictures)
        for number, (picture, title, tip) in enumerate(zip(pictures, titles, tips or titles)):
            card = Card(str(number), title, tip, *CARD)
            card.show_picture(picture)
            self._shelf.add(card)
        self._shelf.show_all()
        self.show()
        self.set_min_content_height(self._height if len(pictures) > 3 else self._height // 2)
        self._shelf.select_child(self._shelf.get_child_at_index(chosen))
        self._show_chosen()

    def _show_chosen(self) -> None:
        if self.chosen < len(self._pictures):
            self._show(self._pictures[self.chosen])
