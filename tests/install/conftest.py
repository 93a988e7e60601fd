"""A machine made of stubs, on which install.sh can be run within a second and without touching the real one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent

# Every stub writes how it was called to $CALLS; what it answers is chosen by FAKE_… variables.
STUBS = {
    "id": 'echo "${FAKE_UID:-0}"',
    "sudo": 'echo "sudo $*" >>"$CALLS"; [ -n "${FAKE_SUDO:-}" ] || exit 1; shift; "$@"',
    "env": 'while case ${1:-} in *=*) true ;; *) false ;; esac; do export "$1"; shift; done; "$@"',
    "apt-get": 'echo "apt-get $*" >>"$CALLS"; [ "$1" != install ] || : >"$MACHINE/packages-installed"; exit "${FAKE_APT:-0}"',
    "dpkg-query": """
[ -z "${FAKE_PACKAGES:-}" ] || [ -e "$MACHINE/packages-installed" ] || exit 1
shift 2
for name in "$@"; do case " ${FAKE_ABSENT:-} " in *" $name "*) ;; *) echo "$name installed" ;; esac; done""",
    "df": 'printf "Filesystem 1M-blocks Used Available Use%% Mounted\\nx 1 1 %s 1%% /\\n" "${FAKE_FREE:-50000}"',
    "nvidia-smi": '[ -n "${FAKE_GPU:-}" ] && echo "GPU 0: a stub"',
    "flatpak": '[ -n "${FAKE_FLATPAK:-}" ]',
    "systemctl": 'echo "systemctl $*" >>"$CALLS"',
    "getent": 'echo "root:x:0:0:root:$MACHINE/home:/bin/sh"',
    "timeout": 'shift; "$@"',
    "Xvfb": 'echo 99 >&"$2"; exec sleep 60',
    "dbus-run-session": 'shift; "$@"',
    "inkscape": """
case $1 in
  --version) echo "Some warning"; echo "Inkscape ${FAKE_INKSCAPE:-1.2.2} (b0a8486541, 2022-12-01)" ;;
  --user-data-directory) echo "Gtk-WARNING: none"; echo "${INKSCAPE_PROFILE_DIR:-$HOME/.config/inkscape}" ;;
  --system-data-directory) echo /usr/share/inkscape ;;
  --action-list) ls "$INKSCAPE_PROFILE_DIR"/extensions/stylesketch/stylesketch.inx >/dev/null &&
    echo "org.stylesketch.style-sketch: Sketch" ;;
esac""",
    "python3": """
case "$*" in
  *ensurepip*) exit 0 ;;
  *require_version*) [ -z "${FAKE_NO_GTK:-}" ] ;;
  *--self-test) echo "self-test $1 PYTHONPATH=$PYTHONPATH" >>"$CALLS"; exit "${FAKE_SELF_TEST:-0}" ;;
  "-m venv "*) mkdir -p "$3/bin"; cp "$MACHINE/venv-python" "$3/bin/python"; echo "venv" >>"$CALLS" ;;
  *) echo "python3 was not expected to do: $*" >&2; exit 1 ;;
esac""",
}

# The interpreter inside the fake environment: pip is a stub, everything else is the real Python with the fake checkout.
VENV_PYTHON = """#!/bin/bash
venv=$(dirname "$(dirname "$0")")
case "$*" in
  "-m pip --version") exit 0 ;;
  "-m pip install"*)
    echo "${*:2}" >>"$CALLS"
    if [ -n "${FAKE_KILLED:-}" ]; then kill -KILL "$PPID"; sleep 1; fi
    case "$*" in
      *+cpu*) [ -z "${FAKE_NO_CPU_BUILD:-}" ] || exit 1; echo 2.13.0+cpu >"$venv/torch" ;;
      *" torch") echo 2.13.0 >"$venv/torch" ;;
      *--no-build-isolation*)
        printf '#!/bin/sh\\necho "stylesketch $*" >>"$CALLS"\\n[ -z "$FAKE_OFFLINE" ] || [ "$1" != models ]\\n' \\
          >"$venv/bin/stylesketch"
        chmod +x "$venv/bin/stylesketch" ;;
    esac ;;
  "-c "*urlopen*) [ -n "${FAKE_CPU_INDEX:-}" ] ;;
  "-c import torch"*) exit 0 ;;
  */install.py*) echo "install.py ${*:2}" >>"$CALLS" ;;
  "-m backend.raster.native.build") echo "compile in $PWD" >>"$CALLS"; [ -z "${FAKE_NO_COMPILER:-}" ] ;;
  -m*pytest*) echo "$*" >>"$CALLS"; echo "== 3 passed in 0.1s ==" ;;
  "- "* | -)
    shift
    (echo "import os, sys, importlib.metadata; sys.executable = os.environ['PROGRAM']"
     echo "importlib.metadata.version = lambda name: open(os.environ['TORCH']).read().strip()"
     cat) | PROGRAM=$0 TORCH=$venv/torch PYTHONPATH="$CHECKOUT:$CHECKOUT/inkscape_ext" "$REAL_PYTHON" - "$@" ;;
  *) echo "the environment's python was not expected to do: $*" >&2; exit 1 ;;
