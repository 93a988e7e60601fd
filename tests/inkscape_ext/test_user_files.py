"""Files that the user chose: read and written whole, or a sentence."""

import pytest
from stylesketch_ext import user_files
from stylesketch_ext.failures import Failure


def test_written_and_read_again(tmp_path):
    path = tmp_path / "ink.stylepack"
    path.write_bytes(b"old")
    user_files.write(str(path), b"new")
    assert user_files.read(str(path)) == b"new"
    assert [p.name for p in tmp_path.iterdir()] == ["ink.stylepack"]


def test_what_cannot_be_read_is_a_sentence(tmp_path, monkeypatch):
    with pytest.raises(Failure, match=r"gone.png cannot be read .*: choose another one"):
        user_files.read(str(tmp_path / "gone.png"))
    (tmp_path / "large.png").write_bytes(b"12345")
    monkeypatch.setattr(user_files, "MOST_BYTES", 4)
    with pytest.raises(Failure, match="too large"):
        user_files.read(str(tmp_path / "large.png"))


def test_what_cannot_be_written_is_a_sentence_and_leaves_nothing(tmp_path):
    with pytest.raises(Failure, match="cannot be written"):
        user_files.write(str(tmp_path / "none" / "ink.stylepack"), b"")
    (tmp_path / "folder").mkdir()
    with pytest.raises(Failure, match="cannot be written"):
        user_files.write(str(tmp_path / "folder"), b"")
    assert [p.name for p in tmp_path.iterdir()] == ["folder"]
