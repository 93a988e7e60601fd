import itertools

import numpy as np
import pytest

from backend.perception.min_cut import SURE, TO_NEIGHBORS, UNIT, PixelGraph, links_of
from backend.raster.native.library import load_library
from tests.pictures import noise

ROWS, COLUMNS = 3, 4


def graph(links):
    library = load_library()
    if library is None:
        pytest.skip("the native library is not built: python -m backend.raster.native.build")
    return PixelGraph(library, links, np.zeros_like(links))


def random_links(generator, height, width, most):
    """[4, H, W], 0 beyond the border."""
    links = generator.integers(0, most, (4, height, width)).astype(np.int32)
    for link, (down, right) in zip(links, TO_NEIGHBORS, strict=True):
        link[height - down :] = 0
        link[:, : max(0, -right)] = 0
        link[:, width - max(0, right) :] = 0
    return links


def cost(bits, surplus, links):
    """Of a division: what the terminals lose, and the neighbors that are divided."""
    total = float(np.where(bits, np.maximum(-surplus, 0), np.maximum(surplus, 0)).sum()) * UNIT
    for (y, x), (link, (down, right)) in itertools.product(np.ndindex(bits.shape), zip(links, TO_NEIGHBORS, strict=True)):
        if link[y, x]:
            total += int(link[y, x]) * (bits[y, x] != bits[y + down, x + right])
    return total


@pytest.mark.parametrize("seed", range(6))
def test_no_division_is_cheaper(seed):
    generator = np.random.default_rng(seed)
    links = random_links(generator, ROWS, COLUMNS, 2 * UNIT)
    surplus = generator.integers(-6, 7, (ROWS, COLUMNS)).astype(np.float64)
    found = graph(links).foreground(surplus)
    every = (np.array(bits, np.uint8).reshape(ROWS, COLUMNS) for bits in itertools.product((0, 1), repeat=ROWS * COLUMNS))
    assert cost(found, surplus, links) == min(cost(bits, surplus, links) for bits in every)
    assert 0 < found.sum() < found.size


def test_of_two_equally_cheap_divisions_the_smaller_is_taken():
    links = np.zeros((4, 8, 8), np.int32)
    surplus = np.zeros((8, 8))
    surplus[2:4, 2:4] = 1
    assert np.array_equal(graph(links).foreground(surplus), surplus)


def test_what_flows_already_changes_nothing_but_the_time():
    generator = np.random.default_rng(3)
    links, surplus = random_links(generator, 40, 50, 2 * UNIT), generator.normal(0, 4, (40, 50))
    going, before = graph(links), None
    for _round in range(4):
        surplus = surplus + generator.normal(0, 2, surplus.shape)
        found = going.foreground(surplus)
        assert np.array_equal(found, graph(links).foreground(surplus))
        assert before is None or (found != before).any()
        assert (np.abs(going.flow) <= links).all() and going.flow.any()
        before = found


def test_what_is_sure_is_not_outvoted():
    image = np.full((20, 20, 3), 90, np.uint8)  # so that neighbors cling to each other
    surplus = np.full((20, 20), -2.0)
    surplus[10, 10] = SURE
    found = graph(links_of(image)).foreground(surplus)
    assert found[10, 10]
    assert found.sum() < found.size


def test_neighbors_cost_less_the_more_their_colors_differ():
    image = noise(30, 40, 100, 140, seed=2)
    image[:, 20:] += 90
    links = links_of(image)
    assert links[0][:, 19].max() < links[0][:, :19].min()
    assert links.max() <= 50 * UNIT
    assert links[1].max() <= 50 * UNIT / np.sqrt(2) + 1  # they are farther
    assert not links[0][:, -1].any() and not links[1][:, 0].any() and not links[2:, -1].any() and not links[3][:, -1].any()


def test_one_color_is_no_reason_to_divide_anything():
    assert (links_of(np.full((6, 7, 3), 40, np.uint8))[0][:, :-1] == 50 * UNIT).all()