esac
"""


@dataclass
class Machine:
    """A home folder, a checkout and a PATH of stubs."""

    folder: Path
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def checkout(self) -> Path:
        return self.folder / "check out"

    @property
    def data(self) -> Path:
        return self.home / ".local/share/stylesketch"

    @property
    def state(self) -> Path:
        return self.home / ".local/state/stylesketch"

    @property
    def extension(self) -> Path:
        return self.home / ".config/inkscape/extensions/stylesketch"

    def install(self, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """Run install.sh without a terminal and without XDG variables; `settings` are environment variables."""
        environment = {
            "HOME": str(self.home),
            "PATH": f"{self.folder / 'stubs'}:/usr/bin:/bin",
            "CALLS": str(self.folder / "calls"),
            "MACHINE": str(self.folder),
            "CHECKOUT": str(self.checkout),
            "REAL_PYTHON": sys.executable,
            **self.settings,
            **settings,
        }
        environment = {name: value for name, value in environment.items() if value}
        return subprocess.run(
            [str(self.checkout / "install.sh"), *arguments],
            env=environment, cwd=self.folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
        )  # fmt: skip

    def calls(self) -> list[str]:
        """How the stubs were called since the last time this was asked."""
        log = self.folder / "calls"
        lines = log.read_text().splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return lines

    def left_behind(self) -> list[str]:
        """Every file and link in the home folder."""
        found = (path for path in self.home.rglob("*") if path.is_symlink() or not path.is_dir())
        return sorted(str(path.relative_to(self.home)) for path in found)


def write_program(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    if sys.platform != "linux" or not shutil.which("bash"):
        pytest.skip("install.sh is for Linux")
    made = Machine(tmp_path)
    made.home.mkdir()
    (tmp_path / "stubs").mkdir()
    for name, body in STUBS.items():
        write_program(tmp_path / "stubs" / name, f"#!/bin/bash\n{body}\n")
    write_program(tmp_path / "venv-python", VENV_PYTHON)
    make_checkout(made.checkout)
    return made


def make_checkout(folder: Path) -> None:
    """The real files that install.sh reads or runs, and stand-ins for the rest, with litter that must not be copied."""
    real = ["install.sh", "pyproject.toml", "backend/__init__.py", "backend/places.py", "backend/constraints.txt"]
    wire = "inkscape_ext/stylesketch_ext"
    real += [f"{wire}/__init__.py", *(str(file.relative_to(ROOT)) for file in (ROOT / wire / "wire").glob("*.py"))]
    for name in real:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    stand_ins = {
        "README.md": "", "LICENSE": "", "style_packs/pen/style.toml": "", "backend/raster/native/kernel.cpp": "",
        "stylesketch.inx": "<with-window/>",
        "inkscape_ext/style_sketch.py": "", "inkscape_ext/stylesketch_nogtk.inx.in": "<without-window/>",
        "inkscape_ext/style_texture.py": "", "inkscape_ext/style_texture.inx": "<with-window/>",
        "inkscape_ext/style_texture_nogtk.inx.in": "<without-window/>",
        "inkscape_ext/stylesketch_ext/icons/pen.svg": "<svg/>", "inkscape_ext/locale/de/LC_MESSAGES/stylesketch.mo": "",
        "inkscape_ext/__pycache__/style_sketch.cpython-311.pyc": "", "inkscape_ext/tests/test_it.py": "",
        "inkscape_ext/notes.txt": "",
    }  # fmt: skip
    for name, text in stand_ins.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    os.chmod(folder / "install.sh", 0o755)
