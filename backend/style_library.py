"""Where style packs lie, and how they come, go and change: the user's own, and those that come with the program.

Of two packs of one name the user's own is used. Own packs that come in by import, extraction or renaming never take the
name of a bundled one; a folder that the user puts there by hand may, and hides it until it is removed.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from backend.core.errors import BadPack, BadRequest, Conflict, Exists, NotFound
from backend.core.files import sync_folder, write_whole
from backend.core.lock import only_one
from backend.style_archive import ENDING, SEED_LIBRARY, read_archive, write_archive
from backend.style_members import EXEMPLAR, FEATURES, LEARNED, PREVIEW, STYLE, TEXTS, Pack, check_name, check_pack, most_bytes
from backend.style_pack import StylePack, parse_pack, read_pack

LOCK = ".lock"
PATIENCE = 10.0  # seconds that one change of the packs waits for another
PART, REPLACED = ".part", ".replaced"  # endings of hidden folders: packs in the making, and the old ones while they give way


def bundled_packs() -> Path:
    """The folder of the packs that come with the program: inside the installed package, or beside it in a checkout."""
    installed = Path(__file__).parent / "bundled_packs"
    return installed if installed.is_dir() else Path(__file__).parent.parent / "style_packs"


def pack_folders(own: Path) -> Iterator[Path]:
    """All packs, the user's own first; one of a hidden name is none."""
    for root in (own, bundled_packs()):
        if root.is_dir():
            yield from sorted(file.parent for file in root.glob(f"*/{STYLE}") if not file.parent.name.startswith("."))


def load_pack(name: str, own: Path) -> StylePack:
    """The pack of that name; NotFound lists the names there are, BadRequest says what is wrong in its file."""
    return read_pack(Library(own).folder(name))


def read_folder(folder: Path) -> Pack:
    """The pack in any folder: what belongs in a pack, and nothing else of it. BadPack, OSError."""
    if not (folder / STYLE).is_file():
        raise BadPack(
            "There is no {style} in {folder}. Choose the folder of a style pack, or a {ending} file.",
            style=STYLE,
            folder=folder,
            ending=ENDING,
        )
    return Pack(folder.name, {path.name: _read_limited(path) for path in sorted(folder.iterdir()) if _belongs(path.name)})


def read_pack_file(path: Path, name: str = "") -> Pack:
    """The checked pack in a folder or an archive, called `name` or what it is called there. BadPack, BadRequest, OSError."""
    if path.is_dir():
        pack = read_folder(path.resolve())
        return check_pack(replace(pack, name=name or pack.name))
    if path.suffix in (".pkl", ".pickle"):
        raise BadPack(SEED_LIBRARY)
    if not path.exists():
        raise BadRequest("There is no style pack {path}. Check its name.", path=path)
    if not path.is_file():
        raise BadRequest("{path} is a device or a pipe. Save the style pack to a file, and choose that.", path=path)
    return check_pack(read_archive(path.read_bytes(), name, path.name))


