"""One style pack seen closer, with what can be done to it."""

from typing import Callable, Optional

from gi.repository import Gtk

from stylesketch_ext.dialogs.look import button, styled, text
from stylesketch_ext.dialogs.pack_naming import PackNaming
from stylesketch_ext.dialogs.pictures import pixbuf
from stylesketch_ext.pack_facts import can_be_seen, description_of, facts, fixed_because, origin, title_of
from stylesketch_ext.wire.messages import StyleInfo
from stylesketch_ext.words import _

WIDTH, HEIGHT = 300, 200  # px, of the preview


class PackDetails(Gtk.Stack):
    """Its picture, texts and facts; or, while it is renamed, a form.

    `renamed(title, name)`, `export()`, `remove()` and `see()` (networks look at it) are called when the user wants that.
    """

    def __init__(
        self,
        renamed: Callable[[str, str], None],
        export: Callable[[], None],
        remove: Callable[[], None],
        see: Callable[[], None],
    ) -> None:
        super().__init__(hhomogeneous=True)
        self._pack: Optional[StyleInfo] = None
        self._renamed = renamed
        self._naming = PackNaming(lambda: self._save.set_sensitive(self._naming.complete))
        self._rename = button(_("_Rename…"), self.rename)
        self._export = button(_("E_xport…"), export)
        self._remove = button(_("Re_move…"), remove)
        self._see = button(_("Deep _Features"), see)
        self._see.set_tooltip_text(
            _("Lets the networks that are installed look at the pack's pictures, so that drawings come nearer to them")
        )
        self._see.set_no_show_all(True)
        self._save = button(_("_Save"), self._finish)
        self.add_named(self._about(), "about")
        self.add_named(self._form(), "form")
        self.show_pack(None, None)

    @property
    def renaming(self) -> bool:
        return self.get_visible_child_name() == "form"

    def show_pack(self, pack: Optional[StyleInfo], preview: Optional[bytes]) -> None:
        """Show a pack, or that there is none."""
        self._pack = pack
        self.stay()
        self._show_preview(preview)
        self._title.set_text(title_of(pack) if pack else "")
        self._origin.set_text(origin(pack) if pack else "")
        self._show_text(self._description, description_of(pack) if pack else "")
        self._show_text(self._problem, pack.problem if pack else "")
        self._show_facts(pack)
        fixed = fixed_because(pack)
        self._export.set_sensitive(pack is not None)
        self._see.set_visible(can_be_seen(pack))
        for action in (self._rename, self._remove):
            action.set_sensitive(not fixed)
            action.set_tooltip_text(fixed or None)
        self._show_text(self._fixed, fixed if pack else "")

    def rename(self) -> None:
        """Show the form, if this pack can be renamed."""
        if self._pack and not fixed_because(self._pack):
            self.set_visible_child_name("form")
            self._naming.begin(self._pack.title, self._pack.name, [])
            self._save.grab_default()

    def let_see(self, idle: bool) -> None:
        """Whether networks could begin to look now."""
        self._see.set_sensitive(idle)

    def stay(self) -> None:
        """Leave the form without a change."""
        self.set_visible_child_name("about")

    def _finish(self) -> None:
        if self._naming.complete:
            self._renamed(self._naming.title, self._naming.name)

    def _about(self) -> Gtk.Box:
        self._preview = Gtk.Image()
        self._preview.set_size_request(WIDTH, HEIGHT)
        self._preview.get_accessible().set_name(_("Preview"))
        sheet = styled(Gtk.Box(), "ss-paper")
        sheet.pack_start(self._preview, True, True, 0)
        self._title = styled(text(), "ss-title")
        self._origin = styled(text(), "dim-label", "ss-small")
        self._description, self._problem, self._fixed = text(), text(), styled(text(), "dim-label", "ss-small")
        self._facts = Gtk.Grid(row_spacing=4, column_spacing=12)
        words = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=8)
        for widget in (self._title, self._origin, self._problem, self._description, self._facts):
            words.pack_start(widget, False, False, 0)
        scrolled = Gtk.ScrolledWindow(hscrollbar_policy=Gtk.PolicyType.NEVER)
        scrolled.add(words)
        buttons = Gtk.Box(spacing=8, homogeneous=True)
        for action in (self._rename, self._export, self._remove):
            buttons.pack_start(action, True, True, 0)
        box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=12)
        box.set_size_request(WIDTH, -1)
        box.pack_start(sheet, False, False, 0)
        box.pack_start(scrolled, True, True, 0)
        box.pack_start(self._fixed, False, False, 0)
        box.pack_start(self._see, False, False, 0)
        box.pack_start(buttons, False, False, 0)
        return box

    def _form(self) -> Gtk.Box:
        self._save.set_can_default(True)
        self._save.get_style_context().add_class("suggested-action")
        buttons = Gtk.ButtonBox(layout_style=Gtk.ButtonBoxStyle.END, spacing=8)
        buttons.add(button(_("_Back"), self.stay))
        buttons.add(self._save)
        box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=12)
        box.pack_start(styled(Gtk.Label(label=_("Rename the style pack"), xalign=0.0), "ss-title"), False, False, 0)
        box.pack_start(self._naming, False, False, 0)
        box.pack_start(buttons, False, False, 0)
        return box

    def _show_preview(self, data: Optional[bytes]) -> None:
        picture = pixbuf(data, WIDTH - 12, HEIGHT - 12) if data else None
        if picture:
            self._preview.set_from_pixbuf(picture)
        else:
            self._preview.clear()

    def _show_facts(self, pack: Optional[StyleInfo]) -> None:
        for child in self._facts.get_children():
            child.destroy()
        for row, (what, how) in enumerate(facts(pack) if pack else ()):
            self._facts.attach(styled(Gtk.Label(label=what, xalign=1.0, yalign=0.0), "dim-label", "ss-small"), 0, row, 1, 1)
            self._facts.attach(styled(text(how), "ss-small"), 1, row, 1, 1)
        self._facts.show_all()

    def _show_text(self, label: Gtk.Label, words: str) -> None:
        label.set_text(words)
        label.set_visible(bool(words))
