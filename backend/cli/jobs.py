"""`stylesketch jobs`: what was drawn, is drawn and will be."""

from __future__ import annotations

import argparse
import contextlib
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Protocol

from stylesketch_ext.wire.codec import to_json
from stylesketch_ext.wire.messages import CANCELLED, QUEUED, RUNNING, JobInfo

from backend.cli.arguments import Commands, add_command, places
from backend.cli.client import running_client
from backend.core.errors import Conflict
from backend.core.lock import only_one
from backend.daemon.endpoint import lock_file
from backend.daemon.result_files import ResultFiles
from backend.daemon.store import Store
from backend.places import Places


class JobsLike(Protocol):
    """The jobs, through the daemon or, while none runs, from its files."""

    def all(self) -> list[JobInfo]: ...
    def info(self, job: str) -> JobInfo: ...
    def cancel(self, job: str) -> JobInfo: ...
    def remove(self, job: str) -> None: ...


class SleepingJobs:
    """The jobs of a daemon that does not run."""

    def __init__(self, store: Store, results: ResultFiles) -> None:
        self._store, self._results = store, results

    def all(self) -> list[JobInfo]:
        return [_asleep(stored.info) for stored in self._store.jobs()]

    def info(self, job: str) -> JobInfo:
        return _asleep(self._store.job(job).info)

    def cancel(self, job: str) -> JobInfo:
        self._store.end(job, CANCELLED)
        return self.info(job)

    def remove(self, job: str) -> None:
        self._store.remove(job)
        self._results.remove(job)


def _asleep(info: JobInfo) -> JobInfo:
    """A job that was running when its daemon was killed waits for the next one."""
    return replace(info, state=QUEUED) if info.state == RUNNING else info


def add(commands: Commands) -> None:
    """Adds the command."""
    group = add_command(commands, "jobs", run_list, "The daemon's jobs; without a verb, list them.")
    group.add_argument("--json", action="store_true", help="print one JSON object")
    verbs = group.add_subparsers(metavar="VERB")
    for name, run, about in (
        ("list", run_list, "List all jobs, the newest first."),
        ("show", run_show, "Show one job."),
        ("cancel", run_cancel, "Stop a job that waits or runs."),
        ("remove", run_remove, "Forget an ended job and delete its result."),
    ):
        command = add_command(verbs, name, run, about, argparse.SUPPRESS)
        command.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print one JSON object")
        if name != "list":
            command.add_argument("job", metavar="JOB", help="the job's id")


def run_list(arguments: argparse.Namespace) -> int:
    """Prints every job."""
    with opened_jobs(places(arguments)) as jobs:
        known = jobs.all()
    if arguments.json:
        print(json.dumps({"jobs": [to_json(info) for info in known]}, ensure_ascii=False))
    else:
        print("\n".join(map(_line, known)) or "There are no jobs.")
    return 0


def run_show(arguments: argparse.Namespace) -> int:
    """Prints one job."""
    with opened_jobs(places(arguments)) as jobs:
        info = jobs.info(arguments.job)
    _print(info, arguments.json)
    return 0


def run_cancel(arguments: argparse.Namespace) -> int:
    """Stops a job."""
    with opened_jobs(places(arguments)) as jobs:
        info = jobs.cancel(arguments.job)
    _print(info, arguments.json)
    return 0


def run_remove(arguments: argparse.Namespace) -> int:
    """Forgets a job."""
    with opened_jobs(places(arguments)) as jobs:
        jobs.remove(arguments.job)
    print(json.dumps({"removed": arguments.job}) if arguments.json else f"Removed {arguments.job}.")
    return 0


@contextlib.contextmanager
def opened_jobs(where: Places) -> Iterator[JobsLike]:
    """The jobs of the daemon that runs, else of its files; Conflict where it is just starting or ending."""
    client = running_client(where)
    if client:
        yield client
        return
    with only_one(lock_file(where)) as alone:
        if not alone:
            raise Conflict("StyleSketch is just starting or stopping. Try again in a moment.")
        with contextlib.closing(Store(where.jobs)) as store:
            yield SleepingJobs(store, ResultFiles(where.data / "results"))


def _print(info: JobInfo, as_json: bool) -> None:
    if as_json:
        print(json.dumps(to_json(info), ensure_ascii=False))
        return
    print(_line(info))
    if info.error:
        print(info.error.detail)


def _line(info: JobInfo) -> str:
    created = time.strftime("%Y-%m-%d %H:%M", time.localtime(info.created))
    progress = f" {info.done:.0%} {info.stage}" if info.stage else ""
    return f"{info.id}  {created}  {info.state:9}  {_subject(info)}{progress}"


def _subject(info: JobInfo) -> str:
    """What a job is about."""
    if info.style:
        return f"style pack {info.style.name}"
    if info.sequence:
        return f"sequence of {len(info.sequence.images)} frames {info.sequence.title}".rstrip()
    if info.matrix:
        sketch = info.matrix.sketch
        return f"matrix of {sketch.title or sketch.image[:12]}"
    if info.texture:
        return f"texture of {info.texture.title or info.texture.style or info.texture.exemplar[:12]}"
    if info.restyle:
        return f"restyling of {info.restyle.title or info.restyle.image[:12]}"
    if info.refine:
        return f"refinement of {info.refine.title or info.refine.image[:12]}"
    if info.prompt:
        return f"“{info.prompt.prompt}”"
    if info.features:
        return f"features of {info.features.style}"
    if info.pull:
        return f"weights {info.pull.model}"
    return (info.request.title or info.request.image[:12]) if info.request else ""
