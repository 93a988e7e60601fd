"""The daemon's real work: pictures of every kind, and the same drawing from the daemon as from this process."""

import base64
import io
import os
import subprocess
import sys
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw
from stylesketch_ext.wire.codec import dumps
from stylesketch_ext.wire.messages import SketchRequest, SketchSettings

from backend.core.errors import BadImage, BadRequest, ImageTooLarge, NotFound
from backend.core.work import completed
from backend.daemon import images as images_module
from backend.daemon.executors import ProcessExecutor
from backend.daemon.images import Images
from backend.daemon.results import run_name
from backend.daemon.sketching import Sources, draw
from backend.daemon.store import Store
from backend.daemon.tasks import draw_request, preload_drawing
from backend.model_pool import available_devices
from backend.perception import picture_file
from backend.recipes import RECIPES

REQUEST = SketchRequest("ab" * 32, SketchSettings(strokes=8, steps=2, device="cpu"), title="Cup")


def cup(size=(96, 72)):
    image = Image.new("RGB", size, "#e8e4dc")
    pen = ImageDraw.Draw(image)
    pen.ellipse((20, 12, 70, 34), outline="#302820", width=4)
    pen.line((20, 23, 30, 64, 60, 64, 70, 23), fill="#302820", width=4)
    return image


def file(image, kind="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def turned(image):
    exif = Image.Exif()
    exif[0x0112] = 6
    return file(image, "JPEG", exif=exif)


@pytest.fixture(scope="module")
def intake():
    executor = ProcessExecutor("intake", grace=0.0)
    yield executor
    executor.stop()


@pytest.fixture
def images(tmp_path, intake):
    store = Store(tmp_path / "jobs.sqlite")
    yield Images(tmp_path / "images", store, intake)
    store.close()


def keep(images, data):
    upload = images.receive()
    try:
        upload.write(data)
        return images.keep(upload)
    finally:
        upload.drop()


@pytest.mark.parametrize(
    ("make", "size"),
    [
        (lambda: file(cup()), (96, 72)),
        (lambda: file(Image.new("RGB", (1, 1))), (1, 1)),
        (lambda: file(cup().convert("CMYK"), "JPEG"), (96, 72)),
        (lambda: file(Image.fromarray(np.arange(12, dtype=np.uint16).reshape(3, 4) * 5000)), (4, 3)),
        (lambda: turned(cup()), (72, 96)),
        (lambda: file(cup(), "GIF", save_all=True, append_images=[Image.new("RGB", (96, 72), "red")]), (96, 72)),
        (lambda: file(cup().convert("RGBA")), (96, 72)),
        (lambda: file(cup().quantize(8), "PNG", transparency=0), (96, 72)),
    ],
    ids=["plain", "1x1", "cmyk", "16-bit", "exif-rotated", "animated", "transparent", "palette"],
)
def test_pictures_of_every_kind_are_taken(images, make, size):
    info = keep(images, make())
    assert (info.width, info.height) == size
    assert images.path(info.sha256).read_bytes() == make()


def huge():
    """A PNG that says that it has 30000 × 30000 px."""
    data = bytearray(file(Image.new("1", (1, 1))))
    data[16:24] = (30000).to_bytes(4, "big") * 2
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (file(cup())[:200], BadImage),
        (file(cup(), "JPEG")[:-300], BadImage),
        (b"just some text\n" * 9, BadImage),
        (b"\x89PNG\r\n\x1a\n", BadImage),
        (b"\0", BadImage),
        (huge(), ImageTooLarge),
    ],
    ids=["truncated-png", "truncated-jpeg", "text", "only-a-head", "zero", "huge"],
)
def test_what_is_no_picture_is_refused_with_a_sentence_and_leaves_nothing(images, tmp_path, data, kind):
    with pytest.raises(kind, match=r"^[A-Z].*\.$"):
        keep(images, data)
    assert list((tmp_path / "images").iterdir()) == []


def test_the_limits_of_server_and_decoder_agree():
    assert images_module.MAX_UPLOAD == picture_file.MAX_BYTES


@pytest.fixture(scope="module")
def drawer():
    executor = ProcessExecutor("drawing", preload_drawing)
    yield executor
    executor.stop()


@pytest.fixture(scope="module")
def picture(tmp_path_factory):
    path = tmp_path_factory.mktemp("pictures") / "cup.png"
    path.write_bytes(file(cup()))
    return path


def test_the_worker_tells_what_it_can_do(drawer):
    drawer.warm()
    assert drawer.hello.devices == available_devices() and "object" in drawer.hello.guidance


