"""Building the native engine, and what happens where it cannot be had."""

from __future__ import annotations

import logging
import sys

import pytest

from backend import model_pool
from backend.core.errors import Missing
from backend.raster.native import build, engine, targets
from backend.raster.native.library import is_current, open_library


@pytest.fixture
def no_compiler(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CXX", "a-compiler-that-is-not-there")
    monkeypatch.setattr(build.importlib.util, "find_spec", lambda name: None)


@pytest.fixture
def no_engine(monkeypatch):
    engine.native_engine.cache_clear()
    monkeypatch.setattr(engine, "load_library", lambda: None)
    model_pool._tell_slow_engine.cache_clear()
    yield
    engine.native_engine.cache_clear()
    model_pool._tell_slow_engine.cache_clear()


def test_library_names_its_sources(library):
    assert is_current(library)


def test_library_is_built_only_for_known_machines(monkeypatch):
    monkeypatch.setattr(targets.platform, "machine", lambda: "sparc")
    with pytest.raises(Missing, match="sparc"):
        build.here()


def test_every_target_has_its_own_name():
    assert len({(target.system, target.machine) for target in build.TARGETS.values()}) == len(build.TARGETS)
    assert build.library_name(build.TARGETS["windows-x86_64"]).endswith(".dll")
    assert build.library_name(build.TARGETS["macos-arm64"]).endswith(".dylib")


def test_no_compiler_is_told_in_a_sentence(no_compiler, tmp_path, capsys):
    assert build.main(["--no-download", "--output", str(tmp_path / "library.so")]) == 3
    assert "no C++ compiler" in capsys.readouterr().err
    assert not (tmp_path / "library.so").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="programs have other names there")
@pytest.mark.parametrize("options", ["", " -m64"])
def test_compiler_may_be_a_command_of_several_words(monkeypatch, options):
    monkeypatch.setenv("CXX", f"env '{sys.executable}'{options}")
    with build.some_compiler(build.here(), download=False) as command:
        assert command == ["env", sys.executable, *options.split()]


def test_compiler_may_lie_in_a_folder_with_spaces(monkeypatch):
    monkeypatch.setenv("CXX", "/a folder/g++")
    monkeypatch.setattr(build.shutil, "which", lambda name: name if name == "/a folder/g++" else None)
    with build.some_compiler(build.here(), download=False) as command:
        assert command == ["/a folder/g++"]


@pytest.mark.parametrize("named", ["a-wrapper-that-is-not-there g++", ""])
def test_compiler_that_is_not_there_is_passed_over(monkeypatch, named):
    monkeypatch.setenv("CXX", named)
    monkeypatch.setattr(build.shutil, "which", lambda name: name if name == "g++" else None)
    with build.some_compiler(build.here(), download=False) as command:
        assert command == ["g++"]


def test_failing_compiler_is_quoted_and_leaves_nothing(tmp_path):
    with pytest.raises(Missing, match="ended with 7"):
        build.build(tmp_path / "out" / "library.so", build.here(), [sys.executable, "-c", "raise SystemExit(7)"])
    assert list((tmp_path / "out").iterdir()) == []


def test_target_needs_a_place(capsys):
    with pytest.raises(SystemExit) as stopped:
        build.main(["--target", "macos-arm64"])
    assert stopped.value.code == 2
    assert "--output" in capsys.readouterr().err


def test_what_is_no_library_is_not_loaded(tmp_path):
    broken = tmp_path / "library.so"
    broken.write_bytes(b"no library")
    assert open_library(broken) is None
    assert open_library(tmp_path / "none.so") is None


def test_torch_engine_takes_over_and_says_so_once(no_engine, caplog):
    with caplog.at_level(logging.WARNING):
        pools = [model_pool.ModelPool.choose("cpu") for _ in range(3)]
    assert [pool.engine for pool in pools] == ["culled"] * 3
    assert len(caplog.records) == 1
    assert "python -m backend.raster.native.build" in caplog.text
    state = engine.describe_engine()
    assert (state.name, state.cure) == ("culled", engine.BUILD_COMMAND)


def test_what_the_missing_engine_lacks_is_told(no_engine):
    with pytest.raises(Missing, match=build.__name__):
        model_pool.ModelPool.choose("cpu", "native")


def test_native_engine_is_described(library, monkeypatch):
    engine.native_engine.cache_clear()
    monkeypatch.setattr(engine, "load_library", lambda: library)
    state = engine.describe_engine()
    engine.native_engine.cache_clear()
    assert state.name == "native" and not state.cure
    assert "instructions" in str(state)


def test_a_quotation_mark_without_partner_is_told(monkeypatch):
    monkeypatch.setenv("CXX", '"g++ -m64')
    with pytest.raises(Missing, match="CXX"), build.some_compiler(build.here(), download=False):
        pass
