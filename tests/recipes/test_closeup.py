import numpy as np
import pytest
import torch

from backend.perception.faces import Face
from backend.recipes.closeup import CloseupSettings, FaceCloseup

SETTINGS = CloseupSettings()
PICTURE, ALL = torch.rand(1, 3, 200, 200, generator=torch.Generator().manual_seed(0)), torch.ones(1, 1, 200, 200)


def worth_at(face, right, down):
    """Of a line so many sides from the face's middle."""
    closeup = FaceCloseup.of(face, PICTURE, ALL, SETTINGS, 1.0)
    place = face.center[0] + right * face.side, face.center[1] + down * face.side
    x, y = closeup.framing.to_canvas(torch.tensor(place)).round().int().tolist()
    return float(closeup.worth[0, 0, y, x])


def test_a_face_is_worth_more_than_what_is_around_and_its_features_most():
    face = Face(60, 60, 80)
    assert worth_at(face, -0.2, -0.1) == worth_at(face, 0.0, 0.3) == pytest.approx(SETTINGS.worth * SETTINGS.features)
    assert worth_at(face, 0.0, -0.3) == pytest.approx(SETTINGS.worth)
    assert worth_at(face, 0.6, 0.6) == 0


def test_fur_is_worth_less_than_skin():
    animal = Face(60, 60, 80, person=False)
    assert worth_at(animal, 0.0, -0.3) == pytest.approx(SETTINGS.animal)
    assert SETTINGS.animal < SETTINGS.worth


@pytest.mark.parametrize("tilt", [-30.0, 25.0])
def test_the_features_of_a_tilted_head_are_where_they_are(tilt):
    face = Face(60, 60, 80, tilt=tilt)
    mouth = np.subtract(face.place(0.0, 0.36), face.center) / face.side
    assert worth_at(face, *mouth) == pytest.approx(SETTINGS.worth * SETTINGS.features)
    assert worth_at(face, -mouth[0], mouth[1]) == pytest.approx(SETTINGS.worth)


def test_what_the_mask_leaves_out_is_worth_nothing():
    closeup = FaceCloseup.of(Face(60, 60, 80), PICTURE, torch.zeros(1, 1, 200, 200), SETTINGS, 1.0)
    assert float(closeup.worth.max()) == 0
