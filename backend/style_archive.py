"""Style packs as single files: `.stylepack` archives, written the same every time and read with distrust.

An archive is a zip of one folder, NAME/style.toml and so on, or of the files of such a folder without it.
"""

from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import PurePosixPath

from backend.core.errors import BadPack
from backend.core.notes import wording
from backend.style_members import Pack, check_name, most_bytes

ENDING = ".stylepack"
MOST_ARCHIVE = 64 * 2**20  # bytes, packed
MOST_UNPACKED = 64 * 2**20  # bytes, all members together
MOST_MEMBERS = 32
FIRST_DATE = (1980, 1, 1, 0, 0, 0)
ENCRYPTED = 0x1
SEED_LIBRARY = wording(
    "Style libraries in Python's pickle format are programs as much as data, so StyleSketch never opens them. "
    "Make a pack from the pictures instead: stylesketch style extract PICTURES -o NAME.stylepack"
)
_DAMAGED = (
    zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError, ValueError,
    LookupError, OverflowError, struct.error,
)  # fmt: skip


def write_archive(pack: Pack) -> bytes:
    """The pack as an archive: stored, sorted and without dates, so that equal packs give equal bytes everywhere."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(pack.files):
            member = zipfile.ZipInfo(f"{pack.name}/{name}", FIRST_DATE)
            member.create_system, member.external_attr = 3, (stat.S_IFREG | 0o644) << 16
            archive.writestr(member, pack.files[name])
    return file.getvalue()


def read_archive(data: bytes, name: str = "", file: str = "") -> Pack:
    """The pack in an archive, every member within its limits but not yet looked into (see style_members.check_pack).

    name: what to call it, instead of what its folder is called. file: the archive's name, for one without a folder.
    Raises BadPack with a sentence.
    """
    if is_pickle(data):
        raise BadPack(SEED_LIBRARY)
    if len(data) > MOST_ARCHIVE:
        raise BadPack("The style pack is larger than {most} MB. Choose another file.", most=MOST_ARCHIVE >> 20)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            folder = _checked(members)
            files = {_inner(member, folder): _content(archive, member) for member in members if not member.is_dir()}
    except BadPack:
        raise
    except _DAMAGED as error:
        raise BadPack(
            "This is no style pack, or it is damaged ({error}). Choose a {ending} file, or export it again.",
            error=error,
            ending=ENDING,
        ) from None
    return Pack(name or folder or _stem(file), files)


def is_pickle(data: bytes) -> bool:
    """Whether bytes begin as a pickle of protocol 2 or later, as the libraries of SD-CLIPasso do."""
    return len(data) > 2 and data[0] == 0x80 and 2 <= data[1] <= 5


def _checked(members: list[zipfile.ZipInfo]) -> str:
    """The folder that all members lie in, empty where there is none; BadPack for what no pack of ours would hold."""
    if len(members) > MOST_MEMBERS:
        raise BadPack(
            "The archive holds {count} files; a style pack has at most {most}. Choose another file.",
            count=len(members),
            most=MOST_MEMBERS,
        )
    names = [member.filename for member in members]
    if any(name.endswith((".pkl", ".pickle")) for name in names):
        raise BadPack(SEED_LIBRARY)
    for member in members:
        _check_kind(member)
    folder = _folder(names)
    sizes = [(_inner(member, folder), member.file_size) for member in members if not member.is_dir()]
    _check_unique(name for name, _ in sizes)
    for name, size in sizes:
        if size > most_bytes(name):
            raise BadPack(
                "The file {name} in the archive has {size} bytes, too many for a style pack. Make it smaller.",
                name=name,
                size=size,
            )
    if sum(member.file_size for member in members) > MOST_UNPACKED:
        raise BadPack("The archive would unpack to more than {most} MB. Choose another file.", most=MOST_UNPACKED >> 20)
    if folder:
        check_name(folder)
    return folder


def _check_kind(member: zipfile.ZipInfo) -> None:
    name = member.orig_filename
    mode = member.external_attr >> 16
    if member.flag_bits & ENCRYPTED:
        raise BadPack("The archive is encrypted. Pack it again without a password.")
    if stat.S_IFMT(mode) not in (0, stat.S_IFDIR if member.is_dir() else stat.S_IFREG):
        raise BadPack(
            "'{name}' in the archive is a link or no ordinary file. Pack it again with the files themselves.", name=name[:80]
        )
    parts = name.rstrip("/").split("/")
    if name != member.filename or "\\" in name or ":" in name or not name.isprintable() or set(parts) & {"", ".", ".."}:
        raise BadPack("The archive names a place outside of it ({name}). Choose another file.", name=repr(name[:80]))


def _folder(names: Iterable[str]) -> str:
    """The one folder at the top, or nothing; BadPack for folders in it or beside it."""
    paths = [name.split("/") for name in names]  # of a folder itself, the last part is empty
    if any(len(path) > 2 for path in paths):
        raise BadPack("The archive has folders within folders. Pack the folder of the style.toml itself.")
    tops = {path[0] for path in paths if len(path) == 2}
    if len(tops) > 1 or (tops and any(len(path) == 1 for path in paths)):
        raise BadPack("The archive holds more than one folder. Pack one style pack at a time.")
    return tops.pop() if tops else ""


def _check_unique(names: Iterable[str]) -> None:
    seen: dict[str, str] = {}
    for name in names:
        key = name.casefold()
        if key in seen:
            raise BadPack(
                "The archive holds '{other}' and '{name}', one file on many systems. Keep one.",
                other=seen[key][:80],
                name=name[:80],
            )
        seen[key] = name


def _inner(member: zipfile.ZipInfo, folder: str) -> str:
    return member.filename.removeprefix(f"{folder}/") if folder else member.filename


def _content(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    with archive.open(member) as file:
        content = file.read(member.file_size + 1)  # what is declared, whatever the packed data say
    if len(content) != member.file_size:
        raise zipfile.BadZipFile("a file is longer or shorter than the archive says")
    return content


def _stem(file: str) -> str:
    return PurePosixPath(file.replace("\\", "/")).name.removesuffix(ENDING).removesuffix(".zip")
