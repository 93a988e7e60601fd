"""The networks: what each is for, whether its weights are here, and a button that brings or removes them."""

from typing import Callable, Dict, List, Optional

from gi.repository import Gdk, Gtk

from stylesketch_ext.dialogs.look import button, styled, text
from stylesketch_ext.dialogs.notice import Notice
from stylesketch_ext.errands import Errands
from stylesketch_ext.failures import Failure
from stylesketch_ext.model_pulling import ModelPulling
from stylesketch_ext.wire.messages import ModelInfo, PullResult
from stylesketch_ext.words import _, spoken

MEGABYTE = 1e6


class NetworksPanel(Gtk.Box):
    """What a window of the networks shows; whoever shows it calls `tick` often.

    `explained(failure)` gives the lines to be shown of a failure; `leave()` is called by the button Close.
    """

    def __init__(self, errands: Errands, explained: Callable[[Failure], List[str]], leave: Callable[[], None]) -> None:
        super().__init__(orientation=Gtk.Orientation.VERTICAL)
        self._errands, self._explained = errands, explained
        self._pulling: Optional[ModelPulling] = None
        self._buttons: Dict[str, Gtk.Button] = {}
        self._notice = Notice(lambda asking: None)
        self._list = Gtk.ListBox(selection_mode=Gtk.SelectionMode.NONE)
        self._stage = text("", 60, "dim-label", "ss-small")
        self._bar = styled(Gtk.ProgressBar(no_show_all=True, valign=Gtk.Align.CENTER), "ss-bar")
        self._bar.get_accessible().set_name(_("Progress"))
        self._cancel = button(_("Stop"), self._stop_pulling)
        self._cancel.set_no_show_all(True)
        self._build(leave)

    def begin(self) -> None:
        """Ask for the list."""
        if not self._errands.ident:
            self._errands.start()
        self._load()

    def stop(self) -> None:
        """Begin nothing any more; a download ends where it is."""
        self._stop_pulling()
        self._errands.stop()

    @property
    def stopped(self) -> bool:
        return not self._errands.is_alive()

    def tick(self) -> None:
        """Go on with what has ended meanwhile, and show how far the rest is."""
        self._errands.call_back()
        self._stage.set_text(self._pulling.stage if self._pulling else self._errands.stage)
        if self._pulling:
            self._bar.set_fraction(self._pulling.done)
        for widget in (self._bar, self._cancel):
            widget.set_visible(self._pulling is not None)

    def back_out(self) -> bool:
        """Escape: from a question or a message back. False where there is nothing to go back from."""
        shown = self._notice.get_visible()
        self._notice.clear()
        return shown

    def key(self, event: Gdk.EventKey) -> bool:
        """No keys of our own."""
        return False

    def complain(self, failure: Optional[Failure]) -> None:
        """Show why something failed; nothing where it was canceled."""
        if failure:
            self._notice.tell(self._explained(failure), bad=True)

    def _build(self, leave: Callable[[], None]) -> None:
        box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=12, margin=18)
        box.pack_start(
            text(_("StyleSketch draws without any of these. Each one that is here helps where it can."), 90), False, False, 0
        )
        scrolled = styled(Gtk.ScrolledWindow(hscrollbar_policy=Gtk.PolicyType.NEVER), "ss-shelf")
        scrolled.add(self._list)
        box.pack_start(scrolled, True, True, 0)
        row = Gtk.Box(spacing=8)
        row.pack_start(self._stage, True, True, 0)
        row.pack_start(self._bar, False, False, 0)
        row.pack_start(self._cancel, False, False, 0)
        row.pack_end(button(_("_Close"), leave), False, False, 0)
        box.pack_start(row, False, False, 0)
        self.pack_start(self._notice, False, False, 0)
        self.pack_start(box, True, True, 0)

    def _load(self) -> None:
        self._errands.do(lambda client: client.models(), self._show, self._cannot_load)

    def _cannot_load(self, failure: Optional[Failure]) -> None:
        if failure:
            self._notice.tell(self._explained(failure), bad=True, more=[(_("_Try Again"), self._load)])

    def _show(self, models: List[ModelInfo]) -> None:
        for child in self._list.get_children():
            child.destroy()
        self._buttons = {}
        for model in models:
            self._list.add(self._row(model))
        self._list.show_all()

    def _row(self, model: ModelInfo) -> Gtk.ListBoxRow:
        words = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=2, margin=8)
        words.pack_start(styled(Gtk.Label(label=_(model.title), xalign=0.0), "ss-title"), False, False, 0)
        for told in filter(None, about_of(model)):
            words.pack_start(text(told, 70, "dim-label", "ss-small"), False, False, 0)
        line = Gtk.Box(spacing=12)
        line.pack_start(words, True, True, 0)
        line.pack_start(text(state_of(model), 14, "ss-small"), False, False, 0)
        made = self._button(model)
        if made:
            self._buttons[model.name] = made
            line.pack_start(made, False, False, 8)
        else:
            line.set_margin_end(12)
        row = Gtk.ListBoxRow(activatable=False)
        row.add(line)
        return row

    def _button(self, model: ModelInfo) -> Optional[Gtk.Button]:
        """What can be done: remove what is here, download what can be; nothing where the user has to bring a file.

        What is here without a size is another program's, and stays.
        """
        if model.here and model.size is None:
            return None
        if model.here:
            made = button(_("Remove"), lambda: self._ask_remove(model))
        elif model.pullable:
            made = button(_("Download"), lambda: self._pull(model))
        else:
            return None
        made.set_valign(Gtk.Align.CENTER)
        made.get_accessible().set_name("%s %s" % (made.get_label(), _(model.title)))
        return made

    def _pull(self, model: ModelInfo) -> None:
        if self._pulling:
            return
        self._notice.clear()
        self._pulling = pulling = ModelPulling(model.name)
        self._let(False)

        def pulled(result: PullResult) -> None:
            self._rest()
            self._notice.tell([_("%s is here now.") % _(result.model.title), *result.notes])

        def failed(failure: Optional[Failure]) -> None:
            self._rest()
            self.complain(failure)

        self._errands.do(pulling, pulled, failed)

    def _rest(self) -> None:
        self._pulling = None
        self._let(True)
        self._load()

    def _let(self, sensitive: bool) -> None:
        for made in self._buttons.values():
            made.set_sensitive(sensitive)

    def _stop_pulling(self) -> None:
        if self._pulling:
            self._pulling.stop()

    def _ask_remove(self, model: ModelInfo) -> None:
        question = _("Remove %s? The file is deleted from this computer.") % _(model.title)
        self._notice.ask(question, [(_("_Remove"), lambda: self._remove(model))])

    def _remove(self, model: ModelInfo) -> None:
        self._errands.do(lambda client: client.remove_model(model.name), lambda nothing: self._load(), self.complain)


def about_of(model: ModelInfo) -> List[str]:
    """What weights are for, what else is to be known of them, and their license, in the user's language; some may be empty."""
    about = "" if model.here else spoken(model.about, model.about_phrase)
    bring = _("%s in a terminal brings it.") % model.cure if model.cure and not (model.here or model.pullable) else ""
    return [_(model.used_by) if model.used_by else "", about, bring, _(model.license) if model.license else ""]


def state_of(model: ModelInfo) -> str:
    """Whether weights are here, and how large they are, in a few words."""
    size = _("%d MB") % max(1, round(model.size / MEGABYTE)) if model.size else ""
    if model.here:
        return _("here, %s") % size if size else _("here")
    if model.kept:
        return _("%d of %s are here") % (round(model.kept / MEGABYTE), size)
    return size if model.pullable else _("bring a file")
