"""One region of a picture as strokes: its lines traced, refined, and told apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from backend.core.drawing import Account, Drawing, Layer, StrokeNote
from backend.core.image import NO_SIDE, Framing, Image, Mask, interleaved
from backend.core.notes import Note, wording
from backend.core.strokes import Strokes
from backend.core.work import Progress, Work, mapped
from backend.initialize.attention import Attention, AttentionSettings
from backend.initialize.meet import met
from backend.initialize.outlines import Outline
from backend.initialize.streamlines import Trace
from backend.initialize.trace import TracedStart, TracedStartSettings, far_lines, traced_start
from backend.model_pool import ModelPool
from backend.perception.backdrop import backdrop_color, calmed_backdrop, touched_sides
from backend.perception.faces import Face
from backend.perception.foreground import Foreground, near_outline, with_rim
from backend.perception.line_drawing import drawn_lines
from backend.perception.line_field import LineFieldSettings, ScaleSettings, line_field
from backend.recipes.animal_features import features
from backend.recipes.closeup import CloseupSettings, FaceCloseup, lines_of
from backend.recipes.dressing import Dressing
from backend.recipes.guided import Guide, guide_of
from backend.recipes.held import Held
from backend.recipes.person_features import LookAhead, person_outlines
from backend.recipes.recipe import USUAL_STYLE_WEIGHT, SketchChoices
from backend.recipes.refining import RefiningSettings, beside, better, refined, undoubled
from backend.recipes.steering import Steering
from backend.recipes.style_finish import NO_EXEMPLAR, StyleFinish
from backend.recipes.subject_outlines import subject_outlines
from backend.style_pack import StylePack

NO_HELP = Note("Moving the strokes by what the network sees did not help, so they stay on their lines.")

DRAWN = Note("This is a line drawing already, so its lines are followed along their middles.")
MORE = wording("The drawing has {lines} lines, too many for {strokes} strokes; more strokes show more of it.")
MORE_DRAWN = 2  # times as many lines as strokes: so many are left out that it has to be told
SEEN_FROM_AFAR = LineFieldSettings(
    coarse=ScaleSettings(inhibition=0.6), fine=ScaleSettings(inhibition=0.6), fine_weight=0.0, alone=1.0
)
"""Lines of a small picture: no texture is left in it, so that faint ones count."""


@dataclass(frozen=True)
class RegionSettings:
    """How a region is looked at and drawn."""

    canvas: int = 896  # longer side of the framed region, px
    enlargement: float = 2.5  # a small picture is enlarged no more than this: it has no finer lines to show
    margin: float = 0.06  # of the region's longer side, kept free around it
    rim: int = 4  # lines may lie this far outside the region, canvas px
    lines: LineFieldSettings = LineFieldSettings()
    start: TracedStartSettings = TracedStartSettings()
    attention: AttentionSettings = AttentionSettings()  # of drawings that a network guides
    far: LineFieldSettings = SEEN_FROM_AFAR
    steps: int = 30
    refining: RefiningSettings = RefiningSettings()
    face: CloseupSettings = CloseupSettings()
    hatching: float | None = None  # source px between hatches; None: what the style says, or as many as are allowed need
    hatches: int | None = None  # strokes that may be hatching; None: as many as the style says
    chosen: bool = True  # an encoder has a voice in which lines are drawn, or only in how they lie and in their order
    sure: int | None = (
        None  # strokes that stay first when those an encoder had a voice in are put in order once more; None: all
    )
    outline: float = 0.6  # how much more a line is worth that lies within …
    near: int = 6  # … so many canvas px of an outline that is the subject's
    aside: float = 0.35  # worth of a line where the subject probably is not, beside one where it is

    def at_fidelity(self, fidelity: float) -> RegionSettings:
        """The settings for a drawing from precise (1) to loose (0): seen from farther away, in calmer curves."""
        loose = 1 - fidelity
        return replace(
            self,
            canvas=round(self.canvas * (1 - 0.5 * loose)),
            enlargement=self.enlargement * (1 - 0.5 * loose),
            lines=replace(self.lines, fine_weight=self.lines.fine_weight * (1 - 0.6 * loose)),
            start=replace(
                self.start,
                calm=self.start.calm * (1 + loose),
                tolerance=self.start.tolerance * (1 + loose),
                corner_turn=self.start.corner_turn * (1 + 0.4 * loose),
                trace=replace(self.start.trace, least=self.start.trace.least * (1 + loose)),
            ),
        )

    def varied(self, seed: int) -> RegionSettings:
        """The settings of another attempt at the same drawing: seed 0 is this one, others weigh and join lines differently."""
        if not seed:
            return self
        generator = torch.Generator().manual_seed(seed)

        def about(value: float, spread: float) -> float:
            return value * (1 + spread * (2 * float(torch.rand((), generator=generator)) - 1))

        start, coarse = self.start, self.lines.coarse
        return replace(
            self,
            lines=replace(
                self.lines,
                coarse=replace(coarse, inhibition=about(coarse.inhibition, 0.25)),
                fine_weight=about(self.lines.fine_weight, 0.2),
            ),
            start=replace(
                start,
                trace=replace(start.trace, seed=about(start.trace.seed, 0.25)),
                link=replace(start.link, reach=about(start.link.reach, 0.4)),
                order=replace(start.order, ease=about(start.order.ease, 0.4), brevity=about(start.order.brevity, 0.4)),
            ),
        )


@dataclass(frozen=True)
class Region:
    """A part of a picture that is drawn by itself, on a canvas of its own."""

    name: str  # object, background or picture
    framing: Framing
    image: Image  # [1, 3, H, W] the framed part of the picture
    mask: Mask  # [1, 1, H, W] where lines may be
    certainty: float = 0.0  # 0 … 1, how far the mask's outline itself may be drawn as a line
    closeups: tuple[FaceCloseup, ...] = ()
    interest: Mask | None = None  # [1, 1, H, W] 0 … 1, where the lines matter most; None: everywhere
    silhouette: Mask | None = None  # [1, 1, H, W] 0 … 1, whose outline is a line; None: the mask, as high as it is certain
    outlines: tuple[Outline, ...] = ()  # that are known, on the canvas
    awaited: Future[tuple[Outline, ...]] | None = None  # more of them, which are looked for on another core
    drawn: bool = False  # it is a drawing already: its lines are seen by their middles
    held: Held | None = None  # what is on the canvas already, and stays

    @classmethod
    def framed(
        cls,
        name: str,
        pixels: Image,
        mask: Mask,
        settings: RegionSettings,
        certainty: float = 0.0,
        faces: Sequence[Face] = (),
        interest: Mask | None = None,
        silhouette: Mask | None = None,
        drawn: bool = False,
        looks: LookAhead | None = None,
    ) -> Region:
        """The part of a source picture that holds a mask (not empty) of its size; faces are drawn from close by.

        looks: at people's faces, that began before.
        """
        beyond = touched_sides(mask) if certainty == 1.0 and not drawn else NO_SIDE
        framing = Framing.around(mask, settings.canvas, settings.margin, settings.enlargement, beyond)
        shown = [] if drawn else [face for face in faces if _at(mask, *face.center) > 0.5]
        awaited = None if drawn else _beside(lambda: _outlines(pixels, mask, faces, shown, framing, looks))
        closeups = tuple(FaceCloseup.of(face, pixels, mask, settings.face, framing.scale) for face in shown)
        here = framing.crop(mask, fill=0.0)
        weighed = None if interest is None else framing.crop(interest, fill=0.0)
        outline = None if silhouette is None else framing.crop(silhouette, fill=0.0)
        image = framing.crop(pixels)
        if any(beyond):
            image = image - (1 - framing.crop(torch.ones_like(mask), fill=0.0)) * (1 - backdrop_color(pixels, mask))
        return cls(name, framing, image, here, certainty, closeups, weighed, outline, (), awaited, drawn)

    @property
    def open(self) -> Mask:
        """Where hatching may be [1, 1, H, W]."""
        return self.mask if self.held is None else self.mask * self.held.bare

    def known_outlines(self) -> tuple[Outline, ...]:
        """People's heads, jaws and eyes, an animal's eyes and nose, on the canvas; who asks waits until they are found."""
        return self.outlines if self.awaited is None else (*self.outlines, *self.awaited.result())

    @classmethod
    def of(
        cls,
        name: str,
        pixels: Image,
        foreground: Foreground,
        settings: RegionSettings,
        faces: Sequence[Face] = (),
        looks: LookAhead | None = None,
    ) -> Region:
        """The part of a source picture that is its foreground, with all that is known of it."""
        return cls.framed(
            name,
            pixels,
            foreground.mask,
            settings,
            foreground.certainty,
            faces,
            foreground.interest,
            foreground.silhouette,
            foreground.drawn,
            looks,
        )


@dataclass(frozen=True)
class RegionSketch:
    """A region's strokes, most important first (there may be none), and how they came about."""

    layer: Layer
    account: Account
    found: int  # strokes, before they were joined into one
    hatching: float | None = None  # source px between hatches, if there are any


