"""NVIDIA's driver through ctypes: kernels are loaded into torch's own context and launched on torch's own stream."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import byref, c_char_p, c_int, c_uint, c_void_p

from backend.core.errors import Internal, Missing, OutOfMemory

_OUT_OF_MEMORY = 2


def open_driver() -> ctypes.CDLL:
    """The driver's library; Missing where there is none."""
    try:
        return ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError as error:
        raise Missing(
            "NVIDIA's driver was not found ({error}); install it, or choose another rasterizer.", error=error
        ) from error


class Kernels:
    """A compiled module of kernels on one device, found by their names."""

    def __init__(self, driver: ctypes.CDLL, ordinal: int, image: bytes, names: tuple[str, ...]) -> None:
        self._driver, device = driver, c_int()
        self._context, module = c_void_p(), c_void_p()
        self._functions = {name: c_void_p() for name in names}
        self._check(driver.cuInit(c_uint(0)))
        self._check(driver.cuDeviceGet(byref(device), c_int(ordinal)))
        self._check(driver.cuDevicePrimaryCtxRetain(byref(self._context), device))
        with self._inside():
            self._check(driver.cuModuleLoadData(byref(module), c_char_p(image)))
            for name, function in self._functions.items():
                self._check(driver.cuModuleGetFunction(byref(function), module, name.encode()))

    def launch(self, name: str, blocks: tuple[int, int], threads: int, stream: int, argument: ctypes.Structure) -> None:
        """Queues a kernel that takes one structure by value; the structure is copied at once."""
        arguments = (c_void_p * 1)(ctypes.addressof(argument))
        sizes = [c_uint(size) for size in (*blocks, 1, threads, 1, 1, 0)]
        with self._inside():
            code = self._driver.cuLaunchKernel(self._functions[name], *sizes, c_void_p(stream), arguments, c_void_p())
        self._check(code)

    @contextmanager
    def _inside(self) -> Iterator[None]:
        """The device's context is this thread's; afterwards the one that was before."""
        self._check(self._driver.cuCtxPushCurrent_v2(self._context))
        try:
            yield
        finally:
            self._driver.cuCtxPopCurrent_v2(byref(c_void_p()))

    def _check(self, code: int) -> None:
        if not code:
            return
        text = c_char_p()
        self._driver.cuGetErrorString(c_int(code), byref(text))
        said = (text.value or b"unknown").decode()
        if code == _OUT_OF_MEMORY:
            raise OutOfMemory("There is not enough memory on the graphics card: choose a smaller size or fewer strokes.")
        raise Internal("The graphics card refused the CUDA rasterizer's work ({said}); choose another rasterizer.", said=said)
