"""What drawings are asked for with. Limits are those of both sides."""

from dataclasses import dataclass, field
from typing import List, Optional, Tuple

from stylesketch_ext.wire.phrases import Unfit

MAX_STROKES = 1000
MAX_STEPS = 5000
MAX_SEED = 2**31 - 1
MAX_CANDIDATES = 16
MAX_ROWS = 12  # fidelities of one matrix
MAX_FRAMES = 500  # of a sequence
MAX_PROMPT = 1000  # characters of a text that is drawn
PROMPT_METHODS = ("auto", "diffusion", "clip")

MARK_KINDS = ("keep", "leave", "around")
MAX_MARKS = 1000
MAX_MARK_POINTS = 10000


@dataclass(frozen=True)
class Mark:
    """A line that the user drew on the picture, to say what the subject is."""

    kind: str  # "keep": it lies on the subject; "leave": on what is not to be drawn; "around": the subject lies within
    points: List[Tuple[float, float]]  # source px

    def __post_init__(self) -> None:
        if self.kind not in MARK_KINDS:
            raise ValueError("a mark must be one of %s, not '%s'" % (", ".join(MARK_KINDS), self.kind))
        if not 1 <= len(self.points) <= MAX_MARK_POINTS:
            raise ValueError("a mark must have 1 to %d points, not %d" % (MAX_MARK_POINTS, len(self.points)))


@dataclass(frozen=True)
class SketchSettings:
    """What the user chose. `None` means that the recipe chooses."""

    strokes: Optional[int] = None  # how many strokes, 1 … MAX_STROKES
    style: str = "technical-pen"  # name of a style pack
    mask: str = "auto"  # "auto", "none" (the whole picture) or the sha256 of an uploaded mask (white = keep)
    guidance: str = "auto"
    seed: int = 0  # 0 … MAX_SEED
    device: str = "auto"  # auto, cpu, cuda, cuda:i or mps
    steps: Optional[int] = None  # optimization steps, 0 … MAX_STEPS; 0 = the traced start itself
    fidelity: float = 1.0  # 1 = precise … 0 = loose
    simplicity: float = 0.0  # 0 = all strokes … 1 = the first few only
    style_strength: float = 1.0  # 0 = a plain pen … 1 = the style's full gesture
    style_weight: float = 15.0  # how far line weights and tones come nearer to the style's exemplar, 0 = not at all … 100
    marks: List[Mark] = field(default_factory=list)  # what the subject is; where there are any, they stand instead of the mask
    candidates: int = 1  # attempts, 1 … MAX_CANDIDATES, of this seed and those after it; the best one is kept
    rasterizer: str = "auto"  # what turns strokes into pixels: native, culled, reference; diffvg and cuda where they can be

    def __post_init__(self) -> None:
        if self.strokes is not None and not 1 <= self.strokes <= MAX_STROKES:
            raise ValueError("strokes must be between 1 and %d, not %d" % (MAX_STROKES, self.strokes))
        if self.steps is not None and not 0 <= self.steps <= MAX_STEPS:
            raise ValueError("steps must be between 0 and %d, not %d" % (MAX_STEPS, self.steps))
        if not 0 <= self.seed <= MAX_SEED:
            raise ValueError("the seed must be between 0 and %d, not %d" % (MAX_SEED, self.seed))
        if not 1 <= self.candidates <= MAX_CANDIDATES:
            raise ValueError("there can be 1 to %d candidates, not %d" % (MAX_CANDIDATES, self.candidates))
        if len(self.marks) > MAX_MARKS:
            raise Unfit("there can be at most {most} marks, not {count}", most=MAX_MARKS, count=len(self.marks))
        for name in ("fidelity", "simplicity", "style_strength"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError("%s must be between 0 and 1, not %s" % (name, getattr(self, name)))
        if not 0 <= self.style_weight <= 100:
            raise ValueError("style_weight must be between 0 and 100, not %s" % self.style_weight)


@dataclass(frozen=True)
class SketchRequest:
    """One sketch to be made: an uploaded picture and the settings."""

    image: str  # sha256 of the uploaded bytes, 64 hexadecimal digits
    settings: SketchSettings = SketchSettings()
    recipe: str = "object"
    title: str = ""  # the picture's name, for lists and layer labels; no part of the drawing


@dataclass(frozen=True)
class MatrixRequest:
    """One scene from precise to loose: a sketch of all its strokes for every fidelity, of which each simplicity is a part."""

    sketch: SketchRequest  # with the recipe "scene" and one candidate; its fidelity and simplicity count for nothing
    fidelities: List[float]  # 1 … MAX_ROWS, in the order in which they are drawn

    def __post_init__(self) -> None:
        if self.sketch.recipe != "scene":
            raise ValueError("a matrix is drawn of a scene, so the recipe must be 'scene', not '%s'" % self.sketch.recipe)
        if self.sketch.settings.candidates != 1:
            raise ValueError("a matrix draws every fidelity once: leave out the candidates")
        if not 1 <= len(self.fidelities) <= MAX_ROWS:
            raise ValueError("a matrix has 1 to %d fidelities, not %d" % (MAX_ROWS, len(self.fidelities)))
        for fidelity in self.fidelities:
            if not 0 <= fidelity <= 1:
                raise ValueError("fidelity must be between 0 and 1, not %s" % fidelity)


@dataclass(frozen=True)
class SequenceRequest:
    """A row of pictures to be drawn as one moving drawing, whose strokes stay themselves from frame to frame."""

    images: List[str]  # sha256 of each uploaded frame, in order, 2 … MAX_FRAMES
    settings: SketchSettings = SketchSettings()  # mask, marks and candidates are those of the first frame
    title: str = ""  # for lists and labels; no part of the drawing

    def __post_init__(self) -> None:
        if not 2 <= len(self.images) <= MAX_FRAMES:
            raise ValueError("a sequence has 2 to %d frames, not %d" % (MAX_FRAMES, len(self.images)))


@dataclass(frozen=True)
class PromptRequest:
    """A sketch of what a text tells."""

    prompt: str
    settings: SketchSettings = SketchSettings()  # the mask is "auto" or "none"; the seed is the picture's too
    method: str = "auto"  # "diffusion" (a picture first), "clip" (strokes after the text), or what is here
    negative: Optional[str] = None  # what the picture shall not show; None: as usual
    suffix: Optional[str] = None  # what follows the prompt; None: as usual

    def __post_init__(self) -> None:
        if not self.prompt.strip():
            raise ValueError("the text is empty: tell what is to be drawn")
        if self.method not in PROMPT_METHODS:
            raise ValueError("the method must be one of %s, not '%s'" % (", ".join(PROMPT_METHODS), self.method))
        for text in (self.prompt, self.negative or "", self.suffix or ""):
            if len(text) > MAX_PROMPT:
                raise Unfit("the text has more than {most} characters", most=MAX_PROMPT)
        if self.settings.mask not in ("auto", "none"):
            raise ValueError("nobody knows the picture of a text before it is drawn, so its mask is 'auto' or 'none'")
