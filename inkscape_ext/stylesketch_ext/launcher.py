"""Find the running engine, or start it, detached from Inkscape and in a clean environment."""

import contextlib
import json
import logging
import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from typing import IO, Callable, Optional

from stylesketch_ext.client import BackendClient
from stylesketch_ext.failures import Cancelled, Failure, Garbled, Refusal, Unreachable
from stylesketch_ext.installation import Installation, cure
from stylesketch_ext.surroundings import sandbox, scrubbed_environment
from stylesketch_ext.wire.messages import PROTOCOL_VERSION, Health
from stylesketch_ext.words import _

LOG = logging.getLogger(__name__)

IDLE_SECONDS = 1800  # the engine ends itself after this time without work
START_LIMIT = 60.0  # s
STOP_LIMIT = 15.0  # s
GRACE = 3.0  # s, for an engine that somebody else started at the same moment
START_LOG = "engine-start.log"


@dataclass(frozen=True)
class Endpoint:
    """Where an engine said that it listens."""

    host: str
    port: int
    token: str

    def client(self) -> BackendClient:
        return BackendClient(self.host, self.port, self.token)


def connect(
    installation: Installation, tell: Callable[[str], None] = lambda text: None, stopped: Callable[[], bool] = lambda: False
) -> BackendClient:
    """A client of an engine that speaks our protocol; started here if need be. `tell` gets texts for the user.

    Raises Failure with one sentence, or Cancelled when `stopped()` becomes true while waiting.
    """
    endpoint = read_endpoint(installation.endpoint)
    health = endpoint and answering(endpoint)
    if endpoint and health:
        if health.protocol == PROTOCOL_VERSION:
            return endpoint.client()
        _retire(installation, endpoint, health, tell, stopped)
    if sandbox(os.environ):
        raise Failure(
            _("Inkscape from %s cannot start the drawing engine: run 'systemctl --user start stylesketch' in a terminal, "
              "then try again.") % sandbox(os.environ), "sandbox"
        )  # fmt: skip
    tell(_("Starting the drawing engine …"))
    return _start(installation, tell, stopped)


def read_endpoint(path: str) -> Optional[Endpoint]:
    """The endpoint file's contents; None when it is absent, half written or not ours."""
    try:
        with open(path, encoding="utf-8") as file:
            fields = json.load(file)
        return Endpoint(str(fields["host"]), int(fields["port"]), str(fields["token"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def answering(endpoint: Endpoint) -> Optional[Health]:
    """The health of the engine at `endpoint`; None if nothing of ours is there. Raises Refusal for a wrong token."""
    try:
        return endpoint.client().health()
    except (Unreachable, Garbled) as error:
        LOG.info("no engine at port %d: %r", endpoint.port, error.__cause__ or error)
        return None
    except Refusal as refusal:
        if refusal.problem.code != "refused":
            return None
        raise Failure(
            _("A StyleSketch engine runs that does not accept this Inkscape: end it with 'stylesketch stop'."), "engine"
        ) from None


def _retire(installation: Installation, old: Endpoint, health: Health, tell: Callable, stopped: Callable) -> None:
    """Stop an engine of another protocol, unless it is at work."""
    if health.queue != 0:
        raise Failure(
            _(
                "A StyleSketch engine of another version (%s) is still drawing: wait until it is done, or end it with "
                "'stylesketch stop'."
            )
            % health.version,
            "engine",
        )
    tell(_("Replacing the engine by the installed version …"))
    with contextlib.suppress(Unreachable):
        old.client().shutdown()
    limit = time.monotonic() + STOP_LIMIT
    while answering(old):
        if time.monotonic() > limit:
            raise Failure(
                _("A StyleSketch engine of another version (%s) does not stop: end it with 'stylesketch stop'.")
                % health.version,
                "engine",
            )
        _pause(stopped)


def _start(installation: Installation, tell: Callable, stopped: Callable) -> BackendClient:
    log = os.path.join(installation.state, START_LOG)
    process = _spawn(installation, log)
    threading.Thread(target=process.wait, name="engine-reaper", daemon=True).start()  # it may end before us
    began = time.monotonic()
    limit = began + START_LIMIT
    while time.monotonic() < limit:
        endpoint = read_endpoint(installation.endpoint)
        health = endpoint and answering(endpoint)
        if endpoint and health:
            if health.protocol != PROTOCOL_VERSION:
                raise Failure(
                    _("The installed engine (%s) is of another version than this extension: %s.") % (health.version, cure()),
                    "install",
                )
            return endpoint.client()
        if process.poll() is not None and limit > time.monotonic() + GRACE:
            limit = time.monotonic() + GRACE
        if time.monotonic() > began + 4:
            tell(_("Starting the drawing engine … (the first start takes about ten seconds)"))
        _pause(stopped)
    if process.poll() is None:
        raise Failure(
            _("The drawing engine did not get ready within %d s: look into %s, then try again.") % (START_LIMIT, log), "engine"
        )
    raise Failure(_("The drawing engine ended at once (%s): %s.") % (_last_line(log) or log, cure()), "engine")


def _spawn(installation: Installation, log: str) -> subprocess.Popen:
    command = [installation.python, "-m", "backend", "serve", "--idle-timeout", str(IDLE_SECONDS)]
    detached: dict = {"start_new_session": True}
    if sys.platform == "win32":
        flags = subprocess.CREATE_NO_WINDOW | subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP
        detached = {"creationflags": flags}
    try:
        os.makedirs(installation.state, exist_ok=True)
        os.makedirs(installation.data, exist_ok=True)
        with _private_log(log) as output:
            return subprocess.Popen(
                command, cwd=installation.data, env=scrubbed_environment(os.environ, installation.home),
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, close_fds=True, **detached
            )  # fmt: skip
    except OSError as error:
        raise Failure(_("The drawing engine could not be started (%s): %s.") % (error, cure()), "engine") from error


def _private_log(path: str) -> IO[bytes]:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")


def _last_line(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            lines = [line.strip() for line in file if line.strip()]
    except OSError:
        return ""
    return lines[-1].rstrip(".") if lines else ""


def _pause(stopped: Callable[[], bool]) -> None:
    if stopped():
        raise Cancelled()
    time.sleep(0.15)
