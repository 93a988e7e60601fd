"""Nearness to a text: what CLIP sees of the drawing, beside what it read."""

import pytest
import torch

from backend.core.strokes import Strokes
from backend.guidance.augment import similarity_crops
from backend.guidance.pairs import Pairs
from backend.guidance.text import KeepInside, TextMatch, likeness_to_text
from backend.guidance.view import View

SIZE = (24, 24)


class Sees:
    """An encoder whose embedding of a picture is the mean of its quarters."""

    name, layers = "sees", ("pooled",)

    def __init__(self):
        self.seen = []

    def __call__(self, images):
        self.seen.append(len(images))
        quarters = torch.nn.functional.adaptive_avg_pool2d(images.mean(1, keepdim=True), 2)
        return {"pooled": quarters.flatten(1)[:, :, None, None]}


def picture(dtype=torch.float32):
    image = torch.ones(1, 3, *SIZE, dtype=dtype)
    image[..., :12, :12] = 0.1
    return image


def stroke(*points):
    return Strokes.build([torch.tensor(points, dtype=torch.float64)], 1.0)


def matching(encoder, text, views=2):
    crops = similarity_crops(4, SIZE, torch.Generator().manual_seed(0))
    return TextMatch(Pairs(None, crops, [encoder], views), encoder, text)


def test_the_text_that_says_what_is_seen_is_nearest():
    encoder = Sees()
    own = encoder(picture())["pooled"].flatten(1)
    strokes = stroke((1, 1), (2, 2), (3, 3), (4, 4))
    assert float(matching(encoder, 3 * own, views=0)(View(picture(), strokes))) == pytest.approx(0, abs=1e-6)
    assert float(matching(encoder, own.flip(1), views=0)(View(picture(), strokes))) > 0.02


def test_no_photograph_is_encoded_and_the_drawing_once_a_step():
    encoder = Sees()
    match, view = matching(encoder, torch.ones(1, 4)), View(picture(), stroke((1, 1), (2, 2), (3, 3), (4, 4)))
    assert encoder.seen == []
    match(view), match(view)
    assert encoder.seen == [3]


def test_the_gradient_is_right():
    match = matching(Sees(), torch.tensor([[1.0, 0.2, 0.5, 0.1]], dtype=torch.float64), views=1)
    strokes, pixels = stroke((1, 1), (2, 2), (3, 3), (4, 4)), picture(torch.float64).requires_grad_()
    assert torch.autograd.gradcheck(lambda image: match(View(image, strokes)), (pixels,), fast_mode=True)


def test_likeness_does_not_depend_on_lengths():
    pooled = torch.tensor([[1.0, 2.0], [2.0, -1.0]])[:, :, None, None]
    assert likeness_to_text(pooled, torch.tensor([[10.0, 20.0]])).tolist() == pytest.approx([1.0, 0.0])


def test_points_within_the_canvas_are_free_and_others_are_called_back():
    inside = KeepInside(SIZE)
    assert float(inside(View(picture(), stroke((0, 0), (5, 5), (9, 9), (24, 24))))) == 0
    strokes = stroke((-2, 5), (5, 5), (9, 9), (24, 27))
    points = strokes.points.clone().requires_grad_()
    loss = inside(View(picture(), strokes.with_points(points)))
    assert float(loss.detach()) == pytest.approx((4 + 9) / 4)
    loss.backward()
    assert points.grad[0].tolist() == [[-1, 0], [0, 0], [0, 0], [0, 1.5]]
