"""NVIDIA's run-time compiler, which comes with torch's CUDA builds, through ctypes."""

from __future__ import annotations

import ctypes
import functools
import os
import sys
from collections.abc import Iterable, Iterator
from ctypes import byref, c_char_p, c_int, c_size_t, c_void_p
from pathlib import Path

import torch

from backend.core.errors import Internal, Missing

OPTIONS = ("--std=c++14",)


def nvrtc_files(torch_folder: Path, platform: str, version: str) -> Iterator[Path]:
    """Where the compiler may lie, the likeliest first.

    torch_folder: of the installed package, beside which pip puts the `nvidia` packages; version: of CUDA, as torch tells it.
    """
    major = version.partition(".")[0]
    windows = platform == "win32"
    pattern = f"nvrtc64_{major}*.dll" if windows else f"libnvrtc*.so.{major}*"
    folders = [torch_folder / "lib", *sorted(torch_folder.parent.glob("nvidia/*/bin" if windows else "nvidia/*/lib"))]
    folders += sorted(torch_folder.parent.glob("nvidia/*/bin/*")) if windows else []
    for folder in folders:
        yield from (path for path in sorted(folder.glob(pattern)) if "alt" not in path.name and "builtins" not in path.name)


@functools.cache
def find_nvrtc() -> Nvrtc:
    """The compiler of torch's CUDA version; Missing where there is none."""
    version = torch.version.cuda
    if not version:
        raise Missing(
            "This torch cannot use NVIDIA cards; install one that can (https://pytorch.org), or choose another rasterizer."
        )
    files = list(nvrtc_files(Path(torch.__file__).parent, sys.platform, version))
    major = version.partition(".")[0]
    names = [f"nvrtc64_{major}0_0.dll"] if sys.platform == "win32" else [f"libnvrtc.so.{major}", "libnvrtc.so"]
    for name in [*map(str, files), *names]:
        found = open_nvrtc(name)
        if found:
            return found
    package = "nvidia-cuda-nvrtc" + (f"-cu{major}" if int(major) < 13 else "")
    raise Missing(f"NVIDIA's run-time compiler was not found; this brings it: pip install {package}.")


def missing_compiler() -> str:
    """What to do where the kernels cannot be compiled; nothing where they can."""
    try:
        find_nvrtc()
    except Missing as error:
        return str(error)
    return ""


def open_nvrtc(name: str) -> Nvrtc | None:
    """The compiler of that file or library name, or None."""
    try:
        if sys.platform == "win32" and os.path.isabs(name):
            os.add_dll_directory(os.path.dirname(name))  # where it looks for its own headers
        return Nvrtc(ctypes.CDLL(name))
    except (OSError, AttributeError):
        return None


class Nvrtc:
    """Compiles CUDA sources for a graphics card; needs none itself."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self._library = library
        major, minor = c_int(), c_int()
        self._check(library.nvrtcVersion(byref(major), byref(minor)))
        self.version = (major.value, minor.value)

    @property
    def capabilities(self) -> list[int]:
        """Compute capabilities that it knows, ascending, 86 being 8.6."""
        count = c_int()
        self._check(self._library.nvrtcGetNumSupportedArchs(byref(count)))
        found = (c_int * count.value)()
        self._check(self._library.nvrtcGetSupportedArchs(found))
        return sorted(found)

    def compile(self, source: str, headers: dict[str, str], capability: int) -> bytes:
        """What the driver loads: machine code for that capability. headers: by the names that the source includes.

        A card that is newer than the compiler gets PTX of the newest that it knows, which the driver translates itself.
        """
        known = [one for one in self.capabilities if one <= capability]
        if not known:
            raise Missing(f"This graphics card (compute capability {capability / 10}) is too old; choose another rasterizer.")
        kind = "sm" if capability in known else "compute"
        return self.translate(source, headers, f"{kind}_{known[-1]}")

    def translate(self, source: str, headers: dict[str, str], architecture: str) -> bytes:
        """Machine code (sm_75 and so on) or PTX (compute_75 and so on)."""
        program, texts, names = c_void_p(), _texts(headers.values()), _texts(headers)
        self._check(
            self._library.nvrtcCreateProgram(byref(program), source.encode(), b"kernels.cu", len(headers), texts, names)
        )
        try:
            options = [f"--gpu-architecture={architecture}", *OPTIONS]
            if self._library.nvrtcCompileProgram(program, len(options), _texts(options)):
                raise Internal(f"The CUDA rasterizer does not compile: {self._read(program, 'ProgramLog').decode()}")
            return self._read(program, "CUBIN" if architecture.startswith("sm") else "PTX")
        finally:
            self._library.nvrtcDestroyProgram(byref(program))

    def _read(self, program: c_void_p, what: str) -> bytes:
        size = c_size_t()
        self._check(getattr(self._library, f"nvrtcGet{what}Size")(program, byref(size)))
        text = ctypes.create_string_buffer(size.value)
        self._check(getattr(self._library, f"nvrtcGet{what}")(program, text))
        return text.raw

    def _check(self, code: int) -> None:
        if code:
            self._library.nvrtcGetErrorString.restype = c_char_p
            said: bytes = self._library.nvrtcGetErrorString(c_int(code))
            raise Internal(f"NVIDIA's run-time compiler failed: {said.decode()}.")


def _texts(texts: Iterable[str]) -> ctypes.Array[c_char_p]:
    encoded = [text.encode() for text in texts]
    return (c_char_p * len(encoded))(*encoded)
