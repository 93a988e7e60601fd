import os
import stat
from pathlib import Path

import pytest

from backend.places import Places


@pytest.fixture
def usual_umask():
    before = os.umask(0o022)
    yield
    os.umask(before)


def test_the_home_of_the_environment_holds_everything(monkeypatch, tmp_path):
    monkeypatch.setenv("STYLESKETCH_HOME", str(tmp_path / "home"))
    places = Places.find()
    assert places == Places(tmp_path / "home" / "data", tmp_path / "home" / "state")
    for path in (places.endpoint, places.jobs, places.packs, places.weights):
        assert path.is_relative_to(tmp_path / "home")


def test_a_home_that_is_given_comes_first(monkeypatch, tmp_path):
    monkeypatch.setenv("STYLESKETCH_HOME", str(tmp_path / "other"))
    assert Places.find(tmp_path).data == tmp_path / "data"


def test_a_home_may_be_relative_or_begin_with_a_tilde(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Places.find("here").data == tmp_path / "here" / "data"
    assert Places.find("~/there").data == tmp_path / "there" / "data"


def test_an_empty_home_is_none(monkeypatch):
    monkeypatch.delenv("STYLESKETCH_HOME", raising=False)
    usual = Places.find()
    monkeypatch.setenv("STYLESKETCH_HOME", "")
    assert Places.find() == usual
    assert usual.data.is_absolute()
    assert "stylesketch" in str(usual.data)
    assert usual.data != usual.state or usual.endpoint != usual.jobs


def test_finding_makes_nothing(tmp_path):
    Places.find(tmp_path / "home")
    assert not (tmp_path / "home").exists()


def test_only_the_user_may_look_into_what_is_made(tmp_path, usual_umask):
    places = Places.find(tmp_path / "deep" / "home").create()
    for folder in (places.data, places.state):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_making_places_again_keeps_what_is_there(tmp_path):
    places = Places.find(tmp_path).create()
    (places.data / "keep").write_text("me")
    assert places.create() == places
    assert Path(places.data / "keep").read_text() == "me"
