"""`stylesketch style train`: teaches a diffusion network the style of a pack."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING

from stylesketch_ext.wire.messages import MAX_SEED, ProgressEvent

from backend.cli.arguments import number_to, places, whole_number
from backend.cli.terminal import ProgressLine
from backend.core.errors import BadRequest, Cancelled
from backend.style_library import Library
from backend.style_members import LEARNED, Pack, check_pack, name_given

if TYPE_CHECKING:
    from backend.recipes.style_training import Trained

DEFAULT_STEPS = 6100  # as diffusion.style_training
MOST_STEPS = 1_000_000
STOPPED = "Stopped. What was learned so far is kept; the same command goes on from there."


def add_options(command: argparse.ArgumentParser) -> None:
    """The options of the verb."""
    option = command.add_argument
    option("name", metavar="NAME", help="of an installed style pack that carries exemplars")
    option("--as", dest="new", metavar="NEW", default="", help="put what is learned into a copy of the pack under this name")
    told = f"in all, those of earlier runs counted (default: {DEFAULT_STEPS})"
    option("--steps", metavar="N", type=whole_number(1, MOST_STEPS), default=DEFAULT_STEPS, help=told)
    option("--learning-rate", metavar="F", type=number_to(1), default=1e-4, help="of AdamW (default: 0.0001)")
    option("--checkpoint", metavar="NAME|DIR", default="auto", help="a folder, or a name of `models list` or the hub")
    option("--seed", metavar="N", type=whole_number(0, MAX_SEED), default=0, help="another seed, another training")
    option("--device", metavar="NAME", default="auto", help="auto, cpu, cuda, cuda:1, mps (default: auto)")
    option("--quiet", action="store_true", help="no progress, no summary")


def run(arguments: argparse.Namespace) -> int:
    """Trains, and puts what was learned into the pack."""
    library = Library(places(arguments).packs)
    pack, (name, told) = library.read(arguments.name), name_given(arguments.new or arguments.name)
    if arguments.new:
        library.check_free(name)
    elif library.is_bundled(name):
        raise BadRequest(f"'{name}' comes with StyleSketch and stays as it is. Choose a name for a copy with --as NEW.")
    if not pack.exemplars:
        raise BadRequest(f"The style pack '{name}' carries no exemplar to learn from. Choose one that was made from pictures.")
    for note in told:
        sys.stderr.write(f"stylesketch: {note}\n")
    line = ProgressLine(arguments.quiet)
    try:
        trained = _trained(arguments, pack, line)
    except KeyboardInterrupt:
        raise Cancelled(STOPPED) from None
    finally:
        line.clear()
    library.install(check_pack(Pack(name, {**pack.files, LEARNED: trained.content})), replacing=not arguments.new)
    _tell(arguments, name, trained, str(library.folder(name)))
    return 0


def _trained(arguments: argparse.Namespace, pack: Pack, line: ProgressLine) -> Trained:
    from backend.core.work import completed
    from backend.daemon.sketching import prepare_process
    from backend.model_pool import ModelPool
    from backend.perception.photograph import decode
    from backend.recipes.style_training import TrainingChoices, train_style

    prepare_process()
    choices = TrainingChoices(arguments.steps, arguments.seed, arguments.checkpoint, arguments.learning_rate)
    pool = ModelPool.choose(arguments.device, places=places(arguments))
    work = train_style([decode(content).pixels for content in pack.exemplars], choices, pool)
    return completed(work, lambda progress: line.show(ProgressEvent(_stage(progress.stage, progress.losses), progress.done)))


def _stage(stage: str, losses: object) -> str:
    loss = losses.get("loss") if isinstance(losses, dict) else None
    return f"{stage}, loss {loss:.4f}" if loss is not None else stage


def _tell(arguments: argparse.Namespace, name: str, trained: Trained, folder: str) -> None:
    if arguments.json:
        told = {"style": name, "output": folder, "steps": trained.steps, "resumed": trained.resumed, "loss": trained.loss}
        print(json.dumps({**told, "notes": trained.notes}, ensure_ascii=False))
    elif not arguments.quiet:
        print(f"{name}: learned in {trained.steps} steps, {folder}")
        for note in trained.notes:
            sys.stderr.write(f"stylesketch: {note}\n")
