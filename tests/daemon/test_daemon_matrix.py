"""The matrix of a scene as a job: its rows are there before it has ended."""

import itertools
import json
from dataclasses import replace

import pytest
from daemon_process import parsed_events, problem, until
from PIL import Image
from stylesketch_ext.wire.codec import dumps, loads, to_json
from stylesketch_ext.wire.messages import JobInfo, MatrixRequest, MatrixResult, SketchRequest, SketchResult, SketchSettings

from backend.core.work import completed
from backend.daemon.matrix import draw_matrix, draw_rows
from backend.daemon.rows import RowReady
from backend.daemon.sketching import Sources, draw
from tests.pictures import file_of
from tests.recipes.test_scene_sketch import ball, landscape

SKETCH = SketchRequest("ab" * 32, SketchSettings(strokes=24, steps=1, device="cpu"), "scene", "Ball")


def submit(web, title="", fidelities=(1.0, 0.5, 0.0), recipe="scene", **headers):
    body = {"sketch": {"image": web.sent, "title": title, "recipe": recipe}, "fidelities": list(fidelities)}
    return web.http.post("/v1/matrices", json=body, headers=headers)


def rows(web, job, count):
    """The first rows as the daemon gives them, while it draws."""
    found = [web.http.get(f"/v1/jobs/{job}/rows/{number + 1}") for number in range(count)]
    return [loads(SketchResult, row.content).settings.fidelity if row.status_code == 200 else None for row in found]


def test_rows_can_be_fetched_while_the_others_are_drawn(web, tmp_path):
    gate = tmp_path / "gate"
    job = submit(web, f"wait|{gate}").json()["id"]
    until(lambda: web.http.get(f"/v1/jobs/{job}").json()["stage"] == "waiting")
    assert rows(web, job, 3) == [1.0, None, None]
    problem(web.http.get(f"/v1/jobs/{job}/rows/2"), "not-found", 404)
    gate.touch()
    events = list(parsed_events(web.http.get(f"/v1/jobs/{job}/events").text.split("\n")))
    assert events[-1][1] == "finished"
    assert max(data["rows"] for _id, kind, data in events if kind == "progress") == 3
    assert all("row" not in data for _id, kind, data in events if kind == "progress")
    assert rows(web, job, 3) == [1.0, 0.5, 0.0]
    result = loads(MatrixResult, web.http.get(f"/v1/jobs/{job}/result").content)
    assert [row.settings.fidelity for row in result.rows] == [1.0, 0.5, 0.0] and result.job == job
    info = loads(JobInfo, web.http.get(f"/v1/jobs/{job}").content)
    assert info.request is None and info.matrix.fidelities == [1.0, 0.5, 0.0]


def test_the_rows_of_a_canceled_matrix_stay_until_it_is_removed(web, tmp_path):
    job = submit(web, f"wait|{tmp_path / 'never'}").json()["id"]
    until(lambda: rows(web, job, 1) == [1.0])
    web.http.post(f"/v1/jobs/{job}/cancel")
    until(lambda: web.http.get(f"/v1/jobs/{job}").json()["state"] == "cancelled")
    assert rows(web, job, 2) == [1.0, None]
    assert web.http.delete(f"/v1/jobs/{job}").status_code == 204
    assert list((tmp_path / "results").iterdir()) == []
    problem(web.http.get(f"/v1/jobs/{job}/rows/1"), "not-found", 404)


def test_a_matrix_whose_worker_dies_is_drawn_again(web, tmp_path):
    job = submit(web, f"die-once|{tmp_path / 'died'}").json()["id"]
    web.http.get(f"/v1/jobs/{job}/events")
    assert web.http.get(f"/v1/jobs/{job}").json()["state"] == "finished"
    assert rows(web, job, 3) == [1.0, 0.5, 0.0]


def test_the_same_key_gives_the_same_matrix(web):
    first, second = (submit(web, "plain", **{"Idempotency-Key": "k"}) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["id"] == second.json()["id"]


@pytest.mark.parametrize(("changes", "said"), [({"fidelities": []}, "1 to 12"), ({"fidelities": [2]}, "between 0 and 1")])
def test_matrices_that_are_wrong_are_refused_with_a_sentence(web, changes, said):
    assert said in problem(submit(web, **changes), "bad-request", 400)
    assert "must be 'scene'" in problem(submit(web, recipe="object"), "bad-request", 400)


def test_a_matrix_of_what_is_not_here_is_refused(web):
    web.sent = "0" * 64
    problem(submit(web), "not-found", 404)


def strokes_of(result):
    """The strokes, without their names."""
    return {json.dumps(to_json(path.points)) for layer in result.drawing.layers for path in layer.paths}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """The sources of a scene, and its rows as the worker's task gives them: (events, result)."""
    folder = tmp_path_factory.mktemp("scene")
    (folder / "scene.png").write_bytes(file_of(Image.fromarray(landscape()), "PNG"))
    (folder / "mask.png").write_bytes(file_of(Image.fromarray(ball()[0, 0].numpy().astype("uint8") * 255), "PNG"))
    sources, events = Sources(folder / "scene.png", folder, folder / "mask.png"), []
    result = completed(draw_rows(MatrixRequest(SKETCH, [0.2, 1.0]), sources), events.append)
    return sources, events, result


def test_a_row_is_what_its_request_draws(drawn):
    sources, _events, result = drawn
    for row, fidelity in zip(result.rows, (0.2, 1.0), strict=True):
        wanted = replace(SKETCH, settings=replace(SKETCH.settings, fidelity=fidelity))
        alone = completed(draw(wanted, sources, previews=False)).result
        assert dumps(row.drawing) == dumps(alone.drawing)
        assert (row.settings, row.notes, row.title, row.fewest) == (alone.settings, alone.notes, "Ball", alone.fewest)


def test_each_row_is_told_when_it_is_ready(drawn):
    _sources, events, result = drawn
    assert [event.row for event in events if isinstance(event, RowReady)] == result.rows
    told = [event.told if isinstance(event, RowReady) else event for event in events]
    assert [event.done for event in told] == sorted(event.done for event in told)
    assert [event.rows for event in told] == sorted(event.rows for event in told)
    assert told[-1].rows == 2 and told[-1].done <= 1


def test_each_cell_of_a_row_is_a_part_of_its_left_neighbor(drawn):
    sources, _events, _result = drawn
    cells = completed(draw_matrix(SKETCH, sources, (2, 4), 48))
    assert [cell.result.settings.fidelity for row in cells for cell in row[:1]] == [1.0, 0.0]
    for row in cells:
        shapes = [strokes_of(cell.result) for cell in row]
        assert [len(found) for found in shapes] == sorted((len(found) for found in shapes), reverse=True)
        assert len(shapes[0]) > len(shapes[-1]) > 0
        for more, fewer in itertools.pairwise(shapes):
            assert fewer <= more


def test_two_matrices_are_the_same_bytes(drawn):
    sources, _events, result = drawn
    again = completed(draw_rows(MatrixRequest(SKETCH, [0.2, 1.0]), sources))
    assert [dumps(row.drawing) for row in again.rows] == [dumps(row.drawing) for row in result.rows]
