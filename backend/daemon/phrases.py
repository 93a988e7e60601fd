"""Notes as the wire carries them: the English sentences, and beside them what they are made of."""

from __future__ import annotations

from collections.abc import Iterable

from stylesketch_ext.wire.messages import Phrase

from backend.core.notes import pattern_of


def phrases_of(notes: Iterable[str]) -> list[Phrase]:
    """A phrase for each note, in their order."""
    return [Phrase(*pattern_of(note)) for note in notes]
