"""`stylesketch bench sketch`: how long a drawing takes, stage by stage, and how well its strokes cover the picture's lines."""

from __future__ import annotations

import statistics
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import skimage.data
import torch

from backend.core.bezier import sample
from backend.core.doubling import doubled_share
from backend.core.drawing import Drawing
from backend.core.image import Image
from backend.core.strokes import Strokes
from backend.daemon.sketching import prepare_process
from backend.initialize.trace import TracedStart
from backend.model_pool import ModelPool
from backend.perception.faces import find_faces
from backend.perception.photograph import Photograph, decode
from backend.recipes import RECIPES, Inputs, SketchChoices
from backend.recipes.object_sketch import choose_foreground
from backend.recipes.region import Region, RegionSettings, trace_region
from backend.style_pack import StylePack

SIDE = 1024  # px, the longer side that photographs are brought to
STROKES = 32
COUNTS = (16, 32, 64)
NEAR = 0.02  # of the canvas' longer side: lines this near to a stroke are covered
ROUNDS = 3

Found = list[tuple[str, Photograph]]


def print_sketch(paths: Sequence[Path], pack: StylePack, pool: ModelPool) -> None:
    """The tables for photographs, or for those that scikit-image brings."""
    prepare_process()
    photographs = [(path.name, decode(path.read_bytes())) for path in paths] or _bundled()
    photographs = [(name, Photograph(_at_side(photograph.pixels), None)) for name, photograph in photographs]
    for guidance in ("classical", *(["squeezenet"] if pool.has_encoder("squeezenet") else [])):
        print_times(photographs, guidance, pack, pool)
    print_lines(photographs)
    print_doubling(photographs, pack, pool)


def _bundled() -> Found:
    names = ("astronaut", "chelsea", "coffee", "camera", "rocket", "coins")
    return [(name, Photograph(_pixels(getattr(skimage.data, name)()), None)) for name in names]


def _pixels(array: npt.NDArray[np.uint8]) -> Image:
    array = np.repeat(array[..., None], 3, 2) if array.ndim == 2 else array[..., :3]
    return torch.from_numpy(array.astype(np.float32) / 255).permute(2, 0, 1)[None]


def _at_side(pixels: Image) -> Image:
    scale = SIDE / max(pixels.shape[-2:])
    size = [round(side * scale) for side in pixels.shape[-2:]]
    return torch.nn.functional.interpolate(pixels, size, mode="bilinear", antialias=True).clamp(0, 1)


def print_times(photographs: Found, guidance: str, pack: StylePack, pool: ModelPool) -> None:
    """Seconds of each stage, and until the first complete drawing."""
    print(f"{guidance}: seconds for {STROKES} strokes, longer side {SIDE} px, sums on one thread, medians of {ROUNDS} runs")
    for number, (name, photograph) in enumerate(photographs):
        rounds = range(ROUNDS + (number == 0))
        runs = [_timed(photograph, guidance, pack, pool) for _ in rounds][number == 0 :]  # the first one warms up
        median = {stage: statistics.median(run[stage] for run in runs) for stage in runs[0]}
        told = " · ".join(f"{stage} {seconds:.2f}" for stage, seconds in median.items())
        print(f"  {name:24} {told}")


def _timed(photograph: Photograph, guidance: str, pack: StylePack, pool: ModelPool) -> dict[str, float]:
    begin = since = time.perf_counter()
    seconds: dict[str, float] = defaultdict(float)
    stage, first = "", 0.0
    choices = SketchChoices(strokes=STROKES, guidance=guidance)
    for progress in RECIPES["object"].run(Inputs(photograph), choices, pack, pool):
        now = time.perf_counter()
        seconds[stage] += now - since
        stage, since = progress.stage, now
        first = first or (now - begin if progress.preview is not None else 0.0)
    now = time.perf_counter()
    seconds[stage] += now - since
    del seconds[""]
    return {**seconds, "first drawing after": first, "all": now - begin}


def print_lines(photographs: Found) -> None:
    """Share of the lines' weight that lies near a stroke, beside the strongest lines' first."""
    print(f"\nshare of the weight of all lines within {NEAR:.0%} of the side of a stroke: ours / strongest lines first")
    rows = []
    for name, photograph in photographs:
        start = _traced(photograph, max(COUNTS))
        row = [(covered(start, start.curves[:count]), covered(start, _strongest(start, count))) for count in COUNTS]
        rows.append(row)
        print(f"  {name:24} " + "   ".join(f"{n:3}: {a:.2f} / {b:.2f}" for n, (a, b) in zip(COUNTS, row, strict=True)))
    means = np.array(rows).mean(0)
    print(f"  {'mean':24} " + "   ".join(f"{n:3}: {a:.2f} / {b:.2f}" for n, (a, b) in zip(COUNTS, means, strict=True)))


def _traced(photograph: Photograph, count: int) -> TracedStart:
    settings, faces = RegionSettings(), find_faces(photograph.pixels)
    found, _notes = choose_foreground(Inputs(photograph), SketchChoices(), faces)
    region = Region.of("object", photograph.pixels, found, settings, faces)
    return trace_region(region, count, settings)


def covered(start: TracedStart, strokes: Sequence[torch.Tensor | npt.NDArray[np.float64]]) -> float:
    """Share, 0 … 1, of the strength of all lines found that is near one of some strokes [M, 2] or their control points."""
    points, weights = (
        np.concatenate([line.row for line in start.lines]),
        np.concatenate([line.strength for line in start.lines]),
    )
    far = points.max(0) + 2
    free = np.ones((int(far[1]) + 1, int(far[0]) + 1), np.uint8)
    for stroke in strokes:
        row = _along(stroke) if isinstance(stroke, torch.Tensor) else stroke
        cv2.polylines(free, [np.round(row).astype(np.int32)], False, 0)
    distance = cv2.distanceTransform(free, cv2.DIST_L2, 5)
    at = np.round(points).astype(int)
    near = distance[at[:, 1], at[:, 0]] < NEAR * max(free.shape)
    return float((weights * near).sum() / weights.sum())


def _along(curve: torch.Tensor) -> npt.NDArray[np.float64]:
    return sample(curve[None].double(), torch.tensor([(len(curve) - 1) // 3]), 400)[0][0].numpy() - 0.5


def _strongest(start: TracedStart, count: int) -> list[npt.NDArray[np.float64]]:
    """What an initializer without an eye for coverage takes."""
    return [line.row for line in sorted(start.lines, key=lambda line: -float(line.strength.sum()))[:count]]


def print_doubling(photographs: Found, pack: StylePack, pool: ModelPool) -> None:
    """Share of the strokes' length that runs beside another stroke."""
    print(f"\nshare of the length of {STROKES} strokes that doubles another: traced / refined")
    shares = []
    for name, photograph in photographs:
        pair = [doubled_share(_plain(photograph, steps, pack, pool)) for steps in (0, None)]
        shares.append(pair)
        print(f"  {name:24} {pair[0]:.3f} / {pair[1]:.3f}")
    print("  {:24} {:.3f} / {:.3f}".format("mean", *np.array(shares).mean(0)))


def _plain(photograph: Photograph, steps: int | None, pack: StylePack, pool: ModelPool) -> Strokes:
    choices = SketchChoices(strokes=STROKES, guidance="classical", steps=steps, style_strength=0.0)
    work = RECIPES["object"].run(Inputs(photograph), choices, pack, pool)
    while True:
        try:
            next(work)
        except StopIteration as end:
            drawing: Drawing = end.value
            return drawing.layers[0].strokes
