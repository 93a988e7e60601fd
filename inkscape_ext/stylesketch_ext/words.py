"""The user's language: `_` translates a sentence, `plural` one that counts. Standard library only.

The translations lie in inkscape_ext/locale; inkscape_ext/build_package.py makes them from their .po files.
"""

import gettext
import locale
import os
import re
from typing import List, Optional

from stylesketch_ext.wire.phrases import Phrase

DOMAIN = "stylesketch"
FOLDER = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "locale")
VARIABLES = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
PLACES = re.compile(r"\{(\w+)\}")  # of values in a sentence of the engine


def languages() -> Optional[List[str]]:
    """None where gettext finds the language itself in the environment; else the system's."""
    if any(os.environ.get(name) for name in VARIABLES):
        return None
    try:
        return [name for name in (locale.getlocale()[0],) if name]
    except ValueError:
        return []


_CATALOG = gettext.translation(DOMAIN, FOLDER, languages(), fallback=True)


def _(text: str) -> str:
    """`text` in the user's language."""
    return _CATALOG.gettext(text)


def marked(text: str) -> str:
    """`text` as it is, noted for translation: what shows it calls `_`."""
    return text


STAGES = (  # the engine's
    marked("reading the picture"),
    marked("finding the subject"),
    marked("finding the lines"),
    marked("drawing"),
    marked("refining"),
    marked("dressing"),
    marked("finding the objects"),
    marked("measuring the lines"),
    marked("reading the style"),
    marked("drawing the preview"),
    marked("reading the exemplars"),
    marked("seeing the style"),
    marked("finishing"),
    marked("looking at the style image"),
    marked("joining patches"),
    marked("matching the style"),
    marked("finding the edges"),
    marked("carrying over the colors"),
    marked("laying patches of the exemplar"),
    marked("drawing the contours"),
    marked("loading the checkpoint"),
    marked("loading the checkpoint again, more sparingly"),
    marked("looking for the picture"),
    marked("imagining the picture"),
    marked("redrawing"),
    marked("reading the text"),
    marked("reading the prompt"),
    marked("finding the noise of the photograph"),
    marked("ordering"),
    marked("comparing"),
    marked("smoothing"),
    marked("placing"),
    marked("leaving out"),
    marked("scattering strokes"),
    marked("laying out"),
    marked("looking at the exemplars"),
    marked("reading the pictures"),
    marked("beginning anew with less memory"),
    marked("reading the clip"),
    marked("asking the hub"),
    marked("checking what is here"),
    marked("checking"),
)


REASONS = (  # the system's, which the engine's sentences name
    marked("Permission denied"),
    marked("No such file or directory"),
    marked("Read-only file system"),
    marked("No space left on device"),
    marked("Is a directory"),
)


COUNTED = (  # those with something in them
    ("frame ([0-9]+) of ([0-9]+)", marked("frame %d of %d"), int),
    ("downloading (.+)", marked("downloading %s"), str),
    ("waiting for another download of (.+)", marked("waiting for another download of %s"), str),
)


def spoken_stage(stage: str) -> str:
    """A stage of the engine's work as the beginning of a line."""
    text = _(stage) if stage else stage
    for pattern, words, kind in COUNTED:
        found = re.fullmatch(pattern, stage)
        if found:
            text = _(words) % tuple(map(kind, found.groups()))
    return text[:1].upper() + text[1:]


def spoken(sentence: str, phrase: Optional[Phrase]) -> str:
    """A sentence of the engine in the user's language, if it is known what it is made of; else as it is."""
    known = phrase or Phrase("")
    pattern, values = known.pattern, known.values
    translated = _(pattern) if pattern else pattern
    unknown = translated == pattern and re.search(r"\w", PLACES.sub("", pattern))  # else there is nothing in it to translate
    if unknown or not pattern or not set(PLACES.findall(translated)) <= set(values):
        return sentence
    return PLACES.sub(lambda place: _spoken_value(known, place.group(1)), translated)


def _spoken_value(phrase: Phrase, name: str) -> str:
    value = phrase.values[name]
    if name in phrase.within:
        return spoken(value, phrase.within[name])
    return _(value) if value else ""


def plural(one: str, many: str, count: int) -> str:
    """The form for `count`, with the number put in for %d if that is in it."""
    text = _CATALOG.ngettext(one, many, count)
    return text % count if "%d" in text else text
