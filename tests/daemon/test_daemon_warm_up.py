import io

from PIL import Image

from backend.daemon.warm_up import SIDE, ring_picture, warm_up
from backend.recipes import RECIPES
from tests.pools import bare_pool


def test_every_recipe_can_draw_the_ring():
    for recipe in RECIPES.values():
        warm_up(recipe, bare_pool())


def test_the_ring_is_a_picture():
    assert Image.open(io.BytesIO(ring_picture())).size == (SIDE, SIDE)
