import io
import os
import stat
import sys
from pathlib import Path

import pytest
import torch
from PIL import Image, ImageDraw

from backend.cli import main

sys.path.insert(0, str(Path(__file__).parent.parent / "daemon"))  # the daemon with fake work

ACTIONS = "org.stylesketch.style-sketch: Sketch"


@pytest.fixture(autouse=True)
def alone(monkeypatch, tmp_path):
    """Commands write below the test's own folder, and leave the process as it was."""
    monkeypatch.setenv("STYLESKETCH_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("STYLESKETCH_DEBUG", raising=False)
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def picture(tmp_path):
    image = Image.new("RGB", (96, 72), "#e8e4dc")
    pen = ImageDraw.Draw(image)
    pen.ellipse((20, 12, 70, 34), outline="#302820", width=4)
    pen.line((20, 23, 30, 64, 60, 64, 70, 23), fill="#302820", width=4)
    path = tmp_path / "cup.png"
    image.save(path)
    return path


@pytest.fixture
def command(capsys):
    """Runs `stylesketch …` in this process: exit code, stdout, stderr."""

    def run(*arguments):
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as end:  # argparse
            code = end.code
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def fake_inkscape(tmp_path, monkeypatch):
    """Puts a script called inkscape into the PATH, and nothing else but this Python as python3."""
    folder = tmp_path / "bin"
    folder.mkdir()

    def make(version="Inkscape 1.4 (e7c3feb100, 2024-10-09)", modules=("lxml", "inkex", "gi"), actions=ACTIONS):
        system = tmp_path / "system" / "extensions"
        system.mkdir(parents=True)
        for name in modules:
            (system / f"{name}.py").touch()
        answers = {
            "--version": version,
            "--action-list": actions,
            "--user-data-directory": tmp_path / "profile",
            "--system-data-directory": system.parent,
        }
        script = io.StringIO()
        script.write("#!/bin/sh\ncase $1 in\n")
        for option, answer in answers.items():
            script.write(f"{option}) echo '{answer}';;\n")
        script.write("esac\n")
        for name, text in (("inkscape", script.getvalue()), ("python3", f'#!/bin/sh\nexec "{sys.executable}" -S "$@"\n')):
            (folder / name).write_text(text)
            (folder / name).chmod(stat.S_IRWXU)
        return tmp_path / "profile" / "extensions"

    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("PYTHONPATH", os.environ.get("PYTHONPATH", ""))
    return make
