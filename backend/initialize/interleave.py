"""One order of importance for the strokes of several regions."""

from __future__ import annotations

from collections.abc import Sequence


def interleave(counts: Sequence[int], shares: Sequence[float], head_starts: Sequence[float]) -> list[tuple[int, int]]:
    """All strokes of all regions, as (region, place in the region's own order), so that every prefix is shared out well.

    counts: strokes of each region; shares: of the strokes that each is due, adding up to 1; head_starts: strokes that a region
    is given beforehand, so that it leads the short prefixes. A region that has no more strokes leaves its share to the others.
    """
    taken = [0] * len(counts)
    order: list[tuple[int, int]] = []
    while len(order) < sum(counts):
        left = [i for i in range(len(counts)) if taken[i] < counts[i]]
        total = sum(shares[i] for i in left) or 1.0
        drawn = sum(taken[i] for i in left) + 1

        def due(i: int, total: float = total, drawn: int = drawn) -> float:
            return drawn * shares[i] / total + head_starts[i] - taken[i]

        chosen = max(left, key=lambda i: (due(i), -i))
        order.append((chosen, taken[chosen]))
        taken[chosen] += 1
    return order


def falling(values: Sequence[float], least_step: float = 1e-4) -> list[float]:
    """The values as importances: each at least a little less than the one before it, the first as it is."""
    result: list[float] = []
    for value in values:
        result.append(value if not result else min(value, result[-1] * (1 - least_step)))
    return result
