"""Sentences in a form that can be said in any language."""

from dataclasses import dataclass, field
from typing import Dict


@dataclass(frozen=True)
class Phrase:
    """The pattern and the values of a note: its English sentence is the pattern with the values in place of their {names}."""

    pattern: str  # empty of a note that is known as a sentence only
    values: Dict[str, str] = field(default_factory=dict)
