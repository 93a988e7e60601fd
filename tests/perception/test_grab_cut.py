import cv2
import numpy as np
import pytest

from backend.perception import grab_cut
from backend.perception.grab_cut import cut, salient_labels
from tests.pictures import noise


@pytest.fixture
def picture():
    """A disc before blotches of other colors [90, 120, 3]."""
    pixels = cv2.resize(noise(9, 12, 30, 220, seed=5), (120, 90), interpolation=cv2.INTER_CUBIC)
    pixels[..., 2] //= 3
    cv2.circle(pixels, (62, 46), 26, (60, 120, 210), -1, cv2.LINE_AA)
    return pixels.astype(np.float32) / 255


def test_rounds_one_by_one_are_those_of_grab_cut_at_once(picture):
    labels = salient_labels(picture)
    at_once = labels.copy()
    cv2.setRNGSeed(0)
    image = cv2.cvtColor((picture * 255).astype(np.uint8), cv2.COLOR_RGB2BGR)
    cv2.grabCut(image, at_once, None, np.zeros((1, 65)), np.zeros((1, 65)), 3, cv2.GC_INIT_WITH_MASK)
    assert np.array_equal(cut(picture, labels.copy(), 3), at_once & 1)


def test_no_round_comes_after_one_that_hardly_moves_anything(picture, monkeypatch):
    real, rounds = cv2.grabCut, []

    def counted(*arguments):
        rounds.append(arguments)
        return real(*arguments)

    monkeypatch.setattr(grab_cut.cv2, "grabCut", counted)
    cut(picture, salient_labels(picture), 4, settled=0.9)
    assert len(rounds) == 1
    cut(picture, salient_labels(picture), 4)
    assert len(rounds) == 1 + 4
