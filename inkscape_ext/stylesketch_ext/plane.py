"""The plane of fidelity and simplicity of finished sketches: what is drawn of it, and what is shown at a place of it."""

import threading
from typing import Dict, List, Sequence

from stylesketch_ext.wire.messages import SketchResult

ROWS = COLUMNS = 4  # of the plane as a whole


def even(count: int) -> List[float]:
    """`count` numbers from 0 to 1."""
    return [number / (count - 1) for number in range(count)]


def stroke_count(sketch: SketchResult) -> int:
    return sum(len(layer.paths) for layer in sketch.drawing.layers)


class Plane:
    """Sketches of one or several pictures: of each a row for every fidelity, of which every simplicity is a part.

    Rows may be added by another thread. A fidelity is there once all pictures have it.
    """

    def __init__(self, sketches: Sequence[SketchResult]) -> None:
        """sketches: of each picture the one with all its strokes, all of one fidelity."""
        self.sketches, self.first = list(sketches), sketches[0].settings.fidelity
        self._rows: List[Dict[float, SketchResult]] = [{self.first: sketch} for sketch in sketches]
        self._lock = threading.Lock()

    @property
    def fidelities(self) -> List[float]:
        """Those that are there, the most precise first."""
        with self._lock:
            return sorted(set.intersection(*(set(rows) for rows in self._rows)), reverse=True)

    @property
    def missing(self) -> List[float]:
        """The fidelities of the whole plane that are not there, the nearest to the first one first."""
        there = self.fidelities
        absent = [value for value in even(ROWS) if min(abs(value - other) for other in there) > 0.005]
        return sorted(absent, key=lambda value: (round(abs(value - self.first), 6), -value))

    def add(self, picture: int, row: SketchResult) -> None:
        """A row of the picture of that number."""
        with self._lock:
            self._rows[picture][row.settings.fidelity] = row

    def nearest(self, fidelity: float) -> float:
        """The fidelity that is there and nearest to this one; the more precise of two."""
        return min(self.fidelities, key=lambda value: abs(value - fidelity))

    def shown(self, fidelity: float, simplicity: float) -> List[SketchResult]:
        """A sketch of each picture: the first strokes of the nearest row."""
        nearest = self.nearest(fidelity)
        return [rows[nearest].simplified(simplicity) for rows in self._rows]

    def whole(self, picture: int) -> List[SketchResult]:
        """Every sketch of the plane: row by row, the most precise first, and in a row from detailed to sparse."""
        rows = self._rows[picture]
        return [rows[fidelity].simplified(simplicity) for fidelity in self.fidelities for simplicity in even(COLUMNS)]
