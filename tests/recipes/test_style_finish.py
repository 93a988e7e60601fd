"""Drawings finished after their pack's exemplar."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image

from backend.core.errors import BadRequest
from backend.core.work import completed
from backend.encoders import ENCODERS
from backend.model_pool import ModelPool
from backend.recipes import Inputs, SketchChoices
from backend.recipes.object_sketch import ObjectSketch
from backend.recipes.region import MOST_STEERED, USUAL_WOBBLE, RegionSettings, bending_share
from backend.recipes.style_finish import LAYERS, NO_GAIN, FinishSettings, StyleFinish
from backend.style_features import write_features
from backend.style_library import bundled_packs
from backend.style_members import FEATURES
from backend.style_pack import Measured, Pen, StylePack, parse_pack, read_pack, write_pack
from tests.pictures import face, photograph

sys.path.append(str(Path(__file__).parents[1] / "encoders"))
from networks import WEIGHTS

POOL = ModelPool.choose("cpu")
SMALL = ObjectSketch(RegionSettings(canvas=256))
ENGRAVING = bundled_packs() / "engraving"
PLAIN = StylePack("plain", "Plain", Pen(0.012))


def drawn(pack, **choices):
    wishes = SketchChoices(**{"steps": 0, "guidance": "classical", **choices})
    return completed(SMALL.run(Inputs(photograph(face())), wishes, pack, POOL))


def exemplar(folder, width, step=24):
    """A pack's folder whose exemplar shows upright lines `width` px wide on 512 px."""
    folder.mkdir()
    picture = Image.new("L", (512, 512), 255)
    for x in range(10, 500, step):
        picture.paste(0, (x, 20, x + width, 490))
    picture.save(folder / "exemplar.png")
    return folder


@pytest.fixture(scope="module")
def engraved():
    """Without and with the full weight."""
    pack = read_pack(ENGRAVING)
    return drawn(pack), drawn(pack, style_weight=100.0)


def strokes_of(drawing):
    return drawing.layers[0].strokes


def test_without_weight_nothing_is_asked_of_the_exemplar(tmp_path, engraved):
    pack = replace(read_pack(ENGRAVING), folder=tmp_path / "gone")
    for part in ("points", "widths", "opacities", "colors"):
        assert torch.equal(getattr(strokes_of(drawn(pack)), part), getattr(strokes_of(engraved[0]), part))
    assert StyleFinish.of(pack, 0.0, POOL, True) is None


def test_the_full_weight_brings_line_weights_nearer_and_leaves_shapes(engraved):
    plain, finished = map(strokes_of, engraved)
    assert torch.equal(plain.points, finished.points)
    assert torch.equal(plain.colors, finished.colors)
    assert not torch.equal(plain.widths, finished.widths)
    most = FinishSettings().most * 1.001
    assert ((finished.widths / plain.widths) < most).all()
    assert ((plain.widths / finished.widths) < most).all()
    canvas = engraved[0].layers[0].framing.canvas
    finish = StyleFinish.of(read_pack(ENGRAVING), 100.0, POOL, False)
    assert finish.distance(finished, canvas, POOL) < 0.9 * finish.distance(plain, canvas, POOL)


def test_a_small_weight_goes_less_far(engraved):
    plain = strokes_of(engraved[0]).widths
    some = strokes_of(drawn(read_pack(ENGRAVING), style_weight=15.0)).widths
    assert 0 < (some - plain).abs().mean() < 0.5 * (strokes_of(engraved[1]).widths - plain).abs().mean()


def test_equal_requests_give_equal_strokes(engraved):
    again = strokes_of(drawn(read_pack(ENGRAVING), style_weight=100.0))
    assert torch.equal(again.widths, strokes_of(engraved[1]).widths)
    assert torch.equal(again.opacities, strokes_of(engraved[1]).opacities)


@pytest.mark.parametrize(("width", "wider"), [(3, False), (12, True)])
def test_lines_become_as_wide_as_the_exemplars(tmp_path, width, wider):
    pack = replace(PLAIN, folder=exemplar(tmp_path / "plain", width))
    before, after = drawn(pack), drawn(pack, style_weight=60.0)
    assert not after.account.notes or NO_GAIN not in after.account.notes
    assert (strokes_of(after).widths.mean() > 1.05 * strokes_of(before).widths.mean()) == wider
    assert (strokes_of(after).widths.mean() < 0.95 * strokes_of(before).widths.mean()) != wider


def test_where_all_of_it_is_too_much_part_of_the_way_is_gone(engraved):
    finish = StyleFinish.of(read_pack(ENGRAVING), 100.0, POOL, False)
    strokes, canvas = strokes_of(engraved[0]), engraved[0].layers[0].framing.canvas
    free, bound = (
        replace(finish, settings=FinishSettings(most_change=most)).finished(strokes, canvas, POOL)[0].widths
        for most in (9, 0.3)
    )
    assert 0 < (bound - strokes.widths).abs().mean() < 0.7 * (free - strokes.widths).abs().mean()


