"""The device, the rasterizer and the encoders that recipes share."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from logging import getLogger
from typing import Any

import torch
from torch import Tensor

from backend import weights
from backend.core.errors import BadRequest, Missing
from backend.core.notes import Note, wording
from backend.encoders import ENCODERS, VOCABULARY, ClipText, Encoder
from backend.encoders.in_pieces import InPieces
from backend.kept import KeptFew
from backend.meeting import Seat, SeatedEncoder
from backend.perception.birefnet import BiRefNet
from backend.perception.lama import Lama
from backend.perception.salient_subject import Cutter
from backend.perception.u2net import U2Net
from backend.places import Places
from backend.raster import LACKED, Rasterizer, rasterizers
from backend.raster.allocator import keep_large_blocks
from backend.raster.native import describe_engine

log = getLogger(__name__)
RASTERIZER = "STYLESKETCH_RASTERIZER"  # the variable that says what `auto` draws with
CUTTERS: dict[str, Callable[..., Cutter]] = {
    "birefnet": BiRefNet,
    "birefnet_lite": functools.partial(BiRefNet, name="birefnet_lite"),
    "u2net": U2Net,
    "u2netp": functools.partial(U2Net, name="u2netp"),
}
"""Networks that tell a subject from its surroundings, the best first."""
NETWORKS: dict[str, Callable[..., Any]] = {**ENCODERS, **CUTTERS, "lama": Lama}
"""Everything that is made of weights, by their name."""
LOADED: KeptFew[Any] = KeptFew(4)
"""The networks of this process that were used last, until they were idle for some minutes."""
ONE_BY_ONE = Note("There was too little memory for all views of the picture at once, so they were looked at one by one.")
SLOW = wording("A slow rasterizer drew, because the native one is not built; this builds it: {cure}")
BY_DIFFVG = Note("diffvg drew while the strokes were fitted: each at its mean width, and without soft edges at the beginning.")
BY_CUDA = Note("The CUDA rasterizer drew, which had not been tried on a graphics card when it was published.")
BY_PROCESSOR = Note("The graphics card had too little memory for this picture, so the processor did the work.")


@dataclass(frozen=True)
class ModelPool:
    """What heavy parts a recipe runs on."""

    device: torch.device
    engine: str  # a name in rasterizers()
    places: Places = field(default_factory=Places.find)  # where the encoders' weights are
    together: int | None = None  # pictures that encoders look at at once; None: all
    lacked: tuple[str, ...] = ()  # what this pool does without, since memory ran out
    seat: Seat | None = None  # of a work that goes on beside others; its encoders are asked from there

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know of these parts, as sentences."""
        state = describe_engine()
        if self.engine == "diffvg":
            return (*self.lacked, BY_DIFFVG)
        if self.engine == "cuda":
            return (*self.lacked, BY_CUDA)
        if self.engine == "culled" and state.name == "culled":
            return (*self.lacked, Note(SLOW, cure=state.cure))
        return self.lacked

    @property
    def thriftier(self) -> ModelPool | None:
        """The pool that needs less of the device's memory, in the end the processor; None where nothing is left to save."""
        if self.together is None:
            return replace(self, together=1, lacked=(*self.lacked, ONE_BY_ONE))
        return self.by_processor

    @property
    def by_processor(self) -> ModelPool | None:
        """The pool that does without the graphics card; None where this one does."""
        if self.device.type == "cpu" and self.engine != "cuda":
            return None
        engine = next(iter(rasterizers())) if self.engine == "cuda" else self.engine
        return replace(self, device=torch.device("cpu"), engine=engine, together=None, lacked=(BY_PROCESSOR,))

    def release(self) -> None:
        """Forgets the loaded networks, so that their memory is free for others."""
        LOADED.forget()

    @property
    def rasterizer(self) -> Rasterizer:
        """Draws strokes, differentiably."""
        return rasterizers()[self.engine]

    def has_encoder(self, name: str) -> bool:
        """Whether the weights of an encoder are here."""
        return weights.find(name, self.places) is not None

    def encoder(self, name: str) -> Encoder:
        """An encoder by its name in `ENCODERS`, kept for the next use; Missing names the command that brings its weights."""
        found: Encoder = self._network(name)
        whole = found if self.together is None else InPieces(found, self.together)
        return whole if self.seat is None else SeatedEncoder(whole, self.seat)

    def descend(self, loss: Tensor) -> None:
        """The gradient of a loss that this pool's encoders have a part in."""
        if self.seat is None:
            loss.backward()
        else:
            self.seat.descend(loss)

    @property
    def cutter(self) -> Cutter | None:
        """The best network here that finds subjects."""
        name = next((name for name in CUTTERS if weights.find(name, self.places)), None)
        return self._network(name) if name else None

    @property
    def completer(self) -> Lama | None:
        """The network that completes what is hidden, if it is here."""
        return self._network("lama") if weights.find("lama", self.places) else None

    def _network(self, name: str) -> Any:
        path = weights.find(name, self.places)
        key = name, self.places, self.device, path.stat().st_mtime_ns if path else 0
        return LOADED.get(key, lambda: NETWORKS[name](weights.load(name, self.places), self.device))

    def has_reader(self, name: str) -> bool:
        """Whether the weights of a CLIP and its vocabulary are here."""
        return self.has_encoder(name) and self.has_encoder(VOCABULARY)

    def reader(self, name: str) -> ClipText:
        """What a CLIP makes of texts, loaded anew; Missing names the command that brings what is not here."""
        return ClipText(weights.load(name, self.places), weights.load(VOCABULARY, self.places), self.device, name)

    @classmethod
    def choose(cls, device: str = "auto", engine: str = "auto", places: Places | None = None) -> ModelPool:
        """The pool for a device name (auto, cpu, cuda, cuda:i, mps) and an engine: a name in `rasterizers()`, or `auto`.

        places: where the weights are, by default the user's own.

        BadRequest says which devices and engines there are, Missing what an engine lacks. Makes the process keep the memory of
        its pictures.
        """
        keep_large_blocks()
        return cls(choose_device(device), choose_engine(engine), places or Places.find())


