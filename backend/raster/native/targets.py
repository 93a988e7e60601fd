"""The systems that the native engine is built for."""

from __future__ import annotations

import platform
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from backend.core.errors import Missing
from backend.raster.native.library import ENDINGS


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


def is_here(target: Target) -> bool:
    """Whether this is such a system."""
    try:
        return target == here()
    except Missing:
        return False


def library_name(target: Target) -> str:
    """What the library is called there."""
    return "stylesketch_raster" + ENDINGS.get(target.system, ".so")


def run_tool(command: Sequence[str]) -> None:
    """Runs a compiler or pip; Missing with its last words if it fails."""
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        said = (done.stderr or done.stdout).strip()[-2000:]
        raise Missing(f"The native engine cannot be built: `{' '.join(command)}` ended with {done.returncode}.\n{said}\n")
