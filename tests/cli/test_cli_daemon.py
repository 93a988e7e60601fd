import contextlib
import json
import os
import subprocess
import sys

import httpx
import psutil
import pytest
from daemon_process import DaemonProcess
from stylesketch_ext.wire.messages import PromptRequest, RefineRequest, RestyleRequest, TextureRequest

from backend.cli.client import DaemonClient, running_client
from backend.core.errors import BadRequest, Cancelled, Missing, NotFound
from backend.daemon.store import Store
from backend.places import Places

QUICK = ("--steps", 2, "--strokes", 6, "--device", "cpu", "--seed", 4)


@pytest.fixture
def daemon(tmp_path):
    """The daemon with fake work, in the home of the test's commands."""
    process = DaemonProcess(tmp_path / "home")
    yield process
    process.stop()


def test_nothing_runs(command, tmp_path):
    code, out, err = command("status")
    assert (code, out) == (3, "") and "`stylesketch serve` starts it." in err
    assert command("status", "--token")[0] == 3
    assert command("stop") == (0, "StyleSketch is not running.\n", "")
    assert command("jobs") == (0, "There are no jobs.\n", "")
    assert json.loads(command("jobs", "list", "--json")[1]) == {"jobs": []}
    code, _, err = command("jobs", "show", "no/such job")
    assert code == 1 and "no/such job" in err


def test_an_endpoint_of_a_dead_daemon_is_no_daemon(command, daemon):
    daemon.kill()
    assert daemon.places.endpoint.exists()
    assert running_client(daemon.places) is None
    assert command("status")[0] == 3


def test_status_and_stop(command, daemon):
    code, out, _ = command("status")
    assert code == 0 and daemon.endpoint.url in out and daemon.endpoint.token not in out
    assert command("status", "--token") == (0, daemon.endpoint.token + "\n", "")
    told = json.loads(command("status", "--json")[1])
    assert (told["pid"], told["url"]) == (daemon.process.pid, daemon.endpoint.url)
    assert command("stop") == (0, "StyleSketch has stopped.\n", "")
    assert daemon.process.wait(10) == 0


def test_serve_beside_a_running_daemon_says_so(command, daemon):
    code, out, err = command("serve")
    assert (code, err) == (0, "") and f"already running: process {daemon.process.pid}" in out


def test_jobs_while_the_daemon_runs_and_while_it_sleeps(command, daemon, tmp_path):
    job, waiting = daemon.submit("plain"), daemon.submit(f"wait|{tmp_path / 'never'}")
    daemon.await_running(waiting)
    code, out, _ = command("jobs")
    assert code == 0 and [line.split()[0] for line in out.splitlines()] == [waiting, job]
    assert "finished" in command("jobs", "show", job)[1]
    assert command("jobs", "remove", waiting)[0] == 1
    assert daemon.stop() == 0
    assert json.loads(command("jobs", "show", waiting, "--json")[1])["state"] == "queued"
    assert "cancelled" in command("jobs", "cancel", waiting)[1]
    assert command("jobs", "remove", job) == (0, f"Removed {job}.\n", "")
    assert [entry["id"] for entry in json.loads(command("jobs", "--json")[1])["jobs"]] == [waiting]
    assert not (daemon.places.data / "results" / job).exists()


def test_a_job_of_a_killed_daemon_is_told_to_wait(command, daemon, tmp_path):
    job = daemon.submit(f"wait|{tmp_path / 'never'}")
    daemon.await_running(job)
    daemon.kill()
    assert json.loads(command("jobs", "show", job, "--json")[1])["state"] == "queued"
    assert " queued " in command("jobs")[1]
    assert command("jobs", "cancel", job)[0] == 0


def test_cancel_and_remove_through_the_daemon(command, daemon, tmp_path):
    job = daemon.submit(f"wait|{tmp_path / 'never'}")
    assert command("jobs", "cancel", job)[0] == 0
    daemon.events(job)
    assert json.loads(command("jobs", "remove", job, "--json")[1]) == {"removed": job}
    assert command("jobs", "show", job)[0] == 1


