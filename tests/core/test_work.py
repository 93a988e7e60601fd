import pytest

from backend.core.drawing import Layer, StrokeNote
from backend.core.image import Framing
from backend.core.strokes import Strokes
from backend.core.work import Progress, completed


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


def test_a_layer_has_one_note_per_stroke():
    with pytest.raises(AssertionError, match="one note per stroke"):
        Layer("object", Framing((9, 9), (9, 9)), Strokes.build([], 1.0), (StrokeNote("contour", "object", 1.0),))
