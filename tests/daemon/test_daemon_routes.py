import errno
import hashlib

import pytest
from daemon_process import parsed_events, problem, until
from stylesketch_ext.wire.codec import loads, to_json
from stylesketch_ext.wire.messages import Health, ImageInfo, JobInfo, SketchResult

from backend.core.notes import Note
from backend.daemon import images as images_module


def submit(web, title="", key=None, **settings):
    body = {"image": web.sent, "title": title, "settings": settings}
    return web.http.post("/v1/jobs", json=body, headers={"Idempotency-Key": key} if key else {})


def finished(web, title="", **settings):
    job = submit(web, title, **settings).json()["id"]
    web.http.get(f"/v1/jobs/{job}/events")  # lasts as long as the job
    return job, loads(JobInfo, web.http.get(f"/v1/jobs/{job}").content)


def test_health_tells_callers_with_the_token_everything(web):
    until(lambda: web.house.jobs.capabilities)
    health = loads(Health, web.http.get("/v1/health").content)
    assert (health.device, health.engine, health.guidance, health.queue) == ("cpu", "fake", ["classical"], 0)
    assert health.rasterizers == ["fake"]


def test_a_picture_is_kept_once(web, tmp_path):
    for _ in range(2):
        info = loads(ImageInfo, web.http.post("/v1/images", content=b"40x30").content)
        assert (info.width, info.height) == (40, 30)
        assert info.sha256 == hashlib.sha256(b"40x30").hexdigest()
    assert sorted(p.name for p in (tmp_path / "images").iterdir()) == sorted([info.sha256, web.sent])


def test_an_empty_picture_is_refused(web):
    problem(web.http.post("/v1/images", content=b""), "bad-image", 422)


def test_a_picture_that_is_too_large_is_refused_while_it_comes(web, monkeypatch, tmp_path):
    monkeypatch.setattr(images_module, "MAX_UPLOAD", 100)
    problem(web.http.post("/v1/images", content=b"x" * 101), "image-too-large", 413)
    problem(web.http.post("/v1/images", content=iter([b"x" * 60, b"x" * 60])), "image-too-large", 413)  # no Content-Length
    assert [p.name for p in (tmp_path / "images").iterdir()] == [web.sent]


@pytest.mark.parametrize("place", ["os.fsync", "os.replace"])
def test_a_full_disk_leaves_no_half_picture(web, monkeypatch, tmp_path, place):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(place, full)
        problem(web.http.post("/v1/images", content=b"50x50"), "out-of-disk", 507)
    assert [p.name for p in (tmp_path / "images").iterdir()] == [web.sent]
    assert web.http.post("/v1/images", content=b"50x50").status_code == 200


def test_a_decoder_that_hangs_or_dies_is_told_and_replaced(web):
    web.house.images.decode_seconds = 0.5
    assert "too long" in problem(web.http.post("/v1/images", content=b"sleep"), "bad-image", 422)
    web.house.images.decode_seconds = 30
    assert "crashed" in problem(web.http.post("/v1/images", content=b"die"), "bad-image", 422)
    assert web.http.post("/v1/images", content=b"60x60").status_code == 200


def test_a_job_runs_to_its_result(web):
    answer = submit(web, "plain", seed=5)
    assert answer.status_code == 201
    job = answer.json()["id"]
    assert answer.headers["location"] == f"/v1/jobs/{job}"
    events = list(parsed_events(web.http.get(f"/v1/jobs/{job}/events").text.split("\n")))
    assert [name for _, name, _ in events] == ["progress"] * 4 + ["finished"]
    assert [int(number) for number, _, _ in events] == [1_000_001, 1_000_002, 1_000_003, 1_000_004, 1_999_999]
    result = loads(SketchResult, web.http.get(f"/v1/jobs/{job}/result").content)
    assert (result.job, result.settings.seed, result.image) == (job, 5, web.sent)
    svg = web.http.get(f"/v1/jobs/{job}/result.svg")
    assert (svg.text, svg.headers["content-type"].split(";")[0]) == ("<svg>5</svg>", "image/svg+xml")
    assert web.http.get(f"/v1/jobs/{job}/preview.png").content == b"PNG"
    info = loads(JobInfo, web.http.get(f"/v1/jobs/{job}").content)
    assert info.state == "finished" and info.created <= info.started <= info.ended and info.done == 1.0
    assert [entry["id"] for entry in web.http.get("/v1/jobs").json()] == [job]


