"""Answers of the routes."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response
from stylesketch_ext.wire.codec import dumps


class Message(Response):
    """A wire message as JSON."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return dumps(content).encode()
