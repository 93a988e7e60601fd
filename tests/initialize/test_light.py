from dataclasses import replace

import numpy as np
import pytest

from backend.core.image import Framing
from backend.initialize.carry import Canvas, CarrySettings, begun, snapped
from backend.initialize.light import in_new_light
from backend.initialize.trace import Lines
from tests.pictures import ridge_field

SETTINGS = CarrySettings()
SHAPE = (160, 220)
HEIGHTS = (30, 60, 90, 120)


def canvas(lab):
    rows = [np.stack([np.arange(10, 200, 0.5), np.full(380, float(y))], 1) for y in HEIGHTS]
    return Canvas(Framing(SHAPE, SHAPE), Lines(*ridge_field(SHAPE, *rows), np.zeros(SHAPE, np.float32)), lab.astype(np.float32))


def bands():
    """Lab of a picture that is light, dark, green and red between its lines."""
    lab = np.zeros((*SHAPE, 3))
    colors = ((80, 0, 0), (30, 5, 5), (60, -30, 20), (45, 40, 30), (70, 0, -20))
    for top, bottom, color in zip((0, *HEIGHTS), (*HEIGHTS, 160), colors, strict=True):
        lab[top:bottom] = color
    return lab


def darker(lab):
    return lab * (0.6, 0.7, 0.7) + (-4, 1, -3)


@pytest.fixture
def strokes():
    curves = [np.stack([np.linspace(40, 160, 4), np.full(4, float(y))], 1) for y in HEIGHTS]
    return begun(range(len(curves)), curves, [False] * len(curves), canvas(bands()), SETTINGS)


def test_strokes_know_their_surroundings_in_another_light(strokes):
    dark = canvas(darker(bands()))
    assert any(stroke.unseen for stroke in snapped(strokes, dark, SETTINGS))
    known = in_new_light(strokes, dark, SETTINGS)
    assert not any(stroke.unseen for stroke in snapped(known, dark, SETTINGS))
    for old, new in zip(strokes, known, strict=True):
        assert np.abs(new.look - darker(old.look)).max() < 3 and np.array_equal(new.curve, old.curve)


def test_what_something_else_hides_does_not_say_how_the_light_is(strokes):
    lab = darker(bands())
    lab[:45] = (95, 60, -60)
    hidden, *others = in_new_light(strokes, canvas(lab), SETTINGS)
    assert all(np.abs(new.look - darker(old.look)).max() < 5 for old, new in zip(strokes[1:], others, strict=True))
    assert snapped([hidden], canvas(lab), SETTINGS)[0].unseen


def test_strokes_that_are_not_seen_will_be_known_in_the_new_light(strokes):
    away = replace(strokes[0], unseen=4, curve=strokes[0].curve + 500)
    found = in_new_light([away, *strokes[1:]], canvas(darker(bands())), SETTINGS)[0]
    assert np.abs(found.look - darker(away.look)).max() < 5


def test_the_same_light_changes_nothing_and_nothing_seen_tells_nothing(strokes):
    same = canvas(bands())
    for old, new in zip(strokes, in_new_light(strokes, same, SETTINGS), strict=True):
        assert np.abs(new.look - old.look).max() < 0.5
    unseen = [replace(stroke, unseen=1) for stroke in strokes]
    assert in_new_light(unseen, canvas(darker(bands())), SETTINGS) == unseen and in_new_light([], same, SETTINGS) == []
