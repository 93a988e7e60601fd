"""What a style pack is made of: the files that may lie in its folder or archive, and how each is checked."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from backend.core import safetensors
from backend.core.errors import BadImage, BadPack, BadRequest
from backend.core.notes import wording
from backend.perception.picture_file import open_picture
from backend.style_pack import MOST_BYTES, parse_pack

STYLE, PREVIEW, FEATURES = "style.toml", "preview.png", "features.safetensors"
LEARNED = "learned_style.safetensors"  # what `style train` learned, see diffusion.style_embedding
EXEMPLAR = re.compile(r"exemplar(-[2-9])?\.(png|jpg|jpeg|webp)")
NAME = re.compile("[a-z0-9]([a-z0-9_-]{0,62}[a-z0-9])?")  # as the wire's STYLE_NAME
DEVICE_NAME = re.compile("(con|prn|aux|nul|com[0-9]|lpt[0-9])")  # no folder of Windows can be called so
MOST_PIXELS = 40_000_000  # of a picture in a pack
MOST_EXEMPLARS = 9
MEGABYTE = 2**20
TEXTS = ("NOTICE", "LICENSE")
PICTURE_FORMATS = {"png": "PNG", "jpg": "JPEG", "jpeg": "JPEG", "webp": "WEBP"}

NO_EXEMPLAR = wording(
    "The style pack '{name}' carries no exemplar picture. Name a picture file instead, or a pack that was extracted."
)

Files = Mapping[str, bytes]


@dataclass(frozen=True)
class Pack:
    """A style pack as bytes: a name, and the content of each of its files."""

    name: str
    files: Files

    @property
    def exemplars(self) -> list[bytes]:
        """The pictures of the style it carries."""
        return [self.files[name] for name in exemplar_names(self.files)]

    @property
    def exemplar(self) -> bytes:
        """The first of them; BadRequest where there is none."""
        if not self.exemplars:
            raise BadRequest(NO_EXEMPLAR, name=self.name)
        return self.exemplars[0]

    @property
    def learned(self) -> bytes | None:
        """What training learned of the style, if it was trained."""
        return self.files.get(LEARNED)


def check_name(name: str) -> None:
    """BadRequest where no pack can be called so."""
    if not NAME.fullmatch(name) or DEVICE_NAME.fullmatch(name):
        raise BadRequest(
            "A style pack cannot be called '{name}'. Use small letters a to z, digits, - and _, at most 64 of them.",
            name=name[:80],
        )


def name_from(text: str) -> str:
    """A pack's name made from any text, such as a file's name."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    name = re.sub("[^a-z0-9]+", "-", plain)[:64].strip("-") or "style"
    return f"{name}-style" if DEVICE_NAME.fullmatch(name) else name


def name_given(text: str) -> tuple[str, tuple[str, ...]]:
    """A pack's name made from what the user called it, and what the user should know of that: nothing where it is the same.

    BadRequest for a path, and for a text of which no letter or digit is left.
    """
    if NAME.fullmatch(text) and not DEVICE_NAME.fullmatch(text):
        return text, ()
    if re.search(r"[/\\]", text) or not re.search("[A-Za-z0-9]", unicodedata.normalize("NFKD", text)):
        check_name(text)
    name = name_from(text)
    return name, (f"The pack is called '{name}': names have small letters, digits, - and _ only.",)


def exemplar_names(names: Iterable[str]) -> list[str]:
    """Those of some members' names that are exemplars, in order: exemplar, exemplar-2, exemplar-3, …"""
    return sorted((name for name in names if EXEMPLAR.fullmatch(name)), key=lambda name: (name.partition(".")[0], name))


def most_bytes(member: str) -> int:
    """How large a member may be; BadPack for what does not belong in a pack."""
    for names, most in _LIMITS:
        if names.fullmatch(member):
            return most
    raise BadPack(
        "A style pack cannot hold '{member}'. It holds a {style} and, if wanted, exemplar pictures, "
        "{preview}, {features}, {learned}, NOTICE and LICENSE; take out everything else.",
        member=member[:80],
        style=STYLE,
        preview=PREVIEW,
        features=FEATURES,
        learned=LEARNED,
    )


def check_pack(pack: Pack) -> Pack:
    """The pack itself, once every file in it is known to be what it must be; BadPack, BadRequest for its name."""
    check_name(pack.name)
    if STYLE not in pack.files:
        raise BadPack("There is no {style} in this style pack. Choose the folder, or its archive, that holds one.", style=STYLE)
    if len(pack.exemplars) > MOST_EXEMPLARS:
        raise BadPack("The style pack has more than {most} exemplars. Take some out.", most=MOST_EXEMPLARS)
    for name, content in pack.files.items():
        if len(content) > most_bytes(name):
            raise BadPack(
                "The file {name} of this style pack is larger than {most}. Make it smaller.",
                name=name,
                most=_amount(most_bytes(name)),
            )
        _check(name, content, pack.name)
    return pack


def _check(name: str, content: bytes, pack: str) -> None:
    if name == STYLE:
        _check_style(_text(name, content), pack)
    elif name in (FEATURES, LEARNED):
        _check_tensors(name, content)
    elif name in TEXTS:
        _text(name, content)
    else:
        _check_picture(name, content)


def _check_style(toml: str, pack: str) -> None:
    try:
        parse_pack(toml, pack)
    except BadRequest as error:
        raise BadPack(error.sentence) from None


def _check_tensors(name: str, content: bytes) -> None:
    try:
        safetensors.header(content)
    except ValueError as error:
        raise BadPack(
            "The file {name} of this style pack is damaged: {error}. Export the pack again.", name=name, error=error
        ) from None


def _check_picture(name: str, content: bytes) -> None:
    try:
        picture = open_picture(content, [PICTURE_FORMATS[name.rpartition(".")[2]]], MOST_PIXELS)
    except BadImage as error:
        raise BadPack("The file {name} of this style pack cannot be used. {error}", name=name, error=error) from None
    picture.close()


def _text(name: str, content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise BadPack("The file {name} of this style pack is no text in UTF-8. Save it as such.", name=name) from None


def _amount(count: int) -> str:
    return f"{count // MEGABYTE} MB" if count >= MEGABYTE else f"{count // 1000} kB"


_LIMITS: tuple[tuple[re.Pattern[str], int], ...] = (
    (re.compile(re.escape(STYLE)), MOST_BYTES),
    (re.compile("|".join(TEXTS)), MOST_BYTES),
    (re.compile(re.escape(PREVIEW)), 8 * MEGABYTE),
    (EXEMPLAR, 16 * MEGABYTE),
    (re.compile(re.escape(FEATURES)), 32 * MEGABYTE),
    (re.compile(re.escape(LEARNED)), 32 * MEGABYTE),
)
