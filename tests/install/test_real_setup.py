"""install.sh for real, in a home folder of its own: downloads PyTorch, takes minutes."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

ROOT = Path(__file__).parent.parent.parent

pytestmark = [pytest.mark.slow, pytest.mark.inkscape, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not shutil.which("inkscape"):
        pytest.skip("Inkscape is not installed")
    return tmp_path_factory.mktemp("home")


def environment(home: Path) -> dict[str, str]:
    """This one's, with another home; pip keeps its settings and its cache."""
    ours = ("INKSCAPE_PROFILE_DIR", "STYLESKETCH_HOME", "VIRTUAL_ENV")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("XDG_") and name not in ours}
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    kept.setdefault("PIP_CACHE_DIR", str(cache / "pip"))
    for settings in (Path.home() / ".config/pip/pip.conf", Path.home() / ".pip/pip.conf"):
        if settings.exists():
            kept.setdefault("PIP_CONFIG_FILE", str(settings))
    return kept | {"HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1"}


def install(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(ROOT / "install.sh"), *arguments],
        env=environment(home), cwd=home, stdin=subprocess.DEVNULL, capture_output=True, text=True,
    )  # fmt: skip


def test_a_killed_set_up_is_taken_up_again(home: Path) -> None:
    unfinished = home / ".local/share/stylesketch/venv/unfinished"
    torch = "lib/python3*/site-packages/torch"
    with subprocess.Popen(
        [str(ROOT / "install.sh")],
        env=environment(home), start_new_session=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
    ) as killed:  # fmt: skip
        while killed.poll() is None and not list(unfinished.parent.glob(torch)):
            time.sleep(0.05)
        os.killpg(killed.pid, signal.SIGKILL)
    assert unfinished.exists()
    done = install(home)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "half-made" in done.stdout
    assert "Inkscape lists the extension." in done.stdout


def test_again_takes_seconds(home: Path) -> None:
    began = time.monotonic()
    done = install(home)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "up to date" in done.stdout
    assert time.monotonic() - began < 30


def test_the_command_draws(home: Path) -> None:
    picture = Image.new("RGB", (120, 90), "white")
    ImageDraw.Draw(picture).ellipse((20, 15, 90, 75), outline="black", width=3)
    picture.save(home / "ring.png")
    command = [str(home / ".local/bin/stylesketch"), "sketch", "ring.png", "-o", "ring.svg", "--strokes", "4", "--mask", "none"]
    done = subprocess.run(command, env=environment(home), cwd=home, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "<path" in (home / "ring.svg").read_text()


def test_the_demo_ends_with_its_two_files(home: Path) -> None:
    done = install(home, "demo")
    assert done.returncode == 0, done.stdout + done.stderr
    word, svg, png = done.stdout.splitlines()[-1].split(" ")
    assert word == "demo:"
    assert Path(svg).is_file()
    assert Path(png).is_file()


def test_uninstall_leaves_nothing_of_ours(home: Path) -> None:
    assert install(home, "uninstall", "--purge").returncode == 0
    left = [path for path in home.rglob("*") if path.name.startswith("stylesketch") or "stylesketch" in path.parts]
    assert [path for path in left if path != home / "stylesketch-demo" and home / "stylesketch-demo" not in path.parents] == []
