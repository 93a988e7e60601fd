import io
from dataclasses import replace

import numpy as np
import torch
from PIL import Image

from backend.core.drawing import Drawing, Layer, StrokeNote
from backend.core.image import Framing
from backend.core.strokes import Strokes
from backend.core.texture import Texture
from backend.export.png import drawing_png
from backend.raster import rasterize_reference

CPU = torch.device("cpu")
NOTE = StrokeNote("contour", "object", 1.0)


def layer(framing, y, segments=1, color=(0.0, 0.0, 0.0)):
    x = torch.linspace(20, 80, 3 * segments + 1)
    curve = framing.to_canvas(torch.stack([x, torch.full_like(x, y)], 1))
    return Layer("one", framing, Strokes.build([curve], 4 * framing.scale, color), (NOTE,))


def pixels(drawing, long_side):
    return np.asarray(Image.open(io.BytesIO(drawing_png(drawing, rasterize_reference, CPU, long_side))))


def test_strokes_of_any_framing_lie_where_they_are_in_the_source():
    whole, part = Framing.whole((50, 100), 200), Framing((50, 100), (90, 270), (10.0, 5.0), 3.0)
    drawing = Drawing((50, 100), (layer(whole, 10, segments=1), layer(part, 30, segments=2, color=(1.0, 0.0, 0.0))))
    image = pixels(drawing, 100)
    assert image.shape == (50, 100, 3)
    assert image[10, 50].tolist() == [0, 0, 0] and image[30, 50].tolist() == [255, 0, 0]
    assert image[20, 50].tolist() == [255, 255, 255] and image[10, 5].tolist() == [255, 255, 255]
    assert pixels(drawing, 50).shape == (25, 50, 3)


def test_an_empty_drawing_is_paper():
    image = pixels(Drawing((20, 10), (), paper=(1.0, 0.5, 0.0)), 20)
    assert image.shape == (20, 10, 3) and np.unique(image.reshape(-1, 3), axis=0).tolist() == [[255, 128, 0]]


def test_a_texture_shows():
    drawing = Drawing((50, 100), (layer(Framing.whole((50, 100), 200), 20),))
    plain, grained = pixels(drawing, 100), pixels(replace(drawing, texture=Texture("grain", 0.9, 0.02)), 100)
    assert plain[20, 25:75].max() == 0
    assert 20 < grained[20, 25:75].mean() < 200 and grained[:10].min() == 255
