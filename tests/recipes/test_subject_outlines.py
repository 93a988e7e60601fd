import itertools

import cv2
import numpy as np
import pytest
import torch

from backend.initialize.outlines import Outline, enclosed_by
from backend.recipes.subject_outlines import SubjectOutlineSettings, subject_outlines

SIZE = (300, 400)  # height, width
MIDDLE, RADIUS = (200, 150), 90


def disc(value=1.0):
    return cv2.circle(np.zeros(SIZE, np.float32), MIDDLE, RADIUS, value, -1)


def ring(strength=0.6):
    return cv2.circle(np.zeros(SIZE, np.float32), MIDDLE, RADIUS, strength, 2)


def found(strength, silhouette=None, known=(), mask=None):
    mask, height = (
        torch.from_numpy(each)[None, None]
        for each in (disc() if mask is None else mask, disc(0.5) if silhouette is None else silhouette)
    )
    return subject_outlines(mask, height, strength, known)


def angles(outlines):
    rows = np.concatenate([outline.row for outline in outlines])
    return np.sort(np.degrees(np.arctan2(rows[:, 1] - MIDDLE[1], rows[:, 0] - MIDDLE[0])))


def test_an_outline_that_lines_tell_is_one_long_stroke():
    [outline] = found(ring())
    assert np.abs(np.hypot(*(outline.row - MIDDLE).T) - RADIUS).max() < 2.5
    assert np.diff(angles([outline])).max() < 5
    assert outline.subject and outline.told.min() > 0.8


def test_short_gaps_are_bridged_and_long_ones_left_open():
    short, long = ring(), ring()
    short[:, 195:210] = 0
    long[150:, :] = 0
    assert np.diff(angles(found(short))).max() < 5
    kept = np.concatenate([outline.row for outline in found(long)])
    assert 120 < kept[:, 1].max() < 160


def test_nothing_is_drawn_where_neither_line_nor_color_tells_it():
    assert found(np.zeros(SIZE, np.float32)) == ()
    assert found(ring(0.1)) == ()
    assert subject_outlines(torch.from_numpy(disc())[None, None], torch.zeros(1, 1, *SIZE), ring(), ()) == ()


def test_nothing_is_drawn_beside_what_is_known_or_along_the_border():
    row = np.stack([np.arange(60, 340.0), np.full(280, 62.0)], 1)
    beside = np.concatenate([outline.row for outline in found(ring(), known=[Outline(row, np.ones(280))])])
    assert beside[:, 1].min() > 70
    wide = np.zeros(SIZE, np.float32)
    wide[100:, 50:350] = 1
    edges = (cv2.Canny((wide * 255).astype(np.uint8), 50, 100) > 0).astype(np.float32)
    edges[-4:] = 1
    cut = np.concatenate([outline.row for outline in found(edges, mask=wide)])
    assert cut[:, 1].max() < SIZE[0] - 6


def test_long_outlines_are_several_strokes_that_meet():
    settings = SubjectOutlineSettings(longest=200)
    mask, height = (torch.from_numpy(each)[None, None] for each in (disc(), disc(0.5)))
    parts = subject_outlines(mask, height, ring(), (), settings)
    assert len(parts) == 3
    for one, following in itertools.pairwise(parts):
        assert np.array_equal(one.row[-1], following.row[0])


@pytest.mark.parametrize("subject", [True, False])
def test_what_a_subject_encloses_counts_no_more_than_before_unlike_a_head(subject):
    [outline] = found(ring())
    outline = Outline(outline.row, outline.told, subject=subject)
    assert enclosed_by([outline], SIZE).any() != subject
