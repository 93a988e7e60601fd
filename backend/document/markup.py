"""An SVG file as elements that know where they stand in its bytes, so that it can be changed without touching the rest."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

from backend.core.errors import BadRequest

SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"
INKSCAPE = "http://www.inkscape.org/namespaces/inkscape"
SODIPODI = "http://sodipodi.sourceforge.net/DTD/sodipodi-0.dtd"
STYLESKETCH = "https://stylesketch.org/ns/1"
PREFIXES = {XLINK: "xlink", INKSCAPE: "inkscape", SODIPODI: "sodipodi", STYLESKETCH: "stylesketch"}

MOST_BYTES = 64_000_000
MOST_DEPTH = 200
TOO_LARGE = "The drawing has {size} MB, more than {most} MB. Save it without embedded pictures, or with fewer layers."
COMPRESSED = "The drawing is compressed. Save it in Inkscape as plain .svg first."
ENTITIES = "The drawing defines entities of its own. Save it in Inkscape as plain .svg first."
UNREADABLE = "The drawing cannot be read as SVG ({reason}). Save it in Inkscape as plain .svg first."
NO_SVG = "This file is no SVG drawing. Choose one that StyleSketch made."


@dataclass(eq=False)
class Element:
    """An element, and its place: bytes from `start` to `end`, its start tag to `head`."""

    tag: str  # without its namespace; empty for elements of others
    attributes: Mapping[str, str]  # name, with its namespace as in "{namespace}name"
    prefixes: Mapping[str, str]  # namespace → prefix, of those that are known here; "" for the default
    parent: Element | None
    start: int
    head: int
    end: int = 0
    children: list[Element] = field(default_factory=list)
    text: str = ""

    @property
    def id(self) -> str:
        """Its id, or nothing."""
        return self.attributes.get("id", "")

    @property
    def empty(self) -> bool:
        """Has it no end tag?"""
        return self.end == self.head

    def get(self, name: str, namespace: str = "") -> str | None:
        """The value of an attribute."""
        return self.attributes.get(f"{{{namespace}}}{name}" if namespace else name)

    def walk(self) -> Iterator[Element]:
        """This and all below, in the order of the file."""
        yield self
        for child in self.children:
            yield from child.walk()

    def above(self) -> Iterator[Element]:
        """What it lies in, innermost first."""
        here = self.parent
        while here is not None:
            yield here
            here = here.parent


@dataclass(frozen=True)
class Edit:
    """Bytes that come in the stead of those from `start` to `end`."""

    start: int
    end: int
    text: bytes = b""


def parsed(data: bytes) -> tuple[Element, bytes]:
    """The root of an SVG file, and the bytes that its places count in; BadRequest."""
    if len(data) > MOST_BYTES:
        raise BadRequest(TOO_LARGE, size=len(data) // 1_000_000, most=MOST_BYTES // 1_000_000)
    if data[:2] == b"\x1f\x8b":
        raise BadRequest(COMPRESSED)
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        text = data.decode("utf-16", "replace")
        data = re.sub(r"""(<\?xml[^>]*?)\s+encoding\s*=\s*(["'])[^"']*\2""", r"\1", text, count=1).encode()
    reader = _Reader(data)
    reader.read()
    if reader.root is None or reader.root.tag != "svg":
        raise BadRequest(NO_SVG)
    return reader.root, data


def changed(data: bytes, edits: Sequence[Edit]) -> bytes:
    """The bytes with edits, which do not overlap; several at one place follow each other in their order."""
    parts, at = [], 0
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
        parts += [data[at : edit.start], edit.text]
        at = edit.end
    return b"".join([*parts, data[at:]])


def written(tag: str, attributes: Mapping[str, str], prefixes: Mapping[str, str], inside: str = "") -> str:
    """An element as text, where these prefixes are known; attributes as in `Element`."""
    own = prefixes.get(SVG, "") if tag.startswith("{") is False else ""
    namespace, name = _split(tag)
    known = dict(prefixes)
    declared = "" if SVG in prefixes else f' xmlns="{SVG}"'
    texts = []
    for full, value in attributes.items():
        space, local = _split(full)
        mark, declared = _prefix(space, known, declared)
        texts.append(f" {mark}{local}={quoteattr(value)}")
    if namespace:
        mark, declared = _prefix(namespace, known, declared)
    else:
        mark = f"{own}:" if own else ""
    head = f"{mark}{name}{declared}{''.join(texts)}"
    return f"<{head}>{inside}</{mark}{name}>" if inside else f"<{head}/>"


def with_attributes(element: Element, data: bytes, values: Mapping[str, str]) -> Edit:
    """The change of an element's attributes of our namespace; those that it lacks are added."""
    head = data[element.start : element.head].decode("utf-8", "surrogateescape")
    prefix = element.prefixes.get(STYLESKETCH)
    if prefix is None:
        head, prefix = _inserted(head, f' xmlns:{PREFIXES[STYLESKETCH]}="{STYLESKETCH}"'), PREFIXES[STYLESKETCH]
    for name, value in values.items():
        pattern = re.compile(rf"""(\s{re.escape(prefix)}:{re.escape(name)}\s*=\s*)("[^"]*"|'[^']*')""")
        text = quoteattr(value)
        found = pattern.search(head)
        if found:
            head = head[: found.start(2)] + text + head[found.end(2) :]
        else:
            head = _inserted(head, f" {prefix}:{name}={text}")
    return Edit(element.start, element.head, head.encode("utf-8", "surrogateescape"))


def _inserted(head: str, text: str) -> str:
    at = len(head) - (2 if head.endswith("/>") else 1)
    return head[:at].rstrip() + text + head[at:]


def _split(name: str) -> tuple[str, str]:
    """Namespace and local name."""
    if name.startswith("{"):
        space, _, local = name[1:].partition("}")
        return space, local
    return "", name


def _prefix(namespace: str, known: dict[str, str], declared: str) -> tuple[str, str]:
    """The prefix with its colon, and the declarations with one more where it needs one."""
    if not namespace:
        return "", declared
    if not known.get(namespace):
        known[namespace] = PREFIXES[namespace]
        declared += f' xmlns:{PREFIXES[namespace]}="{namespace}"'
    return f"{known[namespace]}:", declared


class _Reader:
    """One reading of a file."""

    def __init__(self, data: bytes) -> None:
        self._data, self.root = data, None  # type: bytes, Element | None
        self._here: Element | None = None
        self._depth = 0
        self._spaces: list[tuple[str, str]] = []
        self._known: dict[str, str] = {}
        parser = expat.ParserCreate(namespace_separator="}")
        parser.StartNamespaceDeclHandler = self._declared
        parser.StartElementHandler, parser.EndElementHandler = self._started, self._ended
        parser.CharacterDataHandler = self._told
        parser.EntityDeclHandler = self._entity
        parser.buffer_text = True
        self._parser: Any = parser

    def read(self) -> None:
        try:
            self._parser.Parse(self._data, True)
        except expat.ExpatError as error:
            raise BadRequest(UNREADABLE, reason=str(error)) from error

    def _entity(self, *_told: object) -> None:
        raise BadRequest(ENTITIES)

    def _declared(self, prefix: str | None, namespace: str) -> None:
        self._spaces.append((prefix or "", namespace))

    def _started(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > MOST_DEPTH:
            raise BadRequest(UNREADABLE, reason="its groups lie too deep in each other")
        above = self._here
        prefixes = dict(above.prefixes) if above else {}
        for prefix, namespace in self._spaces:
            prefixes = {space: known for space, known in prefixes.items() if known != prefix}
            if namespace:
                prefixes[namespace] = prefix
        self._spaces = []
        start = self._parser.CurrentByteIndex
        head = _tag_end(self._data, start)
        space, _, local = name.rpartition("}")
        named = {f"{{{key}" if "}" in key else key: value for key, value in attributes.items()}
        element = Element(local if space == SVG else "", named, prefixes, above, start, head)
        if above is None:
            self.root = element
        else:
            above.children.append(element)
        self._here = element

    def _ended(self, _name: str) -> None:
        self._depth -= 1
        element = self._here
        assert element is not None
        closes_itself = self._data[element.head - 2 : element.head] == b"/>"
        element.end = element.head if closes_itself else self._data.index(b">", self._parser.CurrentByteIndex) + 1
        self._here = element.parent

    def _told(self, text: str) -> None:
        if self._here is not None and self._here.tag in ("title", "desc"):
            self._here.text += text


def _tag_end(data: bytes, start: int) -> int:
    """Behind the `>` of a start tag; quoted values may hold one."""
    found = re.compile(rb"""(?:[^"'>]|"[^"]*"|'[^']*')*>""").match(data, start)
    assert found is not None, "expat has read this tag"
    return found.end()
