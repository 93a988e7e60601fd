"""Where StyleSketch keeps things on this machine."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import platformdirs


@dataclass(frozen=True)
class Places:
    """The two folders everything lies in; `STYLESKETCH_HOME` or `--data` puts both under one."""

    data: Path  # style packs, weights, jobs.sqlite, pictures and results
    state: Path  # endpoint.json, logs

    @classmethod
    def find(cls, home: str | os.PathLike[str] | None = None) -> Places:
        """The user's places, or those under `home` (else under $STYLESKETCH_HOME)."""
        home = home or os.environ.get("STYLESKETCH_HOME")
        if home:
            root = Path(home).expanduser().absolute()
            return cls(root / "data", root / "state")
        return cls(
            Path(platformdirs.user_data_dir("stylesketch", appauthor=False)),
            Path(platformdirs.user_state_dir("stylesketch", appauthor=False)),
        )

    @property
    def endpoint(self) -> Path:
        """The file (0600) that tells callers where the daemon listens."""
        return self.state / "endpoint.json"

    @property
    def jobs(self) -> Path:
        """The database of jobs."""
        return self.data / "jobs.sqlite"

    @property
    def packs(self) -> Path:
        """The user's own style packs."""
        return self.data / "style_packs"

    @property
    def weights(self) -> Path:
        """The networks' weights, a folder each."""
        return self.data / "weights"

    def create(self) -> Places:
        """The same places, made if they were not there; only the user may look into them."""
        for folder in (self.data, self.state):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o700)
        return self
