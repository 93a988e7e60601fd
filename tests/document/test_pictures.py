import base64
import hashlib

import pytest

from backend.core.errors import BadRequest
from backend.document.markup import parsed
from backend.document.pictures import find_picture
from backend.document.sketches import find_sketch
from tests.document.drawings import plain, stroke

DATA = b"the picture"


def found(folder, more):
    text = plain(stroke("a", "M 1,2 L 4,2", 0), more=more).replace("abc", hashlib.sha256(DATA).hexdigest())
    root, _ = parsed(text.encode())
    return find_picture(root, find_sketch(root), folder / "drawing.svg")


def image(link):
    return f'<image xlink:href="{link}"/>'


@pytest.mark.parametrize("kind", ["embedded", "linked", "file", "title"])
def test_the_picture_is_known_by_its_hash(kind, tmp_path):
    (tmp_path / "a cup.png").write_bytes(DATA)
    (tmp_path / "other.png").write_bytes(b"another one")
    links = {
        "embedded": image("data:image/png;base64," + base64.b64encode(DATA).decode()),
        "linked": image("a%20cup.png"),
        "file": image((tmp_path / "a cup.png").as_uri()),
        "title": "<title>a cup.png</title>",
    }
    assert found(tmp_path, image("other.png") + links[kind]) == DATA


@pytest.mark.parametrize(
    "more", ["", image("gone.png"), image("other.png"), image("http://web.invalid/a.png"), image("data:,")]
)
def test_without_it_there_is_a_sentence(more, tmp_path):
    (tmp_path / "other.png").write_bytes(b"another one")
    with pytest.raises(BadRequest, match="Name it with --image"):
        found(tmp_path, more)
