"""`stylesketch style`: the style packs here."""

from __future__ import annotations

import argparse
import json

from backend.cli.arguments import Commands, add_command, places
from backend.style_library import pack_folders
from backend.style_pack import StylePack, read_pack


def add(commands: Commands) -> None:
    """Adds the command."""
    group = commands.add_parser("style", help="The style packs.", description="The style packs.")
    verbs = group.add_subparsers(metavar="VERB", required=True)
    command = add_command(verbs, "list", run_list, "List the installed style packs.")
    command.add_argument("--json", action="store_true", help="print one JSON object")


def run_list(arguments: argparse.Namespace) -> int:
    """Prints names and titles."""
    packs: dict[str, StylePack] = {}
    for folder in pack_folders(places(arguments).packs):
        packs.setdefault(folder.name, read_pack(folder))
    if arguments.json:
        print(json.dumps({"styles": [{"name": pack.name, "title": pack.title} for pack in packs.values()]}))
    else:
        for pack in packs.values():
            print(f"{pack.name:24} {pack.title}")
    return 0
