"""A Stable Diffusion checkpoint in the folder layout of diffusers: its parts, read from safetensors alone."""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from backend.core.errors import BadRequest, Missing
from backend.core.memory import is_out_of_memory
from backend.core.notes import Note, wording
from backend.diffusion import packages

OFFLOADED = Note("The device's memory is short, so networks were moved to it one by one; this is slower.")
IN_SLICES = Note(
    "The device's memory is short, so networks were moved to it one by one, and computed in slices; this is slower."
)

INDEX = "model_index.json"
PARTS = ("tokenizer", "text_encoder", "unet", "vae", "scheduler")
IMAGE_ENCODER = "image_encoder"  # not in every checkpoint
NETWORKS = ("text_encoder", "unet", "vae", IMAGE_ENCODER)
LARGER = ("text_encoder_2", "text_encoder_3", "transformer", "prior")  # parts of checkpoints of other families
MOST_HEADER = 100_000_000  # bytes, as the format itself limits it
HEADROOM = 3 << 30  # bytes of a graphics card for what is computed, beside the weights
FEW_STEPS = ("LCMScheduler", "TCDScheduler")  # schedulers of distilled checkpoints


@dataclass(frozen=True)
class Memory:
    """How sparingly a checkpoint is used; each is switched on where memory is short."""

    dtype: torch.dtype
    offloaded: bool = False  # every network is on the device only while it computes
    sliced: bool = False  # attention and pictures are computed piece by piece

    @property
    def thriftier(self) -> Memory | None:
        """What to try where this did not fit; None where nothing is left to try."""
        if not self.offloaded:
            return replace(self, offloaded=True)
        return None if self.sliced else replace(self, sliced=True)

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know, as sentences."""
        if not self.offloaded:
            return ()
        return (IN_SLICES if self.sliced else OFFLOADED,)


@dataclass(frozen=True)
class Networks:
    """The parts of a checkpoint, frozen."""

    name: str  # for the user
    fingerprint: str  # 16 hexadecimal digits that tell checkpoints apart
    device: torch.device
    memory: Memory
    tokenizer: Any
    text_encoder: Any
    unet: Any
    vae: Any
    scheduler: Any  # as configured in the checkpoint
    image_encoder: Any = None  # CLIP's, where the checkpoint brings one

    @property
    def scale(self) -> int:
        """Pixels per latent, along each side."""
        return int(2 ** (len(self.vae.config.block_out_channels) - 1))

    @property
    def side(self) -> int:
        """Pixels along the sides of the pictures it was trained on."""
        size = self.unet.config.sample_size
        return self.scale * int(size if isinstance(size, int) else max(size))

    @property
    def width(self) -> int:
        """Channels of a token's embedding."""
        return int(self.text_encoder.config.hidden_size)

    @property
    def few_steps(self) -> bool:
        """Whether it was distilled to make pictures in one to eight steps."""
        spacing = self.scheduler.config.get("timestep_spacing")
        euler = type(self.scheduler).__name__.startswith("Euler") and spacing == "trailing"
        return type(self.scheduler).__name__ in FEW_STEPS or self.embeds_guidance or euler

    @property
    def embeds_guidance(self) -> bool:
        """Whether it takes the guidance's strength as an input, as latent consistency models do."""
        return self.unet.config.time_cond_proj_dim is not None

    @contextlib.contextmanager
    def using(self, network: Any) -> Iterator[Any]:
        """A network on the device, meanwhile only where memory is short."""
        network.to(self.device)
        try:
            yield network
        finally:
            if self.memory.offloaded:
                network.to("cpu")


def check_layout(folder: Path) -> None:
    """Raises Missing where a folder holds no checkpoint, BadRequest where it is of a family that is not known here."""
    if not (folder / INDEX).is_file():
        raise Missing(
            "There is no {index} in {folder}. Choose the folder of a checkpoint as diffusers saves them.",
            index=INDEX,
            folder=folder,
        )
    try:
        index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadRequest(
            "The file {file} cannot be read ({error}). Bring the checkpoint anew.", file=folder / INDEX, error=error
        ) from None
    family = str(index.get("_class_name", "")) if isinstance(index, dict) else ""
    if not isinstance(index, dict) or any(part in index for part in LARGER) or any(part not in index for part in PARTS):
        raise BadRequest(
            "The checkpoint {folder} is a {family}. Choose one of the kind of Stable Diffusion 1.x or 2.x "
            "(StableDiffusionPipeline), such as stable-diffusion-v1-5/stable-diffusion-v1-5 or stabilityai/sd-turbo.",
            folder=folder,
            family=family or wording("stranger"),
        )
    for part in NETWORKS[:3]:
        _weights_file(folder / part)


def fingerprint(folder: Path) -> str:
    """16 hexadecimal digits of the checkpoint's files: names, sizes, and the small ones' content."""
    found = hashlib.sha256()
    for part in (INDEX, *PARTS, IMAGE_ENCODER):
        place = folder / part
        files = sorted(place.rglob("*")) if place.is_dir() else [place]
        for file in (file for file in files if file.is_file()):
            found.update(f"{file.relative_to(folder).as_posix()} {file.stat().st_size}\n".encode())
            found.update(_sample(file))
    return found.hexdigest()[:16]


