"""Rings run along the clearest closed edge about a place."""

import cv2
import numpy as np
import pytest

from backend.perception.ring import RAYS, ring_around


def disk(center: tuple[float, float], radius: float, inside: float = 20, outside: float = 80) -> np.ndarray:
    y, x = np.mgrid[:120, :120]
    far = np.hypot(x - center[0], y - center[1])
    return cv2.GaussianBlur(np.where(far < radius, inside, outside).astype(np.float32), (0, 0), 1.0)


@pytest.mark.parametrize("middle", [(60.0, 60.0), (56.0, 63.0)])
def test_a_ring_runs_along_the_edge_of_a_dark_disk(middle):
    ring = ring_around(disk((60, 60), 17), middle, (5, 30), 1.0)
    assert ring.points.shape == (RAYS + 1, 2)
    assert np.allclose(ring.points[0], ring.points[-1])
    assert np.abs(np.hypot(*(ring.points - 60).T) - 17).max() < 2
    assert ring.contrast > 15


def test_an_edge_towards_the_dark_counts_only_if_it_may():
    bright = disk((60, 60), 17, 80, 20)
    assert ring_around(bright, (60.0, 60.0), (5, 30), 1.0).contrast < 1
    ring = ring_around(bright, (60.0, 60.0), (5, 30), 1.0, to_dark=True)
    assert np.abs(ring.radii - 17).max() < 2


def test_a_ring_stays_within_its_bounds():
    ring = ring_around(disk((60, 60), 40), (60.0, 60.0), (5, 30), 1.0)
    assert ring.radii.min() >= 5 - 1e-9
    assert ring.radii.max() <= 30 + 1e-9


def test_unevenness_compares_left_and_right():
    even = ring_around(disk((60, 60), 17), (60.0, 60.0), (5, 30), 1.0)
    aside = ring_around(disk((66, 60), 17), (60.0, 60.0), (5, 30), 1.0)
    assert even.unevenness < 0.03
    assert aside.unevenness > 0.2


def test_a_shrunk_ring_is_round_about_its_own_center():
    ring = ring_around(disk((64, 60), 16), (60.0, 60.0), (5, 30), 1.0).shrunk(0.5)
    assert np.abs(np.hypot(*(ring.points - (64, 60)).T) - 8).max() < 1.5
