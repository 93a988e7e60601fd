"""Textures that style packs draw themselves: even, endless, and of their own pen."""

import dataclasses
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from backend.core.errors import BadRequest
from backend.core.style_tables import Hatch
from backend.core.work import completed
from backend.recipes.drawn_texture import MOST_STROKES, drawn_texture
from backend.recipes.style_texture import style_texture
from backend.recipes.texture_choices import Drawer, TextureChoices
from backend.style_pack import StylePack, read_pack
from tests.pools import bare_pool

PACKS = sorted(path.name for path in (Path(__file__).parents[2] / "style_packs").iterdir())
CHOICES = TextureChoices(size=(160, 192), tiled=True, area="lines", guidance="drawn")


def texture(name, **changes):
    folder = Path(__file__).parents[2] / "style_packs" / name
    style, pool = torch.full((1, 3, 120, 120), 0.5), bare_pool()
    made = completed(style_texture(style, dataclasses.replace(CHOICES, **changes), pool, Drawer(read_pack(folder))))
    assert made.guidance == "drawn"
    return made.image


def steps(tile):
    for axis in (2, 3):
        differences = (tile - tile.roll(1, axis)).abs().mean((0, 1, 5 - axis))
        yield float(differences[0] / differences[1:].mean())


def uneven(tile):
    """The deviation of the tones of its parts beside that of its pixels."""
    gray = tile.mean(1, keepdim=True)
    return float(F.avg_pool2d(F.pad(gray, (24, 24, 24, 24), mode="circular"), 48, 12).std() / gray.std())


@pytest.mark.parametrize("name", PACKS)
def test_every_pack_that_comes_with_the_program_draws_an_even_endless_fill(name):
    tile = texture(name)
    assert tile.shape == (1, 3, 160, 192)
    assert max(steps(tile)) <= 1.0
    gray = tile.mean(1, keepdim=True)
    ink = (gray - gray.median()).abs().mean()
    assert float(ink) > 0.01  # something is drawn
    assert uneven(tile) < 0.33


def test_the_measure_of_evenness_fails_for_bands():
    tile = texture("engraving")
    tile[..., :80, :] = 0.3 * tile[..., :80, :]
    assert uneven(tile) > 0.33


def test_paper_is_the_pack_s_own_with_a_grain():
    for name in ("engraving", "chalk"):
        tile = texture(name, area="paper")
        color = torch.tensor(read_pack(Path(__file__).parents[2] / "style_packs" / name).paper)
        assert (tile.mean((0, 2, 3)) - color).abs().max() < 0.03 and 0.002 < float(tile.mean(1).std()) < 0.03
        assert max(steps(tile)) <= 1.0


def test_the_same_seed_draws_the_same_and_another_another():
    assert torch.equal(texture("pencil"), texture("pencil")) and not torch.equal(texture("pencil"), texture("pencil", seed=1))


def test_only_a_pack_draws():
    with pytest.raises(BadRequest, match="Only a style pack"):
        completed(style_texture(torch.rand(1, 3, 64, 64), CHOICES, bare_pool()))


def test_a_pack_of_countless_tiny_strokes_is_refused_before_they_are_made():
    side, hatch = 300, Hatch(share=0.3, spacing=0.002, longest=0.0004)
    assert side * side / (2 * 0.4) > MOST_STROKES
    pack, choices = StylePack("dust", "Dust", hatch=hatch), TextureChoices(size=(side, side))
    with pytest.raises(BadRequest, match="Dust has too many strokes"):
        completed(drawn_texture(pack, (0.2, 0.2, 0.2), choices, bare_pool()))
