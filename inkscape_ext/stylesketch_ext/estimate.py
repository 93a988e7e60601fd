"""How long will it still take? A calm answer from a jumpy progress."""

import math
from typing import Optional

from stylesketch_ext.words import _

MEMORY = 6.0  # s; how far back the mean speed reaches
SETTLE = 2.0  # s before anything is said
LEAST = 0.03  # share done before anything is said: the first stages jump


class TimeLeft:
    """Feed (share done, time) often; ask for the seconds left.

    speed = exponential mean of the progress per second over the last MEMORY seconds, corrected for its start at zero.
    """

    def __init__(self) -> None:
        self._began: Optional[float] = None
        self._last = (0.0, 0.0)  # share, time
        self._mean = 0.0  # share per second, before the correction

    def update(self, done: float, now: float) -> Optional[float]:
        """Seconds left at time `now` (s, any origin); None while it is too early to tell."""
        if self._began is None:
            self._began, self._last = now, (done, now)
        share, seconds = done - self._last[0], now - self._last[1]
        if seconds > 0:
            weight = 1 - math.exp(-seconds / MEMORY)
            self._mean += weight * (max(0.0, share) / seconds - self._mean)
            self._last = (done, now)
        elapsed = now - self._began
        if elapsed < SETTLE or done < LEAST or self._mean <= 0:
            return None
        return (1 - done) * (1 - math.exp(-elapsed / MEMORY)) / self._mean


def spoken(seconds: Optional[float]) -> str:
    """A time left in words; rounded up and coarser the longer it is."""
    if seconds is None:
        return ""
    if seconds < 5:
        return _("a few seconds left")
    if seconds < 55:
        return _("about %d s left") % (5 * round(seconds / 5 + 0.49))
    minutes = int(seconds / 60 + 0.75)
    return _("about %d min left") % max(1, minutes)
