"""The plane of finished sketches: what is shown where, and rows that arrive while it is looked at."""

import time
from dataclasses import replace

import pytest
from fake_engine import FakeEngine, ring
from stylesketch_ext.client import BackendClient
from stylesketch_ext.failures import Cancelled, Failure
from stylesketch_ext.plane import Plane, stroke_count
from stylesketch_ext.rows_job import RowsJob
from stylesketch_ext.wire.messages import DrawingData, LayerData, MatrixRequest, SketchResult, SketchSettings


def sketch(fidelity=1.0, strokes=24, image="ab" * 32, recipe="scene"):
    drawing = DrawingData(40, 30, [LayerData("object", ring(40, 30, strokes))], "0123abcd")
    settings = SketchSettings(strokes=strokes, fidelity=fidelity)
    return SketchResult(drawing, image, "cat.png", recipe, settings, "Pen", "classical", "cpu", "fast", 3, "0.1.0")


def names(result):
    return [path.id for layer in result.drawing.layers for path in layer.paths]


def test_a_simpler_sketch_is_the_beginning_of_the_full_one():
    plane = Plane([sketch()])
    shown = [names(plane.shown(1.0, simplicity)[0]) for simplicity in (0.0, 0.3, 0.7, 1.0)]
    assert [len(each) for each in shown] == [24, 14, 7, 4]
    assert all(shown[0][: len(each)] == each for each in shown)


def test_the_nearest_row_is_shown_and_rows_count_once_every_picture_has_them():
    plane = Plane([sketch(), sketch()])
    plane.add(0, sketch(0.5, 12))
    assert plane.fidelities == [1.0]
    assert plane.nearest(0.5) == 1.0
    plane.add(1, sketch(0.5, 8))
    assert plane.fidelities == [1.0, 0.5]
    assert plane.nearest(0.6) == 0.5
    assert plane.nearest(0.75) == 1.0
    assert list(map(stroke_count, plane.shown(0.6, 0.0))) == [12, 8]


@pytest.mark.parametrize(
    ("first", "missing"), [(1.0, [2 / 3, 1 / 3, 0.0]), (0.0, [1 / 3, 2 / 3, 1.0]), (0.5, [2 / 3, 1 / 3, 1.0, 0.0])]
)
def test_the_rows_that_are_missing_begin_near_the_first(first, missing):
    assert Plane([sketch(first)]).missing == pytest.approx(missing)


def test_the_whole_plane_goes_from_precise_and_detailed_to_loose_and_sparse():
    plane = Plane([sketch(0.5)])
    plane.add(0, sketch(1.0, 30))
    whole = plane.whole(0)
    assert [(each.settings.fidelity, round(each.settings.simplicity, 2)) for each in whole] == [
        (fidelity, simplicity) for fidelity in (1.0, 0.5) for simplicity in (0.0, 0.33, 0.67, 1.0)
    ]
    assert [stroke_count(each) for each in whole[:4]] == sorted((stroke_count(each) for each in whole[:4]), reverse=True)


@pytest.fixture
def engine():
    with FakeEngine() as fake:
        fake.client = BackendClient("127.0.0.1", fake.port, "secret")
        fake.names = [fake.client.upload(_png(size)).sha256 for size in (40, 44)]
        yield fake


def _png(side):
    from fake_engine import png

    return png(side, side, lambda x, y: 255)


def rows_job(engine, pictures=1, fidelities=(0.5, 0.0)):
    sketches = [sketch(image=name) for name in engine.names[:pictures]]
    plane = Plane(sketches)
    job = RowsJob(lambda tell, stopped: engine.client, plane, fidelities)
    job.start()
    return job, plane


def ended(job):
    job.join(20)
    assert not job.is_alive()


@pytest.mark.parametrize("pictures", [1, 2])
def test_rows_come_into_the_plane(engine, pictures):
    job, plane = rows_job(engine, pictures)
    ended(job)
    assert job.failure is None
    assert plane.fidelities == [1.0, 0.5, 0.0]
    assert list(map(stroke_count, plane.shown(0.5, 0.0))) == [10] * pictures
    asked = list(engine.jobs.values())
    assert [type(request) for request in asked] == [MatrixRequest] * pictures
    assert [request.sketch.image for request in asked] == engine.names[:pictures]
    assert asked[0].sketch == replace(asked[0].sketch, settings=plane.sketches[0].settings, title="cat.png", recipe="scene")


def test_a_row_is_there_before_the_others(engine):
    engine.mode, engine.seconds = "slow", 3.0
    job, plane = rows_job(engine)
    limit = time.monotonic() + 10
    while plane.fidelities == [1.0] and time.monotonic() < limit:
        time.sleep(0.02)
    assert plane.fidelities == [1.0, 0.5]
    assert job.is_alive()
    job.cancel()
    ended(job)
    assert engine.cancelled == {"job1"}
    assert job.cancelled
    assert plane.fidelities == [1.0, 0.5]


def test_where_a_row_cannot_be_fetched_no_more_are_drawn(engine, monkeypatch):
    def lost(client, job, number):
        raise Failure("The row is lost.")

    monkeypatch.setattr(BackendClient, "row", lost)
    engine.mode, engine.seconds = "slow", 3.0
    job, _plane = rows_job(engine)
    ended(job)
    assert str(job.failure) == "The row is lost." and engine.cancelled == {"job1"}


def test_a_failure_of_the_engine_is_kept_and_the_rows_stay(engine):
    engine.mode = "fails"
    job, plane = rows_job(engine)
    ended(job)
    assert "not enough memory" in str(job.failure)
    assert plane.fidelities == [1.0]


def test_a_job_that_is_canceled_at_once_asks_for_nothing(engine):
    def connect(tell, stopped):
        raise Cancelled()

    job = RowsJob(connect, Plane([sketch()]), [0.5])
    job.cancel()
    job.start()
    ended(job)
    assert job.cancelled and not engine.jobs
