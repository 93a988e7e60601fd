"""Floor 3: networks' weights on this machine.

`find` and `load` are what recipes need; both take `Places` (whose `--data` and STYLESKETCH_HOME decide the folder).
"""

from backend.weights.manifest import MANIFEST, Weights, WeightsFile
from backend.weights.shelf import find, load

__all__ = ["MANIFEST", "Weights", "WeightsFile", "find", "load"]