def test_a_result_is_simplified_without_drawing_anew(web):
    job, _ = finished(web, "plain")
    full = loads(SketchResult, web.http.get(f"/v1/jobs/{job}/result").content)
    simpler = loads(SketchResult, web.http.get(f"/v1/jobs/{job}/result?simplicity=0.5").content)
    assert simpler == full.simplified(0.5)
    problem(web.http.get(f"/v1/jobs/{job}/result?simplicity=1.5"), "bad-request", 400)


def test_a_result_that_is_simplified_already_stays(web):
    job = submit(web, "plain", simplicity=0.3).json()["id"]
    web.http.get(f"/v1/jobs/{job}/events")
    assert "simplicity 0" in problem(web.http.get(f"/v1/jobs/{job}/result?simplicity=0.5"), "conflict", 409)


def test_events_go_on_after_the_last_one_seen(web):
    job, _ = finished(web, "plain")
    text = web.http.get(f"/v1/jobs/{job}/events", headers={"Last-Event-ID": "1000002"}).text
    assert [number for number, _, _ in parsed_events(text.split("\n"))] == ["1000003", "1000004", "1999999"]
    assert web.http.get(f"/v1/jobs/{job}/events", headers={"Last-Event-ID": "1999999"}).status_code == 204
    problem(web.http.get("/v1/jobs/none/events"), "not-found", 404)


def test_the_same_key_gives_the_same_job(web):
    first, second = submit(web, "plain", "key", seed=1), submit(web, "plain", "key", seed=1)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["id"] == second.json()["id"]
    assert submit(web, "plain", seed=1).json()["id"] != first.json()["id"]
    problem(submit(web, "plain", "key", seed=2), "conflict", 409)


@pytest.mark.parametrize(
    "body",
    [
        "{}", "[]", "nonsense", '{"image": 5}', '{"image": "x", "settings": {"strokes": 0}}',
        '{"image": "x", "settings": {"steps": "many"}}', '{"image": "x", "settings": {"seed": -1}}',
    ],
)  # fmt: skip
def test_requests_that_are_wrong_are_refused_with_a_sentence(web, body):
    problem(web.http.post("/v1/jobs", content=body, headers={"Content-Type": "application/json"}), "bad-request", 400)


def test_requests_for_what_is_not_here_are_refused(web):
    until(lambda: web.house.jobs.capabilities)
    problem(web.http.post("/v1/jobs", json={"image": "0" * 64}), "not-found", 404)
    problem(submit(web, mask="0" * 64), "not-found", 404)
    answer = submit(web, style="no-such-style")
    assert "technical-pen" in problem(answer, "not-found", 404)
    assert answer.json()["phrase"]["pattern"] == "There is no style pack named '{name}'. Installed packs: {names}."
    assert answer.json()["phrase"]["values"]["name"] == "no-such-style"
    assert "classical" in problem(submit(web, guidance="tarot"), "bad-request", 400)
    assert "cpu" in problem(submit(web, device="cuda:9"), "bad-request", 400)
    assert "fake" in problem(submit(web, rasterizer="abacus"), "bad-request", 400)
    body = {"image": web.sent, "recipe": "soup"}
    assert "object" in problem(web.http.post("/v1/jobs", json=body), "bad-request", 400)
    assert submit(web, mask=web.sent).status_code == 201