def test_the_worker_draws_the_same_bytes_as_this_process(drawer, picture, tmp_path):
    threads = torch.get_num_threads()
    seen = []
    theirs = completed(drawer.run(draw_request, REQUEST, picture, tmp_path, None), seen.append)
    ours = completed(draw(REQUEST, Sources(picture, tmp_path), previews=False))
    torch.set_num_threads(threads)
    assert dumps(theirs.result.drawing) == dumps(ours.result.drawing)
    assert (theirs.svg, theirs.preview) == (ours.svg, ours.preview)
    assert 1 <= len(theirs.result.drawing.layers[0].paths) <= 8
    previews = [event.preview for event in seen if event.preview]
    assert previews and max(Image.open(io.BytesIO(base64.b64decode(text))).size[0] for text in previews) <= 320
    done = [event.done for event in seen]
    assert done == sorted(done) and done[0] >= 0 and done[-1] <= 1


def test_paths_are_named_by_request_and_order(drawer, picture, tmp_path):
    result = completed(drawer.run(draw_request, REQUEST, picture, tmp_path, None)).result
    names = [path.id for layer in result.drawing.layers for path in layer.paths]
    assert names == [f"ss-{run_name(REQUEST)}-s{number:03d}" for number in range(len(names))]
    assert result.drawing.run == run_name(REQUEST)
    assert (result.drawing.width, result.drawing.height) == (96, 72)
    assert set(result.seconds) >= {"total"} and result.title == "Cup" and result.style_title


def test_a_result_lists_every_attempt(drawer, picture, tmp_path):
    request = replace(REQUEST, settings=replace(REQUEST.settings, candidates=3, seed=7))
    result = completed(drawer.run(draw_request, request, picture, tmp_path, None)).result
    assert [each.seed for each in result.candidates] == [7, 8, 9]
    [kept] = [each for each in result.candidates if each.kept]
    assert kept.finished and kept.drawing.layers[0].paths[0].points == result.drawing.layers[0].paths[0].points
    assert kept.score == max(each.score for each in result.candidates if each.finished)
    assert len({each.drawing.run for each in result.candidates} | {result.drawing.run}) == 4
    assert result.judge and "3 attempts" in result.notes[-1]
    assert len(result.phrases) == len(result.notes) and all(phrase.pattern for phrase in result.phrases)
    assert result.phrases[-1].values["count"] == "3" and "{count} attempts" in result.phrases[-1].pattern
    counts = [[len(each.drawing.layers[0].paths) for each in found.candidates] for found in (result, result.simplified(1.0))]
    assert counts[1] == [min(4, count) for count in counts[0]]
    assert completed(drawer.run(draw_request, REQUEST, picture, tmp_path, None)).result.candidates == []


def test_the_run_is_named_by_the_request_but_not_by_its_title():
    assert run_name(REQUEST) == run_name(SketchRequest(REQUEST.image, REQUEST.settings, title="Other"))
    assert run_name(REQUEST) != run_name(SketchRequest("cd" * 32, REQUEST.settings))
    assert run_name(REQUEST) != run_name(SketchRequest(REQUEST.image, SketchSettings(strokes=8, steps=2, device="cpu", seed=1)))
    assert run_name(REQUEST, "1") != run_name(REQUEST, "2")


@pytest.mark.parametrize(
    ("request_", "kind"),
    [
        (SketchRequest("0" * 64, SketchSettings(style="no-such")), NotFound),
        (SketchRequest("0" * 64, SketchSettings(guidance="tarot")), BadRequest),
        (SketchRequest("0" * 64, SketchSettings(device="abacus")), BadRequest),
        (SketchRequest("0" * 64, recipe="soup"), BadRequest),
    ],
)
def test_requests_that_cannot_be_drawn_say_why(drawer, picture, tmp_path, request_, kind):
    with pytest.raises(kind, match=r"^[A-Z].*\.$"):
        completed(drawer.run(draw_request, request_, picture, tmp_path, None))


def test_a_picture_that_is_gone_is_told(drawer, tmp_path):
    with pytest.raises(NotFound, match="Choose it again"):
        completed(drawer.run(draw_request, REQUEST, tmp_path / "gone.png", tmp_path, None))


def test_server_and_command_line_start_without_torch():
    code = "import sys, backend.daemon.serve, backend.cli; sys.exit('torch' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path.cwd()), *sys.path])}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True, timeout=60)


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("simplicity", [0.3, 1.0])
def test_a_simplified_result_is_what_that_simplicity_draws(recipe, simplicity, tmp_path):
    (tmp_path / "cup.png").write_bytes(file(cup()))
    settings = SketchSettings(strokes=30, steps=0, device="cpu")
    sources = Sources(tmp_path / "cup.png", tmp_path)

    def drawn(settings):
        return completed(draw(SketchRequest("ab" * 32, settings, recipe), sources, False)).result

    simplified = drawn(settings).simplified(simplicity).drawing.layers
    anew = drawn(replace(settings, simplicity=simplicity)).drawing.layers
    for layer, same in zip(simplified, anew, strict=True):
        assert [path.points for path in layer.paths] == [path.points for path in same.paths]
