import re

import pytest
from PIL import Image
from stylesketch_ext.wire.messages import PathData, SketchRequest, SketchSettings

from backend.cli import bench_scene
from backend.cli.bench_scene import measured, pixels_inside, print_scene
from backend.places import Places
from tests.pictures import file_of
from tests.recipes.test_scene_sketch import ball, landscape


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "scene.png"
    path.write_bytes(file_of(Image.fromarray(landscape()), "PNG"))
    return path


def line(*points):
    return PathData("s", list(points), False, [1.0], "#000000", 1.0, "contour", "background", 1.0, 0)


def test_pixels_of_a_mask_under_a_stroke_are_counted():
    mask = ball()[0, 0].numpy() > 0.5
    across = line((20.0, 120.5), (80.0, 120.5), (140.0, 120.5), (200.0, 120.5))
    assert pixels_inside(across, mask) == mask[120].sum() == 91
    beside = line((0.0, 30.0), (100.0, 30.0), (200.0, 30.0), (400.0, 30.0))
    assert pixels_inside(beside, mask) == 0


def test_a_matrix_is_measured(picture, tmp_path):
    found = measured(picture, Places.find(tmp_path), SketchRequest("0" * 64, SketchSettings(strokes=24, steps=0), "scene"))
    assert (found.hidden, found.strangers) == (0, 0)
    assert found.strokes[0] > found.strokes[1] > 0
    assert 0 < found.moves[0] <= found.moves[1] and found.processor > 0 and found.wall > 0


def test_the_table_has_a_row_for_each_photograph(picture, capsys, monkeypatch):
    quick = SketchRequest("0" * 64, SketchSettings(strokes=16, steps=0), "scene")
    monkeypatch.setattr(bench_scene, "SHAPE", (1, 2))
    print_scene([picture], quick)
    assert re.search(r"scene\.png +\d+\.\d s · +\d+\.\d s · \d+\.\d\d ms, at most .* · 0 px · 0\n", capsys.readouterr().out)
