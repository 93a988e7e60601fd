import numpy as np
import pytest
import skimage.data
import torch

from backend.perception import faces
from backend.perception.faces import find_faces


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
    real, looks = faces._hits, []

    def rarely(cascade, rgb, step, sides):
        looks.append(sides)
        return real(cascade, rgb, step, sides) if len(looks) != 3 else []

    monkeypatch.setattr(faces, "_hits", rarely)
    [once_missed] = find_faces(ASTRONAUT)
    assert once_missed.center == pytest.approx(whole.center, abs=5)
    assert (len(looks) - 1) % (2 * len(faces.LOOKS)) == 0 < len(looks) - 1
    straight = iter(range(100))
    monkeypatch.setattr(faces, "_hits", lambda *seen: real(*seen) if next(straight) % 2 == 0 else [])
    assert find_faces(ASTRONAUT) == []


def test_mirrored_pictures_have_mirrored_faces():
    [face], [mirrored] = find_faces(ASTRONAUT), find_faces(ASTRONAUT.flip(3))
    assert mirrored.center == pytest.approx((512 - face.center[0], face.center[1]), abs=8)
    assert mirrored.side == pytest.approx(face.side, rel=0.1)
