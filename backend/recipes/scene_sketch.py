"""A whole scene as strokes: its objects and the background behind them, each drawn by itself and composed as vectors."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace

from backend.core.drawing import Account, Drawing, Layer
from backend.core.errors import BadRequest
from backend.core.work import Progress, Work, mapped
from backend.model_pool import ModelPool
from backend.recipes.guided import GUIDANCES
from backend.recipes.object_sketch import too_few
from backend.recipes.recipe import Inputs, SketchChoices, kept_strokes
from backend.recipes.region import RegionSketch, draw_region
from backend.recipes.scene import Scene
from backend.recipes.scene_plan import ScenePlan, SceneSettings
from backend.style_pack import StylePack


@dataclass(frozen=True)
class SceneSketch:
    """The recipe."""

    settings: SceneSettings = SceneSettings()
    guidances: tuple[str, ...] = GUIDANCES
    background: bool = True

    @property
    def fewest(self) -> int:
        """Strokes of its simplest drawing."""
        return self.settings.fewest

    def run(self, inputs: Inputs, choices: SketchChoices, pack: StylePack, pool: ModelPool) -> Work[Drawing]:
        """The drawing of a scene; one order of importance goes through all its layers.

        Raises BadRequest for a picture without a single line, or a guidance that is not there.
        """
        choices.check_guidance(self.guidances)
        yield Progress("finding the objects", 0.02)
        drawn = self.draw(ScenePlan(self.settings, Scene.of(inputs, choices, pool), choices, pack), pool)
        drawing = yield from mapped(drawn, functools.partial(Progress.within, begin=0.1, end=0.98))
        return self.simplified(drawing, choices.simplicity)

    def row(self, scene: Scene, choices: SketchChoices, fidelity: float, pack: StylePack, pool: ModelPool) -> Work[Drawing]:
        """The drawing of a scene at a fidelity with all its strokes, of which every simplicity is a part. Raises as `run`."""
        choices.check_guidance(self.guidances)
        return self.draw(ScenePlan(self.settings, scene, replace(choices, fidelity=fidelity, simplicity=0.0), pack), pool)

    def simplified(self, drawing: Drawing, simplicity: float) -> Drawing:
        """The first strokes of a full drawing that a simplicity from 0 (all) to 1 (the fewest) keeps."""
        return drawing.first(kept_strokes(drawing.count, simplicity, self.fewest))

    def draw(self, plan: ScenePlan, pool: ModelPool) -> Work[Drawing]:
        """The drawing of a plan with all its strokes; its previews are as simple as the choices say."""
        layers, sketches = list[Layer](), list[RegionSketch]()
        whole = replace(plan.choices, simplicity=0.0)  # the drawing is simplified as a whole
        for number in range(plan.regions):
            region, settings = plan.region(number), plan.region_settings(number)
            settings = replace(settings, hatching=next((sketch.hatching for sketch in sketches if sketch.hatching), None))
            work = draw_region(region, plan.due(layers), whole, settings, plan.inked(region), pool)
            sketch = yield from mapped(work, functools.partial(self._shown, plan, layers))
            layers.append(plan.seen(number, sketch.layer))
            sketches.append(sketch)
        drawing = plan.composed(layers)
        if not drawing.count:
            raise BadRequest("No lines were found in this picture. Choose one with clearer shapes.")
        texture = plan.pack.texture.at(plan.choices.style_strength)
        return replace(drawing, account=_account(plan, sketches, drawing.count), texture=texture)

    def _shown(self, plan: ScenePlan, layers: Sequence[Layer], progress: Progress) -> Progress:
        """Progress of the region after those of `layers` as progress of the drawing.

        A background is shown once before it is refined: clipping it at each step would take longer than the step.
        """
        part = progress.within(len(layers) / plan.regions, (len(layers) + 1) / plan.regions)
        if part.preview is None or (plan.regions > 1 and not layers and part.losses):
            return replace(part, preview=None)
        [layer] = part.preview.layers
        drawing = plan.composed([*layers, plan.seen(len(layers), layer)])
        return replace(part, preview=self.simplified(drawing, plan.choices.simplicity))


def _account(plan: ScenePlan, sketches: Sequence[RegionSketch], count: int) -> Account:
    accounts, wanted = [sketch.account for sketch in sketches], plan.choices.strokes or 0
    notes = dict.fromkeys([*plan.scene.notes, *(note for account in accounts for note in account.notes)])
    found = count + sum(sketch.found - len(sketch.layer.strokes) for sketch in sketches)  # joined ones count as they were
    if found < wanted:
        notes[too_few(found, wanted)] = None
    return Account(accounts[0].guidance, max(account.steps for account in accounts), tuple(notes), _scores(sketches))


def _scores(sketches: Sequence[RegionSketch]) -> dict[str, float]:
    """The regions' likenesses by encoder, each region as much as it has strokes."""
    names = dict.fromkeys(name for sketch in sketches for name in sketch.account.scores)
    found = {}
    for name in names:
        judged = [sketch for sketch in sketches if name in sketch.account.scores]
        strokes = sum(len(sketch.layer.strokes) for sketch in judged)
        found[name] = round(sum(len(each.layer.strokes) * each.account.scores[name] for each in judged) / strokes, 4)
    return found


SCENE_SKETCH = SceneSketch()