def test_a_failed_job_shows_its_sentence(command, daemon):
    job = daemon.submit("refuse")
    daemon.events(job)
    assert "No lines were found." in command("jobs", "show", job)[1]


@pytest.mark.parametrize(("mode", "kind"), [("refuse", BadRequest), ("wait|/no/such/file", Cancelled)])
def test_the_client_raises_what_ended_a_job(daemon, mode, kind):
    client, job = DaemonClient(daemon.endpoint), daemon.submit(mode)
    if kind is Cancelled:
        client.cancel(job)
    with pytest.raises(kind):
        list(client.events(job))


def test_the_client_tells_when_the_daemon_dies(daemon):
    client, job = DaemonClient(daemon.endpoint), daemon.submit("wait|/no/such/file")
    events = client.events(job)
    next(events)
    daemon.kill()
    with pytest.raises(Missing, match="stylesketch doctor"):
        list(events)
    with pytest.raises(Missing):
        client.health()


def test_the_client_s_errors_are_the_daemon_s(daemon):
    with pytest.raises(NotFound, match="There is no job"):
        DaemonClient(daemon.endpoint).info("none")


def test_the_daemon_draws_the_same_files_as_this_process(command, picture, tmp_path):
    """The real thing: `--daemon` starts one, it draws, it stops."""
    assert command("sketch", picture, "-o", tmp_path / "a.svg", "-o", tmp_path / "a.png", "--quiet", *QUICK) == (0, "", "")
    places = Places.find()
    try:
        code, out, err = command(
            "sketch", picture, "-o", tmp_path / "b.svg", "-o", tmp_path / "b.png", "--json", "--daemon", *QUICK
        )
        assert (code, err) == (0, "")
        assert json.loads(out)["seed"] == 4
        for ending in ("svg", "png"):
            assert (tmp_path / f"a.{ending}").read_bytes() == (tmp_path / f"b.{ending}").read_bytes()
        (tmp_path / "text.png").write_text("no picture")
        code, _, err = command("sketch", tmp_path / "text.png", "-o", tmp_path / "c.svg", "--daemon")
        assert code == 1 and "not a picture" in err
        endpoint = running_client(places).endpoint
        assert httpx.get(f"{endpoint.url}/docs", trust_env=False).status_code == 200
        if hasattr(psutil.Process, "memory_maps"):
            assert not any("torch" in part.path for part in psutil.Process(endpoint.pid).memory_maps()), "the server is light"
    finally:
        assert command("stop")[0] == 0
    assert not places.endpoint.exists()
    assert "finished" in command("jobs")[1]


def test_a_daemon_of_another_protocol_is_not_used(command, picture, daemon, monkeypatch, tmp_path):
    monkeypatch.setattr("backend.cli.launch.PROTOCOL_VERSION", 99)
    code, _, err = command("sketch", picture, "-o", tmp_path / "a.svg", "--daemon")
    assert code == 1 and "`stylesketch stop` ends it." in err and "this one 99" in err


def test_python_m_backend_is_the_command(tmp_path):

    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-m", "backend", "style", "list"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "technical-pen" in done.stdout and done.stderr == ""


@pytest.mark.parametrize(("asked", "told"), [
    (TextureRequest(style="ink"), "texture of ink"),
    (TextureRequest("ab" * 32, title="wall.jpg"), "texture of wall.jpg"),
    (RestyleRequest("cd" * 32, style="ink"), "restyling of cdcdcdcdcdcd"),
    (PromptRequest("a horse"), "“a horse”"),
    (RefineRequest("ef" * 32, [], more=3, title="a.svg"), "refinement of a.svg"),
])  # fmt: skip
def test_jobs_of_every_kind_tell_what_they_are_about(command, asked, told):
    where = Places.find().create()
    with contextlib.closing(Store(where.jobs)) as store:
        store.add_job(asked)
    code, out, err = command("jobs")
    assert code == 0, err
    assert told in out
