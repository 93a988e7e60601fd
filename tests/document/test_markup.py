import pytest

from backend.core.errors import BadRequest
from backend.document.markup import STYLESKETCH, SVG, Edit, changed, parsed, with_attributes, written

FILE = (
    b'<?xml version="1.0"?>\n<!-- a > b --><svg xmlns="http://www.w3.org/2000/svg" xmlns:s="https://stylesketch.org/ns/1" '
    b's:seed="3"><g id="a" s:note=\'x > y\'><path id="p" d="M 0,0 L 1,1"/></g><defs/>\n<title>A cup &amp; more</title></svg>\n'
)


def named(root, name):
    return next(each for each in root.walk() if each.id == name)


def test_every_element_knows_its_bytes():
    root, data = parsed(FILE)
    assert data == FILE
    path, group = named(root, "p"), named(root, "a")
    assert data[path.start : path.end] == b'<path id="p" d="M 0,0 L 1,1"/>'
    assert path.empty and not group.empty
    assert data[group.start : group.head] == b"<g id=\"a\" s:note='x > y'>"
    assert data[group.start : group.end].endswith(b"</g>")
    assert [each.tag for each in root.children] == ["g", "defs", "title"]
    assert root.children[2].text == "A cup & more"
    assert root.get("seed", STYLESKETCH) == "3"
    assert list(path.above()) == [group, root]


def test_letters_of_several_bytes_do_not_shift_places():
    data = '<svg xmlns="http://www.w3.org/2000/svg"><title>Grüße – 猫</title><path id="p"/></svg>'.encode()
    root, _ = parsed(data)
    path = named(root, "p")
    assert data[path.start : path.end] == b'<path id="p"/>'


def test_files_in_sixteen_bits_are_read():
    root, data = parsed('<?xml version="1.0" encoding="UTF-16"?><svg xmlns="http://www.w3.org/2000/svg"/>'.encode("utf-16"))
    assert root.tag == "svg"
    assert b"UTF-16" not in data


def test_edits_leave_the_rest():
    root, data = parsed(FILE)
    path = named(root, "p")
    again = changed(data, [Edit(path.start, path.end, b"<x/>"), Edit(path.end, path.end, b"<y/>")])
    assert again == FILE.replace(b'<path id="p" d="M 0,0 L 1,1"/>', b"<x/><y/>")


@pytest.mark.parametrize(("name", "value"), [("seed", "4"), ("version", 'a "b" <c>')])
def test_facts_are_replaced_or_added(name, value):
    root, data = parsed(FILE)
    again, _ = parsed(changed(data, [with_attributes(root, data, {name: value})]))
    assert again.get(name, STYLESKETCH) == value
    assert len(again.attributes) == len({*root.attributes, f"{{{STYLESKETCH}}}{name}"})


def test_a_fact_brings_its_namespace_along():
    root, data = parsed(b'<svg xmlns="http://www.w3.org/2000/svg"/>')
    again, _ = parsed(changed(data, [with_attributes(root, data, {"seed": "1"})]))
    assert again.get("seed", STYLESKETCH) == "1"


@pytest.mark.parametrize("head", [f'xmlns="{SVG}"', f'xmlns:svg="{SVG}"', f'xmlns="{SVG}" xmlns:other="{STYLESKETCH}"'])
def test_what_is_written_is_read_wherever_it_stands(head):
    tag = "svg:svg" if "xmlns:svg" in head else "svg"
    root, data = parsed(f"<{tag} {head}></{tag}>".encode())
    text = written("path", {"id": "a&b", f"{{{STYLESKETCH}}}index": "7"}, root.prefixes)
    again, _ = parsed(changed(data, [Edit(root.head, root.head, text.encode())]))
    [path] = again.children
    assert (path.tag, path.id, path.get("index", STYLESKETCH)) == ("path", "a&b", "7")


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"no xml", "cannot be read as SVG"),
        (b"<html/>", "no SVG drawing"),
        (b"\x1f\x8b\x08", "compressed"),
        (b'<!DOCTYPE svg [<!ENTITY a "b">]><svg xmlns="http://www.w3.org/2000/svg"/>', "entities"),
        (b'<svg xmlns="http://www.w3.org/2000/svg">' + b"<g>" * 300 + b"</g>" * 300 + b"</svg>", "too deep"),
        (b"<svg>", "cannot be read"),
    ],
)
def test_what_cannot_be_read_is_one_sentence(data, told):
    with pytest.raises(BadRequest, match=told):
        parsed(data)


def test_huge_files_are_refused(monkeypatch):
    monkeypatch.setattr("backend.document.markup.MOST_BYTES", 10)
    with pytest.raises(BadRequest, match="Save it without embedded pictures"):
        parsed(FILE)
