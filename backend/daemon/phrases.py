"""Notes as the wire carries them: the English sentences, and beside them what they are made of."""

from __future__ import annotations

from collections.abc import Iterable

from stylesketch_ext.wire.messages import Phrase

from backend.core.notes import Note, pattern_of


def phrases_of(notes: Iterable[str]) -> list[Phrase]:
    """A phrase for each note, in their order."""
    return [phrase_of(note) or Phrase("") for note in notes]


def phrase_of(sentence: str) -> Phrase | None:
    """What a sentence is made of, where that is known."""
    pattern, values = pattern_of(sentence)
    within = {name: phrase_of(value) for name, value in values.items()}
    told = {name: phrase for name, phrase in within.items() if phrase}
    return Phrase(pattern, {name: str(value) for name, value in values.items()}, told) if pattern else None


def note_of(sentence: str, phrase: Phrase | None) -> str:
    """The sentence of a phrase, as the note that it was made of; where there is none, as it is."""
    if not phrase or not phrase.pattern:
        return sentence
    pattern, values = phrase.pattern, phrase.values
    return Note(pattern, **{name: note_of(value, phrase.within.get(name)) for name, value in values.items()})
