"""From what was measured on pictures to a style pack that draws like them."""

from __future__ import annotations

from backend.core.style_tables import Gesture, Hatch, Palette, Pen
from backend.perception.line_style import LineStyle
from backend.style_pack import Measured, StylePack

DIGITS = 4  # of measured values in a style.toml
SOME = 300  # strokes up to which a sketch has as many as the picture
MANY = 1000  # lines in a picture; one of more is drawn as if seen from farther away
ALL = 0.85  # share of hatching from which on the rest is no more than its frayed ends
HATCHED = 0.12  # share of lines from which on a style hatches
BLACK, GRAY = 0.35, 0.12  # of a color: its brightest channel, and how far its channels differ, at most
LEAST_WOBBLE = 0.0004  # share of the longer side; less is nobody's hand
LEAST_HATCH = 0.1  # share of the longer side, of the longest lines of hatching
LEAST_PIECE = 0.15  # share of the longer side; shorter pieces would break contours to crumbs


def pack_from_lines(style: LineStyle, name: str, title: str, description: str) -> StylePack:
    """The pack whose pen, hand, hatching and colors are those that were measured; what was not is a plain pen's."""
    return StylePack(
        name=name,
        title=title,
        description=description,
        strokes=_strokes(style),
        paper=style.paper,
        pen=_pen(style),
        gesture=_gesture(style),
        hatch=_hatch(style),
        palette=_palette(style),
        measured=measured_on(style, _digits(_farther(style), 3)),
    )


def _strokes(style: LineStyle) -> int:
    """As many as the picture has, but of some hundred on less and less more."""
    few = min(style.strokes, SOME)
    return round(_within(few * (max(1, style.strokes) / max(1, few)) ** 0.12, 24, 480))


def _farther(style: LineStyle) -> float:
    """How many times wider pen and spacing are than measured: what has thousands of lines is drawn with some hundred."""
    return _within((style.strokes / MANY) ** 0.25, 1.0, 2.5)


def _width(style: LineStyle) -> float | None:
    """Of the pen: in a style that hatches, of the lines that are no hatching, if there are enough of them."""
    return style.outline_width if HATCHED <= style.hatch_share <= ALL and style.outline_width else style.line_width


def _palette(style: LineStyle) -> Palette:
    """The colors of the ink; contours stay black where the picture has black lines, too."""
    if not style.palette:
        return Palette()
    darkest = min(style.palette, key=sum)
    black = max(darkest) < BLACK and max(darkest) - min(darkest) < GRAY
    return Palette(colors=style.palette, contours=0.0 if black and not style.light_on_dark else 0.7)


def _pen(style: LineStyle) -> Pen:
    variation, spread = style.width_variation or 0.0, style.width_spread or 0.0
    taper = _digits(_within(2 * (style.taper or 0.0), 0, 0.5))
    return Pen(
        width=_digits(_within(_farther(style) * (_width(style) or Pen.width), 0.0003, 0.1)),
        color=min(style.palette, key=sum) if style.palette and not style.light_on_dark else style.color,
        pressure=_digits(_within(2.2 * (variation - 0.08) + 0.35 * (spread - 0.4), 0, 1), 2),
        shade=0.4 if style.hatch_share >= HATCHED else 0.0,
        taper_start=taper,
        taper_end=taper,
        tip=_digits(_within(style.tip or 0.0, 0, 1), 2) if taper else 0.0,
        unevenness=_digits(_within(2 * (variation - 0.08), 0, 1), 2),
    )


def _gesture(style: LineStyle) -> Gesture:
    piece = 3 * (style.stroke_length or 1.0)
    wobble = min(style.wobble or 0.0, 0.4 * (style.line_width or 0.0))
    return Gesture(
        wobble=_digits(_within(wobble, 0, 0.02)) if wobble > LEAST_WOBBLE else 0.0,
        longest=_digits(max(piece, LEAST_PIECE)) if piece < 0.6 else 0.0,
    )


def _hatch(style: LineStyle) -> Hatch:
    width = _width(style)
    if style.hatch_share < HATCHED or not style.hatch_spacing or not style.hatch_angles or not width:
        return Hatch()
    return Hatch(
        share=_digits(_within(style.hatch_share, 0.2, 0.9), 2),
        angles=tuple(_digits(angle, 3) for angle in style.hatch_angles),
        form=_digits(_within(style.hatch_bend or 0.0, 0, 1), 2),
        levels=len(style.hatch_angles),
        spacing=_digits(_within(_farther(style) * style.hatch_spacing, 0.002, 0.1)),
        lightest=_digits(_within(0.5 - style.ink_coverage, 0.1, 0.45), 2),
        longest=_digits(_within(4 * (style.stroke_length or 1.0), LEAST_HATCH, 2)),
        width=_digits(_within((style.hatch_width or width) / width, 0.1, 6), 2),
        swell=_digits(_within((style.width_spread or 0.0) - 0.3, 0, 1), 2),
    )


def measured_on(style: LineStyle, enlargement: float = 1.0) -> Measured:
    """What was measured, as a pack keeps it; enlargement: how many times as long the lengths are that it draws with."""
    return Measured(
        enlargement=enlargement,
        line_width=_known(style.line_width),
        thin_width=_known(style.thin_width),
        thick_width=_known(style.thick_width),
        width_variation=_known(style.width_variation),
        width_spread=_known(style.width_spread),
        taper=_known_within(style.taper, 0, 1),
        tip=_known_within(style.tip, 0, 1),
        stroke_length=_known(style.stroke_length),
        curvature=_known(style.curvature),
        wobble=_known(style.wobble),
        orientations=style.orientations,
        edge_density=_known(style.edge_density),
        ink_coverage=_known(style.ink_coverage),
        line_density=_known(style.line_density),
        hatch_share=_known(style.hatch_share),
        hatch_spacing=_known(style.hatch_spacing),
        hatch_angle=_known(style.hatch_angles[0]) if style.hatch_angles else None,
        cross_angle=_known(style.hatch_angles[1]) if len(style.hatch_angles) > 1 else None,
        hatch_bend=_known(style.hatch_bend),
        hatch_width=_known(style.hatch_width),
        outline_width=_known(style.outline_width),
    )


def _known(value: float | None) -> float | None:
    return None if value is None else _digits(value)


def _known_within(value: float | None, least: float, most: float) -> float | None:
    return None if value is None else _digits(_within(value, least, most))


def _within(value: float, least: float, most: float) -> float:
    return min(most, max(least, value))


def _digits(value: float, count: int = DIGITS) -> float:
    """A value to so many digits that mean something, so that a style.toml can be read by people."""
    return float(f"{value:.{count}g}")
