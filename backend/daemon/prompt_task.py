"""The task of a request for the sketch of a text."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace

from stylesketch_ext.wire.messages import ProgressEvent, PromptRequest

from backend.daemon.prompting import PromptOrder, draw_prompt
from backend.daemon.result_files import Finished, Prompted
from backend.daemon.sketching import RESULT_SIDE, Previews, prepare_process, result_svg
from backend.export.png import drawing_png
from backend.model_pool import ModelPool
from backend.places import Places
from backend.recipes.prompt_sketch import PromptChoices


def draw_text(request: PromptRequest, places: Places) -> Generator[ProgressEvent, None, Prompted]:
    """The sketch of a text; errors of our tree. Progress has previews of the picture, then of the drawing."""
    prepare_process()
    previews = Previews(ModelPool.choose(request.settings.device, places=places))
    work = draw_prompt(PromptOrder(prompt_choices(request), request.settings, places.packs, places))
    try:
        while True:
            progress = next(work)
            yield ProgressEvent(progress.stage, progress.done, previews.of(progress), dict(progress.losses))
    except StopIteration as end:
        made = end.value
    finally:
        work.close()
    side = min(RESULT_SIDE, max(made.drawing.size))
    preview = drawing_png(made.drawing, made.pool.rasterizer, made.pool.device, side)
    return Prompted(Finished(made.result, result_svg(made.result), preview), made.picture)


def prompt_choices(request: PromptRequest) -> PromptChoices:
    """What the request asks for, as the recipe takes it; BadRequest."""
    choices = PromptChoices(request.prompt, method=request.method)
    if request.suffix is not None:
        choices = replace(choices, suffix=request.suffix)
    if request.negative is not None:
        choices = replace(choices, negative=request.negative)
    return choices
