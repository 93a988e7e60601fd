"""The messages between the extension and the daemon, as frozen dataclasses.

Coordinates are source pixels (the picture after EXIF rotation), x right, y down, three decimals.
"""

import re
from dataclasses import dataclass, field, replace
from typing import Dict, List, Optional, Tuple, Union

PROTOCOL_VERSION = 1

MAX_STROKES = 1000
MAX_STEPS = 5000
MAX_SEED = 2**31 - 1
MAX_CANDIDATES = 16
MAX_REFERENCES = 32  # pictures that one style is measured on
MAX_ROWS = 12  # fidelities of one matrix
MAX_PROMPT = 1000  # characters of a text that is drawn
MAX_TRIES = 6  # seeds of one request for pictures
MAX_SNAPSHOTS = 6  # of a texture on its way
AREAS = ("all", "lines", "paper")  # of an exemplar
MIN_PATCH, MAX_PATCH = 8, 1024  # px of a texture's patches
MAX_ITERATIONS = 100000  # of an encoder's texture

STYLE_NAME = "[a-z0-9]([a-z0-9_-]{0,62}[a-z0-9])?"  # of a folder on any system, and no path
_DEVICE_NAMES = re.compile("(con|prn|aux|nul|com[0-9]|lpt[0-9])")  # no folder of Windows can be called so

MAX_FRAMES = 500  # of a sequence

MARK_KINDS = ("keep", "leave", "around")
MAX_MARKS = 1000
MAX_MARK_POINTS = 10000

QUEUED, RUNNING, FINISHED, FAILED, CANCELLED = "queued", "running", "finished", "failed", "cancelled"
JOB_STATES = (QUEUED, RUNNING, FINISHED, FAILED, CANCELLED)
ENDED_STATES = (FINISHED, FAILED, CANCELLED)


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
            raise ValueError("there can be at most %d marks, not %d" % (MAX_MARKS, len(self.marks)))
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
        for text in (self.prompt, self.negative or "", self.suffix or ""):
            if len(text) > MAX_PROMPT:
                raise ValueError("the text has more than %d characters" % MAX_PROMPT)
        if self.settings.mask not in ("auto", "none"):
            raise ValueError("nobody knows the picture of a text before it is drawn, so its mask is 'auto' or 'none'")


def check_style_name(name: str) -> None:
    """ValueError, with a sentence, where a style pack cannot be called so."""
    if not re.fullmatch(STYLE_NAME, name) or _DEVICE_NAMES.fullmatch(name):
        raise ValueError(
            "a style pack cannot be called '%s': use small letters a to z, digits, - and _, at most 64 of them" % name[:80]
        )


def _check_pictures(request: Union["TextureRequest", "RestyleRequest"]) -> None:
    """ValueError where what requests for pictures have in common is out of range."""
    if not 0 <= request.seed <= MAX_SEED:
        raise ValueError("the seed must be between 0 and %d, not %d" % (MAX_SEED, request.seed))
    if not 1 <= request.tries <= MAX_TRIES:
        raise ValueError("tries must be between 1 and %d, not %d" % (MAX_TRIES, request.tries))
    if bool(request.exemplar) == bool(request.style):
        raise ValueError("either an exemplar or a style pack must be named")


@dataclass(frozen=True)
class TextureRequest:
    """A texture to be made of an exemplar: of an uploaded picture, or of the one that a style pack carries."""

    exemplar: str = ""  # sha256 of an uploaded picture
    style: str = ""  # or the name of a style pack
    width: int = 512  # px
    height: int = 512
    tiled: bool = False  # do opposite borders fit?
    region: Optional[Tuple[int, int, int, int]] = None  # x, y, width, height in the exemplar, px; None: by the area
    area: str = "all"  # "all" of the exemplar, "lines" (where it is drawn most evenly) or "paper" (where it is bare)
    guidance: str = "auto"  # "classical" (patches; what auto means) or an encoder
    patch: Optional[int] = None  # side of the patches, px, MIN_PATCH … MAX_PATCH; None: as the exemplar's size makes it
    iterations: Optional[int] = None  # of an encoder, 1 … MAX_ITERATIONS
    snapshots: int = 0  # of an encoder, evenly on the way, 0 … MAX_SNAPSHOTS
    seed: int = 0
    tries: int = 1  # with this seed and those after it, 1 … MAX_TRIES
    device: str = "auto"
    title: str = ""

    def __post_init__(self) -> None:
        _check_pictures(self)
        if self.area not in AREAS:
            raise ValueError("the area must be one of %s, not '%s'" % (", ".join(AREAS), self.area))
        if self.patch is not None and not MIN_PATCH <= self.patch <= MAX_PATCH:
            raise ValueError("patches must have between %d and %d px, not %d" % (MIN_PATCH, MAX_PATCH, self.patch))
        if self.iterations is not None and not 1 <= self.iterations <= MAX_ITERATIONS:
            raise ValueError("iterations must be between 1 and %d, not %d" % (MAX_ITERATIONS, self.iterations))
        if not 0 <= self.snapshots <= MAX_SNAPSHOTS:
            raise ValueError("snapshots must be between 0 and %d, not %d" % (MAX_SNAPSHOTS, self.snapshots))


