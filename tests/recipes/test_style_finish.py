"""Drawings finished after their pack's exemplar."""

import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from backend.core.errors import BadPack, BadRequest
from backend.core.work import completed
from backend.encoders import ENCODERS
from backend.model_pool import ModelPool
from backend.perception.photograph import decode
from backend.places import Places
from backend.recipes import Inputs, SketchChoices
from backend.recipes.deep_features import features_of
from backend.recipes.exemplar import Exemplars
from backend.recipes.object_sketch import ObjectSketch
from backend.recipes.region import RegionSettings
from backend.recipes.style_finish import GRAM_LAYERS, NEAR, NO_GAIN, FinishSettings, StyleFinish
from backend.style_features import write_features
from backend.style_library import bundled_packs
from backend.style_members import FEATURES
from backend.style_pack import Measured, Pen, StylePack, parse_pack, read_pack, write_pack
from tests.pictures import face, photograph

sys.path.append(str(Path(__file__).parents[1] / "encoders"))
from networks import WEIGHTS

POOL = ModelPool.choose("cpu", places=Places.find("/nowhere/at/all"))
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
    return drawn(pack, style_weight=0.0), drawn(pack, style_weight=100.0)


def strokes_of(drawing):
    return drawing.layers[0].strokes


def finish_of(pack, weight=100.0, pool=POOL, **choices):
    return StyleFinish.of(pack, SketchChoices(style_weight=weight, **{"guidance": "classical", **choices}), pool)


def test_without_weight_or_style_nothing_is_asked_of_the_exemplar(tmp_path, engraved):
    pack = replace(read_pack(ENGRAVING), folder=tmp_path / "gone")
    for part in ("points", "widths", "opacities", "colors"):
        unweighed = strokes_of(drawn(pack, style_weight=0.0))
        assert torch.equal(getattr(unweighed, part), getattr(strokes_of(engraved[0]), part))
    assert finish_of(pack, 0.0) is None
    assert finish_of(pack, 15.0, style_strength=0.0) is None
    with pytest.raises(BadPack, match="cannot be read"):
        finish_of(pack)


def test_the_full_weight_brings_line_weights_nearer_and_leaves_shapes(engraved):
    plain, finished = map(strokes_of, engraved)
    assert torch.equal(plain.points, finished.points)
    assert torch.equal(plain.colors, finished.colors)
    assert not torch.equal(plain.widths, finished.widths)
    most = FinishSettings().most * 1.001
    assert ((finished.widths / plain.widths) < most).all()
    assert ((plain.widths / finished.widths) < most).all()
    canvas = engraved[0].layers[0].framing.canvas
    finish = finish_of(read_pack(ENGRAVING))
    assert finish.distance(finished, canvas, POOL) < 0.9 * finish.distance(plain, canvas, POOL)


def test_the_usual_weight_is_seen_and_goes_less_far_than_the_full_one(tmp_path):
    pack = replace(PLAIN, folder=exemplar(tmp_path / "plain", 12))
    before = drawn(pack, style_weight=0.0)
    strokes, canvas, free = strokes_of(before), before.layers[0].framing.canvas, FinishSettings(most_change=9.0)
    usual, full = (
        replace(finish_of(pack, weight), settings=free).finished(strokes, canvas, POOL)[0].widths / strokes.widths
        for weight in (15.0, 100.0)
    )
    assert 0.1 < float(usual.log().mean()) < 0.8 * float(full.log().mean())
    assert (strokes_of(drawn(pack)).widths / strokes.widths).log().mean() > 0.1


def test_a_weaker_style_is_finished_less(tmp_path):
    pack = replace(PLAIN, folder=exemplar(tmp_path / "plain", 12))
    assert finish_of(pack, 15.0, style_strength=0.5).reach == 0.5 * finish_of(pack, 15.0).reach


def test_what_is_as_near_as_another_drawing_of_the_pack_stays_as_it_is(engraved):
    pack = read_pack(ENGRAVING)
    strokes, canvas = strokes_of(engraved[0]), engraved[0].layers[0].framing.canvas
    content = FinishSettings(near=1000.0)
    for weight, notes in ((15.0, ()), (100.0, (NEAR.format(pack=pack.title),))):
        assert replace(finish_of(pack, weight), settings=content).finished(strokes, canvas, POOL) == (strokes, notes)


def test_equal_requests_give_equal_strokes(engraved):
    again = strokes_of(drawn(read_pack(ENGRAVING), style_weight=100.0))
    assert torch.equal(again.widths, strokes_of(engraved[1]).widths)
    assert torch.equal(again.opacities, strokes_of(engraved[1]).opacities)


@pytest.mark.parametrize(("width", "wider"), [(3, False), (12, True)])
def test_lines_become_as_wide_as_the_exemplars(tmp_path, width, wider):
    pack = replace(PLAIN, folder=exemplar(tmp_path / "plain", width))
    before, after = drawn(pack, style_weight=0.0), drawn(pack, style_weight=60.0)
    assert not after.account.notes or NO_GAIN not in after.account.notes
    assert (strokes_of(after).widths.mean() > 1.05 * strokes_of(before).widths.mean()) == wider
    assert (strokes_of(after).widths.mean() < 0.95 * strokes_of(before).widths.mean()) != wider


