#!/usr/bin/env python3
"""Entry of Extensions ▸ StyleSketch ▸ Sketch Sequence…

Checks this Python as style_sketch.py does. This file is written so that any Python can read it.
"""

import sys

if sys.version_info < (3, 8):
    sys.stderr.write(
        "StyleSketch needs Inkscape 1.2 or newer with Python 3.8 or newer, and this is Python %d.%d (%s): update Inkscape.\n"
        % (sys.version_info[0], sys.version_info[1], sys.executable)
    )
    sys.exit(1)

from stylesketch_ext import start

if __name__ == "__main__":
    start.prepare()

from stylesketch_ext.sequence_effect import SequenceEffect


class StyleSequence(SequenceEffect):
    """The menu entry; Inkscape's checks look for a class of its name here."""


if __name__ == "__main__":
    sys.exit(start.run(StyleSequence))
