"""Inkscape with its windows, driven by real clicks."""

import json
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

DRIVER = Path(__file__).with_name("gui_driver.py")


class GuiError(AssertionError):
    """A window or widget did not behave as expected."""


class Gui:
    """The driver's functions as methods: `gui.menu("Edit", "Undo")`. See gui_driver.py."""

    def __init__(self, process, environment):
        self._process, self._environment = process, environment

    def __getattr__(self, name):
        def call(*arguments):
            self._process.stdin.write(json.dumps([name, *arguments]) + "\n")
            self._process.stdin.flush()
            answer = json.loads(self._process.stdout.readline() or '{"error": "the driver ended"}')
            if "error" in answer:
                raise GuiError(f"{name}{arguments}: {answer['error']}")
            return answer["value"]

        return call

    def shot(self, path):
        """A picture of the whole screen."""
        subprocess.run(["import", "-window", "root", str(path)], env=self._environment, check=False)


def python_with_accessibility():
    """An interpreter that can load AT-SPI, or None."""
    for python in (sys.executable, str(Path(shutil.which("inkscape") or "/usr/bin/inkscape").parent / "python3"), "python3"):
        probe = [python, "-c", "import gi; gi.require_version('Atspi', '2.0'); from gi.repository import Atspi"]
        if shutil.which(python) and subprocess.run(probe, capture_output=True, check=False).returncode == 0:
            return python
    return None


@contextmanager
def inkscape(environment, profile, document):
    """A running Inkscape with `document` open, as a Gui."""
    surroundings = {**environment, "INKSCAPE_PROFILE_DIR": str(profile)}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "stdin": subprocess.DEVNULL}
    program = subprocess.Popen(["inkscape", str(document)], env=surroundings, start_new_session=True, **quiet)
    driver = subprocess.Popen(
        [python_with_accessibility(), str(DRIVER)], env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        gui = Gui(driver, environment)
        gui.wait_for("- Inkscape$", 60)
        time.sleep(1.5)
        yield gui
    finally:
        driver.stdin.close()
        for process in (driver, program):
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        driver.stdout.close()
