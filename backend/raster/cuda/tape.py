"""One forward pass on the card, and what its backward pass needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from backend.raster.cuda import layout
from backend.raster.cuda.gpu import Answer, Gpu


@dataclass(frozen=True)
class Scene:
    """Up to `MOST_DRAWINGS` drawings on canvases of one size."""

    size: tuple[int, int]  # height, width, px
    paper: Tensor  # sRGB [3]
    softness: float | Tensor  # px; a float32 scalar where it is a tensor
    segments: Sequence[Tensor]  # one row [N] int64 per drawing
    tensors: Sequence[Tensor]  # points, widths, colors, opacities of each drawing, float32, contiguous, on the card
    colors_move: bool  # whether anybody asks for gradients of colors


class Tape:
    """Draws a scene once, and then derives it any number of times.

    keep: whether `backward` will be called.
    """

    def __init__(self, gpu: Gpu, scene: Scene, keep: bool) -> None:
        self._gpu, self._scene, self._job = gpu, scene, layout.Job()
        self._held: dict[str, Tensor] = {}
        self._answer: Answer | None = None
        self._describe(keep)

    @property
    def device(self) -> torch.device:
        """Where it was drawn."""
        return self._gpu.device

    def draw(self) -> Tensor:
        """The picture [B, 3, H, W], which is not kept: what has made it hangs on it."""
        image = self._room("image", len(self._scene.segments), 3, *self._scene.size)
        self._launch_forward()
        del self._held["image"]
        return image

    def backward(self, gradient: Tensor) -> list[Tensor]:
        """The gradients of the scene's tensors from that of its image, contiguous float32 on the card."""
        found = [torch.empty_like(tensor) for tensor in self._scene.tensors]
        for i in range(len(found) // 4):
            row = self._job.drawings[i]
            row.by_points, row.by_widths, row.by_colors, row.by_opacities = (t.data_ptr() for t in found[4 * i : 4 * i + 4])
        if not self._most_strokes:
            return found
        self._have_room()
        self._job.gradient = gradient.data_ptr()
        self._room("records", self._job.capacity, layout.PATCHES, self._job.record)
        self._room("sums", self._segments, self._job.record)
        self._launch("backward", self._tiles, layout.TILE_THREADS)
        self._launch("gather", self._most_strokes, layout.STROKE_THREADS)
        del self._held["records"], self._held["sums"]
        return found

    def _describe(self, keep: bool) -> None:
        scene, job, first = self._scene, self._job, 0
        self._most_strokes = 0
        knots = 1
        for i, row in enumerate(scene.segments):
            points, widths, colors, opacities = scene.tensors[4 * i : 4 * i + 4]
            strokes, longest = points.shape[0], (points.shape[1] - 1) // 3
            pointers = (part.data_ptr() for part in (points, row, widths, colors, opacities))
            job.drawings[i] = layout.DrawingRow(*pointers, 0, 0, 0, 0, strokes, longest, widths.shape[1], first)
            first += strokes * longest
            self._most_strokes, knots = max(self._most_strokes, strokes), max(knots, widths.shape[1])
        self._segments = first
        job.height, job.width = scene.size
        job.rows, job.columns = (-(-side // layout.TILE) for side in scene.size)
        self._tiles = job.rows * job.columns
        job.record = layout.record_length(knots)
        job.keep, job.colors_move = int(keep), int(scene.colors_move)
        self._ground()

    def _ground(self) -> None:
        """Paper and softness go along by value, but for those that lie on the card: reading them would make the host wait."""
        paper, softness, job = self._scene.paper, self._scene.softness, self._job
        if goes_by_value(paper):
            job.ground[:] = paper.tolist()
        else:
            job.paper = self._hold("paper", paper.to(self._gpu.device, torch.float32).contiguous())
        if isinstance(softness, Tensor):
            job.softness = self._hold("softness", softness.to(self._gpu.device, torch.float32))
        else:
            job.soft = softness

    def _launch_forward(self) -> None:
        """Room for what the pass leaves behind, and the pass."""
        job = self._job
        self._room("bounds", self._segments, layout.BOUNDS)
        self._room("curves", self._segments, layout.CURVE)
        job.control = self._hold(
            "control", torch.zeros(1 + len(self._scene.segments), dtype=torch.int32, device=self._gpu.device)
        )
        if job.keep:
            job.capacity = self._gpu.capacity(self._segments, self._tiles)
            job.lacked = self._gpu.lacked.data_ptr() if self._gpu.capturing else 0
            self._room("tiles", len(self._scene.segments), self._tiles, 2, dtype=torch.int32)
            self._room("group_segments", job.capacity, dtype=torch.int32)
            self._room("hits", job.capacity, layout.PATCHES, dtype=torch.int32)
            self._room("fragments", job.capacity, layout.PATCHES, layout.FRAGMENT, layout.LANES)
        if self._most_strokes:
            self._launch("prepare", self._most_strokes, layout.STROKE_THREADS)
        self._launch("forward", self._tiles, layout.TILE_THREADS)
        if job.keep and not self._gpu.capturing:
            self._answer = Answer(self._held["control"][:1])

    def _have_room(self) -> None:
        """Draws once more where there was too little room to keep everything; in a recorded graph nobody can know."""
        if self._answer is None or self._gpu.capturing:
            return
        needed = self._answer.get()
        self._gpu.learn(needed)
        if needed > self._job.capacity:
            self.draw()

    def _launch(self, kernel: str, blocks: int, threads: int) -> None:
        self._gpu.launch(kernel, (blocks, len(self._scene.segments)), threads, self._job)

    def _room(self, name: str, *shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
        made = torch.empty(shape, dtype=dtype, device=self._gpu.device)
        setattr(self._job, name, self._hold(name, made))
        return made

    def _hold(self, name: str, tensor: Tensor) -> int:
        """Keeps a tensor as long as this is kept; its address."""
        self._held[name] = tensor
        return tensor.data_ptr()


def goes_by_value(tensor: Tensor) -> bool:
    """Whether reading a tensor costs no wait."""
    return tensor.is_cpu
