"""Embedded and linked pictures in every spelling that Inkscape shows."""

import base64
import urllib.parse
from pathlib import Path

import pytest
from documents import DATA_URI, PICTURE, svg_of
from stylesketch_ext.failures import Failure
from stylesketch_ext.hrefs import ABSREF, XLINK, decode_data_uri, linked_path, picture_bytes, repair_links

CODE = base64.b64encode(PICTURE).decode()


@pytest.mark.parametrize(
    "uri",
    [
        DATA_URI,
        "data:image/png;base64,\n  " + "\n".join(CODE[i : i + 20] for i in range(0, len(CODE), 20)) + " ",
        "data:;base64," + CODE,
        "data:image/png;charset=utf-8;base64," + CODE,
        "data:image/png;BASE64," + CODE.rstrip("="),
        "data:image/png;base64," + urllib.parse.quote(CODE),
        "data:image/png," + urllib.parse.quote_from_bytes(PICTURE),
    ],
)
def test_data_uri(uri):
    assert decode_data_uri(uri) == PICTURE


@pytest.mark.parametrize("uri", ["data:image/png;base64,", "data:image/png;base64,A", "data:", "data:image/png;base64"])
def test_a_damaged_data_uri_is_one_sentence(uri):
    with pytest.raises(Failure, match="import the photograph again"):
        decode_data_uri(uri)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "my dir").mkdir()
    for name in ("a b.png", "100%.png", "ü.png"):
        (tmp_path / "my dir" / name).write_bytes(PICTURE)
    return tmp_path


@pytest.mark.parametrize(
    ("link", "name"),
    [
        ("my%20dir/a%20b.png", "a b.png"),
        ("my dir/a b.png", "a b.png"),
        ("my dir/100%.png", "100%.png"),
        ("my%20dir/100%25.png", "100%.png"),
        ("my dir/%C3%BC.png", "ü.png"),
        ("../{}/my dir/a b.png", "a b.png"),
        ("{root}/my dir/a b.png", "a b.png"),
        ("file://{root}/my%20dir/a%20b.png", "a b.png"),
        ("file:{root}/my%20dir/a%20b.png", "a b.png"),
        ("file://localhost{root}/my%20dir/%C3%BC.png", "ü.png"),
    ],
)
def test_linked(folder, link, name):
    link = link.format(folder.name, root=folder)
    assert Path(linked_path(link, None, ["/nowhere", str(folder)])).resolve() == folder / "my dir" / name


def test_the_first_folder_wins_and_absref_comes_last(folder):
    (folder / "a b.png").write_bytes(b"other")
    folders = [str(folder), str(folder / "my dir")]
    assert linked_path("a b.png", None, folders) == str(folder / "a b.png")
    absref = str(folder / "my dir" / "a b.png")
    assert linked_path("gone.png", absref, folders) == absref


@pytest.mark.parametrize("link", ["http://x.org/a.png", "https://x.org/a.png"])
def test_the_web_is_refused(link):
    with pytest.raises(Failure, match=f"on the web \\({link}\\)"):
        linked_path(link, None, [])


def test_a_missing_file_is_named():
    with pytest.raises(Failure, match=r"/d/gone\.png is missing"):
        linked_path("gone.png", None, ["/d"])
    with pytest.raises(Failure, match=r"picture /d/gone\.png is missing"):
        linked_path("d/gone.png", None, ["/", "/d"])
    with pytest.raises(Failure, match="is missing"):
        linked_path("C:\\pictures\\gone.png", None, ["/d"])


def test_both_spellings_of_href(folder):
    root = svg_of(f'<image id="a" href="{DATA_URI}"/><image id="b" xlink:href="my dir/a b.png"/><image id="c"/>')
    assert picture_bytes(root.getElementById("a"), []) == PICTURE
    assert picture_bytes(root.getElementById("b"), [str(folder)]) == PICTURE
    with pytest.raises(Failure, match="empty"):
        picture_bytes(root.getElementById("c"), [])


@pytest.mark.parametrize("data", [b"<svg/>", b"\xef\xbb\xbf\n<?xml version='1.0'?><svg/>"])
def test_a_drawing_is_no_photograph(data):
    root = svg_of(f'<image id="a" href="data:image/svg+xml;base64,{base64.b64encode(data).decode()}"/>')
    with pytest.raises(Failure, match="what is visible"):
        picture_bytes(root.getElementById("a"), [])


def test_an_unreadable_file_is_one_sentence(folder, monkeypatch):
    def refuse(*arguments):
        raise PermissionError(13, "Permission denied")

    root = svg_of('<image id="b" xlink:href="my dir/a b.png"/>')
    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(Failure, match="Permission denied"):
        picture_bytes(root.getElementById("b"), [str(folder)])


def repaired(folder, body, document):
    """The document sits in <folder>/my dir, Inkscape's temporary file in <folder>/t."""
    (folder / "t").mkdir(exist_ok=True)
    root = svg_of(body)
    repair_links(root, str(folder / "t"), document)
    return root.getElementById("i").get(XLINK)


def test_links_start_at_the_document_again(folder):
    document = str(folder / "my dir" / "drawing.svg")
    assert repaired(folder, '<image id="i" xlink:href="../my%20dir/a%20b.png"/>', document) == "a%20b.png"
    assert repaired(folder, '<image id="i" xlink:href="../my dir/ü.png"/>', document) == "%C3%BC.png"


def test_links_of_an_unsaved_document_become_uris(folder):
    link = repaired(folder, '<image id="i" xlink:href="../my%20dir/a%20b.png"/>', "")
    assert link == (folder / "my dir" / "a b.png").as_uri()


@pytest.mark.parametrize(
    "link", ["{root}/my dir/a b.png", "file://{root}/x.png", DATA_URI, "https://x.org/a.png", "gone.png", "#g"]
)
def test_other_links_are_left_alone(folder, link):
    link = link.format(root=folder)
    assert repaired(folder, f'<image id="i" xlink:href="{link}"/>', str(folder / "d.svg")) == link


def test_absref_is_the_attribute_inkscape_writes():
    root = svg_of('<image id="i" sodipodi:absref="/p.png"/>')
    assert root.getElementById("i").get(ABSREF) == "/p.png"