@dataclass(frozen=True)
class RestyleRequest:
    """An uploaded picture to be given the looks of an exemplar."""

    image: str  # sha256
    exemplar: str = ""  # sha256 of an uploaded picture
    style: str = ""  # or the name of a style pack that carries one
    strength: Optional[float] = None  # 0 = the picture … 1 = restyled; None: as the method does it
    method: str = "auto"  # "classical", "diffusion", or what is here
    prompt: str = ""  # what is seen, in words, for diffusion
    seed: int = 0
    tries: int = 1  # with this seed and those after it, 1 … MAX_TRIES
    device: str = "auto"
    title: str = ""

    def __post_init__(self) -> None:
        _check_pictures(self)
        if self.strength is not None and not 0 <= self.strength <= 1:
            raise ValueError("strength must be between 0 and 1, not %s" % self.strength)
        if len(self.prompt) > MAX_PROMPT:
            raise ValueError("the text has more than %d characters" % MAX_PROMPT)


@dataclass(frozen=True)
class StyleRequest:
    """A style pack to be made from uploaded pictures."""

    images: List[str]  # sha256 of each, 1 … MAX_REFERENCES of them
    name: str  # of the new pack
    title: str = ""  # empty: made from the name
    replace: bool = False  # whether an own pack of that name may be replaced

    def __post_init__(self) -> None:
        if not 1 <= len(self.images) <= MAX_REFERENCES:
            raise ValueError("a style is made from 1 to %d pictures, not %d" % (MAX_REFERENCES, len(self.images)))
        check_style_name(self.name)


@dataclass(frozen=True)
class StyleChange:
    """What a style pack shall be called from now on; `None` leaves it."""

    name: Optional[str] = None
    title: Optional[str] = None

    def __post_init__(self) -> None:
        if self.name is not None:
            check_style_name(self.name)
        if self.title is not None and not (self.title.strip() and self.title.isprintable() and len(self.title) <= 80):
            raise ValueError("a title has 1 to 80 characters, on one line")


@dataclass(frozen=True)
class StyleInfo:
    """A style pack as lists and galleries show it."""

    name: str
    title: str
    description: str = ""
    bundled: bool = False  # came with the program: it can be exported, but neither changed nor removed
    strokes: int = 0  # how many, where the user leaves it to the style
    color: str = "#000000"  # of the pen
    paper: str = "#ffffff"
    licence: str = ""
    preview: bool = False  # has it a preview.png?
    exemplars: int = 0  # how many pictures of the style it carries
    features: List[str] = field(default_factory=list)  # "encoder/feature layer" of the deep features it carries
    measured: Dict[str, float] = field(default_factory=dict)  # what was measured on its exemplars, if anything was
    problem: str = ""  # why it cannot be drawn with; empty where it can


@dataclass(frozen=True)
class FeaturesRequest:
    """An own style pack that the networks whose weights are here shall see."""

    style: str

    def __post_init__(self) -> None:
        check_style_name(self.style)


@dataclass(frozen=True)
class StyleResult:
    """What the job of a StyleRequest or FeaturesRequest brought."""

    style: StyleInfo
    notes: List[str] = field(default_factory=list)  # what could not be measured or was not used, and why
    job: str = ""


