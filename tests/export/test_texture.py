import pytest
import torch

from backend.core.image import Framing
from backend.core.texture import Texture
from backend.export.texture import texture_filter, textured

PAPER = torch.tensor([1.0, 0.9, 0.8])
SEEN = [Texture(kind, 0.6, 0.02) for kind in ("grain", "dry-brush", "bleed")]


def inked(framing):
    """A black upright bar on PAPER."""
    image = PAPER.view(1, 3, 1, 1).expand(1, 3, *framing.canvas).clone()
    width = framing.canvas[1]
    image[..., width // 4 : width // 2] = 0
    return image


@pytest.mark.parametrize("texture", SEEN, ids=lambda texture: texture.kind)
def test_a_look_changes_strokes_and_leaves_paper(texture):
    framing = Framing.whole((100, 200), 200)
    image = inked(framing)
    looked = textured(image, texture, framing, PAPER)
    assert (looked - image).abs().max() > 0.5
    assert 0.3 < float((1 - looked).sum() / (1 - image).sum()) < 1.1
    assert torch.equal(looked[..., 150:], image[..., 150:])
    assert torch.equal(looked, textured(image, texture, framing, PAPER))


@pytest.mark.parametrize("texture", SEEN, ids=lambda texture: texture.kind)
def test_a_look_is_the_same_at_any_size(texture):
    fine, coarse = Framing.whole((100, 200), 800), Framing.whole((100, 200), 200)
    small = textured(inked(coarse), texture, coarse, PAPER)
    large = torch.nn.functional.avg_pool2d(textured(inked(fine), texture, fine, PAPER), 4)
    other = textured(inked(coarse), Texture(texture.kind, texture.amount, 0.03), coarse, PAPER)
    assert (small - large).abs().mean() < 0.5 * (other - large).abs().mean()


@pytest.mark.parametrize("texture", [Texture(), Texture("grain", 0.0), SEEN[0].at(0)])
def test_nothing_to_be_seen(texture):
    framing = Framing.whole((100, 200), 100)
    assert texture_filter(texture, 200) == ()
    assert torch.equal(textured(inked(framing), texture, framing, PAPER), inked(framing))


def test_a_stronger_grain_takes_more_ink():
    framing = Framing.whole((100, 200), 200)
    left = [float((1 - textured(inked(framing), Texture("grain", a, 0.01), framing, PAPER)).sum()) for a in (0.2, 0.5, 0.9)]
    assert left == sorted(left, reverse=True) and left[2] < 0.85 * left[0]


def test_the_filter_grows_with_the_drawing():
    for texture in SEEN:
        small, large = texture_filter(texture, 100), texture_filter(texture, 1000)
        assert [step.name for step in small] == [step.name for step in large]
        frequencies = [float(steps[0].attributes["baseFrequency"]) for steps in (small, large)]
        assert frequencies[0] == pytest.approx(10 * frequencies[1], rel=1e-3)
    assert float(large[-1].attributes["scale"]) == pytest.approx(10 * float(small[-1].attributes["scale"]))
