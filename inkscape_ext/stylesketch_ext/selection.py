"""The photographs that the user means, and the way to each through groups, nested documents and clones."""

import os
from typing import Dict, Iterable, Iterator, List, Optional, Tuple
from urllib.parse import unquote

import inkex

from stylesketch_ext.failures import Failure
from stylesketch_ext.hrefs import ABSREF, href
from stylesketch_ext.words import _

# From a child of the root down to the <image>; after a <use> comes what it shows. Its length is at least one.
Chain = Tuple[inkex.BaseElement, ...]

CONTAINERS = ("g", "a", "switch", "svg")
SHAPES = ("path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "text", "flowRoot", "image", "use", *CONTAINERS)
CLONE_DEPTH = 20  # clones of clones; deeper ones are taken for a circle
CHANGES = ("clip-path", "mask", "filter")  # not opacity: a picture is often dimmed to draw over it
UNCHANGED = (None, "", "none", "1", "1.0", "100%", "normal")

LABEL = "{http://www.inkscape.org/namespaces/inkscape}label"


def selected_chains(svg: inkex.BaseElement) -> List[Chain]:
    """The chains to all pictures in the selection, in drawing order, an image and its clones counting once.

    With nothing selected, the only picture of the document, or the only one that is not hidden. An empty list if the
    selection holds no picture. Raises Failure with a sentence that says what to select.
    """
    if svg.selection:
        chosen = _in_drawing_order(svg, svg.selection)
        return _without_repeats(chain for element in chosen for chain in pictures_below(chain_to(element), svg))
    return only_pictures(svg)


def only_pictures(svg: inkex.BaseElement) -> List[Chain]:
    """The chain to the only picture of the document, or to the only one that is not hidden; an empty list if it has none.

    Raises Failure if there are several.
    """
    found = _without_repeats(chain for child in svg for chain in pictures_below((child,), svg))
    shown = [chain for chain in found if not any(is_hidden(element) for element in chain)]
    if len(shown or found) > 1:
        count = len(shown or found)
        raise Failure(_("The document holds %d pictures: select those that are to be sketched.") % count, "select")
    return shown or found


def selected_shapes(svg: inkex.BaseElement) -> List[Chain]:
    """The chains to all selected objects that can be seen, without those inside other selected ones, in drawing order."""
    chosen = [element for element in svg.selection if tag_name(element) in SHAPES]
    outer = [element for element in chosen if not any(other in chosen for other in element.iterancestors())]
    return [chain_to(element) for element in _in_drawing_order(svg, outer)]


def is_changed(chain: Chain) -> bool:
    """Does the user see something else than the picture's file, by a clip, mask or filter on the way to it?"""
    return any(own_property(element, name) not in UNCHANGED for element in chain for name in CHANGES)


def is_hidden(element: inkex.BaseElement) -> bool:
    """Is this element, by itself, not shown?"""
    return own_property(element, "display") == "none" or own_property(element, "visibility") in ("hidden", "collapse")


def name_of(element: inkex.BaseElement) -> str:
    """The label, else the name of the linked file, else the id."""
    label = element.get(LABEL)
    link = (element.get(ABSREF) or href(element)) if tag_name(element) == "image" else ""
    if not label and link and link[:5].lower() != "data:":
        label = os.path.basename(unquote(link).replace("\\", "/"))
    return label or element.get("id") or _("picture")


def chain_to(element: inkex.BaseElement) -> Chain:
    """`element` with all its ancestors below the root, outermost first."""
    return tuple(reversed([element, *(a for a in element.iterancestors() if a.getparent() is not None)]))


def pictures_below(chain: Chain, root: inkex.BaseElement, clones: int = 0) -> Iterator[Chain]:
    """The chains to all images in the last element of `chain`, in drawing order, through clones."""
    element = chain[-1]
    tag = tag_name(element)
    if tag == "image":
        yield chain
    elif tag in CONTAINERS or (tag == "symbol" and clones):
        for child in element:
            yield from pictures_below((*chain, child), root, clones)
    elif tag == "use" and clones < CLONE_DEPTH:
        original = _by_id(root, href(element))
        if original is not None:
            yield from pictures_below((*chain, original), root, clones + 1)


def visible_part(chain: Chain) -> Chain:
    """The chain up to the first clone: what comes after it is shown there, but stands elsewhere."""
    tags = [tag_name(element) for element in chain]
    return chain[: tags.index("use") + 1] if "use" in tags else chain


def tag_name(element: inkex.BaseElement) -> str:
    """The tag without its namespace; empty for comments and the like."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _in_drawing_order(svg: inkex.BaseElement, elements: Iterable[inkex.BaseElement]) -> List[inkex.BaseElement]:
    chosen = set(elements)
    return [element for element in svg.iter() if element in chosen]


def own_property(element: inkex.BaseElement, name: str) -> Optional[str]:
    """A presentation property as written in the element's style, else in its attribute of that name.

    Past inkex, which would write the style anew.
    """
    for declaration in reversed((element.attrib.get("style") or "").split(";")):
        key, colon, value = declaration.partition(":")
        if colon and key.strip() == name:
            return value.replace("!important", "").strip()
    value = element.get(name)
    return value.strip() if value else value


def _without_repeats(chains: Iterable[Chain]) -> List[Chain]:
    """One chain for each image, the first; an image and its clone are one picture."""
    first: Dict[inkex.BaseElement, Chain] = {}
    for chain in chains:
        first.setdefault(chain[-1], chain)
    return list(first.values())


def _by_id(root: inkex.BaseElement, link: str) -> Optional[inkex.BaseElement]:
    if not link.startswith("#"):
        return None
    wanted = unquote(link[1:])
    return next((element for element in root.iter() if element.get("id") == wanted), None)
