"""`stylesketch bench scene`: what a 4 × 4 matrix of a scene costs, and what its cells promise."""

from __future__ import annotations

import itertools
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import skimage.data
import torch
from PIL import Image
from stylesketch_ext.wire.messages import PathData, SketchRequest, SketchResult, SketchSettings

from backend.cli.scene import driven
from backend.cli.terminal import ProgressLine
from backend.core.bezier import sample
from backend.core.clip import Bits
from backend.daemon.matrix import Cell, draw_matrix
from backend.daemon.sketching import Sources, choices_of, prepare_process, read_inputs
from backend.places import Places
from backend.recipes.scene import Scene

SHAPE = (4, 4)
SIDE = 480  # px of the previews, as in the overview of `stylesketch scene`
BUNDLED = ("astronaut", "chelsea", "coffee", "camera", "rocket")
MOVES = 100  # of the simplicity slider, over its whole length
ALONG = 2000  # places of a stroke where it is looked at
REQUEST = SketchRequest("0" * 64, SketchSettings(device="cpu"), "scene")


@dataclass(frozen=True)
class Measured:
    """One matrix."""

    processor: float  # s
    wall: float  # s
    moves: tuple[float, float]  # ms: median and longest time for a part of a row
    strokes: tuple[int, int]  # of the fullest and of the sparsest cell
    hidden: int  # px of background strokes inside the mask of the objects, in all cells
    strangers: int  # strokes of cells that their left neighbors lack


def print_scene(paths: Sequence[Path], request: SketchRequest = REQUEST) -> None:
    """A row for every photograph, or for those that scikit-image brings; no weights are used, even where there are some."""
    prepare_process()
    print(f"a matrix of {SHAPE[0]} fidelities x {SHAPE[1]} simplicities with its previews, one thread, no weights")
    head = ("processor", "wall", "a move of the simplicity slider", "strokes", "background in objects", "not in left neighbor")
    print(f"  {'':24} " + " · ".join(head))
    with tempfile.TemporaryDirectory() as folder:
        for path in paths or _bundled(Path(folder)):
            found = measured(path, Places.find(Path(folder)), request)
            print(
                f"  {path.name:24} {found.processor:5.1f} s · {found.wall:5.1f} s · "
                f"{found.moves[0]:.2f} ms, at most {found.moves[1]:.2f} · "
                f"{found.strokes[0]} to {found.strokes[1]} · {found.hidden} px · {found.strangers}"
            )


def measured(path: Path, places: Places, request: SketchRequest) -> Measured:
    """The matrix of a photograph; errors as of `draw_matrix`."""
    sources = Sources(path, places.packs, places=places)
    wall, processor = time.perf_counter(), time.process_time()
    cells = driven(draw_matrix(request, sources, SHAPE, SIDE), ProgressLine(quiet=True))
    processor, wall = time.process_time() - processor, time.perf_counter() - wall
    scene = Scene.of(read_inputs(sources, request.settings), choices_of(request.settings))
    moves = [_milliseconds(row[0].result, number / MOVES) for row in cells for number in range(MOVES + 1)]
    return Measured(
        processor,
        wall,
        (statistics.median(moves), max(moves)),
        (max(len(_strokes(cell)) for row in cells for cell in row), min(len(_strokes(cell)) for row in cells for cell in row)),
        sum(pixels_inside(path, scene.hidden(0)) for row in cells for path in _strokes(row[0]) if path.region == "background"),
        sum(_strangers(cell, left) for row in cells for left, cell in itertools.pairwise(row)),
    )


def pixels_inside(path: PathData, mask: Bits) -> int:
    """How many pixels of a mask [H, W] the middle of a stroke touches."""
    curve = torch.tensor(path.points, dtype=torch.float64)[None]
    points, _tangents = sample(curve, torch.tensor([len(path.points) // 3]), ALONG)
    columns, rows = np.floor(points[0].numpy()).astype(int).T
    height, width = mask.shape
    there = (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
    touched = set(zip(rows[there].tolist(), columns[there].tolist(), strict=True))
    return sum(bool(mask[place]) for place in touched)


def _milliseconds(row: SketchResult, simplicity: float) -> float:
    begin = time.perf_counter()
    row.simplified(simplicity)
    return 1000 * (time.perf_counter() - begin)


def _strokes(cell: Cell) -> list[PathData]:
    return [path for layer in cell.result.drawing.layers for path in layer.paths]


def _strangers(cell: Cell, left: Cell) -> int:
    known = {(path.region, path.index, tuple(path.points)) for path in _strokes(left)}
    return sum((path.region, path.index, tuple(path.points)) not in known for path in _strokes(cell))


def _bundled(folder: Path) -> list[Path]:
    for name in BUNDLED:
        Image.fromarray(getattr(skimage.data, name)()).save(folder / f"{name}.png")
    return [folder / f"{name}.png" for name in BUNDLED]
