import cv2
import numpy as np
import pytest

from backend.perception import grab_cut as module
from backend.perception.grab_cut import Cuttable, cut, grab_cut, refined, salient_labels
from backend.perception.min_cut import PixelGraph
from tests.pictures import noise


@pytest.fixture(params=["native", "opencv"], autouse=True)
def graph(request, monkeypatch):
    """With the native library, and without it."""
    if request.param == "opencv":
        monkeypatch.setattr(module, "PixelGraph", NoGraph)
    elif PixelGraph.of(np.zeros((8, 8, 3), np.uint8)) is None:
        pytest.skip("the native library is not built: python -m backend.raster.native.build")
    return request.param


class NoGraph:
    @classmethod
    def of(cls, image):
        return None


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


@pytest.mark.parametrize("sure", [False, True])
def test_what_is_sure_stays_and_every_round_is_that_of_opencv(blotches, sure):
    labels = salient_labels(blotches)
    labels[:2], labels[:, :2], labels[:, -2:] = cv2.GC_BGD, cv2.GC_BGD, cv2.GC_BGD
    if not sure:
        labels[labels == cv2.GC_FGD] = cv2.GC_PR_FGD
    theirs, image = labels.copy(), cv2.cvtColor((blotches * 255).astype(np.uint8), cv2.COLOR_RGB2BGR)
    background, foreground = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.setRNGSeed(0)
    for number in range(1, 6):
        mode = cv2.GC_INIT_WITH_MASK if number == 1 else cv2.GC_EVAL
        cv2.grabCut(image, theirs, None, background, foreground, 1, mode)
        assert np.array_equal(cut(blotches, labels.copy(), number), theirs & 1)


def test_no_round_comes_after_one_that_hardly_moves_anything(picture, graph, monkeypatch):
    owner, name = (cv2, "grabCut") if graph == "opencv" else (PixelGraph, "foreground")
    real, rounds = getattr(owner, name), []

    def counted(*arguments):
        rounds.append(arguments)
        return real(*arguments)

    monkeypatch.setattr(owner, name, counted)
    cut(picture, salient_labels(picture), 4, settled=0.9)
    assert len(rounds) == 1
    cut(picture, salient_labels(picture), 4)
    assert len(rounds) == 1 + 4


@pytest.fixture
def blotches():
    """A picture without a clear subject, of which GrabCut takes more in its later rounds [90, 120, 3]."""
    return cv2.resize(noise(9, 12, 30, 220, seed=4), (120, 90), interpolation=cv2.INTER_CUBIC).astype(np.float32) / 255


def test_later_rounds_decide_about_what_is_far_from_the_outline_too(blotches):
    """Of two men the one that the first round leaves out would be lost for good."""
    labels = salient_labels(blotches)
    labels[:2], labels[:, :2], labels[:, -2:] = cv2.GC_BGD, cv2.GC_BGD, cv2.GC_BGD
    first, last = (cut(blotches, labels.copy(), rounds) for rounds in (1, 3))
    kernel = np.ones((5, 5), np.uint8)
    far = cv2.dilate(first, kernel) == cv2.erode(first, kernel, borderValue=1)
    assert (last != first)[far].any()


def test_a_picture_made_ready_before_is_cut_as_any_other(picture):
    ready, labels = Cuttable.of(picture), salient_labels(picture)
    for _again in range(2):  # what flowed the first time does not matter
        assert np.array_equal(grab_cut(ready, 2, labels.copy()), grab_cut(picture, 2, labels.copy()))
    rough = grab_cut(picture, 2, labels.copy())[::2, ::2]
    assert np.array_equal(refined(ready, rough), refined(picture, rough))
    assert 0 < rough.sum() < rough.size
