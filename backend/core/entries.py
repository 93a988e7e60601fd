"""Entries of a settings file: what each may be, read strictly and written back, one frozen dataclass per table."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

Color = tuple[float, float, float]  # sRGB in [0, 1]
Table = TypeVar("Table")


class WrongEntry(ValueError):
    """An entry that is not what it must be; the text begins with its path in the file."""


@dataclass(frozen=True)
class Rule:
    """What an entry may be: a phrase for people, and how it is read and written."""

    says: str  # "a number from 0 to 1"
    read: Callable[[Any], Any]  # raises ValueError
    write: Callable[[Any], str]


def number(default: float | None, least: float, most: float) -> Any:
    """A field for a number; None where it may be left out."""
    return _field(default, number_rule(least, most))


def whole(default: int, least: int, most: int) -> Any:
    """A field for a whole number."""

    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise ValueError
        return value

    return _field(default, Rule(f"a whole number from {least} to {most}", read, str))


def switch(default: bool) -> Any:
    """A field for yes or no."""

    def read(value: Any) -> bool:
        if not isinstance(value, bool):
            raise ValueError
        return value

    return _field(default, Rule("true or false", read, lambda value: "true" if value else "false"))


def choice(default: str, names: Sequence[str]) -> Any:
    """A field for one of some names."""

    def read(value: Any) -> str:
        if not isinstance(value, str) or value not in names:
            raise ValueError
        return value

    return _field(default, Rule(f"one of: {', '.join(names)}", read, json.dumps))


def text(default: str | None, longest: int) -> Any:
    """A field for one line of text; without a default it must be there."""

    def read(value: Any) -> str:
        if (
            not isinstance(value, str)
            or not value.isprintable()
            or len(value) > longest
            or (default is None and not value.strip())
        ):
            raise ValueError
        return value

    rule = Rule(f"one line of text of at most {longest} characters", read, lambda value: json.dumps(value, ensure_ascii=False))
    return dataclasses.field(metadata={"rule": rule}) if default is None else _field(default, rule)


def color(default: Color) -> Any:
    """A field for a color."""
    return _field(default, color_rule())


def several(default: tuple[Any, ...], rule: Rule, least: int, most: int) -> Any:
    """A field for a list of `least` to `most` entries of one rule."""

    def read(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list) or not least <= len(value) <= most:
            raise ValueError
        return tuple(rule.read(item) for item in value)

    says = f"a list of {least} to {most} entries, each {rule.says}"
    return _field(default, Rule(says, read, lambda values: f"[{', '.join(rule.write(value) for value in values)}]"))


def number_rule(least: float, most: float) -> Rule:
    """Numbers within a range."""

    def read(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value <= most:  # nan is neither
            raise ValueError
        return float(value)

    return Rule(f"a number from {least:g} to {most:g}", read, lambda value: repr(float(value)))


def color_rule() -> Rule:
    """Colors written #rrggbb."""

    def read(value: Any) -> Color:
        if not isinstance(value, str) or not re.fullmatch("#[0-9a-fA-F]{6}", value):
            raise ValueError
        red, green, blue = (int(value[i : i + 2], 16) / 255 for i in (1, 3, 5))
        return red, green, blue

    return Rule("a color written #rrggbb", read, lambda value: json.dumps(color_text(value)))


def color_text(value: Sequence[float]) -> str:
    """A color as #rrggbb."""
    return "#" + "".join(f"{round(255 * min(1.0, max(0.0, channel))):02x}" for channel in value)


def read_table(kind: type[Table], entries: object, path: str = "", extra: Mapping[str, Any] | None = None) -> Table:
    """A dataclass of this module's fields from the entries of a table; WrongEntry names the one that is wrong.

    path: where the table stands in the file. extra: fields that are not in the file. Fields that are dataclasses are tables.
    """
    extra = extra or {}
    if not isinstance(entries, dict):
        raise WrongEntry(f"{path} is a table, not {_shown(entries)}")
    fields = {field.name: field for field in dataclasses.fields(kind) if field.name not in extra}  # type: ignore[arg-type]
    for name in entries:
        if name not in fields:
            raise WrongEntry(f"{_joined(path, name)} is unknown here; known are: {', '.join(fields)}")
    values = {name: _read_entry(fields[name], value, _joined(path, name)) for name, value in entries.items()}
    for name, field in fields.items():
        if name not in values and field.default is field.default_factory is dataclasses.MISSING:
            raise WrongEntry(f"{_joined(path, name)} is missing; it is {field.metadata['rule'].says}")
    return kind(**values, **extra)


def write_table(value: Any, skip: Sequence[str] = (), path: str = "") -> str:
    """The TOML text of a dataclass of this module's fields: only what differs from the defaults, tables last."""
    plain, tables = [], []
    for field in dataclasses.fields(value):
        entry = getattr(value, field.name)
        if field.name in skip or entry == field.default:
            continue
        if dataclasses.is_dataclass(entry):
            inner = write_table(entry, (), _joined(path, field.name))
            tables.append(f"\n[{_joined(path, field.name)}]\n{inner}" if inner else "")
        else:
            plain.append(f"{field.name} = {field.metadata['rule'].write(entry)}\n")
    return "".join(plain + tables)


def _field(default: Any, rule: Rule) -> Any:
    return dataclasses.field(default=default, metadata={"rule": rule})


def _read_entry(field: dataclasses.Field[Any], value: object, path: str) -> Any:
    if dataclasses.is_dataclass(field.default):
        return read_table(type(field.default), value, path)
    rule: Rule = field.metadata["rule"]
    try:
        return rule.read(value)
    except ValueError:
        raise WrongEntry(f"{path} is {rule.says}, not {_shown(value)}") from None


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _shown(value: object) -> str:
    try:
        shown = repr(value)
    except ValueError:  # a number of thousands of digits
        return "that"
    return shown if len(shown) <= 60 else f"{shown[:57]}…"
