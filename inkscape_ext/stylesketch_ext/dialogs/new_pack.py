"""The page on which a style pack is made from pictures: which ones, how it is called, and how far it is."""

from typing import Callable, Collection, List, Sequence, Tuple

from gi.repository import Gtk

from stylesketch_ext.dialogs.cards import Card
from stylesketch_ext.dialogs.look import button, styled, text
from stylesketch_ext.dialogs.pack_naming import PackNaming
from stylesketch_ext.pack_facts import title_from
from stylesketch_ext.pack_making import Plan, Stage, too_many
from stylesketch_ext.words import _

Picture = Tuple[str, bytes]  # name, bytes of the file
SIDE = 104  # px, the side of a picture's square


class NewPack(Gtk.Box):
    """`add()` is called when the user wants more pictures, `make(plan)` when the pack is to be made, `leave()` for back."""

    def __init__(self, add: Callable[[], None], make: Callable[[Plan], None], leave: Callable[[], None]) -> None:
        super().__init__(spacing=18)
        self._pictures: List[Picture] = []
        self._make = make
        self._shelf = Gtk.FlowBox(
            homogeneous=True, valign=Gtk.Align.START, margin=4, row_spacing=2, column_spacing=2, max_children_per_line=8,
            selection_mode=Gtk.SelectionMode.SINGLE,
        )  # fmt: skip
        self._shelf.get_accessible().set_name(_("Pictures"))
        self._shelf.connect("selected-children-changed", lambda shelf: self._judge())
        self._none = styled(Gtk.Label(
            label=_("Add pictures that are drawn in the style: scans or photographs of drawings, prints, engravings."),
            wrap=True, max_width_chars=32, justify=Gtk.Justification.CENTER, margin=24,
        ), "dim-label")  # fmt: skip
        self._add = button(_("A_dd Pictures…"), add)
        self._take_out = button(_("Ta_ke Out"), self._drop)
        self._naming = PackNaming(self._judge)
        self._why = text("", 36, "dim-label", "ss-small")
        self._stage = text()
        self._bar = styled(Gtk.ProgressBar(), "ss-bar")
        self._bar.get_accessible().set_name(_("Progress"))
        self._work = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=8, no_show_all=True)
        self._back = button(_("_Back"), leave)
        self._create = styled(button(_("_Create"), self._begin), "suggested-action")
        self._create.set_can_default(True)
        self._build()

    def begin(self, pictures: Sequence[Picture], taken: Collection[str]) -> None:
        """Start anew with these pictures; `taken` are the names of all packs."""
        self._pictures = list(pictures)
        self._show_pictures()
        self.rest()
        self._naming.begin(title_from(pictures[0][0]) if pictures else "", "", taken)
        self._create.grab_default()

    def take(self, pictures: Sequence[Picture]) -> None:
        """Add pictures; those that are there already are not added again."""
        self._pictures += [picture for picture in pictures if picture[1] not in [data for _name, data in self._pictures]]
        self._show_pictures()

    def work(self, stage: Stage) -> None:
        """Show how far it is; nothing can be changed meanwhile."""
        self._stage.set_text(stage.text)
        self._bar.set_fraction(stage.done)
        self._set_working(True)

    def rest(self) -> None:
        """Not, or no longer, at work."""
        self._set_working(False)
        self._judge()

    def _build(self) -> None:
        over = Gtk.Overlay()
        scrolled = styled(Gtk.ScrolledWindow(hscrollbar_policy=Gtk.PolicyType.NEVER), "ss-shelf", "view")
        scrolled.add(self._shelf)
        over.add(scrolled)
        over.add_overlay(self._none)
        over.set_overlay_pass_through(self._none, True)
        row = Gtk.Box(spacing=8)
        row.pack_start(self._add, False, False, 0)
        row.pack_start(self._take_out, False, False, 0)
        left = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=12)
        left.pack_start(over, True, True, 0)
        left.pack_start(row, False, False, 0)
        line = Gtk.Box(spacing=8)
        line.pack_start(Gtk.Spinner(active=True), False, False, 0)  # one large picture is measured for long
        line.pack_start(self._stage, True, True, 0)
        for widget in (line, self._bar):
            self._work.pack_start(widget, False, False, 0)
            widget.show_all()
        buttons = Gtk.ButtonBox(layout_style=Gtk.ButtonBoxStyle.END, spacing=8)
        buttons.add(self._back)
        buttons.add(self._create)
        side = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=16, hexpand=False)  # entries in it would spread it
        side.set_size_request(300, -1)
        heading = styled(Gtk.Label(label=_("New style pack"), xalign=0.0), "ss-title")
        for widget in (heading, self._naming, self._why, self._work):
            side.pack_start(widget, False, False, 0)
        side.pack_end(buttons, False, False, 0)
        self.pack_start(left, True, True, 0)
        self.pack_start(side, False, False, 0)

    def _begin(self) -> None:
        if self._create.get_sensitive():
            self._make(Plan(tuple(self._pictures), self._naming.name, self._naming.title))

    def _drop(self) -> None:
        for child in self._shelf.get_selected_children():
            del self._pictures[child.get_index()]
        self._show_pictures()

    def _show_pictures(self) -> None:
        for child in self._shelf.get_children():
            child.destroy()
        for number, picture in enumerate(self._pictures):
            self._shelf.add(_card(number, picture))
        self._shelf.show_all()
        self._none.set_visible(not self._pictures)
        self._judge()

    def _judge(self) -> None:
        """What can be done now, and why not."""
        many = too_many(len(self._pictures))
        self._why.set_text(many)
        self._why.set_visible(bool(many))
        self._create.set_sensitive(bool(self._pictures) and not many and self._naming.complete)
        self._take_out.set_sensitive(bool(self._shelf.get_selected_children()))

    def _set_working(self, working: bool) -> None:
        self._work.set_visible(working)
        for widget in (self._shelf, self._add, self._take_out, self._naming, self._create):
            widget.set_sensitive(not working)
        self._back.set_label(_("_Cancel") if working else _("_Back"))


def _card(number: int, picture: Picture) -> Card:
    name, data = picture
    card = Card(str(number), name, name, SIDE, SIDE)
    card.show_picture(data)
    return card