def draw_region(
    region: Region, count: int, choices: SketchChoices, settings: RegionSettings, pack: StylePack, pool: ModelPool
) -> Work[RegionSketch]:
    """At most `count` strokes of a region. Progress runs from 0 to 1; a preview is a drawing of this region alone.

    Hurried, the strokes are moved no farther, but dressed and finished as others are.
    """
    dressing = Dressing.of(pack, choices, count, settings.hatches)
    guide = guide_of(choices.guidance, pool)
    if guide:
        guide = guide.at_fidelity(choices.fidelity)
    finish = StyleFinish.of(pack, choices, pool)
    yield Progress("finding the lines", 0.0)
    start = trace_region(region, dressing.plain_count, settings, guide if settings.chosen else None)
    canvas, paper = region.framing.canvas, torch.tensor(pack.paper, device=pool.device)
    held = None if region.held is None else region.held.strokes
    curves = met_beside(start, held, max(canvas))
    traced = Strokes.build(curves, pack.pen.width * max(canvas), pack.pen.color, start.closed)
    strokes = traced
    steps = (settings.steps if choices.steps is None else choices.steps) if start.curves else 0
    guided = 0 if guide is None or not steps else guide.settings.steps if choices.steps is None else choices.steps
    yield Progress("drawing", 0.27, _preview(region, start, strokes, pack))
    steering = Steering.of(pack.measured, choices.style_strength)
    taken, hurry = 0, None
    for step in refined(start, traced, canvas, paper, steps, steering, pool, settings.refining, held):
        strokes, taken = step.strokes, step.number
        done = 0.27 + 0.63 * taken / (steps + guided)
        hurry = yield Progress("refining", done, _preview(region, start, strokes, pack), step.losses)
        if hurry:
            break
    strokes, notes = better(traced, strokes, start, canvas, settings.refining, held) if taken else (traced, ())
    notes = (*_told_of(region, start), *notes)
    if guide and guided and not hurry:
        share = 0.63 * guided / (steps + guided)
        looked = _looked(region, start, strokes, guide, guided, pack, pool)
        strokes, told, compared = yield from mapped(looked, lambda progress: progress.within(0.9 - share, 0.9))
        notes, taken = (*notes, *told), taken + compared
    yield Progress("dressing", 0.9)
    plain, scores = _layer(region, start, strokes), _scores(region, beside(strokes, held), guide, pool)
    sure = 0 if guide and guide.counts_after else settings.sure
    if guide and sure is not None and len(strokes):
        yield Progress("ordering", 0.9)
        plain = _ordered(plain, *guide.order(strokes.to(pool.device), *_seen(region, pool), pool, sure))
    layer, spacing = dressing.spaced(plain, region.image, region.open, settings.hatching)
    if finish and len(layer.strokes):
        yield Progress("finishing", 0.95)
        finished, told = finish.finished(layer.strokes, region.framing.canvas, pool)
        layer, notes = replace(layer, strokes=finished), (*notes, *told)
    elif choices.style_weight > USUAL_STYLE_WEIGHT and not finish:
        notes = (*notes, Note(NO_EXEMPLAR, pack=pack.title))
    return RegionSketch(
        layer,
        Account(guide.name if guide else "classical", taken, notes, scores),
        len(plain.strokes) if dressing.joins else len(layer.strokes),
        spacing,
    )


