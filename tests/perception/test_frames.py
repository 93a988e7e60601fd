import cv2
import numpy as np
import pytest
from PIL import Image

from backend.core.errors import BadImage, BadRequest
from backend.core.notes import pattern_of
from backend.perception.frames import STILL_RATE, find_clip, letterboxed
from tests.pictures import blank


def shade(value, size=(24, 40)):
    return Image.new("RGB", (size[1], size[0]), (value, value, value))


def shades(clip):
    return [int(frame.mean().round()) for frame in clip.frames()]


def film(path, values, **options):
    pictures = [shade(value) for value in values]
    pictures[0].save(path, save_all=True, append_images=pictures[1:], **options)
    return find_clip(str(path))


def video(path, values, rate=12.0):
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), rate, (64, 48))
    for value in values:
        writer.write(blank(48, 64, value))
    writer.release()
    return find_clip(str(path))


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "frames").mkdir()
    for number in (1, 2, 10, 11):
        shade(10 * number).save(tmp_path / "frames" / f"frame{number}.png")
    return tmp_path / "frames"


def test_a_folder_is_read_in_the_order_of_its_numbers(folder):
    clip = find_clip(str(folder))
    assert shades(clip) == [10, 20, 100, 110]
    assert (clip.count, clip.rate, clip.notes) == (4, STILL_RATE, ())


def test_a_pattern_takes_what_it_matches(folder):
    assert shades(find_clip(str(folder / "frame1*.png"))) == [10, 100, 110]


def test_masks_beside_the_frames_are_no_frames(folder):
    shade(255).save(folder / "mask_frame1.png")
    shade(77).save(folder / "mask_of_nothing.png")
    clip = find_clip(str(folder))
    assert 77 in shades(clip) and 255 not in shades(clip)
    assert "1 pictures whose names begin with mask_" in clip.notes[0]


@pytest.mark.parametrize(("name", "options"), [
    ("x.gif", {"duration": 50}),
    ("x.webp", {"duration": 50, "lossless": True}),
    ("x.png", {"duration": 50}),
])  # fmt: skip
def test_animated_pictures_have_frames_and_a_rate(tmp_path, name, options):
    clip = film(tmp_path / name, [0, 80, 160, 240], **options)
    assert shades(clip) == [0, 80, 160, 240]
    assert (clip.rate, clip.count) == (20.0, 4)


def test_a_video_has_frames_and_a_rate(tmp_path):
    clip = video(tmp_path / "x.mp4", [0, 60, 120, 180])
    assert np.allclose(shades(clip), [0, 60, 120, 180], atol=6)
    assert (clip.rate, clip.count) == (12.0, 4)


@pytest.mark.parametrize(
    ("every", "most", "expected"), [(2, None, [10, 100]), (1, 3, [10, 20, 100]), (3, 2, [10, 110]), (9, 9, [10])]
)
def test_some_frames_are_taken_and_the_clip_plays_as_fast(folder, every, most, expected):
    clip = find_clip(str(folder)).taken(every, most)
    assert shades(clip) == expected and clip.count == len(expected)
    assert clip.rate == pytest.approx(STILL_RATE / every)


def test_nothing_after_the_last_frame_taken_is_read(folder):
    (folder / "frame12.png").write_bytes(b"no picture")
    assert shades(find_clip(str(folder)).taken(1, 4)) == [10, 20, 100, 110]
    with pytest.raises(BadImage, match=r"frame12\.png"):
        shades(find_clip(str(folder)))


def test_frames_of_other_sizes_are_refused_or_fitted(folder):
    shade(0, (40, 24)).save(folder / "frame3.png")
    with pytest.raises(BadRequest, match="--fix-scale"):
        shades(find_clip(str(folder)))
    frames = list(find_clip(str(folder)).taken(fix_scale=True).frames())
    assert {frame.shape for frame in frames} == {(24, 40, 3)}


def test_a_letterbox_keeps_the_shape():
    boxed = letterboxed(blank(20, 40, 0), (40, 40))
    assert (boxed[:10] == 255).all() and (boxed[-10:] == 255).all() and (boxed[10:30] == 0).all()


@pytest.mark.parametrize(("name", "content", "expected"), [
    ("x.mp4", b"not a film", "no video that can be read"),
    ("x.mp4", b"", "no video that can be read"),
    ("x.gif", b"GIF89a", "no picture that can be read"),
    ("x.txt", b"hello", "no video that can be read"),
])  # fmt: skip
def test_what_is_no_clip_is_refused_in_a_sentence(tmp_path, capfd, name, content, expected):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadImage, match=expected):
        find_clip(str(tmp_path / name))
    assert capfd.readouterr().err == ""  # the decoder keeps silent


@pytest.mark.parametrize(("name", "expected"), [
    ("nothing.mp4", "Check its name"),
    ("empty", "no pictures"),
    ("*.nothing", "no pictures"),
    ("one.png", "single picture"),
    ("http://127.0.0.1:9/x.mp4", "Check its name"),
])  # fmt: skip
def test_what_is_not_there_is_told(tmp_path, monkeypatch, name, expected):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    shade(3).save(tmp_path / "one.png")
    with pytest.raises(BadRequest, match=expected):
        find_clip(name)


@pytest.mark.parametrize(("name", "content"), [("x.mp4", b"no film"), ("x.gif", b"GIF89a"), ("x.png", None), ("none", None)])
def test_what_is_wrong_can_be_said_in_any_language(tmp_path, name, content):
    if content:
        (tmp_path / name).write_bytes(content)
    elif name == "x.png":
        shade(3).save(tmp_path / name)
    with pytest.raises(BadRequest) as told:
        find_clip(str(tmp_path / name))
    pattern, values = pattern_of(told.value.sentence)
    assert "{name}" in pattern and pattern.format(**values) == str(told.value)


def test_a_damaged_frame_is_told_with_its_name_and_in_any_language(folder):
    (folder / "frame2.png").write_bytes((folder / "frame2.png").read_bytes()[:60])
    with pytest.raises(BadImage, match=r"frame2\.png: The picture is damaged") as told:
        shades(find_clip(str(folder)))
    pattern, values = pattern_of(told.value.sentence)
    assert pattern == "{name}: {why}" and values["name"] == "frame2.png"


def test_the_fingerprint_tells_clips_apart(folder):
    clip = find_clip(str(folder))
    before = clip.fingerprint()
    assert before == find_clip(str(folder)).fingerprint()
    assert before != clip.taken(2).fingerprint()
    shade(99).save(folder / "frame2.png")
    assert before != clip.fingerprint()
