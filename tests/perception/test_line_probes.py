import numpy as np
import pytest
from drawn_lines import SIZE, hatching, page, segment

from backend.perception.line_probes import Directions, probe


def darkness(curves, width, **options):
    return np.ascontiguousarray(1 - page(curves, width, **options).mean(2))


MIDDLE = np.array([[SIZE[1] / 2, SIZE[0] / 2]])


@pytest.mark.parametrize("width", [1.3, 2.0, 2.7, 3.4, 6.0, 11.0, 25.0])
@pytest.mark.parametrize("angle", [0, 20, 45, 80])
def test_the_width_of_one_line(width, angle):
    along = 190 * np.array([np.cos(np.radians(angle)), -np.sin(np.radians(angle))])
    found = probe(darkness([segment(MIDDLE[0] - along, MIDDLE[0] + along)], width), MIDDLE, np.array([width]))
    assert found.widths[0] == pytest.approx(width, rel=0.1 if width >= 2 else 0.3)
    assert np.degrees(found.angles[0]) == pytest.approx(angle, abs=2)
    assert np.isnan(found.gaps[0]), "it has no neighbors"
    assert found.slants[0] == pytest.approx(0, abs=0.05)


def test_gaps_are_measured_to_parallel_neighbors_only():
    level = hatching(17, 0)
    row = [np.array([[300.0, float(curve[0, 1])]]) for curve in level][8]
    assert probe(darkness(level, 3.0), row, np.array([3.0])).gaps[0] == pytest.approx(17, abs=0.5)
    slanting = [segment((60, 210), (540, 210)), segment((60, 100), (540, 230)), segment((60, 330), (540, 190))]
    assert np.isnan(probe(darkness(slanting, 3.0), np.array([[250.0, 210.0]]), np.array([3.0])).gaps[0])


def test_uneven_gaps_count_half_each():
    pairs = [segment((60, y), (540, y)) for y in (190, 200, 230)]
    assert probe(darkness(pairs, 3.0), np.array([[300.0, 200.0]]), np.array([3.0])).gaps[0] == pytest.approx(20, abs=0.5)


def test_an_edge_is_no_line():
    step = np.zeros(SIZE, np.float32)
    step[:, 300:] = 1
    found = probe(step, np.array([[302.0, 200.0]]), np.array([4.0]))
    assert np.isnan(found.widths[0]) and np.isnan(found.slants[0])


def test_nothing_and_the_border():
    blank = np.zeros((50, 60), np.float32)
    found = probe(blank, np.array([[1.0, 1.0], [59.0, 49.0]]), np.array([2.0, 30.0]))
    assert np.isnan(found.widths).all() and np.isnan(found.angles).all()
    assert len(probe(blank, np.zeros((0, 2)), np.zeros(0)).widths) == 0


def test_directions_are_clear_on_lines_only():
    found = Directions.of(darkness([segment((100, 210), (500, 210))], 3.0), 1.5)
    cosine, sine = found.at(np.array([[300.0, 210.0], [300.0, 60.0]]))
    assert cosine[0] > 0.9 and abs(sine[0]) < 0.1
    assert np.hypot(cosine[1], sine[1]) < 0.1
