"""What is to be sketched: bitmaps with their names and their places in the document."""

from dataclasses import dataclass
from typing import List, Optional, Sequence

import inkex
from inkex import Transform

from stylesketch_ext.failures import Failure
from stylesketch_ext.hrefs import NoBitmap, picture_bytes
from stylesketch_ext.one_by_one import Unread
from stylesketch_ext.placement import Placement, place
from stylesketch_ext.seen import seen
from stylesketch_ext.selection import Chain, is_changed, name_of, only_pictures, selected_chains, selected_shapes, visible_part
from stylesketch_ext.words import _, plural

AUTO, FILE, SEEN = "auto", "file", "seen"


@dataclass(frozen=True)
class Subject:
    """One bitmap that becomes one layer."""

    chain: Chain  # the way to what it shows
    name: str
    data: bytes
    matrix: Optional[Transform] = None  # its px → user units; None: by the rules for the picture that the chain ends at
    shown: Sequence[Chain] = ()  # the ways to all that it shows, where that is more

    def placement(self, width: int, height: int) -> Placement:
        """Where its width × height px lie."""
        return Placement(self.matrix) if self.matrix else place(self.chain, width, height)

    def hide(self) -> None:
        """Not visible any more; of a clone the clone alone."""
        for chain in self.shown or (self.chain,):
            visible_part(chain)[-1].style["display"] = "none"


def readable(svg: inkex.BaseElement, folders: Sequence[str], source: str = AUTO, lines_mark: bool = False) -> List[Subject]:
    """As `subjects`; but of several pictures those that cannot be read have an Unread for their bytes, if others can be."""
    try:
        return subjects(svg, folders, source, lines_mark)
    except Failure:
        if source == SEEN:
            raise
        found = [_tried(svg, chain, folders, source) for chain in selected_chains(svg)]
        if all(isinstance(subject.data, Unread) for subject in found):
            raise
        return found


def subjects(svg: inkex.BaseElement, folders: Sequence[str], source: str = AUTO, lines_mark: bool = False) -> List[Subject]:
    """What the selection means; with nothing selected, the only picture of the document.

    `folders` are those that relative links may start at, Inkscape's temporary one first. By `source`: FILE takes the
    pictures' files, SEEN the selection as Inkscape shows it, AUTO the files, but not for pictures that are clipped,
    masked or filtered, nor for selections without pictures. With `lines_mark`, selected lines only mark pictures: those in
    the selection, else the only one of the document. Raises Failure with a sentence that says what to do.
    """
    if source == SEEN and svg.selection and not lines_mark:
        return [_as_seen(svg, selected_shapes(svg), folders)]
    chains = selected_chains(svg) or (only_pictures(svg) if lines_mark else [])
    if chains:
        return [subject_of(svg, chain, folders, source) for chain in chains]
    shapes = selected_shapes(svg) if source != FILE and not lines_mark else []
    if not shapes:
        raise Failure(_("Select what is to be sketched, a photograph or a drawing, then start StyleSketch again."), "select")
    return [_as_seen(svg, shapes, folders)]


def subject_of(svg: inkex.BaseElement, chain: Chain, folders: Sequence[str], source: str = AUTO) -> Subject:
    """One picture of the document; Failure where it cannot be read."""
    if source == SEEN or (source == AUTO and is_changed(chain)):
        return _as_seen(svg, [chain], folders)
    try:
        return Subject(chain, name_of(chain[-1]), picture_bytes(chain[-1], folders))
    except NoBitmap:
        if source == AUTO:
            return _as_seen(svg, [chain], folders)
        raise


def _tried(svg: inkex.BaseElement, chain: Chain, folders: Sequence[str], source: str) -> Subject:
    try:
        return subject_of(svg, chain, folders, source)
    except Failure as failure:
        return Subject(chain, name_of(chain[-1]), Unread(failure))


def _as_seen(svg: inkex.BaseElement, shown: Sequence[Chain], folders: Sequence[str]) -> Subject:
    if not shown:
        raise Failure(_("There is nothing to see of the selection: show it, or select something else."), "select")
    drawn = seen(svg, shown, folders[0])
    name = name_of(shown[0][-1]) if len(shown) == 1 else plural("%d object", "%d objects", len(shown))
    return Subject(shown[-1], name, drawn.data, drawn.matrix, shown)
