"""A private screen for real windows: Xvfb, a window manager and a D-Bus session, ended with the `with` block."""

import os
import shutil
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

NEEDED = ("inkscape", "Xvfb", "openbox", "dbus-daemon", "xdotool", "import")


def lacking(programs=NEEDED):
    """The programs that are not installed."""
    return [name for name in programs if not shutil.which(name)]


@contextmanager
def screen(size="1280x900x24"):
    """The environment for programs that are to show windows on a screen of their own."""
    with tempfile.TemporaryDirectory(prefix="stylesketch-screen-") as folder:
        processes = []
        try:
            yield _started(Path(folder), size, processes)
        finally:
            for process in reversed(processes):
                process.terminate()
            for process in processes:
                try:
                    process.wait(5)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()


def _started(folder, size, processes):
    quiet = {"stdin": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", size, "-nolisten", "tcp", "-noreset"]
    processes.append(subprocess.Popen(command, pass_fds=[writing], stdout=subprocess.DEVNULL, **quiet))
    os.close(writing)
    with os.fdopen(reading) as answer:
        number = answer.readline().strip()
    (folder / "run").mkdir(mode=0o700)
    environment = {k: v for k, v in os.environ.items() if k not in ("WAYLAND_DISPLAY", "INKSCAPE_PROFILE_DIR", "PYTHONPATH")}
    environment.update(
        DISPLAY=":" + number, GDK_BACKEND="x11", GTK_USE_PORTAL="0", GSETTINGS_BACKEND="memory", LC_ALL="C.UTF-8",
        GTK_A11Y="atspi", XDG_RUNTIME_DIR=str(folder / "run"),
    )  # fmt: skip
    bus = subprocess.Popen(
        ["dbus-daemon", "--session", "--nofork", "--print-address=1"],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        **quiet,
    )
    processes.append(bus)
    environment["DBUS_SESSION_BUS_ADDRESS"] = bus.stdout.readline().strip()
    bus.stdout.close()
    manager = ["openbox", "--sm-disable"]
    processes.append(subprocess.Popen(manager, env=environment, stdout=subprocess.DEVNULL, **quiet))
    time.sleep(0.3)
    return environment
