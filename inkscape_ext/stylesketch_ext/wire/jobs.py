"""The daemon itself, its jobs, and what goes wrong."""

from dataclasses import dataclass, field
from typing import Dict, List, Optional

from stylesketch_ext.wire.networks import PullRequest
from stylesketch_ext.wire.packs import FeaturesRequest, StyleRequest
from stylesketch_ext.wire.phrases import Phrase
from stylesketch_ext.wire.pictures import RestyleRequest, TextureRequest
from stylesketch_ext.wire.refining import RefineRequest
from stylesketch_ext.wire.sketching import MatrixRequest, PromptRequest, SequenceRequest, SketchRequest

PROTOCOL_VERSION = 3
"""Peers of another version do not talk: who skips an unknown part of a request does something else than was asked for.

So this is raised with every new part of a request, and with what a peer could misread. Further facts in answers need no new
version, since they may be skipped. 2: restyled photographs can be drawn (RestyleRequest.sketch).
3: sketches can be drawn on (RefineRequest).
"""

QUEUED, RUNNING, FINISHED, FAILED, CANCELLED = "queued", "running", "finished", "failed", "cancelled"
JOB_STATES = (QUEUED, RUNNING, FINISHED, FAILED, CANCELLED)
ENDED_STATES = (FINISHED, FAILED, CANCELLED)


@dataclass(frozen=True)
class Health:
    """Is the daemon there, and what can it do? Without the token only protocol and version are told."""

    protocol: int
    version: str
    device: Optional[str] = None
    engine: Optional[str] = None  # the rasterizer in use
    guidance: List[str] = field(default_factory=list)
    queue: Optional[int] = None  # jobs waiting or running
    rasterizers: List[str] = field(default_factory=list)  # that can be asked for, the best first


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
    phrase: Optional[Phrase] = None  # of `detail`, so that it can be said in another language


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
    refine: Optional[RefineRequest] = None


@dataclass(frozen=True)
class ProgressEvent:
    """How far a job is; server-sent event `progress`."""

    stage: str
    done: float  # 0 … 1 of the whole job
    preview: Optional[str] = None  # a small PNG, base64
    losses: Dict[str, float] = field(default_factory=dict)
    rows: int = 0  # of a matrix, that are ready
