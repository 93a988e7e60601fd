"""Tiny random checkpoints in the layout of diffusers, saved as the published ones are."""

import json

import torch
from diffusers import AutoencoderKL, DDIMScheduler, EulerDiscreteScheduler, LCMScheduler, PNDMScheduler, UNet2DConditionModel
from safetensors.torch import save_file
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer, CLIPVisionConfig, CLIPVisionModelWithProjection

WIDTH = 32
WORDS = ("a", "cup", "horse", "of", "*", ",", "blue", "no")
NOISE = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}


def tokenizer():
    """Letters and a few whole words, by merges as in CLIP's own."""
    letters = [chr(code) for code in range(33, 127)]
    vocabulary = [*letters, *(f"{letter}</w>" for letter in letters)]
    merges = []
    for word in WORDS:
        parts = [*word[:-1], f"{word[-1]}</w>"]
        while len(parts) > 1:
            merge = f"{parts[0]} {parts[1]}"
            if merge not in merges:
                merges.append(merge)
                vocabulary.append(parts[0] + parts[1])
            parts = [parts[0] + parts[1], *parts[2:]]
    vocabulary += ["<|startoftext|>", "<|endoftext|>"]
    return CLIPTokenizer(
        vocab={token: number for number, token in enumerate(dict.fromkeys(vocabulary))},
        merges=[tuple(merge.split()) for merge in merges],
        model_max_length=16,
    )


def save_checkpoint(folder, seed=0, kind="sd15", image_encoder=True):
    """A checkpoint of a kind: sd15, turbo or lcm; pictures have 32 px sides, a latent is 2 px."""
    torch.manual_seed(seed)
    words = tokenizer()
    unet = UNet2DConditionModel(
        sample_size=16, in_channels=4, out_channels=4, layers_per_block=1, block_out_channels=(8, 16), norm_num_groups=4,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"), up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        cross_attention_dim=WIDTH, attention_head_dim=2, time_cond_proj_dim=8 if kind == "lcm" else None,
    )  # fmt: skip
    vae = AutoencoderKL(
        block_out_channels=(8, 8), in_channels=3, out_channels=3, latent_channels=4, norm_num_groups=4, sample_size=32,
        down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2,
    )  # fmt: skip
    text = CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(words), hidden_size=WIDTH, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
            max_position_embeddings=16, bos_token_id=len(words) - 2, eos_token_id=len(words) - 1,
        )
    )  # fmt: skip
    scheduler = {
        "sd15": lambda: PNDMScheduler(**NOISE, skip_prk_steps=True, steps_offset=1),
        "ddim": lambda: DDIMScheduler(**NOISE, clip_sample=False),
        "turbo": lambda: EulerDiscreteScheduler(**NOISE, timestep_spacing="trailing"),
        "lcm": lambda: LCMScheduler(**NOISE, clip_sample=False),
    }[kind]()
    for name, part in (("unet", unet), ("vae", vae), ("text_encoder", text)):
        part.save_pretrained(folder / name, safe_serialization=True)
    words.save_pretrained(folder / "tokenizer")
    scheduler.save_pretrained(folder / "scheduler")
    if image_encoder:
        save_image_encoder(folder / "image_encoder", WIDTH)
    index = {
        "_class_name": "LatentConsistencyModelPipeline" if kind == "lcm" else "StableDiffusionPipeline",
        "_diffusers_version": "0.35.0",
        "tokenizer": ["transformers", "CLIPTokenizer"],
        "text_encoder": ["transformers", "CLIPTextModel"],
        "unet": ["diffusers", "UNet2DConditionModel"],
        "vae": ["diffusers", "AutoencoderKL"],
        "scheduler": ["diffusers", type(scheduler).__name__],
        "safety_checker": [None, None],
        "feature_extractor": [None, None],
    }
    (folder / "model_index.json").write_text(json.dumps(index, indent=2))
    return folder


def save_image_encoder(folder, width, seed=3):
    """CLIP's eyes, whose embeddings have `width` channels."""
    torch.manual_seed(seed)
    config = CLIPVisionConfig(
        hidden_size=32, intermediate_size=64, projection_dim=width, num_hidden_layers=2, num_attention_heads=4, image_size=28,
        patch_size=14,
    )  # fmt: skip
    CLIPVisionModelWithProjection(config).save_pretrained(folder, safe_serialization=True)


def save_adapter(folder, seed=4, width=24, tokens=4):
    """An image adapter for the tiny checkpoints, in the layout of the published ones, with its image encoder."""
    generator = torch.Generator().manual_seed(seed)

    def drawn(*shape):
        return 0.2 * torch.randn(shape, generator=generator)

    tensors = {
        "image_proj.proj.weight": drawn(tokens * WIDTH, width),
        "image_proj.proj.bias": drawn(tokens * WIDTH),
        "image_proj.norm.weight": torch.ones(WIDTH),
        "image_proj.norm.bias": torch.zeros(WIDTH),
    }
    for number in range(4):  # of cross attentions: one down, two up, one in the middle
        channels = 16 if number == 3 else 8
        for part in "kv":
            tensors[f"ip_adapter.{2 * number + 1}.to_{part}_ip.weight"] = drawn(channels, WIDTH)
    (folder / "models").mkdir(parents=True)
    save_file(tensors, folder / "models" / "ip-adapter_sd15.safetensors")
    save_image_encoder(folder / "models" / "image_encoder", width)
    return folder