@dataclass(frozen=True)
class ModelInfo:
    """The weights of a network, as lists show them. Sizes are bytes."""

    name: str
    title: str
    used_by: str  # what in StyleSketch uses them; empty: nothing yet
    license: str
    here: bool
    size: Optional[int] = None  # of the file that is here, else of the download
    kept: int = 0  # of a download that was interrupted; the next one goes on from there
    source: str = ""  # where the file that is here came from
    proof: str = ""  # how far its bytes (or those of the download) can be checked
    pullable: bool = True  # False: nobody publishes them as one file, the user has to bring it
    about: str = ""  # what else the user should know
    cure: str = ""  # the command that brings them


@dataclass(frozen=True)
class PullRequest:
    """Weights to be downloaded."""

    model: str


@dataclass(frozen=True)
class PullResult:
    """What the job of a PullRequest brought."""

    model: ModelInfo
    notes: List[str] = field(default_factory=list)  # what the user should know of it
    job: str = ""


@dataclass(frozen=True)
class Health:
    """Is the daemon there, and what can it do? Without the token only protocol and version are told."""

    protocol: int
    version: str
    device: Optional[str] = None
    engine: Optional[str] = None  # the rasterizer in use
    guidance: List[str] = field(default_factory=list)
    queue: Optional[int] = None  # jobs waiting or running


@dataclass(frozen=True)
class ImageInfo:
    """An uploaded picture as the daemon decoded it."""

    sha256: str
    width: int  # px, after EXIF rotation
    height: int  # px


@dataclass(frozen=True)
class Problem:
    """An error, RFC 9457: `detail` is one sentence for the user, `code` one of the error tree's."""

    title: str
    status: int
    code: str
    detail: str
    type: str = "about:blank"


@dataclass(frozen=True)
class JobInfo:
    """A job as the daemon remembers it: a sketch (`request`), a style pack in the making (`style`), a download (`pull`) …

    Times are seconds since 1970.
    """

    id: str
    state: str  # one of JOB_STATES
    request: Optional[SketchRequest]
    created: float
    started: Optional[float] = None
    ended: Optional[float] = None
    stage: str = ""
    done: float = 0.0  # 0 … 1
    error: Optional[Problem] = None
    style: Optional[StyleRequest] = None
    pull: Optional[PullRequest] = None
    matrix: Optional[MatrixRequest] = None
    texture: Optional[TextureRequest] = None
    restyle: Optional[RestyleRequest] = None
    prompt: Optional[PromptRequest] = None
    features: Optional[FeaturesRequest] = None
    sequence: Optional[SequenceRequest] = None


@dataclass(frozen=True)
class ProgressEvent:
    """How far a job is; server-sent event `progress`."""

    stage: str
    done: float  # 0 … 1 of the whole job
    preview: Optional[str] = None  # a small PNG, base64
    losses: Dict[str, float] = field(default_factory=dict)
    rows: int = 0  # of a matrix, that are ready


@dataclass(frozen=True)
class PathData:
    """One stroke: a poly-Bézier of S cubic segments, 3S+1 points."""

    id: str
    points: List[Tuple[float, float]]  # source px
    closed: bool
    widths: List[float]  # full width at evenly spaced knots along the stroke, source px; one entry: constant
    color: str  # "#rrggbb"
    opacity: float
    kind: str  # contour, detail or hatch
    region: str  # object, background or picture
    importance: float  # falls from 1 to 0 along the order of the strokes
    index: int  # place in the order of importance, 0 = most important
    # of a stroke whose width changes: (place in segments, full width in source px), straight between
    profile: List[Tuple[float, float]] = field(default_factory=list)
    # and closed poly-Béziers, source px, whose nonzero filling is the stroke
    outline: List[List[Tuple[float, float]]] = field(default_factory=list)


@dataclass(frozen=True)
class LayerData:
    """Strokes of one region, most important first."""

    name: str
    paths: List[PathData]


@dataclass(frozen=True)
class FilterStep:
    """One primitive of an SVG filter. Lengths among its attributes are source px, frequencies 1 / source px."""

    name: str  # feTurbulence, …
    attributes: Dict[str, str]


@dataclass(frozen=True)
class TextureData:
    """How the material of the lines looks: a filter to be laid over the groups of strokes."""

    kind: str
    steps: List[FilterStep]


