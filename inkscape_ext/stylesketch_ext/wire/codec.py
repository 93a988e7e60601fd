"""Messages to JSON values and back, strictly typed and readable by any version from Python 3.8 on."""

import dataclasses
import json
from typing import Any, Dict, List, Tuple, Type, TypeVar, Union, get_type_hints

T = TypeVar("T")


class WireError(ValueError):
    """A message that does not have the agreed form; its text is a sentence."""


def to_json(message: Any) -> Any:
    """A message as plain dicts, lists, strings, numbers, booleans and None."""
    if dataclasses.is_dataclass(message) and not isinstance(message, type):
        return {f.name: to_json(getattr(message, f.name)) for f in dataclasses.fields(message)}
    if isinstance(message, (list, tuple)):
        return [to_json(item) for item in message]
    if isinstance(message, dict):
        return {str(key): to_json(value) for key, value in message.items()}
    return message


def dumps(message: Any) -> str:
    """A message as canonical JSON text: the same message always gives the same text."""
    return json.dumps(to_json(message), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def from_json(cls: Type[T], value: Any, where: str = "") -> T:
    """The message of type `cls` in a decoded JSON value. Unknown fields are skipped, so that newer peers are understood.

    Raises WireError, naming the place, when a field is missing or of another type.
    """
    return _convert(cls, value, where or getattr(cls, "__name__", str(cls)))


def loads(cls: Type[T], text: Union[str, bytes]) -> T:
    """The message of type `cls` in a JSON text; raises WireError."""
    try:
        value = json.loads(text)
    except ValueError as error:
        raise WireError("%s is not valid JSON: %s" % (cls.__name__, error)) from None
    return from_json(cls, value)


def _convert(hint: Any, value: Any, where: str) -> Any:
    origin: Any = getattr(hint, "__origin__", None)
    arguments: Tuple[Any, ...] = getattr(hint, "__args__", ())
    if origin is Union:
        return None if value is None and type(None) in arguments else _convert(arguments[0], value, where)
    if origin in (list, List):
        return [_convert(arguments[0], item, "%s[%d]" % (where, i)) for i, item in enumerate(_expect(list, value, where))]
    if origin in (tuple, Tuple):
        items = _expect(list, value, where)
        if len(items) != len(arguments):
            raise WireError("%s must have %d entries, not %d" % (where, len(arguments), len(items)))
        return tuple(_convert(a, item, "%s[%d]" % (where, i)) for i, (a, item) in enumerate(zip(arguments, items)))
    if origin in (dict, Dict):
        return {key: _convert(arguments[1], item, "%s.%s" % (where, key)) for key, item in _expect(dict, value, where).items()}
    if dataclasses.is_dataclass(hint):
        return _message(hint, _expect(dict, value, where), where)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return _expect(hint, value, where)


def _message(cls: Any, fields: Dict[str, Any], where: str) -> Any:
    hints, known = get_type_hints(cls), {}
    for f in dataclasses.fields(cls):
        if f.name in fields:
            known[f.name] = _convert(hints[f.name], fields[f.name], "%s.%s" % (where, f.name))
        elif f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING:
            raise WireError("%s lacks the field '%s'" % (where, f.name))
    try:
        return cls(**known)
    except ValueError as error:
        raise WireError("%s: %s" % (where, error)) from None


def _expect(kind: Any, value: Any, where: str) -> Any:
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise WireError("%s must be %s, not %s" % (where, kind.__name__, type(value).__name__))
    return value
