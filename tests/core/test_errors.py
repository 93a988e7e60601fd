import pickle

import pytest

from backend.core import errors
from backend.core.notes import Note, pattern_of

DRAWN = [line.split() for line in errors.__doc__.splitlines() if "──" in line]


@pytest.mark.parametrize("row", DRAWN, ids=lambda row: row[-4])
def test_each_error_is_as_the_tree_draws_it(row):
    name, code, status, exit_code = next((row[i : i + 4] for i, part in enumerate(row) if part.isalpha()))
    kind = getattr(errors, name)
    assert (kind.code, kind.status, kind.exit_code) == (code, int(status), int(exit_code))


def test_the_tree_draws_every_error():
    assert len(DRAWN) == len(errors.ERRORS_BY_CODE)
    assert set(errors.ERRORS_BY_CODE.values()) == {
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.StyleSketchError) and kind is not errors.StyleSketchError
    }


def test_an_error_reads_as_its_sentence():
    assert str(errors.BadImage("This is no picture.")) == "This is no picture."


def test_an_error_knows_what_its_sentence_is_made_of_in_other_processes_too():
    pattern, values = "The file {name} has {count} errors.", {"name": "a{b}.png", "count": "3"}
    made = errors.BadImage(pattern, name="a{b}.png", count=3)
    for error in (made, errors.BadPack(made.sentence), pickle.loads(pickle.dumps(made))):
        assert str(error) == "The file a{b}.png has 3 errors." and pattern_of(error.sentence) == (pattern, values)
    assert errors.BadPack(Note("A note.")).sentence == "A note."
    assert str(errors.BadPack("What is {in} it?")) == "What is {in} it?"


def test_an_image_too_large_is_a_bad_image_and_a_bad_request():
    assert issubclass(errors.ImageTooLarge, errors.BadImage)
    assert issubclass(errors.BadImage, errors.BadRequest)