def test_where_all_of_it_is_too_much_part_of_the_way_is_gone(engraved):
    finish = finish_of(read_pack(ENGRAVING))
    strokes, canvas = strokes_of(engraved[0]), engraved[0].layers[0].framing.canvas
    free, bound = (
        replace(finish, settings=FinishSettings(most_change=most)).finished(strokes, canvas, POOL)[0].widths
        for most in (9, 0.3)
    )
    assert 0 < (bound - strokes.widths).abs().mean() < 0.7 * (free - strokes.widths).abs().mean()


@pytest.mark.parametrize("bound", [{"least_gain": 0.99}, {"least_likeness": 1.1}, {"most_change": 0.0}])
def test_where_it_would_do_harm_the_drawing_stays_and_the_user_is_told(engraved, bound):
    finish = finish_of(read_pack(ENGRAVING))
    strict = replace(finish, settings=FinishSettings(**bound))
    strokes = strokes_of(engraved[0])
    assert strict.finished(strokes, engraved[0].layers[0].framing.canvas, POOL) == (strokes, (NO_GAIN,))


def test_a_pack_without_exemplar_says_so_only_when_asked(tmp_path):
    for pack in (PLAIN, replace(PLAIN, folder=tmp_path)):
        assert any("no exemplar" in note for note in drawn(pack, style_weight=16.0).account.notes)
        assert not any("exemplar" in note for note in drawn(pack).account.notes)


def test_a_damaged_exemplar_is_named(tmp_path):
    (tmp_path / "exemplar.png").write_bytes(b"half")
    with pytest.raises(BadPack, match=r"exemplar\.png cannot be used: .*--style-weight 0"):
        drawn(replace(PLAIN, folder=tmp_path))


def test_a_blank_exemplar_changes_nothing_and_says_so(tmp_path):
    pack = replace(PLAIN, folder=tmp_path)
    Image.new("L", (64, 64), 255).save(tmp_path / "exemplar.png")
    finished = drawn(pack, style_weight=100.0)
    assert any("no ink" in note for note in finished.account.notes)
    assert torch.equal(strokes_of(finished).widths, strokes_of(drawn(pack, style_weight=0.0)).widths)


class TinyPool(ModelPool):
    """A pool with tiny random networks."""

    names = ("squeezenet", "clip_vit_b32", "clip_rn101")

    def has_encoder(self, name):
        return name in self.names

    def encoder(self, name):
        return NETWORKS[name]


class OnlyGrams(TinyPool):
    names = ("squeezenet",)


NETWORKS = {name: ENCODERS[name](WEIGHTS[name](), torch.device("cpu")) for name in TinyPool.names}
TINY, GRAMS = TinyPool(POOL.device, POOL.engine), OnlyGrams(POOL.device, POOL.engine)


def test_networks_look_where_they_are_unless_the_user_wants_none():
    pack = read_pack(ENGRAVING)
    assert finish_of(pack, pool=TINY).eyes == ()
    assert finish_of(pack, pool=TINY, guidance="auto").eyes == ("squeezenet", "clip_vit_b32")
    assert finish_of(pack, pool=GRAMS, guidance="auto").eyes == ("squeezenet",)
    assert finish_of(pack, guidance="auto").eyes == ()


@pytest.mark.parametrize("eye", ["squeezenet", "clip_vit_b32"])
def test_every_eye_counts(engraved, eye):
    strokes, canvas = strokes_of(engraved[0]), engraved[0].layers[0].framing.canvas
    blind = finish_of(read_pack(ENGRAVING))
    seen = replace(blind, eyes=(eye,)).finished(strokes, canvas, TINY)[0]
    assert not torch.equal(seen.widths, blind.finished(strokes, canvas, TINY)[0].widths)
    assert torch.equal(seen.points, strokes.points)


def test_networks_look_late_only(engraved, monkeypatch):
    asked = []
    looks = {"squeezenet": 0, "clip_vit_b32": 0}
    for name in looks:
        network = NETWORKS[name]
        monkeypatch.setitem(NETWORKS, name, Counted(network, asked))
    strokes, canvas = strokes_of(engraved[0]), engraved[0].layers[0].framing.canvas
    finish_of(read_pack(ENGRAVING), pool=TINY, guidance="auto").finished(strokes, canvas, TINY)
    late = FinishSettings().late
    assert {name: asked.count(name) for name in looks} == dict.fromkeys(looks, late + 1)  # once for the exemplar


class Counted:
    """An encoder that tells each time it looks."""

    def __init__(self, network, asked):
        self.network, self.name, self.layers, self.asked = network, network.name, network.layers, asked

    def __call__(self, images):
        self.asked.append(self.name)
        return self.network(images)


