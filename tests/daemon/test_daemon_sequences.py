"""A sequence as a job: a drawing for each uploaded frame, the same stroke under the same number in all of them."""

import hashlib
import shutil
from dataclasses import replace

import cv2
import numpy as np
import pytest
from daemon_process import parsed_events, problem, until
from PIL import Image
from stylesketch_ext.wire.codec import dumps, loads
from stylesketch_ext.wire.messages import DrawingData, JobInfo, SequenceRequest, SequenceResult, SketchSettings

from backend.core.work import completed
from backend.daemon.frames import FrameReady
from backend.daemon.images import KeptPicture
from backend.daemon.sequence import SequenceOrder, draw_sequence
from backend.daemon.sequence_task import draw
from backend.perception.frames import Clip
from backend.places import Places
from backend.recipes.sequence_notebook import Notebook

SETTINGS = SketchSettings(strokes=6, steps=0, mask="none", device="cpu")


def submit(web, title="", key="", images=None, **settings):
    body = {"images": images or [web.sent] * 3, "title": title, "settings": settings}
    return web.http.post("/v1/sequences", json=body, headers={"Idempotency-Key": key} if key else {})


def ended(web, job):
    """The events of a job, once it has ended."""
    return list(parsed_events(web.http.get(f"/v1/jobs/{job}/events").text.split("\n")))


def test_a_sequence_is_a_job_with_a_drawing_for_each_frame(web):
    answer = submit(web, "plain", mask=web.sent)
    job = answer.json()["id"]
    assert (answer.status_code, answer.headers["location"]) == (201, f"/v1/jobs/{job}")
    events = ended(web, job)
    assert events[-1][1] == "finished" and any(data.get("preview") == "picture" for _id, _kind, data in events)
    result = loads(SequenceResult, web.http.get(f"/v1/jobs/{job}/result").content)
    assert len(result.frames) == result.count == 3 and result.job == job and result.frames[0].width > 0
    paged = loads(SequenceResult, web.http.get(f"/v1/jobs/{job}/result?frames=false").content)
    assert paged == replace(result, frames=[])
    frames = [loads(DrawingData, web.http.get(f"/v1/jobs/{job}/frames/{number}").content) for number in (1, 2, 3)]
    assert frames == result.frames and [frame.run for frame in frames] == ["0-f000", "0-f001", "0-f002"]
    assert "no frame 4" in problem(web.http.get(f"/v1/jobs/{job}/frames/4"), "not-found", 404)
    assert web.http.get(f"/v1/jobs/{job}/result.svg").text == f"<svg>{web.sent}</svg>"
    assert web.http.get(f"/v1/jobs/{job}/preview.png").content == b"PNG"
    info = loads(JobInfo, web.http.get(f"/v1/jobs/{job}").content)
    assert info.request is None and len(info.sequence.images) == 3


def test_frames_that_are_too_much_for_one_answer_are_fetched_one_by_one(web, monkeypatch):
    job = submit(web, "plain").json()["id"]
    assert ended(web, job)[-1][1] == "finished"
    monkeypatch.setattr("backend.daemon.result_files.WHOLE", 100)
    assert "frames=false" in problem(web.http.get(f"/v1/jobs/{job}/result"), "bad-request", 400)
    assert loads(SequenceResult, web.http.get(f"/v1/jobs/{job}/result?frames=false").content).count == 3
    assert loads(DrawingData, web.http.get(f"/v1/jobs/{job}/frames/3").content).run == "0-f002"


def test_frames_go_with_their_job(web, tmp_path):
    job = submit(web, "plain").json()["id"]
    assert ended(web, job)[-1][1] == "finished"
    assert web.http.delete(f"/v1/jobs/{job}").status_code == 204
    assert list((tmp_path / "results").iterdir()) == []
    problem(web.http.get(f"/v1/jobs/{job}/frames/1"), "not-found", 404)


def test_a_sequence_whose_frames_are_gone_says_so(web, tmp_path):
    job = submit(web, "plain").json()["id"]
    ended(web, job)
    (tmp_path / "results" / f"{job}.frames" / "2.json").unlink()
    assert "are gone" in problem(web.http.get(f"/v1/jobs/{job}/result"), "not-found", 404)
    assert loads(SequenceResult, web.http.get(f"/v1/jobs/{job}/result?frames=false").content).count == 3


def test_a_result_of_an_earlier_version_holds_its_frames(web, tmp_path):
    job = submit(web, "plain").json()["id"]
    assert ended(web, job)[-1][1] == "finished"
    whole = web.http.get(f"/v1/jobs/{job}/result").content
    (tmp_path / "results" / job / "result.json").write_bytes(whole)
    shutil.rmtree(tmp_path / "results" / f"{job}.frames")
    for query in ("", "?frames=false"):
        assert len(loads(SequenceResult, web.http.get(f"/v1/jobs/{job}/result{query}").content).frames) == 3


def test_a_canceled_sequence_has_no_result(web, tmp_path):
    job = submit(web, f"wait|{tmp_path / 'never'}").json()["id"]
    until(lambda: web.http.get(f"/v1/jobs/{job}").json()["stage"] == "waiting")
    web.http.post(f"/v1/jobs/{job}/cancel")
    assert ended(web, job)[-1][1] == "cancelled"
    problem(web.http.get(f"/v1/jobs/{job}/result"), "conflict", 409)


