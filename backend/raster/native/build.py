"""Compiles the native engine: `python -m backend.raster.native.build`, run when the program is installed.

Takes the compiler command in CXX (one like `ccache g++`, too), else the system's compiler, else the one that PyPI has
(ziglang), which it fetches for the moment.
With --target it builds for another system, and with --wheels it packs wheels that bring the engine along, so that nothing is
compiled where they are installed; ziglang can do that for all systems in `TARGETS`.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from backend.core.errors import Missing, StyleSketchError
from backend.raster.native.library import is_current, library_path, open_library, source_digest
from backend.raster.native.targets import TARGETS, Target, here, is_here, library_name, run_tool
from backend.raster.native.wheels import pip, write_wheels

SOURCES = Path(__file__).parent
ZIGLANG = "ziglang>=0.13,<1"
COMPILERS = ("c++", "g++", "clang++")
FLAGS = (
    *("-std=c++17", "-O3", "-fPIC", "-fvisibility=hidden"),
    *("-fno-math-errno", "-fno-trapping-math", "-fno-signed-zeros", "-fno-strict-aliasing", "-ffp-contract=fast"),
)
UNROUNDED = ("-ffp-contract=off",)  # what must be, bit by bit, what the same steps are in Python
LINK_FLAGS = {"linux": ("-pthread", "-s"), "darwin": ("-pthread",), "win32": ("-s",)}  # -s: without names for debuggers
X86_KERNELS = {
    "avx512": ("-mavx512f", "-mavx512dq", "-mavx512vl", "-mavx512bw", "-mfma", "-mprefer-vector-width=512"),
    "avx2": ("-mavx2", "-mfma"),
    "sse4": ("-msse4.1",),
}
ARM_KERNELS: dict[str, tuple[str, ...]] = {"neon": ()}


def build(destination: Path, target: Target, compiler: Sequence[str]) -> None:
    """Compiles the library for `target` to `destination`; Missing with the compiler's last words if that fails."""
    destination.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=destination.parent, prefix=".build-") as folder:
        objects = compile_objects(Path(folder), target, [*compiler, *FLAGS])
        library = Path(folder) / destination.name
        run_tool([*compiler, "-shared", "-o", str(library), *map(str, objects), *LINK_FLAGS[target.system]])
        if is_here(target) and open_library(library) is None:
            raise Missing("The native engine was compiled but does not run on this machine.")
        os.replace(library, destination)


def compile_objects(folder: Path, target: Target, command: Sequence[str]) -> list[Path]:
    """The engine, what else is native, and a kernel for every instruction set of the target, compiled side by side."""
    kernels = X86_KERNELS if target.machine == "x86_64" else ARM_KERNELS
    engine = [f'-DSOURCE_DIGEST="{source_digest()}"', "-c", str(SOURCES / "engine.cpp")]
    jobs = [
        (folder / "engine.o", [*command, *engine]),
        (folder / "min_cut.o", [*command, "-c", str(SOURCES / "min_cut.cpp")]),
        (folder / "streamlines.o", [*command, *UNROUNDED, "-c", str(SOURCES / "streamlines.cpp")]),
    ]
    for name, flags in kernels.items():
        names = [f"-DKERNEL=kernel_{name}", f'-DKERNEL_NAME="{name}"']
        jobs.append((folder / f"{name}.o", [*command, *flags, *names, "-c", str(SOURCES / "kernel.cpp")]))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(lambda job: run_tool([*job[1], "-o", str(job[0])]), jobs))
    return [made for made, _ in jobs]


@contextmanager
def some_compiler(target: Target, download: bool = True) -> Iterator[list[str]]:
    """A command that compiles C++ for `target`; Missing where there is none and none can be fetched."""
    own = [command for command in (_named_command(), *([name] for name in COMPILERS)) if command and shutil.which(command[0])]
    if own and is_here(target):
        yield own[0]
        return
    with zig(download) as program:
        yield [*program, "c++", "-target", target.zig]


def _named_command() -> list[str]:
    """The words of CXX: a program, even one whose path has spaces, or a command line."""
    named = os.environ.get("CXX", "")
    if shutil.which(named):
        return [named]
    try:
        return shlex.split(named, posix=sys.platform != "win32")
    except ValueError:
        raise Missing(f"CXX has a quotation mark without its partner: {named}. Set it to a compiler, or unset it.") from None


@contextmanager
def zig(download: bool = True) -> Iterator[list[str]]:
    """The compiler that PyPI has, fetched for the moment where it is not installed; Missing where it cannot be had."""
    if importlib.util.find_spec("ziglang"):
        yield [sys.executable, "-m", "ziglang"]
        return
    if not download:
        raise Missing("There is no C++ compiler: install g++, or run `python -m backend.raster.native.build` with a network.")
    with tempfile.TemporaryDirectory(prefix="stylesketch-zig-") as folder:
        run_tool([*pip(), "install", "--quiet", "--target", folder, ZIGLANG])
        program = "zig.exe" if sys.platform == "win32" else "zig"
        yield [str(Path(folder) / "ziglang" / program)]


def build_wheels(targets: Sequence[Target], folder: Path, download: bool = True) -> list[Path]:
    """A wheel with the engine for every target, all compiled by ziglang; Missing."""
    with tempfile.TemporaryDirectory(prefix="stylesketch-native-") as own, zig(download) as program:
        libraries = []
        for target in targets:
            library = Path(own) / target.wheel / library_name(target)
            build(library, target, [*program, "c++", "-target", target.zig])
            libraries.append((target, library))
        return write_wheels(libraries, folder)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; 0, or 3 and one sentence where there will be no native engine."""
    parser = argparse.ArgumentParser(prog="python -m backend.raster.native.build", description=__doc__)
    parser.add_argument("--target", choices=TARGETS, action="append", help="build for this system instead of this machine")
    parser.add_argument("--output", type=Path, help="where the library goes (needed with --target)")
    parser.add_argument("--wheels", type=Path, metavar="FOLDER", help="pack wheels for every --target (default: all) there")
    parser.add_argument("--no-download", action="store_true", help="do not fetch a compiler")
    choices = parser.parse_args(arguments)
    named = [TARGETS[name] for name in choices.target or ()]
    if choices.wheels and choices.output:
        parser.error("--wheels names its files itself: leave out --output")
    if not choices.wheels and named and (len(named) > 1 or not choices.output):
        parser.error("--target needs --output for one library, or --wheels for several")
    try:
        if choices.wheels:
            for wheel in build_wheels(named or list(TARGETS.values()), choices.wheels, not choices.no_download):
                print(wheel)
        else:
            _build_library(named[0] if named else here(), choices.output, not choices.no_download)
    except StyleSketchError as error:
        told = "" if choices.wheels or named else " The slower torch engine draws instead."
        print(f"{error}{told}", file=sys.stderr)
        return error.exit_code
    return 0


def _build_library(target: Target, output: Path | None, download: bool) -> None:
    present = open_library(library_path()) if output is None else None
    if present is not None and is_current(present):
        print(f"The native engine is there already: {library_path()}")
        return
    destination = output or library_path()
    with some_compiler(target, download) as compiler:
        build(destination, target, compiler)
    print(f"The native engine is built: {destination} (with {' '.join(compiler)})")


if __name__ == "__main__":
    sys.exit(main())
