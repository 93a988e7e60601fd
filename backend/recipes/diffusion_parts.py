"""The diffusion networks that recipes work with: found, loaded once, and used more sparingly where memory runs out."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor

from backend.core.errors import Missing, OutOfMemory
from backend.core.image import Image
from backend.core.work import Progress, Work
from backend.diffusion import packages
from backend.diffusion.checkpoint import Memory, Networks, fingerprint, load, plan, stamp
from backend.diffusion.image_prompt import embed, read_image_encoder, with_adapter
from backend.kept import Kept
from backend.model_pool import ModelPool
from backend.remembered import Remembered
from backend.weights.checkpoints import find_checkpoint, need_checkpoint

T = TypeVar("T")
KEPT: Kept[Networks] = Kept()
"""The checkpoint of this process: one, until another is needed or it was idle for some minutes."""
KEPT_EYES: Kept[Any] = Kept()
"""The image encoder of an adapter, likewise."""
WORKED: Remembered[Memory] = Remembered()
"""How sparingly a checkpoint was used at last in this process, where memory ran out lately."""
AUTO = "auto"
ADAPTER = "ip_adapter"
EYES = "clip_vit_l14"  # the encoder that learned styles see with, where the checkpoint brings none


@dataclass(frozen=True)
class Wanted:
    """A checkpoint on this machine, and how it is used."""

    name: str
    folder: Path
    device: torch.device
    adapter: Path | None = None  # weights of an image adapter
    training: bool = False  # gradients go through it
    version: str = ""  # of the folder's files (checkpoint.stamp): when they change, they are loaded anew

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that tell checkpoints apart."""
        return fingerprint(self.folder)


def wanted_checkpoint(name: str, preferred: Sequence[str], pool: ModelPool) -> Wanted:
    """The checkpoint that a user names, or the first of the preferred ones that is here.

    Raises Missing, with the command that brings packages or weights, their size and their licence.
    """
    packages.need_packages()
    found = need_checkpoint(preferred if name == AUTO else (name,), pool.places)
    return Wanted(found.name, found.folder, pool.device, version=stamp(found.folder))


def adapter_files(pool: ModelPool) -> tuple[Path, Path] | None:
    """An image adapter's weights and the folder of its image encoder, where they are here."""
    found = find_checkpoint(ADAPTER, pool.places)
    if found is None:
        return None
    models = found.folder / "models"
    return models / "ip-adapter_sd15.safetensors", models / "image_encoder"


def sparingly(wanted: Wanted, make: Callable[[Networks], Work[T]]) -> Work[T]:
    """What `make` does with the checkpoint's networks; begun anew with less of the device's memory where that runs out.

    Where that happened some minutes ago, it begins with what worked then; the networks' memory has a note of it.
    Raises OutOfMemory where it never fits.
    """
    yield Progress("loading the checkpoint", 0.0)
    memory = WORKED.known(wanted)
    failed = False
    while True:
        networks: Networks | None = None
        try:
            with KEPT.holding((wanted, memory), functools.partial(_loaded, wanted, memory)) as networks:
                done = yield from make(networks)
            if failed and memory is not None:
                WORKED.note(wanted, memory)
            return done
        except torch.OutOfMemoryError:
            used = networks.memory if networks else memory or plan(wanted.folder, wanted.device)
            memory, failed = used.thriftier, True
        del networks
        KEPT.forget()
        if memory is None:
            raise OutOfMemory(
                "{name} does not fit into the memory of {device}. Choose --device cpu.", name=wanted.name, device=wanted.device
            )
        yield Progress("loading the checkpoint again, more sparingly", 0.0)


def forget() -> None:
    """Drops the loaded networks."""
    KEPT.forget()
    KEPT_EYES.forget()


def eyes_of(networks: Networks, pool: ModelPool) -> Callable[[Image], Tensor]:
    """CLIP's embedding [1, E] of pictures, by the checkpoint's own image encoder or CLIP ViT-L/14; Missing."""
    if networks.image_encoder is not None:
        return functools.partial(_seen, networks)
    encoder = pool.encoder(EYES)

    def see(image: Image) -> Tensor:
        with torch.no_grad():
            return encoder(image.to(pool.device))["pooled"][:, :, 0, 0].float()

    return see


def has_eyes(networks: Networks, pool: ModelPool) -> bool:
    """Whether `eyes_of` has something to see with."""
    return networks.image_encoder is not None or pool.has_encoder(EYES)


def adapter_eyes(folder: Path, networks: Networks) -> Callable[[Image], Tensor]:
    """The embedding [1, E] of pictures that an adapter expects; BadRequest."""
    how = (folder, networks.device, networks.memory.dtype)
    key = (*how, stamp(folder))

    def see(image: Image) -> Tensor:
        with KEPT_EYES.holding(key, functools.partial(read_image_encoder, *how)) as encoder:
            return embed(encoder, image)

    return see


def need_style(name: str) -> Missing:
    """What is said where a diffusion network cannot be told a style."""
    return Missing(
        "The style '{name}' was not trained, and no image adapter is here: `stylesketch style train NAME` "
        "trains a pack, `stylesketch models pull ip_adapter` brings the adapter (Apache-2.0; the command "
        "first tells its size), and --prompt tells the style in words.",
        name=name,
    )


def _seen(networks: Networks, image: Image) -> Tensor:
    with networks.using(networks.image_encoder) as encoder:
        return embed(encoder, image)


def _loaded(wanted: Wanted, memory: Memory | None) -> Networks:
    if wanted.training and memory is None:
        memory = _for_training(wanted.device)
    networks = load(wanted.folder, wanted.name, wanted.device, memory)
    if wanted.adapter is not None:
        with_adapter(networks, wanted.adapter)
    return networks


def _for_training(device: torch.device) -> Memory:
    """Numbers in which small gradients do not vanish."""
    native = device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
    return Memory(torch.bfloat16 if native else torch.float32)
