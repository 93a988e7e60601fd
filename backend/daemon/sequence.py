"""The work of one sequence: a clip to a drawing that moves."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from stylesketch_ext.wire.codec import dumps
from stylesketch_ext.wire.messages import ProgressEvent, SketchSettings

from backend import __version__
from backend.core.drawing import Drawing
from backend.core.errors import BadRequest
from backend.core.moving import MovingDrawing
from backend.daemon.sketching import Previews, choices_of, prepare_process
from backend.export.png import Pixels, drawing_pixels
from backend.model_pool import ModelPool
from backend.perception.frames import Clip, find_clip
from backend.perception.marked_foreground import Mark
from backend.perception.photograph import decode_mask
from backend.perception.tracker_plugin import bring_tracker, fingerprint
from backend.places import Places
from backend.recipes.candidates import Attempts, best_of, told
from backend.recipes.sequence_ahead import SequenceInputs
from backend.recipes.sequence_notebook import Notebook
from backend.recipes.sequence_sketch import SEQUENCE_SKETCH
from backend.recipes.sparing import sparing
from backend.style_library import load_pack
from backend.style_pack import StylePack

LONGEST = 1024  # px, the longer side of pictures and films


@dataclass(frozen=True)
class SequenceOrder:
    """What is to be drawn, and where things lie."""

    clip: Clip
    settings: SketchSettings
    packs: Path  # the user's own style packs
    places: Places  # where weights are, and the notebooks of runs that were stopped
    masks: str | None = None  # one mask's file of the first frame, or as many masks as frames; else settings.mask says
    tracker: str | None = None  # the user's: module:name or file.py:name
    first_mask: Path | None = None  # the file of the first frame's mask, whatever its name is


@dataclass(frozen=True)
class MovingSketch:
    """A finished sequence."""

    drawing: MovingDrawing
    run: str  # 8 hexadecimal digits
    facts: dict[str, str]
    style_title: str
    pool: ModelPool
    kept: int  # frames that an earlier run had drawn
    seconds: dict[str, float]

    def rasterized(self, drawing: Drawing) -> Pixels:
        """A moment of it as a picture."""
        side = min(LONGEST, max(drawing.size))
        return drawing_pixels(drawing, self.pool.rasterizer, self.pool.device, side)


def draw_sequence(order: SequenceOrder, previews: bool = False) -> Generator[ProgressEvent, None, MovingSketch]:
    """The drawing of a clip. What a stopped run had done is used, and what this one does is kept until it has ended.

    previews: with small pictures of the last frame that was drawn. Raises errors of our tree, OSError.
    """
    prepare_process()
    shots = Previews(ModelPool.choose("cpu")) if previews else None
    begin, settings = time.perf_counter(), order.settings
    pack = load_pack(settings.style, order.packs)
    pool = ModelPool.choose(settings.device, settings.rasterizer, order.places)
    yield ProgressEvent("reading the clip", 0.0)
    inputs, image = _inputs(order), order.clip.fingerprint()
    if order.tracker:
        inputs = replace(inputs, tracker=bring_tracker(order.tracker))
    parts = {"image": image, "masks": _masks_name(inputs), "settings": settings, "pack": repr(pack), "version": __version__}
    parts |= {"engine": pool.engine, "device": pool.device.type}  # frames that others drew would not go on as these do
    if order.tracker:
        parts["tracker"] = fingerprint(order.tracker)
    name = hashlib.sha256(dumps(parts).encode()).hexdigest()
    notebook = Notebook(order.places.data / "sequences" / name[:24])
    kept, chosen = notebook.count(), tuple[str, ...]()
    if settings.candidates > 1:
        settings, chosen, pool = yield from _best_seed(inputs, settings, pack, pool)
    choices = choices_of(settings)
    work = sparing(lambda given: SEQUENCE_SKETCH.run(inputs, choices, pack, given, notebook), pool)
    try:
        while True:
            progress = next(work)
            yield ProgressEvent(progress.stage, progress.done, shots.of(progress) if shots else None)
    except StopIteration as end:
        drawing: MovingDrawing
        drawing, pool = end.value
        drawing = replace(drawing, account=replace(drawing.account, notes=(*chosen, *drawing.account.notes)))
    finally:
        work.close()
    notebook.remove()
    facts = {
        "recipe": "sequence",
        "style": settings.style,
        "seed": str(settings.seed),
        "guidance": drawing.account.guidance,
        "steps": str(drawing.account.steps),
        "device": str(pool.device),
        "engine": pool.engine,
        "image": image,
        "version": __version__,
    }
    return MovingSketch(drawing, name[:8], facts, pack.title, pool, kept, {"total": time.perf_counter() - begin})


def _best_seed(
    inputs: SequenceInputs, settings: SketchSettings, pack: StylePack, pool: ModelPool
) -> Generator[ProgressEvent, None, tuple[SketchSettings, tuple[str, ...], ModelPool]]:
    """The settings with the seed of the best of several attempts at the first frame, what the user should know of it, and the
    pool that had memory enough."""
    choices, count = choices_of(settings), settings.candidates
    work = sparing(lambda given: SEQUENCE_SKETCH.attempts(inputs, choices, count, pack, given), pool)
    with closing(work):
        while True:
            try:
                progress = next(work)
            except StopIteration as end:
                attempts: Attempts
                attempts, pool = end.value
                break
            yield ProgressEvent(progress.stage, 0.0)
    best = best_of(attempts.candidates)
    return replace(settings, seed=best.seed), (told(attempts.candidates, attempts.judge),), pool


def _inputs(order: SequenceOrder) -> SequenceInputs:
    """The clip with its masks: a single picture is the first frame's mask, anything else has one for every frame."""
    marks = tuple(Mark(mark.kind, tuple(mark.points)) for mark in order.settings.marks)
    if order.first_mask is not None:
        size = next(order.clip.frames()).shape
        return SequenceInputs(order.clip, decode_mask(order.first_mask.read_bytes(), (size[0], size[1])), marks=marks)
    if order.masks is None:
        return SequenceInputs(order.clip, marks=marks)
    path = Path(order.masks)
    try:
        masks = find_clip(order.masks)
    except BadRequest:
        if not path.is_file():
            raise
        size = next(order.clip.frames()).shape
        return SequenceInputs(order.clip, mask=decode_mask(path.read_bytes(), (size[0], size[1])), marks=marks)
    clip = order.clip
    return SequenceInputs(clip, masks=masks.taken(clip.every, clip.most, clip.fix_scale), marks=marks)


def _masks_name(inputs: SequenceInputs) -> str:
    if inputs.masks is not None:
        return inputs.masks.fingerprint()
    return "" if inputs.mask is None else hashlib.sha256(inputs.mask.numpy().tobytes()).hexdigest()
