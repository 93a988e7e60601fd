"""A drawing as the wire carries it."""

import torch

from backend.core.drawing import Drawing, Layer, StrokeNote
from backend.core.image import Framing
from backend.core.strokes import Strokes
from backend.core.texture import Texture
from backend.daemon.results import drawing_data
from backend.export.paths import layer_paths
from backend.export.texture import texture_filter

NOTES = (StrokeNote("contour", "object", 1.0), StrokeNote("hatch", "object", 0.5))


def drawing(**changes):
    """A tapered line and one of constant width."""
    curve = torch.tensor([[10.0, 10], [20, 5], [30, 15], [40, 10]])
    plain = Strokes.build([curve, curve + 20], 3.0)
    widths = torch.tensor([[0.0, 4.0, 0.0], [3.0, 3.0, 3.0]])
    strokes = Strokes(plain.points, plain.segments, plain.closed, widths, plain.colors, plain.opacities)
    return Drawing((80, 160), (Layer("object", Framing.whole((80, 160), 80), strokes, NOTES),), **changes)


def test_outlines_go_over_the_wire_where_widths_change():
    data = drawing_data(drawing(), "0123abcd")
    tapered, plain = data.layers[0].paths
    expected = next(layer_paths(drawing().layers[0]))
    assert tapered.profile == list(expected.profile) == [(0, 0), (0.5, 8), (1, 0)]
    assert tapered.outline == [list(ring) for ring in expected.outline] and len(tapered.outline) == 1
    assert (plain.profile, plain.outline) == ([], [])


def test_paper_and_texture_go_along():
    plain = drawing_data(drawing(), "0123abcd")
    assert (plain.paper, plain.texture) == ("#ffffff", None)
    grain = Texture("grain", 0.5, 0.01)
    looked = drawing_data(drawing(paper=(0.0, 0.2, 1.0), texture=grain), "0123abcd")
    assert (looked.paper, looked.texture.kind) == ("#0033ff", "grain")
    assert [(step.name, step.attributes) for step in looked.texture.steps] == [
        (step.name, dict(step.attributes)) for step in texture_filter(grain, 160)
    ]
