"""Style packs: how they are listed, made and changed."""

import re
from dataclasses import dataclass, field
from typing import Dict, List, Optional

from stylesketch_ext.wire.phrases import Phrase

MAX_REFERENCES = 32  # pictures that one style is measured on
STYLE_NAME = "[a-z0-9]([a-z0-9_-]{0,62}[a-z0-9])?"  # of a folder on any system, and no path
_DEVICE_NAMES = re.compile("(con|prn|aux|nul|com[0-9]|lpt[0-9])")  # no folder of Windows can be called so


def check_style_name(name: str) -> None:
    """ValueError, with a sentence, where a style pack cannot be called so."""
    if not re.fullmatch(STYLE_NAME, name) or _DEVICE_NAMES.fullmatch(name):
        raise ValueError(
            "a style pack cannot be called '%s': use small letters a to z, digits, - and _, at most 64 of them" % name[:80]
        )


@dataclass(frozen=True)
class StyleRequest:
    """A style pack to be made from uploaded pictures."""

    images: List[str]  # sha256 of each, 1 … MAX_REFERENCES of them
    name: str  # of the new pack
    title: str = ""  # empty: made from the name
    replace: bool = False  # whether an own pack of that name may be replaced

    def __post_init__(self) -> None:
        if not 1 <= len(self.images) <= MAX_REFERENCES:
            raise ValueError("a style is made from 1 to %d pictures, not %d" % (MAX_REFERENCES, len(self.images)))
        check_style_name(self.name)


@dataclass(frozen=True)
class StyleChange:
    """What a style pack shall be called from now on; `None` leaves it."""

    name: Optional[str] = None
    title: Optional[str] = None

    def __post_init__(self) -> None:
        if self.name is not None:
            check_style_name(self.name)
        if self.title is not None and not (self.title.strip() and self.title.isprintable() and len(self.title) <= 80):
            raise ValueError("a title has 1 to 80 characters, on one line")


@dataclass(frozen=True)
class StyleInfo:
    """A style pack as lists and galleries show it."""

    name: str
    title: str
    description: str = ""
    bundled: bool = False  # came with the program: it can be exported, but neither changed nor removed
    strokes: int = 0  # how many, where the user leaves it to the style
    color: str = "#000000"  # of the pen
    paper: str = "#ffffff"
    licence: str = ""
    preview: bool = False  # has it a preview.png?
    exemplars: int = 0  # how many pictures of the style it carries
    features: List[str] = field(default_factory=list)  # "encoder/feature layer" of the deep features it carries
    measured: Dict[str, float] = field(default_factory=dict)  # what was measured on its exemplars, if anything was
    problem: str = ""  # why it cannot be drawn with; empty where it can
    problem_phrase: Optional[Phrase] = None  # of `problem`, so that it can be said in another language


@dataclass(frozen=True)
class FeaturesRequest:
    """An own style pack that the networks whose weights are here shall see."""

    style: str

    def __post_init__(self) -> None:
        check_style_name(self.style)


@dataclass(frozen=True)
class StyleResult:
    """What the job of a StyleRequest or FeaturesRequest brought."""

    style: StyleInfo
    notes: List[str] = field(default_factory=list)  # what could not be measured or was not used, and why
    job: str = ""
    phrases: List[Phrase] = field(default_factory=list)  # of each note, so that it can be said in another language
