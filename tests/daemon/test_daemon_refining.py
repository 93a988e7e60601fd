"""Sketches that are drawn on, as jobs, and the work itself."""

from dataclasses import replace

import pytest
from daemon_process import parsed_events, problem
from PIL import Image
from stylesketch_ext.wire.codec import loads, to_json
from stylesketch_ext.wire.messages import JobInfo, RefineRequest, SketchResult, SketchSettings, StrokeData

from backend.core.errors import BadRequest
from backend.core.work import completed
from backend.daemon.refining import draw_on, known_strokes, refine, run_name
from backend.daemon.sketching import Sources

FREE = StrokeData("a", [(10.0, 10.0), (20.0, 10.0), (30.0, 20.0), (40.0, 20.0)])
HELD = replace(FREE, id="b", locked=True, widths=[1.0, 3.0])


def submitted(web, **changes):
    picture = web.http.post("/v1/images", content=b"64x48").json()["sha256"]
    request = RefineRequest(picture, [FREE, HELD], SketchSettings(style="engraving"), title="plain")
    return web.http.post("/v1/refinements", json=to_json(replace(request, **changes))), picture


def test_a_refinement_is_a_job_like_others(web):
    answer, picture = submitted(web)
    job = answer.json()["id"]
    assert (answer.status_code, answer.headers["location"]) == (201, f"/v1/jobs/{job}")
    events = list(parsed_events(web.http.get(f"/v1/jobs/{job}/events").text.split("\n")))
    assert events[-1][1] == "finished"
    result = loads(SketchResult, web.http.get(f"/v1/jobs/{job}/result").content)
    assert (result.removed, result.title, result.job) == (["a"], picture, job)
    assert loads(JobInfo, web.http.get(f"/v1/jobs/{job}").content).refine.strokes == [FREE, HELD]


def test_taking_away_needs_no_picture(web):
    answer, _ = submitted(web, image="", redraw=False, more=-1)
    job = answer.json()["id"]
    web.http.get(f"/v1/jobs/{job}/events")
    assert loads(SketchResult, web.http.get(f"/v1/jobs/{job}/result").content).title == ""


@pytest.mark.parametrize(
    ("changes", "code", "status"),
    [
        ({"image": "0" * 64}, "not-found", 404),
        ({"settings": SketchSettings(style="engraving", mask="0" * 64)}, "not-found", 404),
        ({"settings": SketchSettings(style="nothing")}, "not-found", 404),
    ],
)
def test_what_is_not_here_is_told_before_anything_is_done(web, changes, code, status):
    problem(submitted(web, **changes)[0], code, status)


@pytest.fixture
def picture(tmp_path):
    image = Image.new("RGB", (120, 90), "white")
    for x in range(10, 110, 20):
        image.paste((0, 0, 0), (x, 10, x + 3, 80))
    image.save(tmp_path / "bars.png")
    return tmp_path / "bars.png"


def asked(**changes):
    settings = SketchSettings(mask="none", steps=1, device="cpu")
    return replace(RefineRequest("ab" * 32, [FREE, HELD], settings, redraw=False, more=3, title="bars"), **changes)


def test_the_work_brings_the_new_strokes_and_a_picture_of_all(picture, tmp_path):
    finished = completed(draw_on(asked(), Sources(picture, tmp_path)))
    [layer] = finished.result.drawing.layers
    assert [path.index for path in layer.paths] == [1, 2, 3]
    assert finished.result.recipe == "refine" and finished.result.removed == []
    assert all(path.id.startswith(f"ss-{run_name(asked())}-s00") for path in layer.paths)
    assert finished.svg.count("<path ") == 3
    again = completed(draw_on(asked(title="other"), Sources(picture, tmp_path)))
    assert again.result.drawing == finished.result.drawing and again.preview == finished.preview


def test_the_kept_strokes_keep_their_widths(picture, tmp_path):
    made = completed(refine(asked(), Sources(picture, tmp_path)))
    kept = made.whole.layers[0].strokes
    assert kept.widths.tolist() == [[1.0, 1.0], [1.0, 3.0]]


def test_what_cannot_be_done_is_told(picture, tmp_path):
    with pytest.raises(BadRequest, match="only 1 strokes"):
        completed(refine(asked(more=-2), Sources(picture, tmp_path)))


def test_parts_of_one_element_stay_together():
    known = known_strokes([FREE, HELD, replace(FREE, id="a")])
    assert known.of == (0, 1, 0) and [each.id for each in known.elements] == ["a", "b"]
