"""Imports point downwards through the floors of the house; the checker itself is shown to fail."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FLOORS = {
    1: ("core",),
    2: ("raster", "encoders", "perception", "initialize", "parameterize", "guidance", "diffusion", "export", "pen", "document"),
    3: (
        "kept",
        "remembered",
        "optimize",
        "adam",
        "recorded",
        "style_pack",
        "style_members",
        "style_archive",
        "style_features",
        "style_from_lines",
        "style_library",
        "model_pool",
        "meeting",
        "weights",
        "places",
    ),
    4: ("recipes",),
    5: ("daemon", "cli", "__main__"),
}
FLOOR = {part: floor for floor, parts in FLOORS.items() for part in parts}
LIBRARY = "raster.native.library"  # of what is compiled
SIDEWAYS = {("guidance", "encoders"), ("perception", "encoders"), ("perception", LIBRARY), ("initialize", LIBRARY)}
ALONE = 2  # on this floor the parts do not import each other
WIRE = ("daemon", "cli")  # only they import the wire messages


def imported(source: str, package: str) -> list[str]:
    """The dotted names that a module's source imports anywhere, `package` being the one it lies in."""
    names = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*parents, *filter(None, [node.module])])
            names += [f"{base}.{alias.name}" for alias in node.names]
    return names


def violations(path: str, source: str) -> list[str]:
    """What is wrong with the imports of the module at `path`, relative to the repository."""
    parts = Path(path).with_suffix("").parts
    package = ".".join(parts[:-1])
    names = imported(source, package)
    if parts[0] == "inkscape_ext":
        return [f"{path}: the extension imports {name}" for name in names if name.split(".")[0] == "backend"]
    here = parts[1]
    return [f"{path}: {wrong}" for name in names if (wrong := _wrong(here, name.split(".")))]


def _wrong(here: str, name: list[str]) -> str:
    if name[0] in ("stylesketch_ext", "inkscape_ext"):
        allowed = here in WIRE and (name[:2] == ["stylesketch_ext", "wire"] or name == ["stylesketch_ext"])
        return "" if allowed else f"'{here}' imports {'.'.join(name)}"
    if name[0] != "backend" or here == "__init__" or len(name) < 2 or name[1] == "__version__" or name[1] == here:
        return ""
    there = name[1]
    if here not in FLOOR or there not in FLOOR:
        return f"'{here if here not in FLOOR else there}' stands on no floor: add it to FLOORS"
    if FLOOR[there] > FLOOR[here]:
        return f"'{here}' imports '{there}' of a floor above"
    if FLOOR[here] == FLOOR[there] == ALONE and not {(here, there), (here, ".".join(name[1:4]))} & SIDEWAYS:
        return f"'{here}' imports '{there}' of its own floor"
    if (here, there) == ("daemon", "cli"):
        return "the daemon imports the command line"
    return ""


def modules() -> list[Path]:
    return [path for root in ("backend", "inkscape_ext") for path in (ROOT / root).rglob("*.py")]


def test_imports_point_downwards():
    found = [
        wrong for path in modules() for wrong in violations(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))
    ]
    assert not found, "\n".join(found)


def test_every_floor_was_looked_at():
    seen = {path.relative_to(ROOT).with_suffix("").parts[1] for path in modules() if path.parts[len(ROOT.parts)] == "backend"}
    assert {"core", "raster", "recipes", "daemon", "cli", "style_pack"} <= seen


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("backend/core/x.py", "from backend.raster import y"),
        ("backend/core/x.py", "import backend.recipes.object_sketch"),
        ("backend/core/x.py", "def f():\n    from backend import daemon"),
        ("backend/core/x.py", "from .. import recipes"),
        ("backend/raster/x.py", "from ..perception import y"),
        ("backend/initialize/x.py", "from backend.perception.saliency import y"),
        ("backend/encoders/x.py", "from backend.raster.native.library import load_library"),
        ("backend/perception/x.py", "from backend.raster.native import native_engine"),
        ("backend/encoders/x.py", "from backend.guidance import y"),
        ("backend/style_pack.py", "from backend.recipes import RECIPES"),
        ("backend/recipes/x.py", "from backend.cli import main"),
        ("backend/recipes/x.py", "from stylesketch_ext.wire.messages import SketchRequest"),
        ("backend/export/x.py", "import stylesketch_ext.wire"),
        ("backend/daemon/x.py", "from stylesketch_ext.layers import y"),
        ("backend/daemon/x.py", "from backend.cli import y"),
        ("backend/core/x.py", "from backend import nowhere"),
        ("inkscape_ext/stylesketch_ext/x.py", "from backend.core import errors"),
        ("inkscape_ext/style_sketch.py", "import backend"),
    ],
)
def test_the_checker_fails_on_a_violation(path, source):
    assert violations(path, source)


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("backend/guidance/x.py", "from backend.encoders import y"),
        ("backend/perception/x.py", "from backend.raster.native.library import load_library"),
        (
            "backend/recipes/x.py",
            "from backend.perception import a\nfrom backend.optimize import b\nimport backend.core",
        ),
        ("backend/cli/x.py", "from backend.daemon import y\nfrom stylesketch_ext.wire.codec import dumps\nimport numpy"),
        ("backend/raster/x.py", "from .coverage import y\nfrom backend import __version__"),
    ],
)
def test_the_checker_passes_what_is_right(path, source):
    assert violations(path, source) == []
