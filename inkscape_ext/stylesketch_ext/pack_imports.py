"""Files of style packs being imported, one after the other, since each may have to ask."""

from typing import Callable, List, Optional, Protocol, Sequence, Tuple

from stylesketch_ext import user_files
from stylesketch_ext.errands import Errands
from stylesketch_ext.failures import Failure, Refusal
from stylesketch_ext.pack_facts import name_from, title_of
from stylesketch_ext.wire.messages import StyleInfo
from stylesketch_ext.words import _

TAKEN = ("exists", "conflict")  # the codes of a name that is

Answer = Tuple[str, Callable[[], None]]  # the button's label, what it does


class Asks(Protocol):
    """What tells and asks the user; dialogs.notice.Notice does."""

    def tell(self, lines: Sequence[str], bad: bool = ...) -> None: ...

    def ask(self, question: str, answers: Sequence[Answer], dismissed: Callable[[], None] = ..., no: str = ...) -> None: ...


class PackImports:
    """`packs()` are those that are there now; `imported(pack)` is called for each new one, `explained(failure)` gives the
    lines to be shown of a failure."""

    def __init__(
        self,
        errands: Errands,
        user: Asks,
        packs: Callable[[], Sequence[StyleInfo]],
        imported: Callable[[StyleInfo], None],
        explained: Callable[[Failure], List[str]],
    ) -> None:
        self._errands, self._user, self._packs = errands, user, packs
        self._imported, self._explained = imported, explained
        self._paths: List[str] = []
        self._lines: List[str] = []  # what has been said so far
        self._bad = False  # has anything failed?

    def begin(self, paths: Sequence[str]) -> None:
        """Import these files."""
        self._paths, self._lines, self._bad = list(paths), [], False
        self._go_on()

    def _go_on(self) -> None:
        while self._paths:
            try:
                self._take(user_files.read(self._paths.pop(0)))
                return
            except Failure as failure:
                self._complain(failure)

    def _take(self, archive: bytes, name: str = "", replace: bool = False) -> None:
        def refused(failure: Optional[Failure]) -> None:
            there = in_the_way(failure, self._packs())
            if there:
                self._ask(str(failure), there, archive)
                return
            if failure:
                self._complain(failure)
            self._go_on()

        self._errands.do(lambda client: client.import_style(archive, name, replace), self._taken, refused)

    def _ask(self, sentence: str, there: StyleInfo, archive: bytes) -> None:
        """Replace an own pack, or give the new one another name?"""
        name = name_from(there.name, [pack.name for pack in self._packs()])
        replace = (_("_Replace"), lambda: self._take(archive, replace=True))
        both = (_("_Keep Both"), lambda: self._take(archive, name))
        self._user.ask(sentence, [both] if there.bundled else [replace, both], self._go_on, _("_Cancel"))

    def _taken(self, pack: StyleInfo) -> None:
        self._lines.append(_("The style pack “%s” has been imported.") % title_of(pack))
        self._user.tell(self._lines, self._bad)
        self._imported(pack)
        self._go_on()

    def _complain(self, failure: Failure) -> None:
        self._lines += self._explained(failure)
        self._bad = True
        self._user.tell(self._lines, True)


def in_the_way(failure: Optional[Failure], packs: Sequence[StyleInfo]) -> Optional[StyleInfo]:
    """The pack whose name is taken, if that is why it failed; the engine's sentence names it."""
    if not isinstance(failure, Refusal) or failure.problem.code not in TAKEN:
        return None
    return next((pack for pack in packs if "'%s'" % pack.name in str(failure)), None)
