"""Rows of a matrix that can be looked at before all are there."""

from __future__ import annotations

from dataclasses import dataclass

from stylesketch_ext.wire.messages import ProgressEvent, SketchResult


@dataclass(frozen=True)
class RowReady:
    """What a task yields beside its progress: the newest of the rows that are ready, for the server to keep."""

    told: ProgressEvent  # what those who listen are told of it
    row: SketchResult
