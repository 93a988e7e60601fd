"""The form with the user's choices."""

from typing import Iterable

from gi.repository import Gtk

from stylesketch_ext.choices import GUIDANCE, MASKS, SOURCES, Choices
from stylesketch_ext.dialogs.inputs import add_row, combo, dice, number, slider
from stylesketch_ext.wire.messages import MAX_SEED, MAX_STROKES, Health, StyleInfo
from stylesketch_ext.words import _, plural

MOST_ATTEMPTS = 8  # more are no help to choose from
USUAL_STROKES = 64  # where the number starts when "automatic" is switched off


class ChoicesPanel(Gtk.Grid):
    """Rows of labels and inputs; `read()` gives what they say."""

    def __init__(self, choices: Choices) -> None:
        super().__init__(row_spacing=10, column_spacing=12)
        self._given = choices
        self._automatic = Gtk.CheckButton.new_with_mnemonic(_("A_utomatic"))
        self._strokes = number(1, MAX_STROKES, choices.strokes or USUAL_STROKES, 4, _("How many strokes"))
        self._mask = combo(MASKS, choices.mask, _("What is drawn"))
        self._source = combo(SOURCES, choices.source, _("What is taken for the picture"))
        self._fidelity = slider(choices.fidelity, _("loose"), _("precise"), _("Fidelity"))
        self._strength = slider(choices.style_strength, _("plain"), _("full"), _("Style strength"))
        self._strength.set_tooltip_text(_("How much of the style is in the strokes; plain is an even pen"))
        self._weight = slider(choices.style_weight / 100, _("free"), _("close"), _("Nearness to the exemplar"))
        self._weight.set_tooltip_text(_("How far line weights come nearer to the picture that the style was made from"))
        self._fidelity.set_tooltip_text(_("How closely the strokes follow the picture"))
        self._guidance = combo([("auto", GUIDANCE["auto"])], "auto", _("Guidance"))
        self._seed = number(0, MAX_SEED, choices.seed, 9, _("Seed"))
        self._attempts = number(1, max(MOST_ATTEMPTS, choices.candidates), choices.candidates, 4, _("Attempts"))
        self._attempts.set_tooltip_text(_("How many sketches are made, of this seed and those after it; you pick one"))
        self._automatic.set_tooltip_text(_("As many strokes as the style usually takes"))
        self._automatic.connect("toggled", lambda box: self._strokes.set_sensitive(not box.get_active()))
        self._automatic.set_active(choices.strokes == 0)
        add_row(self, _("S_trokes"), self._strokes, self._automatic)
        add_row(self, _("_Draw"), self._mask)
        add_row(self, _("S_ource"), self._source)
        add_row(self, _("_Fidelity"), self._fidelity)
        add_row(self, _("Style st_rength"), self._strength)
        add_row(self, _("E_xemplar"), self._weight)
        self._guidance_label = add_row(self, _("_Guidance"), self._guidance)
        add_row(self, _("S_eed"), self._seed, dice(self._seed))
        add_row(self, _("Attem_pts"), self._attempts)
        self._hide = Gtk.CheckButton.new_with_mnemonic(_("_Hide the picture"))
        self._hide.set_tooltip_text(_("Once its sketch is there; Object ▸ Unhide All shows it again"))
        self._hide.set_active(choices.hide)
        self.attach(self._hide, 1, len(self.get_children()), 2, 1)
        for widget in (self._guidance_label, self._guidance):
            widget.set_no_show_all(True)
        self.offer_guidance(())

    def read(self) -> Choices:
        """The choices as the form shows them; the style is chosen elsewhere."""
        self._strokes.update()
        self._seed.update()
        self._attempts.update()
        return Choices(
            strokes=0 if self._automatic.get_active() else self._strokes.get_value_as_int(),
            style=self._given.style,
            style_strength=round(self._strength.get_value(), 2),
            style_weight=float(round(100 * self._weight.get_value())),
            mask=self._mask.get_active_id() or self._given.mask,
            source=self._source.get_active_id() or self._given.source,
            fidelity=round(self._fidelity.get_value(), 2),
            guidance=self._guidance.get_active_id() or "auto",
            seed=self._seed.get_value_as_int(),
            candidates=self._attempts.get_value_as_int(),
            steps=self._given.steps,
            hide=self._hide.get_active(),
        )

    def summary(self, style: str) -> str:
        """The choices in a line, after the style's title."""
        chosen = self.read()
        count = plural("%d stroke", "%d strokes", chosen.strokes) if chosen.strokes else _("automatic number of strokes")
        seed = _("seed %d") % chosen.seed if chosen.seed else ""
        attempts = plural("%d attempt", "%d attempts", chosen.candidates) if chosen.candidates > 1 else ""
        parts = [style, self._mask.get_active_text(), count, seed, attempts]
        return " · ".join(filter(None, parts))

    def style_is(self, pack: StyleInfo) -> None:
        """A style pack is chosen: show how many strokes "automatic" means, and whether there is an exemplar to come near to."""
        self._weight.set_sensitive(pack.exemplars > 0)
        if self._automatic.get_active() and pack.strokes:
            self._strokes.set_value(pack.strokes)

    def offer(self, health: Health) -> None:
        """The engine has answered: show what it can do."""
        self.offer_guidance(health.guidance)

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
