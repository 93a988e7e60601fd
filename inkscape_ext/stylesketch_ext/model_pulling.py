"""A download of a network's weights, as one job of the engine."""

import uuid

from stylesketch_ext.client import BackendClient
from stylesketch_ext.engine_job import EngineJob
from stylesketch_ext.wire.messages import ProgressEvent, PullResult
from stylesketch_ext.words import _, spoken_stage


class ModelPulling:
    """Call it with a client in one thread; read `stage` and `done`, or `stop` it, in another."""

    def __init__(self, name: str) -> None:
        self.name, self.stage, self.done = name, _("Waiting for the engine …"), 0.0
        self._job = EngineJob()

    def __call__(self, client: BackendClient) -> PullResult:
        """The weights as they are then; raises Cancelled or a Failure. What was downloaded is kept for the next time."""
        self._job.go_on()
        job = client.pull_model(self.name, key=uuid.uuid4().hex)
        self._job.follow(client, job, self._show)
        return client.pull_result(job.id)

    def stop(self) -> None:
        """Stop here and in the engine; returns at once."""
        self._job.stop()

    def _show(self, progress: ProgressEvent) -> None:
        self.stage, self.done = spoken_stage(progress.stage), progress.done
