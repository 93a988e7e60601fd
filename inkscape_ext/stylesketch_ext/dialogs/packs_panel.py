"""The style packs: a gallery, what can be done to each, and a page that makes new ones."""

import os
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

from gi.repository import Gdk, Gtk

from stylesketch_ext import user_files
from stylesketch_ext.client import BackendClient
from stylesketch_ext.dialogs.file_page import FilePage
from stylesketch_ext.dialogs.gallery import Gallery
from stylesketch_ext.dialogs.look import button, text
from stylesketch_ext.dialogs.new_pack import NewPack
from stylesketch_ext.dialogs.notice import Notice
from stylesketch_ext.dialogs.pack_details import PackDetails
from stylesketch_ext.errands import Errand, Errands
from stylesketch_ext.failures import Failure
from stylesketch_ext.pack_facts import fixed_because, title_of
from stylesketch_ext.pack_imports import PackImports, in_the_way
from stylesketch_ext.pack_making import PackMaking, Plan
from stylesketch_ext.pack_previews import preview_of
from stylesketch_ext.pack_seeing import PackSeeing
from stylesketch_ext.wire.messages import StyleChange, StyleInfo, StyleResult
from stylesketch_ext.words import _, marked

CARD = (132, 96)  # px, a preview in the gallery
ENDING = ".stylepack"
PICTURES = ("*.jpg", "*.jpeg", "*.png", "*.webp", "*.gif", "*.bmp", "*.tif", "*.tiff", "*.avif")


