import json

import pytest

from backend.raster import rasterizers

QUICK = ("--steps", 2, "--strokes", 6, "--device", "cpu")


def findings(command):
    return {entry["name"]: entry for entry in json.loads(command("doctor", "--json")[1])["findings"]}


def test_the_rasterizer_that_was_asked_for_draws_and_is_named(command, picture, tmp_path):
    code, out, err = command(
        "sketch", picture, "-o", tmp_path / "a.svg", *QUICK, "--rasterizer", "culled", "--mask", "none", "--json"
    )
    assert code == 0, err
    account = json.loads(out)
    assert account["engine"] == "culled"
    assert not any("rasterizer" in note for note in account["notes"])
    assert "culled" in (tmp_path / "a.svg").read_text()


@pytest.mark.parametrize(("name", "code", "said"), [("abacus", 1, "choose one of: auto"), ("diffvg", 3, "install pydiffvg")])
def test_a_rasterizer_that_is_not_here_is_refused_in_a_sentence(command, picture, tmp_path, name, code, said):
    if name in rasterizers():
        pytest.skip(f"{name} is installed")
    for verb in ("sketch", "sheet"):
        found, out, err = command(verb, picture, "-o", tmp_path / "a.png", "--rasterizer", name)
        assert (found, out) == (code, "") and said in err
    assert command("serve", "--rasterizer", name)[0] == code
    assert not (tmp_path / "a.png").exists()


def test_the_doctor_lists_them_and_tells_which_one_auto_is(command, monkeypatch):
    monkeypatch.delenv("STYLESKETCH_RASTERIZER", raising=False)
    usual = findings(command)
    assert "culled, reference" in usual["--rasterizer"]["text"] and "STYLESKETCH_RASTERIZER" not in usual
    monkeypatch.setenv("STYLESKETCH_RASTERIZER", "reference")
    assert "reference draws" in findings(command)["STYLESKETCH_RASTERIZER"]["text"]
    monkeypatch.setenv("STYLESKETCH_RASTERIZER", "abacus")
    wrong = findings(command)["STYLESKETCH_RASTERIZER"]
    assert "abacus" in wrong["text"] and "remove it" in wrong["cure"]
