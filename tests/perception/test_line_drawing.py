import cv2
import numpy as np
import pytest
import skimage.data

from backend.perception.line_drawing import drawn_lines, inked, is_line_drawing
from tests.perception.drawn_lines import hatching, page
from tests.pictures import blank, disc, face, noise, tensor, two_squares


def house(thickness=5, ink=(20, 20, 20), paper=255):
    """A house in outline, 300 × 240 px."""
    pixels = blank(240, 300, paper)
    for a, b in (((60, 110), (60, 210)), ((60, 210), (240, 210)), ((240, 210), (240, 110)), ((60, 110), (150, 40))):
        cv2.line(pixels, a, b, ink, thickness, cv2.LINE_AA)
    cv2.line(pixels, (150, 40), (240, 110), ink, thickness, cv2.LINE_AA)
    cv2.rectangle(pixels, (130, 150), (170, 210), ink, thickness, cv2.LINE_AA)
    return pixels


def scanned(pixels):
    """The same on uneven, grainy, yellowish paper."""
    height, width = pixels.shape[:2]
    light = np.linspace(150, 215, width)[None, :, None] * np.array([1.0, 0.96, 0.86])
    grain = noise(height, width, seed=1)[..., :1].astype(float) * 0.06
    return np.clip(light * (0.25 + 0.75 * pixels / 255) + grain, 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    "pixels",
    [
        house(),
        house(2),
        house(10),
        255 - house(),
        house(ink=(60, 140, 90)),
        scanned(house()),
        (255 * page(hatching(14, 30), 2.0)).astype(np.uint8),
        skimage.data.page(),
    ],
    ids=["pen", "fine", "marker", "light on dark", "colored", "scanned", "hatching", "print"],
)
def test_lines_on_paper_are_a_drawing(pixels):
    assert is_line_drawing(tensor(pixels))


@pytest.mark.parametrize(
    "pixels",
    [
        disc(),
        two_squares(),
        face(),
        blank(100, 100),
        noise(120, 160),
        skimage.data.astronaut(),
        skimage.data.chelsea(),
        skimage.data.coffee(),
        skimage.data.camera(),
        skimage.data.rocket(),
        skimage.data.coins(),
        255 * (1 - skimage.data.horse().astype(np.uint8)),
    ],
    ids=["disc", "squares", "face", "nothing", "noise", "astronaut", "chelsea", "coffee", "camera", "rocket", "coins", "horse"],
)
def test_photographs_and_filled_shapes_are_none(pixels):
    assert not is_line_drawing(tensor(pixels))


def ridges(pixels):
    return drawn_lines(tensor(pixels)).strength > 0.4


@pytest.mark.parametrize("thickness", [1, 3, 7, 11])
def test_a_line_of_any_width_is_one_ridge_along_its_middle(thickness):
    pixels = blank(120, 300)
    cv2.line(pixels, (30, 60), (270, 60), (0, 0, 0), thickness)
    rows, columns = np.nonzero(ridges(pixels))
    assert np.abs(rows - 60).max() <= 2
    assert columns.min() <= 36
    assert columns.max() >= 264


def test_thick_light_lines_on_a_dark_ground_are_the_lines():
    pixels = blank(300, 800, 0)
    cv2.line(pixels, (100, 150), (700, 150), (255, 255, 255), 30)
    cv2.line(pixels, (250, 60), (250, 240), (255, 255, 255), 30)
    rows, columns = np.nonzero(ridges(pixels))
    assert np.minimum(np.abs(rows - 150), np.abs(columns - 250)).max() <= 4


def test_a_line_runs_where_its_tangent_points():
    pixels = blank(200, 200)
    cv2.line(pixels, (20, 20), (180, 180), (0, 0, 0), 5, cv2.LINE_AA)
    field = drawn_lines(tensor(pixels))
    on = field.strength > 0.4
    assert np.median(field.tangent_x[on] * field.tangent_y[on]) == pytest.approx(0.5, abs=0.02)


def test_what_is_filled_is_drawn_by_its_edge():
    pixels = cv2.circle(blank(200, 200), (100, 100), 50, (0, 0, 0), -1, cv2.LINE_AA)
    rows, columns = np.nonzero(ridges(pixels))
    assert np.abs(np.hypot(rows - 100, columns - 100) - 50).max() < 4


def test_a_spot_much_thicker_than_the_lines_is_drawn_by_its_edge():
    pixels = cv2.circle(house(2), (200, 70), 6, (0, 0, 0), -1, cv2.LINE_AA)
    strong = ridges(pixels)
    assert not strong[70, 200]
    assert strong[70, 192:198].any()


def test_grain_of_the_paper_is_no_line():
    strong = ridges(scanned(house()))
    away = cv2.dilate((house() < 128).all(2).astype(np.uint8), np.ones((9, 9))) == 0
    assert strong.sum() > 500
    assert (strong & away).sum() < 0.01 * strong.sum()


def test_a_lone_contour_is_stronger_than_hatching():
    rows = page(hatching(8, 0, radius=60), 1.5)
    rows[:, 40:42] = 0
    strength = drawn_lines(tensor((255 * rows).astype(np.uint8))).strength
    assert strength[100:300, 38:44].max(1).mean() > 1.2 * strength[170:250, 300].max()


def test_the_mask_of_a_drawing_holds_its_ink_and_no_more():
    found = inked(tensor(house()))[0, 0].numpy()
    rows, columns = np.nonzero(found)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == pytest.approx((38, 212, 58, 242), abs=3)
    assert inked(tensor(blank(40, 50))).all()


def test_the_mask_of_a_large_drawing_is_that_of_a_small_one(monkeypatch):
    large = cv2.resize(house(), (900, 720), interpolation=cv2.INTER_CUBIC)
    monkeypatch.setattr("backend.perception.line_drawing.INKED_SIDE", 300)
    rows, columns = np.nonzero(inked(tensor(large))[0, 0].numpy())
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == pytest.approx((114, 636, 174, 726), abs=9)


def test_what_is_ink_all_over_has_no_lines():
    """As the part of a drawing that a mask cuts out of its hatching."""
    pixels = blank(64, 64, 120)
    pixels[:, ::4] = pixels[:, 1::4] = 0
    field = drawn_lines(tensor(pixels))
    assert field.strength.max() == 0
    assert np.isfinite(field.tangent_x).all()
    assert np.isfinite(field.tangent_y).all()
