#!/usr/bin/env python3
"""Extensions ▸ StyleSketch ▸ Sketch…: the selected photograph becomes a layer of editable strokes above it.

As a script it looks first, with the standard library only, whether inkex can be imported, so that a lacking module is
explained in a sentence. `--self-test` imports everything and says in one line what it found.
"""

import logging
import os
import sys
from typing import Optional

from stylesketch_ext import diagnostics, requirements
from stylesketch_ext.failures import Cancelled, Failure, Refusal, sentence
from stylesketch_ext.installation import Installation, find_installation

DIAGNOSTICS: Optional[diagnostics.Diagnostics] = None
SELF_TEST = "--self-test"
LOG = logging.getLogger("style_sketch")


def _state_folder() -> Optional[str]:
    try:
        return find_installation(__file__).state
    except Failure:
        return None


if __name__ == "__main__":
    if SELF_TEST not in sys.argv:
        DIAGNOSTICS = diagnostics.divert_stderr(_state_folder())
    lacking = requirements.missing_sentence()
    if lacking:
        (DIAGNOSTICS.tell if DIAGNOSTICS else sys.stderr.write)(lacking + "\n")
        sys.exit(1)

import inkex  # noqa: E402

if __name__ == "__main__":
    import warnings

    if not os.environ.get("STYLESKETCH_DEBUG"):
        warnings.simplefilter("ignore")  # inkex 1.2 shows them all, and each would be a dialog

from stylesketch_ext import hrefs, launcher, transport  # noqa: E402
from stylesketch_ext.choices import Choices, remember, remembered  # noqa: E402
from stylesketch_ext.dialogs import toolkit  # noqa: E402
from stylesketch_ext.host import inkscape_is_gone  # noqa: E402
from stylesketch_ext.layers import add_sketch  # noqa: E402
from stylesketch_ext.placement import place  # noqa: E402
from stylesketch_ext.selection import SelectedPicture, selected_picture  # noqa: E402
from stylesketch_ext.sketch_job import SketchJob  # noqa: E402


class StyleSketch(inkex.EffectExtension):
    """The menu entry. `effect` returns False, so that nothing is written, unless there is a new layer."""

    _window = None  # ours, once it is on the screen

    def add_arguments(self, pars):
        default = Choices()
        pars.add_argument("--gui", type=inkex.Boolean, default=True)
        pars.add_argument("--strokes", type=int, default=default.strokes)
        pars.add_argument("--style", type=str, default=default.style)
        pars.add_argument("--mask", type=str, default=default.mask)
        pars.add_argument("--guidance", type=str, default=default.guidance)
        pars.add_argument("--seed", type=int, default=default.seed)
        pars.add_argument("--steps", type=int, default=default.steps)

    def effect(self):
        """Returns None when the document has changed, False when it stays as it is."""
        windows = bool(self.options.gui and toolkit.can_show_windows())
        try:
            self._sketch(windows)
        except Cancelled:
            LOG.info("canceled")
            return False
        except Failure as failure:
            LOG.warning("%s", failure, exc_info=failure.__cause__)
            _tell(failure, windows, over=self._window)
            return False
        finally:
            if self._window:
                self._window.close_now()
        return None

    def _sketch(self, windows: bool) -> None:
        installation = find_installation(__file__)
        document = self.document_path()
        temporary = os.path.dirname(os.path.abspath(getattr(self.file_io, "name", "") or "."))
        folders = [temporary] + ([os.path.dirname(document)] if document else [])
        picture = selected_picture(self.svg, folders)
        job = SketchJob(lambda tell, stopped: launcher.connect(installation, tell, stopped), picture.data, picture.name)
        self._make(job, picture, installation, windows)
        if job.cancelled or job.is_alive():
            raise Cancelled()
        if job.failure:
            raise job.failure
        assert job.image and job.result
        add_sketch(self.svg, job.result, picture, place(picture.chain, job.image.width, job.image.height))
        if _inkex_version() >= (1, 3):
            hrefs.repair_links(self.svg, temporary, document)

    def _make(self, job: SketchJob, picture: SelectedPicture, installation: Installation, windows: bool) -> None:
        """Run the job to its end, in the window or without one."""
        options = self.options
        choices = Choices(options.strokes, options.style, options.mask, options.guidance, options.seed, options.steps)
        choices.settings()
        if not windows:
            job.begin(choices.settings())
            job.start()
            while job.is_alive():
                job.join(0.5)
                if inkscape_is_gone():
                    job.cancel()
            return
        from stylesketch_ext.dialogs.sketch_window import SketchWindow

        def begun(chosen: Choices) -> None:
            remember(installation.data, chosen)
            job.begin(chosen.settings())

        self._window = SketchWindow(job, picture.name, picture.data, remembered(installation.data, choices), begun)
        job.start()
        self._window.run()


def self_test() -> int:
    """One line on standard output: what the extension found. Everything that a run needs has been imported by now."""
    try:
        engine = "engine %s" % find_installation(__file__).version
    except Failure as failure:
        engine = "no engine: %s" % failure
    gtk = toolkit.version()
    if gtk:
        from stylesketch_ext.dialogs import message, sketch_window  # noqa: F401
    found = ["Python %d.%d.%d" % sys.version_info[:3], "inkex " + getattr(inkex, "__version__", "?")]
    found += ["GTK " + gtk if gtk else "no GTK: runs without a window", "HTTP by " + transport.Transport.name, engine]
    sys.stdout.write("stylesketch extension: ok (%s)\n" % "; ".join(found))
    return 0


def main() -> int:
    """The exit status; whatever happens, the user reads a sentence and never a traceback."""
    try:
        StyleSketch().run()
    except SystemExit as ending:
        if ending.code in (None, 0):
            return 0
        _tell(Failure("StyleSketch could not read the document: save it, open it again and repeat."), False, log=True)
    except Failure as failure:
        _tell(failure, False)
    except Exception as error:
        LOG.exception("unexpected")
        _tell(Failure(sentence("StyleSketch stumbled over an error of its own (%s)" % error)), False, log=True)
    else:
        return 0
    return 1


def _tell(failure: Failure, windows: bool, log: bool = False, over: object = None) -> None:
    """Show one sentence: in our own dialog, else through stderr, which Inkscape shows in one of its own."""
    text, path = sentence(str(failure)), DIAGNOSTICS.path if DIAGNOSTICS else "the log"
    log_helps = log or not isinstance(failure, Refusal) or failure.is_ours
    if windows:
        from stylesketch_ext.dialogs.message import show_failure

        show_failure(text, path, log_helps, over)
    elif DIAGNOSTICS:
        DIAGNOSTICS.tell(text + (" (Details: %s)" % path if log_helps else ""))
    else:
        inkex.errormsg(text)


def _inkex_version() -> "tuple":
    return tuple(int(part) for part in getattr(inkex, "__version__", "1.2").split(".")[:2] if part.isdigit())


if __name__ == "__main__":
    sys.exit(self_test() if SELF_TEST in sys.argv else main())
