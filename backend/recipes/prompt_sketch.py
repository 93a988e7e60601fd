"""A text as a sketch: a picture of it is imagined, and its subject is drawn as any photograph's is.

Where there is no diffusion network but CLIP, strokes are drawn after the text itself (text_sketch).
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import torch

from backend import __version__
from backend.core.drawing import Drawing
from backend.core.errors import BadRequest, Missing
from backend.core.files import write_whole
from backend.core.image import Image, Mask
from backend.core.notes import packed, unpacked
from backend.core.work import Progress, Work, mapped
from backend.diffusion.text_to_image import NEGATIVE, SUFFIX, Generated, TextToImage, text_to_image
from backend.encoders import VOCABULARY
from backend.export.picture import picture_png
from backend.model_pool import ModelPool
from backend.perception.marked_foreground import Mark
from backend.perception.photograph import Photograph, decode
from backend.recipes.candidates import Attempts, attempted, draw_text_attempts
from backend.recipes.diffusion_parts import AUTO, Wanted, sparingly, wanted_checkpoint
from backend.recipes.judging import text_score
from backend.recipes.object_sketch import OBJECT_SKETCH
from backend.recipes.recipe import Inputs, Recipe, SketchChoices
from backend.recipes.text_sketch import ENCODER, TEXT_SKETCH
from backend.style_pack import StylePack
from backend.weights.manifest import MANIFEST
from backend.weights.shelf import megabytes

PREFERRED = ("sd15", "sd_turbo")
IMAGINED = 0.7  # of the work, where a picture has to be generated
KEPT = 100  # generated pictures; older ones are removed
DIFFUSION, CLIP = "diffusion", "clip"
METHODS = (AUTO, DIFFUSION, CLIP)


@dataclass(frozen=True)
class PromptChoices:
    """What the user chose of the picture; None leaves the choice to the checkpoint. The seed is that of the sketch."""

    prompt: str
    suffix: str = SUFFIX  # follows the prompt
    negative: str = NEGATIVE
    method: str = AUTO  # one of METHODS: a picture first, or CLIP alone
    checkpoint: str = AUTO  # a folder, a short name, or OWNER/NAME on the hub
    steps: int | None = None  # of the diffusion network
    cfg_scale: float | None = None
    side: int | None = None  # px
    scheduler: str = AUTO

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise BadRequest(
                "There is no method '{method}'; choose one of: {methods}.", method=self.method, methods=", ".join(METHODS)
            )
        self.picture(0)  # says what is wrong

    def picture(self, seed: int) -> TextToImage:
        """The picture that is wanted."""
        return TextToImage(self.prompt, self.suffix, self.negative, self.steps, self.cfg_scale, self.side, self.scheduler, seed)


@dataclass(frozen=True)
class PromptSketched:
    """A sketch of a text, and the picture it was drawn after."""

    drawing: Drawing  # in pixels of the picture
    picture: Image | None  # [1, 3, H, W]; None where CLIP alone was asked
    kept: bool = False  # whether an earlier run had generated the picture
    attempts: Attempts | None = None  # that the drawing is the best of, where more than one was asked for


@dataclass(frozen=True)
class Imagined:
    """A generated picture."""

    image: Image  # [1, 3, H, W], as its PNG holds it
    notes: tuple[str, ...]
    kept: bool  # it was there already


def prompt_sketch(
    prompt: PromptChoices,
    choices: SketchChoices,
    pack: StylePack,
    pool: ModelPool,
    mask_for: Callable[[Image], Mask | None] = lambda picture: None,
    marks: tuple[Mark, ...] = (),
    recipe: Recipe = OBJECT_SKETCH,
    candidates: int = 1,
) -> Work[PromptSketched]:
    """The sketch of a text. The seed of `choices` is that of the picture and of the sketch; mask_for: of the picture, 1 = keep;
    recipe: how the picture is drawn; candidates: attempts at the drawing, of which the best is kept.

    Progress carries small pictures while the picture is generated, and then previews of the drawing. The picture is kept
    under the pool's places, so that the same text is not imagined again for another style.
    Raises Missing, with the command that brings what is not here, its size and its licence; BadRequest, OutOfMemory.
    """
    if _by_clip(prompt, pool):
        if candidates == 1:
            return PromptSketched((yield from TEXT_SKETCH.run(prompt.prompt, choices, pack, pool)), None)
        attempts = yield from draw_text_attempts(prompt.prompt, choices, candidates, pack, pool)
        return PromptSketched(attempts.drawing, None, attempts=attempts)
    imagined = yield from mapped(imagine(prompt, choices.seed, pool), lambda progress: progress.within(0.0, IMAGINED))
    begin = 0.0 if imagined.kept else IMAGINED
    inputs = Inputs(Photograph(imagined.image), mask_for(imagined.image), marks)
    work = attempted(recipe, inputs, choices, candidates, pack, pool)
    drawing, tried = yield from mapped(work, lambda progress: progress.within(begin, 1.0))
    scores = {**drawing.account.scores, **text_score(drawing, prompt.prompt, pool)}
    account = replace(drawing.account, notes=(*imagined.notes, *drawing.account.notes), scores=scores)
    return PromptSketched(replace(drawing, account=account), imagined.image, imagined.kept, tried)


def imagine(prompt: PromptChoices, seed: int, pool: ModelPool) -> Work[Imagined]:
    """The picture of a text, generated now or by an earlier run."""
    wanted = wanted_checkpoint(prompt.checkpoint, PREFERRED, pool)
    place = pool.places.data / "prompts" / f"{_key(prompt.picture(seed), wanted)}.png"
    yield Progress("looking for the picture", 0.0)
    found = _kept(place)
    if found is None:
        generated: Generated = yield from sparingly(wanted, partial(text_to_image, prompt.picture(seed)))
        _keep(place, generated)
        found = _kept(place)
        assert found is not None, "the picture has just been written"
        return replace(found, kept=False)
    return found


def _by_clip(prompt: PromptChoices, pool: ModelPool) -> bool:
    """Whether strokes are drawn after the text itself: by choice, or where CLIP is all there is. Missing."""
    if prompt.method != AUTO or prompt.checkpoint != AUTO:
        return prompt.method == CLIP
    try:
        wanted_checkpoint(AUTO, PREFERRED, pool)
    except Missing as error:
        if pool.has_reader(ENCODER):
            return True
        lacking = [MANIFEST[name] for name in (ENCODER, VOCABULARY) if not pool.has_encoder(name)]
        told = ", ".join(f"{weights.cure} ({megabytes(weights.size or 0)})" for weights in lacking)
        raise Missing("{error} CLIP alone (MIT) draws poorer sketches: {told}.", error=error, told=told) from None
    return False


def _key(wanted: TextToImage, checkpoint: Wanted) -> str:
    """What names a picture: everything that it depends on."""
    facts = [repr(wanted), checkpoint.fingerprint, checkpoint.device.type, torch.__version__, __version__]
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:32]


def _kept(place: Path) -> Imagined | None:
    """The picture that an earlier run kept, if it is there and whole."""
    try:
        content, told = place.read_bytes(), json.loads(place.with_suffix(".json").read_text(encoding="utf-8"))
        return Imagined(decode(content).pixels, tuple(unpacked(note) for note in told["notes"]), True)
    except (OSError, ValueError, KeyError, BadRequest):
        return None


def _keep(place: Path, generated: Generated) -> None:
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_whole(place.with_suffix(".json"), json.dumps({"notes": [packed(note) for note in generated.notes]}).encode(), 0o600)
    write_whole(place, picture_png(generated.image), 0o600)
    _forget_oldest(place.parent)


def _forget_oldest(folder: Path) -> None:
    """Removes all but the newest pictures; another process may do the same."""
    times = {}
    for file in folder.glob("*.png"):
        with contextlib.suppress(FileNotFoundError):
            times[file] = file.stat().st_mtime_ns
    for file in sorted(times, key=lambda file: (times[file], file.name))[:-KEPT]:
        file.unlink(missing_ok=True)
        file.with_suffix(".json").unlink(missing_ok=True)
