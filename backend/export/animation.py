"""A drawing that moves as files: SVG with a layer per frame, SVG that plays, GIF, MP4, and its strokes as JSON."""

from __future__ import annotations

import io
import json
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path as File
from typing import Protocol
from xml.sax.saxutils import escape, quoteattr

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image as PillowImage

from backend.core.drawing import Drawing
from backend.core.entries import color_text
from backend.core.errors import Missing, OutOfDisk
from backend.core.moving import MovingDrawing, MovingStroke
from backend.export.paths import Path, layer_paths
from backend.export.svg import INKSCAPE, SODIPODI, STYLESKETCH, WHITE, drawing_lines, drawing_svg
from backend.export.texture import texture_filter

Array = npt.NDArray[np.float64]
Pixels = npt.NDArray[np.uint8]  # [H, W, 3]
Rasterize = Callable[[Drawing], Pixels]

COLORS = 64  # of a GIF
STILL = 0.0003  # how far a playing stroke may be beside its place, as a share of the picture's longer side


@dataclass(frozen=True)
class FramePath(Path):
    """A stroke in one frame; its index is the same in all frames."""

    id: str = ""


@dataclass(frozen=True)
class FrameLayer:
    """The strokes of one frame."""

    name: str
    paths: list[FramePath]


@dataclass(frozen=True)
class FrameStep:
    """A primitive of a texture's filter."""

    name: str
    attributes: dict[str, str]


@dataclass(frozen=True)
class FrameTexture:
    """The filter over a frame's strokes."""

    kind: str
    steps: list[FrameStep]


@dataclass(frozen=True)
class FrameDrawing:
    """One moment of a moving drawing, as an SVG file takes it."""

    width: int
    height: int
    run: str
    layers: list[FrameLayer] = field(default_factory=list)
    paper: str = WHITE
    texture: FrameTexture | None = None


def frame_drawing(moving: MovingDrawing, time: float, run: str, name: str) -> FrameDrawing:
    """A moment, counted in frames; the same stroke has the same index at every moment."""
    [layer] = moving.at(time).layers
    seen = moving.seen_at(time)
    paths = layer_paths(layer, [stroke.id for stroke in seen])
    named = [FramePath(**vars(path), id=f"ss-{run}-s{path.index:03d}") for path in paths]
    steps = [FrameStep(step.name, dict(step.attributes)) for step in texture_filter(moving.texture, max(moving.size))]
    texture = FrameTexture(moving.texture.kind, steps) if steps else None
    paper = color_text(moving.paper)
    return FrameDrawing(moving.size[1], moving.size[0], run, [FrameLayer(name, named)], paper, texture)


def frame_svg(moving: MovingDrawing, time: float, run: str, title: str, facts: Mapping[str, str]) -> str:
    """One moment as an SVG file of its own."""
    return drawing_svg(frame_drawing(moving, time, run, "strokes"), title, facts)


def layered_svg(moving: MovingDrawing, run: str, title: str, facts: Mapping[str, str]) -> Iterator[str]:
    """The lines of an SVG file with a layer for each frame, of which the first is visible."""
    yield from _head(moving, title, facts)
    yield from _paper(moving, run)
    for number in range(moving.frames):
        frame = frame_drawing(moving, number, f"{run}-f{number:03d}", "strokes")
        hidden = ' style="display:none"' if number else ""
        yield f'  <g id="ss-{run}-f{number:03d}" inkscape:groupmode="layer" inkscape:label="frame {number}"{hidden}>'
        yield from (f"  {line}" for line in drawing_lines(_on_white(frame)))
        yield "  </g>"
    yield "</svg>"


def animated_svg(moving: MovingDrawing, run: str, title: str, facts: Mapping[str, str]) -> Iterator[str]:
    """The lines of an SVG file that plays in browsers (SMIL): one path per stroke, of one width, which moves and fades.

    A way keeps as few of its frames as it can without leaving its place by more than a hairline.
    """
    yield from _head(moving, title, facts)
    yield from _paper(moving, run)
    yield f'  <g id="ss-{run}" inkscape:groupmode="layer" inkscape:label="strokes" fill="none"'
    yield '     stroke-linecap="round" stroke-linejoin="round">'
    for stroke in moving.strokes:
        yield from (f"    {line}" for line in _playing(stroke, moving, run))
    yield "  </g>"
    yield "</svg>"


