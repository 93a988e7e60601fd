"""A restyled photograph as a sketch: the subject is the photograph's, its lines are those of the restyled picture."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch.nn.functional as F

from backend.core.drawing import Drawing
from backend.core.image import Mask
from backend.core.work import Progress, Work, mapped
from backend.model_pool import ModelPool
from backend.perception.faces import find_faces
from backend.perception.foreground import Foreground
from backend.perception.photograph import Photograph
from backend.recipes.candidates import Attempts, attempted
from backend.recipes.guided import check_guide
from backend.recipes.object_sketch import OBJECT_SKETCH, choose_foreground
from backend.recipes.recipe import Inputs, Recipe, SketchChoices
from backend.recipes.sparing import sparing
from backend.recipes.style_transfer import RestyleChoices, RestyleResult, StyleSource, restyle
from backend.style_pack import StylePack

RESTYLED = 0.6  # of the work
OUTLINED = 2.0  # times as strong as in the photograph is the outline of the subject, which may fade where it is restyled


@dataclass(frozen=True)
class RestyledSketch:
    """A sketch of a restyled photograph."""

    drawing: Drawing  # in px of the restyled picture
    restyled: RestyleResult  # that it was drawn after
    pool: ModelPool  # that it was drawn with, which may lack what the given one has
    attempts: Attempts | None = None  # that the drawing is the best of, where more than one was asked for


def restyled_sketch(
    inputs: Inputs,
    style: StyleSource,
    restyling: RestyleChoices,
    choices: SketchChoices,
    pack: StylePack,
    pool: ModelPool,
    candidates: int = 1,
    recipe: Recipe = OBJECT_SKETCH,
) -> Work[RestyledSketch]:
    """The sketch of a photograph restyled after `style`, drawn with the pen of `pack`.

    The subject is looked for in the photograph, where it is plain to see; mask and marks are in px of it, too.
    Progress carries small pictures, then previews of the drawing. Raises as `restyle` and the recipe do.
    """
    choices.check_guidance(recipe.guidances)
    check_guide(choices.guidance, pool)
    restyled = yield from mapped(restyle(inputs.photograph.pixels, style, restyling, pool), lambda p: p.within(0.0, RESTYLED))
    yield Progress("finding the subject", RESTYLED)
    unframed = inputs.unframed
    faces = find_faces(unframed.photograph.pixels)
    foreground, notes = choose_foreground(unframed, choices, faces, pool, faces)
    size = restyled.image.shape[-2], restyled.image.shape[-1]
    seen = Inputs(Photograph(restyled.image), found=(_at(foreground, size), notes))
    work = sparing(lambda given: attempted(recipe, seen, choices, candidates, pack, given), pool)
    (drawing, attempts), used = yield from mapped(work, lambda p: p.within(RESTYLED, 1.0))
    account = replace(drawing.account, notes=(*restyled.notes, *drawing.account.notes))
    return RestyledSketch(replace(drawing, account=account), restyled, used, attempts)


def _at(foreground: Foreground, size: tuple[int, int]) -> Foreground:
    """The same at another height and width."""

    def scaled(mask: Mask) -> Mask:
        return F.interpolate(mask, size, mode="bilinear", antialias=True, align_corners=False)

    mask = scaled(foreground.mask)
    mask = mask.gt(0.5 * mask.max()).float()  # thinner than a px it would vanish
    interest = None if foreground.interest is None else scaled(foreground.interest)
    silhouette = None if foreground.silhouette is None else (OUTLINED * scaled(foreground.silhouette)).clamp(0, 1)
    certainty = min(1.0, OUTLINED * foreground.certainty)
    return replace(foreground, mask=mask, interest=interest, silhouette=silhouette, certainty=certainty)
