"""Notes as the wire carries them: the English sentences, and beside them what they are made of."""

from __future__ import annotations

from collections.abc import Iterable

from stylesketch_ext.wire.messages import Phrase

from backend.core.notes import pattern_of


def phrases_of(notes: Iterable[str]) -> list[Phrase]:
    """A phrase for each note, in their order."""
    return [phrase_of(note) or Phrase("") for note in notes]


def phrase_of(sentence: str) -> Phrase | None:
    """What a sentence is made of, where that is known."""
    pattern, values = pattern_of(sentence)
    return Phrase(pattern, values) if pattern else None
