"""A drawing drawn on: some of its strokes stay, others are drawn anew, or more are added where it lacks them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch

from backend.core.drawing import Account, Drawing, Layer
from backend.core.errors import BadRequest
from backend.core.image import Framing, Mask
from backend.core.notes import Note, wording
from backend.core.strokes import Strokes
from backend.core.work import Progress, Work, mapped
from backend.model_pool import ModelPool
from backend.perception.faces import Face
from backend.perception.foreground import Foreground
from backend.recipes.composition import behind
from backend.recipes.guided import GUIDANCES, for_one_subject
from backend.recipes.hatch_spacing import hatch_spacing
from backend.recipes.held import Held
from backend.recipes.known_strokes import Known, Plan, Wish, places_of, planned, reached
from backend.recipes.object_sketch import faces_and_subject
from backend.recipes.person_features import LookAhead
from backend.recipes.recipe import Inputs, SketchChoices
from backend.recipes.refining import beside
from backend.recipes.region import Region, RegionSettings, draw_region
from backend.style_pack import StylePack

OWN = 0.25  # share of a region that is the subject's: then only the subject is drawn in it
REACH = 0.012  # share of the longer side: where a stroke that goes reached beyond a region, its successor may, too
CRUMB = 0.006  # share of the longer side: shorter parts of strokes that are cut at a region's border are dropped
ALIKE = 1.1  # how many times wider or thinner than others new strokes may be
MOST_ALIKE = 0.6  # share of the strokes whose color is the drawing's
NO_LINES = wording("No lines are left to be drawn there. Choose a larger region, or free more strokes.")
FEW_LINES = wording("Lines were left for {found} of {wanted} new strokes.")
ONE_LINE = wording("The style {style} draws one single line, which cannot be drawn anew in parts. Choose another style.")

Seen = tuple[Sequence[Face], LookAhead]  # the faces, and the look at people's that began before


@dataclass(frozen=True)
class Refined:
    """What becomes of a drawing."""

    drawing: Drawing  # the new strokes only, in one layer without name, or in none
    indices: tuple[int, ...]  # their places in the order of importance of the whole drawing
    removed: tuple[str, ...]  # ids of the elements that go
    kept: Strokes  # what stays, source px


@dataclass(frozen=True)
class Refine:
    """The recipe."""

    settings: RegionSettings = RegionSettings()
    guidances: tuple[str, ...] = GUIDANCES

    def run(
        self, inputs: Inputs | None, known: Known, wish: Wish, choices: SketchChoices, pack: StylePack, pool: ModelPool
    ) -> Work[Refined]:
        """The change of a drawing; the picture may be missing where strokes are only taken away.

        Raises BadRequest where nothing is to change or can be drawn, or for a guidance that is not there.
        """
        choices.check_guidance(self.guidances)
        plan = planned(known, wish)
        stays = known.parts(plan.stays(known))
        removed = tuple(known.elements[i].id for i in plan.removed)
        if not plan.drawn:
            size = inputs.photograph.size if inputs else wish.size
            return Refined(Drawing(size, (), pack.paper, Account("classical")), (), removed, stays)
        assert inputs is not None, "what is drawn is drawn after a picture"
        if pack.gesture.single_line and choices.style_strength:
            raise BadRequest(ONE_LINE, style=pack.title)
        drawing = yield from self._drawn(inputs, known, wish, plan, choices, pack, pool)
        [layer] = drawing.layers
        indices, importances = places_of(known, plan, len(layer.strokes))
        notes = tuple(replace(note, importance=value) for note, value in zip(layer.notes, importances, strict=True))
        strokes = _alike(layer, known, pack) if wish.alike else layer.strokes
        drawing = replace(drawing, layers=(replace(layer, strokes=strokes, notes=notes),))
        return Refined(drawing, tuple(indices), removed, stays)

    def _drawn(
        self, inputs: Inputs, known: Known, wish: Wish, plan: Plan, choices: SketchChoices, pack: StylePack, pool: ModelPool
    ) -> Work[Drawing]:
        guidance, whole = for_one_subject(choices.guidance, pool), wish.whole or choices.whole_picture
        choices = replace(choices, guidance=guidance, simplicity=0.0, whole_picture=whole)
        settings = self.settings.at_fidelity(choices.fidelity).varied(choices.seed)
        shading = known.hatches(plan.stays(known))
        apart = (hatch_spacing(known) if shading else None) or 0.0
        settings = replace(settings, hatches=plan.hatches, hatching=apart if apart and wish.alike else None)
        yield Progress("finding the subject", 0.02)
        inputs = inputs.unframed
        pixels, size = inputs.photograph.pixels, inputs.photograph.size
        stays, goes = known.parts(plan.stays(known)), known.parts(plan.removed)
        lasso = reached(wish.region, goes, REACH * max(size), size) if wish.region else torch.ones_like(pixels[:, :1])
        faces, foreground, notes, looks = faces_and_subject(inputs, choices, pool)
        region, pack = _region(inputs, foreground, lasso if wish.region else None, settings, (faces, looks), pack)
        held = Held.on(region.framing, stays, lasso, settings.start.order, shading, apart)
        closeups = tuple(replace(each, worth=each.worth * each.framing.crop(lasso, 0.0).gt(0.5)) for each in region.closeups)
        region = replace(region, held=held, closeups=closeups)
        work = draw_region(region, plan.drawn, choices, settings, pack, pool)
        sketch = yield from mapped(work, lambda progress: _with(progress, held).within(0.12, 0.98))
        layer = sketch.layer
        if wish.region:
            least = CRUMB * max(region.framing.canvas) / region.framing.scale
            layer = behind(layer, lasso[0, 0].numpy() < 0.5, least)
        drawing = Drawing(size, (layer,), pack.paper).first(plan.drawn)
        if not drawing.count:
            raise BadRequest(NO_LINES)
        if drawing.count < plan.drawn:
            notes = (*notes, Note(FEW_LINES, found=drawing.count, wanted=plan.drawn))
        account = replace(sketch.account, notes=(*notes, *sketch.account.notes))
        return replace(drawing, account=account, texture=pack.texture.at(choices.style_strength))


def _region(
    inputs: Inputs, foreground: Foreground, lasso: Mask | None, settings: RegionSettings, seen: Seen, pack: StylePack
) -> tuple[Region, StylePack]:
    """The part of the picture that is drawn in, framed as the whole drawing is, and the pack for a canvas of its size.

    Only the subject is drawn where a region holds enough of it, else all that the region holds.
    """
    pixels = inputs.photograph.pixels
    subject = foreground.mask
    if lasso is None or float((subject * lasso).sum()) >= OWN * float(lasso.sum()):
        name = "object" if float(subject.min()) < 0.5 else "picture"
        return Region.of(name, pixels, foreground, settings, *seen), pack
    usual = Framing.around(subject, settings.canvas, settings.margin, settings.enlargement)
    both = torch.maximum(subject, lasso)
    region = Region.framed("picture", pixels, both, settings, 0.0, seen[0], drawn=foreground.drawn, looks=seen[1])
    wider = _side(region.framing) / _side(usual)
    return region, replace(pack, pen=replace(pack.pen, width=pack.pen.width / wider))


def _side(framing: Framing) -> float:
    """The longer side of what a canvas shows, source px."""
    return max(framing.canvas) / framing.scale


def _with(progress: Progress, held: Held) -> Progress:
    """Progress whose preview shows the strokes that stay, too."""
    if progress.preview is None:
        return progress
    [layer] = progress.preview.layers
    note = layer.notes[:1] * len(held.strokes)
    if not note:
        return progress
    strokes = beside(layer.strokes, held.strokes)
    shown = replace(layer, strokes=strokes, notes=(*layer.notes, *note))
    return replace(progress, preview=replace(progress.preview, layers=(shown,)))


def _alike(layer: Layer, known: Known, pack: StylePack) -> Strokes:
    """New strokes as wide as those of a drawing, and of its color if it has one and they have one."""
    strokes = layer.strokes
    lines = [i for i, each in enumerate(known.of) if known.elements[each].kind != "hatch"]
    mine = [i for i, note in enumerate(layer.notes) if note.kind != "hatch"]
    if len(lines) < 3 or not mine:
        return strokes
    theirs = known.strokes.select(torch.tensor(lines))
    usual, new = float(theirs.widths.mean(1).median()), float(strokes.widths[mine].mean(1).median()) / layer.framing.scale
    if usual > 0 and new > 0 and not 1 / ALIKE < usual / new < ALIKE:
        wider = torch.ones(len(strokes), 1)
        wider[mine] = usual / new
        strokes = replace(strokes, widths=strokes.widths * wider)
    color = theirs.colors.median(0).values
    same = (theirs.colors - color).abs().amax(1) < 1 / 64
    one = bool((strokes.colors - strokes.colors[:1]).abs().max() < 1 / 64)
    if one and float(same.float().mean()) >= MOST_ALIKE:
        strokes = replace(strokes, colors=color.to(strokes.colors).expand_as(strokes.colors).clone())
    return strokes


REFINE = Refine()
