"""The window of the menu entry Sketch…: choose, then watch the sketch grow, or choose again."""

from dataclasses import replace
from typing import Any, Callable, List, Sequence, Tuple

from stylesketch_ext.choices import Choices
from stylesketch_ext.dialogs.choices_panel import ChoicesPanel
from stylesketch_ext.dialogs.job_window import JobWindow, Leads, Words
from stylesketch_ext.dialogs.packs_panel import PacksPanel
from stylesketch_ext.failures import Failure
from stylesketch_ext.sketch_job import SketchJob
from stylesketch_ext.words import _, plural


class SketchWindow(JobWindow):
    """A job window whose form is about sketches.

    `begun(job, choices)` is to begin the job, or raises Failure; `explained(failure)` gives the lines to be shown of it;
    `new_panel(leave)` is what manages the style packs.
    """

    def __init__(
        self,
        new_job: Callable[[], SketchJob],
        pictures: Sequence[Tuple[str, bytes]],
        choices: Choices,
        begun: Callable[[SketchJob, Choices], None],
        explained: Callable[[Failure], List[str]],
        new_panel: Callable[[Callable[[], None]], PacksPanel],
    ) -> None:
        def begin(job: Any, read: Choices, style: str) -> None:
            begun(job, replace(read, style=style))

        leads = Leads(new_job, begin, explained, new_panel)
        super().__init__(_words(), ChoicesPanel(choices), pictures, leads, choices.style)


def _words() -> Words:
    return Words(
        title="StyleSketch",
        subject="",
        waits=_("Inkscape waits until the sketch is done."),
        ready=lambda job: plural("The sketch is ready.", "%d sketches are ready.", len(job.results)),  # type: ignore[attr-defined]
        canceled=_("The sketch was canceled."),
        left_out=_("The sketch was not inserted."),
    )
