"""Frames of a sequence, which go to the server one by one, so that no message holds all of them."""

from __future__ import annotations

from dataclasses import dataclass

from stylesketch_ext.wire.messages import DrawingData, ProgressEvent


@dataclass(frozen=True)
class FrameReady:
    """What a task yields beside its progress: a finished frame, for the server to keep."""

    told: ProgressEvent  # what those who listen are told of it
    number: int  # counted from 1
    drawing: DrawingData
