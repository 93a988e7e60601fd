"""The tables of a style.toml: plain settings without torch, since the daemon's server reads packs too."""

from __future__ import annotations

from dataclasses import dataclass, replace

from backend.core.entries import Color, color, color_rule, number, number_rule, several, switch, whole


@dataclass(frozen=True)
class Pen:
    """The line itself."""

    width: float = number(0.005, 0.0003, 0.1)  # full width as a share of the framed subject's longer side
    color: Color = color((0.0, 0.0, 0.0))
    opacity: float = number(1.0, 0.05, 1)
    pressure: float = number(0.0, 0, 1)  # 0: all lines as wide … 1: important ones wide and swelling, the last ones hairlines
    sizes: float = number(0.0, 0, 1)  # 0: one nib … 1: important lines from wide nibs, the last from fine ones, each line even
    shade: float = number(0.0, 0, 1)  # how far the width follows the darkness beside the line
    taper_start: float = number(0.0, 0, 1)  # share of a line's length over which it swells from the tip's width …
    taper_end: float = number(0.0, 0, 1)  # … and over which it thins again
    tip: float = number(0.0, 0, 1)  # width at a tapered end, as a share of the line's
    unevenness: float = number(0.0, 0, 1)  # slow chance changes of width along a line
    contour: float = number(1.0, 0.3, 4)  # width of contours beside the details' 1

    @property
    def varies(self) -> bool:
        """Its width varies along a line."""
        return bool(self.pressure or self.shade or self.taper_start or self.taper_end or self.unevenness)

    @property
    def is_plain(self) -> bool:
        """All its lines are of one width and opaque."""
        return not (self.varies or self.sizes) and self.contour == 1 and self.opacity == 1

    def loosened(self, loose: float) -> Pen:
        """The pen in a hurry (1), or as it is (0): its lines thin towards their ends."""
        return replace(
            self,
            taper_start=max(self.taper_start, 0.15 * loose),
            taper_end=max(self.taper_end, 0.3 * loose),
            tip=self.tip if self.varies else 0.3,
        )

    def at(self, strength: float) -> Pen:
        """The pen between plain (0) and in full style (1)."""
        return replace(
            self,
            pressure=self.pressure * strength,
            sizes=self.sizes * strength,
            shade=self.shade * strength,
            taper_start=self.taper_start * strength,
            taper_end=self.taper_end * strength,
            tip=1 - (1 - self.tip) * min(1.0, 2 * strength),
            unevenness=self.unevenness * strength,
            contour=self.contour**strength,
        )


@dataclass(frozen=True)
class Gesture:
    """How the hand moves. Lengths are shares of the framed subject's longer side."""

    calm: float = number(0.0, 0, 0.05)  # how long the bends are that the hand smooths away
    wobble: float = number(0.0, 0, 0.02)  # how far the line strays sideways
    wobble_length: float = number(0.06, 0.005, 0.5)  # from one stray to the next
    overshoot: float = number(0.0, 0, 0.1)  # how far free ends run on
    longest: float = number(0.0, 0, 2)  # longer lines are drawn in pieces; 0: each in one go
    restate: int = whole(1, 1, 5)  # how often each line is drawn
    spread: float = number(0.004, 0, 0.03)  # how far restated lines lie apart
    single_line: bool = switch(False)  # all lines are one, drawn without lifting the pen

    @property
    def is_plain(self) -> bool:
        """It leaves the shapes of lines as they are."""
        return not (self.calm or self.wobble or self.overshoot or self.longest or self.restate > 1 or self.single_line)

    def loosened(self, loose: float) -> Gesture:
        """The hand in a hurry (1), or as it is (0)."""
        return replace(
            self,
            calm=self.calm + 0.004 * loose,
            wobble=self.wobble * (1 + 0.5 * loose) + 0.002 * loose,
            wobble_length=self.wobble_length * (1 + loose),
            overshoot=self.overshoot * (1 + 0.5 * loose) + 0.012 * loose,
        )

    def at(self, strength: float) -> Gesture:
        """The hand between a plain pen's (0) and in full style (1)."""
        return replace(
            self,
            calm=self.calm * strength,
            wobble=self.wobble * strength,
            overshoot=self.overshoot * strength,
            longest=self.longest / max(strength, 1e-3) if self.longest else 0.0,
            restate=1 + round((self.restate - 1) * strength),
            spread=self.spread * strength,
            single_line=self.single_line and strength > 0,
        )


@dataclass(frozen=True)
class Palette:
    """Which colors lines have. Without any, all have the pen's."""

    colors: tuple[Color, ...] = several((), color_rule(), 0, 24)  # those there are; each line takes the nearest to the picture
    count: int = whole(0, 0, 12)  # without fixed ones: as many as are found in the picture
    vividness: float = number(1.0, 0, 3)  # how colorful beside the picture's own
    contours: float = number(1.0, 0, 1)  # share of color in contours and details; 0: these keep the pen's color

    def __bool__(self) -> bool:
        return bool(self.colors or self.count)


@dataclass(frozen=True)
class Hatch:
    """How shadows are hatched. Lengths are shares of the framed subject's longer side."""

    share: float = number(0.0, 0, 0.95)  # of all strokes; 0: no hatching
    angles: tuple[float, ...] = several(
        (45.0,), number_rule(-180, 180), 1, 4
    )  # of each level, degrees, 0 = level, 90 = upright
    form: float = number(0.0, 0, 1)  # 0: straight lines … 1: lines that bend with the form
    levels: int = whole(1, 1, 4)  # how many layers of lines the darkest places have
    spacing: float = number(0.012, 0.002, 0.1)  # between neighbors
    lightest: float = number(0.35, 0, 0.95)  # darkness at which hatching begins; 0 = white, 1 = black
    longest: float = number(0.0, 0, 2)  # longer lines are broken; 0: as long as their shadow
    margin: float = number(0.004, 0, 0.03)  # kept free beside contours
    width: float = number(0.7, 0.1, 6)  # beside the pen's 1
    swell: float = number(0.0, 0, 1)  # how far the width carries the tone
    taper: float = number(0.3, 0, 1)  # share of a line's length that thins towards its end
    opacity: float = number(1.0, 0.05, 1)  # times the pen's

    def enlarged(self, times: float) -> Hatch:
        """The same hatching with all its lengths so many times as long."""
        return replace(self, spacing=self.spacing * times, longest=self.longest * times, margin=self.margin * times)

    def at(self, strength: float) -> Hatch:
        """The hatching between none (0) and in full style (1)."""
        return replace(
            self,
            share=self.share * strength,
            lightest=1 - (1 - self.lightest) * strength,  # it begins in the darkest places
            swell=self.swell * strength,
            taper=self.taper * strength,
        )
