"""Pictures as conditions: CLIP's embedding of one, and the adapter (IP-Adapter, Ye et al. 2023) that hands it to a network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from backend.core.errors import BadRequest
from backend.core.image import Image
from backend.diffusion import packages
from backend.diffusion.checkpoint import Networks

MEAN, DEVIATION = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)  # of CLIP's pictures, sRGB


def read_image_encoder(folder: Path, device: torch.device, dtype: torch.dtype) -> Any:
    """CLIP's eyes in the layout of transformers; BadRequest where they cannot be read."""
    kind = packages.transformers().CLIPVisionModelWithProjection
    try:
        options = {"use_safetensors": True, "local_files_only": True, "output_loading_info": True, "dtype": dtype}
        found, told = kind.from_pretrained(str(folder), **options)
    except (OSError, ValueError, RuntimeError) as error:
        raise BadRequest("The image encoder {folder} cannot be read. Bring it anew.", folder=folder) from error
    if told["missing_keys"]:  # they would silently be random
        raise BadRequest("The image encoder {folder} lacks tensors. Bring it anew.", folder=folder)
    return found.eval().requires_grad_(False).to(device)


@torch.no_grad()
def embed(encoder: Any, image: Image) -> Tensor:
    """CLIP's embedding [1, E] of a picture [1, 3, H, W], which is seen on a white square; float32."""
    side = encoder.config.image_size
    height, width = image.shape[-2:]
    across, down = max(height - width, 0), max(width - height, 0)
    x = F.pad(image, (across // 2, across - across // 2, down // 2, down - down // 2), value=1.0)
    x = F.interpolate(x, (side, side), mode="bicubic", antialias=True, align_corners=False).clamp(0, 1)
    mean, deviation = (torch.tensor(values).view(1, 3, 1, 1) for values in (MEAN, DEVIATION))
    parameter = next(encoder.parameters())
    found: Tensor = encoder(((x.cpu() - mean) / deviation).to(parameter.device, parameter.dtype)).image_embeds
    return found.float()


def with_adapter(networks: Networks, weights: Path, scale: float = 1.0) -> None:
    """Puts an adapter into a checkpoint's network, which then needs image embeddings; BadRequest where it does not fit."""
    pipeline_kind = packages.diffusers().StableDiffusionPipeline
    pipeline = pipeline_kind(
        vae=networks.vae,
        text_encoder=networks.text_encoder,
        tokenizer=networks.tokenizer,
        unet=networks.unet,
        scheduler=networks.scheduler,
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    try:
        pipeline.load_ip_adapter(
            str(weights.parent),
            subfolder="",
            weight_name=weights.name,
            image_encoder_folder=None,
            local_files_only=True,
            low_cpu_mem_usage=False,
        )
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise BadRequest(
            "The image adapter {weights} does not fit the checkpoint {name}. Choose another one.",
            weights=weights,
            name=networks.name,
        ) from error
    pipeline.set_ip_adapter_scale(scale)
    networks.unet.to(networks.device if not networks.memory.offloaded else "cpu", networks.memory.dtype)
