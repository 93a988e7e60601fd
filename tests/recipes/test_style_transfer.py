"""Restyled photographs keep their shapes and take on an exemplar's looks; both are measured."""

import functools
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data
import torch
from scipy.ndimage import distance_transform_edt
from skimage.feature import canny

from backend.core.errors import BadRequest
from backend.core.image import Framing, luminance
from backend.core.work import completed
from backend.encoders.vgg import DistilledVgg19
from backend.guidance.gram import GramMatch
from backend.perception.color_transport import lab_of
from backend.perception.edges import edge_agreement, edge_map
from backend.perception.photograph import decode
from backend.recipes.style_transfer import MOST_SIDE, RestyleSettings, style_transfer
from tests.pictures import disc, face, photograph

DATA = Path(__file__).parents[3] / "shared" / "data"
EDGE_BLUR, TOLERANCE = 1 / 170, 1 / 125  # shares of the longer side: shapes rather than the texture on them
LEAST_AGREEMENT, MOST_DISTANCE = 0.6, 0.7  # the demand: F-score, and Gram distance beside the photograph's own


def crosshatched():
    """All tones of a warm brown, from light to dark, under fine slanted lines."""
    ramp = np.linspace(0, 1, 220)[None, :, None] * np.ones((180, 1, 1))
    pixels = (ramp * (70, 40, 30) + (1 - ramp) * (245, 225, 180)).astype(np.uint8)
    for start in range(-180, 220, 5):
        cv2.line(pixels, (start, 0), (start + 180, 180), (90, 60, 40), 1, cv2.LINE_AA)
    return photograph(pixels).pixels


def agreement(one, other, blur=EDGE_BLUR, tolerance=TOLERANCE):
    """The F-score of the shapes of two pictures."""
    side = max(one.shape[-2:])
    edges = [edge_map(lab_of(p[0].permute(1, 2, 0).numpy())[..., 0], side * blur) for p in (one, other)]
    return edge_agreement(*edges, side * tolerance)


def canny_agreement(one, other, blur=EDGE_BLUR, tolerance=TOLERANCE):
    """The same by another's edges and in another space: scikit-image's Canny of the luma."""
    side = max(one.shape[-2:])
    edges = [canny(luminance(p)[0, 0].double().numpy(), side * blur, 0.8, 0.9, use_quantiles=True) for p in (one, other)]
    met = [
        (distance_transform_edt(~others)[these] <= side * tolerance).mean() if these.any() and others.any() else 0.0
        for these, others in (edges, edges[::-1])
    ]
    return 2 * met[0] * met[1] / sum(met) if sum(met) else 0.0


@functools.cache
def restyled_face(strength=1.0, seed=0):
    return restyled(photograph(face()).pixels, crosshatched(), strength, seed).image


def restyled(image, style, strength=1.0, seed=0):
    return completed(style_transfer(image, style, strength, seed))


def test_strength_zero_is_the_photograph():
    image = photograph(face()).pixels
    assert torch.equal(restyled(image, crosshatched(), 0.0).image, image)


def test_shapes_stay_and_colors_are_the_exemplars():
    image, style = photograph(face()).pixels, crosshatched()
    result = restyled_face()
    assert result.shape == image.shape and 0 <= float(result.min()) <= float(result.max()) <= 1
    assert canny_agreement(image, result, 1 / 50, 1 / 50) > LEAST_AGREEMENT
    assert agreement(image, result, 1 / 50, 1 / 50) > LEAST_AGREEMENT  # a small picture: its lines are as wide as its shapes
    apart = [float((p.mean((2, 3)) - style.mean((2, 3))).abs().max()) for p in (image, result)]
    assert apart[1] < 0.5 * apart[0]


@pytest.mark.parametrize("measure", [agreement, canny_agreement])
def test_the_measure_of_shapes_fails_where_they_are_others(measure):
    image = photograph(face()).pixels
    assert measure(image, image) == 1
    assert measure(image, image.flip(2)) < LEAST_AGREEMENT
    assert measure(image, image.roll(40, 3), 1 / 50, 1 / 50) < LEAST_AGREEMENT
    assert measure(image, torch.ones_like(image)) == 0


def test_more_strength_is_farther_from_the_photograph():
    image = photograph(face()).pixels
    half, full = (float((restyled_face(strength) - image).abs().mean()) for strength in (0.5, 1.0))
    assert half == pytest.approx(full / 2, rel=1e-3)


def test_the_same_seed_gives_the_same_picture_and_another_another():
    again = restyled(photograph(face()).pixels, crosshatched()).image
    assert torch.equal(again, restyled_face()) and not torch.equal(again, restyled_face(seed=1))


