"""The window of the style packs: a gallery, what can be done to each, and a page that makes new ones."""

import os
import time
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

from gi.repository import Gdk, GLib, Gtk

from stylesketch_ext import user_files
from stylesketch_ext.client import BackendClient
from stylesketch_ext.dialogs.file_page import FilePage
from stylesketch_ext.dialogs.gallery import Gallery
from stylesketch_ext.dialogs.look import button, text, use_css
from stylesketch_ext.dialogs.new_pack import NewPack
from stylesketch_ext.dialogs.notice import Notice
from stylesketch_ext.dialogs.pack_details import PackDetails
from stylesketch_ext.errands import Errand, Errands
from stylesketch_ext.failures import Failure, Refusal
from stylesketch_ext.host import inkscape_is_gone
from stylesketch_ext.pack_facts import fixed_because, title_of
from stylesketch_ext.pack_making import PackMaking, Plan
from stylesketch_ext.wire.messages import StyleChange, StyleInfo, StyleResult
from stylesketch_ext.words import _

WIDTH, HEIGHT = 900, 560  # px; fits on a screen of 1280 × 720
CARD = (132, 96)  # px, a preview in the gallery
TICK = 80  # ms
PATIENCE = 10.0  # s that what is under way may take when the window is to close
ENDING = ".stylepack"
PICTURES = ("*.jpg", "*.jpeg", "*.png", "*.webp", "*.gif", "*.bmp", "*.tif", "*.tiff", "*.avif")
EXISTS = "exists"


