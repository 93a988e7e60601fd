"""Sentences in a form that can be said in any language. Standard library only."""

from dataclasses import dataclass, field
from typing import Dict


@dataclass(frozen=True)
class Phrase:
    """The pattern and the values of a note or an error.

    Its English sentence is the pattern with the values in place of their {names}.
    """

    pattern: str  # empty of what is known as a sentence only
    values: Dict[str, str] = field(default_factory=dict)
    within: Dict[str, "Phrase"] = field(default_factory=dict)  # of the values that are sentences themselves


class Unfit(ValueError):
    """Settings that users can choose in a window, but cannot have: a part of a sentence, as a phrase."""

    def __init__(self, pattern: str, **values: object) -> None:
        super().__init__(pattern.format(**values))
        self.phrase = Phrase(pattern, {name: str(value) for name, value in values.items()})
