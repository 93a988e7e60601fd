"""The tables of `stylesketch bench`: how fast and how exact the rasterizers are on this machine."""

from __future__ import annotations

import importlib.util
import itertools
import math
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from backend.core.bezier import bernstein
from backend.core.errors import Missing
from backend.core.image import Image
from backend.core.strokes import Strokes
from backend.guidance.squared_error import mean_squared_error
from backend.raster import Rasterizer, rasterize_culled, rasterizers
from backend.raster.allocator import keep_large_blocks
from backend.raster.exact import exact_picture
from backend.raster.native import NativeEngine, describe_engine, native_engine

SPREADS = {"short": 0.05, "long": 0.3}  # offsets of CLIPasso's first strokes; what they grow to (about 45 px of 224)
COUNTS, SIZES = (16, 64, 256, 1024), (224, 512)
BRUTE_SAMPLES, BRUTE_THREADS, BRUTE_PAIRS = 20, 2, 64 * 224 * 224
PROTOTYPE_BRUTE = 214.0  # ms, forward and backward of 64 long strokes at 224 px beside the figures below
PROTOTYPE = {  # ms, forward and backward in color on one thread, of the engine that this one has to match
    **dict(
        zip(itertools.product((224,), COUNTS, SPREADS), (0.236, 0.277, 0.297, 0.486, 0.513, 1.455, 1.777, 6.563), strict=True)
    ),
    **dict(
        zip(itertools.product((512,), COUNTS, SPREADS), (1.615, 1.873, 2.912, 4.345, 3.242, 7.414, 11.174, 23.456), strict=True)
    ),
}
WHITE = torch.ones(3)


def print_head() -> None:
    """What is measured; Missing where there is no native engine."""
    if native_engine() is None:
        raise Missing(f"There is nothing to measure: {describe_engine()}.")
    print(
        f"engine: {describe_engine()}",
        f"allocator: {keep_large_blocks()}",
        f"torch {torch.__version__}; lower quartiles of interleaved runs\n",
        sep="\n",
    )


def print_raster(quick: bool, seconds: float) -> None:
    """Speed, pictures and gradients."""
    sizes, counts = (SIZES[:1], COUNTS[:2]) if quick else (SIZES, COUNTS)
    print_speed(sizes, counts, seconds)
    print_pictures()
    print_gradients()


# ------------------------------------------------------------------------------------------------------------ scenes


def scene(count: int, size: int, spread: float, radius: float | None = None, seed: int = 0) -> Strokes:
    """`count` colored cubics as CLIPasso begins: steps of at most half of `spread` in both directions, in canvas sizes."""
    generator = torch.Generator().manual_seed(seed)
    start = torch.rand(count, 1, 2, generator=generator)
    steps = spread * (torch.rand(count, 3, 2, generator=generator) - 0.5)
    points = torch.cat([start, start + steps.cumsum(1)], 1) * size
    colors = torch.rand(count, 3, generator=generator)
    thickness = 2 * (1.5 * size / 224 if radius is None else radius)
    one = torch.ones(count, dtype=torch.long)
    return Strokes(points, one, one == 0, torch.full((count, 1), thickness), colors, torch.ones(count))


def ink(strokes: Strokes) -> Strokes:
    """The same strokes in black."""
    return replace(strokes, colors=torch.zeros_like(strokes.colors))


# ------------------------------------------------------------------------------------------------------------- speed