def strokes_json(moving: MovingDrawing) -> str:
    """Every stroke with its control points [F, 3S+1, 2] in source px and its opacity, frame by frame."""
    strokes = [
        {
            "id": stroke.id,
            "first_frame": stroke.first,
            "closed": stroke.closed,
            "kind": stroke.note.kind,
            "color": color_text(stroke.color),
            "widths": [round(width, 3) for width in stroke.widths],
            "opacities": [round(float(value), 3) for value in stroke.opacities],
            "points": stroke.points.round(2).tolist(),
        }
        for stroke in moving.strokes
    ]
    whole = {
        "width": moving.size[1],
        "height": moving.size[0],
        "frames": moving.frames,
        "rate": moving.rate,
        "shots": list(moving.shots),
        "paper": color_text(moving.paper),
        "strokes": strokes,
    }
    return json.dumps(whole) + "\n"


class Film(Protocol):
    """What is shown at which moments."""

    def times(self, rate: float) -> list[float]: ...
    def at(self, time: float) -> Drawing: ...


def gif(moving: Film, rate: float, rasterize: Rasterize) -> bytes:
    """A GIF that plays forever, of `rate` pictures a second."""
    times = moving.times(rate)
    marks = [round(100 * (i + 1) / rate) for i in range(len(times))]  # a GIF counts in hundredths of a second
    durations = [10 * max(2, mark - before) for mark, before in zip(marks, [0, *marks], strict=False)]
    pictures = (
        PillowImage.fromarray(rasterize(moving.at(time))).quantize(COLORS, dither=PillowImage.Dither.NONE) for time in times
    )
    file = io.BytesIO()
    next(pictures).save(file, "GIF", save_all=True, append_images=pictures, duration=durations, loop=0, disposal=1)
    return file.getvalue()


