"""Features of an animal that looks at us are drawn whole and early, and never where a person's face is."""

import numpy as np
import pytest
import torch

from backend.core.image import Framing
from backend.initialize.trace import Lines, traced_start
from backend.perception.faces import Face
from backend.perception.gaze import Gaze
from backend.recipes import animal_features as recipe
from backend.recipes.animal_features import features

SIZE = (300, 300)
ANGLES = np.linspace(0, 2 * np.pi, 49)


def ring(x: float, y: float, radius: float) -> np.ndarray:
    row = np.array([x, y]) + radius * np.stack([np.cos(ANGLES), np.sin(ANGLES)], 1)
    row[-1] = row[0]
    return row


@pytest.fixture
def seen(monkeypatch) -> Gaze:
    found = Gaze((ring(50, 50, 8), ring(90, 50, 8)), (ring(50, 50, 3), ring(90, 50, 3)), ring(70, 80, 10))
    monkeypatch.setattr(recipe, "find_gaze", lambda pixels, mask: found)
    return found


def outlines(scale: float, faces=()):
    framing = Framing(SIZE, (round(SIZE[0] * scale), round(SIZE[1] * scale)), (0.0, 0.0), scale)
    return features(torch.ones(1, 3, *SIZE), torch.ones(1, 1, *SIZE), faces, framing)


def test_features_lie_where_they_are_on_the_canvas(seen):
    found = outlines(2.0)
    assert len(found) == 5
    middles = np.array([outline.row[:-1].mean(0) + 0.5 for outline in found])
    assert np.abs(middles - [[100, 100], [180, 100], [140, 160], [100, 100], [180, 100]]).max() < 1
    assert all(outline.closed and np.allclose(outline.row[0], outline.row[-1]) for outline in found)


def test_small_eyes_have_no_pupils(seen):
    assert len(outlines(1.0)) == 3


def test_where_people_look_at_us_nobody_looks_for_animals(seen):
    assert outlines(2.0, [Face(10, 10, 40, person=True)]) == ()
    assert len(outlines(2.0, [Face(10, 10, 40, person=False)])) == 5


def test_features_come_among_the_first_strokes_and_alone(seen):
    strength, flat = np.zeros((600, 600), np.float32), np.zeros((600, 600), np.float32)
    for y in range(40, 590, 30):
        strength[y - 1 : y + 2, 20:580] = 0.9
    lines = Lines(strength, np.ones_like(flat), flat, flat)
    start = traced_start(lines, np.ones((600, 600), np.float32), 12, outlines=outlines(2.0))
    assert all(start.closed[:3])
    eye = np.array([100.0, 100.0])
    open_ones = [curve.numpy() for curve, closed in zip(start.curves, start.closed, strict=True) if not closed]
    assert open_ones
    assert min(np.linalg.norm(curve - eye, axis=1).min() for curve in open_ones) > 20
