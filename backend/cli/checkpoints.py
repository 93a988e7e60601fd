"""Diffusion checkpoints for `stylesketch models`: many files each, whose sizes the hub tells before anything is downloaded."""

from __future__ import annotations

import argparse
import json
import sys

from stylesketch_ext.wire.messages import ProgressEvent

from backend.cli.arguments import places
from backend.cli.terminal import ProgressLine
from backend.core.errors import Cancelled
from backend.weights.checkpoints import fetch, is_checkpoint, offer, size_of
from backend.weights.download import Patience
from backend.weights.manifest import MANIFEST

STOPPED = "Stopped. What was downloaded is kept; the same command goes on from there."


def is_meant(name: str) -> bool:
    """Whether a name is a checkpoint's, and no network's of the manifest."""
    return name.replace("-", "_").lower() not in MANIFEST and is_checkpoint(name)


def pull(arguments: argparse.Namespace) -> int:
    """Tells what there is, its size and its licence, and downloads it."""
    from backend.core.work import completed

    where = places(arguments)
    wanted = offer(arguments.name, timeout=arguments.patience)
    if not arguments.quiet:
        sys.stderr.write(f"{wanted.sentence}\n")
    line = ProgressLine(arguments.quiet)
    work = fetch(wanted, where, patience=Patience(silence=arguments.patience))
    try:
        found = completed(work, lambda progress: line.show(ProgressEvent(progress.stage, progress.done)))
    except KeyboardInterrupt:
        raise Cancelled(STOPPED) from None
    finally:
        line.clear()
    told = {"name": wanted.name, "path": str(found.folder), "size": size_of(found.folder), "license": wanted.license}
    if arguments.json:
        print(json.dumps({**told, "source": wanted.repository, "revision": wanted.revision}))
    elif not arguments.quiet:
        print(f"{wanted.title} is here: {found.folder}.")
    return 0
