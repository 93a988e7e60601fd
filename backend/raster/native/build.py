"""Compiles the native engine: `python -m backend.raster.native.build`, run when the program is installed.

Takes the compiler named in CXX, else the system's, else the one that PyPI has (ziglang), which it fetches for the moment.
With --target it builds for another system, which ziglang can do for all that are listed there.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from backend.core.errors import Missing, StyleSketchError
from backend.raster.native.library import ENDINGS, library_path, open_library, source_digest

SOURCES = Path(__file__).parent
ZIGLANG = "ziglang>=0.13,<1"
COMPILERS = ("c++", "g++", "clang++")
FLAGS = (
    *("-std=c++17", "-O3", "-fPIC", "-fvisibility=hidden"),
    *("-fno-math-errno", "-fno-trapping-math", "-fno-signed-zeros", "-fno-strict-aliasing", "-ffp-contract=fast"),
)
X86_KERNELS = {
    "avx512": ("-mavx512f", "-mavx512dq", "-mavx512vl", "-mavx512bw", "-mfma", "-mprefer-vector-width=512"),
    "avx2": ("-mavx2", "-mfma"),
    "sse4": ("-msse4.1",),
}
ARM_KERNELS: dict[str, tuple[str, ...]] = {"neon": ()}


@dataclass(frozen=True)
class Target:
    """A system to build for."""

    system: str  # as sys.platform
    machine: str  # x86_64 or aarch64
    zig: str  # what ziglang calls it
    wheel: str  # what wheels call it


TARGETS = {
    "linux-x86_64": Target("linux", "x86_64", "x86_64-linux-gnu.2.17", "manylinux2014_x86_64"),
    "linux-arm64": Target("linux", "aarch64", "aarch64-linux-gnu.2.17", "manylinux2014_aarch64"),
    "windows-x86_64": Target("win32", "x86_64", "x86_64-windows-gnu", "win_amd64"),
    "macos-arm64": Target("darwin", "aarch64", "aarch64-macos.11.0", "macosx_11_0_arm64"),
    "macos-x86_64": Target("darwin", "x86_64", "x86_64-macos.11.0", "macosx_11_0_x86_64"),
}


def here() -> Target:
    """The system that this runs on; Missing where the engine has no instructions for its processor."""
    machine = {"amd64": "x86_64", "x86_64": "x86_64", "arm64": "aarch64", "aarch64": "aarch64"}.get(platform.machine().lower())
    for target in TARGETS.values():
        if target.machine == machine and target.system == sys.platform:
            return target
    raise Missing(f"The native engine does not know {platform.machine()} processors under {sys.platform}.")


def build(destination: Path, target: Target, compiler: Sequence[str]) -> None:
    """Compiles the library for `target` to `destination`; Missing with the compiler's last words if that fails."""
    destination.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=destination.parent, prefix=".build-") as folder:
        objects = compile_objects(Path(folder), target, [*compiler, *FLAGS])
        library = Path(folder) / destination.name
        threads = [] if target.system == "win32" else ["-pthread"]
        run_tool([*compiler, "-shared", "-o", str(library), *map(str, objects), *threads])
        if target == _here_or_none() and open_library(library) is None:
            raise Missing("The native engine was compiled but does not run on this machine.")
        os.replace(library, destination)


def compile_objects(folder: Path, target: Target, command: Sequence[str]) -> list[Path]:
    """The engine and its kernel for every instruction set of the target, compiled side by side."""
    kernels = X86_KERNELS if target.machine == "x86_64" else ARM_KERNELS
    engine = [f'-DSOURCE_DIGEST="{source_digest()}"', "-c", str(SOURCES / "engine.cpp")]
    jobs = [(folder / "engine.o", [*command, *engine])]
    for name, flags in kernels.items():
        names = [f"-DKERNEL=kernel_{name}", f'-DKERNEL_NAME="{name}"']
        jobs.append((folder / f"{name}.o", [*command, *flags, *names, "-c", str(SOURCES / "kernel.cpp")]))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(lambda job: run_tool([*job[1], "-o", str(job[0])]), jobs))
    return [made for made, _ in jobs]


@contextmanager
def some_compiler(target: Target, download: bool = True) -> Iterator[list[str]]:
    """A command that compiles C++ for `target`; Missing where there is none and none can be fetched."""
    own = [name for name in (os.environ.get("CXX"), *COMPILERS) if name and shutil.which(name)]
    if own and target == _here_or_none():
        yield [own[0]]
        return
    if importlib.util.find_spec("ziglang"):
        yield [sys.executable, "-m", "ziglang", "c++", "-target", target.zig]
        return
    if not download:
        raise Missing("There is no C++ compiler: install g++, or run `python -m backend.raster.native.build` with a network.")
    with tempfile.TemporaryDirectory(prefix="stylesketch-zig-") as folder:
        run_tool(
            [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target", folder, ZIGLANG]
        )
        program = "zig.exe" if sys.platform == "win32" else "zig"
        yield [str(Path(folder) / "ziglang" / program), "c++", "-target", target.zig]


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; 0, or 3 and one sentence where there will be no native engine."""
    parser = argparse.ArgumentParser(prog="python -m backend.raster.native.build", description=__doc__)
    parser.add_argument("--target", choices=TARGETS, help="build for this system instead of this machine")
    parser.add_argument("--output", type=Path, help="where the library goes (needed with --target)")
    parser.add_argument("--no-download", action="store_true", help="do not fetch a compiler")
    choices = parser.parse_args(arguments)
    if choices.target and not choices.output:
        parser.error("--target needs --output")
    try:
        target = TARGETS[choices.target] if choices.target else here()
        destination = choices.output or library_path()
        with some_compiler(target, not choices.no_download) as compiler:
            build(destination, target, compiler)
        print(f"The native engine is built: {destination} (with {' '.join(compiler)})")
    except StyleSketchError as error:
        print(f"{error} The slower torch engine draws instead.", file=sys.stderr)
        return error.exit_code
    return 0


def library_name(target: Target) -> str:
    """What the library is called there."""
    return "stylesketch_raster" + ENDINGS.get(target.system, ".so")


def _here_or_none() -> Target | None:
    try:
        return here()
    except Missing:
        return None


def run_tool(command: Sequence[str]) -> None:
    """Runs a compiler or pip; Missing with its last words if it fails."""
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        said = (done.stderr or done.stdout).strip()[-2000:]
        raise Missing(f"The native engine cannot be built: `{' '.join(command)}` ended with {done.returncode}.\n{said}\n")


if __name__ == "__main__":
    sys.exit(main())
