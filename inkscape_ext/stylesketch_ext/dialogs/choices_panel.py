"""The form with the user's choices."""

import random
from typing import Iterable, Optional, Tuple

from gi.repository import Gtk

from stylesketch_ext.choices import GUIDANCE, MASKS, SOURCES, Choices
from stylesketch_ext.wire.messages import MAX_SEED, MAX_STROKES
from stylesketch_ext.words import _, plural

USUAL_STROKES = 64  # where the number starts when "automatic" is switched off


class ChoicesPanel(Gtk.Grid):
    """Rows of labels and inputs; `read()` gives what they say."""

    def __init__(self, choices: Choices) -> None:
        super().__init__(row_spacing=10, column_spacing=12)
        self._given = choices
        self._automatic = Gtk.CheckButton.new_with_mnemonic(_("A_utomatic"))
        self._strokes = _number(1, MAX_STROKES, choices.strokes or USUAL_STROKES, 4, _("How many strokes"))
        self._mask = _combo(MASKS, choices.mask, _("What is drawn"))
        self._source = _combo(SOURCES, choices.source, _("What is taken for the picture"))
        self._fidelity = _slider(choices.fidelity, _("loose"), _("precise"), _("Fidelity"))
        self._strength = _slider(choices.style_strength, _("plain"), _("full"), _("Style strength"))
        self._strength.set_tooltip_text(_("How much of the style is in the strokes; plain is an even pen"))
        self._fidelity.set_tooltip_text(_("How closely the strokes follow the picture"))
        self._guidance = _combo([("auto", GUIDANCE["auto"])], "auto", _("Guidance"))
        self._seed = _number(0, MAX_SEED, choices.seed, 9, _("Seed"))
        self._automatic.set_tooltip_text(_("As many strokes as the style usually takes"))
        self._automatic.connect("toggled", lambda box: self._strokes.set_sensitive(not box.get_active()))
        self._automatic.set_active(choices.strokes == 0)
        dice = Gtk.Button.new_with_mnemonic(_("_New"))
        dice.set_tooltip_text(_("Another random seed: another variation of the sketch"))
        dice.get_accessible().set_name(_("New seed"))
        dice.connect("clicked", lambda button: self._seed.set_value(random.randrange(1_000_000)))
        self._add_row(_("S_trokes"), self._strokes, self._automatic)
        self._add_row(_("_Draw"), self._mask)
        self._add_row(_("S_ource"), self._source)
        self._add_row(_("_Fidelity"), self._fidelity)
        self._add_row(_("Style st_rength"), self._strength)
        self._guidance_label = self._add_row(_("_Guidance"), self._guidance)
        self._add_row(_("S_eed"), self._seed, dice)
        for widget in (self._guidance_label, self._guidance):
            widget.set_no_show_all(True)
        self.offer_guidance(())

    def read(self) -> Choices:
        """The choices as the form shows them; the style is chosen elsewhere."""
        self._strokes.update()
        self._seed.update()
        return Choices(
            strokes=0 if self._automatic.get_active() else self._strokes.get_value_as_int(),
            style=self._given.style,
            style_strength=round(self._strength.get_value(), 2),
            mask=self._mask.get_active_id() or self._given.mask,
            source=self._source.get_active_id() or self._given.source,
            fidelity=round(self._fidelity.get_value(), 2),
            guidance=self._guidance.get_active_id() or "auto",
            seed=self._seed.get_value_as_int(),
            steps=self._given.steps,
        )

    def summary(self, style: str) -> str:
        """The choices in a line, after the style's title."""
        chosen = self.read()
        count = plural("%d stroke", "%d strokes", chosen.strokes) if chosen.strokes else _("automatic number of strokes")
        seed = _("seed %d") % chosen.seed if chosen.seed else ""
        parts = [style, self._mask.get_active_text(), count, seed]
        return " · ".join(filter(None, parts))

    def tell_usual(self, strokes: int) -> None:
        """Show how many strokes "automatic" means."""
        if self._automatic.get_active() and strokes:
            self._strokes.set_value(strokes)

    def offer_guidance(self, available: Iterable[str]) -> None:
        """Show these kinds of guidance beside "automatic"; the one asked for stays chosen.

        Where there is nothing to choose the row is hidden.
        """
        chosen = self._guidance.get_active_id() if available else self._given.guidance
        names = dict.fromkeys(["auto", *available, self._given.guidance])
        self._guidance.remove_all()
        for name in names:
            self._guidance.append(name, _(GUIDANCE.get(name, name)))
        self._guidance.set_active_id(chosen or "auto")
        for widget in (self._guidance_label, self._guidance):
            widget.set_visible(len(names) > 2)

    def _add_row(self, text: str, widget: Gtk.Widget, beside: Optional[Gtk.Widget] = None) -> Gtk.Label:
        row = len(self.get_children())
        label = Gtk.Label.new_with_mnemonic(text)
        label.set_xalign(1.0)
        label.set_mnemonic_widget(widget)
        label.get_style_context().add_class("dim-label")
        widget.set_hexpand(True)
        self.attach(label, 0, row, 1, 1)
        self.attach(widget, 1, row, 1 if beside else 2, 1)
        if beside:
            self.attach(beside, 2, row, 1, 1)
        return label


def _number(low: int, high: int, value: int, width: int, name: str) -> Gtk.SpinButton:
    spin = Gtk.SpinButton.new_with_range(low, high, 1)
    spin.set_value(value)
    spin.set_width_chars(width)
    spin.set_numeric(True)
    spin.set_activates_default(True)
    spin.get_accessible().set_name(name)
    return spin


def _slider(value: float, low: str, high: str, name: str) -> Gtk.Scale:
    scale = Gtk.Scale.new_with_range(Gtk.Orientation.HORIZONTAL, 0.0, 1.0, 0.05)
    scale.set_draw_value(False)
    scale.add_mark(0.0, Gtk.PositionType.BOTTOM, low)
    scale.add_mark(1.0, Gtk.PositionType.BOTTOM, high)
    scale.set_value(value)
    scale.get_accessible().set_name(name)
    return scale


def _combo(options: Iterable[Tuple[str, str]], chosen: str, name: str) -> Gtk.ComboBoxText:
    combo = Gtk.ComboBoxText()
    titles = dict(options)
    titles.setdefault(chosen, chosen)
    for key, title in titles.items():
        combo.append(key, _(title))
    combo.set_active_id(chosen)
    combo.get_accessible().set_name(name)
    return combo