@dataclass(frozen=True)
class Library:
    """The user's own packs in the folder `own`, which need not be there yet, beside the bundled ones."""

    own: Path

    def folders(self) -> list[Path]:
        """The folder of every pack that can be used, by name, own ones in the place of bundled ones of the same name."""
        found: dict[str, Path] = {}
        for folder in pack_folders(self.own):
            found.setdefault(folder.name, folder)
        return list(found.values())

    def folder(self, name: str) -> Path:
        """Where the pack of that name lies; NotFound lists the names there are."""
        for folder in self.folders():
            if folder.name == name:
                return folder
        names = ", ".join(sorted(folder.name for folder in self.folders())) or "none"
        raise NotFound("There is no style pack named '{name}'. Installed packs: {names}.", name=name[:80], names=names)

    def is_bundled(self, name: str) -> bool:
        """Whether the pack of that name is the program's."""
        return self.folder(name).parent != self.own

    def read(self, name: str) -> Pack:
        """The files of a pack; NotFound, OSError."""
        return read_folder(self.folder(name))

    def export(self, name: str) -> bytes:
        """A pack as the bytes of a `.stylepack`; NotFound, BadPack where it could not be imported again."""
        return write_archive(check_pack(self.read(name)))

    def check_free(self, name: str, replacing: bool = False) -> None:
        """Conflict where the name is a bundled pack's; Exists where it is an own pack's and that may not be replaced."""
        check_name(name)
        if (bundled_packs() / name / STYLE).exists():
            raise Conflict(
                "'{name}' is a style pack that comes with StyleSketch and stays as it is. Choose another name.", name=name
            )
        if not replacing and os.path.lexists(self.own / name):
            raise Exists("There is a style pack named '{name}' already. Replace it, or choose another name.", name=name)

    def install(self, pack: Pack, replacing: bool = False) -> None:
        """Puts a checked pack among the own ones, whole or not at all; what is there already as it is, is left.

        Raises Conflict, Exists, OSError.
        """
        with self._changing():
            target = self.own / pack.name
            if target.is_dir() and dict(_files_or_none(target)) == dict(pack.files):
                return
            self.check_free(pack.name, replacing)
            part = self._part(pack.name)
            try:
                for name, content in pack.files.items():
                    write_whole(part / name, content, 0o600)
                self._put(part, target)
            except BaseException:
                shutil.rmtree(part, ignore_errors=True)
                raise

    def remove(self, name: str) -> None:
        """Deletes an own pack; NotFound, Conflict for one of the program's."""
        folder = self.own_folder(name)
        with self._changing():
            gone = self._part(name)
            os.replace(folder, gone / "pack")  # at once: a reader sees all of it or nothing
            shutil.rmtree(gone, ignore_errors=True)

    def rename(self, name: str, new: str) -> None:
        """Gives an own pack another name; NotFound, BadRequest, Conflict, Exists."""
        folder = self.own_folder(name)
        if new == name:
            return
        with self._changing():
            self.check_free(new)
            os.rename(folder, self.own / new)

    def entitle(self, name: str, title: str) -> None:
        """Gives an own pack another title; all else in its style.toml stays as it is, comments too. NotFound, Conflict."""
        file = self.own_folder(name) / STYLE
        write_whole(file, with_title(file.read_text(encoding="utf-8"), title).encode(), 0o600)

    def keep_features(self, name: str, features: bytes) -> None:
        """Gives an own pack the bytes of a features file; all else in it stays as it is. NotFound, Conflict."""
        write_whole(self.own_folder(name) / FEATURES, features, 0o600)

    @contextlib.contextmanager
    def _changing(self) -> Iterator[None]:
        """Nobody else changes packs meanwhile; Conflict where somebody does for long."""
        self.own.mkdir(parents=True, exist_ok=True)
        with contextlib.ExitStack() as held:
            end = time.monotonic() + PATIENCE
            while not held.enter_context(only_one(self.own / LOCK)):
                held.close()
                if time.monotonic() > end:
                    raise Conflict("Another StyleSketch is changing the style packs. Try again in a moment.")
                time.sleep(0.05)
            self._tidy()
            yield
        sync_folder(self.own)

    def _tidy(self) -> None:
        """Ends what a killed process left half done: packs in the making go, one that was giving way comes back."""
        for old in self.own.glob(f".*{REPLACED}"):
            name = old.name[1 : -len(REPLACED)]
            if (self.own / name).exists():
                shutil.rmtree(old, ignore_errors=True)
            else:
                os.rename(old, self.own / name)
        for part in self.own.glob(f".*{PART}"):
            shutil.rmtree(part, ignore_errors=True)

    def _part(self, name: str) -> Path:
        return Path(tempfile.mkdtemp(prefix=f".{name[:64]}.", suffix=PART, dir=self.own))

    def own_folder(self, name: str) -> Path:
        """Where an own pack lies; NotFound, Conflict for one of the program's."""
        folder = self.folder(name)
        if folder.parent != self.own:
            raise Conflict(
                "'{name}' comes with StyleSketch and stays as it is. Export it, and import that under another name.", name=name
            )
        return folder

    def _put(self, part: Path, target: Path) -> None:
        """Moves a complete pack to its place; the old one gives way only when the new one is complete."""
        old = self.own / f".{target.name}{REPLACED}"
        if os.path.lexists(target):
            os.rename(target, old)
        try:
            os.rename(part, target)
        except BaseException:
            if old.exists():
                os.rename(old, target)
            raise
        if old.is_symlink():
            old.unlink()
        else:
            shutil.rmtree(old, ignore_errors=True)


def _files_or_none(folder: Path) -> Mapping[str, bytes]:
    """The files of the pack in a folder; none where it is no pack or cannot be read."""
    try:
        return read_folder(folder).files
    except (BadPack, OSError):
        return {}


def with_title(toml: str, title: str) -> str:
    """The text of a style.toml with another title and otherwise unchanged; BadRequest where that is not possible."""
    before = parse_pack(toml, "pack")
    line = f'title = "{_escaped(title)}"'
    head, table, rest = toml.partition("\n[")
    changed = re.sub(r"(?m)^[ \t]*title[ \t]*=.*$", lambda _: line, head, count=1) + table + rest
    if parse_pack(changed, "pack") != replace(before, title=title):
        raise BadRequest(
            "The title in this {style} is written in a way that only a person can change. Edit the file by hand.", style=STYLE
        )
    return changed


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _belongs(name: str) -> bool:
    return name in (STYLE, PREVIEW, FEATURES, LEARNED, *TEXTS) or EXEMPLAR.fullmatch(name) is not None


def _read_limited(path: Path) -> bytes:
    """The content of a member; BadPack where it is no plain file or too large."""
    if path.is_symlink() or not path.is_file():
        raise BadPack("{path} is a link or no file. Take it out of the style pack.", path=path)
    with open(path, "rb") as file:
        content = file.read(most_bytes(path.name) + 1)
    if len(content) > most_bytes(path.name):
        raise BadPack("{path} is too large for a style pack. Make it smaller.", path=path)
    return content
