"""What arrives in a moving picture whose strokes are all in use, and which of them make room for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from backend.initialize.carry import CarriedStroke


@dataclass(frozen=True)
class ArrivalSettings:
    """Gains as the traced start tells them, on a canvas whose longer side is about 900 px."""

    looked_for: int = 16  # lines without a stroke that are looked at
    more: float = 3.0  # a line that adds so many times what was left out when the shot began, and …
    least: float = 90.0  # … at least so much, is new …
    together: float = 300.0  # … and if all of them add so much, something has arrived
    beside: float = 0.5  # of that least: what a line of it adds that is drawn, too
    share: float = 0.25  # of the strokes that make room at once …
    most: float = 0.5  # … and of those that have made room


def strokes_for(gains: Sequence[float], left_out: float, settings: ArrivalSettings = ArrivalSettings()) -> int:
    """How many strokes something needs that has arrived; 0 where nothing has.

    gains: what lines without a stroke would add; left_out: the most that one would have added when the shot began.
    """
    least = max(settings.least, settings.more * left_out)
    if sum(gain for gain in gains if gain > least) < settings.together:
        return 0
    return sum(gain > settings.beside * least for gain in gains)


def with_room(
    strokes: Sequence[CarriedStroke], wanted: int, settled: int, count: int, settings: ArrivalSettings = ArrivalSettings()
) -> list[CarriedStroke]:
    """The strokes, the least important ones that are seen waiting: as many as are wanted, as far as the settings allow.

    settled: strokes with smaller ids were there before what arrived, in the order of their importance; only they make room.
    count: how many strokes there are at most.
    """
    waiting = sum(stroke.waiting for stroke in strokes)
    room = min(wanted, int(settings.share * count), int(settings.most * count) - waiting)
    there = sorted(stroke.id for stroke in strokes if not (stroke.waiting or stroke.unseen) and stroke.id < settled)
    leaving = set(there[max(0, len(there) - room) :]) if room > 0 else set[int]()
    return [replace(stroke, waiting=stroke.waiting or stroke.id in leaving) for stroke in strokes]


def returned(strokes: Sequence[CarriedStroke], free: int) -> list[CarriedStroke]:
    """The strokes, of those that wait the most important ones no more, as many as there is room for."""
    back = set(sorted(stroke.id for stroke in strokes if stroke.waiting)[: max(free, 0)])
    return [replace(stroke, waiting=stroke.waiting and stroke.id not in back) for stroke in strokes]
