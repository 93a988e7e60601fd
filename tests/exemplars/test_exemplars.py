"""What is measured on the bundled packs' exemplars is what they were drawn with, and what stands in the packs."""

import dataclasses

import numpy as np
import pytest

from backend.core.bezier import sample
from backend.style_pack import read_pack
from tests.exemplars.__main__ import HEIGHT, PACKS, STILL_LIFE, WIDTH, drawing_of, measured, still_life, with_measured
from tests.pictures import photograph

FOLDERS = sorted(path.parent for path in PACKS.glob("*/style.toml"))
HATCHED = [folder for folder in FOLDERS if read_pack(folder).hatch.share]
OVERLAID = {  # what a picture of them does not show
    "chalk": "strokes wider than they are apart, translucent and grained",
    "charcoal": "strokes wider than they are apart, translucent and grained",
    "woodcut": "a second layer of wedges halfway between those of the first",
}
BENT = 0.5  # form, from which on hatches follow the shapes and not their angle
CLEAR = {  # whose lines lie apart and are opaque, so that a picture shows how wide they are
    "technical-pen", "single-line", "crosshatch", "engraving", "felt-tip", "pencil", "colored-pencil", "woodcut",
}  # fmt: skip
OUTLINED = {"blueprint"}  # its hatches are fainter than what counts as a line; its outlines are measured


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_pack_holds_what_its_exemplar_shows(folder):
    found, kept = measured(folder / "exemplar.png"), read_pack(folder).measured
    for field in dataclasses.fields(kept):
        value = getattr(found, field.name)
        near = None if value is None else pytest.approx(value, rel=0.05, abs=0.01)  # OpenCV's versions differ a little
        assert getattr(kept, field.name) == near, field.name


@pytest.mark.parametrize("folder", HATCHED, ids=lambda folder: folder.name)
def test_spacing_and_angle_are_those_it_was_hatched_with(folder):
    pack = read_pack(folder)
    if folder.name not in OVERLAID:
        assert pack.measured.enlargement * pack.measured.hatch_spacing == pytest.approx(pack.hatch.spacing, rel=0.1)
    for found in filter(None, (pack.measured.hatch_angle, pack.measured.cross_angle)):
        off = min(abs((found - angle + 90) % 180 - 90) for angle in pack.hatch.angles)
        assert off < (15 if pack.hatch.form > BENT else 5), (found, pack.hatch.angles)


def test_another_measurement_takes_the_place_of_the_last(tmp_path):
    toml = 'title = "A"  # kept\n[pen]\nwidth = 0.01\n'
    found = measured(FOLDERS[0] / "exemplar.png")
    once = with_measured(toml, found)
    assert once.startswith('title = "A"  # kept\n[pen]\nwidth = 0.01\n\n[measured]\nenlargement = ')
    assert with_measured(once, found) == once


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", sorted(CLEAR | OUTLINED))
def test_lines_are_as_wide_as_they_were_drawn(name):
    pack = read_pack(PACKS / name)
    [layer] = drawing_of(pack, photograph(still_life(HEIGHT, WIDTH))).layers
    assert max(layer.framing.canvas) / layer.framing.scale / WIDTH == pytest.approx(STILL_LIFE, rel=0.005)
    kinds = [note.kind for note in layer.notes]
    lines = [i for i, kind in enumerate(kinds) if name in CLEAR or kind != "hatch"]
    drawn = _usual_width(layer.strokes.select(lines)) / layer.framing.scale / WIDTH
    found = pack.measured.line_width if name in CLEAR else pack.measured.outline_width
    assert found == pytest.approx(drawn, rel=0.1)


def _usual_width(strokes):
    """The median width along all strokes, canvas px."""
    points = sample(strokes.points.double(), strokes.segments, 97)[0].numpy()
    lengths = np.linalg.norm(np.diff(points, axis=1), axis=2)
    knots = strokes.widths.numpy()
    places = np.linspace(0, knots.shape[1] - 1, 96)
    widths = np.stack([np.interp(places, np.arange(len(row)), row) for row in knots])
    order = np.argsort(widths.ravel())
    along = lengths.ravel()[order].cumsum()
    return widths.ravel()[order][np.searchsorted(along, along[-1] / 2)]
