"""The gallery of the sketch window: which style pack the sketch is drawn in."""

from typing import Callable, List, Mapping, Optional, Sequence

from gi.repository import Gtk, Pango

from stylesketch_ext.dialogs.gallery import Gallery
from stylesketch_ext.dialogs.look import button, styled
from stylesketch_ext.pack_facts import drawable, gone_sentence, stand_in, title_of
from stylesketch_ext.wire.messages import StyleInfo
from stylesketch_ext.words import _

CARD = (90, 64)  # px, a preview
HEIGHT = 232  # px: two rows, and enough of a third to see that there are more


class StyleChooser(Gtk.Box):
    """Offers nothing until `offer` is called; `chosen` is then still the one wanted. `changed(pack)` tells what is chosen,
    `manage()` is called when the user wants to do more with the packs."""

    def __init__(self, wanted: str, changed: Callable[[StyleInfo], None], manage: Callable[[], None], lower: int = 0) -> None:
        """lower: by how many px, on a low screen."""
        super().__init__(orientation=Gtk.Orientation.VERTICAL, spacing=6)
        self._wanted, self._changed = wanted, changed
        self._packs: List[StyleInfo] = []
        self._shown: Mapping[str, bytes] = {}
        self._gallery = Gallery(CARD, self._name_it)
        self._gallery.keep_height(HEIGHT - lower)
        label = styled(Gtk.Label.new_with_mnemonic(_("St_yle")), "dim-label")
        label.set_mnemonic_widget(self._gallery.shelf)
        self._title = Gtk.Label(xalign=0.0, ellipsize=Pango.EllipsizeMode.END)
        row = Gtk.Box(spacing=8)
        row.pack_start(label, False, False, 0)
        row.pack_start(self._title, True, True, 0)
        more = styled(button(_("_Manage…"), manage), "flat")
        more.set_tooltip_text(_("Import, share and make style packs"))
        row.pack_start(more, False, False, 0)
        self.pack_start(row, False, False, 0)
        self.pack_start(self._gallery, True, True, 0)

    @property
    def chosen(self) -> str:
        """The name of a style pack."""
        return self._gallery.chosen or self._wanted

    @property
    def title(self) -> str:
        """What the user reads of it."""
        pack = self._pack()
        return title_of(pack) if pack else self.chosen

    def offer(self, packs: Sequence[StyleInfo], wanted: str) -> Optional[str]:
        """Show these packs; returns a sentence where the wanted one is not among them and another is chosen."""
        usable = drawable(packs)
        self._packs, self._shown = usable, {}
        instead = stand_in(wanted, usable)
        self._gallery.fill(usable, {}, instead.name if instead else None)
        self._name_it()
        return gone_sentence(wanted, packs, instead)

    def show_previews(self, previews: Mapping[str, bytes]) -> None:
        """Those that are known by now."""
        for name in previews.keys() - self._shown.keys():
            self._gallery.show_preview(name, previews[name])
        self._shown = previews

    def _pack(self) -> Optional[StyleInfo]:
        return next((pack for pack in self._packs if pack.name == self.chosen), None)

    def _name_it(self) -> None:
        self._title.set_text(self.title)
        pack = self._pack()
        if pack:
            self._changed(pack)
