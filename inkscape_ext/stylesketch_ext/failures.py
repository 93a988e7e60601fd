"""What ends a run early. Every text is one sentence that says what the user can do.

Each failure names the part of the README's troubleshooting page that helps further, by its key in HELP.
"""

from typing import Dict, List, Optional, Sequence, Tuple

from stylesketch_ext.wire.messages import Problem
from stylesketch_ext.words import _, spoken

HELP = {  # key: heading in README.md, below Troubleshooting
    "select": "Nothing is sketched, or the wrong thing",
    "picture": "The picture cannot be read",
    "seen": "What is visible cannot be drawn as a picture",
    "engine": "The engine does not start",
    "sandbox": "Inkscape from Snap or Flathub",
    "install": "The extension finds no engine",
    "modules": "A Python module or GTK is missing",
    "memory": "There is not enough memory or space",
    "weights": "Weights or packages are missing",
    "styles": "A style pack is refused",
    "bug": "StyleSketch stumbled over an error of its own",
}
HELP_BY_CODE = {
    "bad-image": "picture",
    "image-too-large": "picture",
    "bad-request": "select",
    "bad-pack": "styles",
    "exists": "styles",
    "not-found": "styles",
    "refused": "engine",
    "conflict": "styles",
    "missing": "weights",
    "out-of-memory": "memory",
    "out-of-disk": "memory",
}


class Failure(Exception):
    """The run cannot go on; `str(failure)` is the sentence for the user, `help` a key of HELP or empty."""

    def __init__(self, text: str, help: str = "bug") -> None:
        super().__init__(text)
        self.help = help

    @property
    def log_helps(self) -> bool:
        """Does the log say more than the sentence?"""
        return self.help not in ("", "select", "picture")


class Asked(Failure):
    """Something is still to be chosen or written: the sentence is all there is to say."""

    def __init__(self, text: str, field: str = "") -> None:
        """field: key of the field that it is about."""
        super().__init__(text, "")
        self.field = field


class Unreachable(Failure):
    """The engine does not answer: not started, ended, or the connection broke."""

    def __init__(self, text: str) -> None:
        super().__init__(text, "engine")


class Garbled(Failure):
    """The engine, or whatever listens on its port, answered something that is no message of ours."""

    def __init__(self, text: str) -> None:
        super().__init__(text, "engine")


class Refusal(Failure):
    """The engine answered with a problem; its sentence is shown, in the user's language where that is known."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(spoken(problem.detail or problem.title, problem.phrase), HELP_BY_CODE.get(problem.code, "bug"))
        self.problem = problem

    @property
    def is_ours(self) -> bool:
        """Is it a bug or a crash (the log helps), not something the user did?"""
        return self.problem.code in ("internal", "worker-died")

    @property
    def log_helps(self) -> bool:
        return self.is_ours


class Shortfall(Failure):
    """Some of several pictures failed; what was made of the others is there."""

    def __init__(self, failed: Sequence[Tuple[str, Failure]], done: int, count: int) -> None:
        """failed: (name of the picture, why); `done` of `count` pictures succeeded."""
        names: Dict[str, List[str]] = {}  # by sentence
        for name, failure in failed:
            names.setdefault(sentence(str(failure)), []).append(name)
        told = ["%s: %s" % (", ".join(about), text) for text, about in names.items()]
        super().__init__(" ".join([_("Done: %d of %d pictures.") % (done, count), *told]))
        self.help = failed[0][1].help
        self._log_helps = any(failure.log_helps for _name, failure in failed)

    @property
    def log_helps(self) -> bool:
        return self._log_helps


class Cancelled(Exception):
    """The user stopped the run; nothing is to be said and the document stays as it is."""


def stumbled(error: BaseException) -> Failure:
    """What is told of an error of our own."""
    return Failure(sentence(_("StyleSketch stumbled over an error of its own (%s): try again.") % error))


def settings_failure(problem: object) -> Asked:
    """What is said of settings that cannot be, such as the wire's ValueError."""
    said = spoken(str(problem), getattr(problem, "phrase", None))
    return Asked(sentence(_("StyleSketch cannot work with these settings: %s") % said))


def sentence(text: Optional[str]) -> str:
    """`text` on one line and with an end mark."""
    line = " ".join((text or "").split()) or _("StyleSketch stopped without saying why.")
    return line if line[-1] in ".!?…" else line + "."
