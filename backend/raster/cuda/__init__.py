"""The CUDA engine: the native engine's algorithm on NVIDIA cards, compiled where it runs. It has not been run on a card yet."""

from backend.raster.cuda.engine import CudaEngine, cuda_engine
from backend.raster.cuda.gpu import has_card
from backend.raster.cuda.nvrtc import missing_compiler

__all__ = ["CudaEngine", "cuda_engine", "has_card", "missing_compiler"]
