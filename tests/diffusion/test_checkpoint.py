"""Checkpoints are read from safetensors in diffusers' layout; what cannot be read is said in a sentence."""

import importlib.util
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from backend.core.errors import BadRequest, Missing
from backend.diffusion import checkpoint, packages
from backend.diffusion.checkpoint import Memory, check_layout, fingerprint, load, plan
from backend.diffusion.conditions import encode_text
from backend.diffusion.latents import encode
from tests.diffusion.conftest import CPU
from tests.diffusion.tiny import save_checkpoint

ROOT = Path(__file__).parents[2]


@pytest.fixture
def copy(folders, tmp_path):
    return Path(shutil.copytree(folders("sd15"), tmp_path / "copy"))


@pytest.mark.parametrize(("kind", "few", "embeds"), [("sd15", 0, 0), ("ddim", 0, 0), ("turbo", 1, 0), ("lcm", 1, 1)])
def test_a_checkpoint_is_known_by_its_parts(networks_of, kind, few, embeds):
    networks = networks_of(kind)
    assert (networks.scale, networks.side, networks.width) == (2, 32, 32)
    assert networks.few_steps == few and networks.embeds_guidance == embeds
    assert not any(parameter.requires_grad for parameter in networks.unet.parameters()) and not networks.unet.training


def test_checkpoints_are_told_apart(folders, copy, tmp_path):
    assert fingerprint(folders("sd15")) == fingerprint(copy)
    assert fingerprint(save_checkpoint(tmp_path / "other", seed=1)) != fingerprint(copy)
    config = copy / "scheduler" / "scheduler_config.json"
    config.write_text(config.read_text().replace("0.012", "0.013"))
    assert fingerprint(folders("sd15")) != fingerprint(copy)


def test_of_two_forms_the_smaller_is_read(copy):
    half = load(copy, "x", CPU).unet.half()
    for name in ("unet", "vae", "text_encoder"):
        file = next((copy / name).glob("*.safetensors"))
        file.rename(file.with_name(file.name.replace(".safetensors", ".fp16.safetensors")))
    half.save_pretrained(copy / "unet", variant="fp16")
    networks = load(copy, "x", CPU)
    assert networks.unet.dtype == torch.float32
    assert torch.equal(networks.unet.conv_in.weight, half.conv_in.weight.float())


@pytest.mark.parametrize(
    ("spoil", "kind", "word"),
    [
        (lambda folder: (folder / "model_index.json").unlink(), Missing, "model_index.json"),
        (lambda folder: (folder / "model_index.json").write_text("{"), BadRequest, "anew"),
        (lambda folder: (folder / "model_index.json").write_text("[]"), BadRequest, "stranger"),
        (lambda folder: (folder / "unet" / "config.json").unlink(), BadRequest, "anew"),
        (lambda folder: (folder / "unet" / "diffusion_pytorch_model.safetensors").unlink(), Missing, "whole checkpoint"),
        (lambda folder: (folder / "unet" / "diffusion_pytorch_model.safetensors").write_bytes(b"x" * 99), BadRequest, "anew"),
        (
            lambda folder: (folder / "scheduler" / "scheduler_config.json").write_text('{"_class_name": "Flow"}'),
            BadRequest,
            "Flow",
        ),
    ],
)
def test_what_is_not_whole_is_said(copy, spoil, kind, word):
    spoil(copy)
    with pytest.raises(kind, match=word) as raised:
        load(copy, "x", CPU)
    assert str(raised.value).endswith(".")


@pytest.mark.parametrize("part", ["unet", "vae", "text_encoder", "image_encoder"])
def test_a_network_that_lacks_a_tensor_is_refused(copy, part):
    file = next((copy / part).glob("*.safetensors"))
    tensors = load_file(file)
    del tensors[sorted(tensors)[5]]
    save_file(tensors, file, {"format": "pt"})
    with pytest.raises(BadRequest, match=f"{part} lacks 1 tensors"):
        load(copy, "x", CPU)


def test_text_encoders_are_read_as_they_were_published(copy, networks_of):
    """Under the prefix and with the positions that transformers wrote in 2022."""
    file = copy / "text_encoder" / "model.safetensors"
    tensors = {f"text_model.{name.removeprefix('text_model.')}": value for name, value in load_file(file).items()}
    tensors["text_model.embeddings.position_ids"] = torch.arange(16)[None]
    save_file(tensors, file, {"format": "pt"})
    assert torch.equal(encode_text(load(copy, "x", CPU), "a horse"), encode_text(networks_of("sd15"), "a horse"))


