"""What /docs shows as examples."""

from __future__ import annotations

from typing import Any

from stylesketch_ext.wire.codec import to_json
from stylesketch_ext.wire.messages import (
    Problem,
    PromptRequest,
    RefineRequest,
    RestyleRequest,
    SequenceRequest,
    SketchRequest,
    SketchSettings,
    StrokeData,
    StyleChange,
    StyleRequest,
    TextureRequest,
)

from backend.core.errors import ERRORS_BY_CODE
from backend.daemon.failures import as_problem

HASH = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"

CHOSEN = SketchSettings(strokes=32, mask="none", seed=7, device="cpu", steps=200)

SKETCH_REQUESTS: dict[str, Any] = {
    "plain": {"summary": "The recipe chooses everything", "value": {"image": HASH}},
    "full": {"summary": "Every setting", "value": to_json(SketchRequest(HASH, CHOSEN, title="cat.jpg"))},
}

TEXTURE_REQUESTS: dict[str, Any] = {
    "pack": {"summary": "A seamless tile of a style pack's exemplar", "value": {"style": "engraving", "tiled": True}},
    "full": {
        "summary": "Of a part of an uploaded picture",
        "value": to_json(TextureRequest(HASH, region=(40, 60, 200, 200), tries=3)),
    },
}
SEQUENCE_REQUESTS: dict[str, Any] = {
    "plain": {"summary": "Two frames", "value": {"images": [HASH, HASH]}},
    "full": {"summary": "With settings", "value": to_json(SequenceRequest([HASH, HASH], CHOSEN, "duck"))},
}
RESTYLE_REQUESTS: dict[str, Any] = {
    "pack": {"summary": "After a style pack's exemplar", "value": {"image": HASH, "style": "engraving"}},
    "full": {"summary": "Half way to another picture", "value": to_json(RestyleRequest(HASH, HASH, strength=0.5))},
    "sketch": {"summary": "A sketch of it", "value": to_json(RestyleRequest(HASH, style="engraving", sketch=CHOSEN))},
}
STROKE = StrokeData("ss-0123abcd-s000", [(10.0, 10.0), (20.0, 10.0), (30.0, 20.0), (40.0, 20.0)], locked=True)
REFINE_REQUESTS: dict[str, Any] = {
    "more": {"summary": "Eight strokes more", "value": to_json(RefineRequest(HASH, [STROKE], redraw=False, more=8))},
}
PROMPT_REQUESTS: dict[str, Any] = {
    "plain": {"summary": "The style decides", "value": {"prompt": "a horse"}},
    "full": {"summary": "With settings", "value": to_json(PromptRequest("a horse", CHOSEN, "diffusion", "a rider"))},
}
STYLE_REQUESTS: dict[str, Any] = {
    "pictures": {"summary": "A pack from uploaded pictures", "value": to_json(StyleRequest([HASH], "red-chalk", "Red chalk"))},
}
STYLE_CHANGES: dict[str, Any] = {
    "title": {"summary": "Another title", "value": to_json(StyleChange(title="Red chalk"))},
    "name": {"summary": "Another name", "value": to_json(StyleChange(name="red-chalk"))},
}

PROBLEMS: dict[int | str, dict[str, Any]] = {
    "default": {
        "description": "An error: `code` is stable, `detail` is one sentence for the user.",
        "model": Problem,
        "content": {
            "application/problem+json": {
                "examples": {
                    code: {"value": to_json(as_problem(kind("One sentence that says what to do.")))}
                    for code, kind in ERRORS_BY_CODE.items()
                }
            }
        },
    }
}