def test_contours_are_light_where_the_exemplar_is_drawn_light_on_dark():
    bare = torch.full((1, 3, 100, 120), 0.15)
    bare[..., ::20, :60] = 0.9
    image = photograph(disc(120, 40)).pixels
    result = restyled(image, bare).image
    assert float(result[..., 60, 18:24].max()) > 0.5


def test_as_little_of_the_photograph_is_laid_over_as_keeps_its_shapes():
    image, style = photograph(face()).pixels, crosshatched()

    def result(**settings):
        return completed(style_transfer(image, style, 1.0, 0, RestyleSettings(**settings))).image

    least, most, easy, hard = result(shapes=((0.2, 6),)), result(shapes=((1.0, 9),)), result(kept=0.0), result(kept=1.0)
    assert agreement(image, least) <= agreement(image, most)
    assert torch.equal(easy, result(shapes=((0.6, 6),))) and torch.equal(hard, most) and not torch.equal(easy, most)


def test_edges_are_dark_on_white():
    edges = restyled(photograph(face()).pixels, crosshatched(), 0.0).edges
    assert edges.shape == (1, 1, 200, 200)
    assert set(edges.unique().tolist()) == {0.0, 1.0} and 0.8 < float(edges.mean()) < 1


def test_a_large_photograph_is_made_smaller_and_this_is_said():
    image = torch.rand(1, 3, 64, 1500, generator=torch.Generator().manual_seed(0))
    result = restyled(image, crosshatched(), 0.0)
    assert result.image.shape[-1] == 1024 and "1500" in result.notes[0]


@pytest.mark.parametrize("pixels", [np.full((200, 200, 3), 255, np.uint8), np.zeros((200, 200, 3), np.uint8)])
def test_plain_pictures_are_no_hindrance(pixels):
    plain, image = photograph(pixels).pixels[..., :64, :64], photograph(face()).pixels[..., 60:130, 60:130]
    for result in (restyled(plain, crosshatched()).image, restyled(image, plain).image, restyled(plain, plain).image):
        assert torch.isfinite(result).all()


@pytest.mark.parametrize(
    ("image", "style", "strength"), [((20, 200), (99, 99), 1), ((99, 99), (9, 99), 1), ((99, 99), (99, 99), 2)]
)
def test_what_cannot_be_is_said(image, style, strength):
    with pytest.raises(BadRequest, match=r"\.$"):
        restyled(torch.zeros(1, 3, *image), torch.zeros(1, 3, *style), strength)


REFERENCES = (
    "dore_red_riding_hood_wood_engraving",
    "hokusai_great_wave",
    "ink_pine_sumi_small",
    "shishkin_1854_self_portrait_pencil",
    "woodcut_rossellius_1579",
)


PACKAGED = ("chelsea", "coffee", "astronaut")  # photographs that scikit-image brings


def real_photograph(name):
    if name in PACKAGED:
        return photograph(getattr(skimage.data, name)()).pixels
    image = decode((DATA / "images" / name).read_bytes()).pixels
    return Framing.whole((image.shape[-2], image.shape[-1]), min(MOST_SIDE, max(image.shape[-2:]))).crop(image)


@pytest.mark.slow
@pytest.mark.skipif(not DATA.is_dir(), reason="the real photographs and style references are not beside this checkout")
@pytest.mark.parametrize("name", REFERENCES)
@pytest.mark.parametrize("picture", ["coral_owl.jpg", "coral_sunflower.bmp", "coral_cat_720p.jpg", *PACKAGED])
def test_real_references_shapes_stay_and_style_comes_nearer(name, picture):
    safetensors = pytest.importorskip("safetensors.torch")
    image = real_photograph(picture)
    style = decode((DATA / "styles" / f"{name}.jpg").read_bytes()).pixels
    scale = 600 / max(style.shape[-2:])
    style = torch.nn.functional.interpolate(style, scale_factor=scale, mode="bilinear", antialias=True) if scale < 1 else style
    weights = safetensors.load_file(DATA / "weights" / "vgg19_distilled16x.safetensors")
    distance = GramMatch(style, DistilledVgg19(weights, torch.device("cpu")))
    result = restyled(image, style).image
    with torch.no_grad():
        before, after = float(distance(image)), float(distance(result))
    assert agreement(image, result) >= LEAST_AGREEMENT
    assert canny_agreement(image, result) >= LEAST_AGREEMENT
    assert after <= MOST_DISTANCE * before
