"""Extensions ▸ StyleSketch ▸ Sketch…: each selected photograph becomes a layer of editable strokes above it."""

import dataclasses
import logging
import os
import sys
from typing import List, Optional, Tuple, Type

import inkex

from stylesketch_ext import hrefs, launcher, transport
from stylesketch_ext.choices import Choices, once, remember, remembered
from stylesketch_ext.diagnostics import Diagnostics
from stylesketch_ext.dialogs import toolkit
from stylesketch_ext.failures import HELP, Cancelled, Failure, Refusal, sentence
from stylesketch_ext.host import inkscape_is_gone
from stylesketch_ext.installation import Installation, find_installation
from stylesketch_ext.layers import add_sketch
from stylesketch_ext.requirements import inkex_version, no_window_sentence
from stylesketch_ext.sketch_job import SketchJob
from stylesketch_ext.subjects import Subject, subjects
from stylesketch_ext.words import _

LOG = logging.getLogger("style_sketch")
HERE = os.path.dirname(os.path.abspath(__file__))  # inkscape_ext/stylesketch_ext

_diagnostics: Optional[Diagnostics] = None  # set by main


class SketchEffect(inkex.EffectExtension):
    """The menu entry. `effect` returns False, so that nothing is written, unless there are new layers."""

    _window = None  # ours, once it is on the screen

    def add_arguments(self, pars):
        default = Choices()
        pars.add_argument("--gui", type=inkex.Boolean, default=True)
        pars.add_argument("--strokes", type=int, default=default.strokes)
        pars.add_argument("--style", type=str, default=default.style)
        pars.add_argument("--mask", type=str, default=default.mask)
        pars.add_argument("--source", type=str, default=default.source)
        pars.add_argument("--fidelity", type=float, default=default.fidelity)
        pars.add_argument("--guidance", type=str, default=default.guidance)
        pars.add_argument("--seed", type=int, default=default.seed)
        pars.add_argument("--steps", type=int, default=default.steps)

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
            _logged(failure)
            _tell(failure, windows, over=self._window)
            return None if len(self.svg) > before else False  # the sketches that were finished stay
        finally:
            if self._window:
                self._window.close_now()
        return None

    def _sketch(self, windows: bool) -> None:
        installation = find_installation(HERE)
        document = self.document_path()
        temporary = os.path.dirname(os.path.abspath(getattr(self.file_io, "name", "") or "."))
        folders = [temporary] + ([os.path.dirname(document)] if document else [])
        job, sketched = (self._in_window if windows else self._without_window)(folders, installation)
        if job.cancelled or job.is_alive():
            raise Cancelled()
        for subject, done in reversed(list(zip(sketched, job.results))):  # each goes right above its own layer
            add_sketch(self.svg, done.result, subject, subject.placement(done.image.width, done.image.height))
        if job.results and inkex_version(inkex) >= (1, 3):
            hrefs.repair_links(self.svg, temporary, document)
        if job.failure:
            raise job.failure

    def _without_window(self, folders: List[str], installation: Installation) -> Tuple[SketchJob, List[Subject]]:
        """Sketch with the options as they are; the ended job, and what was to be sketched."""
        choices = self._choices()
        settings = choices.settings()
        if self.options.gui and once(installation.data, "told-no-window"):
            _say(no_window_sentence())
        found = subjects(self.svg, folders, choices.source)
        job = _job(installation)
        job.begin([(subject.name, subject.data) for subject in found], settings)
        job.start()
        while job.is_alive():
            job.join(0.5)
            if inkscape_is_gone():
                job.cancel()
        return job, found

    def _in_window(self, folders: List[str], installation: Installation) -> Tuple[SketchJob, List[Subject]]:
        """Let the user choose and watch; the last job, and what was to be sketched. Choices that led to a sketch are kept."""
        from stylesketch_ext.dialogs.sketch_window import SketchWindow

        choices = self._choices()
        choices.settings()
        choices = remembered(installation.data, choices)
        source, found = choices.source, subjects(self.svg, folders, choices.source)

        def begun(job: SketchJob, chosen: Choices) -> None:
            nonlocal choices, source, found
            settings = chosen.settings()
            if chosen.source != source:
                found = subjects(self.svg, folders, chosen.source)
            choices, source = chosen, chosen.source
            job.begin([(subject.name, subject.data) for subject in found], settings)

        pictures = [(subject.name, subject.data) for subject in found]
        self._window = SketchWindow(lambda: _job(installation), pictures, choices, begun, _logged)
        job = self._window.run()
        if job.results:
            remember(installation.data, choices)
        return job, found

    def _choices(self) -> Choices:
        """The options of the menu entry."""
        values = vars(self.options)
        return Choices(**{field.name: values[field.name] for field in dataclasses.fields(Choices)})


