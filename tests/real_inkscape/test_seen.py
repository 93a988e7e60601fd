"""What is visible, drawn by Inkscape: put back where it belongs, the bitmap looks like what it shows.

STYLESKETCH_TABLE=FILE appends the distances as a table.
"""

import base64

import pytest
import rings
from headless import render_all
from inkex_finder import make_importable
from placement_cases import CASES, image
from test_placement_table import FINE, check, names

LACKING = make_importable()
pytestmark = [
    pytest.mark.inkscape,
    pytest.mark.timeout(300),
    pytest.mark.skipif(bool(LACKING), reason=LACKING or "inkex is there"),
]

PAGE = rings.PAGE
AT = 'x="30" y="40" width="320" height="240"'
CLIP = '<defs><clipPath id="c"><circle cx="130" cy="150" r="70"/></clipPath></defs>'
TEXT = '<text id="t" x="40" y="350" font-size="60" font-family="DejaVu Sans">Ring</text>'
LINES = '<path id="p" d="M 40 60 L 200 30 L 160 160 Z" fill="none" stroke="black" stroke-width="3" transform="rotate(8)"/>'
ELSE = '<rect id="other" x="10" y="10" width="390" height="20"/>'
SEEN = {  # name: (body, attributes of the root, what is selected)
    "clipped picture": (CLIP + image(AT + ' clip-path="url(#c)"') + ELSE, PAGE, ["i"]),
    "picture in a clipped, turned group": (
        f'{CLIP}<g transform="rotate(10)"><g clip-path="url(#c)">{image(AT)}</g></g>{ELSE}', PAGE, ["i"]
    ),
    "masked picture": (
        '<defs><mask id="m"><rect x="30" y="40" width="200" height="200" fill="white"/></mask></defs>'
        + image(AT + ' mask="url(#m)"') + ELSE,
        PAGE, ["i"],
    ),
    "text": (TEXT + ELSE, PAGE, ["t"]),
    "several objects": (f'<g transform="translate(9 5) scale(1.1)">{LINES}{ELSE}</g>{TEXT}', PAGE, ["p", "t"]),
    "a group, page in millimeters": (
        ELSE + '<g id="g" transform="translate(5 5)"><path d="M 5 5 h 60 v 40 z" fill="none" '
        'stroke="black" stroke-width="1"/><circle cx="70" cy="70" r="20"/></g>',
        'width="110mm" height="110mm" viewBox="0 0 110 110"', ["g"],
    ),
    "a clone of something hidden, root of another aspect": (
        f'<g style="display:none">{LINES}</g><use id="u" x="60" y="50" xlink:href="#p"/>{ELSE}',
        'width="420" height="300" viewBox="-20 10 420 420"', ["u"],
    ),
    "picture and text together": (image(AT) + TEXT + ELSE, PAGE, ["i", "t"]),
}  # fmt: skip


def test_what_is_visible_lies_where_it_is_seen(screen, fake_profile, tmp_path, monkeypatch):
    monkeypatch.setenv("INKSCAPE_PROFILE_DIR", str(fake_profile[0].profile))
    check(measured(SEEN, screen, fake_profile[0], tmp_path), "what is visible")


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_every_picture_can_be_taken_as_it_is_seen(screen, fake_profile, tmp_path, monkeypatch):
    monkeypatch.setenv("INKSCAPE_PROFILE_DIR", str(fake_profile[0].profile))
    cases = {name: (body, page, ["i"]) for name, (body, page) in CASES.items()}
    check(measured(cases, screen, fake_profile[0], tmp_path), "pictures as they are seen")


def measured(cases, screen, installed, folder):
    """{name: (put back to seen, seen to put back)} in px at 96 dpi."""
    rings.write_pictures(folder)
    pairs = {}
    for name, (body, page, select) in cases.items():
        pairs[name] = original, put_back = [folder / f"{names(name)}-{kind}.svg" for kind in ("only", "back")]
        rings.write_document(original, body.replace(ELSE, ""), page)
        document = rings.write_document(folder / f"{names(name)}.svg", body, page)
        write_put_back(document, select, put_back, page)
        assert sorted(folder.glob("stylesketch-*")) == []
    render_all(screen, installed.profile, [file for pair in pairs.values() for file in pair], 96 * FINE)
    return {name: rings.distances(one.with_suffix(".png"), two.with_suffix(".png"), FINE) for name, (one, two) in pairs.items()}


def write_put_back(document, select, output, page):
    """A document with just the bitmap of what is selected in `document`, where the extension thinks that it lies."""
    import inkex
    from fake_engine import image_size
    from stylesketch_ext.subjects import subjects

    svg = inkex.load_svg(str(document)).getroot()
    svg.selection.set(*select)
    (subject,) = subjects(svg, [str(document.parent)], "seen")
    width, height = image_size(subject.data)
    (a, c, e), (b, d, f) = subject.matrix.matrix
    link = "data:image/png;base64," + base64.b64encode(subject.data).decode()
    matrix = ",".join(f"{v:.12g}" for v in (a, b, c, d, e, f))
    rings.write_document(
        output, f'<image width="{width}" height="{height}" transform="matrix({matrix})" xlink:href="{link}"/>', page
    )
