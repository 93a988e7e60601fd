"""Notes are sentences, and know what they are made of."""

import json
import pickle

import pytest

from backend.core.errors import BadRequest
from backend.core.notes import Note, packed, pattern_of, unpacked, wording

FOUND = wording("Only {found} lines of {picture}.")


def test_a_note_is_its_english_sentence():
    note = Note(FOUND, found=3, picture="a {cat}")
    assert note == "Only 3 lines of a {cat}." and json.dumps([note]) == '["Only 3 lines of a {cat}."]'
    assert pattern_of(note) == (FOUND, {"found": "3", "picture": "a {cat}"})
    assert pattern_of("A sentence.") == ("", {})


def test_a_note_within_a_note_stays_one():
    inner = Note(FOUND, found=3, picture="x")
    for value in (inner, BadRequest(inner)):
        note = Note("Failed: {why}", why=value)
        assert note == "Failed: Only 3 lines of x."
        for again in (note, pickle.loads(pickle.dumps(note)), unpacked(packed(note))):
            assert pattern_of(pattern_of(again)[1]["why"]) == pattern_of(inner)


def test_what_has_no_values_may_have_braces():
    assert Note("Write {name}.") == "Write {name}."


@pytest.mark.parametrize("note", [Note("Nothing."), Note(FOUND, found=3, picture="x")])
def test_notes_survive_processes_and_files(note):
    for again in (pickle.loads(pickle.dumps(note)), unpacked(packed(note))):
        assert again == note and pattern_of(again) == pattern_of(note)


@pytest.mark.parametrize("text", ["An old sentence.", "[1]", "3", '["{a}", {}, 2]', '["{0}", {"a": "1"}]'])
def test_what_an_earlier_version_kept_is_a_sentence(text):
    assert unpacked(text) == text


def test_a_plain_sentence_is_kept_as_one():
    assert unpacked(packed("A {plain} one.")) == "A {plain} one."
