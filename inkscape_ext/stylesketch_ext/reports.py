"""How a run ends for the user: one sentence in our own dialog or in Inkscape's, the rest in the log."""

import logging
import os
import sys
from typing import List, Optional, Type

import inkex

from stylesketch_ext import transport
from stylesketch_ext.diagnostics import Diagnostics
from stylesketch_ext.dialogs import toolkit
from stylesketch_ext.failures import HELP, Failure, sentence, stumbled
from stylesketch_ext.installation import find_installation
from stylesketch_ext.words import _

LOG = logging.getLogger("style_sketch")
HERE = os.path.dirname(os.path.abspath(__file__))  # inkscape_ext/stylesketch_ext

_diagnostics: Optional[Diagnostics] = None  # set by main


def self_test() -> int:
    """One line on standard output: what the extension found. Everything that a run needs has been imported by now."""
    try:
        engine = "engine %s" % find_installation(HERE).version
    except Failure as failure:
        engine = "no engine: %s" % failure
    gtk = toolkit.version()
    if gtk:
        from stylesketch_ext.dialogs import message, packs_window, sketch_window  # noqa: F401
    found = ["Python %d.%d.%d" % sys.version_info[:3], "inkex " + getattr(inkex, "__version__", "?")]
    found += ["GTK " + gtk if gtk else "no GTK: runs without a window", "HTTP by " + transport.Transport.name, engine]
    sys.stdout.write("stylesketch extension: ok (%s)\n" % "; ".join(found))
    return 0


def main(entry: Type[inkex.EffectExtension], diagnostics: Diagnostics) -> int:
    """Run a menu entry. The exit status; whatever happens, the user reads a sentence and never a traceback."""
    global _diagnostics
    _diagnostics = diagnostics
    try:
        entry().run()
    except SystemExit as ending:
        if ending.code in (None, 0):
            return 0
        tell(
            Failure(_("StyleSketch could not read the document: save it, open it again and repeat."), "picture"),
            False,
            log=True,
        )
    except Failure as failure:
        tell(failure, False)
    except Exception as error:
        LOG.exception("unexpected")
        tell(stumbled(error), False, log=True)
    else:
        return 0
    return 1


def tell(failure: Failure, windows: bool, log: bool = False, over: object = None, about: str = "") -> None:
    """Show one sentence: in our own dialog, below what it is about, else through stderr, which Inkscape shows in one of
    its own."""
    if windows:
        from stylesketch_ext.dialogs.message import show_failure

        show_failure(sentence(str(failure)), _more(failure), over, about or _("StyleSketch could not make the sketch"))
    else:
        details = [_("(Details: %s)") % _log_path()] if log or failure.log_helps else []
        say(" ".join([sentence(str(failure)), *_help(failure), *details]))


def logged(failure: Failure) -> List[str]:
    """Write a failure to the log; the lines to be shown of it."""
    LOG.warning("%s", failure, exc_info=failure.__cause__)
    return [sentence(str(failure)), *_more(failure)]


def _more(failure: Failure) -> List[str]:
    """Where more is to be found about a failure."""
    return _help(failure) + ([_("Details are in %s") % _log_path()] if failure.log_helps else [])


def _help(failure: Failure) -> List[str]:
    return [_("More: README, Troubleshooting, “%s”.") % HELP[failure.help]] if failure.help else []


def _log_path() -> str:
    return _diagnostics.path if _diagnostics else _("the log")


def say(text: str) -> None:
    """Show a text in Inkscape's own dialog."""
    (_diagnostics.tell if _diagnostics else inkex.errormsg)(text)
