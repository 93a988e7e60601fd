"""A tracker that the user brings, such as a learned one whose license forbids shipping it.

It is a Python callable, told as `module:name` or `file.py:name`, and is called once for each pair of neighboring frames, in
their order:

    def track(before, after, points):
        # before, after: [H, W, 3] uint8, sRGB; points: [M, 2] float64, px of `before`, x right, y down
        return moved, visible   # [M, 2] where each point is in `after`; [M] bool, whether it is seen there

A class is made once, without arguments, and then called in the same way, so that it can keep a network or earlier frames.
"""

from __future__ import annotations

import importlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

import numpy as np

from backend.core.errors import BadRequest, StyleSketchError
from backend.perception.frames import Frame
from backend.perception.tracking import Bits, Map, Motion, Points


class Tracker(Protocol):
    """Says where points of a frame are in the next one."""

    def __call__(self, before: Frame, after: Frame, points: Points, /) -> tuple[Points, Bits]: ...


@dataclass(frozen=True)
class BroughtTracker:
    """A tracker of the user's, whose answers are checked."""

    name: str
    tracker: Tracker

    def motion(self, flow: Motion, before: Frame, after: Frame) -> BroughtMotion:
        """The motion between two frames: what the tracker says of points, and the flow of everything else."""
        return BroughtMotion(flow, self, before, after)

    def follow(self, before: Frame, after: Frame, points: Points) -> tuple[Points, Bits]:
        """As the tracker; BadRequest where it fails, or answers in another form."""
        try:
            answer = self.tracker(before, after, points.copy())
        except StyleSketchError:
            raise
        except Exception as error:
            told = str(error).strip().splitlines()[:1] or [type(error).__name__]
            raise BadRequest(f"The tracker {self.name} failed ({told[0]}). Mend it, or leave --tracker out.") from error
        try:
            moved, visible = (np.asarray(part) for part in answer)
            fits = moved.shape == points.shape and visible.shape == points.shape[:1]
        except (TypeError, ValueError):
            fits = False
        if not fits:
            raise BadRequest(
                f"The tracker {self.name} must return points [{len(points)}, 2] and which of them are visible "
                f"[{len(points)}]. Mend it, or leave --tracker out."
            )
        seen = visible.astype(bool) & np.isfinite(moved).all(1)
        return np.where(seen[:, None], moved, points).astype(np.float64), seen


@dataclass(frozen=True)
class BroughtMotion:
    """Where everything in a frame is in the next one, points by the user's tracker."""

    flow: Motion
    tracker: BroughtTracker
    before: Frame
    after: Frame

    @property
    def cut(self) -> bool:
        """Does the next frame begin another shot?"""
        return self.flow.cut

    @property
    def relit(self) -> bool:
        """Is the next frame exposed otherwise?"""
        return self.flow.relit

    def follow(self, points: Points) -> tuple[Points, Bits]:
        """Points [M, 2], frame px, in the next frame, and which of them [M] can be followed there."""
        return self.tracker.follow(self.before, self.after, points)

    def carried(self, mask: Map) -> Map:
        """A mask [H, W] of the frame as it is in the next one."""
        return self.flow.carried(mask)


def bring_tracker(name: str) -> BroughtTracker:
    """The tracker of a name, `module:name` or `file.py:name`; BadRequest with a sentence."""
    place, colon, attribute = name.rpartition(":")
    if not (colon and place and attribute.isidentifier()):
        raise BadRequest(f"--tracker {name} must have the form module:name or file.py:name.")
    try:
        module = _from_file(Path(place)) if place.endswith(".py") else importlib.import_module(place)
        found: Any = getattr(module, attribute)
        tracker: Any = found() if isinstance(found, type) else found
    except FileNotFoundError:
        raise BadRequest(f"There is no file {place}. Check its name.") from None
    except AttributeError as error:
        raise BadRequest(f"{place} has no tracker {attribute} ({error}). Check the name after the colon.") from error
    except Exception as error:
        raise BadRequest(f"The tracker {name} cannot be loaded ({type(error).__name__}: {error}). Mend it.") from error
    if not callable(tracker):
        raise BadRequest(f"{name} cannot be called. Name a function (before, after, points), or a class of such objects.")
    return BroughtTracker(name, tracker)


def _from_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise FileNotFoundError(path)
    spec = importlib.util.spec_from_file_location(f"tracker_{path.stem}", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def fingerprint(name: str) -> str:
    """What changes when the tracker does, as far as its name and its file tell."""
    path = Path(name.rpartition(":")[0])
    return f"{name} {path.read_bytes().hex() if path.suffix == '.py' and path.is_file() else ''}"
