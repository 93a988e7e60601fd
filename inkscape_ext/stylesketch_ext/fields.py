"""What a menu item asks the user: fields with values, as Inkscape passes them, as a window shows them, as they are kept."""

import json
import logging
import os
from dataclasses import dataclass
from typing import Any, Callable, Dict, Optional, Sequence, Tuple, Union

from stylesketch_ext.choices import write_kept
from stylesketch_ext.failures import settings_failure
from stylesketch_ext.words import _

LOG = logging.getLogger(__name__)

Values = Dict[str, Any]  # by the fields' keys
Applies = Callable[[Values], bool]


def always(values: Values) -> bool:
    """For fields that always count."""
    return True


@dataclass(frozen=True)
class Number:
    """A number from `low` to `high`; whole without `digits`."""

    key: str  # the parameter's name in the .inx file
    label: str  # with a mnemonic, marked for translation
    value: float  # where nothing else was chosen
    low: float
    high: float
    digits: int = 0
    tip: str = ""
    random: bool = False  # is it a seed? Then it has a button for another one
    automatic: str = ""  # what 0, below `low`, means, as the label of a box to tick; empty: nothing special
    usual: int = 0  # where the number starts when that box is unticked
    applies: Applies = always  # does it count, beside the other values?

    @property
    def kind(self) -> type:
        return float if self.digits else int


@dataclass(frozen=True)
class Share:
    """A number from 0, which is called `low`, to 1."""

    key: str
    label: str
    value: float
    low: str
    high: str
    tip: str = ""
    applies: Applies = always
    kind = float


@dataclass(frozen=True)
class Choice:
    """One of several words, each with a title for the user."""

    key: str
    label: str
    value: str
    options: Sequence[Tuple[str, str]]
    tip: str = ""
    applies: Applies = always
    kind = str


@dataclass(frozen=True)
class Line:
    """A text of one line."""

    key: str
    label: str
    value: str = ""
    tip: str = ""
    hint: str = ""  # shown while it is empty
    applies: Applies = always
    kind = str


@dataclass(frozen=True)
class Switch:
    """Yes or no."""

    key: str
    label: str
    value: bool
    tip: str = ""
    applies: Applies = always
    kind = bool


@dataclass(frozen=True)
class Pack:
    """The name of a style pack; windows show a gallery for it, not a row of the form."""

    key: str
    value: str
    applies: Applies = always
    kind = str


@dataclass(frozen=True)
class Pen:
    """The name of a further style pack, in a row of the form; empty is called `none`."""

    key: str
    label: str
    none: str
    value: str = ""
    tip: str = ""
    applies: Applies = always
    kind = str


Shown = Union[Number, Share, Choice, Line, Switch, Pen]  # what has a row in a form
Field = Union[Number, Share, Choice, Line, Switch, Pen, Pack]


def checked(fields: Sequence[Field], values: Values) -> Values:
    """The values, if each is one that its field can have; a Failure says which is not."""
    for field in fields:
        problem = _problem(field, values[field.key])
        if problem:
            raise settings_failure(problem)
    return values


def remembered_values(folder: str, name: str, fields: Sequence[Field], otherwise: Values) -> Values:
    """The values kept in `folder` under `name`; those of `otherwise` where none are kept, or none that can be used."""
    try:
        with open(_file(folder, name), encoding="utf-8") as file:
            kept = json.load(file)
        known = {field.key: kept[field.key] for field in fields if field.key in kept and not _problem(field, kept[field.key])}
    except (OSError, ValueError, TypeError) as error:
        LOG.info("no remembered values of %s: %r", name, error)
        return otherwise
    return {**otherwise, **known}


def remember_values(folder: str, name: str, values: Values) -> Optional[str]:
    """Keep values for next time. Returns the file, or None if the folder cannot be written: nothing is lost by that."""
    return write_kept(_file(folder, name), values)


def _file(folder: str, name: str) -> str:
    return os.path.join(folder, "inkscape-%s.json" % name)


def _problem(field: Field, value: Any) -> str:
    """Why a field cannot have a value; empty if it can."""
    kinds: Tuple[type, ...] = (int, float) if field.kind is float else (field.kind,)
    if isinstance(value, bool) != (field.kind is bool) or not isinstance(value, kinds):
        return "%s=%r" % (field.key, value)
    if isinstance(field, Number) and field.automatic and value == 0:
        return ""
    low, high = (field.low, field.high) if isinstance(field, Number) else (0.0, 1.0)
    if isinstance(value, (int, float)) and not isinstance(value, bool) and not low <= value <= high:
        return _("%s must be between %g and %g, not %g") % (field.key, low, high, value)
    if isinstance(field, Choice) and value not in dict(field.options):
        return _("%s must be one of %s, not %s") % (field.key, ", ".join(dict(field.options)), value)
    return ""
