"""Work for the daemon's processes in tests: quick, without torch, and as badly behaved as wanted.

What a job does is told by its title, "MODE" or "MODE|PATH".
"""

import errno
import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from stylesketch_ext.wire.messages import (
    DrawingData,
    FeaturesRequest,
    MatrixRequest,
    MatrixResult,
    PictureInfo,
    PicturesResult,
    ProgressEvent,
    PromptRequest,
    SequenceRequest,
    SequenceResult,
    SketchRequest,
    SketchResult,
    StyleRequest,
)

from backend.core import safetensors
from backend.core.errors import BadRequest, Missing
from backend.daemon.capabilities import Capabilities
from backend.daemon.frames import FrameReady
from backend.daemon.result_files import Finished, Pictured, Prompted, Sequenced
from backend.daemon.rows import RowReady
from backend.daemon.styles import Extraction, Seeing
from backend.daemon.tasks import Tasks
from backend.style_members import Pack, check_pack


def draw(request: SketchRequest):
    mode, _, place = request.title.partition("|")
    for number in range(1, 4):
        yield ProgressEvent("drawing", number / 10, preview=f"picture {number}")
    yield from MODES[mode](Path(place))
    return Finished(_result(request), f"<svg>{request.settings.seed}</svg>", b"PNG")


def _result(request: SketchRequest) -> SketchResult:
    drawing = DrawingData(width=4, height=3, layers=[], run="00000000")
    return SketchResult(
        drawing=drawing, image=request.image, title=request.title, recipe=request.recipe, settings=request.settings,
        style_title="Fake", guidance="none", device="cpu", engine="fake", steps=0, version="0", seconds={"total": 0.0},
    )  # fmt: skip


def plain(place):
    yield ProgressEvent("finishing", 0.9)


def wait(place):
    """Until the file is there; yields all the time."""
    while not place.exists():
        yield ProgressEvent("waiting", 0.5)
        time.sleep(0.01)


def deaf(place):
    """Computes for ever and never comes back to a yield."""
    place.touch()
    while True:
        time.sleep(1)
    yield


def stubborn(place):
    """Ignores close()."""
    place.touch()
    while True:
        try:
            yield ProgressEvent("waiting", 0.5)
        except GeneratorExit:
            while True:
                time.sleep(1)
        time.sleep(0.01)


def die_once(place):
    if not place.exists():
        place.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    yield ProgressEvent("again", 0.9)


def die(place):
    yield ProgressEvent("dying", 0.9)
    os.kill(os.getpid(), signal.SIGKILL)


def refuse(place):
    yield ProgressEvent("looking", 0.5)
    raise BadRequest("No lines were found. Choose another picture.")


def bug(place):
    yield ProgressEvent("looking", 0.5)
    raise KeyError("a bug of ours")


def memory(place):
    yield ProgressEvent("looking", 0.5)
    raise MemoryError


def disk(place):
    yield ProgressEvent("looking", 0.5)
    raise OSError(errno.ENOSPC, "No space left on device")


MODES = {
    "": plain, "plain": plain, "wait": wait, "deaf": deaf, "stubborn": stubborn, "die-once": die_once, "die": die,
    "refuse": refuse, "bug": bug, "memory": memory, "disk": disk,
}  # fmt: skip


def extract(request: StyleRequest, images, places):
    """What a job of making a pack does is told by its title; the pack tells how many pictures it was given."""
    mode, _, place = request.title.partition("|")
    yield ProgressEvent("measuring", 0.2)
    yield from MODES[mode](Path(place))
    style = f'title = "{request.title}"\nstrokes = {len(images)}\n'
    return Extraction(check_pack(Pack(request.name, {"style.toml": style.encode()})), request.replace, ["a note"])


def see(request: FeaturesRequest, packs, places):
    """What networks see in a pack that is called broken is a failure."""
    yield ProgressEvent("seeing the style", 0.2)
    if request.style == "broken":
        raise Missing("No network is here.")
    return Seeing(request.style, safetensors.write({f"squeezenet/{packs.name}/gram": np.eye(2)}))