def write_mp4(path: File, moving: Film, rate: float, rasterize: Rasterize) -> None:
    """An MP4 (MPEG-4 part 2), there whole or not at all; Missing where OpenCV cannot write it, OutOfDisk, OSError."""
    with tempfile.TemporaryDirectory(prefix=".mp4.", suffix=".part", dir=path.parent) as folder:
        part, times = File(folder) / "film.mp4", moving.times(rate)
        writer = None
        for time in times:
            picture = _even(rasterize(moving.at(time)))
            if writer is None:
                size = (picture.shape[1], picture.shape[0])
                writer = cv2.VideoWriter(str(part), cv2.VideoWriter.fourcc(*"mp4v"), rate, size)
                if not writer.isOpened():
                    raise Missing(
                        "This OpenCV cannot write MP4. Name a .gif or .svg instead, or install opencv-python-headless."
                    )
            writer.write(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
        if writer is not None:
            writer.release()
        if _pictures(part) < len(times):  # OpenCV does not tell when it could not write
            raise OutOfDisk("The film could not be written whole; most often the disk is full. Free some space and try again.")
        os.replace(part, path)


def _pictures(film: File) -> int:
    """How many pictures of a film can be read."""
    reader, count = cv2.VideoCapture(str(film)), 0
    while reader.grab():
        count += 1
    reader.release()
    return count


def _even(picture: Pixels) -> Pixels:
    """The picture with even sides, which films need."""
    return picture[: max(2, picture.shape[0] // 2 * 2), : max(2, picture.shape[1] // 2 * 2)]


def _head(moving: MovingDrawing, title: str, facts: Mapping[str, str]) -> Iterator[str]:
    height, width = moving.size
    told = "".join(f" stylesketch:{name}={quoteattr(value)}" for name, value in facts.items())
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:inkscape="{INKSCAPE}" xmlns:sodipodi="{SODIPODI}"'
    yield f'     xmlns:stylesketch="{STYLESKETCH}"'
    yield f'     width="{width}" height="{height}" viewBox="0 0 {width} {height}"{told}>'
    if title:
        yield f"  <title>{escape(title)}</title>"


def _paper(moving: MovingDrawing, run: str) -> Iterator[str]:
    """The paper, once behind all frames."""
    color = color_text(moving.paper)
    yield from list(drawing_lines(FrameDrawing(moving.size[1], moving.size[0], run, [], color)))


def _on_white(frame: FrameDrawing) -> FrameDrawing:
    return FrameDrawing(frame.width, frame.height, frame.run, frame.layers, WHITE, frame.texture)


def _playing(stroke: MovingStroke, moving: MovingDrawing, run: str) -> Iterator[str]:
    width = sum(stroke.widths) / len(stroke.widths)
    kept = _key_frames(stroke.points.reshape(len(stroke.points), -1), STILL * max(moving.size))
    ways = [_data(stroke.points[i], stroke.closed) for i in kept]
    times, opacities = _coming_and_going(stroke, moving)
    name = f"ss-{run}-s{stroke.id:03d}"
    yield f'<path id="{name}" d="{ways[0]}" stroke="{color_text(stroke.color)}" stroke-width="{width:.4g}"'
    yield f'   stroke-opacity="{opacities[0]:g}" stylesketch:index="{stroke.id}" stylesketch:kind="{stroke.note.kind}">'
    if len(ways) > 1:
        yield f"  {_animate('d', [(stroke.first + i) / moving.frames for i in kept], ways, moving)}"
    if len(set(opacities)) > 1:
        yield f"  {_animate('stroke-opacity', times, [f'{value:.3g}' for value in opacities], moving)}"
    yield "</path>"


def _animate(attribute: str, times: Sequence[float], values: Sequence[str], moving: MovingDrawing) -> str:
    """An endless animation; its first and last values last to the ends."""
    times, values = [0.0, *times, 1.0], [values[0], *values, values[-1]]
    told = ";".join(f"{time:.5f}".rstrip("0").rstrip(".") for time in times)
    return (
        f'<animate attributeName="{attribute}" dur="{moving.seconds:.3f}s" repeatCount="indefinite" '
        f'keyTimes="{told}" values="{";".join(values)}"/>'
    )


def _coming_and_going(stroke: MovingStroke, moving: MovingDrawing) -> tuple[list[float], list[float]]:
    """Moments as shares of the whole, and the opacity at each; where a shot begins or ends it changes at once."""
    kept = _key_frames(stroke.opacities[:, None], 0.004)
    frames, values = [stroke.first + i for i in kept], [float(stroke.opacities[i]) for i in kept]
    before = [(stroke.first if stroke.first in moving.shots else stroke.first - 1, 0.0)] if stroke.first else []
    cut = stroke.end in moving.shots
    after = [] if stroke.end >= moving.frames else [(stroke.end, values[-1]), (stroke.end, 0.0)] if cut else [(stroke.end, 0.0)]
    pairs = [*before, *zip(frames, values, strict=True), *after]
    return [frame / moving.frames for frame, _ in pairs], [value for _, value in pairs]


def _key_frames(rows: Array, tolerance: float) -> list[int]:
    """Indices of rows [F, C] between which all others lie on straight ways, within the tolerance (Douglas and Peucker 1973)."""
    last = len(rows) - 1
    kept, open_ranges = {0, last}, [(0, last)]
    while open_ranges:
        a, b = open_ranges.pop()
        if b - a < 2:
            continue
        share = np.linspace(0, 1, b - a + 1)[:, None]
        apart = np.abs(rows[a : b + 1] - (rows[a] + share * (rows[b] - rows[a]))).max(1)
        worst = int(apart.argmax())
        if apart[worst] > tolerance:
            kept.add(a + worst)
            open_ranges += [(a, a + worst), (a + worst, b)]
    return sorted(kept)


def _data(points: Array, closed: bool) -> str:
    start, *rest = (f"{x:.1f},{y:.1f}" for x, y in (points + 0.0).tolist())
    return f"M{start}C{' '.join(rest)}{'Z' if closed else ''}"
