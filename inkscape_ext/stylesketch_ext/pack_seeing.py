"""Networks that are here by now look at a style pack that was made without them, as one job of the engine."""

import uuid

from stylesketch_ext.client import BackendClient
from stylesketch_ext.engine_job import EngineJob
from stylesketch_ext.wire.messages import ProgressEvent, StyleResult
from stylesketch_ext.words import _, spoken_stage


class PackSeeing:
    """Call it with a client in one thread; read `stage`, or `stop` it, in another."""

    def __init__(self, name: str) -> None:
        self.name, self.stage = name, _("Waiting for the engine …")
        self._job = EngineJob()

    def __call__(self, client: BackendClient) -> StyleResult:
        """The pack as it is then; raises Cancelled or a Failure."""
        self._job.go_on()
        job = client.see_style(self.name, key=uuid.uuid4().hex)
        self._job.follow(client, job, self._show)
        return client.style_result(job.id)

    def stop(self) -> None:
        """Stop here and in the engine; returns at once."""
        self._job.stop()

    def _show(self, progress: ProgressEvent) -> None:
        self.stage = spoken_stage(progress.stage)
