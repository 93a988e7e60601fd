"""A clip as one drawing whose strokes stay themselves from frame to frame."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt
import torch

from backend.core.drawing import Account, Layer, StrokeNote
from backend.core.errors import BadRequest
from backend.core.image import Framing, Image, Mask
from backend.core.moving import MovingDrawing
from backend.core.notes import Note, wording
from backend.core.strokes import Strokes
from backend.core.style_tables import Gesture, Hatch
from backend.core.work import Progress, Work, mapped
from backend.initialize.arrivals import ArrivalSettings, returned, strokes_for, with_room
from backend.initialize.carry import Canvas, CarriedStroke, CarrySettings, begun, moved, snapped
from backend.initialize.curve_places import length_of
from backend.initialize.light import in_new_light
from backend.initialize.parts import uncovered
from backend.initialize.streamlines import TraceSettings
from backend.initialize.trace import TracedStart, TracedStartSettings, traced_start
from backend.initialize.trajectories import TrajectorySettings
from backend.model_pool import ModelPool
from backend.perception.faces import find_faces
from backend.perception.foreground import find_foreground, with_rim
from backend.perception.frames import Frame
from backend.perception.line_field import line_field
from backend.perception.marked_foreground import Mark
from backend.perception.photograph import Photograph
from backend.perception.tracker_plugin import BroughtMotion
from backend.perception.tracking import Motion, TrackingSettings, drawn_in
from backend.recipes.candidates import Attempts, draw_attempts
from backend.recipes.closeup import lines_of
from backend.recipes.dressing import Dressing
from backend.recipes.object_sketch import ObjectSketch, choose_foreground
from backend.recipes.recipe import Inputs, SketchChoices
from backend.recipes.region import Region, RegionSettings, draw_region
from backend.recipes.sequence_ahead import Ahead, Look, SequenceInputs, View, frames_of
from backend.recipes.sequence_drawing import assembled, glimpse
from backend.recipes.sequence_notebook import Birth, Notebook, Page
from backend.style_pack import StylePack

KEEP_PEN = wording("Moving strokes keep the pen, the colors and the paper of {pack}, but not its gesture and its hatching.")
CUTS = wording("Another drawing begins at frame {frames}: hardly anything of the frame before was found there.")
MOST_CUTS = 6  # that are told one by one

Map = npt.NDArray[np.float32]  # [H, W]

CLEAR = TracedStartSettings(trace=TraceSettings(seed=0.2, keep=0.08), faint=1.0)
"""Lines that stay: fainter ones come and go from frame to frame."""


@dataclass(frozen=True)
class SequenceSettings:
    """How a clip is looked at and drawn; lengths in px of a canvas whose longer side is about 900 px."""

    region: RegionSettings = RegionSettings(start=CLEAR)
    tracking: TrackingSettings = TrackingSettings()
    carry: CarrySettings = CarrySettings()
    trajectory: TrajectorySettings = TrajectorySettings()
    renewal: int = 3  # frames from one look for lines without a stroke to the next
    alike: float = 0.4  # overlap of a subject found anew with the one that was followed, over their union
    around: int = 40  # strokes hold to lines this far outside the followed subject
    largest: float = 1.0  # a subject that comes nearer is looked at on a canvas larger by no more than this …
    zoom: float = 0.06  # … and one that grows or shrinks is looked at closer or farther by this share a frame, at most
    covered: float = 16.0  # a new line keeps this far from the strokes there are …
    telling: float = 24.0  # … and is at least this long
    arrival: ArrivalSettings = ArrivalSettings()
    ahead: int = 3  # frames that are looked at before it is their turn to be drawn, at the same time


@dataclass(frozen=True)
class SequenceSketch:
    """The recipe."""

    settings: SequenceSettings = SequenceSettings()

    def run(
        self, inputs: SequenceInputs, choices: SketchChoices, pack: StylePack, pool: ModelPool, notebook: Notebook | None = None
    ) -> Work[MovingDrawing]:
        """The drawing of a clip, frame by frame; frames that the notebook has are not drawn again.

        Raises BadRequest for a clip without a line, or masks that do not fit.
        """
        choices.check_guidance(("classical",))
        choices = replace(choices, style_weight=0.0)  # line weights would change from frame to frame
        settings = replace(self.settings, region=self.settings.region.at_fidelity(choices.fidelity).varied(choices.seed))
        drawer = _Drawer(settings, choices, _simple(pack), pool)
        kept, page = list[Page](), None
        for page in notebook.pages() if notebook else ():
            kept.append(_slim(page))
        count, size = inputs.clip.count, (0, 0)
        share = 0.97 / (count or 10**9)
        with closing(Ahead(drawer, inputs, page, len(kept))) as ahead:
            for seen in ahead.frames():
                size = (seen.frame.shape[0], seen.frame.shape[1])
                done = 0.97 * (seen.number / count if count else 0.5)
                told = f"frame {seen.number + 1}" + (f" of {count}" if count else "")
                yield Progress(told, done, glimpse(page, kept, size, pack) if page else None)
                if page is None or seen.view is None:
                    marks = () if seen.number else inputs.marks
                    work = drawer.begun(seen.number, seen.frame, seen.mask, marks, _next_id(kept))
                    page = yield from mapped(work, _within(told, done, done + share))
                    ahead.follow(page)
                else:
                    page = drawer.carried(page, seen.view, _next_id(kept))
                kept.append(_slim(page))
                if notebook:
                    notebook.add(page)
            size = size if any(size) else ahead.size
        yield Progress("smoothing", 0.98)
        told_of = [Note("Points were followed by {tracker}.", tracker=inputs.tracker.name)] if inputs.tracker else []
        notes = tuple(
            dict.fromkeys(
                [*inputs.clip.notes, *told_of, *(note for page in kept for note in page.notes), *_cuts(kept), *_left_out(pack)]
            )
        )
        drawing = assembled(kept, (size[0], size[1]), inputs.clip.rate, pack, choices, settings.trajectory)
        if not drawing.strokes:
            raise BadRequest("No lines were found in this clip. Choose one with clearer shapes.")
        steps = settings.region.steps if choices.steps is None else choices.steps
        return replace(drawing, account=Account("classical", steps, notes))

    def attempts(
        self, inputs: SequenceInputs, choices: SketchChoices, count: int, pack: StylePack, pool: ModelPool
    ) -> Work[Attempts]:
        """The best of `count` drawings of the first frame; its seed is the one to draw the clip with."""
        frame, mask = next(frames_of(inputs))
        given = None if mask is None else torch.from_numpy(mask)[None, None]
        first = Inputs(Photograph(_pixels(frame)), given, inputs.marks)
        recipe = ObjectSketch(self.settings.region)
        return (yield from draw_attempts(recipe, first, replace(choices, style_weight=0.0), count, _simple(pack), pool))


@dataclass(frozen=True)
class _Drawer:
    """Draws one frame after the other."""

    settings: SequenceSettings
    choices: SketchChoices
    pack: StylePack
    pool: ModelPool

    @property
    def count(self) -> int:
        """How many strokes are seen at once, at most."""
        return self.choices.strokes or self.pack.strokes

    @property
    def ahead(self) -> int:
        """How many frames are looked at before it is their turn."""
        return self.settings.ahead

    @property
    def tracking(self) -> TrackingSettings:
        """How their motion is found."""
        return self.settings.tracking

    def begun(self, number: int, frame: Frame, mask: Map | None, marks: tuple[Mark, ...], first_id: int) -> Work[Page]:
        """The first frame of a shot, drawn by itself."""
        pixels = _pixels(frame)
        faces = find_faces(pixels)
        given = None if mask is None else torch.from_numpy(mask)[None, None]
        foreground, notes = choose_foreground(Inputs(Photograph(pixels), given, marks), self.choices, faces, others=faces)
        found = foreground.mask[0, 0].numpy() if float(foreground.mask.min()) < 0.5 else None
        name = "picture" if found is None else "object"
        settings = self.settings.region
        region = Region.framed(name, pixels, foreground.mask, settings, foreground.certainty, faces, foreground.interest)
        sketch = yield from draw_region(region, self.count, self.choices, settings, self.pack, self.pool)
        kept = self.choices.kept(len(sketch.layer.strokes))
        layer = replace(sketch.layer, strokes=sketch.layer.strokes.select(slice(0, kept)), notes=sketch.layer.notes[:kept])
        scale = region.framing.scale
        page = Page(
            number,
            number,
            found,
            foreground.certainty,
            mask is None and not marks,
            scale,
            max(region.framing.canvas) / scale,
            (),
            (),
            notes,
        )
        canvas = self._canvas(page, pixels, region.framing)
        drawn = _with_layer(page, layer, canvas, first_id, self.settings.carry)
        left_out = max(self._gains(drawn, canvas, region.framing), default=0.0)
        return replace(drawn, settled=first_id + kept, left_out=left_out)

    def looked(self, page: Page, number: int, frame: Frame, mask: Map | None, motion: Motion | BroughtMotion) -> Look:
        """What of a frame needs no stroke to be told: where the subject is. Its lines are found by `lined`.

        page: of the frame before.
        """
        now = replace(page, number=number, mask=self._mask(page, number, frame, mask, motion), strokes=(), births=(), notes=())
        framing = self._framing(now, frame)
        return Look(replace(now, scale=framing.scale), motion, framing, _pixels(frame))

    def lined(self, look: Look) -> Canvas:
        """A frame's lines."""
        return self._canvas(look.page, look.pixels, look.framing)

    def carried(self, page: Page, view: View, first_id: int) -> Page:
        """The strokes of the frame before, on this one, and new ones where lines have none."""
        look, settings, canvas = view.look, self.settings, view.canvas.result()
        number, framing = look.page.number, look.framing
        strokes = moved(page.strokes, look.motion, page.scale, settings.carry, 1000 * number + self.choices.seed)
        if look.motion.relit:
            strokes = in_new_light(strokes, canvas, settings.carry)
        now = replace(look.page, strokes=tuple(snapped(strokes, canvas, settings.carry)), settled=page.settled)
        if (number - page.shot) % settings.renewal:
            return now
        layer = self._new_lines(now, canvas, framing, look.pixels)
        return self._shared(_with_layer(now, layer, canvas, first_id, settings.carry), canvas, framing)

    def _shared(self, page: Page, canvas: Canvas, framing: Framing) -> Page:
        """The page, its least important strokes waiting where something has arrived that needs strokes; else they come back."""
        settings, free = self.settings.arrival, self._limit - len(self._there(page))
        wanted = strokes_for(self._gains(page, canvas, framing), page.left_out, settings) - free
        if wanted > 0:
            return replace(page, strokes=tuple(with_room(page.strokes, wanted, page.settled, self._limit, settings)))
        settled = max((stroke.id + 1 for stroke in page.strokes), default=0)
        return replace(page, strokes=tuple(returned(page.strokes, free)), settled=settled)

    def _gains(self, page: Page, canvas: Canvas, framing: Framing) -> list[float]:
        """What lines would add that have no stroke, where hardly any stroke is left for them."""
        if self._limit - len(self._there(page)) >= self.settings.arrival.looked_for:
            return []
        start, kept = self._undrawn(page, canvas, framing, self.settings.arrival.looked_for)
        return [start.gains[i] for i in kept]

    @property
    def _limit(self) -> int:
        """How many strokes are seen at once."""
        return self.choices.kept(self.count)

    def _there(self, page: Page) -> list[CarriedStroke]:
        """The strokes that are seen, or may be again in a moment."""
        return [stroke for stroke in page.strokes if stroke.unseen <= self.settings.trajectory.blink and not stroke.waiting]

    def _undrawn(self, page: Page, canvas: Canvas, framing: Framing, count: int) -> tuple[TracedStart, list[int]]:
        """Lines beside the strokes there are, and those that wait; and which of them are long enough."""
        settings = self.settings
        there = [stroke for stroke in page.strokes if stroke.waiting or stroke.unseen <= settings.trajectory.blink]
        subject = torch.ones(1, 1, *framing.canvas) if page.mask is None else framing.crop(_tensor(page.mask), fill=0.0)
        worth = with_rim(subject, settings.region.rim)[0, 0].numpy()
        drawn = [canvas.of_source(stroke.curve) for stroke in there]
        worth = worth * uncovered(drawn, [stroke.closed for stroke in there], framing.canvas, settings.covered)
        start = traced_start(canvas.lines, worth, max(count, 0), settings.region.start)
        return start, [i for i, curve in enumerate(start.curves) if length_of(curve.double().numpy()) >= settings.telling]

    def _mask(self, page: Page, number: int, frame: Frame, given: Map | None, motion: Motion | BroughtMotion) -> Map | None:
        """The subject: carried along, and now and then looked for anew, since what was hidden comes out again."""
        if given is not None:
            return given
        if page.mask is None:
            return None
        carried = drawn_in(frame, motion.carried(page.mask))
        if not page.found or (number - page.shot) % self.settings.renewal:
            return carried
        anew = find_foreground(_pixels(frame))
        mask = anew.mask[0, 0].numpy()
        alike = np.minimum(mask, carried).sum() / max(float(np.maximum(mask, carried).sum()), 1.0)
        return mask if anew.trusted and alike > self.settings.alike else carried

    def _framing(self, page: Page, frame: Frame) -> Framing:
        """The subject and its margin, as large as a drawing of this frame alone shows it, but with no sudden change."""
        height, width = frame.shape[:2]
        settings = self.settings.region
        shown = np.ones((height, width), np.float32) if page.mask is None or page.mask.max() < 0.5 else page.mask
        around = Framing.around(torch.from_numpy(shown)[None, None], settings.canvas, settings.margin, settings.enlargement)
        rows, columns = (side / around.scale for side in around.canvas)
        zoom = 1 + self.settings.zoom
        scale = min(max(around.scale, page.scale / zoom), page.scale * zoom)
        scale = min(scale, self.settings.largest * settings.canvas / max(rows, columns))
        canvas = (max(1, round(rows * scale)), max(1, round(columns * scale)))
        return Framing(around.source, canvas, around.origin, scale)

    def _canvas(self, page: Page, pixels: Image, framing: Framing) -> Canvas:
        settings = self.settings.region
        image = framing.crop(pixels)
        mask = torch.ones_like(image[:, :1]) if page.mask is None else framing.crop(_tensor(page.mask), fill=0.0)
        silhouette = page.certainty * mask if page.mask is not None and page.certainty else None
        lines = lines_of(line_field(image, settings.lines, silhouette))
        worth = with_rim(mask, self.settings.around)[0, 0].numpy()
        rgb = np.ascontiguousarray(image[0].permute(1, 2, 0).numpy(), dtype=np.float32)
        lab = cv2.GaussianBlur(cv2.cvtColor(rgb, cv2.COLOR_RGB2Lab), (0, 0), 1.5)
        return Canvas(framing, replace(lines, strength=np.where(worth > 0, lines.strength, np.float32(0))), lab)

    def _new_lines(self, page: Page, canvas: Canvas, framing: Framing, pixels: Image) -> Layer:
        """Strokes on lines that have none, as many as are missing."""
        start, kept = self._undrawn(page, canvas, framing, self._limit - len(self._there(page)))
        side = page.side * framing.scale
        curves, rings = [start.curves[i] for i in kept], [start.closed[i] for i in kept]
        strokes = Strokes.build(curves, self.pack.pen.width * side, self.pack.pen.color, rings)
        last = min((birth.note.importance for birth in page.births), default=0.0)
        notes = tuple(StrokeNote(start.kinds[i], page.name, last) for i in kept)
        layer = Layer(page.name, framing, strokes, notes)
        image = framing.crop(pixels)
        dressing = Dressing.of(self.pack, self.choices, max(1, len(kept)))
        dressed = dressing.dressed(layer, image, torch.ones_like(image[:, :1]))
        if dressed is layer:
            return layer
        widths = dressed.strokes.widths * (side / max(framing.canvas))
        return replace(dressed, strokes=replace(dressed.strokes, widths=widths))


