"""A job in the engine that one thread follows to its end and another may stop."""

import logging
import threading
from typing import Callable, Optional

from stylesketch_ext.client import BackendClient, JobEvent
from stylesketch_ext.failures import Cancelled, Failure, Garbled, Refusal
from stylesketch_ext.wire.messages import CANCELLED, FAILED, FINISHED, JobInfo, ProgressEvent
from stylesketch_ext.words import _

LOG = logging.getLogger(__name__)


class EngineJob:
    """Follow one job after the other; `stop` ends the present one here and in the engine, and there is no other then."""

    def __init__(self) -> None:
        self._stopping, self._lock = threading.Event(), threading.Lock()
        self._client: Optional[BackendClient] = None
        self._id: Optional[str] = None

    def stopping(self) -> bool:
        return self._stopping.is_set()

    def go_on(self) -> None:
        """Raises Cancelled if it is not to."""
        if self._stopping.is_set():
            raise Cancelled()

    def stop(self) -> None:
        """Returns at once."""
        with self._lock:
            first = not self._stopping.is_set()
            self._stopping.set()
            job = self._id
        if first and job:
            threading.Thread(target=self._stop_there, args=(job,), name="job-cancel", daemon=True).start()

    def follow(self, client: BackendClient, job: JobInfo, show: Callable[[ProgressEvent], None]) -> None:
        """Until the job has finished; raises how else it ended. A Failure of `show` stops it in the engine, too."""
        with self._lock:
            self._client, self._id = client, job.id
            late = self._stopping.is_set()
        if late:
            self._stop_there(job.id)
            raise Cancelled()
        LOG.info("job %s", job.id)
        for event in client.events(job.id):
            if event.progress:
                try:
                    show(event.progress)
                except Failure:
                    self._stop_there(job.id)
                    raise
            elif event.kind == FINISHED:
                self.go_on()
                self._id = None
                return
            elif event.kind in (CANCELLED, FAILED):
                raise self._end(event)
        raise Garbled(_("The drawing engine lost the job: try again."))

    def _end(self, event: JobEvent) -> Exception:
        if event.kind == CANCELLED and self._stopping.is_set():
            return Cancelled()
        if event.problem:
            return Refusal(event.problem)
        return Failure(_("The job was canceled in the engine: start it again if that was not meant."), "engine")

    def _stop_there(self, job: str) -> None:
        try:
            if self._client:
                self._client.cancel(job)
                LOG.info("job %s canceled", job)
        except Failure as failure:
            LOG.warning("job %s could not be canceled: %s", job, failure)
