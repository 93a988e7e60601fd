"""What was found out is known for some time, and then looked for again."""

from backend.remembered import LATELY, Remembered


def test_what_was_noted_is_known_for_some_time_however_often_it_is_looked_up():
    times = [0.0]
    remembered = Remembered[str](60.0, lambda: times[0])
    remembered.note("a", "one")
    for moment, expected in ((0.0, "one"), (30.0, "one"), (59.9, "one"), (60.0, None), (61.0, None)):
        times[0] = moment
        assert remembered.known("a") == expected
        assert remembered.known("b") is None
    remembered.note("a", "two")
    times[0] += 59.0
    assert remembered.known("a") == "two"


def test_it_is_some_minutes():
    assert 60 <= LATELY <= 3600
