"""The finish of a drawing: line weights and tones moved a little towards the exemplar of the style pack."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from torch import Tensor

from backend.core.errors import BadPack
from backend.core.image import Image
from backend.core.strokes import Strokes
from backend.guidance.gram import GramMatch, grams
from backend.guidance.patches import PatchMatch, exemplar_ink, ink_of, usual_ink
from backend.guidance.tones import KeepTones, tone_change
from backend.guidance.view import Guidance, Objective, View
from backend.model_pool import ModelPool
from backend.optimize import Schedule, optimize
from backend.parameterize.touch import TouchedStrokes, TouchSettings
from backend.perception.photograph import decode
from backend.recipes.deep_features import at_side
from backend.style_features import SIDE, read_features
from backend.style_members import FEATURES, exemplar_names
from backend.style_pack import StylePack

ENCODER, LAYERS = "squeezenet", ("fire3", "fire5", "fire9")
FULL = 100.0  # the highest style weight
NO_EXEMPLAR = "The style pack {pack} has no exemplar to come nearer to, so the style weight changes nothing."
BLANK = "The exemplar of the style pack {pack} shows no ink, so the style weight changes nothing."
NO_GAIN = "The drawing could not come nearer to the exemplar without harm, so it is as the pen drew it."


@dataclass(frozen=True)
class FinishSettings:
    """How the style terms move widths and opacities."""

    steps: int = 14
    rate: float = 0.16  # of Adam, in the exponent of the factors
    most: float = 1.8  # widths and opacities are multiplied by at most this, at the full style weight
    gram: float = 0.01  # weight beside the patches' 1; more draws streaks of wide hatches
    staying: float = 0.5
    coarse: int = 16  # px of a picture of SIDE px over which tones are to stay
    ways: tuple[float, ...] = (1.0, 0.6, 0.3)  # shares of the change that are tried until one keeps the bounds that follow
    least_gain: float = 0.01  # share of the distance in held-out patches that must be gained, or the strokes stay
    least_likeness: float = 0.98  # correlation of the tones before and after
    most_change: float = 0.35  # share of the ink that may come or go


@dataclass(frozen=True)
class StyleFinish:
    """What of a pack's exemplar a drawing is brought nearer to, and how far."""

    exemplar: Image  # [1, 3, h, w], SIDE px on the longer side
    pack: StylePack
    weight: float  # above 0 … 1
    grams: Mapping[str, Tensor] | None = None  # [1, C, C] by feature layer of ENCODER; None: it is not asked
    settings: FinishSettings = field(default_factory=FinishSettings)

    @classmethod
    def of(cls, pack: StylePack, weight: float, pool: ModelPool, networks: bool) -> StyleFinish | None:
        """The finish in a pack's style, weight 0 … 100; None where the pack has no exemplar, or at 0.

        networks: the encoder is asked where its weights are. Raises BadPack, Missing for a pack's damaged or lacking parts.
        """
        exemplar = _exemplar(pack.folder) if weight and pack.folder else None
        if exemplar is None:
            return None
        exemplar = at_side(exemplar).to(pool.device)
        found = _grams(pack, exemplar, pool) if networks and pool.has_encoder(ENCODER) else None
        return cls(exemplar, pack, weight / FULL, found)

    def finished(self, strokes: Strokes, size: tuple[int, int], pool: ModelPool) -> tuple[Strokes, tuple[str, ...]]:
        """Strokes (at least one) on a canvas (height, width) nearer to the exemplar, or as they were where that would do
        harm; and what to tell the user. Only widths and opacities differ. Same strokes, same result."""
        part, small = _small(size)
        before = _scaled(strokes.to(pool.device), part)
        paper = self._paper(pool)
        picture = self._drawn(before, small, pool)
        judge = self._patches(ink_of(picture, paper), paper, seed=2)
        if not judge:
            return strokes, (BLANK.format(pack=self.pack.title),)
        after = before
        touched = TouchedStrokes(before, TouchSettings(self.settings.most**self.weight))
        schedule = Schedule(self.settings.steps, self.settings.rate, (0.3, 0.3))
        for step in optimize(touched, self._objective(picture, paper, pool), schedule, pool.rasterizer, small, paper):
            after = step.strokes
        was = float(judge(View(picture, before)))
        for way in self.settings.ways:
            tried = _between(before, after, way)
            finished = self._drawn(tried, small, pool)
            gained = float(judge(View(finished, tried))) < was * (1 - self.settings.least_gain)
            if gained and self._keeps(ink_of(picture, paper), ink_of(finished, paper)):
                tried = tried.to(strokes.points.device)
                return replace(strokes, widths=tried.widths / part, opacities=tried.opacities), ()
        return strokes, (NO_GAIN,)

    def distance(self, strokes: Strokes, size: tuple[int, int], pool: ModelPool) -> float:
        """How far canvas strokes are from the exemplar in their patches; 0 where these are distributed alike."""
        part, small = _small(size)
        seen = _scaled(strokes.to(pool.device), part)
        picture, paper = self._drawn(seen, small, pool), self._paper(pool)
        return float(self._patches(ink_of(picture, paper), paper, seed=3)(View(picture, seen)))

    def _keeps(self, before: Tensor, after: Tensor) -> bool:
        """Whether tones are where they were, of about as much ink."""
        likeness, change = tone_change(before, after, self.settings.coarse)
        return likeness >= self.settings.least_likeness and abs(change) <= self.settings.most_change

    def _drawn(self, strokes: Strokes, size: tuple[int, int], pool: ModelPool) -> Image:
        with torch.no_grad():
            return pool.rasterizer(strokes, size, self._paper(pool))

    def _paper(self, pool: ModelPool) -> Tensor:
        return torch.tensor(self.pack.paper, device=pool.device)

    def _objective(self, picture: Image, paper: Tensor, pool: ModelPool) -> Objective:
        s, ink = self.settings, ink_of(picture, paper)
        terms: dict[str, Guidance] = {
            "patches": self._patches(ink, paper, seed=1),
            "staying": KeepTones(ink, paper, s.coarse),
        }
        if self.grams is not None:
            terms["gram"] = _SeenGram(GramMatch.measured(self.grams, pool.encoder(ENCODER)))
        return Objective(terms, {"patches": self.weight, "gram": s.gram * self.weight, "staying": s.staying})

    def _patches(self, ink: Tensor, paper: Tensor, seed: int) -> PatchMatch:
        exemplar = exemplar_ink(self.exemplar, dark=sum(self.pack.paper) < 1.5)
        if self.pack.texture.kind != "none":  # its grain makes lines lighter; the drawing's is laid over it later
            exemplar = exemplar * usual_ink(ink) / usual_ink(exemplar).clamp_min(1e-6)
        return PatchMatch(exemplar, ink, paper, torch.Generator().manual_seed(seed))