def draw_rows(request: MatrixRequest):
    """After its first row a matrix does what its title tells."""
    mode, _, place = request.sketch.title.partition("|")
    rows = []
    for fidelity in request.fidelities:
        rows.append(_result(replace(request.sketch, settings=replace(request.sketch.settings, fidelity=fidelity))))
        yield RowReady(ProgressEvent("drawing", 0.1 * len(rows), rows=len(rows)), rows[-1])
        yield from MODES[mode](Path(place))
    return MatrixResult(rows)


def pictures(request, *files):
    """Pictures that tell their seed and the files that they were made of; on the way, what the title tells."""
    mode, _, place = request.title.partition("|")
    yield ProgressEvent("drawing", 0.1, preview="picture")
    yield from MODES[mode](Path(place))
    seeds = range(request.seed, request.seed + request.tries)
    given = ",".join(file.name if isinstance(file, Path) else "-" for file in files[:-1])
    if getattr(request, "sketch", None):
        finished = Finished(_result(SketchRequest("0" * 64, request.sketch)), "<svg/>", b"PNG")
        return Prompted(finished, f"PNG {request.seed} of {given}".encode())
    result = PicturesResult([PictureInfo(4, 3, seed) for seed in seeds], "fake", "none", request.style, "cpu", "0")
    return Pictured(result, [f"PNG {seed} of {given}".encode() for seed in seeds])


def sequence(request: SequenceRequest, frames, mask, places):
    """Frames that tell the size of their picture; on the way, what the title tells."""
    mode, _, place = request.title.partition("|")
    yield ProgressEvent("frame 1", 0.1, preview="picture")
    yield from MODES[mode](Path(place))
    for k, frame in enumerate(frames):
        yield FrameReady(ProgressEvent("finishing", 1.0), k + 1, DrawingData(frame.width, frame.height, [], f"0-f{k:03d}"))
    result = SequenceResult([], request, [0], "Fake", "none", "cpu", "fake", 0, "0", count=len(frames))
    return Sequenced(result, f"<svg>{mask.name if mask else ''}</svg>", b"PNG")


def refine(request, image, packs, mask):
    """The strokes that are not locked go."""
    mode, _, place = request.title.partition("|")
    yield ProgressEvent("drawing", 0.1, preview="picture")
    yield from MODES[mode](Path(place))
    result = _result(SketchRequest(request.image, request.settings))
    gone = [stroke.id for stroke in request.strokes if not stroke.locked]
    return Finished(replace(result, removed=gone, title=image.name if image else ""), "<svg/>", b"PNG")


def prompt(request: PromptRequest, places):
    """What a text does is told by itself."""
    mode, _, place = request.prompt.partition("|")
    yield ProgressEvent("imagining", 0.1, preview="picture")
    yield from MODES[mode](Path(place))
    finished = Finished(_result(SketchRequest("0" * 64, request.settings)), "<svg/>", b"PNG")
    return Prompted(finished, None if request.method == "clip" else b"PNG of " + mode.encode())


def preload() -> Capabilities:
    return Capabilities("cpu", ["cpu"], "fake", {"object": ["classical"], "scene": ["classical"]}, ["fake"])


def measure(path: str):
    """Reads "WIDTHxHEIGHT"; sleeps for ever at "sleep", dies at "die"."""
    yield from ()
    text = Path(path).read_text()
    if text == "sleep":
        time.sleep(3600)
    if text == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    width, height = text.split("x")
    return int(height), int(width)


def tasks() -> Tasks:
    more = {"refine": refine}
    more |= {"draw_rows": draw_rows, "sequence": sequence, "texture": pictures, "restyle": pictures, "prompt": prompt}
    return Tasks(draw, preload, extract, measure, see=see, **more)
