import cv2
import numpy as np
import pytest

from backend.perception.skeleton import chains, smoothed, thinned


def drawn(*lines, size=(120, 160), width=5):
    image = np.zeros(size, np.uint8)
    for a, b in lines:
        cv2.line(image, a, b, 1, width)
    return image


def parts(image):
    return cv2.connectedComponents(image, connectivity=8)[0] - 1


@pytest.mark.parametrize("end", [(140, 60), (140, 20), (140, 100), (30, 110), (141, 63), (77, 111)])
def test_a_line_thins_to_one_chain_from_end_to_end(end):
    skeleton = thinned(drawn(((20, 60), end)), 10)
    degree = cv2.filter2D(skeleton, -1, np.ones((3, 3), np.float32)) * skeleton
    assert parts(skeleton) == 1 and degree.max() <= 3
    [chain] = chains(skeleton, 10_000)
    assert chain.free == (True, True)
    assert chain.length == pytest.approx(np.hypot(end[0] - 20, end[1] - 60), abs=6)


def test_thinning_keeps_what_hangs_together_and_what_is_a_ring():
    rng = np.random.default_rng(1)
    for _ in range(10):
        ends = rng.integers(10, 110, (6, 2, 2))
        image = drawn(*[(tuple(map(int, a)), tuple(map(int, b))) for a, b in ends], width=3)
        assert parts(thinned(image, 10)) == parts(image)
    ring = cv2.circle(np.zeros((100, 100), np.uint8), (50, 50), 30, 1, 4)
    [chain] = chains(thinned(ring, 10), 10_000)
    assert chain.length == pytest.approx(2 * np.pi * 30, rel=0.05) and chain.free == (False, False)


def test_patches_have_no_middle_line():
    image = drawn(((20, 100), (140, 100)))
    image[10:70, 30:120] = 1
    skeleton = thinned(image, 8)
    assert not skeleton[20:60, 40:110].any() and skeleton[95:105].any()


def test_lines_go_on_straight_through_crossings():
    skeleton = thinned(drawn(((10, 60), (150, 70)), ((80, 10), (70, 110))), 10)
    lengths = sorted(chain.length for chain in chains(skeleton, 10_000))
    assert lengths[-1] == pytest.approx(140, abs=8) and lengths[-2] == pytest.approx(100, abs=8)


def test_lines_do_not_turn_a_corner():
    skeleton = thinned(drawn(((10, 60), (80, 60)), ((80, 60), (80, 110)), ((80, 60), (80, 10))), 10)
    assert max(chain.length for chain in chains(skeleton, 10_000)) == pytest.approx(100, abs=8)


def test_a_line_that_leaves_the_picture_has_no_end_there():
    [chain] = chains(thinned(drawn(((0, 60), (100, 60))), 10), 10_000)
    assert sorted(chain.free) == [False, True]


def test_of_very_many_lines_some_are_followed():
    image = drawn(*[((10, y), (150, y)) for y in range(6, 116, 5)], width=1)
    assert len(chains(thinned(image, 5), 10_000)) == 22
    assert 4 <= len(chains(thinned(image, 5), 800)) <= 8


def test_nothing_has_no_lines():
    assert chains(thinned(np.zeros((40, 50), np.uint8), 5), 1000) == []


def test_smoothing_keeps_straight_lines_and_ends():
    row = np.stack([np.arange(40.0), 2 * np.arange(40.0)], 1)
    assert smoothed(row, 5) == pytest.approx(row)
    assert smoothed(row[:1], 5) == pytest.approx(row[:1])
    bumpy = row + np.random.default_rng(0).normal(0, 1, row.shape)
    assert np.abs(smoothed(bumpy, 5) - row).mean() < 0.5 * np.abs(bumpy - row).mean()
