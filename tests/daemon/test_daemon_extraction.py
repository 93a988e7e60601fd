"""The real work of a style request, as the worker does it."""

import io

import pytest
import torch
from PIL import Image, ImageDraw
from stylesketch_ext.wire.messages import FeaturesRequest, StyleRequest

from backend.core.errors import BadRequest, Conflict, Missing, NotFound
from backend.daemon.extraction import extract, see
from backend.encoders.squeezenet import SqueezeNet
from backend.model_pool import ModelPool
from backend.places import Places
from backend.recipes import style_extraction
from backend.style_features import kept_features
from backend.style_library import Library
from backend.style_members import Pack, check_pack
from backend.style_pack import parse_pack
from tests.encoders.networks import squeezenet_weights


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(style_extraction, "MOTIF", (64, 100))
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


def picture(path, ink="black"):
    image = Image.new("RGB", (300, 200), "white")
    pen = ImageDraw.Draw(image)
    for y in range(10, 190, 12):
        pen.line((20, y, 280, y), fill=ink, width=3)
    data = io.BytesIO()
    image.save(data, "PNG")
    path.write_bytes(data.getvalue())
    return path


def finished(work):
    events = []
    while True:
        try:
            events.append(next(work))
        except StopIteration as end:
            return end.value, events


def test_pictures_become_a_checked_pack(tmp_path):
    paths = [picture(tmp_path / "a"), picture(tmp_path / "b")]
    made, events = finished(extract(StyleRequest(["a", "b"], "lines", "Öl", True), paths, Places.find(tmp_path / "home")))
    assert (made.pack.name, made.replace, list(made.notes)) == ("lines", True, [])
    style = parse_pack(made.pack.files["style.toml"].decode(), "lines")
    assert style.title == "Öl" and style.pen.width * 300 == pytest.approx(3, rel=0.1)
    assert {"exemplar.jpg", "exemplar-2.jpg"} <= set(made.pack.files)
    assert [event.stage for event in events][:2] == ["measuring the lines"] * 2


def test_networks_that_came_later_see_an_own_pack(tmp_path, monkeypatch):
    library, where = Library(tmp_path / "packs"), Places.find(tmp_path / "home")
    data = picture(tmp_path / "a").read_bytes()
    library.install(check_pack(Pack("lines", {"style.toml": b'title = "Lines"', "exemplar.png": data})))
    with pytest.raises(Missing, match="stylesketch models pull squeezenet"):
        finished(see(FeaturesRequest("lines"), library.own, where))
    with pytest.raises(Conflict, match="comes with StyleSketch"):
        finished(see(FeaturesRequest("pencil"), library.own, where))
    monkeypatch.setattr(ModelPool, "has_encoder", lambda pool, name: name == "squeezenet")
    monkeypatch.setattr(ModelPool, "encoder", lambda pool, name: SqueezeNet(squeezenet_weights(), pool.device))
    seeing, events = finished(see(FeaturesRequest("lines"), library.own, where))
    assert seeing.style == "lines" and {where[0] for where in kept_features(seeing.features)} == {"squeezenet"}
    assert [event.stage for event in events] == ["reading the exemplars", "seeing the style"]


def test_closing_it_stops_it(tmp_path):
    work = extract(StyleRequest(["a"], "lines"), [picture(tmp_path / "a")], Places.find(tmp_path / "home"))
    next(work)
    work.close()
    with pytest.raises(StopIteration):
        next(work)


def test_what_is_wrong_is_told(tmp_path):
    with pytest.raises(NotFound, match="is gone"):
        finished(extract(StyleRequest(["a"], "lines"), [tmp_path / "a"], Places.find(tmp_path / "home")))
    with pytest.raises(BadRequest, match="No line was found"):
        finished(extract(StyleRequest(["a"], "lines"), [picture(tmp_path / "a", "white")], Places.find(tmp_path / "home")))
