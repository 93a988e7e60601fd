import torch

from backend.core.drawing import Drawing, Layer, StrokeNote
from backend.core.image import Framing
from backend.core.strokes import Strokes


def layer(name, *importances):
    curves = [torch.full((4, 2), float(i)) for i in range(len(importances))]
    notes = tuple(StrokeNote("contour", name, importance) for importance in importances)
    return Layer(name, Framing((9, 9), (9, 9)), Strokes.build(curves, 1.0), notes)


def drawing(*layers):
    return Drawing((9, 9), layers)


def test_strokes_rank_by_importance_and_ties_from_the_bottom():
    assert drawing(layer("background", 0.9, 0.2), layer("object", 1.0, 0.9, 0.1)).ranks() == ((1, 3), (0, 2, 4))


def test_within_a_layer_the_order_of_the_strokes_counts():
    assert drawing(layer("object", 1.0, 0.3, 0.8, 0.3), layer("other", 0.5)).ranks() == ((0, 2, 3, 4), (1,))


def test_the_first_strokes_are_the_most_important_of_all_layers():
    whole = drawing(layer("background", 0.9, 0.2), layer("object", 1.0, 0.95, 0.1))
    kept = [[len(part.strokes) for part in whole.first(count).layers] for count in range(7)]
    assert kept == [[0, 0], [0, 1], [0, 2], [1, 2], [2, 2], [2, 3], [2, 3]]
    assert whole.first(3).layers[1].notes == whole.layers[1].notes[:2]
