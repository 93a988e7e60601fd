"""What the routes lead to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from backend.daemon.images import Images
from backend.daemon.jobs import Jobs
from backend.daemon.models import Models
from backend.daemon.styles import Styles


@dataclass(frozen=True)
class House:
    """The rooms of a daemon."""

    jobs: Jobs
    images: Images
    styles: Styles
    models: Models
    token: str
    port: int
    log: str = ""
    stop: Callable[[], None] = lambda: None  # asks the server to stop
    activity: Callable[[], None] = lambda: None  # somebody with the token called
