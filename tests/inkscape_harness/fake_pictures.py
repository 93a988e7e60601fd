"""What the fake engine makes where pictures are asked for: rings for restyled pictures and texts, stripes for textures.

And where sketches are drawn on: see fake_refinements.
"""

from dataclasses import replace

import fake_refinements
from stylesketch_ext.wire.messages import (
    PictureInfo,
    PicturesResult,
    PromptRequest,
    RestyleRequest,
    SketchRequest,
    TextureRequest,
)

ROUTES = {"/textures": TextureRequest, "/restylings": RestyleRequest, "/prompts": PromptRequest, **fake_refinements.ROUTES}
FIELDS = {TextureRequest: "texture", RestyleRequest: "restyle", PromptRequest: "prompt", **fake_refinements.FIELDS}
TEXT_SIZE = (100, 80)  # px of what a text is drawn after


def told(engine, job, request):
    """The result of a request for pictures."""
    if type(request) in fake_refinements.FIELDS:
        return fake_refinements.told(engine, job, request)
    if isinstance(request, PromptRequest):
        engine.images["0" * 64] = TEXT_SIZE
        return engine.result(job, SketchRequest("0" * 64, request.settings, title=request.prompt))
    if isinstance(request, RestyleRequest) and request.sketch:
        return _sketched(engine, job, request)
    size = (request.width, request.height) if isinstance(request, TextureRequest) else _half(engine.images[request.image])
    snapshots = request.snapshots if isinstance(request, TextureRequest) else 0
    pictures = []
    for number in range(request.tries):
        pictures += [PictureInfo(*size, request.seed + number, step) for step in (0, *range(10 * snapshots, 0, -10))]
    recipe = "style_texture" if isinstance(request, TextureRequest) else "style_transfer"
    return PicturesResult(
        pictures=pictures, recipe=recipe, guidance="classical", style=request.style, device="cpu", version="0.0-fake",
        title=request.title, style_title=request.style.title(), job=job,
    )  # fmt: skip


def picture(engine, job, request, number, png, ring_picture):
    """The PNG of a number, counted from 1; None where there is none."""
    if isinstance(request, PromptRequest):
        return None if request.method == "clip" else ring_picture(*TEXT_SIZE)
    if isinstance(request, RestyleRequest) and request.sketch:
        return ring_picture(*_half(engine.images[request.image]), 1.0)
    found = told(engine, job, request).pictures
    if not 1 <= number <= len(found):
        return None
    info = found[number - 1]
    if isinstance(request, RestyleRequest):
        return ring_picture(info.width, info.height, 1.0)
    return png(info.width, info.height, lambda x, y: 60 if (x * 8 // info.width + number) % 2 else 230)


def _sketched(engine, job, request):
    """The sketch of a restyled picture of half the size."""
    engine.images["1" * 64] = _half(engine.images[request.image])
    result = engine.result(job, SketchRequest("1" * 64, request.sketch, title=request.title))
    [layer] = result.drawing.layers
    thin = replace(layer, paths=[replace(path, widths=[1.0]) for path in layer.paths])  # as wide as the photograph's ring
    return replace(result, recipe="restyled", drawing=replace(result.drawing, layers=[thin]))


def _half(size):
    return max(1, size[0] // 2), max(1, size[1] // 2)
