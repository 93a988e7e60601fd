"""The option --style: the name of an installed style pack, or a pack's file or folder."""

from __future__ import annotations

import argparse
import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from backend.cli.arguments import places
from backend.core.errors import BadRequest
from backend.style_archive import ENDING
from backend.style_library import read_pack_file


def is_pack_path(style: str) -> bool:
    """Whether --style names a file or folder: it has a separator, or the ending of an archive."""
    return style.endswith((ENDING, ".pkl")) or "/" in style or os.sep in style


@contextlib.contextmanager
def opened_style(arguments: argparse.Namespace) -> Iterator[Path]:
    """The folder of packs that --style is looked up in, `arguments.style` being the pack's name from then on.

    A pack that is named by its file or folder lies there only meanwhile. Raises BadRequest, BadPack, OSError.
    """
    if not is_pack_path(arguments.style):
        yield places(arguments).packs
        return
    path = Path(arguments.style)
    if getattr(arguments, "daemon", False):
        raise BadRequest(f"The engine draws with installed packs: stylesketch style import {path}, or leave out --daemon.")
    pack = read_pack_file(path)
    with tempfile.TemporaryDirectory(prefix="stylesketch-") as folder:
        (Path(folder) / pack.name).mkdir()
        for name, content in pack.files.items():
            (Path(folder) / pack.name / name).write_bytes(content)
        arguments.style = pack.name
        yield Path(folder)