class _SeenGram:
    """The Gram matrices of the picture of a view."""

    def __init__(self, match: GramMatch) -> None:
        self._match = match

    def __call__(self, view: View) -> Tensor:
        return self._match(view.image)


def _exemplar(folder: Path) -> Image | None:
    """The first exemplar in a pack's folder, if it has one."""
    try:
        names = exemplar_names(path.name for path in folder.iterdir())
        return decode((folder / names[0]).read_bytes()).pixels if names else None
    except OSError as error:
        raise BadPack(f"The exemplar in {folder} cannot be read ({error.strerror}). Install the style pack again.") from error


def _grams(pack: StylePack, exemplar: Image, pool: ModelPool) -> dict[str, Tensor]:
    """The pack's own matrices if it carries some, else those of its exemplar."""
    assert pack.folder is not None
    file = pack.folder / FEATURES
    if file.is_file():
        found = read_features(file, ENCODER, LAYERS)
        return {layer: torch.tensor(matrix)[None].to(pool.device) for layer, matrix in found.items()}
    with torch.no_grad():
        return grams(pool.encoder(ENCODER)(exemplar))


def _small(size: tuple[int, int]) -> tuple[float, tuple[int, int]]:
    """The scale of the picture in which a canvas (height, width) is compared, and its size."""
    part = SIDE / max(size)
    return part, (max(1, round(size[0] * part)), max(1, round(size[1] * part)))


def _between(before: Strokes, after: Strokes, way: float) -> Strokes:
    """Strokes whose widths and opacities went a share of the way."""
    return replace(
        before,
        widths=torch.lerp(before.widths, after.widths, way),
        opacities=torch.lerp(before.opacities, after.opacities, way),
    )


def _scaled(strokes: Strokes, part: float) -> Strokes:
    return replace(strokes, points=strokes.points * part, widths=strokes.widths * part)
