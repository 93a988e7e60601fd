"""A picture taken apart into its objects and the background behind them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np
import torch

from backend.core.clip import Bits
from backend.core.image import Image, Mask
from backend.core.notes import Note
from backend.initialize.outlines import Outline
from backend.model_pool import ModelPool
from backend.perception.faces import Face
from backend.perception.foreground import Foreground, fit_foreground
from backend.perception.inpainting import fill
from backend.perception.objects import separate_objects
from backend.recipes.object_sketch import faces_and_subject
from backend.recipes.recipe import Inputs, SketchChoices
from backend.recipes.region import Region, RegionSettings

COMPLETED = Note("What the objects hide was completed by LaMa.")


@dataclass(frozen=True)
class SceneObject:
    """One object: where it hides what is behind, and where its own lines may be."""

    hides: Mask  # [1, 1, H, W] at the picture's size
    drawn: Mask  # a part of it, not empty
    certainty: float  # 0 … 1, how far the outline of `drawn` itself may be drawn as a line


@dataclass(frozen=True)
class Scene:
    """A picture, its objects from the largest to the smallest, and the faces in it."""

    inputs: Inputs
    objects: tuple[SceneObject, ...]  # none: the picture is one region
    faces: tuple[Face, ...] = ()
    interest: Mask | None = None  # [1, 1, H, W] where a doubtful object probably is
    notes: tuple[str, ...] = ()  # what could not be told apart
    complete: Callable[[Image, Mask], Image] = fill  # closes the hole of a picture
    drawn: bool = False  # the picture is a line drawing already
    silhouette: Mask | None = None  # [1, 1, H, W] 0 … 1, whose outline is a line of a picture without objects

    @classmethod
    def of(cls, inputs: Inputs, choices: SketchChoices, pool: ModelPool | None = None) -> Scene:
        """The regions of a picture: by the user's mask, by the file's own transparency, or found.

        pool: whose networks find the subject and complete what is behind it, if it has them.
        """
        inputs = inputs.unframed
        pixels = inputs.photograph.pixels
        faces, foreground, notes, _looks = faces_and_subject(inputs, choices, pool)
        told = bool(inputs.marks) or inputs.mask is not None
        if float(foreground.mask.min()) > 0.5 or (foreground.drawn and not told):
            return cls(
                inputs,
                (),
                tuple(faces),
                foreground.interest,
                notes,
                drawn=foreground.drawn,
                silhouette=None if foreground.drawn else foreground.silhouette,
            )
        found = bool(inputs.marks) or (inputs.mask is None and inputs.photograph.alpha is None)
        fitted = foreground if found else fit_foreground(pixels, foreground.mask)
        objects = []
        for hides in separate_objects(foreground.mask):
            inner = hides * fitted.mask
            drawn, certainty = (inner, fitted.certainty) if float(inner.max()) > 0.5 else (hides, 0.0)
            objects.append(SceneObject(hides, drawn, certainty))
        if not objects:
            notes = (*notes, Note("The objects of the mask are too small to be drawn, so the whole picture is drawn."))
        complete = pool.completer if pool and objects else None
        if complete is None:
            return cls(inputs, tuple(objects), tuple(faces), None, notes, drawn=foreground.drawn)
        return cls(inputs, tuple(objects), tuple(faces), None, (*notes, COMPLETED), complete, foreground.drawn)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width, px."""
        return self.inputs.photograph.size

    @property
    def shares(self) -> list[float]:
        """What each object is due of the objects' strokes: more the larger, but a small one is not forgotten."""
        roots = [math.sqrt(float(each.drawn.sum())) for each in self.objects]
        return [root / sum(roots) for root in roots]

    def hidden(self, room: float) -> Bits:
        """[H, W] where objects and `room` px around them hide what is behind."""
        covered = np.zeros(self.size, np.uint8)
        for each in self.objects:
            covered |= (each.hides[0, 0].cpu().numpy() > 0.5).astype(np.uint8)
        reach = 2 * math.ceil(room) + 1
        return cv2.dilate(covered, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))) > 0

    def object_region(self, number: int, settings: RegionSettings) -> Region:
        """An object, framed as large as its canvas allows."""
        name = "object" if number == 0 else f"object {number + 1}"
        each, pixels = self.objects[number], self.inputs.photograph.pixels
        return Region.framed(name, pixels, each.drawn, settings, each.certainty, self.faces, drawn=self.drawn)

    def background_region(self, settings: RegionSettings, overlap: float) -> Region:
        """The whole picture, completed where objects hide it and up to `overlap` px around them."""
        pixels = self.inputs.photograph.pixels
        everything = torch.ones_like(pixels[:, :1])
        if not self.objects:
            foreground = Foreground(everything, True, interest=self.interest, silhouette=self.silhouette, drawn=self.drawn)
            return Region.of("picture", pixels, foreground, settings, self.faces)
        hidden = self.hidden(overlap)
        behind = [face for face in self.faces if not hidden[_cell(face, self.size)]]
        whole = Region.framed("background", pixels, everything, settings, 0.0, behind, drawn=self.drawn)
        hole = whole.framing.crop(torch.from_numpy(hidden.astype(np.float32))[None, None].to(pixels.device), fill=0.0)
        known = tuple(outline for outline in whole.known_outlines() if not _lies_in(hole, outline))
        return replace(whole, image=self.complete(whole.image, hole), mask=1 - hole, outlines=known, awaited=None)


def _lies_in(hole: Mask, outline: Outline) -> bool:
    """Whether the middle of an outline on a canvas is in a hole [1, 1, H, W] of it: an animal's eye belongs to its object."""
    height, width = hole.shape[-2:]
    x, y = outline.row.mean(0).round().astype(int)
    return bool(hole[0, 0, min(max(y, 0), height - 1), min(max(x, 0), width - 1)] > 0.5)


def _cell(face: Face, size: tuple[int, int]) -> tuple[int, int]:
    x, y = face.center
    return min(int(y), size[0] - 1), min(int(x), size[1] - 1)
