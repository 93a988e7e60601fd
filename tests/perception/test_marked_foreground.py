import cv2
import numpy as np
import pytest
import torch

from backend.core.errors import BadRequest
from backend.perception.marked_foreground import Mark, marked_foreground
from tests.pictures import blank, noise, tensor


def ring(x, y, radius):
    t = np.linspace(0, 2 * np.pi, 30)
    return tuple(zip(x + radius * np.cos(t), y + radius * np.sin(t), strict=True))


def two_discs():
    """A red disc and a blue one on a mottled green ground."""
    ground = cv2.resize(noise(15, 25, 90, 120, seed=1), (500, 300), interpolation=cv2.INTER_CUBIC)
    pixels = ground // 2
    pixels[..., 1] = ground[..., 1]
    cv2.circle(pixels, (130, 150), 70, (210, 60, 50), -1)
    cv2.circle(pixels, (370, 150), 70, (50, 70, 220), -1)
    return tensor(pixels)


def true_disc(x):
    return cv2.circle(np.zeros((300, 500), np.uint8), (x, 150), 70, 1, -1) > 0


def overlap(found, true):
    mask = found.mask[0, 0].numpy() > 0.5
    return (mask & true).sum() / (mask | true).sum()


LEFT, RIGHT = Mark("keep", ((110, 150), (150, 150))), Mark("keep", ((350, 150), (390, 150)))


@pytest.mark.parametrize(("marks", "true"), [
    ((LEFT,), true_disc(130)),
    ((RIGHT,), true_disc(370)),
    ((LEFT, RIGHT), true_disc(130) | true_disc(370)),
    ((Mark("around", ring(370, 150, 100)),), true_disc(370)),
    ((Mark("around", ring(250, 150, 240)), Mark("leave", ((350, 120), (390, 180)))), true_disc(130)),
], ids=["left", "right", "both", "around", "around-without"])  # fmt: skip
def test_the_subject_is_what_is_marked(marks, true):
    found = marked_foreground(two_discs(), marks)
    assert found.trusted
    assert found.mask.shape == (1, 1, 300, 500)
    assert overlap(found, true) > 0.9


def test_marks_hold_whatever_the_colors_say():
    on_the_ground = Mark("keep", ((250, 20), (250, 280)))
    mask = marked_foreground(two_discs(), (LEFT, on_the_ground)).mask[0, 0]
    assert mask[60:240, 250].min() == 1


def test_the_silhouette_lies_on_the_outline():
    found = marked_foreground(two_discs(), (LEFT,))
    assert found.silhouette[0, 0, 150, 70] > 0.3
    assert not (found.silhouette > found.mask).any()


@pytest.mark.parametrize("marks", [
    (Mark("leave", ((10, 10), (40, 40))),),
    (Mark("around", ((-90, -90), (-50, -90), (-50, -50))),),
    (),
], ids=["only-left-out", "outside", "none"])  # fmt: skip
def test_marks_that_leave_nothing_are_refused(marks):
    with pytest.raises(BadRequest, match=r"[Mm]ark"):
        marked_foreground(two_discs(), marks)


@pytest.mark.parametrize("size", [(8, 8), (9, 700), (700, 9)])
def test_marks_on_pictures_of_any_size(size):
    found = marked_foreground(tensor(blank(*size)), (Mark("keep", ((2, 2), (6, 6))),))
    assert found.mask.shape == (1, 1, *size)
    assert found.mask[0, 0, 4, 4] == 1


@pytest.mark.parametrize("wrong", [("what", ((1, 1),)), ("keep", ()), ("keep", ((np.nan, 1),))])
def test_wrong_marks_are_refused(wrong):
    with pytest.raises(BadRequest):
        Mark(*wrong)


def test_the_same_marks_give_the_same_mask():
    first, second = (marked_foreground(two_discs(), (LEFT,)).mask for _ in range(2))
    assert torch.equal(first, second)
