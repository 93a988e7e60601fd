"""The exemplar that a command imitates: a picture file, or what a style pack carries."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from backend.cli.sketch import read_file
from backend.cli.style_option import is_pack_path
from backend.places import Places
from backend.style_archive import ENDING
from backend.style_library import Library, read_pack_file
from backend.style_members import NAME, STYLE, Pack


@dataclass(frozen=True)
class Exemplar:
    """A style image."""

    content: bytes  # of its file
    label: str  # for the account: the file's or the pack's name
    file: Path | None = None  # nothing may be written there
    learned: bytes | None = None  # a pack's learned style, for diffusion
    pack: Pack | None = None
    bundled: bool = False  # whether the pack came with the program


def read_exemplar(text: str, places: Places) -> Exemplar:
    """The style image that a user names: a picture file, a pack's folder or archive, or an installed pack's name.

    Raises BadRequest, BadPack, NotFound, OSError.
    """
    path = Path(text)
    if (path / STYLE).is_file() or (path.exists() and text.endswith((ENDING, ".pkl"))):
        return _first(read_pack_file(path))
    if path.exists() or is_pack_path(text) or not NAME.fullmatch(text):
        return Exemplar(read_file(path), path.name, path)
    library = Library(places.packs)
    return _first(library.read(text), library.is_bundled(text))


def _first(pack: Pack, bundled: bool = False) -> Exemplar:
    return Exemplar(pack.exemplar, pack.name, learned=pack.learned, pack=pack, bundled=bundled)
