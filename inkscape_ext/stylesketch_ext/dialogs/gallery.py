"""Style packs as cards with previews, of which one is chosen."""

from typing import Callable, Dict, Mapping, Optional, Sequence, Tuple

from gi.repository import Gdk, GLib, Gtk

from stylesketch_ext.dialogs.cards import Card
from stylesketch_ext.dialogs.look import styled
from stylesketch_ext.pack_facts import description_of, title_of
from stylesketch_ext.wire.messages import StyleInfo
from stylesketch_ext.words import _


class Gallery(Gtk.Overlay):
    """A shelf of cards; `chosen` is the name of the chosen pack.

    `changed()` is called when the user chooses, `activated()` on a double click and on Enter.
    """

    def __init__(
        self,
        size: Tuple[int, int],  # px of a preview
        changed: Callable[[], None],
        activated: Callable[[], None] = lambda: None,
        described: bool = True,  # do tooltips say more than the title?
    ) -> None:
        super().__init__()
        self._size, self._described = size, described
        self._changed, self._activated = changed, activated
        self._cards: Dict[str, Card] = {}
        self._revealed = True  # has the chosen card been scrolled to, since they were filled in?
        self._shelf = Gtk.FlowBox(
            homogeneous=True, selection_mode=Gtk.SelectionMode.BROWSE, valign=Gtk.Align.START, row_spacing=2, column_spacing=2,
            margin=4, min_children_per_line=2, max_children_per_line=8, activate_on_single_click=False,
        )  # fmt: skip
        self._shelf.get_accessible().set_name(_("Style packs"))
        self._selecting = self._shelf.connect("selected-children-changed", lambda shelf: self._choose())
        self._shelf.connect("child-activated", lambda shelf, card: self._activated())
        self._shelf.connect("size-allocate", lambda shelf, place: self._revealed or GLib.idle_add(self._reveal))
        self._shelf.connect("focus", self._focus)
        self._shelf.connect("key-press-event", self._key)
        self._shelf.connect("mnemonic-activate", lambda shelf, cycling: self.take_focus())
        self._scrolled = styled(Gtk.ScrolledWindow(hscrollbar_policy=Gtk.PolicyType.NEVER), "ss-shelf", "view")
        self._scrolled.add(self._shelf)
        self._waiting = styled(Gtk.Label(
            label=_("The styles appear as soon as the engine answers."), wrap=True, max_width_chars=32, margin=18,
            justify=Gtk.Justification.CENTER, halign=Gtk.Align.CENTER, valign=Gtk.Align.CENTER,
        ), "dim-label")  # fmt: skip
        self.add(self._scrolled)
        self.add_overlay(self._waiting)
        self.set_overlay_pass_through(self._waiting, True)

    @property
    def shelf(self) -> Gtk.FlowBox:
        """What takes the keyboard."""
        return self._shelf

    def keep_height(self, height: int) -> None:
        """Take so many px, whatever there is to show."""
        self._scrolled.set_min_content_height(height)
        self._scrolled.set_max_content_height(height)

    @property
    def chosen(self) -> Optional[str]:
        chosen = self._shelf.get_selected_children()
        return chosen[0].name if chosen else None

    def fill(self, packs: Sequence[StyleInfo], previews: Mapping[str, bytes], chosen: Optional[str]) -> None:
        """Show these packs instead, and choose one; nobody is called."""
        with self._shelf.handler_block(self._selecting):
            for card in self._cards.values():
                card.destroy()
            self._cards = {pack.name: _card(pack, *self._size, described=self._described) for pack in packs}
            for name, card in self._cards.items():
                self._shelf.add(card)
                self.show_preview(name, previews.get(name))
            self._shelf.show_all()
            self._waiting.hide()
            if chosen in self._cards:
                self._shelf.select_child(self._cards[chosen])
        self._revealed = False

    def show_preview(self, name: str, data: Optional[bytes]) -> None:
        if name in self._cards:
            self._cards[name].show_picture(data)

    def take_focus(self) -> bool:
        """The chosen card gets the keyboard, or the first; False where there is none."""
        card = self._cards.get(self.chosen or "") or next(iter(self._cards.values()), None)
        if card:
            card.grab_focus()
        return card is not None

    def _choose(self) -> None:
        if self.chosen:
            self._changed()

    def _focus(self, shelf: Gtk.FlowBox, direction: Gtk.DirectionType) -> bool:
        """Tab comes to the chosen card and leaves from it; by itself GTK would go through all, choosing each."""
        if direction not in (Gtk.DirectionType.TAB_FORWARD, Gtk.DirectionType.TAB_BACKWARD):
            return False
        shelf.stop_emission_by_name("focus")
        return not shelf.get_focus_child() and self.take_focus()

    def _key(self, shelf: Gtk.FlowBox, event: Gdk.EventKey) -> bool:
        """Home and End, which GTK's shelf does not know."""
        cards = list(self._cards.values())
        if not cards or event.keyval not in (Gdk.KEY_Home, Gdk.KEY_End):
            return False
        card = cards[0 if event.keyval == Gdk.KEY_Home else -1]
        shelf.select_child(card)
        card.grab_focus()
        return True

    def _reveal(self) -> bool:
        """Scroll to the chosen card, once it has its place."""
        card, adjustment = self._cards.get(self.chosen or ""), self._scrolled.get_vadjustment()
        if card and card.get_mapped() and adjustment.get_upper() > 1:
            place = card.get_allocation()
            adjustment.clamp_page(place.y, place.y + place.height + 8)
            self._revealed = True
        return False


def _card(pack: StyleInfo, width: int, height: int, described: bool) -> Card:
    title = title_of(pack)
    more = (description_of(pack), pack.problem) if described else ()
    return Card(pack.name, title, "\n".join(filter(None, (title, *more))), width, height)