def stamp(folder: Path) -> str:
    """What changes as soon as any file of a folder is another one: names, sizes and times; "" for no folder."""
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    told = [f"{file.relative_to(folder).as_posix()} {file.stat().st_size} {file.stat().st_mtime_ns}" for file in files]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:16] if told else ""


def load(folder: Path, name: str, device: torch.device, memory: Memory | None = None) -> Networks:
    """The checkpoint in a folder, ready on a device; memory: decided by what is free there, if not given.

    Raises Missing for packages and files that are not there, BadRequest for another family of checkpoints.
    """
    packages.need_packages()
    check_layout(folder)
    diffusers, transformers = packages.diffusers(), packages.transformers()
    memory = memory or plan(folder, device)
    kinds = {
        "text_encoder": transformers.CLIPTextModel,
        "unet": diffusers.UNet2DConditionModel,
        "vae": diffusers.AutoencoderKL,
        IMAGE_ENCODER: transformers.CLIPVisionModelWithProjection,
    }
    here = [part for part in NETWORKS if part != IMAGE_ENCODER or (folder / part / "config.json").is_file()]
    try:
        found = {part: _network(kinds[part], folder / part, memory.dtype) for part in here}
        tokenizer = transformers.CLIPTokenizer.from_pretrained(str(folder / "tokenizer"), local_files_only=True)
        scheduler = _scheduler(diffusers, folder / "scheduler")
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        if is_out_of_memory(error):
            raise
        raise BadRequest(
            "The checkpoint {folder} cannot be read ({error}). Bring it anew.", folder=folder, error=_first_line(error)
        ) from error
    networks = Networks(name, fingerprint(folder), device, memory, tokenizer, scheduler=scheduler, **found)
    if memory.sliced:
        networks.unet.set_attention_slice("auto")
        networks.vae.enable_tiling()
    if not memory.offloaded:
        for part in here:
            found[part].to(device)
    return networks


def plan(folder: Path, device: torch.device) -> Memory:
    """How sparingly a checkpoint must be used on a device: half precision on graphics cards, moved there by parts if needed."""
    if device.type != "cuda":
        return Memory(torch.float32)
    native = torch.cuda.is_bf16_supported(including_emulation=False)
    memory = Memory(torch.bfloat16 if native else torch.float16)
    sizes = [_elements(_weights_file(folder / part)) * memory.dtype.itemsize for part in NETWORKS[:3]]
    free = torch.cuda.mem_get_info(device)[0]
    if free >= sum(sizes) + HEADROOM:
        return memory
    return replace(memory, offloaded=True, sliced=free < max(sizes) + HEADROOM)


def _network(kind: Any, folder: Path, dtype: torch.dtype) -> nn.Module:
    file = _weights_file(folder)
    options: dict[str, Any] = {"torch_dtype": dtype} if kind.__module__.startswith("diffusers") else {"dtype": dtype}
    if ".fp16." in file.name:
        options["variant"] = "fp16"
    if kind.__module__.startswith("diffusers"):
        options["low_cpu_mem_usage"] = False  # needs another package
    network, told = kind.from_pretrained(
        str(folder), use_safetensors=True, local_files_only=True, output_loading_info=True, **options
    )
    if told["missing_keys"]:  # else they would silently be random
        raise ValueError(
            f"{folder.name} lacks {len(told['missing_keys'])} tensors, {sorted(told['missing_keys'])[0]} among them"
        )
    frozen: nn.Module = network.eval().requires_grad_(False)
    return frozen


def _scheduler(diffusers: Any, folder: Path) -> Any:
    config = json.loads((folder / "scheduler_config.json").read_text(encoding="utf-8"))
    kind = getattr(diffusers, str(config.get("_class_name")), None)
    if kind is None or not str(config["_class_name"]).endswith("Scheduler"):
        raise ValueError(f"there is no scheduler {config.get('_class_name')}")
    return kind.from_config(config)


def _weights_file(folder: Path) -> Path:
    """The weights of a part, the smaller ones where there are two; Missing where there are none, or only pickled ones."""
    for pattern in ("*.fp16.safetensors", "*.safetensors"):
        for name in ("diffusion_pytorch_model", "model"):
            for file in folder.glob(pattern.replace("*", name, 1)):
                return file
    if any(folder.glob("*.bin")):
        raise Missing(
            "There are no weights in the safetensors format (pickles can run programs, so they are never opened) in {folder}. "
            "Bring the whole checkpoint.",
            folder=folder,
        )
    raise Missing("There are no weights in {folder}. Bring the whole checkpoint.", folder=folder)


def _elements(file: Path) -> int:
    """How many numbers a safetensors file holds, by its header; BadRequest where it has none."""
    try:
        with file.open("rb") as opened:
            header = json.loads(opened.read(min(int.from_bytes(opened.read(8), "little"), MOST_HEADER)))
        return sum(math.prod(entry["shape"]) for name, entry in header.items() if name != "__metadata__")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadRequest(
            "The weights {file} cannot be read ({error}). Bring them anew.", file=file, error=_first_line(error)
        ) from error


def _sample(file: Path) -> bytes:
    """Some of a file's bytes: all of a small one, the beginning and the end of a large one."""
    with file.open("rb") as opened:
        begin = opened.read(65536)
        opened.seek(max(65536, file.stat().st_size - 65536))
        return begin + opened.read()


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")[:200]
