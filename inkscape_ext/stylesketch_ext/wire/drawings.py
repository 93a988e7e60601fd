"""Finished drawings. Coordinates are source pixels (the picture after EXIF rotation), x right, y down, three decimals."""

from dataclasses import dataclass, field, replace
from typing import Dict, List, Optional, Tuple

from stylesketch_ext.wire.phrases import Phrase
from stylesketch_ext.wire.sketching import SequenceRequest, SketchSettings


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
    drawing: DrawingData  # whole; where it is not finished, its strokes were moved less far
    kept: bool = False  # it is the result's own drawing
    finished: bool = True  # False: it was hurried to its end, because others were better


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
    phrases: List[Phrase] = field(default_factory=list)  # of each note, so that it can be said in another language
    removed: List[str] = field(default_factory=list)  # of a RefineRequest: ids of strokes that go

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

    def attempt(self, number: int) -> "SketchResult":
        """The attempt of that number as a result of its own, of the request for its seed alone.

        Scores by encoders are known of the one that was kept only. What was noted of another seed (that it was kept) goes.
        """
        each = self.candidates[number]
        settings = replace(self.settings, seed=each.seed, candidates=1)
        scores = self.scores if each.kept else {}
        result = replace(self, drawing=each.drawing, settings=settings, candidates=[], judge="", scores=scores)
        if len(self.notes) != len(self.phrases):
            return result
        seed = str(each.seed)
        told = [i for i, phrase in enumerate(self.phrases) if phrase.values.get("seed", seed) == seed]
        return replace(result, notes=[self.notes[i] for i in told], phrases=[self.phrases[i] for i in told])

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
class SequenceResult:
    """A finished sequence: a drawing for each frame, in which the same stroke has the same index."""

    frames: List[DrawingData]  # in px of each frame's own picture; empty where they are fetched one by one
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
    count: int = 0  # frames that can be fetched, where `frames` is empty
    phrases: List[Phrase] = field(default_factory=list)  # of each note, so that it can be said in another language

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
