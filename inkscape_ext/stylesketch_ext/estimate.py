"""How long will it still take? A calm answer from a jumpy progress."""

from typing import Optional

SMOOTHING = 0.2  # weight of the newest speed
SETTLE = 1.5  # s of progress before anything is said


class TimeLeft:
    """Feed (share done, time); ask for the seconds left."""

    def __init__(self) -> None:
        self._began: Optional[float] = None
        self._last = (0.0, 0.0)  # share, time
        self._speed: Optional[float] = None  # share per second

    def update(self, done: float, now: float) -> Optional[float]:
        """Seconds left at time `now` (s, any origin); None while it is too early to tell."""
        if self._began is None:
            self._began, self._last = now, (done, now)
            return None
        share, seconds = done - self._last[0], now - self._last[1]
        if share > 0 and seconds > 0:
            speed = share / seconds
            self._speed = speed if self._speed is None else (1 - SMOOTHING) * self._speed + SMOOTHING * speed
            self._last = (done, now)
        if not self._speed or now - self._began < SETTLE:
            return None
        return max(0.0, (1 - self._last[0]) / self._speed - (now - self._last[1]))


def spoken(seconds: Optional[float]) -> str:
    """A time left in words; rounded up and coarser the longer it is."""
    if seconds is None:
        return ""
    if seconds < 5:
        return "a few seconds left"
    if seconds < 55:
        return "about %d s left" % (5 * round(seconds / 5 + 0.49))
    minutes = int(seconds / 60 + 0.75)
    return "about %d min left" % max(1, minutes)
