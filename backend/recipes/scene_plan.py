"""How the strokes of a scene are shared out among its regions, and how the regions become one drawing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from backend.core.drawing import Drawing, Layer
from backend.core.image import Framing
from backend.recipes.composition import behind, ranked
from backend.recipes.recipe import SketchChoices
from backend.recipes.region import Region, RegionSettings
from backend.recipes.scene import Scene
from backend.style_pack import StylePack


@dataclass(frozen=True)
class SceneSettings:
    """How a scene is shared out; lengths as a share of the picture's longer side."""

    # an encoder that chose lines or all of their order would take from the sparsest drawings what holds them together
    region: RegionSettings = RegionSettings(chosen=False, sure=10)
    richness: float = 1.5  # strokes of a scene to those of a single subject, when the user leaves the choice to the style
    fewest: int = 16  # strokes of the simplest drawing
    object_share: float = 0.6  # of the strokes; the objects have also what the background does not need
    head_start: float = 6.0  # strokes by which the objects lead
    spare: float = 1.5  # background strokes traced to those due: some are hidden
    background_brevity: float = 0.0  # how much short lines of the background are favored late in its order
    background_pen: float = 0.8  # width of its strokes to that of the largest object
    halo: float = 0.004  # kept free of background around objects
    overlap: float = 0.01  # the background is completed so far around objects, whose edges may lie outside their masks
    crumb: float = 0.025  # background lines, or what is seen of them, that are shorter than this are texture


@dataclass(frozen=True)
class ScenePlan:
    """One drawing of a scene: region 0 is the background (or the whole picture), the others are the objects."""

    settings: SceneSettings
    scene: Scene
    choices: SketchChoices
    pack: StylePack

    @property
    def count(self) -> int:
        """Strokes of the drawing."""
        return self.choices.strokes or round(self.settings.richness * self.pack.strokes)

    @property
    def regions(self) -> int:
        """How many regions there are."""
        return 1 + len(self.scene.objects)

    def region_settings(self, number: int) -> RegionSettings:
        """How a region is drawn; of a background long lines come first: the horizon and what runs to it, not sky and grass."""
        settings = self.settings.region.at_fidelity(self.choices.fidelity).varied(self.choices.seed)
        if number or not self.scene.objects:
            return settings
        order = replace(settings.start.order, brevity=self.settings.background_brevity)
        return replace(settings, start=replace(settings.start, order=order))

    def region(self, number: int) -> Region:
        """A region as it is seen."""
        settings = self.region_settings(number)
        if number:
            return self.scene.object_region(number - 1, settings)
        return self.scene.background_region(settings, self.settings.overlap * max(self.scene.size))

    def due(self, layers: Sequence[Layer]) -> int:
        """How many strokes the region after those of `layers` is to have."""
        if not self.scene.objects:
            return self.count
        background = (1 - self.settings.object_share) * self.count
        if not layers:
            return math.ceil(self.settings.spare * background)
        left = self.count - min(background, len(layers[0].strokes))
        return max(1, round(self.scene.shares[len(layers) - 1] * left))

    def inked(self, region: Region) -> StylePack:
        """The style with a pen for a region: its width is a share of the region's side, but the regions are to match.

        Lines of an object are as wide as the mean (geometric) of the style's for the object alone and for the whole picture.
        Hatching is as far apart everywhere as in the largest object.
        """
        whole = max(self.scene.size)
        largest = self._largest
        factor = math.sqrt(whole / _side(region.framing))
        if region.name == "background":
            factor = self.settings.background_pen * math.sqrt(largest / whole)
        pen = replace(self.pack.pen, width=self.pack.pen.width * factor)
        measured = replace(self.pack.measured, enlargement=self.pack.measured.enlargement * factor)
        hatch = self.pack.hatch.enlarged(math.sqrt(whole * largest) / _side(region.framing))
        return replace(self.pack, pen=pen, hatch=hatch, measured=measured)

    @property
    def _largest(self) -> float:
        """The longer side of the largest object as it is framed, or of the picture without one, source px."""
        if not self.scene.objects:
            return max(self.scene.size)
        s = self.settings.region
        return _side(Framing.around(self.scene.objects[0].drawn, s.canvas, s.margin, s.enlargement))

    def seen(self, number: int, layer: Layer) -> Layer:
        """What is to be seen of a region's layer: of a background what no object hides."""
        if number or not self.scene.objects:
            return layer
        side = max(self.scene.size)
        return behind(layer, self.scene.hidden(self.settings.halo * side), self.settings.crumb * side)

    def composed(self, layers: Sequence[Layer]) -> Drawing:
        """The drawing of the regions, as far as they are drawn; each as it is `seen`."""
        objects = self.settings.object_share
        shares = [1 - objects, *(objects * share for share in self.scene.shares)]
        leads = [0.0, *(self.settings.head_start * share for share in self.scene.shares)]
        kept = ranked(layers, shares[: len(layers)], leads[: len(layers)], self.count)
        return Drawing(self.scene.size, (kept[0], *reversed(kept[1:])), self.pack.paper)


def _side(framing: Framing) -> float:
    """The longer side of what is framed, source px."""
    return max(framing.canvas) / framing.scale
