"""A whole scene as strokes: its objects and the background behind them, each drawn by itself and composed as vectors."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from backend.core.drawing import Account, Drawing, Layer
from backend.core.errors import BadRequest
from backend.core.image import Framing
from backend.core.work import Progress, Work, mapped
from backend.model_pool import ModelPool
from backend.recipes.composition import behind, ranked
from backend.recipes.recipe import Inputs, SketchChoices, kept_strokes
from backend.recipes.region import Region, RegionSettings, RegionSketch, draw_region
from backend.recipes.scene import Scene
from backend.style_pack import StylePack


@dataclass(frozen=True)
class SceneSettings:
    """How a scene is shared out among its regions; lengths as a share of the picture's longer side."""

    region: RegionSettings = RegionSettings()
    richness: float = 1.5  # strokes of a scene to those of a single subject, when the user leaves the choice to the style
    fewest: int = 12  # strokes of the simplest drawing
    object_share: float = 0.6  # of the strokes; the background has the rest, and what the objects cannot use
    head_start: float = 2.0  # strokes by which the objects lead
    spare: float = 1.3  # background strokes traced to those needed: some are hidden
    background_pen: float = 0.8  # width of its strokes to that of the largest object
    halo: float = 0.004  # kept free of background around objects
    overlap: float = 0.01  # the background is completed so far around objects, whose edges may lie outside their masks
    crumb: float = 0.02  # visible parts of hidden strokes that are shorter than this are dropped


