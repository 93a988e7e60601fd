"""`stylesketch style extract`: pictures to style packs."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from stylesketch_ext.wire.messages import MAX_REFERENCES, ProgressEvent

from backend.cli.arguments import places
from backend.cli.outputs import check_writable
from backend.cli.sketch import read_file
from backend.cli.terminal import ProgressLine
from backend.core.errors import BadRequest, Exists, StyleSketchError
from backend.core.files import write_whole
from backend.style_archive import ENDING, write_archive
from backend.style_library import Library, bundled_packs
from backend.style_members import name_from, name_given

if TYPE_CHECKING:
    from backend.recipes.style_extraction import Extracted

PICTURES = {".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".avif", ".jp2"}  # looked for in folders


def add_options(command: argparse.ArgumentParser) -> None:
    """The options of the verb."""
    command.add_argument("images", metavar="IMAGES|DIR", type=Path, nargs="+", help="picture files, or a folder of them")
    target = command.add_mutually_exclusive_group()
    target.add_argument(
        "-o", "--output", metavar="PACK", type=archive_path, help=f"write the pack there, a {ENDING} file (default: install it)"
    )
    target.add_argument("--library", metavar="DIR", type=Path, help="make a pack of each picture, as folders in DIR")
    command.add_argument("--name", metavar="NAME", default="", help="of the pack (default: the file's name)")
    command.add_argument("--title", metavar="TEXT", default="", help="of the pack (default: made from its name)")
    command.add_argument("--replace", action="store_true", help="in place of a pack of that name")
    command.add_argument("--quiet", action="store_true", help="no progress, no summary")


def run(arguments: argparse.Namespace) -> int:
    """Makes one pack of all pictures, or one of each."""
    from backend.daemon.sketching import prepare_process

    pictures = list(_pictures(arguments.images))
    name, told = name_given(arguments.name) if arguments.name else ("", ())
    prepare_process()
    if arguments.library is not None:
        return _run_library(arguments, pictures)
    if len(pictures) > MAX_REFERENCES:
        raise BadRequest(
            f"A style is made from at most {MAX_REFERENCES} pictures, not {len(pictures)}. Choose the most typical."
        )
    name = name or name_from((arguments.output or arguments.images[0]).stem)
    library = Library(places(arguments).packs)
    if arguments.output is None:
        with replace_told():
            library.check_free(name, arguments.replace)
    else:
        check_writable([arguments.output], pictures)
    made = _extracted(arguments, pictures, name, arguments.title or (arguments.name if told else ""))
    if arguments.output is None:
        library.install(made.pack, arguments.replace)
        where = str(library.folder(name))
    else:
        write_whole(arguments.output, write_archive(made.pack))
        where = str(arguments.output.absolute())
    _tell(arguments, [(name, where, (*told, *made.notes))], [])
    return 0


def _run_library(arguments: argparse.Namespace, pictures: Sequence[Path]) -> int:
    """A pack of each picture; 1 where one could not be made."""
    if arguments.name or arguments.title:
        raise BadRequest("In a library, packs are named after their pictures. Leave out --name and --title.")
    library, made, failed = Library(arguments.library.absolute()), [], []
    for path, name in zip(pictures, _names(pictures), strict=True):
        try:
            library.check_free(name, arguments.replace)
            found = _extracted(arguments, [path], name, "")
            library.install(found.pack, arguments.replace)
            made.append((name, str(library.own / name), found.notes))
        except StyleSketchError as error:
            failed.append(f"{path.name}: {error}")
    _tell(arguments, made, failed)
    return 1 if failed else 0


def _extracted(arguments: argparse.Namespace, pictures: Sequence[Path], name: str, title: str) -> Extracted:
    from backend.core.work import completed
    from backend.model_pool import ModelPool
    from backend.recipes.style_extraction import extract_style

    line = ProgressLine(arguments.quiet)
    pool = ModelPool.choose("cpu", places=places(arguments))
    work = extract_style([read_file(path) for path in pictures], name, pool, title, [path.name for path in pictures])
    try:
        return completed(work, lambda progress: line.show(ProgressEvent(f"{name}: {progress.stage}", progress.done)))
    finally:
        line.clear()


def _pictures(paths: Sequence[Path]) -> Iterator[Path]:
    """The files, and those in the folders; BadRequest for a folder without any."""
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        found = sorted(file for file in path.iterdir() if file.suffix.lower() in PICTURES and file.is_file())
        if not found:
            raise BadRequest(f"There is no picture in the folder {path}. Choose another one, or picture files.")
        yield from found


def _names(pictures: Sequence[Path]) -> list[str]:
    """A name of its own for each picture, none of them a bundled pack's."""
    names: list[str] = []
    for path in pictures:
        name, number = name_from(path.stem), 1
        while name in names or (bundled_packs() / name).exists():
            number += 1
            name = f"{name_from(path.stem)[:60]}-{number}"
        names.append(name)
    return names


@contextlib.contextmanager
def replace_told() -> Iterator[None]:
    """Where a pack of the name is there already, the sentence tells the options that help."""
    try:
        yield
    except Exists as error:
        raise Exists(f"{error} That is --replace, or --name NAME.") from None


def archive_path(text: str) -> Path:
    """An argparse type: the file of a style pack."""
    if not text.endswith(ENDING):
        raise argparse.ArgumentTypeError(f"'{text}' must end in {ENDING}")
    return Path(text)


def _tell(arguments: argparse.Namespace, made: Sequence[tuple[str, str, Sequence[str]]], failed: Sequence[str]) -> None:
    if arguments.json:
        styles = [{"name": name, "output": where, "notes": list(notes)} for name, where, notes in made]
        print(json.dumps({"styles": styles, "failed": list(failed)}, ensure_ascii=False))
    elif not arguments.quiet:
        for name, where, notes in made:
            print(f"{name}: {where}")
            for note in notes:
                sys.stderr.write(f"stylesketch: {name}: {note}\n")
    for sentence in failed:
        sys.stderr.write(f"stylesketch: {sentence}\n")
