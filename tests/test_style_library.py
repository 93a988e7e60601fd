import errno
import os
import shutil
from pathlib import Path

import pytest

from backend.core.errors import BadPack, BadRequest, Conflict, Exists, NotFound
from backend.style_library import Library, bundled_packs, load_pack, pack_folders, read_folder, read_pack_file, with_title
from backend.style_members import Pack, check_pack

STYLE = b'title = "Red chalk"\n[pen]\nwidth = 0.01\n'
OTHER = b'title = "Oil"\n'


def chalk(name="sanguine", style=STYLE, **files):
    return check_pack(Pack(name, {"style.toml": style, "NOTICE": b"made by a test\n", **files}))


@pytest.fixture
def library(tmp_path):
    return Library(tmp_path / "packs")


def names(library):
    """Everything in the folder of own packs, but the lock."""
    return sorted(path.name for path in library.own.iterdir() if path.name != ".lock") if library.own.exists() else []


def test_what_was_installed_is_found(library):
    library.install(chalk())
    assert load_pack("sanguine", library.own).title == "Red chalk"
    assert library.read("sanguine") == chalk()
    assert not library.is_bundled("sanguine") and library.is_bundled("technical-pen")
    assert names(library) == ["sanguine"]


def test_a_missing_pack_is_told_with_those_there_are(library):
    library.install(chalk())
    with pytest.raises(NotFound, match=r"'oil'.*sanguine.*technical-pen"):
        load_pack("oil", library.own)


@pytest.mark.parametrize("name", ["", ".", "..", "../sanguine", "/", ".sanguine.replaced", "SANGUINE"])
def test_a_name_is_no_path(library, name):
    library.install(chalk())
    shutil.copytree(library.own / "sanguine", library.own / ".sanguine.replaced")
    for ask in (lambda: load_pack(name, library.own / "own"), lambda: library.export(name), lambda: library.remove(name)):
        with pytest.raises(NotFound):
            ask()


def test_a_pack_of_the_users_own_hides_the_bundled_one(library):
    folder = library.own / "technical-pen"  # put there by hand: nothing else does it
    folder.mkdir(parents=True)
    (folder / "style.toml").write_bytes(STYLE)
    assert load_pack("technical-pen", library.own).title == "Red chalk"
    assert not library.is_bundled("technical-pen")
    assert [path.name for path in library.folders()].count("technical-pen") == 1
    library.remove("technical-pen")
    assert load_pack("technical-pen", library.own).title != "Red chalk"


def test_folders_without_a_style_are_no_packs(library):
    library.install(chalk())
    (library.own / "notes").mkdir()
    assert [path for path in pack_folders(library.own) if path.parent == library.own] == [library.own / "sanguine"]


def test_a_pack_is_replaced_only_with_leave(library):
    library.install(chalk(LICENSE=b"free\n"))
    library.install(chalk(LICENSE=b"free\n"))  # the same again: nothing to ask
    with pytest.raises(Exists, match="'sanguine' already"):
        library.install(chalk(style=OTHER))
    assert library.read("sanguine").files["style.toml"] == STYLE
    library.install(chalk(style=OTHER), replacing=True)
    assert library.read("sanguine") == chalk(style=OTHER)
    assert names(library) == ["sanguine"]


def test_the_packs_of_the_program_stay(library, tmp_path):
    for change in (
        lambda: library.install(chalk("technical-pen"), replacing=True),
        lambda: library.remove("technical-pen"),
        lambda: library.rename("technical-pen", "mine"),
        lambda: library.entitle("technical-pen", "Mine"),
    ):
        with pytest.raises(Conflict, match="'technical-pen'") as error:
            change()
        assert error.value.code == "conflict"
    assert (bundled_packs() / "technical-pen" / "style.toml").is_file() and names(library) == []


def test_a_pack_is_removed_whole(library):
    library.install(chalk())
    library.remove("sanguine")
    assert names(library) == []
    with pytest.raises(NotFound):
        library.remove("sanguine")


def test_a_pack_is_renamed(library):
    library.install(chalk())
    library.install(chalk("oil", OTHER))
    library.rename("sanguine", "red-chalk")
    assert library.read("red-chalk").files == chalk().files and names(library) == ["oil", "red-chalk"]
    library.rename("oil", "oil")
    with pytest.raises(Exists):
        library.rename("oil", "red-chalk")
    with pytest.raises(Conflict):
        library.rename("oil", "technical-pen")
    for name in ("../oil", "Oil", "nul", "", "a" * 65, "-a", "ö"):
        with pytest.raises(BadRequest, match="cannot be called"):
            library.rename("oil", name)
    assert names(library) == ["oil", "red-chalk"]


