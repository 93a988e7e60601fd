"""Floor 4: the capabilities, as short compositions of parts."""

from backend.recipes.object_sketch import OBJECT_SKETCH
from backend.recipes.recipe import Inputs, Recipe, SketchChoices

RECIPES: dict[str, Recipe] = {"object": OBJECT_SKETCH}

__all__ = ["RECIPES", "Inputs", "Recipe", "SketchChoices"]
