"""What happens before and around the menu entry: noise goes to the log, what is missing is said. Standard library only."""

import os
import sys
import warnings
from typing import Optional

from stylesketch_ext import diagnostics, requirements
from stylesketch_ext.failures import HELP, Failure
from stylesketch_ext.installation import find_installation
from stylesketch_ext.words import _

SELF_TEST = "--self-test"

_diagnostics: Optional[diagnostics.Diagnostics] = None


def prepare() -> None:
    """Divert standard error, and see whether inkex can be imported; ends the program with a sentence if it cannot."""
    global _diagnostics
    if SELF_TEST not in sys.argv:
        _diagnostics = diagnostics.divert_stderr(_state_folder())
    lacking = requirements.missing_sentence()
    if lacking:
        lacking += " " + _("More: README, Troubleshooting, “%s”.") % HELP["modules"]
        (_diagnostics.tell if _diagnostics else sys.stderr.write)(lacking + "\n")
        sys.exit(1)
    if not os.environ.get("STYLESKETCH_DEBUG"):
        warnings.simplefilter("ignore")  # inkex 1.2 shows them all, and each would be a dialog


def run(entry: type) -> int:
    """Do what was asked; returns the exit status."""
    from stylesketch_ext import reports

    if SELF_TEST in sys.argv:
        return reports.self_test()
    assert _diagnostics
    return reports.main(entry, _diagnostics)


def _state_folder() -> Optional[str]:
    try:
        return find_installation(os.path.dirname(os.path.abspath(__file__))).state
    except Failure:
        return None
