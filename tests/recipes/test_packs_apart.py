"""Drawings of different photographs group by their style pack: a network's nearest neighbor is of the same pack."""

import io
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from backend.core.safetensors import read
from backend.core.work import completed
from backend.encoders.squeezenet import SqueezeNet
from backend.export.png import drawing_png
from backend.guidance.gram import gram
from backend.recipes import Inputs, SketchChoices
from backend.recipes.object_sketch import ObjectSketch
from backend.recipes.region import RegionSettings
from backend.style_library import bundled_packs
from backend.style_pack import read_pack
from tests.pictures import photograph
from tests.pools import bare_pool

WEIGHTS = Path(__file__).parents[2].parent / "shared" / "data" / "weights" / "squeezenet1_1.safetensors"
POOL = bare_pool()
RECIPE = ObjectSketch(RegionSettings(canvas=640))


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_drawings_group_by_their_pack():
    data = pytest.importorskip("skimage.data")
    if not WEIGHTS.exists():
        pytest.skip(f"no real weights: {WEIGHTS} is not there")
    weights = {name: torch.from_numpy(np.array(values)) for name, values in read(WEIGHTS.read_bytes())[0].items()}
    network = SqueezeNet(weights, torch.device("cpu"), ("fire5",), torch.float32)
    packs = [read_pack(path.parent) for path in sorted(bundled_packs().glob("*/style.toml"))]
    photographs = [photograph(pixels) for pixels in (data.astronaut(), data.chelsea(), data.coffee(), data.rocket())]
    seen = []
    for picture in photographs:
        for pack in packs:
            drawing = completed(RECIPE.run(Inputs(picture), SketchChoices(steps=0), pack, POOL))
            png = Image.open(io.BytesIO(drawing_png(drawing, POOL.rasterizer, POOL.device, 512))).convert("RGB")
            page = torch.from_numpy(np.array(png, np.float32) / 255).permute(2, 0, 1)[None]
            seen.append(gram(network(page)["fire5"])[0].flatten())
    vectors = F.normalize(torch.stack(seen), dim=1)
    likeness = vectors @ vectors.T
    of_photograph = torch.arange(len(photographs)).repeat_interleave(len(packs))
    likeness[of_photograph[:, None] == of_photograph[None]] = -1  # another drawing of the same photograph does not count
    of_pack = torch.arange(len(packs)).repeat(len(photographs))
    right = (of_pack[likeness.argmax(1)] == of_pack).float().mean()
    assert right > 0.8, (
        f"{float(right):.2f} of the drawings are nearest to one of their own pack; by chance {1 / len(packs):.2f}"
    )
