from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data
import torch
from PIL import Image

from backend.perception import faces
from backend.perception.faces import Face, find_animals, find_faces


def image_of(array):
    if array.ndim == 2:
        array = np.repeat(array[..., None], 3, axis=2)
    return torch.from_numpy(array[..., :3].astype(np.float32) / 255).permute(2, 0, 1)[None]


ASTRONAUT = image_of(skimage.data.astronaut())


def test_the_astronauts_face_is_found_where_it_is():
    [face] = find_faces(ASTRONAUT)
    x, y = face.center
    assert abs(x - 223) < 15 and abs(y - 118) < 20  # the bridge of the nose lies at 223, 110
    assert 70 < face.side < 130


def test_a_face_is_found_at_any_size_of_the_picture():
    twice = torch.nn.functional.interpolate(ASTRONAUT, scale_factor=2, mode="bilinear")
    [face], [large] = find_faces(ASTRONAUT), find_faces(twice)
    assert large.side == pytest.approx(2 * face.side, rel=0.15)
    assert large.center == pytest.approx((2 * face.center[0], 2 * face.center[1]), abs=25)


def test_two_people_are_two_faces():
    both = torch.cat([ASTRONAUT[..., :256], ASTRONAUT[..., 128:384]], dim=3)
    assert len(find_faces(both)) == 2


@pytest.mark.parametrize("tilt", [-25, -22, 20, 30])
def test_the_face_of_a_tilted_head_is_found(tilt):
    onto = cv2.getRotationMatrix2D((223, 118), -tilt, 1.0)
    rgb = ASTRONAUT[0].permute(1, 2, 0).numpy()
    tilted = cv2.warpAffine(rgb, onto, rgb.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)
    [face] = find_faces(torch.from_numpy(tilted).permute(2, 0, 1)[None])
    assert np.sign(face.tilt) == np.sign(tilt) and abs(face.tilt - tilt) <= 10
    assert face.center == pytest.approx((223, 118), abs=20)
    assert 70 < face.side < 130


def test_places_in_a_face_turn_with_it():
    assert Face(10, 20, 40).place(0.25, 0.5) == pytest.approx((40, 60))
    x, y = Face(10, 20, 40, tilt=90.0).place(0.0, 0.5)
    assert (x, y) == pytest.approx((10, 40))


def test_a_face_upside_down_is_none():
    assert find_faces(ASTRONAUT.flip(2)) == []


@pytest.mark.parametrize("name", ["coins", "brick", "coffee", "chelsea", "rocket", "camera"])
def test_no_face_where_none_looks_at_us(name):
    assert find_faces(image_of(getattr(skimage.data, name)())) == []


@pytest.mark.parametrize("size", [(1, 1), (5, 400), (33, 33), (40, 2000)])
def test_pictures_too_small_for_a_face_have_none(size):
    assert find_faces(torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(0))) == []


def test_a_face_must_be_seen_from_several_distances_and_in_a_mirror(monkeypatch):
    [whole] = find_faces(ASTRONAUT)
    assert whole.person
    real, asked = faces._hits, []

    def all_but(missed):
        def hits(*arguments):
            asked.append(arguments)
            return [] if len(asked) in missed else real(*arguments)

        asked.clear()
        monkeypatch.setattr(faces, "_hits", hits)
        return [face for face in find_faces(ASTRONAUT) if face.person]

    assert all_but({3}) == [whole]
    assert len(asked) == 1 + len(faces.PEOPLE) * 2 * len(faces.LOOKS)
    assert all_but({3, 9}) == []
    assert len(asked) == 9 + 2 + len(faces.ANIMALS)  # nobody looks on, but for tilted heads and animals
    assert all_but({3 + 2 * i for i in range(len(faces.LOOKS))}) == []


def test_people_in_color_may_lower_their_eyes_but_not_in_gray(monkeypatch):
    monkeypatch.setattr(faces, "_has_eyes", lambda *_: False)
    assert len(find_faces(ASTRONAUT)) == 1
    assert find_faces(ASTRONAUT.mean(1, keepdim=True).expand(-1, 3, -1, -1)) == []
    blue = ASTRONAUT.flip(1)  # skin is no longer of its hue
    assert find_faces(blue) == []


@pytest.fixture
def cat():
    path = Path(__file__).parents[3] / "shared/data/images/coral_cat_720p.jpg"
    if not path.exists():
        pytest.skip("There is no photograph of a cat here.")
    return image_of(np.asarray(Image.open(path).convert("RGB")))


def test_a_cats_face_is_found_where_nobody_is(cat):
    [face] = find_faces(cat)
    x, y = face.center
    assert not face.person
    assert 560 < x < 710 and 290 < y < 410


def test_what_is_as_blue_as_no_fur_is_no_animals_face(cat):
    assert find_animals(cat)
    assert find_animals(cat.flip(1)) == []


def test_a_chin_that_is_seen_once_more_than_the_face_above_it_does_not_stand_in_its_place(monkeypatch):
    seen = {200.0: 14, 85.0: 16}
    head, chin = (faces.Face(left, left, side, person=False) for left, side in ((22.0, 200.0), (82.0, 85.0)))
    monkeypatch.setattr(faces, "_animals", lambda rgb: [head, chin])
    monkeypatch.setattr(faces, "_looks", lambda rgb, face, names: seen[face.side])
    fur = torch.full((1, 3, 256, 256), 0.5)
    assert find_animals(fur) == [head]
    seen[85.0], seen[200.0] = 16, 12
    assert find_animals(fur) == [chin]


def test_mirrored_pictures_have_mirrored_faces():
    [face], [mirrored] = find_faces(ASTRONAUT), find_faces(ASTRONAUT.flip(3))
    assert mirrored.center == pytest.approx((512 - face.center[0], face.center[1]), abs=8)
    assert mirrored.side == pytest.approx(face.side, rel=0.1)