def rasterize_brute(strokes: Strokes, size: tuple[int, int], paper: Tensor, softness: float = 0.0) -> Image:
    """The yardstick: every pixel against BRUTE_SAMPLES points of every stroke, a ramp of one pixel, source-over in order."""
    y, x = torch.meshgrid(torch.arange(size[0]) + 0.5, torch.arange(size[1]) + 0.5, indexing="ij")
    centers = torch.stack([x, y], -1).reshape(-1, 2)
    at = torch.einsum("tk,nkd->ntd", bernstein(torch.linspace(0, 1, BRUTE_SAMPLES)), strokes.points)
    canvas = paper.view(3, 1)
    for i in range(len(strokes)):
        with torch.no_grad():
            nearest = torch.cdist(centers, at[i]).argmin(1)
        distance = (centers - at[i].index_select(0, nearest)).square().sum(1).add(1e-9).sqrt()
        alpha = (strokes.widths[i] / 2 + 0.5 - distance).clamp(0, 1) * strokes.opacities[i]
        canvas = canvas + alpha * (strokes.colors[i][:, None] - canvas)
    return canvas.expand(3, len(centers)).reshape(1, 3, *size)


@dataclass(frozen=True)
class Entry:
    """A column of the speed table."""

    name: str
    draw: Rasterizer
    threads: int  # of torch; the native engine's own are its settings
    gray: bool = False
    backward: bool = True
    fused: NativeEngine | None = None  # draws, compares and derives in one go
    most_pairs: int | None = None  # strokes × pixels that are measured; more are scaled up
    device: str = "cpu"


def entries(engine: NativeEngine) -> list[Entry]:
    """The columns, the yardstick first."""
    one, two = NativeEngine(engine.library, 1), NativeEngine(engine.library, 2)
    found = [
        Entry("brute", rasterize_brute, BRUTE_THREADS, most_pairs=BRUTE_PAIRS),
        Entry("culled", rasterize_culled, BRUTE_THREADS, most_pairs=16 * BRUTE_PAIRS),
        Entry("native f", one, 1, backward=False),
        Entry("native", one, 1),
        Entry("native fused", one, 1, fused=one),
        Entry("native fused 2T", two, 1, fused=two),
        Entry("native gray", one, 1, gray=True),
    ]
    if "diffvg" in rasterizers():
        found.append(Entry("diffvg", rasterizers()["diffvg"], 2))
    if "cuda" in rasterizers():
        found.append(Entry("cuda", rasterizers()["cuda"], 1, device="cuda"))
    return found


def print_speed(sizes: tuple[int, ...], counts: tuple[int, ...], seconds: float) -> None:
    """Milliseconds per forward and backward pass with mean squared error; gradients to points, widths, colors, opacities."""
    columns = entries(engine_here())
    scale = min(measure(columns[:1], 224, 64, "long", 0.0)["brute"] for _ in range(5)) / PROTOTYPE_BRUTE
    print("Milliseconds, forward + backward + mean squared error (native f: forward alone);")
    print("fused: the native engine's own squared error; gray: gradients to points and widths only;")
    print(f"fused : prototype: of its figure × {scale:.2f}, by which the brute force is slower here than beside it (least of")
    print("five measurements); at most 1.2, better 0.5\n")
    heads = ["px", "strokes", "", *(entry.name for entry in columns), "brute : fused", "fused : prototype"]
    print(row(heads), row(["---"] * len(heads)), sep="\n")
    for size, count, kind in itertools.product(sizes, counts, SPREADS):
        times = measure(columns, size, count, kind, seconds)
        expected = PROTOTYPE[size, count, kind] * scale
        ratios = f"{times['brute'] / times['native fused']:.0f}", f"{times['native fused'] / expected:.2f}"
        print(row([size, count, kind, *(f"{times[entry.name]:.3g}" for entry in columns), *ratios]), flush=True)
    print()


def measure(columns: list[Entry], size: int, count: int, kind: str, seconds: float) -> dict[str, float]:
    """Milliseconds of every entry, run in turns for `seconds` each but at least thrice.

    The lower quartile: what else the machine does makes some runs slower, and none faster.
    """
    target = torch.rand(1, 3, size, size)
    jobs = {entry.name: _job(entry, size, count, kind, target) for entry in columns}
    spent: dict[str, list[float]] = {name: [] for name in jobs}
    while any(_unfinished(times, seconds) for times in spent.values()):
        for entry in columns:
            if not _unfinished(spent[entry.name], seconds):
                continue
            torch.set_num_threads(entry.threads)
            job, factor = jobs[entry.name]
            start = time.perf_counter()
            job()
            spent[entry.name].append((time.perf_counter() - start) * factor)
    return {name: 1e3 * statistics.quantiles(times[1:], n=4)[0] for name, times in spent.items()}


