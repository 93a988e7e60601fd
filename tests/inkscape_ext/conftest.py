"""Makes the extension and inkex importable, and builds documents and installations for its tests."""

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "inkscape_harness"))

from inkex_finder import make_importable

LACKING = make_importable()
NEED_NO_INKEX = (
    "test_client.py",
    "test_launcher.py",
    "test_wire.py",
    "test_requirements.py",
    "test_source.py",
    "test_estimate.py",
    "test_errands.py",
    "test_pack_facts.py",
    "test_pack_imports.py",
    "test_pack_making.py",
    "test_user_files.py",
    "test_plane.py",
    "test_painting.py",
)

collect_ignore = [] if not LACKING else [p.name for p in Path(__file__).parent.glob("test_*.py") if p.name not in NEED_NO_INKEX]


def pytest_report_header(config):
    return ["extension tests left out: " + LACKING] if LACKING else []


@pytest.fixture
def install_json(tmp_path, monkeypatch):
    """Writes an install.json whose interpreter fails, unless told otherwise; returns its fields."""
    monkeypatch.delenv("STYLESKETCH_HOME", raising=False)

    def write(**changes):
        fields = {
            "schema": 1, "version": "0.1.0", "protocol": 1, "python": "/bin/false", "data": str(tmp_path / "data"),
            "state": str(tmp_path / "state"), "endpoint": str(tmp_path / "state" / "endpoint.json"), **changes,
        }  # fmt: skip
        path = tmp_path / "install.json"
        path.write_text(json.dumps(fields))
        monkeypatch.setenv("STYLESKETCH_INSTALL_JSON", str(path))
        return fields

    return write
