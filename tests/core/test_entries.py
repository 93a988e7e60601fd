import sys
from dataclasses import dataclass

import pytest

from backend.core import entries
from backend.core.entries import WrongEntry, read_table, write_table

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@dataclass(frozen=True)
class Inner:
    share: float = entries.number(0.5, 0, 1)
    angles: tuple[float, ...] = entries.several((45.0,), entries.number_rule(-180, 180), 1, 3)
    found: float | None = entries.number(None, 0, 9)


@dataclass(frozen=True)
class Outer:
    title: str = entries.text(None, 20)
    note: str = entries.text("", 20)
    count: int = entries.whole(3, 1, 9)
    bold: bool = entries.switch(False)
    kind: str = entries.choice("dog", ("dog", "cat"))
    paper: entries.Color = entries.color((1.0, 1.0, 1.0))
    inner: Inner = Inner()


FULL = Outer('A "quoted" ä', "x", 5, True, "cat", (0.0, 51 / 255, 1.0), Inner(0.25, (30.0, -60.0), 2.0))


@pytest.mark.parametrize("value", [FULL, Outer("plain")])
def test_what_is_written_is_read_again(value):
    assert read_table(Outer, tomllib.loads(write_table(value))) == value


def test_defaults_are_not_written():
    assert write_table(Outer("x")) == 'title = "x"\n'


@pytest.mark.parametrize(
    ("toml", "told"),
    [
        ("", "title is missing"),
        ('title = ""', "title is one line of text"),
        ('title = "a\\nb"', "title is one line of text"),
        ("title = 3", "title is one line of text"),
        ('title = "' + 21 * "x" + '"', "title is one line of text"),
        ('title = "x"\ncolour = 3', "colour is unknown"),
        ('title = "x"\ncount = 10', "count is a whole number from 1 to 9, not 10"),
        ('title = "x"\ncount = 1.0', "count is a whole number"),
        ('title = "x"\ncount = true', "count is a whole number"),
        ('title = "x"\nbold = 1', "bold is true or false"),
        ('title = "x"\nkind = "cow"', "kind is one of: dog, cat"),
        ('title = "x"\nkind = ["dog"]', "kind is one of: dog, cat"),
        ('title = "x"\npaper = "#12345"', "paper is a color"),
        ('title = "x"\npaper = "#+1+1+1"', "paper is a color"),
        ('title = "x"\ninner = 3', "inner is a table"),
        ('title = "x"\n[inner]\nshare = nan', "inner.share is a number from 0 to 1, not nan"),
        ('title = "x"\n[inner]\nshare = true', "inner.share is a number"),
        ('title = "x"\n[inner]\nshare = "0.5"', "inner.share is a number"),
        ('title = "x"\n[inner]\nangle = 45', "inner.angle is unknown here; known are: share, angles, found"),
        ('title = "x"\n[inner]\nangles = []', "inner.angles is a list of 1 to 3"),
        ('title = "x"\n[inner]\nangles = [1, 2, 3, 4]', "inner.angles is a list of 1 to 3"),
        ('title = "x"\n[inner]\nangles = [1, 200]', "inner.angles is a list"),
        ('title = "x"\n[inner]\nangles = 45', "inner.angles is a list"),
    ],
)
def test_a_wrong_entry_is_told_by_its_path(toml, told):
    with pytest.raises(WrongEntry) as error:
        read_table(Outer, tomllib.loads(toml))
    assert str(error.value).startswith(told)


def test_a_wrong_entry_is_not_shown_at_length():
    with pytest.raises(WrongEntry) as error:
        read_table(Outer, {"title": "x" * 1000})
    assert len(str(error.value)) < 200


def test_fields_outside_the_file_cannot_be_in_it():
    with pytest.raises(WrongEntry, match="title is unknown"):
        read_table(Outer, {"title": "y"}, extra={"title": "x"})
    assert read_table(Outer, {}, extra={"title": "x"}).title == "x"
