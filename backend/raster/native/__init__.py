"""The native engine: C++ behind a plain C interface, built when the program is installed."""

from backend.raster.native.engine import BUILD_COMMAND, NativeEngine, describe_engine, native_engine

__all__ = ["BUILD_COMMAND", "NativeEngine", "describe_engine", "native_engine"]
