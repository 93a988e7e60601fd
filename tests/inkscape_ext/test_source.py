"""The extension's source runs on the oldest Python and keeps to itself."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2] / "inkscape_ext"
FILES = sorted(ROOT.rglob("*.py"))
FOREIGN = {"inkex", "gi", "cairo", "requests"}
GTK = {"gi", "cairo"}
OWN = {"stylesketch_ext", "install"}


def imported(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_parses_as_python_3_8_and_imports_only_what_inkscape_has(path):
    tree = ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 8))
    roots = {name.split(".")[0] for name in imported(tree)}
    assert roots <= set(sys.stdlib_module_names) | FOREIGN | OWN
    assert not [n for n in ast.walk(tree) if isinstance(n, ast.Call) and getattr(n.func, "id", "") == "print"]


@pytest.mark.parametrize("name", ["start", "diagnostics", "requirements", "surroundings", "words", "failures", "installation"])
def test_what_runs_before_the_check_needs_only_the_standard_library(name):
    tree = ast.parse((ROOT / "stylesketch_ext" / (name + ".py")).read_text(encoding="utf-8"))
    roots = {module.split(".")[0] for module in imported(tree)}
    assert not roots & FOREIGN


def test_only_the_dialogs_touch_gtk():
    users = [p for p in FILES if GTK & {name.split(".")[0] for name in imported(ast.parse(p.read_text(encoding="utf-8")))}]
    assert {p.parent.name for p in users} == {"dialogs"}


def test_every_failure_has_its_place_in_the_readme():
    from stylesketch_ext.failures import HELP, HELP_BY_CODE

    troubleshooting = (ROOT.parent / "README.md").read_text(encoding="utf-8").partition("\n## Troubleshooting\n")[2]
    headings = {line[4:] for line in troubleshooting.partition("\n## ")[0].splitlines() if line.startswith("### ")}
    assert set(HELP.values()) <= headings
    assert set(HELP_BY_CODE.values()) <= set(HELP)
    used = set()
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("Failure", "NoBitmap") and len(node.args) > 1:
                used.add(ast.literal_eval(node.args[1]))
    assert used and used <= set(HELP)
