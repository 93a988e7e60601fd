"""Weights of networks: how they are listed and brought."""

from dataclasses import dataclass, field
from typing import List, Optional

from stylesketch_ext.wire.phrases import Phrase


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
    about_phrase: Optional[Phrase] = None  # of `about`, so that it can be said in another language


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
    phrases: List[Phrase] = field(default_factory=list)  # of each note, so that it can be said in another language
