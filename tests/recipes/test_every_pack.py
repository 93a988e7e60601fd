"""Every bundled style pack draws, and each draws otherwise."""

import io
import itertools

import numpy as np
import pytest
import torch
from PIL import Image

from backend.core.work import completed
from backend.export.png import drawing_png
from backend.recipes import Inputs, SketchChoices
from backend.recipes.object_sketch import ObjectSketch
from backend.recipes.region import RegionSettings
from backend.style_library import bundled_packs
from backend.style_pack import read_pack
from tests.pictures import face, photograph
from tests.pools import bare_pool

FOLDERS = sorted(path.parent for path in bundled_packs().glob("*/style.toml"))
POOL = bare_pool()
SMALL = ObjectSketch(RegionSettings(canvas=256))


def drawn(folder, **choices):
    wishes = SketchChoices(**{"steps": 0, **choices})
    return completed(SMALL.run(Inputs(photograph(face())), wishes, read_pack(folder), POOL))


@pytest.fixture(scope="module")
def drawings():
    """A face in every style."""
    return {folder.name: drawn(folder) for folder in FOLDERS}


def test_there_are_at_least_ten():
    assert len(FOLDERS) >= 10
    assert len({read_pack(folder).title for folder in FOLDERS}) == len(FOLDERS)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
class TestPack:
    def test_it_draws_within_its_own_number_of_strokes(self, folder, drawings):
        [layer] = drawings[folder.name].layers
        pack = read_pack(folder)
        assert 1 <= len(layer.strokes) <= pack.strokes
        for part in (layer.strokes.points, layer.strokes.widths, layer.strokes.colors, layer.strokes.opacities):
            assert torch.isfinite(part).all()
        assert (layer.strokes.widths > 0).all()
        assert drawings[folder.name].paper == pack.paper

    def test_it_hatches_if_it_says_so(self, folder, drawings):
        kinds = {note.kind for note in drawings[folder.name].layers[0].notes}
        assert ("hatch" in kinds) == (read_pack(folder).hatch.share > 0)

    def test_a_given_number_of_strokes_is_the_most(self, folder):
        [layer] = drawn(folder, strokes=9).layers
        assert 1 <= len(layer.strokes) <= 9

    def test_without_strength_it_is_a_plain_pen(self, folder):
        [layer] = drawn(folder, style_strength=0.0).layers
        assert layer.strokes.widths.shape[1] == 1
        assert not any(note.kind == "hatch" for note in layer.notes)

    def test_it_is_shown_and_says_what_it_is(self, folder):
        pack = read_pack(folder)
        assert len(pack.description) > 20
        assert pack.licence
        assert "GPL-3.0" in (folder / "NOTICE").read_text(encoding="utf-8")
        for name, least, most in (("preview.png", 200, 640), ("exemplar.png", 600, 1600)):
            with Image.open(folder / name) as picture:
                assert least <= max(picture.size) <= most
                paper = np.array(pack.paper) * 255
                assert np.abs(np.array(picture.convert("RGB"))[0, 0] - paper).max() < 12
            assert (folder / name).stat().st_size < 250_000


def test_no_two_look_alike(drawings):
    """Seen from a step back: blurred ink of each is another's by more than a little."""

    def seen(drawing):
        data = drawing_png(drawing, POOL.rasterizer, POOL.device, 256)
        return np.array(Image.open(io.BytesIO(data)).convert("RGB").resize((48, 48), Image.Resampling.BOX)).astype(float)

    pictures = {name: seen(drawing) for name, drawing in drawings.items()}
    for (one, a), (other, b) in itertools.combinations(pictures.items(), 2):
        assert np.abs(a - b).mean() > 1.5, f"{one} looks like {other}"
