"""A form made of fields: rows of labels and inputs."""

from typing import Any, Callable, Dict, Optional, Sequence

from gi.repository import Gtk

from stylesketch_ext.dialogs.inputs import add_row, combo, dice, number, offer, slider
from stylesketch_ext.fields import Choice, Field, Line, Number, Pack, Pen, Share, Shown, Switch, Values
from stylesketch_ext.pack_facts import drawable, replaced_sentence, title_of
from stylesketch_ext.wire.messages import StyleInfo
from stylesketch_ext.words import _


class FieldsForm(Gtk.Grid):
    """Rows for all `fields` but style packs; `read()` gives what they say, with `values` for what has no row."""

    def __init__(self, fields: Sequence[Field], values: Values) -> None:
        super().__init__(row_spacing=6, column_spacing=12)
        self._values = dict(values)
        self._packs = [field for field in fields if isinstance(field, Pack)]
        shown = [field for field in fields if not isinstance(field, Pack)]
        self._rows = {field.key: _Row(self, field, values[field.key], self._judge) for field in shown}
        self._judge()

    def read(self) -> Values:
        """The values as the form shows them."""
        for row in self._rows.values():
            row.finish()
        return self._seen()

    def begin_to_write(self) -> bool:
        """Let the user write at once, if the first field is a text and empty. Whether it is."""
        row = next(iter(self._rows.values()))
        empty = isinstance(row.field, Line) and row.counts and not row.value
        if empty:
            row.grab_focus()
        return empty

    def point_to(self, key: str) -> None:
        """Let the user go on with the field of that key."""
        self._rows[key].grab_focus()

    @property
    def wants_style(self) -> bool:
        """Does a style pack count, beside what is chosen?"""
        return any(field.applies(self._seen()) for field in self._packs)

    def summary(self, style: str) -> str:
        """What is chosen in a line, after the style's title."""
        told = [style if self.wants_style else ""]
        return " · ".join(filter(None, told + [row.told() for row in self._rows.values() if row.counts]))

    def style_is(self, pack: StyleInfo) -> None:
        """A style pack is chosen: show how many strokes "automatic" means."""
        if "strokes" in self._rows:
            self._rows["strokes"].tell_usual(pack.strokes)

    def packs_are(self, packs: Sequence[StyleInfo]) -> Optional[str]:
        """Offer these style packs where one is a row's choice; a sentence where a chosen one is not among them."""
        told = [row.offer_packs(packs) for row in self._rows.values() if isinstance(row.field, Pen)]
        return " ".join(filter(None, told)) or None

    def _seen(self) -> Values:
        return {**self._values, **{key: row.value for key, row in self._rows.items()}}

    def _judge(self) -> None:
        """Only what counts can be changed."""
        for row in getattr(self, "_rows", {}).values():
            row.set_counting(row.field.applies(self._seen()))


class _Row:
    """A label and an input; `changed()` is called when the user has changed it."""

    def __init__(self, grid: Gtk.Grid, field: Shown, value: Any, changed: Callable[[], None]) -> None:
        self.field, self.counts = field, True
        self._automatic = Gtk.CheckButton.new_with_mnemonic(_(getattr(field, "automatic", "") or " "))
        self._input = INPUTS[type(field)](field, value)
        if field.tip:
            self._input.set_tooltip_text(_(field.tip))
        self._input.connect(SIGNALS[type(field)], lambda *told: changed())
        beside = None
        if isinstance(field, Number) and field.random:
            beside = dice(self._input)
        elif isinstance(field, Number) and field.automatic:
            beside = self._automatic
            beside.set_active(not value)
            beside.connect("toggled", lambda box: changed())
        if isinstance(field, Switch):
            grid.attach(self._input, 1, len(grid.get_children()), 2, 1)
            self._others = []
        else:
            self._others = [add_row(grid, _(field.label), self._input, beside), *([beside] if beside else [])]

    @property
    def value(self) -> Any:
        if isinstance(self.field, Number) and self.field.automatic and self._automatic.get_active():
            return 0
        return VALUES[type(self.field)](self.field, self._input)

    def grab_focus(self) -> None:
        self._input.grab_focus()

    def finish(self) -> None:
        """Take what is being typed."""
        if isinstance(self._input, Gtk.SpinButton):
            self._input.update()

    def told(self) -> str:
        """What is chosen, for a line about everything; empty where it goes without saying."""
        if isinstance(self.field, (Choice, Pen)):
            return str(self._input.get_active_text())
        if isinstance(self.field, Line):
            return "“%s”" % self.value if self.value else ""
        if isinstance(self.field, Switch):
            return _(self.field.label).replace("_", "") if self.value else ""
        if self.value == self.field.value:
            return ""
        return "%s %s" % (_(self.field.label).replace("_", ""), _plain(self.value))

    def tell_usual(self, count: int) -> None:
        """Show what "automatic" means."""
        if self._automatic.get_active() and count:
            self._input.set_value(count)

    def offer_packs(self, packs: Sequence[StyleInfo]) -> Optional[str]:
        """Of the choice of a further style pack: these; a sentence where the chosen one is not among them."""
        assert isinstance(self.field, Pen)
        none, wanted = _(self.field.none), self.value
        titles = {"": none, **{pack.name: title_of(pack) for pack in drawable(packs)}}
        offer(self._input, titles.items(), wanted if wanted in titles else "")
        return None if wanted in titles else replaced_sentence(wanted, packs, none)

    def set_counting(self, counts: bool) -> None:
        self.counts = counts
        for widget in self._others:
            widget.set_sensitive(counts)
        self._input.set_sensitive(counts and not (getattr(self.field, "automatic", "") and self._automatic.get_active()))


def _plain(value: Any) -> str:
    return "%g" % value


def _name(field: Any) -> str:
    return str(_(field.label).replace("_", ""))


def _number(field: Number, value: Any) -> Gtk.SpinButton:
    width = max(4, len("%.*f" % (field.digits, field.high)))
    return number(field.low, field.high, value or field.usual, width, _name(field), field.digits)


def _line(field: Line, value: str) -> Gtk.Entry:
    entry = Gtk.Entry(text=value, activates_default=True, width_chars=24)
    entry.set_placeholder_text(_(field.hint) if field.hint else "")
    entry.get_accessible().set_name(_name(field))
    return entry


def _switch(field: Switch, value: bool) -> Gtk.CheckButton:
    box = Gtk.CheckButton.new_with_mnemonic(_(field.label))
    box.set_active(value)
    return box


INPUTS: Dict[type, Callable[[Any, Any], Gtk.Widget]] = {
    Number: _number,
    Share: lambda field, value: slider(value, _(field.low), _(field.high), _name(field)),
    Choice: lambda field, value: combo(field.options, value, _name(field)),
    Pen: lambda field, value: combo([("", field.none)], value, _name(field)),
    Line: _line,
    Switch: _switch,
}
SIGNALS = {
    Number: "value-changed",
    Share: "value-changed",
    Choice: "changed",
    Pen: "changed",
    Line: "changed",
    Switch: "toggled",
}
VALUES: Dict[type, Callable[[Any, Any], Any]] = {
    Number: lambda field, spin: round(spin.get_value(), field.digits) if field.digits else spin.get_value_as_int(),
    Share: lambda field, scale: round(scale.get_value(), 2),
    Choice: lambda field, box: box.get_active_id() or field.value,
    Pen: lambda field, box: box.get_active_id() or "",
    Line: lambda field, entry: entry.get_text().strip(),
    Switch: lambda field, box: box.get_active(),
}
