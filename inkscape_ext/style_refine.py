#!/usr/bin/env python3
"""Entry of Extensions ▸ StyleSketch ▸ Re-sketch…

It looks first whether this Python is new enough, so any Python 3 can read it.
"""

import sys

import stylesketch_ext.python_version  # noqa: F401  first: an old Python cannot read the rest
from stylesketch_ext import start

if __name__ == "__main__":
    start.prepare()

from stylesketch_ext.refine_effect import RefineEffect


class StyleRefine(RefineEffect):
    """The menu entry; Inkscape's checks look for a class of its name here."""


if __name__ == "__main__":
    sys.exit(start.run(StyleRefine))