@dataclass(frozen=True)
class DrawingData:
    """The drawing itself: same request, device kind, engine and version, same bytes."""

    width: int  # source px
    height: int
    layers: List[LayerData]
    run: str  # 8 hexadecimal digits that name this request; part of every path's id
    paper: str = "#ffffff"
    texture: Optional[TextureData] = None

    def first(self, count: int) -> "DrawingData":
        """The drawing with only its `count` most important strokes; every layer stays."""
        layers = [LayerData(layer.name, [path for path in layer.paths if path.index < count]) for layer in self.layers]
        return replace(self, layers=layers)


@dataclass(frozen=True)
class CandidateData:
    """One of several attempts at a drawing."""

    seed: int
    score: float  # likeness of drawing and photograph, 1 = alike
    drawing: DrawingData  # as far as it was drawn
    kept: bool = False  # it is the result's own drawing
    finished: bool = True  # False: it was stopped early, because others were better


@dataclass(frozen=True)
class SketchResult:
    """A finished sketch and how it came about."""

    drawing: DrawingData
    image: str  # sha256
    title: str
    recipe: str
    settings: SketchSettings
    style_title: str
    guidance: str  # the guidance really used
    device: str
    engine: str
    steps: int
    version: str
    notes: List[str] = field(default_factory=list)  # what was not used, and why
    seconds: Dict[str, float] = field(default_factory=dict)  # total and each stage
    job: str = ""
    fewest: int = 4  # strokes of the simplest drawing
    scores: Dict[str, float] = field(default_factory=dict)  # encoder: likeness of drawing and photograph, 1 = alike
    candidates: List[CandidateData] = field(default_factory=list)  # all attempts, where there was more than one
    judge: str = ""  # what scored them: an encoder, or "lines"

    def simplified(self, simplicity: float) -> "SketchResult":
        """This result of simplicity 0 as the same request with another one gives it: the first of its strokes.

        Only the names of the strokes stay. Equal steps of simplicity are equal ratios of strokes.
        """
        return replace(
            self,
            drawing=self._simplified(self.drawing, simplicity),
            settings=replace(self.settings, simplicity=simplicity),
            candidates=[replace(each, drawing=self._simplified(each.drawing, simplicity)) for each in self.candidates],
        )

    def _simplified(self, drawing: DrawingData, simplicity: float) -> DrawingData:
        full = sum(len(layer.paths) for layer in drawing.layers)
        fewest = min(full, self.fewest)
        return drawing.first(round(full * (fewest / full) ** simplicity) if fewest else 0)


@dataclass(frozen=True)
class MatrixResult:
    """What the job of a MatrixRequest brought: each row as a SketchRequest with its fidelity would give it."""

    rows: List[SketchResult]  # in the order of the fidelities
    job: str = ""


@dataclass(frozen=True)
class PictureInfo:
    """A picture of a result; its file is fetched by its number."""

    width: int  # px
    height: int
    seed: int
    iterations: int = 0  # after which it was taken, of a texture by an encoder; 0: it is finished


@dataclass(frozen=True)
class PicturesResult:
    """What the job of a TextureRequest or RestyleRequest brought: pictures to choose from."""

    pictures: List[PictureInfo]  # the finished one of each seed, then its snapshots, the latest first
    recipe: str  # style_texture or style_transfer
    guidance: str  # what was really used
    style: str  # name of the style pack, empty for an uploaded exemplar
    device: str
    version: str
    title: str = ""
    style_title: str = ""  # of the style pack
    notes: List[str] = field(default_factory=list)  # what was not used, and why
    seconds: float = 0.0
    job: str = ""


@dataclass(frozen=True)
class SequenceResult:
    """A finished sequence: a drawing for each frame, in which the same stroke has the same index."""

    frames: List[DrawingData]  # in px of each frame's own picture
    request: SequenceRequest
    shots: List[int]  # the first frame of each shot, counted from 0
    style_title: str
    guidance: str
    device: str
    engine: str
    steps: int
    version: str
    notes: List[str] = field(default_factory=list)  # what was not used, and why
    seconds: Dict[str, float] = field(default_factory=dict)
    kept: int = 0  # frames that an earlier run had drawn
    job: str = ""

    def frame(self, number: int) -> SketchResult:
        """A frame as a sketch by itself."""
        return SketchResult(
            drawing=self.frames[number],
            image=self.request.images[number],
            title=self.request.title,
            recipe="sequence",
            settings=self.request.settings,
            style_title=self.style_title,
            guidance=self.guidance,
            device=self.device,
            engine=self.engine,
            steps=self.steps,
            version=self.version,
            job=self.job,
        )