def _job(installation: Installation) -> SketchJob:
    return SketchJob(lambda tell, stopped: launcher.connect(installation, tell, stopped))


def self_test() -> int:
    """One line on standard output: what the extension found. Everything that a run needs has been imported by now."""
    try:
        engine = "engine %s" % find_installation(HERE).version
    except Failure as failure:
        engine = "no engine: %s" % failure
    gtk = toolkit.version()
    if gtk:
        from stylesketch_ext.dialogs import message, sketch_window  # noqa: F401
    found = ["Python %d.%d.%d" % sys.version_info[:3], "inkex " + getattr(inkex, "__version__", "?")]
    found += ["GTK " + gtk if gtk else "no GTK: runs without a window", "HTTP by " + transport.Transport.name, engine]
    sys.stdout.write("stylesketch extension: ok (%s)\n" % "; ".join(found))
    return 0


def main(entry: Type[SketchEffect], diagnostics: Diagnostics) -> int:
    """Run the menu entry. The exit status; whatever happens, the user reads a sentence and never a traceback."""
    global _diagnostics
    _diagnostics = diagnostics
    try:
        entry().run()
    except SystemExit as ending:
        if ending.code in (None, 0):
            return 0
        _tell(
            Failure(_("StyleSketch could not read the document: save it, open it again and repeat."), "picture"),
            False,
            log=True,
        )
    except Failure as failure:
        _tell(failure, False)
    except Exception as error:
        LOG.exception("unexpected")
        _tell(Failure(sentence(_("StyleSketch stumbled over an error of its own (%s): try again.") % error)), False, log=True)
    else:
        return 0
    return 1


def _tell(failure: Failure, windows: bool, log: bool = False, over: object = None) -> None:
    """Show one sentence: in our own dialog, else through stderr, which Inkscape shows in one of its own."""
    if windows:
        from stylesketch_ext.dialogs.message import show_failure

        show_failure(sentence(str(failure)), _more(failure), over)
    else:
        text, path = sentence(str(failure)), _log_path()
        _say(" ".join([text, _help(failure)] + ([_("(Details: %s)") % path] if log or _log_helps(failure) else [])))


def _logged(failure: Failure) -> List[str]:
    """Write a failure to the log; the lines to be shown of it."""
    LOG.warning("%s", failure, exc_info=failure.__cause__)
    return [sentence(str(failure)), *_more(failure)]


def _more(failure: Failure) -> List[str]:
    """Where more is to be found about a failure."""
    return [_help(failure)] + ([_("Details are in %s") % _log_path()] if _log_helps(failure) else [])


def _help(failure: Failure) -> str:
    return _("More: README, Troubleshooting, “%s”.") % HELP[failure.help]


def _log_helps(failure: Failure) -> bool:
    return not isinstance(failure, Refusal) or failure.is_ours


def _log_path() -> str:
    return _diagnostics.path if _diagnostics else _("the log")


def _say(text: str) -> None:
    """Show a text in Inkscape's own dialog."""
    (_diagnostics.tell if _diagnostics else inkex.errormsg)(text)
