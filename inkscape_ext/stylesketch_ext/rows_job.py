"""Scenes drawn at further fidelities, while the user looks at those that are there."""

import uuid
from functools import partial
from typing import Callable, Sequence

from stylesketch_ext.client import BackendClient
from stylesketch_ext.engine_thread import Connect, EngineThread
from stylesketch_ext.plane import Plane
from stylesketch_ext.wire.messages import MatrixRequest, ProgressEvent, SketchRequest

NewRows = Callable[[Plane, Sequence[float]], "RowsJob"]


class RowsJob(EngineThread):
    """Adds rows to a plane as soon as they are drawn; `start` it."""

    def __init__(self, connect: Connect, plane: Plane, fidelities: Sequence[float]) -> None:
        super().__init__(connect)
        self._plane, self.fidelities = plane, list(fidelities)
        self._added = 0  # rows of the present matrix that are in the plane
        self._add: Callable[[int], None] = lambda row: None
        self.give(lambda client, thread: self._draw(client))

    def _draw(self, client: BackendClient) -> Plane:
        for number, sketch in enumerate(self._plane.sketches):
            self.part(number, len(self._plane.sketches))
            wanted = SketchRequest(sketch.image, sketch.settings, sketch.recipe, sketch.title)
            job = client.submit(MatrixRequest(wanted, self.fidelities), uuid.uuid4().hex)
            self._added, self._add = 0, partial(self._fetch, client, job.id, number)
            self.followed(client, job)
            self._add_up_to(len(self.fidelities))
        return self._plane

    def _progress(self, progress: ProgressEvent) -> None:
        super()._progress(progress)
        self._add_up_to(progress.rows)

    def _add_up_to(self, rows: int) -> None:
        while self._added < rows:
            self._add(self._added + 1)
            self._added += 1

    def _fetch(self, client: BackendClient, job: str, picture: int, row: int) -> None:
        self._plane.add(picture, client.row(job, row))
