"""What the user should know of a result, in a form that can be said in any language."""

from __future__ import annotations

import json
from typing import Any


def wording(pattern: str) -> str:
    """A pattern of notes as it is, noted for translation: `Note(THE_PATTERN, …)` says it."""
    return pattern


class Note(str):
    """An English sentence that knows the pattern and the values it was made of.

    `Note("Only {found} lines.", found=3)` is the text "Only 3 lines."; whoever knows a translation of the pattern can say it
    with the same values. The extension's catalogs have one for every pattern that stands in a `Note(…)` or `wording(…)` here.
    A value that is a note itself, or one of our errors, stays one.
    """

    pattern: str
    values: dict[str, str]  # some of them notes

    def __new__(cls, pattern: str, **values: object) -> Note:
        note = super().__new__(cls, pattern.format(**values) if values else pattern)
        note.pattern, note.values = pattern, {name: _as_value(value) for name, value in values.items()}
        return note

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (self.pattern, self.values)


def pattern_of(note: str) -> tuple[str, dict[str, str]]:
    """The pattern and the values of a note; nothing of a sentence that is no Note."""
    return (note.pattern, note.values) if isinstance(note, Note) else ("", {})


def packed(note: str) -> str:
    """A note as a text to be kept in a file."""
    return json.dumps(_as_json(note) if isinstance(note, Note) else ["{sentence}", {"sentence": note}])


def unpacked(text: str) -> Note:
    """The note of a kept text; of one that an earlier version kept, the sentence."""
    try:
        return _from_json(json.loads(text))
    except (ValueError, TypeError, LookupError):
        return Note("{sentence}", sentence=text)


def _as_value(value: object) -> str:
    said = getattr(value, "sentence", value)  # of an error of ours
    return said if isinstance(said, Note) else str(said)


def _as_json(note: Note) -> list[Any]:
    return [note.pattern, {name: _as_json(each) if isinstance(each, Note) else each for name, each in note.values.items()}]


def _from_json(kept: Any) -> Note:
    pattern, values = kept
    return Note(str(pattern), **{name: _from_json(each) if isinstance(each, list) else each for name, each in values.items()})


def _again(pattern: str, values: dict[str, str]) -> Note:
    return Note(pattern, **values)
