"""Guidance by what an encoder sees: pairs under the same views, layers."""

import pytest
import torch

from backend.core.strokes import Strokes
from backend.guidance.apart import KeepApart, KeepLength
from backend.guidance.augment import Crops, perspective_crops, similarity_crops
from backend.guidance.glance import MARGIN, Glance
from backend.guidance.layers import LayerMatch, channel_cosine, squared
from backend.guidance.pairs import Pairs
from backend.guidance.view import View

SIZE = (24, 32)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def photograph(seed=1, dtype=torch.float32):
    return torch.rand(1, 3, *SIZE, generator=seeded(seed), dtype=dtype)


def line(*points):
    return torch.tensor(points, dtype=torch.float32)


def strokes(*curves):
    return Strokes.build(list(curves), 2.0)


def level(y, start=4.0, end=28.0):
    """A straight stroke at a height."""
    return line(*((start + (end - start) * k / 3, y) for k in range(4)))


@pytest.mark.parametrize("pool", [similarity_crops, perspective_crops])
def test_what_lies_outside_the_picture_is_paper(pool):
    white = torch.ones(1, 3, *SIZE)
    assert torch.allclose(pool(6, SIZE, seeded())(white, range(6)), torch.ones(6, 3, *SIZE))


@pytest.mark.parametrize("pool", [similarity_crops, perspective_crops])
def test_views_differ_and_come_again_for_a_seed(pool):
    image = photograph()
    one, again, other = (pool(3, SIZE, seeded(s))(image, range(3)) for s in (0, 0, 1))
    assert torch.equal(one, again)
    assert not torch.allclose(one, other)
    assert not torch.allclose(one[0], one[1])


def test_the_view_that_changes_nothing_shows_the_picture():
    image = photograph()
    assert torch.allclose(Crops(torch.eye(3)[None], SIZE)(image, [0]), image, atol=1e-5)


def test_a_view_of_a_part_shows_it_enlarged():
    image = torch.ones(1, 1, 40, 40)
    image[..., 18:22, 18:22] = 0
    half = torch.diag(torch.tensor([0.5, 0.5, 1.0]))[None]
    assert float((1 - Crops(half, (40, 40))(image, [0])).sum()) == pytest.approx(4 * 16, rel=0.1)


@pytest.mark.parametrize("distance", [channel_cosine, squared])
def test_layers_are_matched_by_the_photograph_itself(blobs, distance):
    target = photograph()
    pairs = Pairs(target, similarity_crops(4, SIZE, seeded()), [blobs], 2)
    match = LayerMatch(pairs, blobs, {"one": 1.0, "two": 0.5}, distance)
    for number in range(4):
        assert float(match(View(target, strokes(level(5)), number))) == pytest.approx(0, abs=1e-5)
    assert float(match(View(photograph(2), strokes(level(5))))) > 1e-3


@pytest.mark.parametrize("distance", [channel_cosine, squared])
def test_the_gradient_of_a_layer_match_is_right(blobs, distance):
    pairs = Pairs(photograph(dtype=torch.float64), similarity_crops(2, SIZE, seeded()), [blobs], 1)
    match = LayerMatch(pairs, blobs, {"two": 1.0}, distance)
    pixels = photograph(2, torch.float64).requires_grad_()
    assert torch.autograd.gradcheck(lambda image: match(View(image, strokes(level(5)))), (pixels,), fast_mode=True)


def test_drawing_and_photograph_are_seen_under_the_same_views(blobs):
    target = photograph()
    pairs = Pairs(target, similarity_crops(5, SIZE, seeded()), [blobs], 2)
    for number in range(5):
        drawn, wanted = pairs.features(View(target, strokes(level(5)), number), blobs)
        assert drawn["one"].shape[0] == 3
        assert torch.allclose(drawn["one"], wanted["one"], atol=1e-5)


def test_terms_of_a_step_share_what_the_encoder_sees(blobs):
    pairs = Pairs(photograph(), similarity_crops(2, SIZE, seeded()), [blobs], 1)
    calls = []

    class Counted:
        name, layers = blobs.name, blobs.layers

        def __call__(self, images):
            calls.append(len(images))
            return blobs(images)

    view, counted = View(photograph(2), strokes(level(5))), Counted()
    first, second = (LayerMatch(pairs, counted, {layer: 1.0}) for layer in blobs.layers)
    first(view), second(view)
    assert calls == [2]
    first(View(photograph(2), strokes(level(5))))
    assert calls == [2, 2]


def test_a_glance_shows_points_where_the_picture_has_them():
    image = torch.ones(1, 3, 80, 120)
    image[..., 30:40, 60:70] = 0
    glance = Glance.of(image, torch.ones(1, 1, 80, 120), 60)
    assert glance.size == (40 + 2 * MARGIN, 60 + 2 * MARGIN)
    dark = (1 - glance.image[0, 0]).nonzero().float().mean(0).flip(0) + 0.5
    assert torch.allclose(glance.inward(torch.tensor([65.0, 35.0])), dark, atol=0.2)
    points = torch.tensor([[3.0, 5.0], [100.0, 70.0]])
    assert torch.allclose(glance.outward(glance.inward(points)), points)


def test_a_glance_leaves_the_surroundings_white():
    mask = torch.zeros(1, 1, 64, 64)
    mask[..., 16:48, 16:48] = 1
    glance = Glance.of(torch.zeros(1, 3, 64, 64), mask, 64)
    assert float(glance.image[..., : MARGIN + 14, :].min()) > 0.99
    assert float(glance.image[..., 40, 40].max()) < 0.01


def test_strokes_that_come_nearer_are_repelled_and_those_that_lay_near_are_not():
    start = strokes(level(10), level(16), level(17))
    keep = KeepApart(start, distance=3.0, reach=6.0)
    picture = photograph()
    assert float(keep(View(picture, start))) < 1e-6
    moved = start.points.clone()
    moved[0, :, 1] += 5
    assert float(keep(View(picture, start.with_points(moved)))) > 0.1
    crossing = start.points.clone()
    crossing[0] = line((16, 4), (16, 12), (16, 20), (16, 28))
    assert float(keep(View(picture, start.with_points(crossing)))) < 1e-3


def test_repulsion_pushes_strokes_apart():
    start = strokes(level(10), level(16))
    keep = KeepApart(start, distance=3.0, reach=6.0)
    points = start.points.clone()
    points[0, :, 1] += 5
    points.requires_grad_()
    (gradient,) = torch.autograd.grad(keep(View(photograph(), start.with_points(points))), points)
    assert float(gradient[0, :, 1].sum()) > 0 > float(gradient[1, :, 1].sum())  # downhill is up for one, down for the other


def test_a_stroke_may_grow_but_not_shrink():
    start, picture = strokes(level(10)), photograph()
    keep = KeepLength(start)
    longer, shorter = (View(picture, start.with_points(start.points * scale)) for scale in (1.3, 0.6))
    assert float(keep(View(picture, start))) == float(keep(longer)) == 0
    assert float(keep(shorter)) == pytest.approx(0.35**2, rel=1e-3)