@dataclass(frozen=True)
class SceneSketch:
    """The recipe."""

    settings: SceneSettings = SceneSettings()
    guidances: tuple[str, ...] = ("classical",)

    def run(self, inputs: Inputs, choices: SketchChoices, pack: StylePack, pool: ModelPool) -> Work[Drawing]:
        """The drawing of a scene; one order of importance goes through all its layers.

        Raises BadRequest for a picture without a single line, or a guidance that is not there.
        """
        yield Progress("finding the objects", 0.02)
        drawn = self.draw(Scene.of(inputs, choices), choices, pack, pool)
        drawing = yield from mapped(drawn, lambda progress: progress.within(0.1, 0.98))
        return self.simplified(drawing, choices.simplicity)

    def rows(
        self, inputs: Inputs, choices: SketchChoices, fidelities: Sequence[float], pack: StylePack, pool: ModelPool
    ) -> Work[list[Drawing]]:
        """A drawing with all its strokes for each fidelity, of which every simplicity is a part. Raises as `run`."""
        yield Progress("finding the objects", 0.02)
        scene, drawings = Scene.of(inputs, choices), list[Drawing]()
        for fidelity in fidelities:
            begin, share = 0.1 + 0.88 * len(drawings) / len(fidelities), 0.88 / len(fidelities)
            drawn = self.draw(scene, replace(choices, fidelity=fidelity, simplicity=0.0), pack, pool)
            place = functools.partial(Progress.within, begin=begin, end=begin + share)
            drawings.append((yield from mapped(drawn, place)))
        return drawings

    def simplified(self, drawing: Drawing, simplicity: float) -> Drawing:
        """The first strokes of a full drawing that a simplicity from 0 (all) to 1 (the fewest) keeps."""
        return drawing.first(kept_strokes(drawing.count, simplicity, self.settings.fewest))

    def draw(self, scene: Scene, choices: SketchChoices, pack: StylePack, pool: ModelPool) -> Work[Drawing]:
        """The drawing of a scene with all its strokes; previews are as simple as the choices say. Raises as `run`."""
        choices.check_guidance(self.guidances)
        count = choices.strokes or round(self.settings.richness * pack.strokes)
        settings = self.settings.region.at_fidelity(choices.fidelity).varied(choices.seed)
        whole, sketches = _Whole(self, scene, choices, pack, count), list[RegionSketch]()
        for number in range(len(scene.objects) + 1):
            layers = [sketch.layer for sketch in sketches]
            region, due = self._region(scene, number, settings), self._due(scene, layers, count)
            work = draw_region(region, due, choices, settings, self._inked(scene, region, pack), pool)
            sketches.append((yield from mapped(work, replace(whole, layers=layers).shown)))
        drawing = self.composed(scene, [sketch.layer for sketch in sketches], count, pack)
        if not drawing.count:
            raise BadRequest("No lines were found in this picture. Choose one with clearer shapes.")
        texture = pack.texture.at(choices.style_strength)
        return replace(drawing, account=_account(scene, sketches, drawing.count, choices), texture=texture)

    def composed(self, scene: Scene, layers: Sequence[Layer], count: int, pack: StylePack) -> Drawing:
        """The scene from the layers of its objects and, if it is drawn already, of its background, in that order."""
        side, objects = max(scene.size), len(scene.objects)
        if objects and len(layers) > objects:
            hidden = scene.hidden(self.settings.halo * side)
            layers = [*layers[:objects], behind(layers[objects], hidden, self.settings.crumb * side)]
        shares = [*(self.settings.object_share * share for share in scene.shares), 1 - self.settings.object_share]
        leads = [*(self.settings.head_start * share for share in scene.shares), 0.0]
        layers = ranked(layers, shares[: len(layers)], leads[: len(layers)], count)
        return Drawing(scene.size, (*layers[objects:], *reversed(layers[:objects])), pack.paper)

    def _region(self, scene: Scene, number: int, settings: RegionSettings) -> Region:
        """The objects, then the background."""
        if number < len(scene.objects):
            return scene.object_region(number, settings)
        return scene.background_region(settings, self.settings.overlap * max(scene.size))

    def _due(self, scene: Scene, layers: Sequence[Layer], count: int) -> int:
        """How many strokes the next region is to have, after those of `layers`."""
        if len(layers) < len(scene.objects):
            return max(1, round(self.settings.object_share * scene.shares[len(layers)] * count))
        left = max(1, count - sum(len(layer.strokes) for layer in layers))
        return math.ceil(self.settings.spare * left) if layers else left

    def _inked(self, scene: Scene, region: Region, pack: StylePack) -> StylePack:
        """The style with a pen for this region: its width is a share of the region's side, but the regions are to match.

        Lines of an object are as wide as the mean (geometric) of the style's for the object alone and for the whole picture.
        """
        whole = max(scene.size)
        factor = math.sqrt(whole / _side(region.framing))
        if scene.objects and region.name == "background":
            factor = self.settings.background_pen * math.sqrt(
                _side(scene.object_region(0, self.settings.region).framing) / whole
            )
        return replace(pack, pen=replace(pack.pen, width=pack.pen.width * factor))


@dataclass(frozen=True)
class _Whole:
    """A scene while it is drawn, for its previews."""

    recipe: SceneSketch
    scene: Scene
    choices: SketchChoices
    pack: StylePack
    count: int
    layers: Sequence[Layer] = ()  # that are done

    def shown(self, progress: Progress) -> Progress:
        """Progress of the next region as progress of the scene."""
        regions = len(self.scene.objects) + 1
        part = progress.within(len(self.layers) / regions, (len(self.layers) + 1) / regions)
        if progress.preview is None:
            return part
        drawing = self.recipe.composed(self.scene, [*self.layers, *progress.preview.layers], self.count, self.pack)
        return replace(part, preview=self.recipe.simplified(drawing, self.choices.simplicity))


def _side(framing: Framing) -> float:
    """The longer side of what is framed, source px."""
    return max(framing.canvas) / framing.scale


def _account(scene: Scene, sketches: Sequence[RegionSketch], found: int, choices: SketchChoices) -> Account:
    notes = dict.fromkeys([*scene.notes, *(note for sketch in sketches for note in sketch.account.notes)])
    if found < (choices.strokes or 0):
        notes[f"The picture has lines for {found} {'stroke' if found == 1 else 'strokes'} only, not {choices.strokes}."] = None
    return Account(sketches[0].account.guidance, max(sketch.account.steps for sketch in sketches), tuple(notes))


SCENE_SKETCH = SceneSketch()
