"""The packages that read diffusion checkpoints; they are an extra, and the one sentence that says so is here."""

from __future__ import annotations

import importlib
import importlib.util
import logging
import shlex
import sys
from typing import Any

from backend.core.errors import Missing

REQUIREMENTS = ("diffusers>=0.35", "transformers>=4.56")  # as the extra `diffusion` of pyproject.toml


def have_packages() -> bool:
    """Whether checkpoints can be read here."""
    return all(importlib.util.find_spec(_name(line)) is not None for line in REQUIREMENTS)


def packages_cure() -> str:
    """The command that installs them where this process finds them."""
    return shlex.join([sys.executable, "-m", "pip", "install", *REQUIREMENTS])


def need_packages() -> None:
    """Missing, with the command that brings them, where checkpoints cannot be read."""
    if not have_packages():
        names = " and ".join(_name(line) for line in REQUIREMENTS)
        raise Missing(
            "Diffusion needs the Python packages {names}, which are not installed: run `{cure}`.",
            names=names,
            cure=packages_cure(),
        )


def diffusers() -> Any:
    """The package; Missing."""
    need_packages()
    return _quiet("diffusers")


def transformers() -> Any:
    """The package; Missing."""
    need_packages()
    return _quiet("transformers")


def _quiet(name: str) -> Any:
    """A package that tells the terminal nothing but errors."""
    module = importlib.import_module(name)
    module.utils.logging.set_verbosity_error()
    module.utils.logging.disable_progress_bar()
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    return module


def _name(requirement: str) -> str:
    return requirement.partition(">=")[0]
