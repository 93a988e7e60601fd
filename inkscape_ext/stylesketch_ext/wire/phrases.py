"""Sentences in a form that can be said in any language."""

from dataclasses import dataclass, field
from typing import Dict


@dataclass(frozen=True)
class Phrase:
    """The pattern and the values of a note or an error.

    Its English sentence is the pattern with the values in place of their {names}.
    """

    pattern: str  # empty of what is known as a sentence only
    values: Dict[str, str] = field(default_factory=dict)
