"""A pack that was made without networks is seen by those that came later."""

import io
import sys
from pathlib import Path

import pytest
import torch
from PIL import Image

from backend.core.errors import BadRequest, Missing
from backend.core.work import completed
from backend.encoders import ENCODERS
from backend.model_pool import ModelPool
from backend.perception.photograph import decode
from backend.recipes.deep_features import features_of
from backend.recipes.later_features import later_features
from backend.style_features import kept_features, write_features
from backend.style_members import Pack

sys.path.append(str(Path(__file__).parents[1] / "encoders"))
from networks import WEIGHTS

NETWORKS = {name: ENCODERS[name](WEIGHTS[name](), torch.device("cpu")) for name in ("squeezenet", "clip_vit_b32")}


class Pool(ModelPool):
    """A pool with tiny random networks."""

    def has_encoder(self, name):
        return name in NETWORKS

    def encoder(self, name):
        return NETWORKS[name]


class Blind(Pool):
    def has_encoder(self, name):
        return False


class OnlyGrams(Pool):
    def has_encoder(self, name):
        return name == "squeezenet"


def pool(kind):
    return kind(torch.device("cpu"), "reference")


def picture(shade):
    file = io.BytesIO()
    image = Image.new("L", (64, 48), 255)
    image.paste(shade, (10, 10, 50, 14))
    image.save(file, "PNG")
    return file.getvalue()


PACK = Pack("ink", {"style.toml": b'title = "Ink"', "exemplar.png": picture(0), "exemplar-2.png": picture(90)})


def test_it_has_then_what_extraction_with_these_networks_gives():
    progress = []
    data = completed(later_features(PACK, pool(Pool)), progress.append)
    pixels = [decode(PACK.files[name]).pixels for name in ("exemplar.png", "exemplar-2.png")]
    assert data == write_features(features_of(pixels, pool(Pool)))
    assert {where[0] for where in kept_features(data)} == {"squeezenet", "clip_vit_b32"}
    done = [step.done for step in progress]
    assert done == sorted(done) and done[-1] < 1


def test_what_other_networks_saw_stays():
    everything = completed(later_features(PACK, pool(Pool)))
    grams = completed(later_features(PACK, pool(OnlyGrams)))
    assert len(grams) < len(everything)
    seen = Pack("ink", {**PACK.files, "features.safetensors": everything})
    assert completed(later_features(seen, pool(OnlyGrams))) == everything


@pytest.mark.parametrize("damaged", [b"half", b""])
def test_a_damaged_file_is_made_anew(damaged):
    broken = Pack("ink", {**PACK.files, "features.safetensors": damaged})
    assert completed(later_features(broken, pool(Pool))) == completed(later_features(PACK, pool(Pool)))


def test_without_weights_or_exemplar_one_sentence_says_what_to_do():
    with pytest.raises(Missing, match=r"^No network that could see the style is here\. Bring one with: \S+ models pull \S+$"):
        completed(later_features(PACK, pool(Blind)))
    with pytest.raises(BadRequest, match="'ink' keeps no exemplar"):
        completed(later_features(Pack("ink", {"style.toml": b'title = "Ink"'}), pool(Pool)))
