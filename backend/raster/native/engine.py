"""The native rasterizer as torch sees it."""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from backend.core.errors import BadRequest, Internal, OutOfMemory
from backend.core.image import Image
from backend.core.strokes import Strokes
from backend.raster.native.library import DrawingRow, GradientRow, is_current, load_library
from backend.raster.native.tape import Tape

LONGEST_SIDE = 32767  # px; places of pixels are packed in 16 bits
MOST_THREADS = 16
IDLE_TAPES = 8
BUILD_COMMAND = "python -m backend.raster.native.build"
_OUT_OF_MEMORY = 1
_PARTS = ("points", "widths", "colors", "opacities")


class NativeEngine:
    """Draws strokes in C++; a `Rasterizer`. Computes in float32 on the CPU, wherever the strokes lie.

    threads: how many take part; None: as many as torch uses. The picture and its gradients are the same, bit by bit, for
    any number.
    """

    def __init__(self, library: ctypes.CDLL, threads: int | None = None) -> None:
        self.library, self._threads = library, threads
        self._idle: list[int] = []

    def __call__(self, strokes: Strokes, size: tuple[int, int], paper: Tensor, softness: float = 0.0) -> Image:
        return self.batch([strokes], size, paper, softness)

    def batch(self, drawings: Sequence[Strokes], size: tuple[int, int], paper: Tensor, softness: float = 0.0) -> Tensor:
        """B drawings on canvases of one size, [B, 3, H, W]; where all is gray, the three channels share their memory."""
        if max(size) > LONGEST_SIDE:
            raise BadRequest(
                "A canvas of {width} × {height} px is too large; {most} px a side is the most.",
                width=size[1],
                height=size[0],
                most=LONGEST_SIDE,
            )
        tensors = [getattr(strokes, part) for strokes in drawings for part in _PARTS]
        segments = [strokes.segments for strokes in drawings]
        image: Tensor = _Draw.apply(self, size, paper, softness, segments, *tensors)
        return image if image.shape[1] == 3 else image.expand(-1, 3, -1, -1)

    def squared_error(
        self, strokes: Strokes, target: Tensor, size: tuple[int, int], paper: Tensor, softness: float = 0.0
    ) -> Tensor:
        """Mean squared difference of the drawing from a target [1, 1 or 3, H, W]: a scalar.

        Draws, compares and derives in one go, without a picture between, so its cost is that of drawing. A target of one
        channel needs a gray drawing on gray paper (ValueError).
        """
        tensors = [getattr(strokes, part) for part in _PARTS]
        loss: Tensor = _SquaredError.apply(self, size, paper, softness, strokes.segments, _plain(target), *tensors)
        return loss

    @property
    def instructions(self) -> str:
        """The instruction set in use: avx512, avx2, sse4 or neon."""
        name: bytes = self.library.stylesketch_instructions()
        return name.decode()

    def use_instructions(self, name: str) -> bool:
        """Switches the whole process to another instruction set; False where this machine does not have it."""
        return bool(self.library.stylesketch_choose(name.encode()))

    @property
    def threads(self) -> int:
        """How many threads draw."""
        return min(self._threads or torch.get_num_threads(), MOST_THREADS)

    def tape(self) -> Tape:
        """A fresh or an idle memory of a forward pass."""
        return Tape(self.library, self._idle, IDLE_TAPES)


@functools.cache
def native_engine() -> NativeEngine | None:
    """The engine of this installation, or None where none was built."""
    library = load_library()
    return NativeEngine(library) if library else None


@dataclass(frozen=True)
class EngineState:
    """Which engine draws on the CPU, in words for a person."""

    name: str  # native or culled
    detail: str
    cure: str  # the command that brings the faster one; empty where nothing is missing

    def __str__(self) -> str:
        return f"{self.name}: {self.detail}" + (f" (run: {self.cure})" if self.cure else "")


def describe_engine() -> EngineState:
    """Which engine draws on the CPU here."""
    engine = native_engine()
    if engine:
        cure = "" if is_current(engine.library) else BUILD_COMMAND
        stale = ", built from an older state of the program" if cure else ""
        return EngineState(
            "native", f"C++ with {engine.instructions} instructions on up to {engine.threads} threads{stale}", cure
        )
    return EngineState("culled", "torch, many times slower, because the native engine is not built", BUILD_COMMAND)


class _Draw(torch.autograd.Function):
    """B drawings → [B, 1 or 3, H, W]."""

    @staticmethod
    def forward(
        ctx: Any,
        engine: NativeEngine,
        size: tuple[int, int],
        paper: Tensor,
        softness: float,
        segments: list[Tensor],
        *tensors: Tensor,
    ) -> Tensor:
        keep = any(ctx.needs_input_grad)
        plain = [_plain(tensor) for tensor in tensors]
        channels = _channels(engine.library, _ground(paper), plain, ctx.needs_input_grad[5:])
        image, tape = _forward(engine, size, paper, softness, segments, plain, channels, keep)
        if keep:
            ctx.engine, ctx.tape, ctx.shapes = engine, tape, [tensor.shape for tensor in plain]
            ctx.kinds = [(tensor.device, tensor.dtype) for tensor in tensors]
        return image.to(tensors[0].device)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        found = _backward(ctx.engine, ctx.tape, _plain(gradient), ctx.shapes)
        wanted = ctx.needs_input_grad[5:]
        own = (t.to(*kind) if want else None for t, kind, want in zip(found, ctx.kinds, wanted, strict=True))
        return (None, None, None, None, None, *own)


