"""What the CUDA engine does with a whole fit, where there is a graphics card."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from backend.cli.bench_tables import SPREADS, WHITE, ink, scene
from backend.guidance.view import View
from backend.optimize import Schedule, Step, optimize
from backend.parameterize.direct import FreeStrokes
from backend.raster import rasterize_culled
from backend.raster.cuda import CudaEngine
from backend.recorded import GRAPHS, Recorder, optimize_recorded

SIDE, COUNT, STEPS = 224, 64, 300
SOFTNESS = (3.3, 0.1)  # px, at the first and the last step


@dataclass(frozen=True)
class CardFit:
    """A fit of strokes to lines."""

    name: str
    milliseconds: float  # per step
    error: float  # mean squared, of the last step


CARD = torch.device("cuda")


def print_card(engine: CudaEngine, device: torch.device = CARD, recorder: Recorder = GRAPHS, steps: int = STEPS) -> None:
    """The fit of `print_fits` on the card: step by step, and recorded in a CUDA graph."""
    print(
        f"{COUNT} strokes fitted to lines of {SIDE} px on the card, softness {SOFTNESS[0]} to {SOFTNESS[1]} px, ms per step\n"
    )
    for one in card_fits(engine, device, recorder, steps):
        print(f"{one.name}: {one.milliseconds:.3g} ms, mean squared error {one.error:.5f}", flush=True)
    print()


def card_fits(engine: CudaEngine, device: torch.device, recorder: Recorder, steps: int) -> Iterator[CardFit]:
    """Both ways, each once to warm up."""
    for number in range(2):
        waiting = _timed("step by step", _waiting(engine, device, steps))
        recorded = _timed("recorded", _recorded(engine, device, recorder, steps))
        if number:
            yield from (waiting, recorded)


def _timed(name: str, work: Iterator[Step]) -> CardFit:
    start = time.perf_counter()
    *_, last = work
    return CardFit(name, 1e3 * (time.perf_counter() - start) / last.number, last.loss)


def _waiting(engine: CudaEngine, device: torch.device, steps: int) -> Iterator[Step]:
    moved, loss = _problem(device)
    schedule = Schedule(steps, rate=1.0, softness=SOFTNESS)
    return optimize(moved, lambda view: (loss(view), {}), schedule, engine, (SIDE, SIDE), WHITE.to(device))


def _recorded(engine: CudaEngine, device: torch.device, recorder: Recorder, steps: int) -> Iterator[Step]:
    moved, loss = _problem(device)
    schedule = Schedule(steps, rate=1.0, softness=SOFTNESS)
    return optimize_recorded(moved, loss, schedule, engine, (SIDE, SIDE), WHITE.to(device), recorder=recorder)


def _problem(device: torch.device) -> tuple[FreeStrokes, Callable[[View], Tensor]]:
    target = rasterize_culled(ink(scene(40, SIDE, 0.6, 1.0, seed=77)), (SIDE, SIDE), WHITE)[:, :1].to(device)
    start = ink(scene(COUNT, SIDE, SPREADS["short"], 1.5)).to(device)
    return FreeStrokes(start), lambda view: F.mse_loss(view.image[:, :1], target)
