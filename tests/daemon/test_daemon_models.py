"""Weights through the daemon: the real download, in its worker process, from a server on this machine."""

import threading

import pytest
from daemon_process import parsed_events, problem, until
from stylesketch_ext.client import BackendClient
from stylesketch_ext.failures import Refusal
from stylesketch_ext.wire.codec import from_json, loads
from stylesketch_ext.wire.messages import JobInfo, ModelInfo, PullResult

from backend.weights.checkpoints import CHECKPOINTS
from backend.weights.manifest import MANIFEST
from backend.weights.shelf import find
from tests.weights.file_host import FileHost, Manners
from tests.weights.tiny_weights import CONTENT, tiny_manifest


@pytest.fixture
def file_host():
    with FileHost(CONTENT) as host:
        yield host


@pytest.fixture
def models(web, file_host, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    web.house.models.places.create()
    web.house.models.manifest.update(tiny_manifest(file_host.url))
    return web


def listed(models):
    return [from_json(ModelInfo, entry) for entry in models.http.get("/v1/models").json()]


def pull(models, name="tiny", **headers):
    answer = models.http.post(f"/v1/models/{name}/pull", headers=headers)
    return answer.json()["id"] if answer.status_code < 300 else answer


def events(models, job):
    return list(parsed_events(models.http.get(f"/v1/jobs/{job}/events").text.split("\n")))


def test_a_download_is_a_job_with_progress_and_a_result(models):
    tiny, own = listed(models)
    assert (tiny.here, tiny.pullable, tiny.size, own.pullable) == (False, True, len(CONTENT), False)
    answer = models.http.post("/v1/models/tiny/pull")
    assert answer.status_code == 201
    job = loads(JobInfo, answer.content)
    assert answer.headers["location"] == f"/v1/jobs/{job.id}" and job.pull.model == "tiny" and job.request is None
    told = events(models, job.id)
    assert told[-1][1] == "finished" and {name for _, name, _ in told[:-1]} == {"progress"}
    result = loads(PullResult, models.http.get(f"/v1/jobs/{job.id}/result").content)
    assert result.job == job.id and result.model.here and result.model == listed(models)[0]
    assert find("tiny", models.house.models.places, models.house.models.manifest).read_bytes() == CONTENT


def test_weights_are_removed(models):
    events(models, pull(models))
    assert models.http.delete("/v1/models/tiny").status_code == 204
    assert not listed(models)[0].here
    problem(models.http.delete("/v1/models/tiny"), "not-found", 404)


def test_unknown_names_are_told(models):
    assert "tiny, own" in problem(pull(models, "nobody"), "not-found", 404)
    problem(models.http.delete("/v1/models/nobody"), "not-found", 404)


def test_the_same_key_is_the_same_download(models):
    assert pull(models, **{"Idempotency-Key": "a"}) == pull(models, **{"Idempotency-Key": "a"})
    problem(pull(models, "own", **{"Idempotency-Key": "a"}), "conflict", 409)


def test_what_cannot_be_had_fails_with_the_way_out(models, file_host):
    file_host.manners.status = 404
    told = events(models, pull(models))
    assert told[-1][1] == "failed" and "models add FILE" in str(told[-1][2])
    job = pull(models, "own")
    events(models, job)
    info = loads(JobInfo, models.http.get(f"/v1/jobs/{job}").content)
    assert (info.state, info.error.code) == ("failed", "missing") and "models add own FILE" in info.error.detail


def test_a_cancelled_download_keeps_its_part_and_is_gone_on_with(models, file_host):
    file_host.manners = Manners(waits_for=threading.Event())
    job = pull(models)
    until(lambda: models.http.get(f"/v1/jobs/{job}").json()["done"] > 0)
    models.http.post(f"/v1/jobs/{job}/cancel")
    assert events(models, job)[-1][1] == "cancelled"
    kept = until(lambda: listed(models)[0].kept)
    file_host.manners = Manners()
    assert events(models, pull(models))[-1][1] == "finished"
    assert file_host.ranges_asked == ["", f"bytes={kept}-"]


def test_a_sketch_does_not_wait_for_a_download(models, file_host):
    file_host.manners = Manners(waits_for=threading.Event())
    download = pull(models)
    until(lambda: models.http.get(f"/v1/jobs/{download}").json()["done"] > 0)
    sketch = models.http.post("/v1/jobs", json={"image": models.sent}).json()["id"]
    assert events(models, sketch)[-1][1] == "finished"
    assert models.http.get(f"/v1/jobs/{download}").json()["state"] == "running"
    file_host.manners.waits_for.set()
    assert events(models, download)[-1][1] == "finished"


def test_the_extension_s_client_knows_the_same(models, file_host):
    client = BackendClient("127.0.0.1", models.port, models.house.token)
    assert [(info.name, info.here, info.cure) for info in client.models()] == [
        ("tiny", False, "`stylesketch models pull tiny`"),
        ("own", False, "`stylesketch models add own FILE`"),
    ]
    job = client.pull_model("tiny", "a key").id
    assert [event.kind for event in client.events(job)][-1] == "finished"
    assert client.pull_result(job).model.source == file_host.url
    client.remove_model("tiny")
    assert not client.models()[0].here
    with pytest.raises(Refusal, match="are not here"):
        client.remove_model("tiny")


def test_a_daemon_lists_the_real_manifest(start_daemon):
    names = [entry["name"] for entry in start_daemon().http.get("/v1/models").json()]
    assert names == [*MANIFEST, *CHECKPOINTS]
