"""Pools that see none of the weights of whoever runs the tests."""

import tempfile
from pathlib import Path

from backend.model_pool import ModelPool
from backend.places import Places


def bare_pool():
    """A pool on the CPU without any weights: its home is a folder that is never made."""
    return ModelPool.choose("cpu", places=Places.find(Path(tempfile.gettempdir()) / "stylesketch-tests-have-no-weights"))