@pytest.mark.parametrize("bound", [{"least_gain": 0.99}, {"least_likeness": 1.1}, {"most_change": 0.0}])
def test_where_it_would_do_harm_the_drawing_stays_and_the_user_is_told(engraved, bound):
    finish = StyleFinish.of(read_pack(ENGRAVING), 100.0, POOL, False)
    strict = replace(finish, settings=FinishSettings(**bound))
    strokes = strokes_of(engraved[0])
    assert strict.finished(strokes, engraved[0].layers[0].framing.canvas, POOL) == (strokes, (NO_GAIN,))


def test_a_pack_without_exemplar_says_so_only_when_asked(tmp_path):
    for pack in (PLAIN, replace(PLAIN, folder=tmp_path)):
        assert any("no exemplar" in note for note in drawn(pack, style_weight=15.0).account.notes)
        assert not any("exemplar" in note for note in drawn(pack).account.notes)


def test_a_blank_exemplar_changes_nothing_and_says_so(tmp_path):
    pack = replace(PLAIN, folder=tmp_path)
    Image.new("L", (64, 64), 255).save(tmp_path / "exemplar.png")
    finished = drawn(pack, style_weight=100.0)
    assert any("no ink" in note for note in finished.account.notes)
    assert torch.equal(strokes_of(finished).widths, strokes_of(drawn(pack)).widths)


class TinyPool(ModelPool):
    """A pool with a tiny random SqueezeNet."""

    def has_encoder(self, name):
        return name == "squeezenet"

    def encoder(self, name):
        return NETWORK


NETWORK = ENCODERS["squeezenet"](WEIGHTS["squeezenet"](), torch.device("cpu"))


def test_a_user_who_wants_no_network_gets_none(monkeypatch):
    asked = []
    of = StyleFinish.of
    monkeypatch.setattr(StyleFinish, "of", lambda *parts, networks: asked.append(networks) or of(*parts, networks))
    for guidance in ("classical", "auto"):
        drawn(read_pack(ENGRAVING), guidance=guidance, style_weight=10.0, strokes=8)
    assert asked == [False, True]


def test_gram_matrices_count_where_the_encoder_is(engraved):
    pool, strokes, canvas = TinyPool(POOL.device, POOL.engine), strokes_of(engraved[0]), engraved[0].layers[0].framing.canvas
    with_network = StyleFinish.of(read_pack(ENGRAVING), 100.0, pool, True)
    without = StyleFinish.of(read_pack(ENGRAVING), 100.0, pool, False)
    assert set(with_network.grams) == set(LAYERS)
    assert without.grams is None
    assert not torch.equal(
        with_network.finished(strokes, canvas, pool)[0].widths, without.finished(strokes, canvas, pool)[0].widths
    )


def test_a_packs_own_gram_matrices_come_first(tmp_path):
    pool = TinyPool(POOL.device, POOL.engine)
    folder = exemplar(tmp_path / "plain", 3)
    own = StyleFinish.of(replace(PLAIN, folder=folder), 50.0, pool, True).grams
    (folder / FEATURES).write_bytes(write_features({("squeezenet", layer): (2 * own[layer][0]).numpy() for layer in own}))
    carried = StyleFinish.of(replace(PLAIN, folder=folder), 50.0, pool, True).grams
    assert all(torch.allclose(carried[layer], 2 * own[layer]) for layer in LAYERS)


@pytest.mark.parametrize("weight", [-1.0, 101.0, float("nan")])
def test_a_weight_out_of_range_is_refused(weight):
    with pytest.raises(BadRequest, match="from 0 to 100"):
        SketchChoices(style_weight=weight)


def test_a_method_without_a_finish_says_so_only_when_asked():
    assert SketchChoices().unfinished == ()
    assert "changes nothing" in SketchChoices(style_weight=1.0).unfinished[0]


def test_where_a_pack_lies_is_no_part_of_it():
    pack = read_pack(ENGRAVING)
    assert pack.folder == ENGRAVING
    assert parse_pack(write_pack(pack), "engraving") == pack


def test_calm_styles_are_kept_calm_and_wavering_ones_may_bend():
    assert bending_share(Measured(), 1.0) == 1
    assert bending_share(Measured(wobble=USUAL_WOBBLE), 1.0) == 1
    assert bending_share(Measured(wobble=2 * USUAL_WOBBLE), 1.0) == pytest.approx(0.5)
    assert bending_share(Measured(wobble=0.0), 1.0) == MOST_STEERED
    assert bending_share(Measured(wobble=1.0), 1.0) == 1 / MOST_STEERED
    assert bending_share(Measured(wobble=1.0), 0.0) == 1


def test_what_was_measured_steers_how_far_strokes_bend():
    calm, usual, wavering = (
        strokes_of(drawn(replace(PLAIN, measured=Measured(wobble=wobble)), steps=20)).points for wobble in (0.0, None, 0.1)
    )
    start = strokes_of(drawn(PLAIN)).points

    def bent(points):
        change = points - start
        return float((change[:, 2:] - 2 * change[:, 1:-1] + change[:, :-2]).square().mean())

    assert bent(calm) < bent(usual) < bent(wavering)