def test_a_sequence_whose_worker_dies_is_drawn_again(web, tmp_path):
    job = submit(web, f"die-once|{tmp_path / 'died'}").json()["id"]
    assert ended(web, job)[-1][1] == "finished"


def test_the_same_key_gives_the_same_sequence(web):
    first, second = (submit(web, "plain", key="k") for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["id"] == second.json()["id"]


def test_sequences_that_are_wrong_are_refused_with_a_sentence(web):
    assert "2 to 500 frames" in problem(submit(web, images=[web.sent]), "bad-request", 400)
    assert "is not here" in problem(submit(web, images=[web.sent, "0" * 64]), "not-found", 404)
    assert "is not here" in problem(submit(web, mask="0" * 64), "not-found", 404)
    assert "gone" in problem(submit(web, style="gone"), "not-found", 404)


@pytest.fixture
def frames(tmp_path):
    """A box that moves to the right by 3 px a frame, uploaded; the last frame twice as large."""
    kept = []
    for number in range(4):
        pixels = np.full((60, 80, 3), 225, np.uint8)
        cv2.rectangle(pixels, (15 + 3 * number, 15), (50 + 3 * number, 45), (40, 30, 90), -1)
        cv2.rectangle(pixels, (15 + 3 * number, 15), (50 + 3 * number, 24), (200, 160, 40), -1)
        if number == 3:
            pixels = cv2.resize(pixels, (160, 140))
        path = tmp_path / f"picture {number}"
        Image.fromarray(pixels).save(path, "PNG")
        kept.append(KeptPicture(path, pixels.shape[1], pixels.shape[0]))
    return kept


def places(tmp_path):
    return Places(tmp_path / "data", tmp_path / "state").create()


def request_for(frames):
    return SequenceRequest([hashlib.sha256(frame.path.read_bytes()).hexdigest() for frame in frames], SETTINGS, "box")


def test_networks_are_looked_for_where_the_daemon_keeps_them(frames, tmp_path):
    clip, where = Clip(tuple(frame.path for frame in frames[:2]), 1.0), places(tmp_path)
    made = completed(draw_sequence(SequenceOrder(clip, SETTINGS, where.packs, where)))
    assert made.pool.places == where


def drawn(request, frames, mask, where):
    """What the task of a sequence brings, with the frames that it yields, and its progress."""
    events = []
    made = completed(draw(request, frames, mask, where), events.append)
    ready = [event for event in events if isinstance(event, FrameReady)]
    assert made.result.frames == [] and [event.number for event in ready] == list(range(1, made.result.count + 1))
    told = [event for event in events if not isinstance(event, FrameReady)]
    return replace(made, result=replace(made.result, frames=[event.drawing for event in ready])), told


def left(drawing, index):
    [path] = [path for layer in drawing.layers for path in layer.paths if path.index == index]
    return min(x for x, _y in path.points)


def test_strokes_keep_their_numbers_and_lie_on_their_own_frame(frames, tmp_path):
    made, events = drawn(request_for(frames), frames, None, places(tmp_path))
    result = made.result
    assert [(drawing.width, drawing.height) for drawing in result.frames] == [(80, 60)] * 3 + [(160, 140)]
    outermost = min(range(2), key=lambda index: left(result.frames[0], index))
    assert left(result.frames[2], outermost) - left(result.frames[0], outermost) == pytest.approx(6, abs=1.5)
    assert left(result.frames[3], outermost) == pytest.approx(2 * 24, abs=4)  # in px of the larger picture
    names = [{path.id for layer in drawing.layers for path in layer.paths} for drawing in result.frames]
    assert names[0] & names[1] == set() and all("-f001-s0" in name for name in names[1])
    assert any(event.preview for event in events) and 'inkscape:label="frame 3"' in made.svg
    assert result.frame(1).image == result.request.images[1] and result.frame(1).recipe == "sequence"


def test_a_stopped_sequence_goes_on_and_ends_the_same(frames, tmp_path, monkeypatch):
    whole, _events = drawn(request_for(frames), frames, None, places(tmp_path))
    add = Notebook.add

    def stopped(self, page):
        add(self, page)
        if page.number == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(Notebook, "add", stopped)
    with pytest.raises(KeyboardInterrupt):
        completed(draw(request_for(frames), frames, None, places(tmp_path)))
    monkeypatch.setattr(Notebook, "add", add)
    resumed, _events = drawn(request_for(frames), frames, None, places(tmp_path))
    assert resumed.result.kept == 2
    assert dumps(replace(resumed.result, kept=0, seconds={})) == dumps(replace(whole.result, seconds={}))
    shutil.rmtree(tmp_path / "data")


def test_the_mask_of_the_first_frame_counts(frames, tmp_path):
    mask = tmp_path / "mask"
    pixels = np.zeros((60, 80), np.uint8)
    pixels[10:50, 10:56] = 255
    Image.fromarray(pixels).save(mask, "PNG")
    request = replace(request_for(frames[:3]), settings=replace(SETTINGS, mask="ab" * 32))
    made, _events = drawn(request, frames[:3], mask, places(tmp_path))
    assert {layer.name for layer in made.result.frames[0].layers} == {"frame"}
    assert {path.region for path in made.result.frames[0].layers[0].paths} == {"object"}


def test_a_frame_that_is_gone_is_told(frames, tmp_path):
    frames[1].path.unlink()
    with pytest.raises(Exception, match="Choose the pictures again"):
        completed(draw(SequenceRequest(["ab"] * 4), frames, None, places(tmp_path)))
