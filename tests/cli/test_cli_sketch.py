import errno
import json
import os
import signal
import subprocess
import sys

import pytest
from lxml import etree
from PIL import Image

from backend.cli import sketch
from backend.core.errors import Missing, OutOfMemory

QUICK = ("--steps", 1, "--strokes", 6, "--device", "cpu")


def sentence(err):
    """The one line on stderr."""
    assert err.startswith("stylesketch: ") and err.count("\n") == 1 and err.rstrip().endswith("."), err
    assert "Traceback" not in err
    return err


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("sketch",),
        ("scene",),
        ("sheet",),
        ("serve",),
        ("status",),
        ("stop",),
        ("jobs",),
        ("jobs", "list"),
        ("style",),
        ("style", "list"),
        ("doctor",),
    ],
)
def test_every_command_has_help(command, arguments):
    code, out, err = command(*arguments, "--help")
    assert (code, err) == (0, "") and out.startswith("usage: stylesketch")


def test_version(command):
    code, out, _ = command("--version")
    assert code == 0 and out.startswith("stylesketch ")


@pytest.mark.parametrize(
    "arguments",
    [
        (), ("draw",), ("sketch",), ("sketch", "x.png"), ("sketch", "x.png", "-o", "x.bmp"), ("sketch", "x.png", "-o", "x"),
        ("sketch", "x.png", "-o", "x.svg", "--strokes", "0"), ("sketch", "x.png", "-o", "x.svg", "--strokes", "1001"),
        ("sketch", "x.png", "-o", "x.svg", "--strokes", "many"), ("sketch", "x.png", "-o", "x.svg", "--seed", "-1"),
        ("sketch", "x.png", "-o", "x.svg", "--fidelity", "2"), ("sketch", "x.png", "-o", "x.svg", "--simplicity", "x"),
        ("sketch", "x.png", "-o", "x.svg", "--steps", "1.5"), ("sketch", "x.png", "-o", "x.svg", "--sty", "pen"),
        ("sketch", "x.png", "-o", "x.svg", "--style-weight", "101"),
        ("sketch", "x.png", "-o", "x.svg", "--style-weight", "nan"),
        ("serve", "--idle-timeout", "0"), ("jobs", "show"), ("style",),
    ],
)  # fmt: skip
def test_wrong_usage_is_2(command, arguments):
    code, out, err = command(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith("usage:") if not arguments else err.count("\n") == 1 and "--help` tells" in err


def test_files_in_both_formats_and_an_account(command, picture, tmp_path):
    svg, png = tmp_path / "cup-sketch.svg", tmp_path / "cup.PNG"
    code, out, err = command("sketch", picture, "-o", svg, "-o", png, "--seed", 3, "--json", *QUICK)
    assert code == 0, err
    told = json.loads(out)
    assert list(told) == [
        "version", "recipe", "outputs", "strokes", "seed", "device", "engine", "guidance", "style", "seconds", "steps",
        "scores", "notes",
    ]  # fmt: skip
    assert told["outputs"] == [str(svg), str(png)]
    assert (told["seed"], told["device"], told["steps"], told["style"], told["recipe"]) == (
        3,
        "cpu",
        1,
        "technical-pen",
        "object",
    )
    assert told["seconds"]["total"] > 0
    paths = etree.parse(svg).findall(".//{http://www.w3.org/2000/svg}path")
    assert len(paths) == told["strokes"] <= 6
    assert Image.open(png).size == (96, 72)
    assert {path.name for path in tmp_path.iterdir() if path.is_file()} == {"cup.png", svg.name, png.name}


def test_the_same_request_gives_the_same_file(command, picture, tmp_path):
    for name in ("a.svg", "b.svg"):
        assert command("sketch", picture, "-o", tmp_path / name, "--quiet", *QUICK) == (0, "", "")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


def test_a_style_weight_changes_the_drawing_and_the_usual_one_need_not_be_named(command, picture, tmp_path):
    asked = {"usual": (), "named": ("--style-weight", "15"), "none": ("--style-weight", "0"), "full": ("--style-weight", "100")}
    for name, weight in asked.items():
        arguments = ("--style", "brush-ink", "--quiet", *weight, *QUICK)
        assert command("sketch", picture, "-o", tmp_path / f"{name}.svg", *arguments) == (0, "", "")
    usual, named, none, full = ((tmp_path / f"{name}.svg").read_bytes() for name in asked)
    assert usual == named
    assert none != full


def test_without_json_one_line_says_what_was_written(command, picture, tmp_path):
    code, out, _ = command("sketch", picture, "-o", tmp_path / "a.svg", "--mask", "none", *QUICK)
    assert code == 0 and out.startswith(f"{tmp_path / 'a.svg'}: ") and "strokes in" in out and out.count("\n") == 1
    _, out, _ = command("sketch", picture, "-o", tmp_path / "a.svg", "--mask", "none", *QUICK, "--strokes", 1)
    assert ": 1 stroke in " in out


def test_what_is_wrong_with_a_mask_is_told_of_the_mask(command, picture, tmp_path):
    empty = tmp_path / "mask.png"
    empty.touch()
    code, _, err = command("sketch", picture, "-o", tmp_path / "x.svg", "--mask", empty)
    assert code == 1 and "Mask: The picture is empty" in err


def test_a_mask_is_kept_to(command, picture, tmp_path):
    mask = Image.new("L", (96, 72))
    mask.paste(255, (0, 0, 96, 45))
    mask.save(tmp_path / "mask.png")
    code, _, err = command("sketch", picture, "-o", tmp_path / "a.svg", "--mask", tmp_path / "mask.png", "--quiet", *QUICK)
    assert (code, err) == (0, "")
    code, _, err = command("sketch", picture, "-o", tmp_path / "b.svg", "--mask", tmp_path / "no.png", *QUICK)
    assert code == 1 and "no.png" in sentence(err)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("no-such.png", "-o", "a.svg"), "no-such.png"), (("text.png", "-o", "a.svg"), "not a picture"),
        ((".", "-o", "a.svg"), "is a folder"), (("cup.png", "-o", "no/such/a.svg"), "folder no"),
        (("cup.png", "-o", "folder.svg"), "is a folder"), (("cup.png", "-o", "a.svg", "--style", "no-such"), "technical-pen"),
        (("cup.png", "-o", "a.svg", "--guidance", "tarot"), "classical"),
        (("cup.png", "-o", "a.svg", "--device", "abacus"), "cpu"),
        (("cup.png", "-o", "a.svg", "--recipe", "soup"), "object"),
    ],
)  # fmt: skip
def test_bad_input_is_1_and_one_sentence(command, picture, tmp_path, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.png").write_text("no picture")
    (tmp_path / "folder.svg").mkdir()
    code, out, err = command("sketch", *arguments)
    assert (code, out) == (1, "") and said in sentence(err)
    assert not (tmp_path / "a.svg").exists()


@pytest.mark.skipif(os.name != "posix", reason="needs pipes with names")
@pytest.mark.timeout(60)
def test_what_is_no_file_is_told_instead_of_waited_for(command, picture, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for name in (tmp_path / "pipe", "/dev/zero"):
        code, _, err = command("sketch", name, "-o", tmp_path / "a.svg")
        assert code == 1 and "device or a pipe" in sentence(err)
        code, _, err = command("sketch", picture, "-o", tmp_path / "a.svg", "--mask", name)
        assert code == 1 and "device or a pipe" in sentence(err)


def test_a_file_that_is_larger_than_any_picture_is_not_read(command, tmp_path):
    with (tmp_path / "huge.png").open("wb") as file:
        file.truncate(10**12)  # takes no room on the disk
    code, _, err = command("sketch", tmp_path / "huge.png", "-o", tmp_path / "a.svg")
    assert code == 1 and "more than 256 MB" in sentence(err)


def test_without_a_command_the_help_is_shown(command):
    code, out, err = command()
    assert (code, out) == (2, "") and "Draw the subject of a photograph" in err


def test_what_cannot_be_written_is_told_before_the_work(command, picture, tmp_path, monkeypatch):
    monkeypatch.setattr(sketch, "draw_here", lambda *_: pytest.fail("the work began"))
    code, _, err = command("sketch", picture, "-o", tmp_path / "no" / "a.svg")
    assert code == 1 and "Make it" in sentence(err)


@pytest.mark.parametrize(
    ("error", "expected", "said"),
    [
        (MemoryError(), 4, "memory"), (OutOfMemory("Too large. Scale it down."), 4, "Scale it down"),
        (OSError(errno.ENOSPC, "No space left on device"), 4, "disk is full"),
        (OSError(errno.EFBIG, "File too large"), 4, "disk is full"),
        (OSError(errno.EROFS, "Read-only file system", "a.svg"), 1, "no access to a.svg"),
        (Missing("No weights. `stylesketch models pull clip` brings them."), 3, "models pull"),
        (ModuleNotFoundError("No module named 'torch'"), 3, "install.sh"), (KeyError("x"), 1, "STYLESKETCH_DEBUG"),
        (KeyboardInterrupt(), 130, "Stopped"), (RuntimeError("DefaultCPUAllocator: can't allocate memory"), 4, "memory"),
    ],
)  # fmt: skip
def test_every_failure_has_its_exit_code_and_keeps_old_files(command, picture, tmp_path, monkeypatch, error, expected, said):
    def fail(*_):
        raise error

    (tmp_path / "a.svg").write_text("old")
    monkeypatch.setattr(sketch, "draw_here", fail)
    code, out, err = command("sketch", picture, "-o", tmp_path / "a.svg")
    assert (code, out) == (expected, "") and said in sentence(err)
    assert (tmp_path / "a.svg").read_text() == "old"


def test_data_that_cannot_be_kept_is_told(command, picture, tmp_path):
    code, _, err = command("sketch", picture, "-o", tmp_path / "a.svg", "--data", picture)
    assert code == 1 and "--data" in sentence(err)


def test_a_disk_that_fills_while_writing_leaves_the_old_file(command, picture, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    (tmp_path / "a.svg").write_text("old")
    monkeypatch.setattr("backend.core.files.os.fsync", full)
    code, _, err = command("sketch", picture, "-o", tmp_path / "a.svg", *QUICK)
    assert code == 4 and "disk is full" in sentence(err.splitlines(True)[-1])
    assert (tmp_path / "a.svg").read_text() == "old"
    assert {path.name for path in tmp_path.iterdir() if path.is_file()} == {"cup.png", "a.svg"}


def heed_interrupts():
    """A shell starts what runs in its background with SIGINT ignored, and so what is started from there; not in a terminal."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def shown_until(wanted, terminal):
    """What a program writes up to some bytes; a piece may end in the middle of a character of the bar."""
    shown = b""
    while wanted not in shown:
        try:
            shown += os.read(terminal, 4096)
        except OSError:
            pytest.fail(f"it ended without {wanted!r}: {shown[-500:]!r}")
    return shown


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
def test_ctrl_c_in_a_terminal_stops_and_writes_nothing(picture, tmp_path):
    ours, theirs = os.openpty()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    arguments = [sys.executable, "-m", "backend", "sketch", str(picture), "-o", str(tmp_path / "a.svg"), "--steps", "5000"]
    with subprocess.Popen(arguments, env=environment, stderr=theirs, stdout=theirs, preexec_fn=heed_interrupts) as process:
        os.close(theirs)
        shown = shown_until(b"refining", ours)
        process.send_signal(signal.SIGINT)
        shown += shown_until(b"Stopped", ours)
        assert process.wait(120) == 130
    os.close(ours)
    assert b"%" in shown and b"Traceback" not in shown
    assert {path.name for path in tmp_path.iterdir() if path.is_file()} == {"cup.png"}


def test_details_only_on_demand(picture, tmp_path):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "STYLESKETCH_DEBUG": "1"}
    code = (
        "import sys; from backend.cli import main, sketch\n"
        "def draw_here(*_): raise KeyError('a bug')\n"
        "sketch.draw_here = draw_here; sys.exit(main(sys.argv[1:]))"
    )
    arguments = [sys.executable, "-c", code, "sketch", str(picture), "-o", str(tmp_path / "a.svg")]
    done = subprocess.run(arguments, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1 and "Traceback" in done.stderr and "a bug" in done.stderr


def test_a_reader_that_has_seen_enough_is_no_error():
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    arguments = [sys.executable, "-m", "backend", "style", "list"]
    with subprocess.Popen(arguments, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == 0


@pytest.mark.parametrize("option", [(), ("--mask", "mask.png")])
def test_the_picture_and_its_mask_are_never_overwritten(command, picture, tmp_path, option):
    mask = tmp_path / "mask.png"
    Image.new("L", (60, 60), 255).save(mask)
    victim = mask if option else picture
    before = victim.read_bytes()
    alias = tmp_path / "alias.png"
    alias.symlink_to(victim)
    for name in (victim, alias):
        code, _out, err = command("sketch", picture, "-o", name, *(str(mask) if o == "mask.png" else o for o in option), *QUICK)
        assert code == 1 and "picture itself" in sentence(err)
    assert victim.read_bytes() == before


def test_without_memory_to_the_end_it_is_4_and_nothing_is_written(command, picture, tmp_path, monkeypatch):
    def fails(*_, **__):
        raise RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory")

    monkeypatch.setattr("backend.recipes.object_sketch.draw_region", fails)
    code, out, err = command("sketch", picture, "-o", tmp_path / "x.svg", "--quiet", *QUICK)
    assert (code, out) == (OutOfMemory.exit_code, "") and "even sparingly" in sentence(err)
    assert not (tmp_path / "x.svg").exists()


def test_the_best_of_several_attempts(command, picture, tmp_path):
    svg, folder = tmp_path / "best.svg", tmp_path / "all"
    options = ("--candidates", 2, "--candidates-dir", folder, "--seed", 4, "--json")
    code, out, err = command("sketch", picture, "-o", svg, *options, *QUICK)
    assert code == 0, err
    told = json.loads(out)
    assert [each["seed"] for each in told["candidates"]] == [4, 5]
    [kept] = [each["seed"] for each in told["candidates"] if each["kept"]]
    assert told["outputs"] == [str(svg), *(str(folder / f"seed{seed}.svg") for seed in (4, 5))]
    assert told["judge"] == "lines" and any("2 attempts" in note for note in told["notes"])
    alone = tmp_path / "alone.svg"
    assert command("sketch", picture, "-o", alone, "--seed", kept, *QUICK)[0] == 0
    assert (folder / f"seed{kept}.svg").read_bytes() == alone.read_bytes()


@pytest.mark.parametrize(
    "given", [("sketch", "PICTURE"), ("prompt", "a cup"), ("scene", "PICTURE"), ("scene", "PICTURE", "--matrix", "2x2")]
)
def test_a_folder_for_a_single_attempt_is_refused(command, picture, tmp_path, given):
    given = [str(picture) if part == "PICTURE" else part for part in given]
    code, _, err = command(*given, "-o", tmp_path / "x.svg", "--candidates-dir", tmp_path / "all")
    assert code == 1 and "--candidates" in sentence(err) and not (tmp_path / "all").exists()


def test_a_matrix_is_drawn_once(command, picture, tmp_path):
    options = ("--matrix", "2x2", "--candidates", 2)
    code, _, err = command("scene", picture, "-o", tmp_path / "x.svg", *options, *QUICK)
    assert code == 1 and "--candidates" in sentence(err)