def test_a_title_changes_and_nothing_else():
    toml = '# mine\nstrokes = 5  # few\n  title = "Chalk" # old\n\n[pen]\nwidth = 0.01\n'
    changed = with_title(toml, 'Rö"t\\el')
    assert changed == '# mine\nstrokes = 5  # few\ntitle = "Rö\\"t\\\\el"\n\n[pen]\nwidth = 0.01\n'
    with pytest.raises(BadRequest, match="by hand"):
        with_title('"title" = "Chalk"\n', "Rötel")
    with pytest.raises(BadRequest):
        with_title(toml, "two\nlines")


def test_a_title_is_written_to_the_pack(library):
    library.install(chalk())
    library.entitle("sanguine", "Rötel")
    assert load_pack("sanguine", library.own).title == "Rötel"


def test_export_and_import_give_the_same_bytes(library, tmp_path):
    library.install(chalk())
    first = library.export("sanguine")
    (tmp_path / "renamed by someone.stylepack").write_bytes(first)
    other = Library(tmp_path / "others")
    other.install(read_pack_file(tmp_path / "renamed by someone.stylepack"))
    assert other.export("sanguine") == first


@pytest.mark.parametrize("name", [path.parent.name for path in bundled_packs().glob("*/style.toml")])
def test_every_bundled_pack_travels(library, tmp_path, name):
    (tmp_path / "it.stylepack").write_bytes(library.export(name))
    library.install(read_pack_file(tmp_path / "it.stylepack", "copy"))
    assert library.read("copy").files == library.read(name).files


def full_disk(*_):
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("place", ["os.fsync", "os.rename"])
@pytest.mark.parametrize("there", [False, True])
def test_a_full_disk_changes_nothing(library, monkeypatch, place, there):
    if there:
        library.install(chalk(style=OTHER))
    with monkeypatch.context() as patch:
        patch.setattr(place, full_disk)
        with pytest.raises(OSError, match="No space"):
            library.install(chalk(), replacing=True)
    assert names(library) == (["sanguine"] if there else [])
    if there:
        assert library.read("sanguine").files["style.toml"] == OTHER
    library.install(chalk(), replacing=True)
    assert library.read("sanguine") == chalk()


def test_a_failure_halfway_through_replacing_brings_the_old_one_back(library, monkeypatch):
    library.install(chalk(style=OTHER))
    renames = []

    def second_fails(source, target, rename=os.rename):
        renames.append(target)
        return full_disk() if len(renames) == 2 else rename(source, target)

    with monkeypatch.context() as patch:
        patch.setattr("os.rename", second_fails)
        with pytest.raises(OSError, match="No space"):
            library.install(chalk(), replacing=True)
    assert len(renames) == 3 and names(library) == ["sanguine"]
    assert library.read("sanguine") == chalk(style=OTHER)


def test_what_a_killed_import_left_is_put_right(library):
    library.install(chalk())
    library.install(chalk("oil", OTHER))
    os.rename(library.own / "sanguine", library.own / ".sanguine.replaced")  # killed between its two renames
    (library.own / ".sanguine.x.part").mkdir()
    (library.own / ".sanguine.x.part" / "style.toml").write_bytes(b"half")
    shutil.copytree(library.own / "oil", library.own / ".oil.replaced")  # killed after them
    library.install(chalk("third"))
    assert names(library) == ["oil", "sanguine", "third"]
    assert library.read("sanguine") == chalk()


def test_changes_wait_for_each_other(library, monkeypatch):
    monkeypatch.setattr("backend.style_library.PATIENCE", 0.1)
    library.install(chalk())
    with library._changing(), pytest.raises(Conflict, match="Another StyleSketch"):
        library.remove("sanguine")
    library.remove("sanguine")


def test_a_folder_brings_only_what_belongs_in_a_pack(tmp_path):
    folder = tmp_path / "sanguine"
    folder.mkdir()
    (folder / "style.toml").write_bytes(STYLE)
    (folder / "notes.txt").write_text("private")
    assert read_pack_file(folder) == Pack("sanguine", {"style.toml": STYLE})
    assert read_pack_file(folder, "red").name == "red"
    (tmp_path / "secret").write_text("secret")
    (folder / "NOTICE").symlink_to(tmp_path / "secret")
    with pytest.raises(BadPack, match="NOTICE is a link"):
        read_pack_file(folder)


def test_a_folder_that_is_no_pack_is_told(tmp_path):
    with pytest.raises(BadPack, match=r"style\.toml"):
        read_folder(tmp_path)
    with pytest.raises(BadRequest, match="no style pack"):
        read_pack_file(tmp_path / "none.stylepack")
    with pytest.raises(BadRequest, match="device or a pipe"):
        read_pack_file(Path(os.devnull))
    (tmp_path / "style_library.pkl").write_bytes(b"x")
    with pytest.raises(BadPack, match="style extract"):
        read_pack_file(tmp_path / "style_library.pkl")
