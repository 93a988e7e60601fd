"""Extensions ▸ StyleSketch ▸ Sketch…: each selected photograph becomes a layer of editable strokes above it."""

import dataclasses
import logging
import os
from typing import Callable, List, Sequence, Tuple

import inkex

from stylesketch_ext import hrefs, launcher, reports, user_files
from stylesketch_ext.choices import Choices, once, remember, remembered
from stylesketch_ext.dialogs import toolkit
from stylesketch_ext.engine_thread import Connect
from stylesketch_ext.errands import Errands
from stylesketch_ext.failures import Cancelled, Failure
from stylesketch_ext.host import inkscape_is_gone
from stylesketch_ext.installation import Installation, find_installation
from stylesketch_ext.layers import add_plane, add_sketch
from stylesketch_ext.marks import Line, marks_on, selected_lines
from stylesketch_ext.plane import Plane
from stylesketch_ext.requirements import inkex_version, no_window_sentence
from stylesketch_ext.rows_job import RowsJob
from stylesketch_ext.sketch_job import MarksOn, SketchJob
from stylesketch_ext.subjects import Subject, readable
from stylesketch_ext.words import _, marked

LOG = logging.getLogger("style_sketch")
HERE = os.path.dirname(os.path.abspath(__file__))  # inkscape_ext/stylesketch_ext


class SketchEffect(inkex.EffectExtension):
    """The menu entry. `effect` returns False, so that nothing is written, unless there are new layers."""

    _window = None  # ours, once it is on the screen

    def add_arguments(self, pars):
        default = Choices()
        pars.add_argument("--gui", type=inkex.Boolean, default=True)
        pars.add_argument("--strokes", type=int, default=default.strokes)
        pars.add_argument("--style", type=str, default=default.style)
        pars.add_argument("--style_strength", type=float, default=default.style_strength)
        pars.add_argument("--style_weight", type=float, default=default.style_weight)
        pars.add_argument("--mask", type=str, default=default.mask)
        pars.add_argument("--source", type=str, default=default.source)
        pars.add_argument("--fidelity", type=float, default=default.fidelity)
        pars.add_argument("--guidance", type=str, default=default.guidance)
        pars.add_argument("--seed", type=int, default=default.seed)
        pars.add_argument("--candidates", type=int, default=default.candidates)
        pars.add_argument("--steps", type=int, default=default.steps)
        pars.add_argument("--hide", type=inkex.Boolean, default=default.hide)

    def has_changed(self, ret):
        """Is there something to write? The text alone, which inkex compares, changes already where a transform is read."""
        return ret is not False and super().has_changed(ret)

    def effect(self):
        """Returns None when the document has changed, False when it stays as it is."""
        windows = bool(self.options.gui and toolkit.can_show_windows())
        before = len(self.svg)
        try:
            self._sketch(windows)
        except Cancelled:
            LOG.info("canceled")
            return False
        except Failure as failure:
            reports.logged(failure)
            finished = len(self.svg) > before
            about = _("StyleSketch could not do all of this") if finished else ""
            reports.tell(failure, windows, over=self._window, about=about)
            return None if finished else False  # what was finished stays
        finally:
            if self._window:
                self._window.close_now()
        return None

    def _sketch(self, windows: bool) -> None:
        installation = find_installation(HERE)
        document = self.document_path()
        folders = hrefs.link_folders(getattr(self.file_io, "name", ""), document)
        job, sketched, hide = (self._in_window if windows else self._without_window)(folders, installation)
        if job.cancelled or job.is_alive():
            raise Cancelled()
        for place, done in reversed(list(enumerate(job.results))):  # each right above its own layer
            subject = sketched[done.number]
            placement = subject.placement(done.image.width, done.image.height)
            if job.planes:
                add_plane(self.svg, job.planes[place], job.chosen, subject, placement)
            else:
                add_sketch(self.svg, done.result, subject, placement)
            if hide:
                subject.hide()
        if job.results and inkex_version(inkex) >= (1, 3):
            hrefs.repair_links(self.svg, folders[0], document)
        if job.failure:
            raise job.failure

    def _without_window(self, folders: List[str], installation: Installation) -> Tuple[SketchJob, List[Subject], bool]:
        """Sketch with the options as they are; the ended job, what was to be sketched, and whether that is to be hidden."""
        choices = self._choices()
        settings = choices.settings()
        if self.options.gui and once(installation.data, "told-no-window"):
            reports.say(no_window_sentence())
        found = readable(self.svg, folders, choices.source, choices.by_lines)
        job = _job(installation)
        job.begin(_pictures(found), settings, choices.recipe, self._marks(found, choices))
        job.start()
        while job.is_alive():
            job.join(0.5)
            if inkscape_is_gone():
                job.cancel()
        return job, found, choices.hide

    def _in_window(self, folders: List[str], installation: Installation) -> Tuple[SketchJob, List[Subject], bool]:
        """As `_without_window`, but let the user choose and watch; the last job. Choices that led to a sketch are kept."""
        from stylesketch_ext.dialogs.packs_panel import PacksPanel
        from stylesketch_ext.dialogs.sketch_window import SketchWindow

        choices = self._choices()
        choices.settings()
        choices = remembered(installation.data, choices)
        meant = (choices.source, choices.by_lines)
        found = readable(self.svg, folders, *meant)

        def begun(job: SketchJob, chosen: Choices) -> None:
            nonlocal choices, meant, found
            settings = chosen.settings()
            if (chosen.source, chosen.by_lines) != meant:
                found = readable(self.svg, folders, chosen.source, chosen.by_lines)
            choices, meant = chosen, (chosen.source, chosen.by_lines)
            job.begin(_pictures(found), settings, chosen.recipe, self._marks(found, chosen))

        def new_panel(leave: Callable[[], None]) -> PacksPanel:
            errands, folder = Errands(_connect(installation)), user_files.first_folder(self.document_path())
            return PacksPanel(errands, lambda: _pictures(found), reports.logged, folder, leave, marked("_Done"))

        def new_rows(plane: Plane, fidelities: Sequence[float]) -> RowsJob:
            return RowsJob(_connect(installation), plane, fidelities)

        self._window = SketchWindow(
            lambda: _job(installation, True), _pictures(found), choices, begun, reports.logged, new_panel, new_rows
        )
        job = self._window.run()
        if job.results:
            remember(installation.data, choices)
        return job, found, choices.hide

    def _marks(self, found: List[Subject], choices: Choices) -> List[MarksOn]:
        """What tells the subject of each picture, if the user wants to tell it by lines."""
        if not choices.by_lines:
            return []
        lines = selected_lines(self.svg)
        return [_on(subject, lines) for subject in found]

    def _choices(self) -> Choices:
        """The options of the menu entry."""
        values = vars(self.options)
        return Choices(**{field.name: values[field.name] for field in dataclasses.fields(Choices)})


def _on(subject: Subject, lines: List[Line]) -> MarksOn:
    return lambda width, height: marks_on(lines, subject.placement(width, height), width, height, subject.name)


def _job(installation: Installation, with_styles: bool = False) -> SketchJob:
    return SketchJob(_connect(installation), with_styles)


def _connect(installation: Installation) -> Connect:
    return lambda tell, stopped: launcher.connect(installation, tell, stopped)


def _pictures(found: List[Subject]) -> List[Tuple[str, bytes]]:
    return [(subject.name, subject.data) for subject in found]
