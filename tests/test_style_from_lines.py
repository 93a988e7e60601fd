"""A pack made of any measures can be written, read and drawn with."""

from dataclasses import replace

import pytest

from backend.perception.line_style import LineStyle
from backend.style_from_lines import pack_from_lines
from backend.style_pack import parse_pack, write_pack

PLAIN = LineStyle(
    paper=(0.9, 0.9, 0.8), color=(0.1, 0.1, 0.2), light_on_dark=False, palette=(), ink_coverage=0.1, edge_density=0.1,
    line_share=1.0, line_density=30.0, line_width=0.004, thin_width=0.003, thick_width=0.005, width_variation=0.03,
    width_spread=0.1, taper=0.0, tip=1.0, stroke_length=0.3, curvature=2.0, wobble=0.0001, orientations=(0.5, 0.5),
    hatch_share=0.05, hatch_spacing=None, hatch_angles=(), hatch_bend=None, hatch_width=None, outline_width=None, strokes=100,
)  # fmt: skip
HATCHED = replace(
    PLAIN,
    hatch_share=0.7,
    hatch_spacing=0.01,
    hatch_angles=(30.0, -40.0),
    hatch_bend=0.2,
    hatch_width=0.003,
    outline_width=0.004,
)
NOTHING = replace(
    PLAIN, ink_coverage=0.0, line_density=0.0, line_width=None, thin_width=None, thick_width=None, width_variation=None,
    width_spread=None, taper=None, tip=None, stroke_length=None, curvature=None, wobble=None, orientations=(), hatch_share=0.0,
    strokes=0,
)  # fmt: skip
WILD = replace(
    HATCHED, line_width=0.9, width_variation=9.0, width_spread=9.0, taper=1.0, tip=0.0, stroke_length=9.0, wobble=0.5,
    hatch_spacing=0.9, hatch_width=0.9, hatch_bend=1.0, hatch_angles=(-90.0,), ink_coverage=1.0, strokes=10**6,
    palette=((1.0, 0.0, 0.0), (0.0, 0.0, 1.0)), line_density=9000.0, curvature=900.0, hatch_share=1.0,
)  # fmt: skip


def pack(style):
    return pack_from_lines(style, "lines", "Lines", "Measured.")


@pytest.mark.parametrize("style", [PLAIN, HATCHED, NOTHING, WILD, replace(HATCHED, line_width=1e-6, hatch_spacing=1e-6)])
def test_every_pack_can_be_written_and_read(style):
    made = pack(style)
    text = write_pack(made)
    again = parse_pack(text, "lines")
    assert write_pack(again) == text and again.pen.width == made.pen.width and again.hatch == made.hatch


def test_what_was_measured_is_drawn():
    made = pack(HATCHED)
    assert made.pen.width == 0.004 and made.paper == PLAIN.paper and made.pen.color == PLAIN.color
    assert (made.hatch.share, made.hatch.spacing, made.hatch.angles, made.hatch.levels) == (0.7, 0.01, (30.0, -40.0), 2)
    assert made.hatch.width == 0.75
    assert (made.measured.hatch_angle, made.measured.cross_angle, made.measured.line_width) == (30.0, -40.0, 0.004)


def test_a_picture_of_thousands_of_lines_is_seen_from_farther_away():
    few, many, most = (pack(replace(HATCHED, strokes=count)) for count in (1000, 16_000, 10**9))
    assert few.pen.width == 0.004 and many.pen.width == 0.008 and most.pen.width == 0.01
    assert many.hatch.spacing / few.hatch.spacing == many.pen.width / few.pen.width
    assert many.measured.line_width == 0.004, "what was measured is kept"


def test_an_even_line_stays_a_plain_pen():
    made = pack(PLAIN)
    assert made.pen.is_plain and made.gesture.wobble == 0 and made.hatch.share == 0 and not made.palette


def test_uneven_lines_get_pressure_and_tapered_ones_a_taper():
    made = pack(replace(PLAIN, width_variation=0.35, width_spread=0.8, taper=0.2, tip=0.3, wobble=0.001))
    assert made.pen.pressure > 0.5 and made.pen.unevenness > 0.3
    assert made.pen.taper_start == made.pen.taper_end == 0.4 and made.pen.tip == 0.3
    assert made.gesture.wobble == 0.001


def test_more_lines_make_more_strokes():
    counts = [pack(replace(PLAIN, strokes=count)).strokes for count in (0, 100, 1000, 10_000, 10**6)]
    assert (
        counts == sorted(counts) and counts[0] >= 24 and counts[1] == 100 and 300 < counts[2] < counts[3] and counts[-1] <= 480
    )


def test_colors_of_the_ink_are_the_palette():
    assert pack(WILD).palette.colors == ((1.0, 0.0, 0.0), (0.0, 0.0, 1.0))
    assert pack(WILD).palette.contours > 0
    black = pack(replace(PLAIN, palette=((1.0, 0.0, 0.0), (0.1, 0.1, 0.1))))
    assert black.palette.contours == 0 and black.pen.color == (0.1, 0.1, 0.1)


def test_the_pen_of_a_style_that_hatches_is_that_of_its_outlines():
    made = pack(replace(HATCHED, line_width=0.003, outline_width=0.006))
    assert made.pen.width == 0.006 and made.hatch.width == 0.5
    for few in (0.05, 0.95):  # of hatching, and of anything else
        assert pack(replace(HATCHED, hatch_share=few, outline_width=0.009)).pen.width == 0.004
