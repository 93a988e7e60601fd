import contextlib
import socket
import sys
import threading
from functools import partial
from types import SimpleNamespace

import fake_work
import httpx
import pytest
import uvicorn
from daemon_process import DaemonProcess, until

from backend.daemon.app import create_app
from backend.daemon.events import EventLog
from backend.daemon.executors import ProcessExecutor
from backend.daemon.house import House
from backend.daemon.images import Images
from backend.daemon.job_kinds import job_kinds
from backend.daemon.jobs import DOWNLOADS, Jobs
from backend.daemon.models import Models
from backend.daemon.result_files import ResultFiles
from backend.daemon.store import Store
from backend.daemon.styles import Styles
from backend.places import Places
from backend.style_library import Library

TOKEN = "a-token"


@pytest.fixture(scope="session", autouse=True)
def spawned_processes_do_not_import_pytest():
    """A spawned process imports the main module again; that of the tests is large."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys.modules["__main__"], "__spec__", None)
        patch.delattr(sys.modules["__main__"], "__file__")
        yield


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


@pytest.fixture
def house(tmp_path, listener):
    """Everything behind the routes, in this process, with fake work in real worker processes."""
    store, events = Store(tmp_path / "jobs.sqlite"), EventLog()
    results, intake = ResultFiles(tmp_path / "results"), ProcessExecutor("intake", grace=0.0)
    images = Images(tmp_path / "images", store, intake, fake_work.measure)
    workers = partial(_worker, fake_work.preload)
    styles = Styles(Library(tmp_path / "packs"), intake)
    models = Models(Places.find(tmp_path / "home"), {})
    jobs = Jobs(store, events, results, workers, job_kinds(fake_work.tasks(), images, styles, models, results))
    stops, port = [], listener.getsockname()[1]
    yield House(jobs, images, styles, models, TOKEN, port, "the log", lambda: stops.append(True)), stops
    jobs.stop()
    intake.stop()
    store.close()


def _worker(preload, lane):
    return ProcessExecutor(lane or "drawing", None if lane == DOWNLOADS else preload, "the log", 0.3)


@pytest.fixture
def routes(house, listener):
    """Callers with and without the token; no worker runs yet."""
    home, stops = house
    with serving(create_app(home), listener), contextlib.ExitStack() as ends:
        url = f"http://127.0.0.1:{home.port}"
        anonymous = ends.enter_context(httpx.Client(base_url=url, timeout=30, trust_env=False))
        headers = {"Authorization": f"Bearer {TOKEN}"}
        http = ends.enter_context(httpx.Client(base_url=url, headers=headers, timeout=30, trust_env=False))
        yield SimpleNamespace(http=http, anonymous=anonymous, house=home, stops=stops, port=home.port)
        home.jobs.events.close()


@pytest.fixture
def web(routes):
    """The routes with workers, and `sent`: an uploaded picture's hash."""
    routes.house.jobs.start()
    routes.sent = routes.http.post("/v1/images", content=b"4x3").json()["sha256"]
    return routes


@contextlib.contextmanager
def serving(app, listener):
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, ws="none", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    until(lambda: server.started)
    yield
    server.should_exit = True
    thread.join(10)
    assert not thread.is_alive()


@pytest.fixture
def start_daemon(tmp_path):
    """Starts daemons with fake work in processes of their own; they end with the test."""
    with contextlib.ExitStack() as ends:

        def start(*arguments, home=tmp_path / "home"):
            daemon = DaemonProcess(home, *arguments)
            ends.callback(daemon.stop)
            return daemon

        yield start
