import cv2
import numpy as np
import pytest

from backend.perception.color_transport import lab_of, matched, rgb_of, transported, with_contrast_of
from backend.perception.edges import edge_agreement, edge_map
from backend.perception.flow import along_flow, flow_of
from backend.perception.patch_transfer import TransferSettings, transfer


def chance(seed=0):
    return np.random.default_rng(seed)


def test_colors_to_lab_and_back():
    pixels = chance().random((8, 9, 3)).astype(np.float32)
    assert np.abs(rgb_of(lab_of(pixels)) - pixels).max() < 5e-3


def test_transported_colors_have_the_exemplars_mean_and_covariance():
    mixing = chance().normal(size=(3, 3)) * 9
    picture = (chance(1).normal(size=(60, 50, 3)) * (12, 5, 7)).astype(np.float32)
    exemplar = (chance(2).normal(size=(40, 40, 3)) @ mixing + (50, 5, -9)).astype(np.float32)
    moved = transported(picture, exemplar, floor=0.0).reshape(-1, 3)
    assert np.allclose(moved.mean(0), exemplar.reshape(-1, 3).mean(0), atol=1e-2)
    assert np.allclose(np.cov(moved.T), np.cov(exemplar.reshape(-1, 3).T), rtol=1e-2, atol=0.3)


def test_matched_values_keep_their_order_and_flat_places_stay_flat():
    values = np.concatenate([np.full(500, 50.0), np.linspace(10, 90, 500)]).astype(np.float32)
    values[:500] += chance().normal(size=500).astype(np.float32) * 0.1
    moved = matched(values, np.linspace(0, 100, 999, dtype=np.float32), 1.0)
    order = np.argsort(values, kind="stable")
    assert (np.diff(moved[order]) >= -1e-3).all()
    assert moved[:500].std() < 0.4
    assert abs(float(moved.mean()) - 50) < 0.1
    assert (matched(values, values[::-1] * 0.5, 0.0) == values).all()


def test_a_white_background_does_not_press_all_else_into_the_dark_end():
    """Two thirds of it are white; the rest still takes all tones of a reference whose middle is gray."""
    values = np.concatenate([np.full(2000, 100.0), np.linspace(10, 90, 1000)]).astype(np.float32)
    reference = np.linspace(30, 90, 999, dtype=np.float32)
    moved = matched(values, reference, 1.0)
    assert moved[0] > 85 and moved[2000] < 35
    assert 45 < float(moved[2500]) < 75


@pytest.mark.parametrize("angle", [0, 30, 90, 135])
def test_the_flow_runs_along_lines(angle):
    y, x = np.mgrid[0:80, 0:80].astype(np.float32)
    way = np.radians(angle)
    lines = np.sin((x * -np.sin(way) + y * np.cos(way)) * 0.6).astype(np.float32)
    tx, ty = flow_of(lines, 4).tangents
    inside = np.s_[15:-15, 15:-15]
    assert np.abs(tx * np.cos(way) + ty * np.sin(way))[inside].min() > 0.99


def test_averages_along_lines_keep_lines_and_calm_what_lies_on_them():
    y = np.mgrid[0:60, 0:60][0].astype(np.float32)
    lines = np.sin(y * 0.5).astype(np.float32)
    noisy = (lines + 0.2 * chance().normal(size=lines.shape)).astype(np.float32)
    calm = along_flow(np.dstack([noisy] * 3), flow_of(lines, 4), 6)[..., 0]
    inside = np.s_[10:-10, 10:-10]
    assert np.abs(calm - lines)[inside].mean() < 0.5 * np.abs(noisy - lines)[inside].mean()


def test_edges_lie_where_the_picture_changes():
    layer = np.zeros((60, 60), np.float32)
    layer[:, 30:] = 80
    edges = edge_map(layer)
    assert edges[:, 28:32].any(1).all() and not edges[:, :26].any() and not edges[:, 34:].any()
    assert not edge_map(np.full((60, 60), 40.0, np.float32)).any()


def test_edges_agree_within_the_tolerance_only():
    one, other = np.zeros((40, 40), bool), np.zeros((40, 40), bool)
    one[:, 20] = other[:, 23] = True
    assert edge_agreement(one, other, 3) == 1 and edge_agreement(one, other, 2) == 0
    other[:, 5] = True
    assert edge_agreement(one, other, 3) == pytest.approx(2 / 3)
    assert edge_agreement(one, np.zeros_like(one), 3) == 0