@pytest.mark.parametrize(
    ("mode", "code", "said"),
    [
        ("refuse", "bad-request", "No lines were found"), ("bug", "internal", "the log"), ("memory", "out-of-memory", "memory"),
        ("disk", "out-of-disk", "disk is full"),
    ],
)  # fmt: skip
def test_jobs_that_fail_say_why(web, mode, code, said):
    job, info = finished(web, mode)
    assert info.state == "failed" and info.error.code == code and said in info.error.detail
    text = web.http.get(f"/v1/jobs/{job}/events").text
    assert list(parsed_events(text.split("\n")))[-1][1:] == ("failed", to_json(info.error))
    assert Note(info.error.phrase.pattern, **info.error.phrase.values) == info.error.detail
    asked = web.http.get(f"/v1/jobs/{job}/result")
    assert said in problem(asked, "conflict", 409)
    assert asked.json()["phrase"]["within"]["why"] == to_json(info.error.phrase)


def test_a_full_disk_at_the_end_of_a_job_leaves_no_half_result(web, monkeypatch, tmp_path):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("backend.core.files.os.fsync", full)
        _, info = finished(web, "plain")
    assert info.state == "failed" and info.error.code == "out-of-disk"
    assert list((tmp_path / "results").iterdir()) == []


def test_ended_jobs_can_be_removed(web, tmp_path):
    job, _ = finished(web, "plain")
    assert (tmp_path / "results" / job).is_dir()
    assert web.http.delete(f"/v1/jobs/{job}").status_code == 204
    assert not (tmp_path / "results" / job).exists()
    problem(web.http.get(f"/v1/jobs/{job}"), "not-found", 404)
    problem(web.http.delete(f"/v1/jobs/{job}"), "not-found", 404)


def test_jobs_that_wait_or_run_have_no_result_and_stay(web, tmp_path):
    gate = tmp_path / "gate"
    first, second = (submit(web, f"wait|{gate}").json()["id"] for _ in range(2))
    until(lambda: web.http.get(f"/v1/jobs/{first}").json()["stage"] == "waiting")
    for job in (first, second):
        problem(web.http.get(f"/v1/jobs/{job}/result"), "conflict", 409)
        problem(web.http.delete(f"/v1/jobs/{job}"), "conflict", 409)
    assert web.http.get("/v1/health").json()["queue"] == 2
    gate.touch()
    until(lambda: web.http.get(f"/v1/jobs/{second}").json()["state"] == "finished")


def test_waiting_and_running_jobs_can_be_cancelled(web, tmp_path):
    first, second = (submit(web, f"wait|{tmp_path / 'never'}").json()["id"] for _ in range(2))
    until(lambda: web.http.get(f"/v1/jobs/{first}").json()["stage"] == "waiting")
    worker = web.house.jobs.worker_pid
    for job in (second, first):
        assert web.http.post(f"/v1/jobs/{job}/cancel").status_code == 202
    until(lambda: {entry["state"] for entry in web.http.get("/v1/jobs").json()} == {"cancelled"})
    events = list(parsed_events(web.http.get(f"/v1/jobs/{first}/events").text.split("\n")))
    assert events[-1][1:] == ("cancelled", {})
    assert web.house.jobs.worker_pid == worker, "a task that stops by itself keeps its process"
    assert web.http.post(f"/v1/jobs/{first}/cancel").json()["state"] == "cancelled"
    problem(web.http.post("/v1/jobs/none/cancel"), "not-found", 404)
    assert finished(web, "plain")[1].state == "finished"


def test_a_full_disk_under_the_database_is_told_and_passes(web):
    database = web.house.jobs.store._database
    pages = database.execute("PRAGMA page_count").fetchone()[0]
    database.execute(f"PRAGMA max_page_count = {pages + 1}")
    problem(submit(web, "plain" + " " * 100_000), "out-of-disk", 507)
    database.execute("PRAGMA max_page_count = 1000000")
    assert finished(web, "plain")[1].state == "finished"