class _SquaredError(torch.autograd.Function):
    """One drawing and its target → their mean squared difference; the gradients are there before anybody asks.

    After other work each call from here costs several microseconds, most of them for what has left the processor's caches.
    """

    @staticmethod
    def forward(
        ctx: Any,
        engine: NativeEngine,
        size: tuple[int, int],
        paper: Tensor,
        softness: float,
        segments: Tensor,
        target: Tensor,
        *tensors: Tensor,
    ) -> Tensor:
        wanted, channels = ctx.needs_input_grad[6:], target.shape[1]
        if target.shape != (1, channels, *size) or channels not in (1, 3):
            raise ValueError(f"A target for {size} has the shape [1, 1 or 3, {size[0]}, {size[1]}], not {list(target.shape)}.")
        plain, counts, ground = [_plain(tensor) for tensor in tensors], _counts(segments), _ground(paper)
        if channels == 1 and _channels(engine.library, ground, plain, wanted) != 1:
            raise ValueError("A target of one channel needs a gray drawing on gray paper whose colors stay.")
        found = [torch.empty_like(tensor) for tensor in plain] if True in wanted else None
        total, tape = ctypes.c_double(), engine.tape()
        code = engine.library.stylesketch_fit(
            *(tape.handle, _drawing_row(plain, counts), *size, ground.data_ptr(), softness, channels),
            *(engine.threads, target.data_ptr(), found and _gradient_row(found), total),
        )
        _check(code)
        if found:
            ctx.found = [own if t is part else own.to(t) for own, t, part in zip(found, tensors, plain, strict=True)]
        return torch.scalar_tensor(total.value / target.numel(), dtype=tensors[0].dtype, device=tensors[0].device)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        return _fitted_again(ctx, gradient) if torch.is_grad_enabled() else _fitted(ctx, gradient)


def _fitted(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
    wanted = ctx.needs_input_grad[6:]
    one = gradient.is_cpu and gradient.item() == 1  # the loss itself is differentiated, most often
    own = [(t if one else t * gradient) if want else None for t, want in zip(ctx.found, wanted, strict=True)]
    return (None, None, None, None, None, None, *own)


_fitted_again = once_differentiable(_fitted)  # its own microseconds are spared where nobody asks for second derivatives


def _forward(
    engine: NativeEngine,
    size: tuple[int, int],
    paper: Tensor,
    softness: float,
    segments: Sequence[Tensor],
    plain: Sequence[Tensor],
    channels: int,
    keep: bool,
) -> tuple[Tensor, Tape]:
    """The pictures [B, channels, H, W], and the memory that a backward pass needs of them."""
    counts, ground = [_counts(row) for row in segments], _ground(paper)
    image, tape = torch.empty(len(segments), channels, *size), engine.tape()
    rows = (DrawingRow * len(counts))(*(_drawing_row(plain[4 * i : 4 * i + 4], counts[i]) for i in range(len(counts))))
    code = engine.library.stylesketch_forward(
        *(tape.handle, rows, len(rows), *size, ground.data_ptr(), softness),
        *(channels, int(keep), engine.threads, image.data_ptr()),
    )
    _check(code)
    return image, tape


def _backward(engine: NativeEngine, tape: Tape, gradient: Tensor, shapes: Sequence[torch.Size]) -> list[Tensor]:
    """Gradients of those shapes, four for each drawing, from that of the pictures."""
    found = [torch.empty(shape) for shape in shapes]
    rows = (GradientRow * (len(found) // 4))(*(_gradient_row(found[i : i + 4]) for i in range(0, len(found), 4)))
    _check(engine.library.stylesketch_backward(tape.handle, gradient.data_ptr(), rows, engine.threads))
    return found


def _counts(segments: Tensor) -> Tensor:
    if segments.dtype is not torch.long:
        raise TypeError("Strokes.segments are int64.")
    return segments if segments.is_cpu and segments.is_contiguous() else segments.cpu().contiguous()


def _ground(paper: Tensor) -> Tensor:
    if paper.shape != (3,):
        raise ValueError(f"Paper is one color, [3], not {list(paper.shape)}.")
    return _plain(paper)


def _plain(tensor: Tensor) -> Tensor:
    if tensor.dtype is torch.float32 and tensor.is_cpu and tensor.is_contiguous():
        return tensor  # each of the calls below takes a microsecond
    return tensor.detach().to("cpu", torch.float32).contiguous()


def _drawing_row(parts: Sequence[Tensor], counts: Tensor) -> DrawingRow:
    """Where the tensors lie; whoever uses the row keeps the tensors."""
    points, widths, colors, opacities = parts
    strokes, length, _ = points.shape
    return DrawingRow(
        *(points.data_ptr(), counts.data_ptr(), widths.data_ptr(), colors.data_ptr(), opacities.data_ptr()),
        *(strokes, (length - 1) // 3, widths.shape[1]),
    )


def _gradient_row(parts: Sequence[Tensor]) -> GradientRow:
    points, widths, colors, opacities = parts
    return GradientRow(points.data_ptr(), widths.data_ptr(), colors.data_ptr(), opacities.data_ptr())


def _channels(library: ctypes.CDLL, ground: Tensor, tensors: Sequence[Tensor], wanted: Sequence[bool]) -> int:
    """1 where paper and all colors are gray and nobody asks how the colors should change, else 3."""
    if any(wanted[2::4]) or not library.stylesketch_gray(ground.data_ptr(), 1):
        return 3
    return 1 if all(library.stylesketch_gray(colors.data_ptr(), len(colors)) for colors in tensors[2::4]) else 3


def _check(code: int) -> None:
    if code == _OUT_OF_MEMORY:
        raise OutOfMemory("There is not enough memory for this drawing: choose a smaller size or fewer strokes.")
    if code:
        raise Internal("The native rasterizer refused its work (code {code}).", code=code)
