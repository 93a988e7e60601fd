"""The photograph that the user means, and the way to it through groups, nested documents and clones."""

import os
from dataclasses import dataclass
from typing import Dict, Iterator, List, Optional, Sequence, Tuple
from urllib.parse import unquote

import inkex

from stylesketch_ext.failures import Failure
from stylesketch_ext.hrefs import ABSREF, href, picture_bytes

# From a child of the root down to the <image>; after a <use> comes what it shows. Its length is at least one.
Chain = Tuple[inkex.BaseElement, ...]

CONTAINERS = ("g", "a", "switch", "svg")
CLONE_DEPTH = 20  # clones of clones; deeper ones are taken for a circle

NOTHING = "Select the photograph that is to be sketched (a bitmap picture, or a group with one), then start StyleSketch again."


@dataclass(frozen=True)
class SelectedPicture:
    """The photograph: where it stands in the document, what it is called, and its file's bytes."""

    chain: Chain
    name: str
    data: bytes


def selected_picture(svg: inkex.BaseElement, folders: Sequence[str]) -> SelectedPicture:
    """The one picture in the selection; with nothing selected, the only picture of the document.

    `folders` are those that relative links may start at. Raises Failure with a sentence that says what to select.
    """
    chain = _the_one(svg)
    image = chain[-1]
    return SelectedPicture(chain, picture_name(image), picture_bytes(image, folders))


def picture_name(image: inkex.BaseElement) -> str:
    """The picture's label, else its file's name, else its id."""
    label = image.get("{http://www.inkscape.org/namespaces/inkscape}label")
    link = image.get(ABSREF) or href(image)
    if not label and link and link[:5].lower() != "data:":
        label = os.path.basename(unquote(link).replace("\\", "/"))
    return label or image.get("id") or "picture"


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


def tag_name(element: inkex.BaseElement) -> str:
    """The tag without its namespace; empty for comments and the like."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _the_one(svg: inkex.BaseElement) -> Chain:
    selected = list(svg.selection)
    if selected:
        found = _without_repeats(chain for element in selected for chain in pictures_below(chain_to(element), svg))
        if len(found) > 1:
            raise Failure("The selection holds %d pictures: select just one of them." % len(found))
    else:
        found = _without_repeats(chain for child in svg for chain in pictures_below((child,), svg))
        if len(found) > 1:
            raise Failure("The document holds %d pictures: select the one that is to be sketched." % len(found))
    if not found:
        raise Failure(NOTHING)
    return found[0]


def _without_repeats(chains: Iterator[Chain]) -> List[Chain]:
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
