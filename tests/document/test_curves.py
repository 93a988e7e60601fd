import math

import numpy as np
import pytest
import torch

from backend.core.bezier import sample
from backend.document.curves import length, moved, path_curves, scale_of, shape_curves, transform


def places(curve, count=400):
    points = torch.from_numpy(curve)[None]
    return sample(points, torch.tensor([(len(curve) - 1) // 3]), count)[0][0].numpy()


def only(d):
    [(points, closed)] = path_curves(d)
    return points, closed


def test_lines_and_curves():
    points, closed = only("M 1,2 L 4 2 h 3 V 8 l -3,-3")
    assert not closed
    np.testing.assert_allclose(points[::3], [(1, 2), (4, 2), (7, 2), (7, 8), (4, 5)])
    points, _ = only("M0 0C1,2 3,4 5,6s3 2 4,4")
    np.testing.assert_allclose(points, [(0, 0), (1, 2), (3, 4), (5, 6), (7, 8), (8, 8), (9, 10)])
    points, _ = only("m 10 10 q 2,4 4,0 t 4 0")
    np.testing.assert_allclose(points[::3], [(10, 10), (14, 10), (18, 10)])
    np.testing.assert_allclose(places(points)[[100, 299], 1], [12, 8], atol=0.05)  # up, and mirrored down


def test_subpaths_and_what_closes_them():
    (first, one), (second, other), (third, last) = path_curves("M0,0H4V4zl1,1m5,5h2M9,9")
    assert (one, other, last) == (True, False, False)
    np.testing.assert_allclose(first[-1], (0, 0))
    np.testing.assert_allclose(second[[0, -1]], [(0, 0), (1, 1)])
    np.testing.assert_allclose(third[[0, -1]], [(6, 6), (8, 6)])


@pytest.mark.parametrize("flags", ["0 0", "0 1", "1 0", "1 1", "11"])
def test_arcs_lie_on_their_ellipse(flags):
    turn = math.radians(30)
    points, _ = only(f"M 10,20 A 30,12 30 {flags} 40,25")
    np.testing.assert_allclose(points[[0, -1]], [(10, 20), (40, 25)])
    back = np.array([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]]) / [[30], [12]]
    round_places = places(points) @ back.T
    middle, *_ = np.linalg.lstsq(
        np.c_[2 * round_places, np.ones(len(round_places))], (round_places**2).sum(1), rcond=None
    )  # the circle through them
    np.testing.assert_allclose(np.linalg.norm(round_places - middle[:2], axis=1), 1, atol=1e-3)
    sizes = np.linalg.norm(np.diff(round_places, axis=0), axis=1).sum()
    assert (sizes > math.pi) == (flags[0] == "1")


def test_what_is_broken_counts_as_far_as_it_can_be_read():
    assert len(path_curves("M 0,0 L 5,5 L oops")) == 1
    assert path_curves("") == path_curves("nonsense") == path_curves("M 3 3") == []


@pytest.mark.parametrize(
    ("tag", "attributes", "box"),
    [
        ("rect", {"x": "1", "y": "2", "width": "4mm", "height": "5"}, (1, 2, 1 + 4 * 96 / 25.4, 7)),
        ("circle", {"cx": "5", "cy": "6", "r": "2"}, (3, 4, 7, 8)),
        ("ellipse", {"cx": "5", "cy": "6", "rx": "2", "ry": "1"}, (3, 5, 7, 7)),
        ("polygon", {"points": "0,0 4,0 4,3"}, (0, 0, 4, 3)),
        ("line", {"x1": "1", "y1": "1", "x2": "3", "y2": "4"}, (1, 1, 3, 4)),
    ],
)
def test_basic_shapes(tag, attributes, box):
    [(points, closed)] = shape_curves(tag, attributes.get)
    assert closed == (tag != "line")
    along = places(points, 1001)
    np.testing.assert_allclose([*along.min(0), *along.max(0)], box, atol=0.01)
    assert shape_curves("text", attributes.get) == []


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("translate(3)", (4, 2)),
        ("translate(3,4) scale(2)", (5, 8)),
        ("rotate(90)", (-2, 1)),
        ("rotate(180, 1, 1)", (1, 0)),
        ("matrix(1 2 3 4 5 6)", (12, 16)),
        ("skewX(45)", (3, 2)),
        ("skewY(45)", (1, 3)),
        ("", (1, 2)),
        ("nonsense(4)", (1, 2)),
    ],
)
def test_transforms(text, place):
    np.testing.assert_allclose(moved(np.array([[1.0, 2.0]]), transform(text))[0], place, atol=1e-9)


def test_scales_and_lengths():
    assert scale_of(transform("rotate(30) scale(2, 8)")) == pytest.approx(4)
    assert (length("2in"), length("5"), length("50%", 7), length(None, 3)) == (192, 5, 7, 3)
