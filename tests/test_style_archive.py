"""Archives that mean no good, each refused with a sentence before anything is written."""

import io
import pickle
import stat
import struct
import zipfile
import zlib

import pytest
from PIL import Image

from backend.core import safetensors
from backend.core.errors import BadPack, BadRequest, StyleSketchError
from backend.style_archive import read_archive, write_archive
from backend.style_members import Pack, check_name, check_pack

STYLE = b'title = "Red chalk"\n'


def picture(kind="PNG", size=(4, 3), **options):
    file = io.BytesIO()
    Image.new("RGB", size, "#a03020").save(file, kind, **options)
    return file.getvalue()


def full():
    return {
        "style.toml": STYLE, "NOTICE": b"by me", "LICENSE": b"free", "preview.png": picture(), "exemplar.jpg": picture("JPEG"),
        "exemplar-2.webp": picture("WEBP"), "features.safetensors": safetensors.write({}, {"encoder": "none"}),
    }  # fmt: skip


def archive(*members, folder="chalk/", kind=zipfile.ZIP_STORED):
    """A zip of (name, content) or (ZipInfo, content)."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", kind) as made:
        for name, content in members or [("style.toml", STYLE)]:
            made.writestr(folder + name if isinstance(name, str) else name, content)
    return file.getvalue()


def entry(name, mode=stat.S_IFREG | 0o644, **attributes):
    member = zipfile.ZipInfo(name)
    member.create_system, member.external_attr = 3, mode << 16
    for attribute, value in attributes.items():
        setattr(member, attribute, value)
    return member


def opened(data, name="", file=""):
    return check_pack(read_archive(data, name, file))


def test_a_pack_comes_back_as_it_was():
    pack = Pack("chalk", full())
    data = write_archive(check_pack(pack))
    assert opened(data) == pack
    assert write_archive(opened(data)) == data
    assert data == write_archive(Pack("chalk", dict(reversed(full().items())))), "the order is no part of a pack"


def test_archives_of_other_programs_are_read():
    zipped = archive(("style.toml", STYLE), ("NOTICE", b"x" * 5000), kind=zipfile.ZIP_DEFLATED)
    assert opened(zipped).name == "chalk"
    assert opened(archive(("style.toml", STYLE), folder=""), file="/tmp/red-chalk.stylepack").name == "red-chalk"
    assert opened(archive((entry("chalk/", stat.S_IFDIR | 0o755), b""), ("style.toml", STYLE))).files == {"style.toml": STYLE}
    assert opened(zipped, name="mine").name == "mine"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("../style.toml", "outside"), ("/etc/passwd", "outside"), ("chalk/../../x", "outside"), ("C:/x", "outside"),
        ("..\\style.toml", "outside"), ("chalk/..", "outside"), ("chalk//style.toml", "outside"), ("./style.toml", "outside"),
        ("chalk/\x1b[31m", "outside"), ("chalk/inner/style.toml", "folders within"),
        ("other/style.toml", "more than one folder"), ("style.toml", "more than one folder"),
        ("chalk/run.py", "cannot hold 'run.py'"), ("chalk/style.toml/", "folders within|link"),
        ("chalk/Style.toml", "one file on many"), ("chalk/STYLE.TOML", "one file on many"), ("chalk/.hidden", "cannot hold"),
        ("chalk/exemplar.svg", "cannot hold"), ("chalk/exemplar.gif", "cannot hold"), ("chalk/library.pkl", "style extract"),
        ("__MACOSX/chalk", "more than one folder"),
    ],
)  # fmt: skip
def test_members_that_do_not_belong_are_refused(name, said):
    with pytest.raises(BadPack, match=said):
        opened(archive(("style.toml", STYLE), (entry(name), b"x")))


def test_a_name_cut_off_by_a_zero_is_refused():
    data = archive(("style.toml", STYLE), ("NOTICEx", b"x")).replace(b"NOTICEx", b"NOTICE\0")
    with pytest.raises(BadPack, match=r"outside|damaged"):
        opened(data)


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFDIR])
def test_links_and_devices_are_refused(kind):
    with pytest.raises(BadPack, match="link or no ordinary file"):
        opened(archive(("style.toml", STYLE), (entry("chalk/NOTICE", kind | 0o777), b"/etc/passwd")))


def test_one_name_twice_is_refused():
    with pytest.warns(UserWarning, match="Duplicate"):
        data = archive(("style.toml", STYLE), ("style.toml", b'title = "other"'))
    with pytest.raises(BadPack, match="one file on many"):
        opened(data)


def test_a_bomb_that_says_so_is_refused_unopened(monkeypatch):
    data = archive(("style.toml", STYLE), ("NOTICE", bytes(50_000_000)), kind=zipfile.ZIP_DEFLATED)
    assert len(data) < 100_000
    monkeypatch.setattr(zipfile.ZipFile, "open", None)
    with pytest.raises(BadPack, match="NOTICE in the archive has 50000000 bytes"):
        opened(data)


def test_a_bomb_of_many_members_is_refused(monkeypatch):
    pictures = [(f"exemplar-{i}.png", bytes(15_000_000)) for i in range(2, 8)]
    many = archive(*[(f"exemplar-{i}.png", b"") for i in range(40)])
    data = archive(("style.toml", STYLE), *pictures, kind=zipfile.ZIP_DEFLATED)
    monkeypatch.setattr(zipfile.ZipFile, "open", None)
    with pytest.raises(BadPack, match="unpack to more than 64 MB"):
        opened(data)
    with pytest.raises(BadPack, match="holds 40 files"):
        opened(many)


def lie(data, size):
    """The same archive, telling that its last member has `size` bytes unpacked."""
    at = data.rindex(b"PK\x01\x02") + 24
    return data[:at] + struct.pack("<I", size) + data[at + 4 :]


def test_a_bomb_that_lies_is_refused():
    data = archive(("style.toml", STYLE), ("NOTICE", bytes(50_000_000)), kind=zipfile.ZIP_DEFLATED)
    for size in (0, 10, 99_999):
        with pytest.raises(BadPack, match=r"damaged"):
            opened(lie(data, size))


def test_a_picture_bomb_is_refused():
    with pytest.raises(BadPack, match=r"exemplar.png of this style pack cannot be used.*million is the limit"):
        opened(archive(("style.toml", STYLE), ("exemplar.png", picture(size=(9000, 9000)))))


def test_an_encrypted_archive_is_refused():
    data = archive(("style.toml", STYLE))
    at = data.rindex(b"PK\x01\x02") + 8
    with pytest.raises(BadPack, match="encrypted"):
        opened(data[:at] + b"\1\0" + data[at + 2 :])


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_is_never_opened(protocol):
    with pytest.raises(BadPack, match="style extract"):
        read_archive(pickle.dumps({"style2": {"edge_density": 0.1}}, protocol))


def test_a_zipped_pickle_is_never_opened():
    with pytest.raises(BadPack, match="style extract"):
        read_archive(archive(("data.pkl", b"cos\nsystem\n"), folder="archive/"))


@pytest.mark.parametrize(
    "data", [b"", b"PK", b"nothing", picture(), b"PK\x05\x06" + bytes(18), zlib.compress(b"x"), archive()[:-30]]
)
def test_what_is_no_archive_is_told(data):
    with pytest.raises(BadPack, match=r"(no style pack|There is no style\.toml)"):
        opened(data, "chalk")


def test_an_archive_cut_anywhere_is_refused_or_whole():
    data = write_archive(Pack("chalk", full()))
    for end in range(0, len(data), 37):
        with pytest.raises(StyleSketchError):
            opened(data[:end])


def test_an_archive_with_any_byte_changed_is_refused_or_harmless():
    data = write_archive(Pack("chalk", {"style.toml": STYLE, "NOTICE": b"by me"}))
    for place in range(len(data)):
        try:
            pack = opened(data[:place] + bytes([data[place] ^ 0x55]) + data[place + 1 :])
        except (BadPack, BadRequest):
            continue
        assert set(pack.files) <= {"style.toml", "NOTICE"} and pack.files["style.toml"] == STYLE


def test_a_huge_archive_is_refused(monkeypatch):
    monkeypatch.setattr("backend.style_archive.MOST_ARCHIVE", 100)
    with pytest.raises(BadPack, match="larger than"):
        opened(archive(("NOTICE", bytes(200))))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("style.toml", b"title = ", r"style\.toml cannot be read"), ("style.toml", b"\xff", "UTF-8"),
        ("NOTICE", b"\xff\xfe", "UTF-8"),
        ("style.toml", b'title = "x"\nrun = "rm"', "run is unknown"), ("preview.png", b"GIF89a", "cannot be used"),
        ("preview.png", picture("JPEG"), "cannot be used"), ("exemplar.jpg", picture(), "cannot be used"),
        ("exemplar.png", picture()[:40], "cannot be used"), ("exemplar.webp", b"", "cannot be used"),
        ("features.safetensors", pickle.dumps([]), "features.safetensors of this style pack is damaged"),
        ("features.safetensors", b"", "damaged"),
    ],
)  # fmt: skip
def test_files_that_are_not_what_they_are_called_are_refused(name, content, said):
    with pytest.raises(BadPack, match=said):
        check_pack(Pack("chalk", {"style.toml": STYLE, name: content}))


def test_a_pack_needs_its_style():
    with pytest.raises(BadPack, match=r"no style\.toml"):
        check_pack(Pack("chalk", {"NOTICE": b""}))
    with pytest.raises(BadPack, match="more than 9 exemplars"):
        check_pack(
            Pack("chalk", {"style.toml": STYLE, **{f"exemplar-{i}.{e}": b"" for i in range(2, 8) for e in ("png", "jpg")}})
        )


@pytest.mark.parametrize("name", ["", "..", "a/b", "Chalk", "chalk ", "käse", "con", "lpt1", "-x", "x-", "x" * 65, "a\nb"])
def test_names_that_are_no_folders_everywhere_are_refused(name):
    with pytest.raises(BadRequest, match="cannot be called"):
        check_name(name)


def test_the_wire_knows_the_same_names():
    from stylesketch_ext.wire import messages, packs

    from backend import style_members

    assert style_members.NAME.pattern == messages.STYLE_NAME
    assert style_members.DEVICE_NAME.pattern == packs._DEVICE_NAMES.pattern
