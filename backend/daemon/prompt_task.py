"""The task of a request for the sketch of a text."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace

from stylesketch_ext.wire.messages import ProgressEvent, PromptRequest

from backend.daemon.drawn_after import kept_with_picture
from backend.daemon.prompting import PromptOrder, draw_prompt
from backend.daemon.result_files import Prompted
from backend.daemon.sketching import prepare_process
from backend.model_pool import ModelPool
from backend.places import Places
from backend.recipes.prompt_sketch import PromptChoices


def draw_text(request: PromptRequest, places: Places) -> Generator[ProgressEvent, None, Prompted]:
    """The sketch of a text; errors of our tree. Progress has previews of the picture, then of the drawing."""
    prepare_process()
    order = PromptOrder(prompt_choices(request), request.settings, places.packs, places)
    return (yield from kept_with_picture(draw_prompt(order), ModelPool.choose(request.settings.device, places=places)))


def prompt_choices(request: PromptRequest) -> PromptChoices:
    """What the request asks for, as the recipe takes it; BadRequest."""
    choices = PromptChoices(request.prompt, method=request.method)
    if request.suffix is not None:
        choices = replace(choices, suffix=request.suffix)
    if request.negative is not None:
        choices = replace(choices, negative=request.negative)
    return choices
