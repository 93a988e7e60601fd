"""`stylesketch bench step`: what whole fits take on this machine, when it is quiet and when it is busy."""

from __future__ import annotations

import ctypes
import multiprocessing
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from backend.adam import Adam
from backend.cli.bench_attempts import print_attempts
from backend.cli.bench_guidance import print_guidance
from backend.cli.bench_tables import SPREADS, WHITE, engine_here, ink, row, scene
from backend.guidance.squared_error import mean_squared_error
from backend.raster import Rasterizer, rasterize_culled
from backend.raster.native import NativeEngine


def print_step() -> None:
    """Whole fits."""
    print_fits()
    print_busy()
    print_guidance()
    print_attempts()


@dataclass(frozen=True)
class Fit:
    """A fit of 64 strokes to lines."""

    milliseconds: list[float]  # per step
    error: float  # mean squared, of the hard picture


def fit(
    engine: Rasterizer, schedule: tuple[float, float] | None, steps: int = 300, seed: int = 0, fused: NativeEngine | None = None
) -> Fit:
    """64 black strokes against an edge image of 224 px by Adam; schedule: softness at the first and the last step.

    fused: draws, compares and derives in one go instead of the engine.
    """
    target = ink(scene(40, 224, 0.6, 1.0, seed=77))
    wanted = rasterize_culled(target, (224, 224), WHITE)[:, :1]
    strokes = ink(scene(64, 224, SPREADS["short"], 1.5, seed))
    points = strokes.points.clone().requires_grad_()
    optimizer = Adam([points], 1.0)
    times = []
    for number in range(steps):
        start = time.perf_counter()
        part = number / max(steps - 1, 1)
        softness = schedule[0] * (schedule[1] / schedule[0]) ** part if schedule else 0.0
        moved = strokes.with_points(points)
        optimizer.forget()
        if fused:
            fused.squared_error(moved, wanted, (224, 224), WHITE, softness).backward()
        else:
            mean_squared_error(engine(moved, (224, 224), WHITE, softness)[:, :1], wanted).backward()
        optimizer.step()
        times.append(1e3 * (time.perf_counter() - start))
    hard = engine(strokes.with_points(points.detach()), (224, 224), WHITE)
    return Fit(times, float(F.mse_loss(hard[:, :1], wanted)))


def print_fits() -> None:
    """300 steps without and with a schedule of softness."""
    print("64 strokes fitted to lines of 224 px, 300 steps of Adam, median of 5 seeds")
    print("(quiet: at most 0.25 s, and the schedule ends lower)\n")
    print(row(["softness", "seconds", "mean squared error"]), row(["---"] * 3), sep="\n")
    torch.set_num_threads(1)
    engine = NativeEngine(engine_here().library, 1)
    for name, schedule in (("none", None), ("3.3 to 0.1 px", (3.3, 0.1))):
        fits = [fit(engine, schedule, seed=seed, fused=engine) for seed in range(5)]
        seconds = statistics.median(sum(one.milliseconds) for one in fits) / 1e3
        print(row([name, f"{seconds:.3f}", f"{statistics.median(one.error for one in fits):.5f}"]), flush=True)
    print()


def print_busy() -> None:
    """The median step on a quiet machine, and beside as many busy processes as the machine has cores."""
    print("Median step (90th percentile), ms, quiet and with two busy processes (at most 4 times as long)\n")
    print(row(["threads", "quiet", "busy", "busy : quiet"]), row(["---"] * 4), sep="\n")
    torch.set_num_threads(1)
    for threads in (1, 2):
        engine = NativeEngine(engine_here().library, threads)
        quiet = fit(engine, None, fused=engine).milliseconds
        with busy_processes(2):
            busy = fit(engine, None, steps=600, fused=engine).milliseconds
        cells = (f"{statistics.median(times):.3g} ({statistics.quantiles(times, n=10)[8]:.3g})" for times in (quiet, busy))
        print(row([threads, *cells, f"{statistics.median(busy) / statistics.median(quiet):.1f}"]), flush=True)


@contextmanager
def busy_processes(count: int) -> Iterator[None]:
    """That many processes that do nothing but keep a core busy."""
    context = multiprocessing.get_context("spawn")
    stop = context.Value(ctypes.c_bool, False)
    processes = [context.Process(target=_spin, args=(stop,), daemon=True) for _ in range(count)]
    for process in processes:
        process.start()
    time.sleep(3.0)  # they import torch first
    try:
        yield
    finally:
        stop.value = True
        for process in processes:
            process.join()


def _spin(stop: ctypes.c_bool) -> None:
    while not stop.value:
        sum(range(10000))
