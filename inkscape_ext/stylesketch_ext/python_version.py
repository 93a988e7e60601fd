"""Ends a Python that is too old with a sentence. Entries of the menu import this first; any Python 3 can read it and them."""

import sys

if sys.version_info < (3, 8):
    sys.stderr.write(
        "StyleSketch needs Inkscape 1.2 or newer with Python 3.8 or newer, and this is Python %d.%d (%s): update Inkscape.\n"
        % (sys.version_info[0], sys.version_info[1], sys.executable)
    )
    sys.exit(1)
