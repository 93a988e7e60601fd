"""A style pack in the making: pictures are handed to the engine, which measures them as one job."""

import uuid
from dataclasses import dataclass
from typing import List, Sequence, Tuple

from stylesketch_ext.client import BackendClient
from stylesketch_ext.engine_job import EngineJob
from stylesketch_ext.wire.messages import MAX_REFERENCES, ProgressEvent, StyleRequest, StyleResult
from stylesketch_ext.words import _, spoken_stage

HANDING_OVER = 0.2  # share of the whole


@dataclass(frozen=True)
class Plan:
    """What the pack is to be made of."""

    pictures: Sequence[Tuple[str, bytes]]  # name, bytes of the file
    name: str
    title: str
    replace: bool = False


@dataclass(frozen=True)
class Stage:
    """How far it is."""

    text: str = ""
    done: float = 0.0  # 0 … 1


class PackMaking:
    """Call it with a client in one thread; read `stage`, or `stop` it, in another."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.stage = plan, Stage()
        self._job = EngineJob()

    def __call__(self, client: BackendClient) -> StyleResult:
        """The new pack; raises Cancelled or a Failure."""
        images: List[str] = []
        for number, (_name, data) in enumerate(self.plan.pictures):
            self._job.go_on()
            self.stage = Stage(_("Handing over the pictures …"), HANDING_OVER * number / len(self.plan.pictures))
            images.append(client.upload(data).sha256)
        self._job.go_on()
        request = StyleRequest(list(dict.fromkeys(images)), self.plan.name, self.plan.title, self.plan.replace)
        self.stage = Stage(_("Waiting for the engine …"), HANDING_OVER)
        job = client.extract_style(request, key=uuid.uuid4().hex)
        self._job.follow(client, job, self._show)
        return client.style_result(job.id)

    def stop(self) -> None:
        """Stop here and in the engine; returns at once."""
        self._job.stop()

    def _show(self, progress: ProgressEvent) -> None:
        done = HANDING_OVER + (1 - HANDING_OVER) * min(1.0, max(0.0, progress.done))
        self.stage = Stage(spoken_stage(progress.stage), done)


def too_many(count: int) -> str:
    """Why no pack can be made from so many pictures; empty if one can."""
    if count <= MAX_REFERENCES:
        return ""
    return _("A style pack is made from at most %d pictures.") % MAX_REFERENCES
