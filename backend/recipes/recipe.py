"""What every recipe takes and returns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from backend.core.drawing import Drawing
from backend.core.errors import BadRequest
from backend.core.image import Mask
from backend.core.notes import Note
from backend.core.work import Work
from backend.model_pool import ModelPool
from backend.perception.foreground import Foreground
from backend.perception.line_drawing import is_line_drawing
from backend.perception.marked_foreground import Mark
from backend.perception.photograph import Photograph
from backend.perception.picture_frame import without_frame
from backend.style_pack import StylePack

FEWEST = 4  # strokes of the simplest drawing
LEAST_SIDE = 8  # px; a smaller picture holds no lines
USUAL_STYLE_WEIGHT = 15.0  # SD-CLIPasso's; who asks for more is told where it cannot be had


def kept_strokes(full: int, simplicity: float, fewest: int = FEWEST) -> int:
    """How many of the first of `full` strokes a simplicity from 0 (all) to 1 (`fewest`) keeps; equal steps, equal ratios."""
    fewest = min(full, fewest)
    return round(full * (fewest / full) ** simplicity) if fewest else 0


@dataclass(frozen=True)
class Inputs:
    """The picture, and how the user told its subject."""

    photograph: Photograph
    mask: Mask | None = None  # [1, 1, H, W] at the photograph's size, 1 = keep
    marks: tuple[Mark, ...] = ()  # lines that tell the subject; where there are any, they stand instead of the mask
    found: tuple[Foreground, tuple[str, ...]] | None = None  # the subject and what to tell of it, where it was found before

    def __post_init__(self) -> None:
        if self.mask is not None and tuple(self.mask.shape[-2:]) != self.photograph.size:
            raise BadRequest("The mask must have the size of the picture.")
        height, width = self.photograph.size
        if min(height, width) < LEAST_SIDE:
            raise BadRequest(
                "The picture is only {width} × {height} px; choose one of at least {least} px a side.",
                width=width,
                height=height,
                least=LEAST_SIDE,
            )

    @property
    def unframed(self) -> Inputs:
        """The same, but a thin frame around a photograph is none of it; what is drawn or cut out already stays as it is."""
        pixels = self.photograph.pixels
        inner = pixels if self.photograph.alpha is not None else without_frame(pixels)
        if inner is pixels or is_line_drawing(pixels):
            return self
        return replace(self, photograph=Photograph(inner))


@dataclass(frozen=True)
class SketchChoices:
    """What the user chose; None leaves the choice to the pack or the recipe."""

    strokes: int | None = None
    whole_picture: bool = False  # no search for a foreground
    guidance: str = "auto"
    seed: int = 0
    steps: int | None = None
    fidelity: float = 1.0  # 1 = precise … 0 = loose
    simplicity: float = 0.0  # 0 = all strokes … 1 = the first few only
    style_strength: float = 1.0  # 0 = a plain pen … 1 = the full style
    style_weight: float = USUAL_STYLE_WEIGHT  # how far widths and opacities come nearer to the pack's exemplar, 0 … 100

    def kept(self, full: int, fewest: int = FEWEST) -> int:
        """How many of the first strokes of a full drawing the simplicity keeps."""
        return kept_strokes(full, self.simplicity, fewest)

    @property
    def unfinished(self) -> tuple[str, ...]:
        """What the user should know of a recipe that never looks at an exemplar."""
        told = Note("This method draws with a pen of one width, so the style weight changes nothing.")
        return (told,) if self.style_weight > USUAL_STYLE_WEIGHT else ()

    def check_guidance(self, names: Sequence[str]) -> None:
        """BadRequest for a guidance that is not among a recipe's."""
        if self.guidance not in ("auto", *names):
            known = ", ".join(("auto", *names))
            raise BadRequest(
                "There is no guidance named '{guidance}'; choose one of: {known}.", guidance=self.guidance, known=known
            )

    def __post_init__(self) -> None:
        if self.strokes is not None and self.strokes < 1:
            raise BadRequest("A sketch needs at least one stroke, not {strokes}.", strokes=self.strokes)
        if self.steps is not None and self.steps < 0:
            raise BadRequest("The number of steps cannot be negative ({steps}); 0 keeps the traced strokes.", steps=self.steps)
        for name in ("fidelity", "simplicity", "style_strength"):
            if not 0 <= getattr(self, name) <= 1:
                raise BadRequest(
                    "The {name} is a number from 0 to 1, not {found}.", name=name.replace("_", " "), found=getattr(self, name)
                )
        if not 0 <= self.style_weight <= 100:
            raise BadRequest("The style weight is a number from 0 to 100, not {style_weight}.", style_weight=self.style_weight)


class Recipe(Protocol):
    """A capability: work that ends in a drawing."""

    @property
    def guidances(self) -> tuple[str, ...]:
        """Names that `SketchChoices.guidance` may have, beside auto."""
        ...

    @property
    def fewest(self) -> int:
        """Strokes of its simplest drawing."""
        ...

    @property
    def background(self) -> bool:
        """Whether it draws what is behind the subject, too."""
        ...

    def run(self, inputs: Inputs, choices: SketchChoices, pack: StylePack, pool: ModelPool) -> Work[Drawing]: ...