def test_autoencoders_are_read_as_they_were_published(copy, networks_of):
    """Under the names of attention that diffusers wrote in 2022."""
    file = copy / "vae" / "diffusion_pytorch_model.safetensors"
    older = (("to_q.", "query."), ("to_k.", "key."), ("to_v.", "value."), ("to_out.0.", "proj_attn."))
    tensors = {}
    for name, value in load_file(file).items():
        for new, old in older:
            name = name.replace(new, old)
        tensors[name] = value
    assert any("proj_attn" in name for name in tensors)
    save_file(tensors, file, {"format": "pt"})
    image = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    assert torch.equal(encode(load(copy, "x", CPU), image), encode(networks_of("sd15"), image))


def test_pickled_weights_are_never_opened(copy):
    file = copy / "vae" / "diffusion_pytorch_model.safetensors"
    file.rename(file.with_suffix(".bin"))
    with pytest.raises(Missing, match="never opened"):
        check_layout(copy)


def test_checkpoints_of_other_families_are_named(copy):
    index = json.loads((copy / "model_index.json").read_text())
    index |= {"_class_name": "StableDiffusionXLPipeline", "text_encoder_2": ["transformers", "CLIPTextModelWithProjection"]}
    (copy / "model_index.json").write_text(json.dumps(index))
    with pytest.raises(BadRequest, match=r"StableDiffusionXLPipeline.*sd-turbo"):
        check_layout(copy)


def test_memory_is_saved_step_by_step():
    all_at_once = Memory(torch.float16)
    moved = all_at_once.thriftier
    assert all_at_once.notes == () and moved.offloaded and not moved.sliced and "one by one" in moved.notes[0]
    assert moved.thriftier.sliced and moved.thriftier.thriftier is None


@pytest.mark.parametrize(
    ("free", "offloaded", "sliced"), [(1 << 40, False, False), ((3 << 30) + 120_000, True, False), (1 << 30, True, True)]
)
def test_a_card_with_less_memory_gets_less_at_once(folders, monkeypatch, free, offloaded, sliced):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation=True: False)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (free, free))
    assert plan(folders("sd15"), torch.device("cuda:0")) == Memory(torch.float16, offloaded, sliced)
    assert plan(folders("sd15"), CPU) == Memory(torch.float32)


@pytest.mark.parametrize("content", [b"", b"\xff" * 40, b"\x02" + bytes(7) + b"[]", b"\x08" + bytes(7) + b'{"a":{}}'])
def test_weights_without_a_header_are_no_surprise(tmp_path, content):
    (tmp_path / "model.safetensors").write_bytes(content)
    with pytest.raises(BadRequest, match="Bring them anew"):
        checkpoint._elements(tmp_path / "model.safetensors")


def test_a_thrifty_checkpoint_comes_to_the_same(folders, networks_of):
    from backend.core.work import completed
    from backend.diffusion.text_to_image import TextToImage, text_to_image

    thrifty = load(folders("ddim"), "tiny", CPU, Memory(torch.float32, offloaded=True, sliced=True))
    wanted = TextToImage("a horse", steps=2)
    plain, spared = (completed(text_to_image(wanted, networks)) for networks in (networks_of("ddim"), thrifty))
    assert torch.allclose(plain.image, spared.image, atol=1e-4)
    assert any("one by one" in note for note in spared.notes) and not any("one by one" in note for note in plain.notes)


def test_without_the_packages_the_command_is_told(monkeypatch, folders):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(Missing) as raised:
        load(folders("sd15"), "x", CPU)
    assert sys.executable in str(raised.value) and "diffusers" in str(raised.value) and "pip install" in str(raised.value)


def test_the_packages_are_those_of_the_extra():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    lines = re.search(r"^diffusion = \[(.*?)\]", text, re.DOTALL | re.MULTILINE)[1]
    assert tuple(re.findall(r'"(.+?)"', lines)) == packages.REQUIREMENTS and '"stylesketch[diffusion]"' in text


def test_recipes_start_without_the_packages():
    code = "import sys, backend.recipes.prompt_sketch, backend.recipes.style_transfer, backend.cli; print(sorted(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert not re.findall(r"'(diffusers|transformers)'", found)
