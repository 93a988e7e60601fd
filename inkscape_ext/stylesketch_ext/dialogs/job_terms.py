"""What a job window says, and where it leads to."""

from dataclasses import dataclass
from typing import Any, Callable, List, Sequence, Tuple

from stylesketch_ext.dialogs.packs_panel import PacksPanel
from stylesketch_ext.engine_thread import EngineThread
from stylesketch_ext.failures import Failure

Try = Tuple[bytes, str]  # a picture, and what it is called


@dataclass(frozen=True)
class Words:
    """What the window says, in the user's language."""

    title: str  # of the window
    subject: str  # what stands over the form where there are no pictures
    waits: str  # that Inkscape waits
    ready: Callable[[EngineThread], str]  # that there is something
    canceled: str  # that the work was stopped
    left_out: str  # that the result was not inserted


@dataclass(frozen=True)
class Leads:
    """Where the window leads to."""

    new_job: Callable[[], EngineThread]
    begun: Callable[[EngineThread, Any, str], None]  # (job, what the form reads, style pack): gives it a task; or Failure
    explained: Callable[[Failure], List[str]]  # the lines to be shown of a failure
    new_panel: Callable[[Callable[[], None]], PacksPanel]  # (leave) → what manages the style packs
    picks: Callable[[Any], Sequence[Try]] = lambda result: ()  # of a result: what the user picks one of
    # (job, insert) → a widget with a `view` in place of the picture, on which the result can be changed before it is inserted;
    # it has tick(), take(), stop(), `stopped` and further `buttons`. None: there is nothing to change
    new_desk: Callable[[EngineThread, Callable[[], None]], Any] = lambda job, insert: None
