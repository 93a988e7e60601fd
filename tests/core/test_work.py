import pytest

from backend.core.drawing import Layer, StrokeNote
from backend.core.image import Framing
from backend.core.strokes import Strokes
from backend.core.work import Progress, completed, mapped


def test_completed_returns_the_result_and_reports_every_step():
    def work():
        yield Progress("first", 0.1)
        yield Progress("second", 0.9)
        return "done"

    seen = []
    assert completed(work(), lambda progress: seen.append(progress.stage)) == "done"
    assert seen == ["first", "second"]


def test_an_error_while_reporting_closes_the_work():
    ended = []

    def work():
        try:
            yield Progress("first", 0.1)
        finally:
            ended.append(True)

    def fail(progress):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        completed(work(), fail)
    assert ended


def test_mapped_work_tells_its_progress_otherwise_and_closes_what_it_drives():
    ended = []

    def work():
        try:
            yield Progress("first", 0.0)
            yield Progress("second", 0.5)
            return "done"
        finally:
            ended.append(True)

    def later():
        return mapped(work(), lambda progress: progress.within(0.2, 0.6))

    seen = []
    assert completed(later(), lambda progress: seen.append((progress.stage, progress.done))) == "done"
    assert seen == [("first", 0.2), ("second", pytest.approx(0.4))]
    begun = later()
    next(begun)
    begun.close()
    assert ended == [True, True]


def test_a_layer_has_one_note_per_stroke():
    with pytest.raises(AssertionError, match="one note per stroke"):
        Layer("object", Framing((9, 9), (9, 9)), Strokes.build([], 1.0), (StrokeNote("contour", "object", 1.0),))
