"""Teaching a diffusion network the style of a pack's exemplars, as a word; what was learned so far is kept on the disk."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load, save

from backend.core.errors import BadRequest
from backend.core.files import write_whole
from backend.core.image import Image
from backend.core.notes import Note
from backend.core.work import Progress, Work
from backend.diffusion.checkpoint import Networks
from backend.diffusion.conditions import placeholder_id
from backend.diffusion.edge_guided import covering
from backend.diffusion.latents import encode
from backend.diffusion.style_embedding import write_style
from backend.diffusion.style_training import LEARNING_RATE, STEPS, StyleTraining, View
from backend.model_pool import ModelPool
from backend.recipes.diffusion_parts import AUTO, eyes_of, sparingly, wanted_checkpoint

PREFERRED = ("sd15",)
KEEP_EVERY, KEEP_SECONDS = 50, 60.0  # steps and s after which what was learned is kept, whichever comes first
MOST_STEPS = 1_000_000
SMOOTHING = 0.98  # of the loss that is shown
DAMAGED = Note("What an earlier run had learned was damaged, so the training began anew.")


@dataclass(frozen=True)
class TrainingChoices:
    """How a style is learned; the defaults are InST's."""

    steps: int = STEPS
    seed: int = 0
    checkpoint: str = AUTO  # a folder, a short name, or OWNER/NAME on the hub
    learning_rate: float = LEARNING_RATE

    def __post_init__(self) -> None:
        if not 1 <= self.steps <= MOST_STEPS:
            raise BadRequest("A training takes 1 to {most} steps, not {steps}.", most=MOST_STEPS, steps=self.steps)
        if not 0 < self.learning_rate <= 1:
            raise BadRequest("The learning rate is a number above 0 up to 1, not {rate}.", rate=self.learning_rate)


@dataclass(frozen=True)
class Trained:
    """What was learned."""

    content: bytes  # for style_members.LEARNED
    steps: int
    resumed: int  # steps that an earlier run had taken
    loss: float  # smoothed
    notes: tuple[str, ...] = ()


def train_style(exemplars: Sequence[Image], choices: TrainingChoices, pool: ModelPool) -> Work[Trained]:
    """A style learned from exemplars [1, 3, H, W], which are seen as squares and mirrored, too.

    Closed before its end, it keeps what it learned, and the same work goes on from there. With as many steps as were
    already taken, it ends at once. Raises Missing, with the command that brings what is not here; BadRequest, OutOfMemory.
    """
    if not exemplars:
        raise BadRequest("There is no exemplar to learn from. Choose a style pack that was made from pictures.")
    wanted = wanted_checkpoint(choices.checkpoint, PREFERRED, pool)
    return (yield from sparingly(replace(wanted, training=True), partial(_trained, exemplars, choices, pool)))


def _trained(exemplars: Sequence[Image], choices: TrainingChoices, pool: ModelPool, networks: Networks) -> Work[Trained]:
    placeholder_id(networks)  # says where a checkpoint cannot learn
    yield Progress("looking at the exemplars", 0.0)
    notebook = _Notebook(pool.places.data / "training", exemplars, choices, networks)
    views = _views(exemplars, networks, pool)

    def begun() -> StyleTraining:
        return StyleTraining(networks, views, choices.seed, choices.learning_rate)

    training, lost = notebook.restored(begun)
    resumed, loss = training.step, math.nan
    kept = time.monotonic()
    try:
        for found in training.run(choices.steps):
            if not math.isfinite(found):
                raise BadRequest("The training broke down, its numbers became infinite. Choose a smaller --learning-rate.")
            loss = found if math.isnan(loss) else SMOOTHING * loss + (1 - SMOOTHING) * found
            if training.step % KEEP_EVERY == 0 or time.monotonic() > kept + KEEP_SECONDS:
                notebook.keep(training)
                kept = time.monotonic()
            stage = f"learning the style, step {training.step} of {choices.steps}"
            yield Progress(stage, training.step / choices.steps, losses={"loss": loss})
    except GeneratorExit:
        notebook.keep(training)
        raise
    notebook.remove()
    notes = [Note("{done} of {all} steps were taken by an earlier run.", done=resumed, all=training.step)] if resumed else []
    notes += [DAMAGED] if lost else []
    return Trained(write_style(training.learned()), training.step, resumed, loss, (*notes, *networks.memory.notes))


def _views(exemplars: Sequence[Image], networks: Networks, pool: ModelPool) -> list[View]:
    see, found = eyes_of(networks, pool), []
    for exemplar in exemplars:
        square = covering(exemplar, (networks.side, networks.side))
        for picture in (square, square.flip(-1)):
            found.append(View(encode(networks, picture).float(), see(picture).to(networks.device)))
    return found


class _Notebook:
    """The state of a training that was stopped."""

    def __init__(self, folder: Path, exemplars: Sequence[Image], choices: TrainingChoices, networks: Networks) -> None:
        parts = hashlib.sha256(f"{networks.fingerprint} {choices.seed} {choices.learning_rate}".encode())
        for exemplar in exemplars:
            parts.update(exemplar.contiguous().numpy().tobytes())
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._file = folder / f"{parts.hexdigest()[:24]}.safetensors"

    def restored(self, begun: Callable[[], StyleTraining]) -> tuple[StyleTraining, bool]:
        """The training as it was kept, or as it begins; and whether what was kept is damaged, which counts for nothing."""
        training = begun()
        if not self._file.is_file():
            return training, False
        try:
            training.restore(load(self._file.read_bytes()))
        except (SafetensorError, KeyError, ValueError, RuntimeError):
            self.remove()
            return begun(), True  # another one, since parts of the state may have been taken up
        return training, False

    def keep(self, training: StyleTraining) -> None:
        state = {name: value.contiguous() for name, value in training.state().items()}
        write_whole(self._file, save(state), 0o600)

    def remove(self) -> None:
        self._file.unlink(missing_ok=True)