def test_a_packs_own_features_come_first(tmp_path):
    folder = exemplar(tmp_path / "plain", 3)
    grams, pooled = NETWORKS["squeezenet"], NETWORKS["clip_vit_b32"]
    own = Exemplars.of(folder).features(grams, GRAM_LAYERS, "gram", POOL.device)
    carried = {("squeezenet", layer): (2 * own[layer]).numpy() for layer in own}
    (folder / FEATURES).write_bytes(write_features(carried))
    exemplars = Exemplars.of(folder)
    found = exemplars.features(grams, GRAM_LAYERS, "gram", POOL.device)
    assert all(torch.allclose(found[layer], 2 * own[layer]) for layer in GRAM_LAYERS)
    [embedding] = exemplars.features(pooled, ["pooled"], "embedding", POOL.device).values()  # it carries none of CLIP
    assert float(embedding.norm()) == pytest.approx(1)


def test_features_are_measured_at_use_as_at_extraction(tmp_path):
    folder = exemplar(tmp_path / "plain", 3)
    picture = decode((folder / "exemplar.png").read_bytes()).pixels
    extracted, exemplars = features_of([picture], TINY), Exemplars.of(folder)
    used = exemplars.features(NETWORKS["squeezenet"], GRAM_LAYERS, "gram", POOL.device)
    for layer in GRAM_LAYERS:
        assert torch.equal(used[layer], torch.tensor(extracted["squeezenet", layer]))
    [embedding] = exemplars.features(NETWORKS["clip_vit_b32"], ["pooled"], "embedding", POOL.device).values()
    assert torch.equal(embedding, torch.tensor(extracted["clip_vit_b32", "pooled"]))


@pytest.mark.parametrize("eye", ["squeezenet", "clip_vit_b32"])
def test_features_of_another_network_of_that_name_are_an_error(tmp_path, eye):
    folder = exemplar(tmp_path / "plain", 12)
    values = {(eye, layer): np.eye(3) for layer in GRAM_LAYERS} if eye == "squeezenet" else {(eye, "pooled"): np.ones(3)}
    (folder / FEATURES).write_bytes(write_features(values))
    pack = replace(PLAIN, folder=folder)
    before = drawn(pack, style_weight=0.0)
    finish = replace(finish_of(pack), eyes=(eye,))
    with pytest.raises(BadPack, match=rf"of {eye}/\w+ are another network's: of 3 channels.*style features plain"):
        finish.finished(strokes_of(before), before.layers[0].framing.canvas, TINY)


def test_a_changed_exemplar_is_read_anew(tmp_path):
    folder = exemplar(tmp_path / "plain", 3)
    thin = Exemplars.of(folder).ink(512, False)
    assert Exemplars.of(folder).ink(512, False) is thin
    shutil.rmtree(folder)
    exemplar(folder, 12)
    assert Exemplars.of(folder).ink(512, False).mean() > 2 * thin.mean()


def test_exemplars_are_enlarged_as_the_pens_were(tmp_path):
    folder = exemplar(tmp_path / "plain", 6)
    plain = replace(PLAIN, folder=folder)
    strokes, canvas = strokes_of(drawn(plain, style_weight=0.0)), (256, 256)
    usual, halved = (
        finish_of(replace(plain, measured=Measured(enlargement=times))).distance(strokes, canvas, POOL) for times in (1.0, 0.5)
    )
    assert usual != halved, "lines of 6 px are compared, then of 3 px"


def test_much_ink_keeps_tones_where_they_are(tmp_path):
    pack = replace(PLAIN, folder=exemplar(tmp_path / "plain", 12))
    before = strokes_of(drawn(pack, style_weight=0.0))
    light, heavy = (strokes_of(drawn(replace(pack, measured=Measured(ink_coverage=share)))).widths for share in (0.0, 0.9))
    assert (heavy / before.widths).log().abs().mean() < 0.9 * (light / before.widths).log().abs().mean()


@pytest.mark.parametrize("weight", [-1.0, 101.0, float("nan")])
def test_a_weight_out_of_range_is_refused(weight):
    with pytest.raises(BadRequest, match="from 0 to 100"):
        SketchChoices(style_weight=weight)


def test_a_method_without_a_finish_says_so_only_when_asked():
    assert SketchChoices().unfinished == ()
    assert "changes nothing" in SketchChoices(style_weight=16.0).unfinished[0]


def test_where_a_pack_lies_is_no_part_of_it():
    pack = read_pack(ENGRAVING)
    assert pack.folder == ENGRAVING
    assert parse_pack(write_pack(pack), "engraving") == pack


def test_what_was_measured_steers_how_far_strokes_bend():
    calm, usual, wavering = (
        strokes_of(drawn(replace(PLAIN, measured=Measured(wobble=wobble)), steps=20)).points for wobble in (0.0, None, 0.1)
    )
    start = strokes_of(drawn(PLAIN)).points

    def bent(points):
        change = points - start
        return float((change[:, 2:] - 2 * change[:, 1:-1] + change[:, :-2]).square().mean())

    assert bent(calm) < bent(usual) < bent(wavering)
