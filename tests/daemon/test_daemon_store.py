import contextlib
import sqlite3

import pytest
from stylesketch_ext.wire.codec import dumps
from stylesketch_ext.wire.messages import CANCELLED, FAILED, FINISHED, QUEUED, RUNNING, ImageInfo, SketchRequest, SketchSettings

from backend.core.errors import Conflict, NotFound
from backend.core.files import remove_parts, whole_file, write_folder, write_whole
from backend.daemon.endpoint import Endpoint, read_endpoint, remove_endpoint, write_endpoint
from backend.daemon.store import MIGRATIONS, Store

REQUEST = SketchRequest("0" * 64, SketchSettings(strokes=7, seed=3), title="käse.png")
ENDPOINT = Endpoint(1, "0", "127.0.0.1", 1234, 99, "secret")


@pytest.fixture
def store(tmp_path):
    with contextlib.closing(Store(tmp_path / "jobs.sqlite")) as store:
        yield store


def test_a_job_is_remembered_as_it_was(store, tmp_path):
    info, new = store.add_job(REQUEST, "key")
    assert new and info.request == REQUEST and info.state == QUEUED
    with contextlib.closing(Store(tmp_path / "jobs.sqlite")) as again:
        assert again.job(info.id).info == info
        assert again.add_job(REQUEST, "key") == (info, False)


def test_an_ended_job_stays_ended(store):
    job = store.add_job(REQUEST)[0].id
    assert store.start(job).attempts == 1
    assert store.start(job) is None, "it runs already"
    assert store.end(job, FINISHED)
    assert not store.end(job, CANCELLED)
    store.requeue(job)
    assert store.job(job).info.state == FINISHED


def test_recovery_queues_what_ran_once_more(store):
    job, other = (store.add_job(REQUEST)[0].id for _ in range(2))
    store.start(job)
    store.recover()
    assert [info.id for info in store.waiting()] == [other, job]  # what brought a daemon down once runs after new work
    store.start(job)
    store.recover()
    assert (store.job(job).info.state, store.job(job).info.error.code) == (FAILED, "worker-died")
    assert store.job(other).info.state == QUEUED


def test_a_forgiven_attempt_does_not_count(store):
    job = store.add_job(REQUEST)[0].id
    for number in range(1, 6):
        stored = store.start(job)
        assert (stored.attempts, stored.last_attempt) == (number, False)
        store.requeue(job, forgive=True)
    store.start(job)
    store.requeue(job)
    assert store.start(job).last_attempt


def test_an_older_database_is_brought_up_to_date(tmp_path):
    with contextlib.closing(sqlite3.connect(tmp_path / "old.sqlite")) as database:
        database.executescript(f"{MIGRATIONS[0]} PRAGMA user_version = 1;")
        row = ("old", dumps(REQUEST), QUEUED, 1.0)
        database.execute("INSERT INTO jobs (id, request, state, created) VALUES (?, ?, ?, ?)", row)
        database.commit()
    with contextlib.closing(Store(tmp_path / "old.sqlite")) as store:
        assert store.start("old").info.request == REQUEST


def test_jobs_that_run_cannot_be_removed(store):
    job = store.add_job(REQUEST)[0].id
    with pytest.raises(Conflict, match="Cancel it first"):
        store.remove(job)
    store.start(job)
    assert store.job(job).info.state == RUNNING
    with pytest.raises(Conflict):
        store.remove(job)
    store.end(job, CANCELLED)
    store.remove(job)
    with pytest.raises(NotFound):
        store.job(job)


@pytest.mark.parametrize("change", ["kind = 'dream'", """request = '{"image":"x","settings":{"strokes":-1}}'"""])
def test_a_job_of_another_version_is_left_out(store, tmp_path, change):
    old, fine = (store.add_job(REQUEST)[0].id for _ in range(2))
    store.start(old)
    with contextlib.closing(sqlite3.connect(tmp_path / "jobs.sqlite")) as database:
        database.execute(f"UPDATE jobs SET {change} WHERE id = ?", (old,))
        database.commit()
    store.recover()
    assert [stored.info.id for stored in store.jobs()] == [fine] == [info.id for info in store.waiting()]
    with pytest.raises(Conflict, match="another version"):
        store.job(old)
    assert store.active() == 1, "it has failed"
    store.remove(old)
    with pytest.raises(NotFound):
        store.job(old)


def test_images_are_remembered_once(store):
    for _ in range(2):
        store.add_image(ImageInfo("a", 4, 3))
    assert store.image("a") == ImageInfo("a", 4, 3)
    assert store.image("b") is None


def test_a_newer_database_is_not_touched(store, tmp_path):
    with contextlib.closing(sqlite3.connect(tmp_path / "jobs.sqlite")) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        database.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    with pytest.raises(Conflict, match="newer"):
        Store(tmp_path / "jobs.sqlite")


def test_a_damaged_database_is_told(tmp_path):
    (tmp_path / "jobs.sqlite").write_bytes(b"no database " * 500)
    with pytest.raises(Conflict, match="Move it away"):
        Store(tmp_path / "jobs.sqlite")


def test_files_appear_whole_or_not_at_all(tmp_path):
    write_whole(tmp_path / "a", b"old")
    with pytest.raises(RuntimeError), whole_file(tmp_path / "a") as file:
        file.write(b"half")
        raise RuntimeError
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("a", b"old")]


def test_folders_appear_whole_or_not_at_all(tmp_path):
    write_folder(tmp_path / "results" / "a", {"x": b"1", "y": b"2"})
    write_folder(tmp_path / "results" / "a", {"x": b"3"})
    assert [(path.name, path.read_bytes()) for path in (tmp_path / "results" / "a").iterdir()] == [("x", b"3")]
    with pytest.raises(FileNotFoundError):
        write_folder(tmp_path / "results" / "b", {"no/such": b"1"})
    assert [path.name for path in (tmp_path / "results").iterdir()] == ["a"]


def test_what_a_killed_process_left_is_removed(tmp_path):
    (tmp_path / ".a.1.part").mkdir()
    (tmp_path / ".a.1.part" / "x").touch()
    (tmp_path / ".b.2.part").touch()
    (tmp_path / "c").touch()
    remove_parts(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["c"]


def test_only_our_own_endpoint_is_removed(tmp_path):
    path = tmp_path / "endpoint.json"
    assert read_endpoint(path) is None
    write_endpoint(path, Endpoint(1, "0", "127.0.0.1", 1234, 100, "theirs"))
    remove_endpoint(path, ENDPOINT)
    assert path.exists()
    write_endpoint(path, ENDPOINT)
    assert read_endpoint(path) == ENDPOINT
    remove_endpoint(path, ENDPOINT)
    assert not path.exists()
    path.write_text("{}")
    assert read_endpoint(path) is None
