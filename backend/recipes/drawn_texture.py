"""A texture that a style pack draws itself: hatching of its pen, as even as a fill should be, or its bare paper."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
import torch.nn.functional as F

from backend.core.entries import Color
from backend.core.errors import BadRequest
from backend.core.image import Image
from backend.core.strokes import Strokes
from backend.core.style_tables import Hatch
from backend.core.work import Progress, Work
from backend.export.grain import grain_over, grained_paper
from backend.initialize.hatch_tile import Row, TileHatch, copies, hatch_rows
from backend.model_pool import ModelPool
from backend.pen.dress import Hand, Motif, dress_hatching
from backend.pen.pressure import Shading
from backend.perception.material import PAPER
from backend.recipes.texture_choices import DRAWN, TextureChoices, TextureResult
from backend.style_pack import StylePack

SIDE = 1000  # px of the longer side of a drawing in which lines would be as large as on the tile
TONE = 0.62  # how dark what is hatched is, 0 = paper … 1 = black
APART = 4.0  # widths of a pen that hatches nothing by itself, from line to line
LENGTH = 0.3  # of a stroke, a share of SIDE, where the pack breaks none
OVERLAP = 0.55  # of the part in which a stroke thins, that lies over the next
MOST_STROKES = 100_000  # of a tile, about; the packs that come along need at most 8000
FINER = 2  # times as many px a side are drawn as the tile has


def drawn_texture(pack: StylePack, ink: Color, choices: TextureChoices, pool: ModelPool) -> Work[TextureResult]:
    """A tile by a pack's own pen. ink: color of what is hatched, for packs that take the picture's colors.

    Lines are as large as in a drawing whose longer side has SIDE px. Raises BadRequest where they would be too many.
    """
    yield Progress("drawing", 0.0)
    chance = np.random.default_rng(choices.seed)
    paper = grained_paper(choices.size, pack.paper, chance)
    if choices.area == PAPER:
        return TextureResult(paper, DRAWN)
    strokes = _strokes(pack, ink, choices, chance)
    yield Progress("drawing", 0.5)
    flat = torch.tensor(pack.paper).view(1, 3, 1, 1)
    drawn = _rasterized(strokes, choices.size, pack.paper, pool)
    drawn = paper + (drawn - flat)  # lines on grained paper
    image = grain_over(drawn.clamp(0, 1), pack.texture, paper, max(1.0, pack.texture.scale * SIDE), chance)
    return TextureResult(image, DRAWN)


def _strokes(pack: StylePack, ink: Color, choices: TextureChoices, chance: np.random.Generator) -> Strokes:
    """The hatching, and all of it that comes in again at the other borders."""
    hatch = pack.hatch if pack.hatch.share else Hatch(spacing=max(Hatch().spacing, APART * pack.pen.width), width=1.0)
    hand = Hand(pack.pen, pack.gesture, pack.palette)
    generator = torch.Generator().manual_seed(choices.seed)
    motif, layers = _motif(pack, ink), _layers(hatch)
    if sum(choices.size[0] * choices.size[1] / (layer.spacing * layer.length) for layer in layers) > MOST_STROKES:
        raise BadRequest(
            "{title} has too many strokes for a texture of this size; make it smaller and repeat it.", title=pack.title
        )
    found, moved = list[Strokes](), list[Strokes]()
    for level, layer in enumerate(layers):
        rows = hatch_rows(choices.size, layer, chance)
        centers = [row.mean(0) - SIDE / 2 for row in rows]
        floor = _threshold(hatch, level) if level else 0.5 * hatch.lightest
        floors = np.full(len(rows), floor)
        shading = Shading(motif.darkness, floors, layer.spacing, hatch.width, hatch.swell, hatch.taper, hatch.opacity)
        here = [row - center for row, center in zip(rows, centers, strict=True)]
        dressed = dress_hatching(here, shading, motif, hand, generator)
        back = torch.tensor(np.array(centers), dtype=dressed.points.dtype)[:, None]
        found.append(replace(dressed, points=dressed.points + back))
        moved.append(_everywhere(found[-1], rows, choices.size))
    return Strokes.joined(moved)


def _everywhere(strokes: Strokes, rows: list[Row], size: tuple[int, int]) -> Strokes:
    """Each stroke once more for every border that it runs over."""
    reach = float(strokes.widths.max()) + 4
    places = [(k, move) for k, row in enumerate(rows) for move in copies(row, size, reach)]
    several = strokes.select(torch.tensor([k for k, _ in places]))
    moves = torch.tensor([move for _, move in places], dtype=several.points.dtype)[:, None]
    return replace(several, points=several.points + moves)


def _layers(hatch: Hatch) -> list[TileHatch]:
    """The directions that a tone of TONE is hatched in."""
    length = (hatch.longest or LENGTH) * SIDE
    found = []
    for level in range(hatch.levels):
        if level and _threshold(hatch, level) >= TONE:
            break
        repeat = hatch.angles[:level].count(hatch.angles[level % len(hatch.angles)]) + level // len(hatch.angles)
        angle = hatch.angles[level % len(hatch.angles)]
        found.append(TileHatch(angle, hatch.spacing * SIDE, length, OVERLAP * hatch.taper, hatch.form, 0.5 * (repeat % 2)))
    return found


def _threshold(hatch: Hatch, level: int) -> float:
    """The darkness at which a level begins."""
    return hatch.lightest + (1 - hatch.lightest) * level / hatch.levels


def _motif(pack: StylePack, ink: Color) -> Motif:
    """Something even, of that color."""
    image = torch.tensor(ink).view(1, 3, 1, 1).expand(1, 3, SIDE, SIDE).contiguous()
    darkness = np.full((SIDE, SIDE), TONE, np.float32)
    return Motif(image, torch.ones_like(image[:, :1]), darkness, pack.paper)


def _rasterized(strokes: Strokes, size: tuple[int, int], paper: Color, pool: ModelPool) -> Image:
    """The strokes on plain paper [1, 3, H, W]."""
    large = replace(strokes, points=strokes.points * FINER, widths=strokes.widths * FINER).to(pool.device)
    canvas = (size[0] * FINER, size[1] * FINER)
    with torch.no_grad():
        drawn = pool.rasterizer(large, canvas, torch.tensor(paper, device=pool.device))
    return F.avg_pool2d(drawn, FINER).cpu()
