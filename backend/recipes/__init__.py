"""Floor 4: the capabilities, as short compositions of parts."""

from backend.recipes.object_sketch import OBJECT_SKETCH
from backend.recipes.recipe import Inputs, Recipe, SketchChoices
from backend.recipes.scene_sketch import SCENE_SKETCH

RECIPES: dict[str, Recipe] = {"object": OBJECT_SKETCH, "scene": SCENE_SKETCH}

__all__ = ["RECIPES", "SCENE_SKETCH", "Inputs", "Recipe", "SketchChoices"]