class PacksPanel(Gtk.Box):
    """What a window of the style packs shows; whoever shows it calls `tick` often.

    `selected()` gives the bitmaps selected in the document as (name, bytes), or raises Failure; `explained(failure)` the
    lines to be shown of a failure; `folder` is where the user chooses files first; `leave()` is called by the
    button that says `leaving`.
    """

    def __init__(
        self,
        errands: Errands,
        selected: Callable[[], Sequence[Tuple[str, bytes]]],
        explained: Callable[[Failure], List[str]],
        folder: str,
        leave: Callable[[], None],
        leaving: str = marked("_Close"),
    ) -> None:
        super().__init__(orientation=Gtk.Orientation.VERTICAL)
        self._leaving = leaving
        self._errands, self._selected, self._explained, self._leave = errands, selected, explained, leave
        self.packs: List[StyleInfo] = []
        self.previews: Dict[str, bytes] = {}
        self._making: Optional[PackMaking] = None
        self._seeing: Optional[PackSeeing] = None
        self._page_before = "gallery"
        self._build(folder)

    @property
    def chosen(self) -> Optional[str]:
        """The name of a pack."""
        return self._gallery.chosen

    def begin(self, chosen: Optional[str] = None) -> None:
        """Ask for the packs; at first, and when they are looked at again."""
        if not self._errands.ident:
            self._errands.start()
        self._load(chosen)

    def stop(self) -> None:
        """Begin nothing any more, and break off what can be; `stopped` once that is so."""
        for work in (self._making, self._seeing):
            if work:
                work.stop()
        self._errands.stop()

    @property
    def stopped(self) -> bool:
        return not self._errands.is_alive()

    def tick(self) -> None:
        """Go on with what has ended meanwhile, and show how far the rest is."""
        self._errands.call_back()
        if self._making:
            self._new.work(self._making.stage)
        busy = self._errands.busy
        self._spinner.set_visible(busy)
        self._engine.set_text(self._errands.stage or (self._seeing.stage if self._seeing else "") if busy else "")

    def back_out(self) -> bool:
        """Escape: from a question, a message, a form or a page back. False where there is nothing to go back from."""
        if self._notice.get_visible():
            self._notice.clear()
        elif self._pages.get_visible_child_name() == "files":
            self._leave_files()
        elif self._pages.get_visible_child_name() == "new":
            self._leave_new()
        elif self._details.renaming:
            self._details.stay()
        else:
            return False
        return True

    def key(self, event: Gdk.EventKey) -> bool:
        """Keys for the chosen pack; False for any other."""
        focus = self.get_toplevel().get_focus()
        if not focus or not (focus is self._gallery.shelf or focus.is_ancestor(self._gallery.shelf)):
            return False
        if event.keyval == Gdk.KEY_Delete:
            self._remove()
        elif event.keyval == Gdk.KEY_F2:
            self._details.rename()
        else:
            return False
        return True

    def complain(self, failure: Optional[Failure]) -> None:
        """Show why something failed; nothing where it was canceled."""
        if failure:
            self._notice.tell(self._explained(failure), bad=True)

    def _build(self, folder: str) -> None:
        self._notice = Notice(self._asked)
        self._gallery = Gallery(CARD, self._show_details, lambda: self._details.rename(), described=False)
        self._details = PackDetails(self._change, self._export, self._remove, self._see)
        self._imports = PackImports(
            self._errands, self._notice, lambda: self.packs, lambda pack: self._load(pack.name), self._explained
        )
        self._files = FilePage(folder, self._leave_files)
        self._new = NewPack(self._choose_pictures, self._make, self._leave_new)
        self._spinner = Gtk.Spinner(active=True)
        self._engine = text("", 60, "dim-label", "ss-small")
        self._pages = Gtk.Stack()
        self._pages.add_named(self._gallery_page(), "gallery")
        self._pages.add_named(self._new, "new")
        self._pages.add_named(self._files, "files")
        self._pages.set_margin_start(18)
        self._pages.set_margin_end(18)
        self._pages.set_margin_top(18)
        self._pages.set_margin_bottom(18)
        self.pack_start(self._notice, False, False, 0)
        self.pack_start(self._pages, True, True, 0)

    def _gallery_page(self) -> Gtk.Box:
        left = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=12)
        left.pack_start(self._gallery, True, True, 0)
        row = Gtk.Box(spacing=8)
        row.pack_start(button(_("_Import…"), self._choose_archive), False, False, 0)
        row.pack_start(button(_("_New from Pictures…"), self._begin_new), False, False, 0)
        row.pack_start(self._spinner, False, False, 4)
        row.pack_start(self._engine, True, True, 0)
        left.pack_start(row, False, False, 0)
        right = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=12, hexpand=False)  # entries in it would spread it
        right.pack_start(self._details, True, True, 0)
        last = Gtk.ButtonBox(layout_style=Gtk.ButtonBoxStyle.END)
        last.add(button(_(self._leaving), self._leave))
        right.pack_start(last, False, False, 0)
        box = Gtk.Box(spacing=18)
        box.pack_start(left, True, True, 0)
        box.pack_start(right, False, False, 0)
        return box

    def _load(self, chosen: Optional[str] = None) -> None:
        """Ask for the packs and their previews, then choose one."""
        self._do(_listed, lambda found: self._show_packs(found[0], found[1], chosen), self._cannot_load)

    def _show_packs(self, packs: List[StyleInfo], previews: Dict[str, bytes], chosen: Optional[str]) -> None:
        self.packs, self.previews = packs, previews
        names = [pack.name for pack in packs]
        wanted = next((name for name in (chosen, self._gallery.chosen) if name in names), names[0] if names else None)
        self._gallery.fill(packs, previews, wanted)
        self._show_details()
        if not self._notice.get_visible():
            self._gallery.take_focus()

    def _cannot_load(self, failure: Optional[Failure]) -> None:
        if failure:
            self._notice.tell(self._explained(failure), bad=True, more=[(_("_Try Again"), self._load)])

    def _show_details(self) -> None:
        pack = self._chosen()
        self._details.show_pack(pack, self.previews.get(pack.name) if pack else None)

    def _chosen(self) -> Optional[StyleInfo]:
        return next((pack for pack in self.packs if pack.name == self._gallery.chosen), None)

    def _choose_archive(self) -> None:
        self._show_files()
        kind = _("Style packs")
        self._files.open(_("Import a style pack"), _("_Import"), ["*" + ENDING], kind, self._imports.begin)

    def _export(self) -> None:
        pack = self._chosen()
        if pack:
            name = pack.name
            self._show_files()
            self._files.save(
                _("Export the style pack"), _("_Export"), name + ENDING, lambda paths: self._export_to(name, paths[0])
            )

    def _export_to(self, name: str, path: str, replace: bool = False) -> None:
        path = path if os.path.splitext(path)[1] else path + ENDING
        if os.path.exists(path) and not replace:
            question = _("There is a file %s already. Replace it?") % path
            self._notice.ask(question, [(_("_Replace"), lambda: self._export_to(name, path, True))])
            return
        self._do(
            lambda client: user_files.write(path, client.export_style(name)),
            lambda done: self._notice.tell([_("The style pack has been exported to %s.") % path]),
        )

    def _change(self, title: str, name: str) -> None:
        pack = self._chosen()
        if not pack:
            return
        change = StyleChange(name if name != pack.name else None, title if title != pack.title else None)
        if change == StyleChange():
            self._details.stay()
            return
        old = pack.name
        self._do(lambda client: client.change_style(old, change), lambda changed: self._load(changed.name))

    def _remove(self) -> None:
        pack = self._chosen()
        if pack and not fixed_because(pack):
            name, title = pack.name, title_of(pack)
            self._notice.ask(
                _("Remove the style pack “%s”? It is deleted from this computer.") % title,
                [(_("_Remove"), lambda: self._remove_now(name, title))],
            )

    def _remove_now(self, name: str, title: str) -> None:
        def removed(nothing: None) -> None:
            self._notice.tell([_("The style pack “%s” has been removed.") % title])
            self._load()

        self._do(lambda client: client.remove_style(name), removed)

    def _see(self) -> None:
        """Let networks look at the chosen pack."""
        pack = self._chosen()
        if not pack or self._seeing:
            return
        self._notice.clear()
        self._seeing = seeing = PackSeeing(pack.name)
        self._details.let_see(False)

        def failed(failure: Optional[Failure]) -> None:
            self._rest_from_seeing()
            self.complain(failure)

        self._do(seeing, self._seen, failed)

    def _rest_from_seeing(self) -> None:
        self._seeing = None
        self._details.let_see(True)

    def _seen(self, result: StyleResult) -> None:
        self._rest_from_seeing()
        told = _("The style pack “%s” has these deep features now: %s.")
        self._notice.tell([told % (title_of(result.style), ", ".join(result.style.features))])
        self._load(result.style.name)

    def _begin_new(self) -> None:
        try:
            pictures = [each for each in self._selected() if each[1]]
        except Failure as failure:
            self.complain(failure)
            pictures = []
        self._pages.set_visible_child_name("new")
        self._new.begin(pictures, [pack.name for pack in self.packs])

    def _choose_pictures(self) -> None:
        self._show_files()
        self._files.open(_("Add pictures"), _("_Add"), PICTURES, _("Pictures"), self._add_pictures, seen=True)

    def _add_pictures(self, paths: List[str]) -> None:
        try:
            self._new.take([(os.path.basename(path), user_files.read(path)) for path in paths])
        except Failure as failure:
            self.complain(failure)

    def _make(self, plan: Plan) -> None:
        """Make it; where there is an own pack of that name already, ask first."""
        there = next((pack for pack in self.packs if pack.name == plan.name), None)
        if there and not there.bundled and not plan.replace:
            self._ask_replace(there, plan)
            return
        self._notice.clear()
        self._making = making = PackMaking(plan)

        def failed(failure: Optional[Failure]) -> None:
            self._making = None
            self._new.rest()
            there = in_the_way(failure, self.packs)
            if there and not there.bundled:
                self._ask_replace(there, plan)
            elif failure:
                self.complain(failure)
            else:
                self._notice.tell([_("Making the style pack was canceled.")])

        self._do(making, self._made, failed)

    def _made(self, result: StyleResult) -> None:
        self._making = None
        self._show_gallery()
        self._notice.tell([_("The style pack “%s” is ready.") % title_of(result.style), *result.notes])
        self._load(result.style.name)

    def _leave_new(self) -> None:
        """Back to the gallery, or to the choices from the work."""
        if self._making:
            self._making.stop()
        else:
            self._notice.clear()
            self._show_gallery()

    def _show_gallery(self) -> None:
        self._new.rest()
        self._pages.set_visible_child_name("gallery")
        self._gallery.take_focus()

    def _do(self, errand: Errand, then: Callable[[Any], None], otherwise: Optional[Callable] = None) -> None:
        self._errands.do(errand, then, otherwise or self.complain)

    def _complain(self, failure: Optional[Failure]) -> None:
        if failure:
            self._notice.tell(self._explained(failure), bad=True)

    def _ask_replace(self, there: StyleInfo, plan: Plan) -> None:
        question = _("There is a style pack “%s” already. Replace it?") % title_of(there)
        self._notice.ask(question, [(_("_Replace"), lambda: self._make(_replacing(plan)))])

    def _asked(self, asking: bool) -> None:
        self._pages.set_sensitive(not asking)

    def _show_files(self) -> None:
        self._page_before = self._pages.get_visible_child_name()
        self._pages.set_visible_child_name("files")

    def _leave_files(self) -> None:
        self._pages.set_visible_child_name(self._page_before)


def _replacing(plan: Plan) -> Plan:
    return Plan(plan.pictures, plan.name, plan.title, True)


def _listed(client: BackendClient) -> Tuple[List[StyleInfo], Dict[str, bytes]]:
    packs = client.styles()
    previews = {pack.name: preview_of(client, pack) for pack in packs}
    return packs, {name: preview for name, preview in previews.items() if preview}
