"""Every network's weights: where they come from, how their files are told, under which licence, and what they are for.

A sha256 stands here only as far as it is known: OpenAI's addresses contain the whole one; the names of torch hub's files
its first 8 digits, and what follows them is what several public projects measured. `official_digits` says how many digits
the publisher itself confirms; 0 is unverified. Sizes are those that downloads of these files reported.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from backend.core.notes import Note

Layout = Mapping[str, tuple[int, ...]]  # some tensors by which a network's file is told: key → shape
DIGITS = 64  # of a whole sha256, hexadecimal


@dataclass(frozen=True)
class WeightsFile:
    """One published file. Every address has the same bytes."""

    name: str
    urls: tuple[str, ...]  # the publisher's own first, then mirrors
    size: int  # bytes
    sha256: str = ""  # as many of the first digits as are known
    official_digits: int = 0  # how many of them the publisher confirms

    @property
    def whole(self) -> bool:
        """Whether the whole sha256 is known."""
        return len(self.sha256) == DIGITS

    @property
    def proof(self) -> str:
        """How far the bytes can be checked, for the user."""
        if self.official_digits == DIGITS:
            return "sha256 from the publisher"
        if self.official_digits:
            return f"first {self.official_digits} digits of the sha256 from the publisher"
        return Note("sha256 from other projects") if self.whole else Note("unverified")


@dataclass(frozen=True)
class Weights:
    """One network's weights."""

    name: str
    title: str
    used_by: str  # what in StyleSketch uses them; empty: nothing yet
    license: str
    layouts: tuple[Layout, ...]  # the forms that its file may have
    files: tuple[WeightsFile, ...] = ()  # what can be downloaded, the best first; none: the user brings a file
    about: str = ""  # what else the user should know

    @property
    def size(self) -> int | None:
        """Bytes of the download; None where there is none."""
        return self.files[0].size if self.files else None

    @property
    def cure(self) -> str:
        """The command that brings them."""
        if not self.files:
            return f"`stylesketch models add {self.name} FILE`"
        return f"`stylesketch models pull {self.name}`"


OPENAI = ("https://openaipublic.azureedge.net/clip/models", "https://openaipublic.blob.core.windows.net/clip/models")
TORCH_HUB = "https://download.pytorch.org/models"
HUB = "https://huggingface.co"


def _openai(sha256: str, name: str, size: int) -> WeightsFile:
    return WeightsFile(name, tuple(f"{root}/{sha256}/{name}" for root in OPENAI), size, sha256, DIGITS)


