"""What ends a run early. Every text is one sentence that says what the user can do."""

from typing import Optional

from stylesketch_ext.wire.messages import Problem


class Failure(Exception):
    """The run cannot go on; `str(failure)` is the sentence for the user."""


class Unreachable(Failure):
    """The engine does not answer: not started, ended, or the connection broke."""


class Garbled(Failure):
    """The engine, or whatever listens on its port, answered something that is no message of ours."""


class Refusal(Failure):
    """The engine answered with a problem; its sentence is shown as it is."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail or problem.title)
        self.problem = problem

    @property
    def is_ours(self) -> bool:
        """Is it a bug or a crash (the log helps), not something the user did?"""
        return self.problem.code in ("internal", "worker-died")


class Cancelled(Exception):
    """The user stopped the run; nothing is to be said and the document stays as it is."""


def sentence(text: Optional[str]) -> str:
    """`text` on one line and with an end mark."""
    line = " ".join((text or "").split()) or "StyleSketch stopped without saying why."
    return line if line[-1] in ".!?…" else line + "."
