"""The inputs that our forms are made of, each with a name for who cannot see it."""

import random
from typing import Iterable, Optional, Tuple

from gi.repository import Gtk

from stylesketch_ext.words import _


def add_row(grid: Gtk.Grid, text: str, widget: Gtk.Widget, beside: Optional[Gtk.Widget] = None) -> Gtk.Label:
    """The next row of a grid: a label with a mnemonic, and what it is about."""
    row = len(grid.get_children())
    label = Gtk.Label.new_with_mnemonic(text)
    label.set_xalign(1.0)
    label.set_mnemonic_widget(widget)
    label.get_style_context().add_class("dim-label")
    widget.set_hexpand(True)
    grid.attach(label, 0, row, 1, 1)
    grid.attach(widget, 1, row, 1 if beside else 2, 1)
    if beside:
        grid.attach(beside, 2, row, 1, 1)
    return label


def number(low: float, high: float, value: float, width: int, name: str, digits: int = 0) -> Gtk.SpinButton:
    """A number from `low` to `high`, `width` characters wide."""
    spin = Gtk.SpinButton.new_with_range(low, high, 10.0**-digits)
    spin.set_digits(digits)
    spin.set_value(value)
    spin.set_width_chars(width)
    spin.set_numeric(True)
    spin.set_activates_default(True)
    spin.get_accessible().set_name(name)
    return spin


def slider(value: float, low: str, high: str, name: str) -> Gtk.Scale:
    """A share from 0, which is called `low`, to 1."""
    scale = Gtk.Scale.new_with_range(Gtk.Orientation.HORIZONTAL, 0.0, 1.0, 0.05)
    scale.set_draw_value(False)
    scale.add_mark(0.0, Gtk.PositionType.BOTTOM, low)
    scale.add_mark(1.0, Gtk.PositionType.BOTTOM, high)
    scale.set_value(value)
    scale.get_accessible().set_name(name)
    return scale


def combo(options: Iterable[Tuple[str, str]], chosen: str, name: str) -> Gtk.ComboBoxText:
    """One of some words, given as (word, title); `chosen` is there in any case."""
    made = Gtk.ComboBoxText()
    offer(made, [(key, _(title)) for key, title in options], chosen)
    made.get_accessible().set_name(name)
    return made


def offer(box: Gtk.ComboBoxText, options: Iterable[Tuple[str, str]], chosen: str) -> None:
    """Other words for a combo, given as (word, what the user reads); `chosen` is there in any case."""
    titles = dict(options)
    titles.setdefault(chosen, chosen)
    box.remove_all()
    for key, title in titles.items():
        box.append(key, title)
    box.set_active_id(chosen)


def dice(seed: Gtk.SpinButton) -> Gtk.Button:
    """What gives a number another value by chance."""
    button = Gtk.Button.new_with_mnemonic(_("_New"))
    button.set_tooltip_text(_("Another random seed: another variation"))
    button.get_accessible().set_name(_("New seed"))
    button.connect("clicked", lambda button: seed.set_value(random.randrange(1_000_000)))
    return button