def trace_region(region: Region, count: int, settings: RegionSettings, guide: Guide | None = None) -> TracedStart:
    """At most `count` strokes on a region's lines; a guide tells where it is looked closely."""
    silhouette = region.certainty * region.mask if region.certainty and region.silhouette is None else region.silhouette
    shown = calmed_backdrop(region.image, region.mask)
    with ThreadPoolExecutor(1) as thread:
        seen_closely = thread.submit(lambda: [closeup.on(region.framing, settings.lines) for closeup in region.closeups])
        field = drawn_lines(region.image) if region.drawn else line_field(shown, settings.lines, silhouette)
        closeups = seen_closely.result()
    worth = with_rim(region.mask, settings.rim)
    if silhouette is not None and not region.drawn:
        worth = worth * (1 + settings.outline * near_outline(region.mask, settings.near))
    if region.interest is not None:
        worth = worth * (settings.aside + (1 - settings.aside) * region.interest)
    attention = None
    if guide and not region.drawn:
        saliency = guide.saliency(region.image, region.mask)
        worth = worth * guide.worth(saliency, region.mask)
        looked = guide.looked(saliency)[0, 0].cpu().numpy()
        attention = Attention(looked, _forms(region, settings, silhouette, worth), settings.attention)
    outlines, covered = region.known_outlines(), None
    if region.silhouette is not None and region.certainty < 1.0 and not region.drawn:
        outlines = (*outlines, *subject_outlines(region.mask, region.silhouette, field.strength, outlines))
    if region.held is not None:
        worth, covered = worth * region.held.within, region.held.covered
    flat = worth[0, 0].cpu().numpy()
    return traced_start(lines_of(field), flat, count, settings.start, closeups, outlines, attention, covered)


def met_beside(start: TracedStart, held: Strokes | None, side: int) -> list[Tensor]:
    """The curves of a start, brought to each other and to strokes that are there already; side: of the canvas, px."""
    there = [] if held is None else [held.curve(i) for i in range(len(held))]
    closed, closer = [*start.closed, *(True for _ in there)], [*start.enlarged, *(1.0 for _ in there)]
    return met([*start.curves, *there], closed, closer, side)[: len(start.curves)]  # closed ones have no ends that move


