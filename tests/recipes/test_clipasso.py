"""CLIPasso's method on tiny random networks."""

import pytest
import torch

from backend.core.errors import Missing
from backend.core.strokes import Strokes
from backend.core.work import completed
from backend.model_pool import ModelPool
from backend.parameterize.direct import FreeStrokes
from backend.places import Places
from backend.recipes import EVERY_RECIPE, Inputs, SketchChoices
from backend.recipes.clipasso import CLIPASSO, TERMS, Clipasso, ClipassoSettings, _order, _settled
from backend.style_pack import StylePack
from tests.pictures import face, photograph
from tests.recipes.test_guided import Pool

SHORT = Clipasso(ClipassoSettings(steps=6, evaluated=2, pool=5, canvas=96))


@pytest.fixture
def pool():
    return Pool(torch.device("cpu"), ModelPool.choose("cpu").engine)


def drawn(pool, recipe=SHORT, **choices):
    work = recipe.run(Inputs(photograph(face())), SketchChoices(**choices), StylePack("plain", "Plain"), pool)
    return completed(work)


def test_it_can_be_asked_for_by_name():
    assert EVERY_RECIPE["clipasso"] is CLIPASSO


def test_the_constants_are_the_published_ones():
    settings = CLIPASSO.settings
    assert (settings.canvas, settings.strokes, settings.width, settings.steps) == (224, 16, 1.5, 2001)
    assert (settings.rate, settings.views, settings.evaluated) == (1.0, 4, 10)


@pytest.mark.parametrize("name", ["clip", "squeezenet"])
def test_sixteen_cubics_one_each_in_order_of_what_they_add(pool, name):
    drawing = drawn(pool, guidance=name)
    [layer] = drawing.layers
    assert len(layer.strokes) == 16
    assert set(layer.strokes.segments.tolist()) == {1}
    importances = [note.importance for note in layer.notes]
    assert importances == sorted(importances, reverse=True)
    assert drawing.account.guidance == name
    assert len(drawing.account.scores) == 1


def test_a_request_gives_the_same_strokes_and_another_seed_others(pool):
    one, again, other = (drawn(pool, guidance="squeezenet", seed=s).layers[0].strokes.points for s in (0, 0, 1))
    assert torch.equal(one, again)
    assert not torch.equal(one, other)


def test_auto_tells_that_squeezenet_stands_in(pool, monkeypatch):
    monkeypatch.setattr(Pool, "has_encoder", lambda self, name: name == "squeezenet")
    account = drawn(pool).account
    assert account.guidance == "squeezenet"
    assert any("stands in for CLIP" in note for note in account.notes)


def test_missing_weights_are_told_with_the_command(tmp_path):
    with pytest.raises(Missing, match="models pull squeezenet"):
        drawn(ModelPool.choose("cpu", places=Places.find(tmp_path)))


def test_all_four_control_points_are_free():
    start = Strokes.build([torch.rand(4, 2)], 1.0)
    free = FreeStrokes(start)
    (free.strokes().points[0, 1] * torch.tensor([1.0, 2.0])).sum().backward()
    assert free.parameters[0].grad[0].tolist() == [[0, 0], [1, 2], [0, 0], [0, 0]]


def test_it_ends_when_twice_running_the_loss_is_the_best_one_again():
    assert _settled([1.0, 0.5, 0.5, 0.500001], 1e-5)
    assert not _settled([1.0, 0.5, 0.5, 0.4], 1e-5)
    assert not _settled([1.0, 1.0], 1e-5)


def test_it_goes_on_where_the_loss_is_worse_for_a_while():
    assert not _settled([1.0, 0.5, 0.6, 0.7], 1e-5)


def test_order_and_importances():
    assert _order([0.1, 0.4, -0.2]) == ([1, 0, 2], [1.0, 0.25, 0.0])


def test_clip_is_compared_by_squared_differences_and_its_stand_in_by_cosines(pool):
    one, other = torch.rand(2, 4, 6, 6, generator=torch.Generator().manual_seed(1)), torch.ones(2, 4, 6, 6)
    assert TERMS["clip"].distance(one, other) != TERMS["clip"].distance(2 * one, other)
    assert float(TERMS["squeezenet"].distance(one, other)) == pytest.approx(float(TERMS["squeezenet"].distance(9 * one, other)))
    assert TERMS["squeezenet"].weighted(2.0, None).distance is TERMS["squeezenet"].distance
