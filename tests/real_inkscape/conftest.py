"""A real Inkscape on a screen of its own, with the extension installed in a private profile."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

HARNESS = Path(__file__).resolve().parents[1] / "inkscape_harness"
sys.path.insert(0, str(HARNESS))
sys.path.insert(0, str(HARNESS.parents[1] / "inkscape_ext"))

import inkscape_profile  # noqa: E402
import xsession  # noqa: E402

ROOT = HARNESS.parents[1]


@dataclass(frozen=True)
class Installed:
    """An Inkscape profile with the extension, and the fields of its install.json."""

    profile: Path
    engine: dict

    def remember(self, entry="style_sketch", **parameters):
        inkscape_profile.remember(self.profile, entry, **parameters)


@pytest.fixture(scope="session")
def screen():
    """The environment of a private screen."""
    lacking = xsession.lacking()
    if lacking:
        pytest.skip("not installed: " + ", ".join(lacking))
    with xsession.screen() as environment:
        yield environment


@pytest.fixture(scope="session")
def installed_profile(tmp_path_factory):
    """A profile whose extension starts the real engine with this Python; the engine is stopped at the end."""
    folder = tmp_path_factory.mktemp("installed")
    home = folder / "home"
    python = folder / "python"
    python.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}:{ROOT / "inkscape_ext"}" exec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    environment = {**os.environ, "STYLESKETCH_HOME": str(home)}
    asked = subprocess.run(
        [python, "-c", "import backend.cli, backend.daemon.serve"],
        env=environment, capture_output=True, text=True,
    )  # fmt: skip
    if asked.returncode:
        pytest.skip("the engine cannot be imported: " + (asked.stderr.strip().splitlines() or ["?"])[-1])
    engine = {
        "schema": 1, "version": "0.1.0", "protocol": 1, "python": str(python), "data": str(home / "data"),
        "state": str(home / "state"), "endpoint": str(home / "state" / "endpoint.json"), "home": str(home),
    }  # fmt: skip
    inkscape_profile.install(folder / "profile", engine)
    yield Installed(folder / "profile", engine)
    _stop(Path(engine["endpoint"]))


@pytest.fixture
def fake_profile(tmp_path):
    """A profile whose extension finds an engine that draws a ring; gives (Installed, engine)."""
    from fake_engine import FakeEngine

    state = tmp_path / "state"
    fields = {
        "schema": 1, "version": "0.1.0", "protocol": 1, "python": "/bin/false", "data": str(tmp_path / "data"),
        "state": str(state), "endpoint": str(state / "endpoint.json"),
    }  # fmt: skip
    inkscape_profile.install(tmp_path / "profile", fields)
    with FakeEngine() as engine:
        engine.write_endpoint(fields["endpoint"])
        yield Installed(tmp_path / "profile", fields), engine


def _stop(endpoint):
    """End the engine that the tests started."""
    from stylesketch_ext.failures import Failure
    from stylesketch_ext.launcher import read_endpoint

    found = read_endpoint(str(endpoint))
    if found:
        try:
            found.client().shutdown()
        except Failure as failure:
            print(json.dumps({"engine": str(failure)}))