_ALL = (
    Weights(
        name="squeezenet",
        title="SqueezeNet 1.1",
        used_by=Note("light guidance (--guidance squeezenet), textures, --method clipascene, nearness to a style's exemplar"),
        license=Note("BSD-3-Clause (torchvision); trained on ImageNet"),
        layouts=({"features.0.weight": (64, 3, 3, 3), "features.12.squeeze.weight": (64, 512, 1, 1)},),
        files=(
            WeightsFile(
                "squeezenet1_1-b8a52dc0.pth",
                (f"{TORCH_HUB}/squeezenet1_1-b8a52dc0.pth",),
                4_958_839,
                "b8a52dc049b60e4b6ab68ad0df457362afab8b6304b2febdc1650a5dab4d7e7b",
                8,
            ),
        ),
    ),
    Weights(
        name="vgg19",
        title="VGG-19",
        used_by=Note("textures, features of style packs"),
        license=Note("BSD-3-Clause (torchvision); trained on ImageNet"),
        layouts=({"features.16.weight": (256, 256, 3, 3), "features.28.weight": (512, 512, 3, 3)},),
        files=(
            WeightsFile(
                "vgg19-dcbb9e9d.pth",
                (f"{TORCH_HUB}/vgg19-dcbb9e9d.pth",),
                574_673_361,
                "dcbb9e9dad569fff7a846263a77324fc34978fea2bfb039c012d710e1776ae44",
                8,
            ),
        ),
    ),
    Weights(
        name="vgg19_distilled",
        title=Note("VGG-19 distilled to a sixteenth"),
        used_by=Note("textures, features of style packs"),
        license="MIT (Collaborative Distillation)",
        layouts=({"level1.conv0.weight": (3, 3, 1, 1), "level5.conv51.weight": (128, 128, 3, 3)},),
        about=Note("Not published as one file: bring one with the five encoders under keys such as level5.conv51.weight."),
    ),
    Weights(
        name="clip_vit_b32",
        title="CLIP ViT-B/32",
        used_by=Note("drawing after a text, likeness to a text, nearness to a style's exemplar"),
        license="MIT (OpenAI)",
        layouts=(
            {"visual.conv1.weight": (768, 3, 32, 32), "visual.proj": (768, 512)},
            {"vision_model.embeddings.patch_embedding.weight": (768, 3, 32, 32), "visual_projection.weight": (512, 768)},
        ),
        files=(
            _openai("40d365715913c9da98579312b702a82c18be219cc2a73407c4526f58eba950af", "ViT-B-32.pt", 353_976_522),
            WeightsFile(
                "clip-vit-base-patch32.safetensors",
                (
                    f"{HUB}/openai/clip-vit-base-patch32/resolve/refs%2Fpr%2F15/model.safetensors",
                    f"{HUB}/sentence-transformers/clip-ViT-B-32/resolve/327ab6726d33c0e22f920c83f2ff9e4bd38ca37f/0_CLIPModel/model.safetensors",
                ),
                605_157_884,
                "99d28a652e6ec46629ab7047a0ac82c69b1fe11e0ce672c43af65d3a9a3fc05d",
            ),
        ),
    ),
    Weights(
        name="clip_vit_b16",
        title="CLIP ViT-B/16",
        used_by=Note("nearness to a style's exemplar, where no other CLIP is"),
        license="MIT (OpenAI)",
        layouts=(
            {"visual.conv1.weight": (768, 3, 16, 16), "visual.proj": (768, 512)},
            {"vision_model.embeddings.patch_embedding.weight": (768, 3, 16, 16), "visual_projection.weight": (512, 768)},
        ),
        files=(
            _openai("5806e77cd80f8b59890b7e101eabd078d9fb84e6937f9e85e4ecb61988df416f", "ViT-B-16.pt", 350_837_078),
            WeightsFile(
                "clip-vit-base-patch16.bin",
                (f"{HUB}/openai/clip-vit-base-patch16/resolve/57c216476eefef5ab752ec549e440a49ae4ae5f3/pytorch_model.bin",),
                598_641_023,
            ),
        ),
    ),
    Weights(
        name="clip_vit_l14",
        title="CLIP ViT-L/14",
        used_by=Note("training styles, restyling by diffusion in a trained style"),
        license="MIT (OpenAI)",
        layouts=(
            {"visual.conv1.weight": (1024, 3, 14, 14), "visual.proj": (1024, 768)},
            {"vision_model.embeddings.patch_embedding.weight": (1024, 3, 14, 14), "visual_projection.weight": (768, 1024)},
        ),
        files=(_openai("b8cca3fd41ae0c99ba7e8951adf17d267cdb84cd88be6f7c2e0eca1737a03836", "ViT-L-14.pt", 932_768_134),),
    ),
    Weights(
        name="clip_vocabulary",
        title=Note("CLIP's vocabulary"),
        used_by=Note("reading a text, beside clip_vit_b32"),
        license="MIT (OpenAI)",
        layouts=({"merges": (48894, 2)},),
        files=(
            WeightsFile(
                "bpe_simple_vocab_16e6.txt.gz",
                ("https://github.com/openai/CLIP/raw/main/clip/bpe_simple_vocab_16e6.txt.gz",),
                1_356_917,
                "924691ac288e54409236115652ad4aa250f48203de50a9e4722a6ecd48d6804a",
            ),
        ),
    ),
    Weights(
        name="clip_rn101",
        title="CLIP RN101",
        used_by=Note("guidance by what is meant (--guidance clip), nearness to a style's exemplar, where clip_vit_b32 is not"),
        license="MIT (OpenAI)",
        layouts=({"visual.layer3.22.conv1.weight": (256, 1024, 1, 1), "visual.attnpool.c_proj.weight": (512, 2048)},),
        files=(_openai("8fa8567bab74a42d41c5915025a8e4538c3bdbe8804a470a72f30b0d94fab599", "RN101.pt", 291_791_292),),
    ),
    Weights(
        name="birefnet_lite",
        title=Note("BiRefNet, the lite one"),
        used_by=Note("finding the subject (--mask auto), where birefnet is not"),
        license="MIT (Peng Zheng)",
        layouts=({"bb.patch_embed.proj.weight": (96, 3, 4, 4), "squeeze_module.0.conv_in.weight": (64, 2880, 3, 3)},),
        files=(
            WeightsFile(
                "birefnet_lite.safetensors",
                (f"{HUB}/ZhengPeng7/BiRefNet_lite/resolve/main/model.safetensors",),
                177_634_392,
                "4417d89795250e698c3cb0ae8df15743810065f646f48a694fdfa7ca052d0815",
            ),
        ),
    ),
    Weights(
        name="birefnet",
        title="BiRefNet",
        used_by=Note("finding the subject (--mask auto)"),
        license="MIT (Peng Zheng)",
        layouts=({"bb.patch_embed.proj.weight": (192, 3, 4, 4), "squeeze_module.0.conv_in.weight": (64, 5760, 3, 3)},),
        files=(
            WeightsFile(
                "birefnet.safetensors",
                (f"{HUB}/ZhengPeng7/BiRefNet/resolve/main/model.safetensors",),
                444_473_596,
                "9ab37426bf4de0567af6b5d21b16151357149139362e6e8992021b8ce356a154",
            ),
        ),
    ),
    Weights(
        name="u2net",
        title="U²-Net",
        used_by=Note("finding the subject (--mask auto), where no BiRefNet is"),
        license="Apache-2.0 (Xuebin Qin)",
        layouts=({"stage1.rebnconvin.conv_s1.weight": (64, 3, 3, 3), "stage6.rebnconv4.conv_s1.weight": (256, 256, 3, 3)},),
        files=(
            WeightsFile(
                "u2net.pth",
                (
                    "https://drive.usercontent.google.com/download?id=1ao1ovG1Qtx4b7EoskHXmi2E9rp5CHLcZ&export=download&confirm=t",
                    f"{HUB}/akhaliq/CLIPasso/resolve/main/u2net.pth",
                ),
                176_290_937,
            ),
        ),
    ),
    Weights(
        name="u2netp",
        title=Note("U²-Net, the small one"),
        used_by=Note("finding the subject (--mask auto), where neither BiRefNet nor u2net is"),
        license="Apache-2.0 (Xuebin Qin)",
        layouts=({"stage1.rebnconvin.conv_s1.weight": (64, 3, 3, 3), "stage6.rebnconv4.conv_s1.weight": (16, 16, 3, 3)},),
        about=Note("Its authors publish u2netp.pth (4.7 MB) on Google Drive; https://github.com/xuebinqin/U-2-Net links it."),
    ),
    Weights(
        name="lama",
        title="LaMa",
        used_by=Note("completing the background behind objects (scenes)"),
        license="Apache-2.0 (Samsung Research)",
        layouts=(
            {"model.generator.model.1.ffc.convl2l.weight": (64, 4, 7, 7), "model.generator.model.34.weight": (3, 64, 7, 7)},
            {"generator.model.1.ffc.convl2l.weight": (64, 4, 7, 7), "generator.model.34.weight": (3, 64, 7, 7)},
        ),
        files=(
            WeightsFile(
                "big-lama.pt",
                ("https://github.com/Sanster/models/releases/download/add_big_lama/big-lama.pt",),
                205_669_692,
                "344c77bbcb158f17dd143070d1e789f38a66c04202311ae3a258ef66667a9ea9",
            ),
        ),
    ),
)
MANIFEST: Mapping[str, Weights] = {weights.name: weights for weights in _ALL}
