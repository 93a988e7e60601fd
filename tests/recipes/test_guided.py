"""Drawings guided by encoders: tiny random networks stand for real ones."""

import sys
from pathlib import Path

import pytest
import torch

from backend.core.errors import Missing
from backend.core.strokes import Strokes
from backend.core.work import completed
from backend.encoders import ENCODERS
from backend.model_pool import ModelPool
from backend.places import Places
from backend.recipes import RECIPES, Inputs, SketchChoices
from backend.recipes.guided import EYES, GUIDANCES, Eye, Guide, guide_of
from backend.style_pack import StylePack
from tests.pictures import face, photograph

sys.path.append(str(Path(__file__).parents[1] / "encoders"))
from networks import WEIGHTS

CPU = torch.device("cpu")


class Pool(ModelPool):
    """A pool whose encoders are tiny and random."""

    def has_encoder(self, name):
        return name in WEIGHTS

    def _network(self, name):
        return ENCODERS[name](WEIGHTS[name](), CPU)


@pytest.fixture
def pool():
    return Pool(CPU, ModelPool.choose("cpu").engine)


@pytest.fixture
def bare(tmp_path):
    """A pool without any weights."""
    return ModelPool.choose("cpu", places=Places.find(tmp_path))


def drawn(pool, guidance="squeezenet", strokes=8, steps=4, **choices):
    asked = SketchChoices(strokes=strokes, guidance=guidance, steps=steps, **choices)
    work = RECIPES["object"].run(Inputs(photograph(face())), asked, StylePack("plain", "Plain"), pool)
    return completed(work)


def guide(pool, **settings):
    encoder = pool.encoder("squeezenet")
    return Guide("squeezenet", (Eye(encoder, EYES["squeezenet"][1], True),), **settings)


def test_a_looser_drawing_is_compared_in_deeper_layers(pool):
    precise, half, loose = (list(guide(pool).at_fidelity(f).eyes[0].weights.values()) for f in (1.0, 0.5, 0.0))
    assert precise == list(EYES["squeezenet"][1].values())
    assert half == pytest.approx([1 / 3, 2 / 3, 1.0])
    assert loose == pytest.approx([1 / 9, 4 / 9, 1.0])


def test_every_guidance_is_classical_or_made_of_eyes():
    assert {part for name in GUIDANCES for part in name.split("+")} == {"classical", *EYES}
    assert {encoder for encoder, _, _ in EYES.values()} <= set(ENCODERS)


@pytest.mark.parametrize("name", ["squeezenet", "clip", "clip+squeezenet"])
def test_a_drawing_says_what_guided_it_and_how_alike_it_is(pool, name):
    drawing = drawn(pool, name, steps=2)
    assert drawing.account.guidance == name
    assert set(drawing.account.scores) == {EYES[part][0] for part in name.split("+")}
    assert all(0 < score < 1 for score in drawing.account.scores.values())
    assert 0 < len(drawing.layers[0].strokes) <= 8


def test_the_same_request_gives_the_same_strokes(pool):
    one, two = (drawn(pool).layers[0].strokes for _ in range(2))
    assert torch.equal(one.points, two.points)


def test_auto_is_the_small_network_where_its_weights_are(pool, bare):
    guided, plain = drawn(pool, "auto", steps=0), drawn(bare, "auto", steps=0)
    assert (guided.account.guidance, plain.account.guidance) == ("squeezenet", "classical")
    assert set(guided.account.scores) == {"squeezenet"} and plain.account.scores == {}


def test_a_scene_is_classical_unless_a_guide_is_asked_for(pool):
    choices = SketchChoices(strokes=8, steps=0)
    scene = completed(RECIPES["scene"].run(Inputs(photograph(face())), choices, StylePack("plain", "Plain"), pool))
    assert scene.account.guidance == "classical"


@pytest.mark.parametrize(("name", "command"), [("squeezenet", "models pull squeezenet"), ("clip", "models pull clip_rn101")])
def test_missing_weights_are_told_with_the_command_that_brings_them(bare, name, command):
    with pytest.raises(Missing, match=command):
        guide_of(name, bare)


def test_no_steps_leave_the_strokes_on_their_lines(pool):
    assert drawn(pool, steps=0).account.steps == 0


def test_refined_strokes_stay_within_reach(pool):
    image = photograph(face()).pixels
    mask = torch.ones_like(image[:, :1])
    curve = torch.tensor([[40.0, 60.0], [80.0, 50.0], [120.0, 60.0], [150.0, 90.0]])
    start, told = Strokes.build([curve, curve + 30], 3.0), guide(pool)
    *_, last = told.refined(start, image, mask, 12, pool)
    moved = (last.strokes.points - start.points).norm(dim=-1)
    assert 0.01 < float(moved.max()) < 1.1 * told.settings.reach * 200 / 224
    assert torch.equal(last.strokes.widths, start.widths)
    assert last.number <= 12


def test_moves_that_gain_nothing_are_not_kept(pool):
    told = guide(pool)
    assert told.gained({"squeezenet": 1.0}, {"squeezenet": 0.9})
    assert not told.gained({"squeezenet": 1.0}, {"squeezenet": 1.0})


def test_the_photograph_itself_is_alike(pool):
    told = guide(pool)
    assert told.scores({"squeezenet": 0.0}) == {"squeezenet": 1.0}
    assert told.scores({"squeezenet": 1.5}) == {"squeezenet": 0.5}


def test_where_nobody_chooses_leaving_each_stroke_out_gives_the_order(pool):
    [layer] = drawn(pool, "clip", steps=1).layers
    importances = [note.importance for note in layer.notes]
    assert importances[0] == 1 and importances == sorted(importances, reverse=True)
    image, mask = torch.rand(1, 3, 120, 160, generator=torch.Generator().manual_seed(2)), torch.ones(1, 1, 120, 160)
    lines = [torch.tensor([[20.0 * k, 20], [20 * k, 50], [20 * k, 80], [20 * k, 100]]) for k in range(1, 6)]
    guide = guide_of("clip", pool)
    order, _importances = guide.order(Strokes.build(lines, 2.0), image, mask, pool)
    assert sorted(order) == [0, 1, 2, 3, 4]
    assert guide.counts_after and not guide_of("clip+squeezenet", pool).counts_after


def test_a_line_is_worth_the_more_the_more_its_place_tells_and_the_outline_never_little(pool):
    told, s = guide(pool), guide(pool).settings
    saliency, mask = torch.zeros(1, 1, 60, 80), torch.zeros(1, 1, 60, 80)
    mask[..., 10:50, 10:70] = 1
    saliency[..., 20:40, 20:30] = s.telling
    saliency[..., 20:40, 30:40] = s.telling / 2
    worth, looked = told.worth(saliency, mask)[0, 0], told.looked(saliency)[0, 0]
    assert float(worth[30, 25]) == 1 == float(looked[30, 25])
    assert float(looked[30, 35]) == pytest.approx(0.5)
    assert s.aside < float(worth[30, 35]) < 1
    assert float(worth[30, 50]) == pytest.approx(s.aside)
    assert float(worth[11, 50]) == pytest.approx(s.outline)
    assert float(told.looked(torch.ones(1, 1, 4, 4)).max()) == 1


def test_a_network_that_chooses_leaves_the_order_of_the_lines(pool):
    assert not guide_of("squeezenet", pool).counts_after
    importances = [note.importance for note in drawn(pool, steps=0).layers[0].notes]
    assert importances == sorted(importances, reverse=True)