class PacksWindow(Gtk.Window):
    """`selected()` gives the bitmaps selected in the document as (name, bytes), or raises Failure; `explained(failure)`
    the lines to be shown of a failure; `folder` is where the user chooses files first."""

    def __init__(
        self,
        errands: Errands,
        selected: Callable[[], Sequence[Tuple[str, bytes]]],
        explained: Callable[[Failure], List[str]],
        folder: str,
    ) -> None:
        super().__init__(title=_("Style Packs – StyleSketch"), type_hint=Gdk.WindowTypeHint.DIALOG)
        self.set_default_size(WIDTH, HEIGHT)
        self.set_position(Gtk.WindowPosition.CENTER)
        self.set_keep_above(True)
        self.set_icon_name("org.inkscape.Inkscape")
        self._errands, self._selected, self._explained = errands, selected, explained
        self._packs: List[StyleInfo] = []
        self._previews: Dict[str, bytes] = {}
        self._making: Optional[PackMaking] = None
        self._page_before = "gallery"
        self._error: Optional[BaseException] = None
        self._closing: Optional[float] = None  # when closing has lasted long enough
        self._ended = False
        use_css()
        self._build(folder)
        self.connect("delete-event", lambda window, event: self._close())
        self.connect("key-press-event", self._key)

    def run(self) -> None:
        """Show the window until it is closed."""
        self._errands.start()
        self._load()
        self.show_all()
        self._gallery_page.show_all()
        self.present_with_time(Gdk.CURRENT_TIME)
        GLib.timeout_add(TICK, self._tick)
        Gtk.main()
        self._errands.stop()
        self.destroy()
        while Gtk.events_pending():
            Gtk.main_iteration()
        if self._error:
            raise self._error

    # ---- what it is made of

    def _build(self, folder: str) -> None:
        self._notice = Notice(self._asked)
        self._gallery = Gallery(CARD, self._show_details, lambda: self._details.rename(), described=False)
        self._details = PackDetails(self._change, self._export, self._remove)
        self._files = FilePage(folder, self._leave_files)
        self._new = NewPack(self._choose_pictures, self._make, self._leave_new)
        self._spinner = Gtk.Spinner(active=True)
        self._engine = text("", 60, "dim-label", "ss-small")
        self._gallery_page = self._gallery_box()
        self._pages = Gtk.Stack()
        self._pages.add_named(self._gallery_page, "gallery")
        self._pages.add_named(self._new, "new")
        self._pages.add_named(self._files, "files")
        self._pages.set_margin_start(18)
        self._pages.set_margin_end(18)
        self._pages.set_margin_top(18)
        self._pages.set_margin_bottom(18)
        content = Gtk.Box(orientation=Gtk.Orientation.VERTICAL)
        content.pack_start(self._notice, False, False, 0)
        content.pack_start(self._pages, True, True, 0)
        self.add(content)

    def _gallery_box(self) -> Gtk.Box:
        self._import = button(_("_Import…"), self._choose_archive)
        self._create = button(_("_New from Pictures…"), self._begin_new)
        left = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=12)
        left.pack_start(self._gallery, True, True, 0)
        row = Gtk.Box(spacing=8)
        row.pack_start(self._import, False, False, 0)
        row.pack_start(self._create, False, False, 0)
        row.pack_start(self._spinner, False, False, 4)
        row.pack_start(self._engine, True, True, 0)
        left.pack_start(row, False, False, 0)
        right = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=12, hexpand=False)  # entries in it would spread it
        right.pack_start(self._details, True, True, 0)
        close = Gtk.ButtonBox(layout_style=Gtk.ButtonBoxStyle.END)
        close.add(button(_("_Close"), self._close))
        right.pack_start(close, False, False, 0)
        box = Gtk.Box(spacing=18)
        box.pack_start(left, True, True, 0)
        box.pack_start(right, False, False, 0)
        return box

    # ---- the packs there are

    def _load(self, chosen: Optional[str] = None) -> None:
        """Ask for the packs and their previews, then choose one."""
        self._do(_listed, lambda found: self._show_packs(found[0], found[1], chosen), self._cannot_load)

    def _show_packs(self, packs: List[StyleInfo], previews: Dict[str, bytes], chosen: Optional[str]) -> None:
        self._packs, self._previews = packs, previews
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
        self._details.show_pack(pack, self._previews.get(pack.name) if pack else None)

    def _chosen(self) -> Optional[StyleInfo]:
        return next((pack for pack in self._packs if pack.name == self._gallery.chosen), None)

    # ---- import and export

    def _choose_archive(self) -> None:
        self._show_files()
        kind = _("Style packs")
        self._files.open(_("Import a style pack"), _("_Import"), ["*" + ENDING], kind, self._import_files)

    def _import_files(self, paths: List[str]) -> None:
        for path in paths:
            try:
                self._import_archive(user_files.read(path))
            except Failure as failure:
                self._complain(failure)

    def _import_archive(self, archive: bytes, replace: bool = False) -> None:
        def refused(failure: Optional[Failure]) -> None:
            if is_taken(failure):
                self._ask_replace(failure, lambda: self._import_archive(archive, True))
            else:
                self._complain(failure)

        self._do(lambda client: client.import_style(archive, replace=replace), self._imported, refused)

    def _imported(self, pack: StyleInfo) -> None:
        self._notice.tell([_("The style pack “%s” has been imported.") % title_of(pack)])
        self._load(pack.name)

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

    # ---- rename and remove

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

    # ---- making one

    def _begin_new(self) -> None:
        try:
            pictures = self._selected()
        except Failure as failure:
            self._complain(failure)
            pictures = ()
        self._pages.set_visible_child_name("new")
        self._new.begin(pictures, [pack.name for pack in self._packs])

    def _choose_pictures(self) -> None:
        self._show_files()
        self._files.open(_("Add pictures"), _("_Add"), PICTURES, _("Pictures"), self._add_pictures)

    def _add_pictures(self, paths: List[str]) -> None:
        try:
            self._new.take([(os.path.basename(path), user_files.read(path)) for path in paths])
        except Failure as failure:
            self._complain(failure)

    def _make(self, plan: Plan) -> None:
        """Make it; where there is an own pack of that name already, ask first."""
        there = next((pack for pack in self._packs if pack.name == plan.name), None)
        if there and not there.bundled and not plan.replace:
            question = _("There is a style pack “%s” already. Replace it?") % title_of(there)
            self._notice.ask(question, [(_("_Replace"), lambda: self._make(_replacing(plan)))])
            return
        self._notice.clear()
        self._making = making = PackMaking(plan)

        def failed(failure: Optional[Failure]) -> None:
            self._making = None
            self._new.rest()
            if is_taken(failure):
                self._ask_replace(failure, lambda: self._make(_replacing(plan)))
            elif failure:
                self._complain(failure)
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

    # ---- questions, failures and files

    def _do(self, errand: Errand, then: Callable[[Any], None], otherwise: Optional[Callable] = None) -> None:
        self._errands.do(errand, then, otherwise or self._complain)

    def _complain(self, failure: Optional[Failure]) -> None:
        if failure:
            self._notice.tell(self._explained(failure), bad=True)

    def _ask_replace(self, failure: Optional[Failure], replace: Callable[[], None]) -> None:
        self._notice.ask(_("%s Replace it?") % str(failure), [(_("_Replace"), replace)])

    def _asked(self, asking: bool) -> None:
        self._pages.set_sensitive(not asking)

    def _show_files(self) -> None:
        self._page_before = self._pages.get_visible_child_name()
        self._pages.set_visible_child_name("files")

    def _leave_files(self) -> None:
        self._pages.set_visible_child_name(self._page_before)

    # ---- time passes

    def _tick(self) -> bool:
        """Once every TICK; an error of ours must not leave Inkscape blocked behind a dead window."""
        if self._ended:
            return False
        try:
            if inkscape_is_gone():
                self._close()
            self._errands.call_back()
            self._look()
        except BaseException as error:
            self._error = error
            self._quit()
        return not self._ended

    def _look(self) -> None:
        if self._making:
            self._new.work(self._making.stage)
        busy = self._errands.busy
        self._spinner.set_visible(busy)
        self._engine.set_text(self._errands.stage if busy else "")
        if self._closing is not None and (not busy or time.monotonic() > self._closing):
            self._quit()

    def _key(self, window: Gtk.Window, event: Gdk.EventKey) -> bool:
        if event.keyval == Gdk.KEY_Escape:
            self._back_out()
            return True
        if self._in_gallery() and event.keyval == Gdk.KEY_Delete:
            self._remove()
            return True
        if self._in_gallery() and event.keyval == Gdk.KEY_F2:
            self._details.rename()
            return True
        return False

    def _in_gallery(self) -> bool:
        focus = self.get_focus()
        return bool(focus and (focus is self._gallery.shelf or focus.is_ancestor(self._gallery.shelf)))

    def _back_out(self) -> None:
        """Escape: from a question, a message, a form or a page back; from the gallery out."""
        if self._notice.get_visible():
            self._notice.clear()
        elif self._pages.get_visible_child_name() == "files":
            self._leave_files()
        elif self._pages.get_visible_child_name() == "new":
            self._leave_new()
        elif self._details.renaming:
            self._details.stay()
        else:
            self._close()

    def _close(self) -> bool:
        """Once nothing is under way any more."""
        if self._closing is None:
            self._closing = time.monotonic() + PATIENCE
            if self._making:
                self._making.stop()
            self.set_sensitive(False)
        return True

    def _quit(self) -> None:
        self._ended = True
        Gtk.main_quit()


def is_taken(failure: Optional[Failure]) -> bool:
    """Is it only that an own pack of that name would have to be replaced?"""
    return isinstance(failure, Refusal) and failure.problem.code == EXISTS


def _replacing(plan: Plan) -> Plan:
    return Plan(plan.pictures, plan.name, plan.title, True)


def _listed(client: BackendClient) -> Tuple[List[StyleInfo], Dict[str, bytes]]:
    packs = client.styles()
    return packs, {pack.name: client.style_preview(pack.name) for pack in packs if pack.preview}
