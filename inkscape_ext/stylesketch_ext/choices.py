"""What the user chose last time, kept in the engine's data folder."""

import json
import logging
import os
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Dict, Optional

from stylesketch_ext.failures import Failure, settings_failure
from stylesketch_ext.pack_facts import USUAL
from stylesketch_ext.wire.messages import SketchSettings
from stylesketch_ext.words import marked

LOG = logging.getLogger(__name__)

FILE_NAME = "inkscape-choices.json"

SCENE, MARKED, MARKED_SCENE = "scene", "marked", "marked-scene"
MASKS = (
    ("auto", marked("Main subject")),
    (SCENE, marked("Subject and background")),
    (MARKED, marked("What the selected lines mark")),
    (MARKED_SCENE, marked("What they mark, and background")),
    ("none", marked("Whole picture")),
)
SOURCES = (
    ("auto", marked("Automatic")),
    ("file", marked("The picture's file")),
    ("seen", marked("What is visible")),
)
GUIDANCE = {
    "auto": marked("Automatic"),
    "classical": marked("Lines of the picture"),
    "squeezenet": "SqueezeNet",
    "clip": "CLIP",
}


@dataclass(frozen=True)
class Choices:
    """The options of the menu entry, in Inkscape's form: plain numbers and words."""

    strokes: int = 0  # 0 = the style's own number
    style: str = USUAL
    style_strength: float = 1.0  # 0 = a plain pen … 1 = the full style
    style_weight: float = SketchSettings.style_weight  # how near to the style's exemplar, 0 … 100
    mask: str = "auto"  # what is drawn: one of MASKS
    source: str = "auto"  # what is taken for the picture: one of SOURCES
    fidelity: float = 1.0  # 1 = precise … 0 = loose
    guidance: str = "auto"
    seed: int = 0
    candidates: int = 1  # attempts, of which one is picked
    steps: int = -1  # -1 = the recipe's own number
    hide: bool = False  # is the picture hidden once its sketch is there?

    @property
    def recipe(self) -> str:
        """How the engine draws."""
        return "scene" if self.mask in (SCENE, MARKED_SCENE) else "object"

    @property
    def by_lines(self) -> bool:
        """Do selected lines tell the subject?"""
        return self.mask in (MARKED, MARKED_SCENE)

    def settings(self) -> SketchSettings:
        """In the form of the wire; raises Failure for a number out of range."""
        try:
            return SketchSettings(
                strokes=self.strokes or None,
                style=self.style,
                style_strength=self.style_strength,
                style_weight=self.style_weight,
                mask="auto" if self.mask in (SCENE, MARKED, MARKED_SCENE) else self.mask,
                fidelity=self.fidelity,
                guidance=self.guidance,
                seed=self.seed,
                candidates=self.candidates,
                steps=None if self.steps < 0 else self.steps,
            )
        except ValueError as error:
            raise settings_failure(error) from error


def remembered(folder: str, otherwise: Choices) -> Choices:
    """The choices kept in `folder`; those of `otherwise` where none are, or none that can be used."""
    try:
        with open(os.path.join(folder, FILE_NAME), encoding="utf-8") as file:
            kept = json.load(file)
        known = {f.name: kept[f.name] for f in fields(Choices) if type(kept.get(f.name)) is f.type}
        choices = replace(otherwise, **known)
        choices.settings()
    except (OSError, ValueError, AttributeError, TypeError, Failure) as error:
        LOG.info("no remembered choices: %r", error)
        return otherwise
    return choices


def remember(folder: str, choices: Choices) -> Optional[str]:
    """Keep `choices` for next time. Returns the file, or None if the folder cannot be written: nothing is lost by that."""
    return write_kept(os.path.join(folder, FILE_NAME), asdict(_lasting(choices)))


def write_kept(path: str, values: Dict[str, Any]) -> Optional[str]:
    """Write values to a file of JSON. Returns it, or None where it cannot be written."""
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path + ".new", "w", encoding="utf-8") as file:
            json.dump(values, file, indent=1)
        os.replace(path + ".new", path)
    except OSError as error:
        LOG.warning("the choices cannot be kept: %s", error)
        return None
    return path


def _lasting(choices: Choices) -> Choices:
    """What is chosen for next time too: not lines that were selected this time."""
    without = {MARKED: "auto", MARKED_SCENE: SCENE}
    return replace(choices, mask=without.get(choices.mask, choices.mask))


def once(folder: str, what: str) -> bool:
    """True the first time that this is asked for `what`; also where `folder` cannot be written."""
    path = os.path.join(folder, what)
    if os.path.exists(path):
        return False
    try:
        os.makedirs(folder, exist_ok=True)
        with open(path, "w", encoding="utf-8"):
            pass
    except OSError as error:
        LOG.warning("%s cannot be kept: %s", what, error)
    return True