def _unfinished(times: list[float], seconds: float) -> bool:
    return len(times) < 4 or (sum(times) < seconds and len(times) < 400)


def _job(entry: Entry, size: int, count: int, kind: str, target: Tensor) -> tuple[Callable[[], None], float]:
    """One step, and what its time is multiplied by."""
    used = count if entry.most_pairs is None else max(1, min(count, entry.most_pairs // (size * size)))
    strokes = scene(used, size, SPREADS[kind])
    strokes = (ink(strokes) if entry.gray else strokes).to(entry.device)
    parts = ("points", "widths") if entry.gray else ("points", "widths", "colors", "opacities")
    leaves = {part: getattr(strokes, part).requires_grad_() for part in parts}
    wanted = (target[:, :1] if entry.gray else target).to(entry.device)

    def step() -> None:
        if entry.fused:
            loss = entry.fused.squared_error(replace(strokes, **leaves), wanted, (size, size), WHITE)
            torch.autograd.grad(loss, list(leaves.values()))
            return
        image = entry.draw(replace(strokes, **leaves), (size, size), WHITE)
        if entry.backward:
            torch.autograd.grad(mean_squared_error(image[:, :1] if entry.gray else image, wanted), list(leaves.values()))
        if entry.device == "cuda":
            torch.cuda.synchronize()

    return step, count / used


# --------------------------------------------------------------------------------------------------------- exactness


def truth(strokes: Strokes, size: tuple[int, int], times: int) -> Tensor:
    """The exact picture [3, H, W] on white, by cairo at `times` the size where it is installed, else by sampling."""
    try:
        import cairo
    except ImportError:
        return exact_picture(strokes, size, WHITE, times)[0].float()
    surface = cairo.ImageSurface(cairo.FORMAT_RGB24, size[1] * times, size[0] * times)
    context = cairo.Context(surface)
    context.set_source_rgb(1, 1, 1)
    context.paint()
    context.scale(times, times)
    context.set_line_cap(cairo.LINE_CAP_ROUND)
    context.set_line_join(cairo.LINE_JOIN_ROUND)
    context.set_tolerance(0.01)
    for i in range(len(strokes)):
        points = strokes.curve(i).double().tolist()
        context.move_to(*points[0])
        for k in range(1, len(points), 3):
            context.curve_to(*points[k], *points[k + 1], *points[k + 2])
        context.set_line_width(float(strokes.widths[i, 0]))
        context.set_source_rgba(*strokes.colors[i].tolist(), float(strokes.opacities[i]))
        context.stroke()
    pixels = torch.frombuffer(surface.get_data(), dtype=torch.uint8).reshape(size[0] * times, -1, 4)[..., :3].flip(-1)
    return F.avg_pool2d(pixels.permute(2, 0, 1).float().div(255)[None], times)[0]


def truth_told() -> str:
    """What draws the truth."""
    if importlib.util.find_spec("cairo"):
        return "the truth: cairo"
    return "the truth: strokes sampled, up to .15 off in gradients of thin hooks (pip install pycairo for cairo)"


def print_pictures() -> None:
    """PSNR of every engine against the exact picture."""
    print(truth_told(), end="\n\n")
    engines = {name: draw for name, draw in rasterizers().items() if name != "reference"}
    print("Picture against the truth (16 × supersampled, 64 long strokes, 224 px), PSNR in dB\n")
    print(row(["strokes", *engines]), row(["---"] * (1 + len(engines))), sep="\n")
    scenes = {f"black, radius {r}": ink(scene(64, 224, SPREADS["long"], r)) for r in (0.25, 0.5, 1.5)}
    generator = torch.Generator().manual_seed(9)
    mixed = scene(64, 224, SPREADS["long"])
    widths, opacities = 1 + 3 * torch.rand(64, 1, generator=generator), 0.3 + 0.7 * torch.rand(64, generator=generator)
    scenes["color, half transparent"] = replace(mixed, widths=widths, opacities=opacities)
    for name, strokes in scenes.items():
        expected = truth(strokes, (224, 224), 16)
        errors = [(draw(strokes, (224, 224), WHITE)[0] - expected).square().mean() for draw in engines.values()]
        print(row([name, *(f"{-10 * math.log10(float(error)):.1f}" for error in errors)]), flush=True)
    print()


def print_gradients(count: int = 16, size: int = 224, step: float = 0.2, times: int = 12) -> None:
    """Gradients to the control points against central differences of the truth, for linear functionals of the picture."""
    engines: dict[str, tuple[Rasterizer, float]] = {name: (draw, 0.0) for name, draw in rasterizers().items()}
    engines["native, softness 0.3"] = (engine_here(), 0.3)
    print(f"Gradient to the control points of {count} strokes against differences of the truth: cosine / relative error")
    print("(the error is to be at most .12 in the first three rows, .17 in the others)\n")
    print(row(["functional", *engines]), row(["---"] * (1 + len(engines))), sep="\n")
    for radius in (1.5, 0.5):
        strokes = ink(scene(count, size, SPREADS["long"], radius))
        table = functionals(size)
        slopes = _differences(strokes, torch.stack(list(table.values())), step, times)
        for (name, weights), slope in zip(table.items(), slopes, strict=True):
            expected = slope.flatten()
            found = []
            for draw, softness in engines.values():
                points = strokes.points.clone().requires_grad_()
                image = draw(strokes.with_points(points), (size, size), WHITE, softness)
                found.append(torch.autograd.grad((image[0] * weights).sum(), points)[0].flatten())
            cells = (
                f"{F.cosine_similarity(g, expected, 0):.4f} / {(g - expected).norm() / expected.norm():.3f}" for g in found
            )
            print(row([f"radius {radius}, {name}", *cells]), flush=True)
    print()


def functionals(size: int) -> dict[str, Tensor]:
    """Weights [1, H, W] of three degrees of smoothness."""
    noise = torch.randn(1, 1, size, size, generator=torch.Generator().manual_seed(2))
    return {"sigma 4": _blurred(noise, 4.0)[0], "sigma 1.5": _blurred(noise, 1.5)[0], "white noise": noise[0]}


def _blurred(image: Tensor, sigma: float) -> Tensor:
    reach = math.ceil(3 * sigma)
    kernel = torch.exp(-torch.arange(-reach, reach + 1).float().square() / (2 * sigma * sigma))
    kernel = kernel / kernel.sum()
    return F.conv2d(F.conv2d(image, kernel.view(1, 1, 1, -1), padding="same"), kernel.view(1, 1, -1, 1), padding="same")


def _differences(strokes: Strokes, functionals: Tensor, step: float, times: int) -> Tensor:
    """Derivatives [F, N, 4, 2] of functionals [F, 1, H, W] of the exact picture by every coordinate."""
    slopes = torch.zeros(len(functionals), *strokes.points.shape)
    size = (functionals.shape[-2], functionals.shape[-1])
    for index in range(strokes.points.numel()):
        for sign in (1, -1):
            points = strokes.points.clone()
            points.view(-1)[index] += sign * step
            picture = truth(strokes.with_points(points), size, times)
            slopes.view(len(slopes), -1)[:, index] += sign * (functionals * picture).sum((-1, -2, -3)) / (2 * step)
    return slopes


def engine_here() -> NativeEngine:
    """The engine that is measured; `print_head` tells where there is none."""
    engine = native_engine()
    assert engine is not None
    return engine


def row(cells: list[object] | list[str] | list[str | int]) -> str:
    """A line of a table."""
    return "| " + " | ".join(map(str, cells)) + " |"
