"""The window of the menu entry Sketch…: choose, then watch the sketch grow, or choose again."""

from dataclasses import replace
from typing import Any, Callable, List, Sequence, Tuple

from stylesketch_ext.choices import Choices
from stylesketch_ext.dialogs.choices_panel import ChoicesPanel
from stylesketch_ext.dialogs.job_terms import Leads, Words
from stylesketch_ext.dialogs.job_window import JobWindow
from stylesketch_ext.dialogs.packs_panel import PacksPanel
from stylesketch_ext.dialogs.painting import can_paint
from stylesketch_ext.failures import Failure
from stylesketch_ext.requirements import no_cairo_sentence
from stylesketch_ext.rows_job import NewRows
from stylesketch_ext.sketch_job import SketchJob
from stylesketch_ext.words import _, plural


class SketchWindow(JobWindow):
    """A job window whose form is about sketches.

    `begun(job, choices)` is to begin the job, or raises Failure; `explained(failure)` gives the lines to be shown of it;
    `new_panel(leave)` is what manages the style packs; `new_rows(plane, fidelities)` draws further rows of scenes.
    """

    def __init__(
        self,
        new_job: Callable[[], SketchJob],
        pictures: Sequence[Tuple[str, bytes]],
        choices: Choices,
        begun: Callable[[SketchJob, Choices], None],
        explained: Callable[[Failure], List[str]],
        new_panel: Callable[[Callable[[], None]], PacksPanel],
        new_rows: NewRows,
    ) -> None:
        def begin(job: Any, read: Choices, style: str) -> None:
            begun(job, replace(read, style=style))

        words = _words()

        def new_desk(job: Any, insert: Callable[[], None]) -> Any:
            from stylesketch_ext.dialogs.sketch_desk import SketchDesk  # needs cairo

            return SketchDesk(job, words.ready(job), new_rows, insert)

        paints = can_paint()
        leads = Leads(new_job, begin, explained, new_panel, new_desk=new_desk if paints else lambda job, insert: None)
        super().__init__(words, ChoicesPanel(choices), pictures, leads, choices.style)
        if not paints:
            self._page.say([no_cairo_sentence()])

    def run(self) -> SketchJob:
        """Show the window until there are sketches, or until it is closed: then the job counts as canceled."""
        job = super().run()
        assert isinstance(job, SketchJob)
        return job


def _words() -> Words:
    return Words(
        title=_("Sketch – StyleSketch"),
        subject="",
        waits=_("Inkscape waits until the sketch is done."),
        ready=lambda job: plural("The sketch is ready.", "%d sketches are ready.", len(job.results)),  # type: ignore[attr-defined]
        canceled=_("The sketch was canceled."),
        left_out=_("The sketch was not inserted."),
    )
