import numpy as np
import pytest
import torch

from backend.core.bezier import bernstein, find_corners, fit_poly_bezier, sample, segment_points, smoothed, straightened
from tests.pictures import along, around, distances


def on_curve(curve, count=4000):
    points, _tangents = sample(torch.from_numpy(curve)[None], torch.tensor([(len(curve) - 1) // 3]), count)
    return points[0].numpy()


def wandering(seed, count=400):
    """A row of points 1 px apart that turns at random."""
    angle = np.cumsum(np.random.default_rng(seed).normal(size=count) * 0.12)
    return np.cumsum(np.stack([np.cos(angle), np.sin(angle)], 1), 0)


def angle_at_joints(curve):
    """The turn in radians at every inner joint."""
    before, after = curve[3:-1:3] - curve[2:-2:3], curve[4::3] - curve[3:-1:3]
    cosine = (before * after).sum(1) / np.linalg.norm(before, axis=1) / np.linalg.norm(after, axis=1)
    return np.arccos(cosine.clip(-1, 1))


def test_bernstein_weights_sum_to_one():
    weights = bernstein(torch.linspace(0, 1, 9, dtype=torch.float64))
    assert weights.shape == (9, 4)
    torch.testing.assert_close(weights.sum(-1), torch.ones(9, dtype=torch.float64))
    assert weights[0].tolist() == [1, 0, 0, 0]
    assert weights[-1].tolist() == [0, 0, 0, 1]


def test_segments_share_their_joints():
    cubics = segment_points(torch.arange(14.0).reshape(1, 7, 2))
    assert cubics.shape == (1, 2, 4, 2)
    assert cubics[0, 0, 3].tolist() == cubics[0, 1, 0].tolist() == [6, 7]


def test_samples_run_from_end_to_end_of_each_stroke_and_ignore_padding():
    points = torch.tensor([[[0, 0], [1, 0], [2, 0], [3, 0], [4, 0], [5, 0], [6, 0]], [[0, 0], [0, 1], [0, 2]] + [[0, 3]] * 4])
    at, tangent = sample(points.double(), torch.tensor([2, 1]), 7)
    torch.testing.assert_close(at[0, :, 0], torch.linspace(0, 6, 7, dtype=torch.float64))
    torch.testing.assert_close(at[1, :, 1], torch.linspace(0, 3, 7, dtype=torch.float64))
    torch.testing.assert_close(tangent[0], torch.tensor([1.0, 0.0]).double().expand(7, 2))
    torch.testing.assert_close(tangent[1], torch.tensor([0.0, 1.0]).double().expand(7, 2))


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("tolerance", [0.4, 1.4])
def test_a_fit_stays_within_its_tolerance(seed, tolerance):
    row = wandering(seed)
    curve = fit_poly_bezier(row, tolerance)
    assert len(curve) % 3 == 1
    assert distances(row, on_curve(curve)).max() <= tolerance * 1.01
    assert np.allclose(curve[[0, -1]], row[[0, -1]])


@pytest.mark.parametrize("seed", range(4))
def test_a_looser_fit_needs_no_more_segments(seed):
    row = wandering(seed)
    counts = [len(fit_poly_bezier(row, tolerance)) for tolerance in (0.3, 1.0, 3.0)]
    assert counts == sorted(counts, reverse=True)


def test_a_straight_row_is_one_straight_segment():
    curve = fit_poly_bezier(along((2, 3), (90, 3)), 0.5)
    assert len(curve) == 4
    assert np.allclose(curve[:, 1], 3)
    assert np.all(np.diff(curve[:, 0]) > 0)


@pytest.mark.parametrize(("radius", "most"), [(10, 2), (50, 3), (200, 4)])
def test_a_circle_takes_few_segments(radius, most):
    row = around((0, 0), radius)
    curve = fit_poly_bezier(row, 1.4, smooth_join=True)
    assert len(curve) <= 3 * most + 1
    assert distances(row, on_curve(curve)).max() <= 1.42


def test_a_closed_row_joins_smoothly():
    curve = fit_poly_bezier(around((40, 40), 30), 0.5, smooth_join=True)
    assert np.allclose(curve[0], curve[-1])
    start, end = curve[1] - curve[0], curve[-1] - curve[-2]
    assert float(start @ end) / np.linalg.norm(start) / np.linalg.norm(end) > 0.999


def test_inner_joints_are_smooth_without_corners():
    curve = fit_poly_bezier(wandering(3), 0.5)
    assert len(curve) > 7
    assert angle_at_joints(curve).max() < 1e-4


def test_a_corner_is_kept_sharp_and_in_place():
    row = along((0, 0), (40, 0), (40, 40))
    curve = fit_poly_bezier(row, 0.5, corners=(40,))
    assert len(curve) == 7
    assert curve[3].tolist() == [40, 0]
    assert angle_at_joints(curve)[0] == pytest.approx(np.pi / 2, abs=0.05)
    assert distances(row, on_curve(curve)).max() < 0.1


def test_a_closed_square_is_fitted_with_its_corners():
    row = along((20, 0), (40, 0), (40, 40), (0, 40), (0, 0), (20, 0))
    corners = find_corners(row, 7, 0.95)
    curve = fit_poly_bezier(row, 1.0, corners, smooth_join=True)
    assert distances([(40, 0), (40, 40), (0, 40), (0, 0)], curve).max() < 1e-9
    assert distances(row, on_curve(curve)).max() < 0.2


def test_corners_at_the_ends_or_given_twice_change_nothing():
    row = along((0, 0), (40, 0), (40, 40))
    assert np.array_equal(fit_poly_bezier(row, 0.5, (0, 40, 40, len(row) - 1)), fit_poly_bezier(row, 0.5, (40,)))


@pytest.mark.parametrize("points", [[[7, 9]], [[7, 9]] * 5])
def test_a_row_of_one_place_is_one_segment_of_no_length(points):
    assert fit_poly_bezier(np.array(points, float), 1.0).tolist() == [[7, 9]] * 4


def test_two_points_are_a_straight_segment():
    assert np.allclose(fit_poly_bezier(np.array([[0.0, 0.0], [9.0, 3.0]]), 1.0), [[0, 0], [3, 1], [6, 2], [9, 3]])


def test_repeated_points_do_not_change_the_fit():
    row = wandering(1, 60)
    assert np.array_equal(fit_poly_bezier(np.repeat(row, 3, 0), 1.0), fit_poly_bezier(row, 1.0))


def test_a_fit_is_finite_for_any_short_row():
    random = np.random.default_rng(0)
    for count in range(1, 30):
        row = random.uniform(0, 20, (count, 2))
        assert np.isfinite(fit_poly_bezier(row, 1.0, smooth_join=bool(count % 2))).all()


def test_corners_are_found_where_a_row_turns():
    assert find_corners(along((0, 0), (40, 0), (40, 40), (0, 40)), 7, 0.95) == (40, 80)


@pytest.mark.parametrize("row", [along((0, 0), (60, 20)), around((0, 0), 40), along((0, 0), (5, 0), (5, 5))])
def test_straight_round_and_very_short_rows_have_no_corners(row):
    assert find_corners(row, 7, 0.95) == ()


def test_corners_are_farther_apart_than_their_reach():
    corners = find_corners(along((0, 0), (30, 0), (30, 4), (0, 4)), 7, 0.95)
    assert corners
    assert np.all(np.diff(corners) > 7)


def test_repeated_points_do_not_move_corners():
    row = along((0, 0), (40, 0), (40, 40))
    doubled = np.concatenate([np.repeat(row[:1], 10, 0), row])
    assert np.allclose(fit_poly_bezier(doubled, 0.5, (50,)), fit_poly_bezier(row, 0.5, (40,)))


def test_a_short_zigzag_stays_within_the_tolerance():
    row = along((0, 0), (4, 0), (0, 0.5), (4, 1), (0, 1.5))
    assert distances(row, on_curve(fit_poly_bezier(row, 0.3))).max() <= 0.31


def test_three_points_stay_within_the_tolerance():
    row = np.array([[0, 0], [10, 10], [20, 0.0]])
    assert distances(row, on_curve(fit_poly_bezier(row, 1.0))).max() <= 1.01


def test_a_row_without_points_is_refused():
    with pytest.raises(ValueError, match="at least one point"):
        fit_poly_bezier(np.zeros((0, 2)), 1.0)


def tremor(row, seed=0):
    return row + 0.5 * np.random.default_rng(seed).standard_normal(row.shape)


def test_tremor_is_smoothed_away_and_ends_and_corners_stay():
    row = along((0, 0), (60, 0), (60, 60))
    corner = 60
    shaken = tremor(row)
    shaken[[0, corner, -1]] = row[[0, corner, -1]]
    calm = smoothed(shaken, (corner,), 4.0)
    assert np.allclose(calm[[0, corner, -1]], row[[0, corner, -1]])
    assert np.abs(calm - row).std() < 0.5 * np.abs(shaken - row).std()


@pytest.mark.parametrize("corners", [(), (50,), (50, 120)])
def test_a_smoothed_ring_stays_closed_and_in_place(corners):
    ring = around((50, 50), 40, 0, 2 * np.pi)
    ring[-1] = ring[0]
    calm = smoothed(ring, corners, 4.0, closed=True)
    assert calm.shape == ring.shape
    assert np.array_equal(calm[0], calm[-1])
    assert np.linalg.norm(calm - ring, axis=1).max() < 0.6
    assert all(np.allclose(calm[corner], ring[corner]) for corner in corners)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_very_short_row_is_smoothed_without_harm(count):
    row = along((0, 0), (10, 0))[:count]
    assert np.allclose(smoothed(row, (), 4.0), row)


def shaky(row, amount=0.5):
    return row + amount * np.stack([np.sin(np.arange(len(row)) / 5), np.cos(np.arange(len(row)) / 7)], 1)


def test_a_nearly_straight_row_becomes_straight():
    moved = straightened(shaky(along((10, 10), (110, 60))), (), 1.2, 24)
    direction = (moved[-1] - moved[0]) / np.linalg.norm(moved[-1] - moved[0])
    across = (moved - moved[0]) @ np.array([-direction[1], direction[0]])
    assert np.abs(across).max() < 1e-9
    assert np.abs(moved - along((10, 10), (110, 60))).max() < 1


def test_a_rounded_corner_of_two_straight_pieces_becomes_their_crossing():
    row = along((10, 10), (98, 10))
    bend = np.stack([98 + 2 * np.sin(np.linspace(0, np.pi / 2, 5)), 12 - 2 * np.cos(np.linspace(0, np.pi / 2, 5))], 1)
    row = np.concatenate([row, bend[1:-1], along((100, 12), (100, 100))])
    corner = int(np.argmin(np.linalg.norm(row - (100, 10), axis=1)))
    moved = straightened(row, (corner,), 1.2, 24)
    assert np.allclose(moved[corner], (100, 10), atol=0.05)
    assert np.allclose(moved[[0, -1]], [(10, 10), (100, 100)], atol=0.05)


@pytest.mark.parametrize("row", [
    shaky(along((10, 10), (25, 12))), around((60, 60), 40), shaky(along((10, 10), (110, 60)), 4), along((3, 3), (4, 4))[:1],
], ids=["short", "round", "bent", "point"])  # fmt: skip
def test_short_round_and_bent_rows_stay_as_they_are(row):
    assert np.array_equal(straightened(row, (), 1.2, 24), row)


def test_a_closed_row_of_straight_pieces_stays_closed():
    square = along((20, 20), (80, 20), (80, 80), (20, 80), (20, 20))
    drawn = shaky(square, 0.4)
    drawn[-1] = drawn[0]
    moved = straightened(drawn, find_corners(square, 7, 0.95), 1.2, 24)
    assert np.array_equal(moved[0], moved[-1])
    assert np.allclose(moved[0], (20, 20), atol=1)


def test_a_bent_piece_follows_where_its_straight_neighbor_goes():
    arc = np.stack([100 + 40 * np.sin(np.linspace(0, 3, 100)), 100 - 40 * np.cos(np.linspace(0, 3, 100))], 1)
    line = shaky(along((20, 20), (100, 60)), 0.6)
    moved = straightened(np.concatenate([line, arc[1:]]), (len(line) - 1,), 1.2, 24)
    assert np.linalg.norm(np.diff(moved, axis=0), axis=1).max() < 2
    assert np.array_equal(moved[-1], arc[-1])
