"""Faces of animals that look at us are found where they are sure, and nothing else is."""

import cv2
import numpy as np
import pytest
import torch

from backend.core.image import Image, Mask
from backend.perception.gaze import Gaze, find_gaze

SIDE = 480
FUR, IRIS, DARK, WHITE = (196, 168, 128), (176, 128, 40), (28, 24, 22), (236, 232, 226)


def blank(color: tuple[int, int, int] = (255, 255, 255)) -> np.ndarray:
    return np.full((SIDE, SIDE, 3), color, np.uint8)


def animal(apart: int = 110, features: bool = True) -> np.ndarray:
    """A head from the front, its eyes `apart` px apart about the middle of the picture."""
    picture, middle, half = blank(), SIDE // 2, apart // 2
    cv2.ellipse(picture, (middle, middle + half // 2), (int(1.5 * apart), int(1.6 * apart)), 0, 0, 360, FUR, -1, cv2.LINE_AA)
    if features:
        for x in (middle - half, middle + half):
            cv2.ellipse(picture, (x, middle), (int(0.21 * apart), int(0.15 * apart)), 0, 0, 360, DARK, -1, cv2.LINE_AA)
            cv2.circle(picture, (x, middle), int(0.12 * apart), IRIS, -1, cv2.LINE_AA)
            cv2.circle(picture, (x, middle), int(0.07 * apart), DARK, -1, cv2.LINE_AA)
            cv2.circle(picture, (x + 3, middle - 3), 2, WHITE, -1, cv2.LINE_AA)
        nose = (middle, middle + int(0.85 * apart))
        cv2.ellipse(picture, nose, (int(0.26 * apart), int(0.19 * apart)), 0, 0, 360, DARK, -1, cv2.LINE_AA)
        cv2.line(picture, nose, (middle, middle + int(1.25 * apart)), DARK, 3, cv2.LINE_AA)
    return picture


def turned(picture: np.ndarray, degrees: float) -> np.ndarray:
    turn = cv2.getRotationMatrix2D((SIDE / 2, SIDE / 2), degrees, 1.0)
    return cv2.warpAffine(picture, turn, (SIDE, SIDE), flags=cv2.INTER_CUBIC, borderValue=(255, 255, 255))


def seen(picture: np.ndarray) -> tuple[Image, Mask]:
    """The picture, a little soft and grainy as photographs are, and the mask of what is not white in it."""
    grain = np.random.default_rng(0).normal(0, 2.0, picture.shape)
    mask = torch.from_numpy((picture.min(2) < 250).astype(np.float32))[None, None]
    photograph = np.clip(cv2.GaussianBlur(picture, (0, 0), 1.0) + grain, 0, 255).astype(np.float32) / 255
    return torch.from_numpy(photograph).permute(2, 0, 1)[None], mask


def middles(gaze: Gaze) -> np.ndarray:
    return np.array([eye[:-1].mean(0) for eye in gaze.eyes])


@pytest.mark.parametrize("degrees", [-18, -9, 0, 9, 18])
def test_a_face_from_the_front_is_found_at_any_tilt(degrees):
    gaze = find_gaze(*seen(turned(animal(), degrees)))
    assert gaze is not None
    angle = np.deg2rad(-degrees)
    half = 55 * np.array([np.cos(angle), np.sin(angle)])
    assert np.abs(middles(gaze) - SIDE / 2 - np.stack([-half, half])).max() < 6
    assert gaze.nose is not None
    below = 0.85 * 110 * np.array([-np.sin(angle), np.cos(angle)])
    assert np.abs(gaze.nose[:-1].mean(0) - SIDE / 2 - below).max() < 10


def test_rings_lie_about_eyes_and_pupils_within_them():
    gaze = find_gaze(*seen(animal()))
    assert gaze is not None
    for eye, pupil in zip(gaze.eyes, gaze.pupils, strict=True):
        assert np.allclose(eye[0], eye[-1])
        assert 12 < np.ptp(eye[:, 0]) < 60
        assert np.ptp(pupil[:, 0]) < np.ptp(eye[:, 0])


def test_a_head_without_features_is_no_face():
    assert find_gaze(*seen(animal(features=False))) is None


def test_headlights_are_no_eyes():
    car = blank()
    cv2.rectangle(car, (60, 150), (420, 360), (150, 30, 30), -1)
    cv2.rectangle(car, (110, 90), (370, 150), (60, 70, 80), -1)
    for x in (120, 360):
        cv2.circle(car, (x, 230), 34, (225, 225, 230), -1, cv2.LINE_AA)
        cv2.circle(car, (x, 230), 34, (90, 90, 90), 3, cv2.LINE_AA)
    for y in range(250, 310, 12):
        cv2.line(car, (175, y), (305, y), DARK, 5)
    for x in (100, 380):
        cv2.rectangle(car, (x - 30, 360), (x + 30, 410), DARK, -1)
    assert find_gaze(*seen(car)) is None


@pytest.mark.parametrize("cell", [30, 48])
def test_a_pattern_is_no_face(cell):
    rows, columns = np.mgrid[:SIDE, :SIDE] // cell
    assert find_gaze(*seen(np.where(((rows + columns) % 2 > 0)[..., None], DARK, WHITE).astype(np.uint8))) is None


def test_noise_is_no_face():
    noise = cv2.GaussianBlur(np.random.default_rng(3).integers(0, 250, (SIDE, SIDE, 3)).astype(np.float32), (0, 0), 6.0)
    spread = np.clip((noise - noise.mean()) * 12 + 128, 0, 249).astype(np.uint8)
    assert find_gaze(*seen(spread)) is None


def test_an_empty_mask_and_a_tiny_picture_have_no_face():
    image, mask = seen(animal())
    assert find_gaze(image, torch.zeros_like(mask)) is None
    assert find_gaze(torch.ones(1, 3, 9, 9), torch.ones(1, 1, 9, 9)) is None


def test_a_face_that_is_not_the_subjects_is_not_found():
    image, mask = seen(animal())
    mask[:, :, : SIDE // 2 + 30] = 0
    assert find_gaze(image, mask) is None
