"""Packagings of Inkscape as their manifests describe them: fake layouts, no real Flatpak, Snap, AppImage, macOS or Windows."""

import pytest
from fake_engine import FakeEngine
from stylesketch_ext.failures import HELP, Failure
from stylesketch_ext.installation import find_installation
from stylesketch_ext.launcher import connect
from stylesketch_ext.surroundings import bundle, sandbox, scrubbed_environment

PLAIN = {"HOME": "/home/me", "LANG": "de_DE.UTF-8"}
FLATPAK = {**PLAIN, "FLATPAK_ID": "org.inkscape.Inkscape", "XDG_DATA_HOME": "/home/me/.var/app/org.inkscape.Inkscape/data"}
SNAP = {
    **PLAIN, "SNAP": "/snap/inkscape/10", "SNAP_NAME": "inkscape", "SNAP_REAL_HOME": "/home/me",
    "XDG_CONFIG_HOME": "/home/me/snap/inkscape/10/.config", "PYTHONPATH": "/snap/inkscape/10/lib",
}  # fmt: skip
MOUNT = "/tmp/.mount_InkscaXY"
APPIMAGE = {
    **PLAIN, "APPDIR": MOUNT, "APPIMAGE": "/home/me/Inkscape.AppImage", "ARGV0": "Inkscape.AppImage", "OWD": "/home/me",
    "PATH": f"{MOUNT}/usr/bin:{MOUNT}/bin:/usr/bin", "LD_LIBRARY_PATH": f"{MOUNT}/usr/lib", "PYTHONHOME": f"{MOUNT}/usr",
    "XDG_DATA_DIRS": f"{MOUNT}/usr/share:/usr/share", "GI_TYPELIB_PATH": "x", "GSETTINGS_SCHEMA_DIR": "x",
    "GDK_PIXBUF_MODULE_FILE": "x", "GTK_PATH": "x", "FONTCONFIG_FILE": "x",
}  # fmt: skip
APP = "/Applications/Inkscape.app/Contents/"
MACOS = {
    **PLAIN, "PATH": f"{APP}MacOS:/usr/bin:/bin", "XDG_DATA_HOME": "/Users/me/Library/x",
    "XDG_DATA_DIRS": f"{APP}Resources/share", "GTK_EXE_PREFIX": f"{APP}Resources", "DYLD_LIBRARY_PATH": "x", "SELF_CALL": "xxx",
    "INKSCAPE_DATADIR": "x", "PYTHONPATH": "x", "GIO_MODULE_DIR": "x", "SSL_CERT_FILE": "x",
}  # fmt: skip
MACOS_PYTHON = f"{APP}Resources/bin/python3"


@pytest.mark.parametrize(("given", "name"), [(FLATPAK, "Flatpak"), (SNAP, "Snap"), (APPIMAGE, None), (PLAIN, None)])
def test_sandboxes_are_recognized(given, name):
    assert sandbox(given, marker="/no/such/file") == name


def test_a_flatpak_is_recognized_by_its_file(tmp_path):
    assert sandbox({}, marker=str(tmp_path)) == "Flatpak"


def test_bundles_are_recognized():
    assert bundle(APPIMAGE) == MOUNT
    assert bundle(PLAIN, MACOS_PYTHON, "darwin") == APP
    assert bundle(PLAIN, "/opt/homebrew/bin/python3", "darwin") is None
    assert bundle(PLAIN, "C:/Inkscape/bin/python.exe", "win32") == "C:/Inkscape/bin"
    assert bundle(PLAIN, "/usr/bin/python3", "linux") is None


@pytest.mark.parametrize(
    ("given", "executable", "platform", "left"),
    [
        (APPIMAGE, "/usr/bin/python3", "linux", {**PLAIN, "PATH": "/usr/bin", "XDG_DATA_DIRS": "/usr/share"}),
        (MACOS, MACOS_PYTHON, "darwin", {**PLAIN, "PATH": "/usr/bin:/bin"}),
        (FLATPAK, "/usr/bin/python3", "linux", {**PLAIN, "FLATPAK_ID": "org.inkscape.Inkscape"}),
    ],
)
def test_the_engine_gets_nothing_of_the_packaging(given, executable, platform, left):
    assert scrubbed_environment(given, None, executable, platform) == left


@pytest.mark.parametrize(("given", "name"), [(FLATPAK, "Flatpak"), (SNAP, "Snap")])
def test_in_a_sandbox_a_running_engine_is_used_and_none_started(given, name, install_json, monkeypatch):
    for key, value in given.items():
        monkeypatch.setenv(key, value)
    fields = install_json()
    with pytest.raises(Failure, match=f"from {name} cannot start .*systemctl --user start stylesketch") as failure:
        connect(find_installation(__file__))
    assert HELP[failure.value.help] == "Inkscape from Snap or Flathub"
    with FakeEngine() as engine:
        engine.write_endpoint(fields["endpoint"])
        assert connect(find_installation(__file__)).health().version == "0.0-fake"
