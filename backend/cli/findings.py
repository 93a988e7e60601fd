"""What the doctor finds."""

from __future__ import annotations

from dataclasses import dataclass

FINE, NOTE, BAD = "fine", "note", "bad"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    name: str
    state: str  # FINE; NOTE: works, but could be better; BAD: something is missing
    text: str
    cure: str = ""  # what to do about it
