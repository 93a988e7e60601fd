#!/usr/bin/env python3
"""Makes what the extension is handed on as: compiled translations, and the zip file for Inkscape's Extension Manager.

    python inkscape_ext/build_package.py [--out FOLDER]     writes FOLDER/stylesketch-VERSION.zip and names it
    python inkscape_ext/build_package.py --words            only compiles the .po files; says which texts lack a translation

Standard library only.
"""

import argparse
import ast
import re
import struct
import sys
import xml.etree.ElementTree as xml
import zipfile
from pathlib import Path
from typing import Collection, Dict, Iterator, List, Optional, Tuple

from install import HERE, ROOT, extension_files

TRANSLATED_TAGS = ("name", "menu-tip", "label", "option")
TRANSLATED_ATTRIBUTES = ("gui-text", "gui-description")
NOTES = ("Note", "wording")  # in the engine, what makes a note
TEXT_OF = {"_": 1, "marked": 1, "plural": 2, "Unfit": 1}  # function: how many of its arguments are texts
DATE = (2020, 1, 1, 0, 0, 0)  # of every file in the zip: same files, same bytes

Text = Tuple[str, ...]  # one form, or singular and plural


def main(arguments: Optional[List[str]] = None) -> int:
    """The exit status: 1 where a translation is incomplete."""
    parser = argparse.ArgumentParser(description="Compile the translations and pack the extension.")
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="folder for the zip file")
    parser.add_argument("--words", action="store_true", help="only compile the translations")
    options = parser.parse_args(arguments)
    wanted, missing = texts(), 0
    for catalog in sorted(HERE.glob("locale/*/LC_MESSAGES/stylesketch.po")):
        translated = read_catalog(catalog)
        catalog.with_suffix(".mo").write_bytes(compiled(translated))
        for text in wanted:
            if not all(translated.get(text, ("",))):
                missing += 1
                sys.stderr.write("%s lacks: %s\n" % (catalog.parts[-3], text[0]))
    if not options.words and not missing:
        sys.stdout.write("%s\n" % pack(options.out))
    return 1 if missing else 0


def texts() -> List[Text]:
    """Everything that can be translated, of the extension, the engine's notes and errors, and the style packs, each once."""
    found: Dict[Text, None] = {}
    for path in sorted(HERE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in TEXT_OF:
                arguments = node.args[: TEXT_OF[node.func.id]]
                forms = tuple(a.value for a in arguments if isinstance(a, ast.Constant) and isinstance(a.value, str))
                if forms and len(forms) == len(arguments):
                    found[forms] = None
    for path in sorted((ROOT / "backend").rglob("*.py")):
        errors = () if path.parent.name == "cli" else error_names()  # those of the command line stay there
        for text in first_texts(path.read_text(encoding="utf-8"), {*NOTES, *errors}):
            found[(text,)] = None
    for path in (ROOT / "stylesketch.inx", *sorted(HERE.glob("*.inx*"))):
        for text in inx_texts(path):
            found[(text,)] = None
    for path in sorted(ROOT.glob("style_packs/*/style.toml")):
        for text in pack_texts(path):
            found[(text,)] = None
    return list(found)


def error_names() -> List[str]:
    """What the engine's errors are called."""
    tree = ast.parse((ROOT / "backend" / "core" / "errors.py").read_text(encoding="utf-8"))
    return [node.name for node in tree.body if isinstance(node, ast.ClassDef)]


def first_texts(source: str, names: Collection[str]) -> Iterator[str]:
    """What the engine tells: the texts that calls of these names, such as `Note("…")`, begin with."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
            first = node.args[0] if node.args else None
            if isinstance(first, ast.Constant) and isinstance(first.value, str) and first.value != "{sentence}":
                yield first.value


def pack_texts(path: Path) -> Iterator[str]:
    """The title and the description of a style pack that comes with the program."""
    top = path.read_text(encoding="utf-8").partition("\n[")[0]
    for quoted in re.findall(r'^(?:title|description)\s*=\s*(".*")\s*$', top, re.MULTILINE):
        yield ast.literal_eval(quoted)


def inx_texts(path: Path) -> Iterator[str]:
    """What Inkscape shows of an .inx file."""
    for element in xml.parse(str(path)).iter():
        tag = element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""
        if tag in TRANSLATED_TAGS and (element.text or "").strip():
            yield str(element.text).strip()
        for shown in filter(None, map(element.get, TRANSLATED_ATTRIBUTES)):
            yield str(shown)


def read_catalog(path: Path) -> Dict[Text, Text]:
    """{text: translation} of a .po file; its head is the translation of the empty text."""
    found: Dict[Text, Text] = {}
    for block in path.read_text(encoding="utf-8").split("\n\n"):
        fields: Dict[str, str] = {}
        key = ""
        for line in block.splitlines():
            match = re.match(r'^(?:(msgid|msgid_plural|msgstr(?:\[\d\])?)\s+)?(".*")$', line.strip())
            if match:
                key = match.group(1) or key
                fields[key] = fields.get(key, "") + ast.literal_eval(match.group(2))
        if "msgid" in fields:
            forms = [fields["msgid"]] + ([fields["msgid_plural"]] if "msgid_plural" in fields else [])
            found[tuple(forms)] = tuple(fields[name] for name in sorted(fields) if name.startswith("msgstr"))
    return found


def compiled(catalog: Dict[Text, Text]) -> bytes:
    """The .mo file of a catalog, as GNU gettext defines it."""
    pairs = sorted(
        ("\0".join(text).encode("utf-8"), "\0".join(forms).encode("utf-8")) for text, forms in catalog.items() if all(forms)
    )
    count, texts_at, blob, table = len(pairs), 28, b"", []
    start = texts_at + 16 * count
    for column in (0, 1):
        for pair in pairs:
            table.append(struct.pack("<II", len(pair[column]), start + len(blob)))
            blob += pair[column] + b"\0"
    head = struct.pack("<7I", 0x950412DE, 0, count, texts_at, texts_at + 8 * count, 0, start)
    return head + b"".join(table) + blob


def version() -> str:
    """The version of this checkout."""
    found = re.search(r'__version__ = "([^"]+)"', (ROOT / "backend" / "__init__.py").read_text(encoding="utf-8"))
    return found.group(1) if found else "0"


def pack(folder: Path) -> Path:
    """Write the zip file; returns its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / ("stylesketch-%s.zip" % version())
    with zipfile.ZipFile(str(path), "w", zipfile.ZIP_DEFLATED) as package:
        for name, file in extension_files():
            package.writestr(zipfile.ZipInfo(name, DATE), file.read_bytes(), zipfile.ZIP_DEFLATED)
    return path


if __name__ == "__main__":
    sys.exit(main())
