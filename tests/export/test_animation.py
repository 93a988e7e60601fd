import io
import json

import cv2
import numpy as np
import pytest
from lxml import etree
from PIL import Image

from backend.core.drawing import StrokeNote
from backend.core.errors import OutOfDisk
from backend.core.moving import MovingDrawing, MovingStroke
from backend.export.animation import animated_svg, frame_svg, gif, layered_svg, strokes_json, write_mp4

SVG, INKSCAPE = "{http://www.w3.org/2000/svg}", "{http://www.inkscape.org/namespaces/inkscape}"
INDEX = "{https://stylesketch.org/ns/1}index"
NOTE = StrokeNote("contour", "object", 1.0)
LINE = np.array([[10.0, 10.0], [20.0, 12.0], [30.0, 8.0], [40.0, 10.0]])


def stroke(name, first, opacities, move, widths=(2.0,)):
    points = np.stack([LINE + move(k) for k in range(len(opacities))])
    return MovingStroke(name, first, points, np.array(opacities, float), False, widths, (0.0, 0.0, 1.0), NOTE)


def still(k):
    return np.array([0.0, 20.0])


def even(k):
    return np.array([3.0 * k, 0.0])


def bent(k):
    return np.array([0.0, 30.0 + k * k])


MOVING = MovingDrawing(
    (90, 120),
    6,
    12.0,
    (0, 4),
    (stroke(0, 0, [1] * 4, even), stroke(1, 0, [1] * 4, still), stroke(2, 1, [0.5, 1, 1], bent), stroke(3, 4, [1, 1], even)),
    (1.0, 0.9, 0.8),
)


def root(lines):
    return etree.fromstring("\n".join(lines).encode())


