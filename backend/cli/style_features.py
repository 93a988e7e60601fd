"""`stylesketch style features`: networks that came later see a style pack."""

from __future__ import annotations

import argparse
import json

from stylesketch_ext.wire.codec import to_json
from stylesketch_ext.wire.messages import ProgressEvent

from backend.cli.arguments import places
from backend.cli.terminal import ProgressLine
from backend.daemon.styles import style_info
from backend.style_library import Library


def add_options(command: argparse.ArgumentParser) -> None:
    """The options of the verb."""
    command.add_argument("name", metavar="NAME", help="a pack of your own, which keeps its exemplars")
    command.add_argument("--quiet", action="store_true", help="no progress, no summary")


def run(arguments: argparse.Namespace) -> int:
    """Measures the deep features of a pack's exemplars and keeps them in it."""
    from backend.core.work import completed
    from backend.daemon.sketching import prepare_process
    from backend.model_pool import ModelPool
    from backend.recipes.later_features import later_features

    where = places(arguments)
    library = Library(where.packs)
    folder = library.own_folder(arguments.name)
    prepare_process()
    line = ProgressLine(arguments.quiet)
    work = later_features(library.read(arguments.name), ModelPool.choose("cpu", places=where))
    try:
        features = completed(work, lambda progress: line.show(ProgressEvent(progress.stage, progress.done)))
    finally:
        line.clear()
    library.keep_features(arguments.name, features)
    info = style_info(folder, False)
    if arguments.json:
        print(json.dumps(to_json(info), ensure_ascii=False))
    elif not arguments.quiet:
        print(f"{info.name}: {', '.join(info.features)}")
    return 0
