"""The entry script where something is missing: one sentence and no traceback, in a process of its own."""

import ast
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from inkex_finder import EXTENSION, inkex_folder

SCRIPT = EXTENSION / "style_sketch.py"


def started(tmp_path, *arguments, absent=(), fake_inkex=None, **environment):
    """Runs the script with modules hidden; returns (status, stdout, stderr)."""
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    (hooks / "sitecustomize.py").write_text(
        "import sys\n"
        "class Hidden:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name.split('.')[0] in {set(absent)!r}:\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, Hidden())\n"
    )
    folders = [str(hooks)]
    if fake_inkex is not None:
        (tmp_path / "inkex").mkdir()
        (tmp_path / "inkex" / "__init__.py").write_text(fake_inkex)
        folders.append(str(tmp_path))
    folders += [inkex_folder() or "", os.environ.get("PYTHONPATH", "")]
    surroundings = {**os.environ, "PYTHONPATH": os.pathsep.join(folders), "TMPDIR": str(tmp_path), **environment}
    surroundings.pop("DISPLAY", None)
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *arguments], capture_output=True, text=True, env=surroundings, timeout=60
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("module", ["lxml", "tinycss2", "cssselect", "numpy"])
def test_a_missing_module_is_one_sentence_with_its_cure(tmp_path, module):
    status, out, err = started(tmp_path, absent=[module], fake_inkex=f"import {module}\n")
    assert (status, out, err.strip().count("\n")) == (1, "", 0)
    assert f"'{module}'" in err and sys.executable in err and "then try again." in err
    assert "Traceback" not in err


LINES = {
    "ID=debian": "sudo apt install python3-tinycss2",
    "ID=linuxmint\nID_LIKE='ubuntu debian'": "sudo apt install python3-tinycss2",
    "ID=fedora": "sudo dnf install python3-tinycss2",
    'ID="opensuse-tumbleweed"': "sudo zypper install python3-tinycss2",
    "ID=manjaro\nID_LIKE=arch": "sudo pacman -S python-tinycss2",
    "ID=alpine": "sudo apk add py3-tinycss2",
    "ID=unheard": "install it with the tool that installed Inkscape",
    "": "install it with the tool that installed Inkscape",
}


@pytest.mark.parametrize("release", LINES)
def test_the_package_line_is_the_distribution_s(tmp_path, release):
    (tmp_path / "os-release").write_text(release)
    _, _, err = started(
        tmp_path, absent=["tinycss2"], fake_inkex="import tinycss2\n", STYLESKETCH_OS_RELEASE=str(tmp_path / "os-release")
    )
    assert LINES[release] in err and "Troubleshooting, “A Python module or GTK is missing”" in err


def test_gtk_comes_with_the_same_line(tmp_path):
    (tmp_path / "os-release").write_text("ID=debian")
    _, _, err = started(
        tmp_path, absent=["lxml", "gi"], fake_inkex="import lxml\n", STYLESKETCH_OS_RELEASE=str(tmp_path / "os-release")
    )
    assert "python3-lxml" in err and "python3-gi python3-gi-cairo gir1.2-gtk-3.0'" in err


@pytest.mark.parametrize(("name", "value"), [("APPDIR", "/tmp/.mount_x"), ("FLATPAK_ID", "org.inkscape.Inkscape")])
def test_in_a_bundle_no_package_line_helps(tmp_path, name, value):
    _, _, err = started(tmp_path, absent=["lxml"], fake_inkex="import lxml\n", **{name: value})
    assert "install Inkscape again, with its Python" in err and "sudo" not in err


@pytest.mark.parametrize(
    ("inkex", "words"),
    [
        ('__version__ = "1.1.2"', "needs Inkscape 1.2 or newer, and this one's modules are of version 1.1"),
        ("pass", "of version 1.0: update Inkscape"),
        ("raise SystemError('bad magic')", "(bad magic): install Inkscape again"),
    ],
)
def test_an_old_or_broken_inkscape_is_one_sentence(tmp_path, inkex, words):
    status, out, err = started(tmp_path, fake_inkex=inkex + "\n")
    assert (status, out, err.strip().count("\n")) == (1, "", 0)
    assert words in err and "Traceback" not in err