def _forms(region: Region, settings: RegionSettings, silhouette: Mask | None, worth: Mask) -> list[Trace]:
    """The lines of a region's large forms, seen small."""
    forms, (height, width) = settings.attention.forms, region.framing.canvas
    scale = min(1.0, forms.side / max(height, width))
    size = (max(1, round(height * scale)), max(1, round(width * scale)))
    small = F.interpolate(region.image, size, mode="bilinear", antialias=True, align_corners=False)
    outline = None if silhouette is None else F.interpolate(silhouette, size, mode="area")
    lines = lines_of(line_field(small, settings.far, outline))
    return far_lines(lines, worth[0, 0].cpu().numpy(), scale, settings.start, forms)


def _told_of(region: Region, start: TracedStart) -> tuple[str, ...]:
    """What to tell of a picture that is a drawing."""
    if not region.drawn:
        return ()
    if len(start.lines) <= MORE_DRAWN * len(start.curves):
        return (DRAWN,)
    return DRAWN, Note(MORE, lines=len(start.lines), strokes=len(start.curves))


def _outlines(
    pixels: Image, mask: Mask, faces: Sequence[Face], shown: Sequence[Face], framing: Framing, looks: LookAhead | None
) -> tuple[Outline, ...]:
    """Lines that are known: people's heads, jaws and eyes where their faces are shown, an animal's eyes and nose."""
    pixels, known = interleaved(pixels), looks.ended() if looks else {}
    return *person_outlines(pixels, mask, shown, framing, known), *features(pixels, mask, faces, framing)


def _beside(look: Callable[[], tuple[Outline, ...]]) -> Future[tuple[Outline, ...]]:
    """What is looked for while others go on."""
    thread = ThreadPoolExecutor(1)
    found = thread.submit(look)
    thread.shutdown(wait=False)
    return found


def _at(mask: Mask, x: float, y: float) -> float:
    height, width = mask.shape[-2:]
    return float(mask[0, 0, min(int(y), height - 1), min(int(x), width - 1)])


def _looked(
    region: Region, start: TracedStart, strokes: Strokes, guide: Guide, steps: int, pack: StylePack, pool: ModelPool
) -> Work[tuple[Strokes, tuple[str, ...], int]]:
    """The strokes moved by what the guide sees, if it helps; what to tell the user; and the steps that it took."""
    held = None if region.held is None else region.held.strokes
    image, mask, before = region.image.to(pool.device), region.mask.to(pool.device), beside(strokes, held).to(pool.device)
    moved, taken, free = before, 0, slice(0, len(strokes))
    for step in guide.refined(before, image, mask, steps, pool, len(before) - len(strokes)):
        moved, taken = step.strokes, taken + 1
        shown = _preview(region, start, moved.select(free), pack)
        if (yield Progress("comparing", step.number / steps, shown, step.losses)):
            break
    if not guide.gained(*(guide.losses(drawn, image, mask, pool) for drawn in (before, moved))):
        return strokes, (NO_HELP,), taken
    return *undoubled(strokes, moved.select(free), held=held), taken


def _ordered(layer: Layer, order: Sequence[int], importances: Sequence[float]) -> Layer:
    """The layer's strokes in another order, and as important as that says."""
    notes = tuple(replace(layer.notes[i], importance=value) for i, value in zip(order, importances, strict=True))
    return replace(layer, strokes=layer.strokes.select(torch.tensor(list(order))), notes=notes)


def _seen(region: Region, pool: ModelPool) -> tuple[Image, Mask]:
    """The region's picture and mask, where encoders see them."""
    return region.image.to(pool.device), region.mask.to(pool.device)


def _scores(region: Region, strokes: Strokes, guide: Guide | None, pool: ModelPool) -> dict[str, float]:
    """How alike drawing and photograph are, by encoder; nothing without one."""
    if guide is None or not len(strokes):
        return {}
    drawn, image, mask = strokes.to(pool.device), region.image.to(pool.device), region.mask.to(pool.device)
    return guide.scores(guide.losses(drawn, image, mask, pool))


def _preview(region: Region, start: TracedStart, strokes: Strokes, pack: StylePack) -> Drawing:
    return Drawing(region.framing.source, (_layer(region, start, strokes),), pack.paper)


def _layer(region: Region, start: TracedStart, strokes: Strokes) -> Layer:
    """The last step, of previews too: the strokes beside what is known about each."""
    known = zip(start.kinds, start.importances, strict=True)
    notes = tuple(StrokeNote(kind, region.name, importance) for kind, importance in known)
    return Layer(region.name, region.framing, strokes.to("cpu"), notes)
