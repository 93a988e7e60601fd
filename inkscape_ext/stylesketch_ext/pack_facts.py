"""What is to be said of style packs: their facts in words, names made of titles, why one cannot be changed."""

import re
import unicodedata
from typing import Collection, List, Optional, Sequence, Tuple

from stylesketch_ext.wire.messages import StyleInfo, check_style_name
from stylesketch_ext.words import _, marked, plural

NAME_LENGTH = 64
TITLE_LENGTH = 80
SPELLED = {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "ø": "o", "ł": "l", "đ": "d"}
USUAL = "technical-pen"  # the style where nothing else is known
MEASURED = re.compile(r"Measured on (?:one picture|(\d+) pictures)\.")  # what the engine writes of packs made from pictures

SHARES = {  # measured as shares of the drawing's longer side
    "line_width": marked("Line width"),
    "stroke_length": marked("Stroke length"),
    "hatch_spacing": marked("Hatch spacing"),
}


def facts(pack: StyleInfo) -> List[Tuple[str, str]]:
    """(what, how much) of a pack, in the order of interest."""
    told = [(_("Strokes"), str(pack.strokes) if pack.strokes else ""), (_("Licence"), pack.licence)]
    if pack.exemplars:
        told.append((_("Made from"), plural("%d picture", "%d pictures", pack.exemplars)))
    told += [(_(name), _percent(pack.measured.get(key))) for key, name in SHARES.items()]
    told.append((_("Ink on the paper"), _percent(pack.measured.get("ink_coverage"))))
    if "hatch_angle" in pack.measured:
        told.append((_("Hatch angle"), "%.0f°" % pack.measured["hatch_angle"]))
    told.append((_("Deep features"), ", ".join(pack.features)))
    return [(what, how) for what, how in told if how]


def origin(pack: StyleInfo) -> str:
    """The pack's name and whose it is, in a line."""
    return " · ".join((pack.name, _("comes with StyleSketch") if pack.bundled else _("your own")))


def fixed_because(pack: Optional[StyleInfo]) -> str:
    """Why a pack can be neither renamed nor removed; empty where it can."""
    if pack is None:
        return _("Choose a style pack first.")
    if pack.bundled:
        return _("This pack comes with StyleSketch: it can be neither renamed nor removed.")
    return ""


def can_be_seen(pack: Optional[StyleInfo]) -> bool:
    """Whether networks can look at a pack: one of the user's that keeps pictures."""
    return pack is not None and not pack.bundled and not pack.problem and pack.exemplars > 0


def name_from(title: str, taken: Collection[str] = ()) -> str:
    """A pack's name made of its title that is not among the taken ones; empty if the title has nothing to make one of."""
    spelled = "".join(SPELLED.get(letter, letter) for letter in title.lower())
    plain = unicodedata.normalize("NFKD", spelled).encode("ascii", "ignore").decode("ascii")
    name = re.sub("[^a-z0-9]+", "-", plain).strip("-")[: NAME_LENGTH - 4].strip("-")
    if not name:
        return ""
    found, number = name, 2
    while found in taken or wrong_name(found):
        found, number = "%s-%d" % (name, number), number + 1
    return found


def drawable(packs: Sequence[StyleInfo]) -> List[StyleInfo]:
    """Those without a problem."""
    return [pack for pack in packs if not pack.problem]


def stand_in(wanted: str, packs: Sequence[StyleInfo]) -> Optional[StyleInfo]:
    """The wanted pack, else the usual one, else the first."""
    by_name = {pack.name: pack for pack in packs}
    return by_name.get(wanted) or by_name.get(USUAL) or (packs[0] if packs else None)


def gone_sentence(wanted: str, packs: Sequence[StyleInfo], instead: Optional[StyleInfo]) -> Optional[str]:
    """What is to be said where another pack stands in for the wanted one."""
    return None if instead is None or instead.name == wanted else replaced_sentence(wanted, packs, title_of(instead))


def replaced_sentence(wanted: str, packs: Sequence[StyleInfo], title: str) -> str:
    """Why what is called `title` was chosen in place of the wanted pack."""
    broken = next((pack for pack in packs if pack.name == wanted), None)
    if broken:
        return _("The style “%s” cannot be used (%s), so “%s” is chosen.") % (
            title_of(broken), broken.problem.rstrip("."), title
        )  # fmt: skip
    return _("The style “%s” is no longer installed, so “%s” is chosen.") % (wanted, title)


def title_from(picture: str) -> str:
    """A title made of the name of a picture or of its file."""
    stem, dot, ending = picture.rpartition(".")
    words = " ".join((stem if dot and stem and len(ending) <= 4 else picture).replace("_", " ").split())
    return words[:1].upper() + words[1:TITLE_LENGTH]


def wrong_name(name: str) -> str:
    """Why a pack cannot be called so; empty if it can."""
    try:
        check_style_name(name)
    except ValueError:
        return _("A name is made of small letters a to z, digits, - and _, and begins and ends with a letter or digit.")
    return ""


def title_of(pack: StyleInfo) -> str:
    """The title in the user's language, where the pack came with the program."""
    return _(pack.title) if pack.bundled and pack.title else pack.title or pack.name


def description_of(pack: StyleInfo) -> str:
    """The description in the user's language, where the pack came with the program or was measured by it."""
    measured = MEASURED.fullmatch(pack.description)
    if measured:
        return plural("Measured on one picture.", "Measured on %d pictures.", int(measured.group(1) or 1))
    return _(pack.description) if pack.bundled and pack.description else pack.description


def _percent(share: Optional[float]) -> str:
    return "" if share is None else ("%.0f %%" if share > 0.99 else "%.2g %%") % (100 * share)