ENTRIES = sorted(EXTENSION.glob("style_*.py"))
READ_FIRST = [*ENTRIES, *(EXTENSION / "stylesketch_ext" / name for name in ("__init__.py", "python_version.py"))]


@pytest.mark.parametrize("file", READ_FIRST, ids=lambda file: file.name)
def test_what_looks_at_the_version_can_be_read_by_any_python_3(file):
    """No annotations, f-strings or keyword-only arguments before the version is looked at."""
    tree = ast.parse(file.read_text(encoding="utf-8"), feature_version=(3, 5))
    kinds = (ast.JoinedStr, ast.AnnAssign, ast.FunctionDef, ast.NamedExpr)
    assert not [node for node in ast.walk(tree) if isinstance(node, kinds)]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda file: file.name)
def test_an_old_python_is_told_in_a_sentence(entry):
    """Before anything else of ours is read."""
    code = (
        "import runpy, sys; sys.version_info = (3, 6, 9); script = sys.argv[1]; sys.path.insert(0, sys.argv[2])\n"
        "try: runpy.run_path(script, run_name='__main__')\n"
        "finally: print(sorted(name for name in sys.modules if name.startswith('stylesketch_ext')))"
    )
    arguments = [sys.executable, "-c", code, str(entry), str(EXTENSION)]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1 and "this is Python 3.6" in done.stderr and done.stderr.count("\n") == 1
    assert done.stdout.strip() == "['stylesketch_ext']"


def test_all_missing_modules_are_named_at_once(tmp_path):
    _, _, err = started(tmp_path, absent=["lxml", "tinycss2"], fake_inkex="import lxml\n")
    assert "'lxml' and 'tinycss2'" in err


def test_without_inkex_the_menu_is_named(tmp_path):
    status, out, err = started(tmp_path, absent=["inkex"])
    assert (status, out) == (1, "")
    assert "Extensions menu" in err and err.strip().count("\n") == 0


def test_self_test_where_something_is_missing_fails(tmp_path):
    status, out, err = started(tmp_path, "--self-test", absent=["inkex"])
    assert (status, out) == (1, "")
    assert "inkex" in err


def test_an_inkscape_that_is_gone_is_noticed():
    """In a process of its own: pytest has replaced the standard output."""
    code = (
        "import sys, time; from stylesketch_ext.host import inkscape_is_gone as gone; before = gone(); sys.stdin.readline();"
        "time.sleep(0.1); sys.stderr.write(f'{before} {gone()}')"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(EXTENSION)}, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    time.sleep(0.5)
    child.stdout.close()
    child.stdin.write("go on\n")
    child.stdin.close()
    assert child.stderr.read() == "False True"
    child.stderr.close()
    child.wait()


needs_inkex = pytest.mark.skipif(inkex_folder() is None, reason="no inkex")


@needs_inkex
@pytest.mark.parametrize(
    ("absent", "words"), [((), "HTTP by"), (("gi", "requests"), "no GTK: runs without a window; HTTP by urllib")]
)
def test_self_test_is_one_line(tmp_path, absent, words):
    status, out, err = started(tmp_path, "--self-test", absent=absent)
    assert (status, err) == (0, "")
    assert out.startswith("stylesketch extension: ok (Python ") and out.count("\n") == 1
    assert words in out and "no engine" in out


@needs_inkex
def test_without_gtk_a_failure_is_one_sentence_on_stderr_and_the_noise_is_in_the_log(tmp_path):
    document = tmp_path / "d.svg"
    document.write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    status, out, err = started(tmp_path, str(document), absent=["gi"])
    assert (status, out, err.strip().count("\n")) == (0, "", 0)
    assert "is not installed" in err
    log = Path(err.split("(Details: ")[1].rstrip(")\n"))
    assert "is not installed" in log.read_text()


@needs_inkex
@pytest.mark.parametrize("text", ["", "<svg", "no drawing", "<html/>"])
def test_a_document_that_cannot_be_read_is_one_sentence(tmp_path, text):
    document = tmp_path / "d.svg"
    document.write_text(text)
    _, out, err = started(tmp_path, str(document))
    assert (out, err.count("\n")) == ("", 1)
    assert "Traceback" not in err