def _within(stage: str, begin: float, end: float) -> Callable[[Progress], Progress]:
    """A frame's progress as a part of the clip's."""
    return lambda progress: Progress(stage, progress.done).within(begin, end)


def _pixels(frame: Frame) -> Image:
    return torch.from_numpy(frame.astype(np.float32) / 255).permute(2, 0, 1)[None].contiguous()


def _tensor(values: Map) -> Mask:
    return torch.from_numpy(values)[None, None]


def _slim(page: Page) -> Page:
    """A page without what only the next frame needs."""
    look = np.zeros((0, 2, 3), np.float32)
    return replace(page, mask=None, strokes=tuple(replace(stroke, look=look) for stroke in page.strokes))


def _next_id(pages: Sequence[Page]) -> int:
    return max((birth.id + 1 for page in pages for birth in page.births), default=0)


def _with_layer(page: Page, layer: Layer, canvas: Canvas, first_id: int, settings: CarrySettings) -> Page:
    """The page with the strokes of a layer on the same canvas added."""
    ids = list(range(first_id, first_id + len(layer.strokes)))
    curves = [layer.strokes.curve(i).detach().double().numpy() for i in range(len(ids))]
    rings = [bool(ring) for ring in layer.strokes.closed]
    births = tuple(_birth(layer, i, name) for i, name in enumerate(ids))
    strokes = (*page.strokes, *begun(ids, curves, rings, canvas, settings))
    return replace(page, strokes=strokes, births=(*page.births, *births))


def _birth(layer: Layer, i: int, name: int) -> Birth:
    strokes = layer.strokes
    red, green, blue = strokes.colors[i].double().tolist()
    widths = tuple((strokes.widths[i].double() / layer.framing.scale).tolist())
    return Birth(name, bool(strokes.closed[i]), widths, (red, green, blue), float(strokes.opacities[i]), layer.notes[i])


def _simple(pack: StylePack) -> StylePack:
    """The pack as far as strokes can keep it when they move: its pen, colors and paper."""
    return replace(pack, gesture=Gesture(), hatch=Hatch())


def _cuts(pages: Sequence[Page]) -> Iterator[str]:
    begins = [str(page.number + 1) for page in pages[1:] if page.number == page.shot]
    if begins:
        yield Note(CUTS, frames=", ".join(begins[:MOST_CUTS]) + (", …" if len(begins) > MOST_CUTS else ""))


def _left_out(pack: StylePack) -> Iterator[str]:
    if not pack.gesture.is_plain or pack.hatch.share:
        yield Note(KEEP_PEN, pack=pack.title)


SEQUENCE_SKETCH = SequenceSketch()
