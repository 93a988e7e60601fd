"""`stylesketch models`: the networks' weights, none of which is needed to draw."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from stylesketch_ext.wire.codec import to_json
from stylesketch_ext.wire.messages import ModelInfo, ProgressEvent

from backend.cli import checkpoints
from backend.cli.arguments import Commands, add_verb, places, seconds
from backend.cli.terminal import ProgressLine
from backend.core.errors import Cancelled, NotFound
from backend.daemon.models import checkpoint_infos, model_infos
from backend.places import Places
from backend.weights.checkpoints import CHECKPOINTS, intact_checkpoint, pulled_size, remove_checkpoint
from backend.weights.intake import intact, remove
from backend.weights.manifest import MANIFEST, Weights
from backend.weights.shelf import Receipt, find, folder_of, megabytes, named

UNUSED = "nothing in this version uses it"
STOPPED = "Stopped. What was downloaded is kept; the next `stylesketch models pull` goes on from there."


def add(commands: Commands) -> None:
    """Adds the command."""
    about = "Networks' weights: what is here, and what can be brought."
    verbs = commands.add_parser("models", help=about, description=about).add_subparsers(metavar="VERB", required=True)
    add_verb(verbs, "list", run_list, "List all weights: what they are for, and whether they are here.")
    command = add_verb(verbs, "pull", run_pull, "Download weights; what was interrupted goes on.")
    command.add_argument(
        "name", metavar="NAME", help="as `models list` names them, or a diffusion checkpoint on the hub: OWNER/NAME"
    )
    command.add_argument("--patience", metavar="SECONDS", type=seconds, default=30.0, help="that a server may be silent")
    command.add_argument("--quiet", action="store_true", help="no progress, no summary")
    command = add_verb(verbs, "verify", run_verify, "Check that the weights that are here are undamaged.")
    command.add_argument("name", metavar="NAME", nargs="?", help="only these")
    command = add_verb(verbs, "add", run_add, "Take weights from a file, such as one brought from another computer.")
    command.add_argument("name", metavar="NAME", nargs="?", help="whose weights they are, where the file alone does not tell")
    command.add_argument(
        "file", metavar="FILE", type=Path, help="a .safetensors, .pth or known TorchScript file, or a model's folder; copied"
    )
    command = add_verb(verbs, "remove", run_remove, "Delete weights, and what is left of an interrupted download.")
    command.add_argument("name", metavar="NAME", help="as `models list` names them")


def run_list(arguments: argparse.Namespace) -> int:
    """Prints all weights."""
    infos = model_infos(places(arguments)) + checkpoint_infos(places(arguments))
    if arguments.json:
        print(json.dumps({"models": [to_json(info) for info in infos]}, ensure_ascii=False))
    else:
        print("\n".join(_line(info) for info in infos))
    return 0


def run_pull(arguments: argparse.Namespace) -> int:
    """Downloads weights."""
    from backend.core.work import completed
    from backend.weights.download import Patience
    from backend.weights.pull import pull

    if checkpoints.is_meant(arguments.name):
        return checkpoints.pull(arguments)
    line = ProgressLine(arguments.quiet)
    work = pull(arguments.name, places(arguments), patience=Patience(silence=arguments.patience))
    try:
        pulled = completed(work, lambda progress: line.show(ProgressEvent(progress.stage, progress.done)))
    except KeyboardInterrupt:
        raise Cancelled(STOPPED) from None
    finally:
        line.clear()
    if arguments.json:
        print(json.dumps({**_account(named(pulled.name), pulled.receipt, pulled.path), "notes": pulled.notes}))
    elif not arguments.quiet:
        state = "is here" if pulled.fresh else "was here already, undamaged"
        print(f"{pulled.title} {state}: {pulled.path} ({megabytes(pulled.receipt.size)}, {pulled.receipt.proof}).")
        for note in pulled.notes:
            print(note)
    return 0


def run_verify(arguments: argparse.Namespace) -> int:
    """Checks every file that is here; 3 where one is damaged."""
    states = _states(arguments.name, places(arguments))
    if arguments.json:
        print(json.dumps({"models": states}))
    else:
        print("\n".join(_verdict(name, fine) for name, fine in states.items()) or "There are no weights here.")
    return 0 if all(states.values()) else 3


def _states(name: str | None, where: Places) -> dict[str, bool]:
    """Whether the weights of that name, or all that are here, are undamaged."""
    if name and checkpoints.is_meant(name):
        return {name: intact_checkpoint(name, where)}
    if name and find(name, where) is None:
        raise NotFound(f"The weights of {named(name).title} are not here. {named(name).cure} brings them.")
    chosen = [named(name)] if name else [weights for weights in MANIFEST.values() if find(weights.name, where)]
    pulled = [] if name else [other for other in CHECKPOINTS if pulled_size(other, where) is not None]
    return {weights.name: intact(weights.name, where) for weights in chosen} | {
        other: intact_checkpoint(other, where) for other in pulled
    }


def run_add(arguments: argparse.Namespace) -> int:
    """Copies a file of the user's, or what a model's folder holds."""
    from backend.weights.own_file import add, add_folder

    where = places(arguments)
    adding = add_folder if arguments.file.is_dir() else lambda *given: [add(*given)]
    brought = adding(arguments.file, where, arguments.name)
    accounts = [_account(weights, receipt, folder_of(weights, where) / receipt.file) for weights, receipt in brought]
    if arguments.json:
        print(json.dumps({"models": accounts} if arguments.file.is_dir() else accounts[0]))
    else:
        for (weights, receipt), told in zip(brought, accounts, strict=True):
            size, digest = megabytes(receipt.size), receipt.sha256
            print(f"{weights.title} is here: {told['path']} ({size}, {receipt.proof}, sha256 {digest}).")
    return 0


def run_remove(arguments: argparse.Namespace) -> int:
    """Deletes weights."""
    if checkpoints.is_meant(arguments.name):
        freed = remove_checkpoint(arguments.name, places(arguments))
        told: dict[str, object] = {"removed": arguments.name, "bytes": freed}
        print(json.dumps(told) if arguments.json else f"Removed the checkpoint {arguments.name} ({megabytes(freed)}).")
        return 0
    weights = named(arguments.name)
    freed = remove(weights.name, places(arguments))
    if arguments.json:
        print(json.dumps({"removed": weights.name, "bytes": freed}))
    else:
        print(f"Removed the weights of {weights.title} ({megabytes(freed)}).")
    return 0


def _line(info: ModelInfo) -> str:
    state = "here" if info.here else f"{megabytes(info.kept)} here" if info.kept else "-"
    size = megabytes(info.size) if info.size else ""
    bring = "" if info.here or info.pullable else "; no address is known: `stylesketch models add FILE`"
    return f"{info.name:16} {state:12} {size:>8}  {info.title}: {info.used_by or UNUSED}; {info.license}{bring}"


def _verdict(name: str, fine: bool) -> str:
    cure = MANIFEST[name].cure if name in MANIFEST else f"`stylesketch models pull {name}`"
    return f"{name}: " + ("undamaged" if fine else f"DAMAGED; {cure} brings it anew")


def _account(weights: Weights, receipt: Receipt, path: Path) -> dict[str, object]:
    return {"name": weights.name, "path": str(path), **vars(receipt)}
