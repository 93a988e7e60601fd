"""Both eyes of a person are drawn, early and one after the other."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import numpy as np
import pytest
import skimage.data
import torch

from backend.core.image import Framing
from backend.initialize.trace import Lines, traced_start
from backend.perception.eyes import Eye
from backend.perception.faces import Face
from backend.recipes import person_features as recipe
from backend.recipes.person_features import FaceLook, LookAhead, person_outlines

SIZE, FACE = (300, 300), Face(100, 80, 90)
ANGLES = np.linspace(0, 2 * np.pi, 25)


def eye(x: float, y: float, radius: float) -> Eye:
    ring = np.array([x, y]) + radius * np.stack([np.cos(ANGLES), np.sin(ANGLES)], 1)
    lid = np.stack([x + radius * np.linspace(-3, 3, 20), np.full(20, y - radius)], 1)
    return Eye(lid, ring)


@pytest.fixture
def seen(monkeypatch):
    def find(radius: float, apart: float):
        pair = eye(150 - apart / 2, 100, radius), eye(150 + apart / 2, 100, radius)
        monkeypatch.setattr(recipe, "find_eyes", lambda pixels, faces: [pair for _face in faces])

    return find


def outlines(scale: float = 3.0, faces=(FACE,)):
    framing = Framing(SIZE, (round(SIZE[0] * scale), round(SIZE[1] * scale)), (0.0, 0.0), scale)
    return person_outlines(torch.ones(1, 3, *SIZE), torch.ones(1, 1, *SIZE), faces, framing)


def test_small_eyes_are_dots_first_and_have_lids_later(seen):
    seen(2.0, 20)
    irises, lids = outlines()[:2], outlines()[2:]
    assert len(lids) == 2 and all(iris.closed for iris in irises) and all(lid.feature and not lid.closed for lid in lids)
    assert irises[0].pair == irises[1].pair != lids[0].pair == lids[1].pair
    assert np.ptp(irises[0].row[:, 0]) == pytest.approx(recipe.DOT * 4 * 3, abs=0.5)
    assert irises[0].worth > lids[0].worth


def test_large_eyes_are_drawn_with_their_lids(seen):
    seen(6.0, 60)
    found = outlines()
    assert len({outline.pair for outline in found}) == 1 and len(found) == 4
    assert np.ptp(found[0].row[:, 0]) == pytest.approx(12 * 3, abs=0.5)


def test_points_of_small_eyes_are_worth_more(seen):
    seen(1.0, 10)
    small = outlines()[0].worth
    seen(4.0, 40)
    assert small == pytest.approx(2 * outlines()[0].worth, rel=0.01)


def test_each_person_has_a_pair_of_their_own(seen):
    seen(2.0, 20)
    found = outlines(faces=(FACE, Face(10, 10, 40)))
    assert len({outline.pair for outline in found}) == 4


@pytest.mark.parametrize("attended", [1.0, 0.1])
def test_both_eyes_are_among_the_first_strokes_wherever_else_it_is_looked(seen, attended):
    seen(2.0, 20)
    strength, flat = np.zeros((900, 900), np.float32), np.zeros((900, 900), np.float32)
    for y in range(40, 890, 60):
        strength[y - 1 : y + 2, 20:420] = 0.5
    worth = np.ones((900, 900), np.float32)
    worth[200:400, 300:600] = attended
    start = traced_start(Lines(strength, np.ones_like(flat), flat, flat), worth, 12, outlines=outlines())
    dots = [i for i, closed in enumerate(start.closed) if closed]
    assert len(dots) == 2 and dots[1] == dots[0] + 1 and dots[1] < 8


def test_what_was_seen_of_a_face_before_is_not_looked_for_again(seen, monkeypatch):
    seen(2.0, 20)
    expected = outlines(faces=(FACE, Face(10, 10, 40)))
    looked = {FACE: FaceLook.at(FACE, torch.ones(1, 3, *SIZE))}
    asked = []
    find = recipe.find_eyes
    monkeypatch.setattr(recipe, "find_eyes", lambda pixels, faces: asked.extend(faces) or find(pixels, faces))
    framing = Framing(SIZE, (900, 900), (0.0, 0.0), 3.0)
    pixels = torch.ones(1, 3, *SIZE)
    found = person_outlines(pixels, pixels[:, :1], (FACE, Face(10, 10, 40)), framing, looked)
    assert asked == [Face(10, 10, 40)]
    assert all(np.array_equal(one.row, other.row) for one, other in zip(found, expected, strict=True))


def test_nobody_looks_at_more_faces_once_the_subject_is_known(seen, monkeypatch):
    seen(2.0, 20)
    faces, begun, go_on = [FACE, Face(10, 10, 40), Face(200, 10, 40)], Event(), Event()
    find = recipe.find_eyes

    def slow(pixels, some):
        begun.set()
        assert go_on.wait(30)
        return find(pixels, some)

    monkeypatch.setattr(recipe, "find_eyes", slow)
    with ThreadPoolExecutor(1) as thread:
        ahead = LookAhead.begun(thread.submit(lambda: faces), torch.ones(1, 3, *SIZE), thread)
        assert begun.wait(30)
        ahead.enough.set()
        go_on.set()
        assert list(ahead.ended()) == [FACE]


def test_without_people_there_is_nothing():
    assert outlines(faces=()) == ()


def test_the_astronaut_looks_at_us_with_two_eyes_under_her_hair():
    pixels = torch.from_numpy(skimage.data.astronaut().astype(np.float32) / 255).permute(2, 0, 1)[None]
    framing = Framing((512, 512), (896, 896), (0.0, 0.0), 1.75)
    found = person_outlines(pixels, torch.ones_like(pixels[:, :1]), [Face(177, 66, 97)], framing)
    irises = [outline for outline in found if outline.closed]
    assert len(irises) == 2 and len(found) > 4
    hair = min(outline.row[:, 1].min() for outline in found)
    assert hair < irises[0].row[:, 1].min() - 100