def test_there_is_a_layer_for_each_frame_and_the_first_is_visible():
    svg = root(layered_svg(MOVING, "run", "A & B", {"seed": "3"}))
    layers = [group for group in svg.findall(f"{SVG}g") if group.get(f"{INKSCAPE}label").startswith("frame ")]
    assert [layer.get(f"{INKSCAPE}label") for layer in layers] == [f"frame {k}" for k in range(6)]
    assert [layer.get("style") for layer in layers] == [None, *["display:none"] * 5]
    assert [[path.get(INDEX) for path in layer.iter(f"{SVG}path")] for layer in layers] == [
        ["0", "1"], ["0", "1", "2"], ["0", "1", "2"], ["0", "1", "2"], ["3"], ["3"],
    ]  # fmt: skip
    ids = [element.get("id") for element in svg.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    assert svg.findtext(f"{SVG}title") == "A & B"
    assert len(list(svg.iter(f"{SVG}rect"))) == 1  # one sheet of paper behind all


def animations(element, attribute):
    return [child for child in element if child.get("attributeName") == attribute]


def test_the_playing_svg_is_well_formed_in_time():
    svg = root(animated_svg(MOVING, "run", "", {}))
    paths = list(svg.iter(f"{SVG}path"))
    assert [path.get("id") for path in paths] == [f"ss-run-s{k:03d}" for k in range(4)]
    for animation in svg.iter(f"{SVG}animate"):
        times = [float(time) for time in animation.get("keyTimes").split(";")]
        assert times[0] == 0 and times[-1] == 1 and times == sorted(times)
        assert len(times) == len(animation.get("values").split(";"))
        assert animation.get("dur") == "0.500s" and animation.get("repeatCount") == "indefinite"
        kinds = {"".join(c for c in value if c.isalpha()) for value in animation.get("values").split(";")}
        assert len(kinds) == 1  # browsers interpolate only between paths of one structure


def test_a_way_is_told_by_as_few_frames_as_it_needs():
    paths = list(root(animated_svg(MOVING, "run", "", {})).iter(f"{SVG}path"))
    [steady] = animations(paths[0], "d")
    assert len(set(steady.get("values").split(";"))) == 2  # even motion: its ends
    [bending] = animations(paths[2], "d")
    assert len(set(bending.get("values").split(";"))) == 3
    assert len(set(animations(paths[1], "d")[0].get("values").split(";"))) == 1


def opacity_at(path, time):
    """As a browser interpolates it."""
    found = animations(path, "stroke-opacity")
    if not found:
        return float(path.get("stroke-opacity"))
    times = [float(value) for value in found[0].get("keyTimes").split(";")]
    values = [float(value) for value in found[0].get("values").split(";")]
    after = next(i for i, at in enumerate(times) if at > time)
    share = (time - times[after - 1]) / (times[after] - times[after - 1])
    return values[after - 1] + share * (values[after] - values[after - 1])


@pytest.mark.parametrize("frame", [0, 0.5, 1, 2, 3, 3.9, 4.01, 5, 5.9])
def test_strokes_come_and_go_as_in_the_drawing(frame):
    for path, moving in zip(root(animated_svg(MOVING, "run", "", {})).iter(f"{SVG}path"), MOVING.strokes, strict=True):
        if moving.first - 1 < frame < moving.first:
            continue  # on its way in
        assert opacity_at(path, frame / 6) == pytest.approx(
            moving.opacity_at(frame) if frame < moving.end else opacity_end(moving, frame), abs=0.01
        )


def opacity_end(stroke, frame):
    """Its last frame lasts until the next one."""
    return float(stroke.opacities[-1]) if frame < stroke.end else 0.0


def test_one_moment_is_a_file_of_its_own():
    svg = root([frame_svg(MOVING, 1.5, "run", "", {}).removeprefix('<?xml version="1.0" encoding="UTF-8"?>\n')])
    assert [path.get("id") for path in svg.iter(f"{SVG}path")] == ["ss-run-s000", "ss-run-s001", "ss-run-s002"]
    assert svg.get("viewBox") == "0 0 120 90"


def test_strokes_whose_width_changes_keep_it_in_the_layers():
    moving = MovingDrawing((90, 120), 2, 12.0, (0,), (stroke(0, 0, [1, 1], even, (1.0, 4.0, 1.0)),))
    paths = list(root(layered_svg(moving, "run", "", {})).iter(f"{SVG}path"))
    assert len(paths) == 2 and all(path.get(f"{INKSCAPE}path-effect") for path in paths)
    [playing] = root(animated_svg(moving, "run", "", {})).iter(f"{SVG}path")
    assert playing.get("stroke-width") == "2"


def test_the_json_has_every_control_point():
    data = json.loads(strokes_json(MOVING))
    assert (data["width"], data["height"], data["frames"], data["shots"]) == (120, 90, 6, [0, 4])
    assert [entry["first_frame"] for entry in data["strokes"]] == [0, 0, 1, 4]
    assert np.allclose(data["strokes"][2]["points"], MOVING.strokes[2].points)


def shaded(drawing):
    """A picture that tells the moment: as light as the first stroke is far to the right."""
    [layer] = drawing.layers
    return np.full((45, 61, 3), min(255, round(8 * float(layer.strokes.points[0, 0, 0]))), np.uint8)


@pytest.mark.parametrize(("rate", "count"), [(12.0, 6), (24.0, 12), (6.0, 3)])
def test_a_gif_plays_as_long_as_the_clip(rate, count):
    with Image.open(io.BytesIO(gif(MOVING, rate, shaded))) as image:
        shown, total = 0, 0
        for number in range(image.n_frames):
            image.seek(number)
            total += image.info["duration"]
            shown += 1
        assert image.info["loop"] == 0
    assert total == pytest.approx(1000 * count / rate, abs=10)
    assert 2 <= shown <= count  # equal pictures in a row are one


def test_an_mp4_can_be_read_again(tmp_path):
    write_mp4(tmp_path / "x.mp4", MOVING, 12.0, shaded)
    film = cv2.VideoCapture(str(tmp_path / "x.mp4"))
    frames = []
    while (read := film.read())[0]:
        frames.append(read[1])
    assert len(frames) == 6 and frames[0].shape == (44, 60, 3)
    assert frames[0].mean() < frames[3].mean() - 40
    assert [path.name for path in tmp_path.iterdir()] == ["x.mp4"]


def test_an_mp4_that_could_not_be_written_whole_is_told_and_not_left(tmp_path, monkeypatch):
    class FullDisk:
        """A writer of which the end of the film gets lost, as OpenCV's does without a word."""

        def __init__(self, path, *arguments):
            self.path, self.writer = path, real(path, *arguments)

        def __getattr__(self, name):
            return getattr(self.writer, name)

        def release(self):
            self.writer.release()
            with open(self.path, "r+b") as file:
                file.truncate(300)

    real = cv2.VideoWriter
    FullDisk.fourcc = real.fourcc
    monkeypatch.setattr(cv2, "VideoWriter", FullDisk)
    with pytest.raises(OutOfDisk, match="Free some space"):
        write_mp4(tmp_path / "x.mp4", MOVING, 12.0, shaded)
    assert list(tmp_path.iterdir()) == []
