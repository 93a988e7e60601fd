"""The native engine: C++ behind a plain C interface, built when the program is installed."""

from backend.raster.native.engine import NativeEngine, describe_engine, native_engine

__all__ = ["NativeEngine", "describe_engine", "native_engine"]
