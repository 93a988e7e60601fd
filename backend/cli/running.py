"""`stylesketch serve`, `status` and `stop`: the daemon."""

from __future__ import annotations

import argparse
import json
import os
import time

from stylesketch_ext.wire.codec import to_json

from backend.cli.arguments import Commands, add_command, add_rasterizer, places, seconds
from backend.cli.client import running_client
from backend.core.errors import Conflict, Missing
from backend.core.lock import only_one
from backend.daemon.endpoint import lock_file
from backend.places import Places

STOP_SECONDS = 20.0
NOT_RUNNING = "StyleSketch is not running. `stylesketch serve` starts it."


def add(commands: Commands) -> None:
    """Adds the commands."""
    command = add_command(commands, "serve", run_serve, "Run the daemon that draws for Inkscape and for --daemon.")
    command.add_argument("--idle-timeout", metavar="SECONDS", type=seconds, help="end after this time without work")
    add_rasterizer(command, None)
    command = add_command(commands, "status", run_status, "Tell whether the daemon runs, and what it can do.")
    command.add_argument("--token", action="store_true", help="print only the token for /docs and for scripts")
    command.add_argument("--json", action="store_true", help="print one JSON object")
    add_command(commands, "stop", run_stop, "Stop the daemon. What it was drawing is drawn when it is started again.")


def run_serve(arguments: argparse.Namespace) -> int:
    """Serves until stopped."""
    from backend.daemon.serve import serve

    where = places(arguments)
    if arguments.data:
        os.environ["STYLESKETCH_HOME"] = str(where.data.parent)  # the processes that draw find their weights by it
    if arguments.rasterizer:
        from backend.model_pool import RASTERIZER, choose_engine  # brings torch, which the server does without

        os.environ[RASTERIZER] = choose_engine(arguments.rasterizer)  # what `auto` means to the processes that draw
    serve(where, arguments.idle_timeout, lambda text: print(text, flush=True))
    return 0


def run_status(arguments: argparse.Namespace) -> int:
    """Prints what runs."""
    client = running_client(places(arguments))
    if client is None:
        raise Missing(NOT_RUNNING)
    health, endpoint = client.health(), client.endpoint
    if arguments.token:
        print(endpoint.token)
    elif arguments.json:
        print(json.dumps({**to_json(health), "url": endpoint.url, "pid": endpoint.pid}))
    else:
        print(f"StyleSketch {health.version} runs at {endpoint.url} (process {endpoint.pid}); its routes: {endpoint.url}/docs")
        device, rasterizer = health.device or "not known yet", health.engine or "not known yet"
        print(f"Device: {device}. Rasterizer: {rasterizer}. Jobs waiting or running: {health.queue}.")
    return 0


def run_stop(arguments: argparse.Namespace) -> int:
    """Stops what runs, and waits for it."""
    where = places(arguments)
    client = running_client(where)
    if client is None:
        print("StyleSketch is not running.")
        return 0
    client.shutdown()
    end = time.monotonic() + STOP_SECONDS
    while _held(where):
        if time.monotonic() > end:
            raise Conflict(f"StyleSketch (process {client.endpoint.pid}) does not stop. End that process.")
        time.sleep(0.05)
    print("StyleSketch has stopped.")
    return 0


def _held(where: Places) -> bool:
    with only_one(lock_file(where)) as alone:
        return not alone
