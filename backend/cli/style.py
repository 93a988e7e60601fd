"""`stylesketch style`: the style packs here, and new ones."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from stylesketch_ext.wire.codec import to_json
from stylesketch_ext.wire.messages import StyleInfo

from backend.cli import style_extract, style_features, style_train
from backend.cli.arguments import Commands, add_verb, places
from backend.cli.outputs import check_writable
from backend.core.errors import BadRequest
from backend.core.files import write_whole
from backend.daemon.styles import style_info
from backend.style_archive import ENDING
from backend.style_library import Library, read_pack_file
from backend.style_members import name_given


def add(commands: Commands) -> None:
    """Adds the command."""
    about = "Style packs: what is here, and how to make, share and remove them."
    verbs = commands.add_parser("style", help=about, description=about).add_subparsers(metavar="VERB", required=True)
    add_verb(verbs, "list", run_list, "List the installed style packs.")
    command = add_verb(verbs, "show", run_show, "Show one style pack.")
    command.add_argument("name", metavar="NAME", help="as `style list` names it")
    command = add_verb(verbs, "extract", style_extract.run, "Make a style pack from pictures: measure how they are drawn.")
    style_extract.add_options(command)
    command = add_verb(verbs, "features", style_features.run, "Let networks that are here by now see a style pack of your own.")
    style_features.add_options(command)
    command = add_verb(verbs, "train", style_train.run, "Teach a diffusion network the style of a pack, for restyling.")
    style_train.add_options(command)
    command = add_verb(verbs, "import", run_import, "Install a style pack.")
    command.add_argument("pack", metavar="PACK", type=Path, help=f"a {ENDING} file, or the folder of a pack")
    command.add_argument("--name", metavar="NAME", default="", help="install it under this name")
    command.add_argument("--replace", action="store_true", help="in place of a pack of that name")
    command = add_verb(verbs, "export", run_export, "Write a style pack to one file.")
    command.add_argument("name", metavar="NAME")
    command.add_argument(
        "-o", "--output", metavar="PACK", type=style_extract.archive_path, required=True, help=f"ends in {ENDING}"
    )
    command = add_verb(verbs, "rename", run_rename, "Give a style pack of your own another name, or title.")
    command.add_argument("name", metavar="NAME")
    command.add_argument("new", metavar="NEW", nargs="?", help="the new name")
    command.add_argument("--title", metavar="TEXT", help="the new title")
    command = add_verb(verbs, "remove", run_remove, "Delete a style pack of your own.")
    command.add_argument("name", metavar="NAME")


def run_list(arguments: argparse.Namespace) -> int:
    """Prints all packs; 1 where one cannot be used."""
    library = _library(arguments)
    infos = [style_info(folder, folder.parent != library.own) for folder in library.folders()]
    if arguments.json:
        print(json.dumps({"styles": [to_json(info) for info in infos]}, ensure_ascii=False))
    else:
        for info in infos:
            if not info.problem:
                print(f"{info.name:24} {info.title}")
    broken = [info for info in infos if info.problem]
    for info in broken:
        sys.stderr.write(f"stylesketch: {info.problem}\n")
    return 1 if broken else 0


def run_show(arguments: argparse.Namespace) -> int:
    """Prints what is known of a pack."""
    library = _library(arguments)
    folder = library.folder(arguments.name)
    info = style_info(folder, library.is_bundled(arguments.name))
    if info.problem:
        raise BadRequest(info.problem)
    if arguments.json:
        print(json.dumps({**to_json(info), "folder": str(folder)}, ensure_ascii=False))
    else:
        print("\n".join(_facts(info, folder)))
    return 0


def run_import(arguments: argparse.Namespace) -> int:
    """Installs a pack."""
    name, told = name_given(arguments.name) if arguments.name else ("", ())
    library, pack = _library(arguments), read_pack_file(arguments.pack, name)
    with style_extract.replace_told():
        library.install(pack, arguments.replace)
    _tell(arguments, library, pack.name, "Installed", told)
    return 0


def run_export(arguments: argparse.Namespace) -> int:
    """Writes a pack to a file."""
    check_writable([arguments.output])
    write_whole(arguments.output, _library(arguments).export(arguments.name))
    path = str(arguments.output.absolute())
    print(json.dumps({"outputs": [path]}) if arguments.json else path)
    return 0


def run_rename(arguments: argparse.Namespace) -> int:
    """Gives a pack another name or title."""
    if arguments.new is None and arguments.title is None:
        raise BadRequest("Name what shall change: a new name, or --title.")
    library, (new, told) = _library(arguments), name_given(arguments.new) if arguments.new is not None else (None, ())
    if arguments.title is not None:
        library.entitle(arguments.name, arguments.title)
    if new is not None:
        library.rename(arguments.name, new)
    _tell(arguments, library, new or arguments.name, "Renamed to", told)
    return 0


def run_remove(arguments: argparse.Namespace) -> int:
    """Deletes a pack."""
    _library(arguments).remove(arguments.name)
    print(json.dumps({"removed": arguments.name}) if arguments.json else f"Removed {arguments.name}.")
    return 0


def _facts(info: StyleInfo, folder: Path) -> list[str]:
    origin = "comes with StyleSketch" if info.bundled else "your own"
    lines = [
        f"{info.name}: {info.title} ({origin})",
        *([info.description] if info.description else []),
        f"strokes {info.strokes}, pen {info.color}, paper {info.paper}",
        f"licence {info.licence or 'not stated'}, folder {folder}",
    ]
    if info.features:
        lines.append(f"deep features: {', '.join(info.features)}")
    return lines + [f"  {name:16} {value:g}" for name, value in info.measured.items()]


def _tell(arguments: argparse.Namespace, library: Library, name: str, done: str, told: Sequence[str]) -> None:
    info = style_info(library.folder(name), False)
    for note in told:
        sys.stderr.write(f"stylesketch: {note}\n")
    print(json.dumps(to_json(info), ensure_ascii=False) if arguments.json else f"{done} {name}: {info.title}.")


def _library(arguments: argparse.Namespace) -> Library:
    return Library(places(arguments).packs)