def choose_engine(name: str) -> str:
    """The engine of that name. BadRequest says which there are, Missing what a known one lacks.

    `auto` is the one that $STYLESKETCH_RASTERIZER names, else the best one here; where that is not the native one, the log
    says so once.
    """
    found = rasterizers()
    name = os.environ.get(RASTERIZER) or name if name == "auto" else name
    if name == "auto":
        best = next(iter(found))
        if best != "native":
            _tell_slow_engine()
        return best
    if name in found:
        return name
    if name in LACKED:
        raise Missing(
            "The rasterizer '{name}' is not here: {cure}, or choose one of: auto, {found}.",
            name=name,
            cure=LACKED[name],
            found=", ".join(found),
        )
    raise BadRequest("There is no rasterizer '{name}'; choose one of: auto, {found}.", name=name, found=", ".join(found))


def available_devices() -> list[str]:
    """Names of the devices that torch can use here, best first."""
    devices = [f"cuda:{i}" for i in range(torch.cuda.device_count())] if torch.cuda.is_available() else []
    if torch.backends.mps.is_available():
        devices.append("mps")
    return [*devices, "cpu"]


def choose_device(name: str) -> torch.device:
    """The device of that name; `auto` is the best one here. BadRequest says which there are."""
    devices = available_devices()
    if name == "auto":
        return torch.device(devices[0])
    full = "cuda:0" if name == "cuda" else name
    if full not in devices:
        raise BadRequest(
            "There is no device '{name}' here; choose one of: auto, {devices}.", name=name, devices=", ".join(devices)
        )
    return torch.device(full)


@functools.cache
def _tell_slow_engine() -> None:
    log.warning("Drawing with the rasterizer %s", describe_engine())
