"""Floor 4: the capabilities, as short compositions of parts."""

from backend.recipes.clipasso import CLIPASSO
from backend.recipes.object_sketch import OBJECT_SKETCH
from backend.recipes.recipe import Inputs, Recipe, SketchChoices
from backend.recipes.scene_sketch import SCENE_SKETCH

RECIPES: dict[str, Recipe] = {"object": OBJECT_SKETCH, "scene": SCENE_SKETCH}
PUBLISHED: dict[str, Recipe] = {"clipasso": CLIPASSO}  # methods of others, which need weights and minutes
EVERY_RECIPE = {**RECIPES, **PUBLISHED}

__all__ = ["EVERY_RECIPE", "PUBLISHED", "RECIPES", "SCENE_SKETCH", "Inputs", "Recipe", "SketchChoices"]