def tones_and_lines():
    """An exemplar: level lines, light to the left and dark to the right."""
    pixels = np.full((120, 160, 3), 90, np.float32)
    for y in range(0, 120, 6):
        cv2.line(pixels, (0, y), (160, y), (20, 20, 20), 2)
    pixels *= np.linspace(1, 0.3, 160, dtype=np.float32)[None, :, None]
    pixels[..., 1:] = 0
    return pixels


def test_patches_show_the_tones_and_directions_of_the_target():
    target = np.full((90, 90, 3), 60, np.float32)
    target[:, 45:] = 25
    target[..., 1:] = 0
    upright = flow_of(np.tile(np.sin(np.arange(90) * 0.8), (90, 1)).astype(np.float32), 4)
    settings = TransferSettings(patch=18, turns=4, offered=4000)
    *_, (done, picture) = transfer(target, upright, tones_and_lines(), settings, chance())
    assert done == 1 and picture.shape == target.shape
    assert picture[:, 5:40, 0].mean() > picture[:, 50:85, 0].mean() + 15
    found = flow_of(picture[..., 0], 6)
    assert found.double_cos[20:-20, 20:-20].mean() < -0.3


def test_flat_places_get_even_patches_of_the_right_tone():
    """One half of the exemplar is finely hatched, the other has blots and almost exactly the tone that is wanted."""
    exemplar = np.full((120, 240, 3), 80, np.float32)
    exemplar[::4, :120] = 20
    for y in range(10, 120, 20):
        for x in range(130, 240, 20):
            cv2.circle(exemplar, (x, y), 5, (20, 20, 20), -1)
    exemplar[:, 120:] += exemplar[:, :120].mean() - exemplar[:, 120:].mean()
    exemplar[..., 1:] = 0
    target = np.full((90, 90, 3), exemplar[..., 0].mean(), np.float32)
    exemplar[:, :120, 0] += 4
    target[..., 1:] = 0

    def unrest(**settings):
        chosen = TransferSettings(patch=24, turns=1, direction=0.0, reuse=0.0, compared=20, **settings)
        *_, (_done, picture) = transfer(target, flow_of(target[..., 0], 4), exemplar, chosen, chance())
        return float(cv2.GaussianBlur(picture[..., 0], (0, 0), 4).std())

    assert unrest() < 0.7 * unrest(unrest=0.0)


def test_few_patches_are_enough():
    exemplar = tones_and_lines()[:26, :28]
    target = np.full((30, 41, 3), 50, np.float32)
    settings = TransferSettings(patch=12)
    *_, (_done, picture) = transfer(target, flow_of(target[..., 0], 3), exemplar, settings, chance())
    assert picture.shape == target.shape and np.isfinite(picture).all()


def test_contrasts_come_to_the_reference_s_as_far_as_they_may():
    chance = np.random.default_rng(0)
    noise = chance.normal(0, 1, (120, 160)).astype(np.float32)
    coarse = cv2.GaussianBlur(noise, (0, 0), 6) * 60
    fine = noise * 3

    def fineness(values):
        return float((values - cv2.GaussianBlur(values, (0, 0), 1)).std())

    found = with_contrast_of(coarse + 0.2 * noise + 50, coarse + fine + 20, 1.0, 50.0)
    assert found.mean() == pytest.approx((coarse + 50).mean(), abs=0.1)
    assert fineness(found) == pytest.approx(fineness(coarse + fine), rel=0.15) and fineness(coarse + 0.2 * noise) < 0.3
    kept = with_contrast_of(coarse + fine + 50, coarse * 0.1, 1.0, 50.0)
    assert np.abs(kept - (coarse + fine + 50)).max() < 0.05
    most = with_contrast_of(coarse, 100 * coarse, 1.0, 2.0)
    assert most.std() == pytest.approx(2 * coarse.std(), rel=0.02)  # no further
    least = with_contrast_of(coarse, 0.01 * coarse, 0.7, 2.0)
    assert least.std() == pytest.approx(0.7 * coarse.std(), rel=0.02)


def test_what_is_even_stays_even():
    even = np.full((40, 50), 30.0, np.float32)
    assert np.abs(with_contrast_of(even, even + np.eye(40, 50, dtype=np.float32), 0.5, 2.0) - 30).max() < 1e-3
