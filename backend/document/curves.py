"""The shapes of SVG as poly-Béziers: path data, basic shapes, transforms."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float64]  # [3S+1, 2]
Matrix = npt.NDArray[np.float64]  # [3, 3]
Curve = tuple[Points, bool]  # and whether it is closed

NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
TOKEN = re.compile(r"([MmZzLlHhVvCcSsQqTtAa])|([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)")
COUNTS = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "S": 4, "Q": 4, "T": 2, "A": 7, "Z": 0}
FLAG = re.compile(r"\s*,?\s*([01])")
UNITS = {"": 1.0, "px": 1.0, "in": 96.0, "mm": 96 / 25.4, "cm": 96 / 2.54, "pt": 96 / 72, "pc": 16.0}
CIRCLE = 4 / 3 * math.tan(math.pi / 8)


def length(text: str | None, default: float = 0.0) -> float:
    """A length in user units; the default for a missing or relative one."""
    found = re.fullmatch(rf"\s*({NUMBER.pattern})\s*([a-z]*)\s*", text or "")
    return float(found[1]) * UNITS[found[2]] if found and found[2] in UNITS else default


def transform(text: str | None) -> Matrix:
    """The matrix of a `transform` attribute; what cannot be read of it counts for nothing."""
    matrix = np.eye(3)
    for name, inside in re.findall(r"(\w+)\s*\(([^)]*)\)", text or ""):
        values = [float(number) for number in NUMBER.findall(inside)]
        matrix = matrix @ _step(name, values)
    return matrix


def _step(name: str, v: list[float]) -> Matrix:
    rows: list[list[float]] | None = None
    if name == "matrix" and len(v) == 6:
        rows = [[v[0], v[2], v[4]], [v[1], v[3], v[5]]]
    elif name == "translate" and v:
        rows = [[1, 0, v[0]], [0, 1, v[1] if len(v) > 1 else 0]]
    elif name == "scale" and v:
        rows = [[v[0], 0, 0], [0, v[1] if len(v) > 1 else v[0], 0]]
    elif name == "rotate" and v:
        c, s = math.cos(math.radians(v[0])), math.sin(math.radians(v[0]))
        x, y = (v[1], v[2]) if len(v) > 2 else (0.0, 0.0)
        rows = [[c, -s, x - c * x + s * y], [s, c, y - s * x - c * y]]
    elif name in ("skewX", "skewY") and v:
        t = math.tan(math.radians(v[0]))
        rows = [[1, t, 0], [0, 1, 0]] if name == "skewX" else [[1, 0, 0], [t, 1, 0]]
    return np.eye(3) if rows is None else np.array([*rows, [0, 0, 1]], float)


def moved(points: Points, matrix: Matrix) -> Points:
    """Points [..., 2] under a matrix."""
    return np.asarray(points @ matrix[:2, :2].T + matrix[:2, 2])


def scale_of(matrix: Matrix) -> float:
    """The mean scale of both directions."""
    return math.sqrt(abs(float(np.linalg.det(matrix[:2, :2]))))


def shape_curves(tag: str, get: Callable[[str], str | None], d: str | None = None) -> list[Curve]:
    """The curves of a shape by its attributes; none for what is no shape. d: of a path, instead of its own."""
    if tag == "path":
        return path_curves(d if d is not None else get("d") or "")
    if tag == "rect":
        return _rectangle({name: length(get(name)) for name in ("x", "y", "width", "height", "rx", "ry")})
    if tag in ("circle", "ellipse"):
        rx, ry = (length(get("r")),) * 2 if tag == "circle" else (length(get("rx")), length(get("ry")))
        return [(_ellipse(length(get("cx")), length(get("cy")), rx, ry), True)] if rx > 0 and ry > 0 else []
    if tag == "line":
        return [(_polygon([(length(get("x1")), length(get("y1"))), (length(get("x2")), length(get("y2")))]), False)]
    if tag in ("polyline", "polygon"):
        numbers = [float(number) for number in NUMBER.findall(get("points") or "")]
        corners = list(zip(numbers[::2], numbers[1::2], strict=False))
        if len(corners) < 2:
            return []
        return [(_polygon([*corners, corners[0]] if tag == "polygon" else corners), tag == "polygon")]
    return []


def path_curves(d: str) -> list[Curve]:
    """The subpaths of path data, as far as it can be read; those of one point are left out."""
    found: list[Curve] = []
    pen = _Pen()
    for command, values in _commands(d):
        if command.upper() == "M" or pen.shut:
            found += pen.lifted()
        pen.run(command, values)
    return [curve for curve in found + pen.lifted() if len(curve[0]) > 3]


def _commands(d: str) -> Iterator[tuple[str, list[float]]]:
    """Command letters with as many numbers as each takes."""
    at, command = 0, ""
    while at < len(d):
        token = re.compile(r"[\s,]*").match(d, at)
        at = token.end() if token else at
        letter = TOKEN.match(d, at)
        if not letter:
            return
        if letter[1]:
            command, at = letter[1], letter.end()
            if command.upper() == "Z":
                yield command, []
                continue
        elif not command or command.upper() == "Z":
            return
        values, at = _numbers(d, at, command)
        if len(values) < COUNTS[command.upper()]:
            return
        yield command, values
        command = {"M": "L", "m": "l"}.get(command, command)


def _numbers(d: str, at: int, command: str) -> tuple[list[float], int]:
    """The numbers that a command takes, and where they end; flags of arcs may stand together."""
    values: list[float] = []
    while len(values) < COUNTS[command.upper()]:
        flag = command in "Aa" and len(values) in (3, 4)
        found = FLAG.match(d, at) if flag else re.compile(rf"[\s,]*({NUMBER.pattern})").match(d, at)
        if not found:
            break
        values.append(float(found[1]))
        at = found.end()
    return values, at


class _Pen:
    """Where path data has led to."""

    def __init__(self) -> None:
        self.shut = False
        self._at = self._begin = np.zeros(2)
        self._points: list[Points] = []
        self._before: tuple[str, Points] = ("", np.zeros(2))  # the last command, and its last control point

    def lifted(self) -> list[Curve]:
        """The subpath so far; the next begins where it did if it was shut."""
        found = [(np.array(self._points), self.shut)] if self._points else []
        self._points, self.shut = [], False
        return found

    def run(self, command: str, values: list[float]) -> None:
        """One command more."""
        kind, origin = command.upper(), self._at if command.islower() else np.zeros(2)
        if kind == "M":
            self._at = self._begin = np.array(values) + origin
            self._before = ("M", self._at)
            return
        if kind == "Z":
            if np.linalg.norm(self._begin - self._at) > 1e-9 * (1 + np.abs(self._at).max()):
                self._line(self._begin)
            self._at, self.shut, self._before = self._begin, bool(self._points), ("Z", self._begin)
            return
        control = self._at
        if kind == "L":
            self._line(np.array(values) + origin)
        elif kind == "H":
            self._line(np.array([values[0] + origin[0], self._at[1]]))
        elif kind == "V":
            self._line(np.array([self._at[0], values[0] + origin[1]]))
        elif kind == "A":
            for cubic in _arc(self._at, values[:5], np.array(values[5:]) + origin):
                self._cubic(*cubic)
        else:
            control = self._bezier(kind, np.array(values).reshape(-1, 2) + origin)
        self._before = (kind, control)

    def _bezier(self, kind: str, given: Points) -> Points:
        """C, S, Q or T; its last control point."""
        mirrored = 2 * self._at - self._before[1] if self._before[0] in ("CS" if kind in "CS" else "QT") else self._at
        if kind in "CS":
            first = given[0] if kind == "C" else mirrored
            self._cubic(first, given[-2], given[-1])
            return np.asarray(given[-2])
        middle = given[0] if kind == "Q" else mirrored
        self._cubic((self._at + 2 * middle) / 3, (given[-1] + 2 * middle) / 3, given[-1])
        return np.asarray(middle)

    def _line(self, end: Points) -> None:
        self._cubic(self._at + (end - self._at) / 3, self._at + (end - self._at) * 2 / 3, end)

    def _cubic(self, first: Points, second: Points, end: Points) -> None:
        if not self._points:
            self._points.append(self._at)
        self._points += [first, second, end]
        self._at = end


def _arc(start: Points, values: list[float], end: Points) -> Iterator[tuple[Points, Points, Points]]:
    """An elliptical arc as cubics (SVG 2, B.2.4)."""
    rx, ry, turn, large, sweep = abs(values[0]), abs(values[1]), math.radians(values[2]), values[3] != 0, values[4] != 0
    if not (rx and ry) or np.allclose(start, end):
        yield start + (end - start) / 3, start + (end - start) * 2 / 3, end
        return
    rotation = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    half = rotation.T @ (start - end) / 2
    grown = math.sqrt(max(1.0, float((half[0] / rx) ** 2 + (half[1] / ry) ** 2)))
    rx, ry = rx * grown, ry * grown
    x, y = half[0] / rx, half[1] / ry
    away = math.sqrt(max(0.0, 1 / (x * x + y * y) - 1)) * (1 if large != sweep else -1)
    middle = np.array([away * y, -away * x])
    first, last = math.atan2(y - middle[1], x - middle[0]), math.atan2(-y - middle[1], -x - middle[0])
    way = (last - first) % (2 * math.pi) - (0 if sweep else 2 * math.pi)
    count = max(1, math.ceil(abs(way) / (math.pi / 2) - 1e-9))
    reach = 4 / 3 * math.tan(way / count / 4)
    center = rotation @ (middle * (rx, ry)) + (start + end) / 2

    def place(points: Points) -> Points:
        return np.asarray(rotation @ (points * (rx, ry)) + center)

    for k in range(count):
        a, b = first + way * k / count, first + way * (k + 1) / count
        on_a, on_b = np.array([math.cos(a), math.sin(a)]), np.array([math.cos(b), math.sin(b)])
        to_b = np.array([-math.sin(b), math.cos(b)])
        one, other = on_a + reach * np.array([-math.sin(a), math.cos(a)]), on_b - reach * to_b
        yield place(one), place(other), end if k == count - 1 else place(on_b)


def _ellipse(x: float, y: float, rx: float, ry: float) -> Points:
    c = CIRCLE
    unit = [(1, 0), (1, c), (c, 1), (0, 1), (-c, 1), (-1, c), (-1, 0), (-1, -c), (-c, -1), (0, -1), (c, -1), (1, -c), (1, 0)]
    return np.array(unit, float) * (rx, ry) + (x, y)


def _rectangle(at: Mapping[str, float]) -> list[Curve]:
    """Rounded corners are taken for sharp ones."""
    x, y, width, height = at["x"], at["y"], at["width"], at["height"]
    if width <= 0 or height <= 0:
        return []
    corners = [(x, y), (x + width, y), (x + width, y + height), (x, y + height), (x, y)]
    return [(_polygon(corners), True)]


def _polygon(corners: list[tuple[float, float]]) -> Points:
    """Straight lines as cubics."""
    at = np.array(corners, float)
    way = np.diff(at, axis=0)
    inner = np.stack([at[:-1] + way / 3, at[:-1] + way * 2 / 3, at[1:]], 1)
    return np.concatenate([at[:1], inner.reshape(-1, 2)])
