"""A first tiny drawing, so that the user's first one need not wait for what libraries load when they are first used."""

from __future__ import annotations

import io

from PIL import Image as PillowImage
from PIL import ImageDraw

from backend.core.work import completed
from backend.export.png import drawing_png
from backend.model_pool import ModelPool
from backend.perception.photograph import decode
from backend.recipes import Inputs, Recipe, SketchChoices
from backend.style_pack import StylePack

SIDE = 64  # px


def warm_up(recipe: Recipe, pool: ModelPool) -> None:
    """Draws a ring; errors of our tree as from any picture."""
    inputs, pack = Inputs(decode(ring_picture())), StylePack("warm-up", "Warm-up")
    drawing = completed(recipe.run(inputs, SketchChoices(strokes=2, steps=1), pack, pool))
    drawing_png(drawing, pool.rasterizer, pool.device, SIDE)


def ring_picture() -> bytes:
    """A PNG of a dark ring on white."""
    picture = PillowImage.new("RGB", (SIDE, SIDE), "white")
    ImageDraw.Draw(picture).ellipse((14, 14, 50, 50), outline="black", width=4)
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()
