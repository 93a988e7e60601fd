#!/usr/bin/env python3
"""Entry of Extensions ▸ StyleSketch ▸ Sketch…

Looks first whether this Python is new enough and, with the standard library only, whether inkex can be imported, so that
what is missing is explained in a sentence. `--self-test` imports everything and says in one line what it found.
Any Python 3 can read this file.
"""

import sys

import stylesketch_ext.python_version  # noqa: F401  first: an old Python cannot read the rest
from stylesketch_ext import start

if __name__ == "__main__":
    start.prepare()

from stylesketch_ext.effect import SketchEffect


class StyleSketch(SketchEffect):
    """The menu entry; Inkscape's checks look for a class of its name here."""


if __name__ == "__main__":
    sys.exit(start.run(StyleSketch))
