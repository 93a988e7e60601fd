"""The CUDA rasterizer as torch sees it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from backend.core.errors import BadRequest
from backend.core.image import Image
from backend.core.strokes import Strokes
from backend.raster.cuda import layout
from backend.raster.cuda.gpu import Gpu, find_gpu, has_card
from backend.raster.cuda.tape import Scene, Tape

LONGEST_SIDE = 32767  # px
_PARTS = ("points", "widths", "colors", "opacities")


class CudaEngine:
    """Draws strokes in CUDA; a `Rasterizer`. Computes in float32 on the strokes' own card, else on torch's current one.

    Nothing waits for the card but the backward pass for the forward pass, so both may be recorded in a CUDA graph (where
    nothing waits; see `overflowed`). `softness` may lie on the card as well: a float32 scalar. The same strokes give the same
    picture and gradients, bit by bit.
    """

    def __init__(self, find: Callable[[torch.device], Gpu]) -> None:
        self._find = find

    def __call__(self, strokes: Strokes, size: tuple[int, int], paper: Tensor, softness: float | Tensor = 0.0) -> Image:
        return self.batch([strokes], size, paper, softness)

    def batch(
        self, drawings: Sequence[Strokes], size: tuple[int, int], paper: Tensor, softness: float | Tensor = 0.0
    ) -> Tensor:
        """B drawings on canvases of one size, [B, 3, H, W]."""
        if max(size) > LONGEST_SIDE:
            raise BadRequest(f"A canvas of {size[1]} × {size[0]} px is too large; {LONGEST_SIDE} px a side is the most.")
        parts = [drawings[i : i + layout.MOST_DRAWINGS] for i in range(0, len(drawings), layout.MOST_DRAWINGS)]
        images = [self._batch(part, size, paper, softness) for part in parts]
        return images[0] if len(images) == 1 else torch.cat(images)

    def _batch(self, drawings: Sequence[Strokes], size: tuple[int, int], paper: Tensor, softness: float | Tensor) -> Tensor:
        tensors = [getattr(strokes, part) for strokes in drawings for part in _PARTS]
        segments = [strokes.segments for strokes in drawings]
        if any(row.dtype is not torch.long for row in segments):
            raise TypeError("Strokes.segments are int64.")
        image: Tensor = _Draw.apply(self.gpu(tensors[0].device), size, paper, softness, segments, *tensors)
        return image

    def gpu(self, device: torch.device) -> Gpu:
        """The card that draws what lies on that device."""
        return self._find(device)

    def overflowed(self, device: torch.device) -> bool:
        """Whether a recorded backward pass may have lacked room; waits for the card. If so, record anew: there is room now.

        Gradients of what there was no room for are missing; the pictures are right.
        """
        return self.gpu(device).overflowed()


@functools.cache
def cuda_engine() -> CudaEngine:
    """The engine; whether all that it needs is here shows at the first drawing."""
    return CudaEngine(_own_or_current)


def _own_or_current(device: torch.device) -> Gpu:
    """The card of what lies on one, else torch's current one."""
    if device.type != "cuda":
        device = torch.device("cuda", torch.cuda.current_device() if has_card() else 0)
    return find_gpu(device)


class _Draw(torch.autograd.Function):
    """B drawings → [B, 3, H, W]."""

    @staticmethod
    def forward(
        ctx: Any,
        gpu: Gpu,
        size: tuple[int, int],
        paper: Tensor,
        softness: float | Tensor,
        segments: list[Tensor],
        *tensors: Tensor,
    ) -> Tensor:
        plain = [_plain(tensor, gpu.device, torch.float32) for tensor in tensors]
        counts = [_plain(row, gpu.device, torch.long) for row in segments]
        scene = Scene(size, paper, softness, counts, plain, any(ctx.needs_input_grad[7::4]))
        tape = Tape(gpu, scene, keep=any(ctx.needs_input_grad))
        image = tape.draw()
        if any(ctx.needs_input_grad):
            ctx.tape, ctx.kinds = tape, [(tensor.device, tensor.dtype) for tensor in tensors]
            ctx.save_for_backward(*plain)  # so that a change of the strokes before the backward pass is noticed
        return image.to(tensors[0].device)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        assert ctx.saved_tensors is not None
        tape: Tape = ctx.tape
        found = tape.backward(_plain(gradient, tape.device, torch.float32))
        wanted = ctx.needs_input_grad[5:]
        own = (t.to(*kind) if want else None for t, kind, want in zip(found, ctx.kinds, wanted, strict=True))
        return (None, None, None, None, None, *own)


def _plain(tensor: Tensor, device: torch.device, dtype: torch.dtype) -> Tensor:
    return tensor.detach().to(device, dtype).contiguous()
