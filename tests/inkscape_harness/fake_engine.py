"""A drawing engine that draws a ring: speaks the daemon's HTTP, misbehaves on demand. Standard library and wire types only.

python fake_engine.py ENDPOINT_FILE [MODE]      runs until /v1/shutdown
"""

import base64
import hashlib
import json
import math
import os
import re
import struct
import sys
import threading
import time
import zlib
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "inkscape_ext"))
import fake_pictures
from fake_models import FakeModels
from fake_styles import FakeStyles, Refused
from stylesketch_ext.wire import codec
from stylesketch_ext.wire.messages import (
    PROTOCOL_VERSION,
    CandidateData,
    DrawingData,
    FeaturesRequest,
    Health,
    ImageInfo,
    JobInfo,
    LayerData,
    MatrixRequest,
    MatrixResult,
    PathData,
    Problem,
    ProgressEvent,
    PullRequest,
    SequenceRequest,
    SequenceResult,
    SketchRequest,
    SketchResult,
    StyleRequest,
)

RING = (0.35, 0.4, 0.25)  # center as shares of width and height, radius as a share of the shorter side
ROUTES = {"/jobs": SketchRequest, "/matrices": MatrixRequest, "/sequences": SequenceRequest, **fake_pictures.ROUTES}
MODES = ("good", "slow", "fails", "cancels", "error500", "garbled", "drops", "silent", "bad-image")


def image_size(data):
    """(width, height) of a PNG or JPEG, px, after its EXIF rotation."""
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        return struct.unpack(">II", data[16:24])
    marker = re.search(rb"\xff[\xc0-\xc2]..(.)(....)", data[2:], re.DOTALL)
    height, width = struct.unpack(">HH", data[2:][marker.start() + 5 : marker.start() + 9])
    turned = re.search(rb"\x12\x01\x03\0\x01\0\0\0[\x05-\x08]\0|\x01\x12\0\x03\0\0\0\x01\0[\x05-\x08]", data)
    return (height, width) if turned else (width, height)


def png(width, height, shade):
    """A gray PNG; `shade(x, y)` gives 0 … 255."""
    rows = b"".join(b"\0" + bytes(shade(x, y) for x in range(width)) for y in range(height))
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows, 1)),
        (b"IEND", b""),
    ]
    body = b"".join(struct.pack(">I", len(d)) + t + d + struct.pack(">I", zlib.crc32(t + d)) for t, d in chunks)
    return b"\x89PNG\r\n\x1a\n" + body


def ring_picture(width, height, line=2.0):
    """A PNG with the ring in black on white, `line` px wide."""
    x0, y0, radius = width * RING[0], height * RING[1], RING[2] * min(width, height)

    def shade(x, y):
        outside = abs(math.hypot(x + 0.5 - x0, y + 0.5 - y0) - radius) - line / 2
        return round(255 * min(1.0, max(0.0, outside + 0.5)))

    return png(width, height, shade)


def ring(width, height, count):
    """`count` arcs of the ring as strokes, source px."""
    x0, y0, radius = width * RING[0], height * RING[1], RING[2] * min(width, height)
    step = 2 * math.pi / count
    reach = 4 / 3 * math.tan(step / 4) * radius
    paths = []
    for i in range(count):
        ends = [(math.cos(i * step + t), math.sin(i * step + t)) for t in (0, step)]
        (c0, s0), (c1, s1) = ends
        local = [(radius * c0, radius * s0), (radius * c0 - reach * s0, radius * s0 + reach * c0)]
        local += [(radius * c1 + reach * s1, radius * s1 - reach * c1), (radius * c1, radius * s1)]
        points = [(round(x0 + x, 3), round(y0 + y, 3)) for x, y in local]
        importance = 1 - i / count
        paths.append(
            PathData(f"ss-0123abcd-s{i:03d}", points, False, [2.0], "#16161a", 1.0, "contour", "object", importance, i)
        )
    return paths


class FakeEngine:
    """The engine as a value: start it, read what was asked of it, stop it."""

    def __init__(self, mode="good", protocol=PROTOCOL_VERSION, queue=0, seconds=20.0, token="secret"):
        self.mode, self.protocol, self.queue, self.seconds, self.token = mode, protocol, queue, seconds, token
        self.pauses = {}  # path: s before the answer
        self.failing = None  # ids of the jobs that fail in the mode `fails`; None: all
        self.images, self.jobs, self.keys, self.streams = {}, {}, {}, 0
        self.styles, self.models = FakeStyles(_preview(10)), FakeModels()
        self.cancelled, self.seen_last_ids, self.stopped = set(), [], threading.Event()
        handler = type("Handler", (_Handler,), {"engine": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self._thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *error):
        self.stopped.set()
        self.server.shutdown()
        self.server.server_close()
        self._thread.join()

    def write_endpoint(self, path):
        fields = {"protocol": self.protocol, "version": "0.0-fake", "host": "127.0.0.1", "port": self.port, "pid": os.getpid()}
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(json.dumps({**fields, "token": self.token}))

    def result(self, job, request=None):
        request = request or self.jobs[job]
        width, height = self.images[request.image]
        strokes = ring(width, height, request.settings.strokes or 12)
        attempts = self.attempts(request, width, height)
        drawing = DrawingData(width, height, [LayerData("object", strokes)], "0123abcd")
        drawing = next((each.drawing for each in attempts if each.kept), drawing)
        return SketchResult(
            drawing=drawing, candidates=attempts, judge="lines" if attempts else "",
            image=request.image, title=request.title, recipe=request.recipe,
            settings=request.settings, style_title="Technical pen", guidance="classical", device="cpu",
            engine="fake", steps=3, version="0.0-fake", notes=["CLIP was not used: it is not installed."], job=job,
        )  # fmt: skip

    def attempts(self, request, width, height):
        """Where more than one is asked for: each has a stroke less than the one before it, and the second one is the best."""
        settings, found = request.settings, []
        for number in range(settings.candidates if settings.candidates > 1 else 0):
            strokes = ring(width, height, (settings.strokes or 12) - number)
            drawing = DrawingData(width, height, [LayerData("object", strokes)], f"0123abc{number}")
            score, kept = round(0.8 - 0.1 * abs(number - 1), 2), number == 1
            found.append(CandidateData(settings.seed + number, score, drawing, kept, kept))
        return found

    def sequence(self, job, request):
        """The ring in each frame, its strokes named as the engine names them."""
        frames = []
        for number, image in enumerate(request.images):
            drawing = self.result(job, SketchRequest(image, request.settings)).drawing
            run = f"0123abcd-f{number:03d}"
            [layer] = drawing.layers
            paths = [replace(path, id=path.id.replace("0123abcd", run)) for path in layer.paths]
            frames.append(replace(drawing, run=run, layers=[replace(layer, paths=paths)]))
        return SequenceResult(frames, request, [0], "Technical pen", "classical", "cpu", "fake", 3, "0.0-fake", ["A note."])

    def paged(self, job, request):
        """The same without its frames, which are fetched one by one."""
        whole = self.sequence(job, request)
        return replace(whole, frames=[], count=len(whole.frames))

    def rows(self, job):
        """Of a matrix: the looser, the fewer strokes."""
        request, found = self.jobs[job], []
        for fidelity in request.fidelities:
            settings = replace(request.sketch.settings, fidelity=fidelity, strokes=round(4 + 12 * fidelity))
            drawn = self.result(job, replace(request.sketch, settings=settings))
            found.append(replace(drawn, settings=replace(request.sketch.settings, fidelity=fidelity)))
        return found


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    engine: FakeEngine

    def log_message(self, *arguments):
        pass

    def do_GET(self):
        body, path = b"", self.path[3:]
        allowed = self.headers.get("Authorization") == "Bearer " + self.engine.token
        self.engine.stopped.wait(self.engine.pauses.get(path, 0))
        if path == "/health":
            health = Health(self.engine.protocol, "0.0-fake")
            if allowed:
                health = Health(self.engine.protocol, "0.0-fake", "cpu", "fake", ["classical"], self.engine.queue)
            return self.reply(codec.dumps(health).encode()) if allowed or "Authorization" not in self.headers else self.refuse()
        if not allowed:
            return self.refuse()
        if path.startswith("/styles"):
            return self.style("GET", path)
        if path == "/models":
            return self.reply(codec.dumps(self.engine.models.all()).encode())
        job = path.split("/")[2]
        if path.endswith("/events"):
            return self.stream(job)
        if path.endswith("/result?frames=false"):
            body = codec.dumps(self.engine.paged(job, self.engine.jobs[job])).encode()
            return self.reply(b'{"half": ' if self.engine.mode == "garbled" else body)
        if "/frames/" in path:
            frames = self.engine.sequence(job, self.engine.jobs[job]).frames
            return self.reply(codec.dumps(frames[int(path.split("/")[-1]) - 1]).encode())
        if path.endswith("/result"):
            body = codec.dumps(self.made(job, self.engine.jobs[job])).encode()
            return self.reply(b'{"half": ' if self.engine.mode == "garbled" else body)
        if "/pictures/" in path:
            request, number = self.engine.jobs[job], int(path.split("/")[-1])
            found = fake_pictures.picture(self.engine, job, request, number, png, ring_picture)
            return self.reply(found, kind="image/png") if found else self.problem(404, "not-found", "There is no such picture.")
        if "/rows/" in path:
            return self.reply(codec.dumps(self.engine.rows(job)[int(path.split("/")[-1]) - 1]).encode())
        return self.reply(codec.dumps(self.info(job)).encode())

    def made(self, job, request):
        if isinstance(request, StyleRequest):
            return self.engine.styles.made(job, request)
        if isinstance(request, FeaturesRequest):
            return self.engine.styles.seen(job, request)
        if isinstance(request, PullRequest):
            return self.engine.models.pulled(job, request)
        if type(request) in fake_pictures.FIELDS:
            return fake_pictures.told(self.engine, job, request)
        if isinstance(request, SequenceRequest):
            return self.engine.sequence(job, request)
        return MatrixResult(self.engine.rows(job)) if isinstance(request, MatrixRequest) else self.engine.result(job)

    def do_POST(self):
        body, path, engine = self.rfile.read(int(self.headers.get("Content-Length") or 0)), self.path[3:], self.engine
        engine.stopped.wait(engine.pauses.get(path, 0))
        if self.headers.get("Authorization") != "Bearer " + engine.token:
            return self.refuse()
        if path == "/images":
            if engine.mode == "bad-image":
                return self.problem(422, "bad-image", "This is no picture that can be read: choose a PNG or JPEG file.")
            name = hashlib.sha256(body).hexdigest()
            engine.images[name] = image_size(body)
            return self.reply(codec.dumps(ImageInfo(name, *engine.images[name])).encode())
        if path.startswith("/styles"):
            return self.style("POST", path, body)
        if path.endswith("/pull"):
            job = engine.keys.setdefault(self.headers["Idempotency-Key"], f"job{len(engine.keys) + 1}")
            engine.jobs[job] = PullRequest(path.split("/")[2])
            return self.reply(codec.dumps(self.info(job)).encode())
        if path in ROUTES:
            if engine.mode == "error500":
                return self.problem(500, "internal", "The engine broke; its log has the details.")
            job = engine.keys.setdefault(self.headers["Idempotency-Key"], f"job{len(engine.keys) + 1}")
            engine.jobs[job] = codec.loads(ROUTES[path], body)
            return self.reply(codec.dumps(self.info(job)).encode())
        if path.endswith("/cancel"):
            engine.cancelled.add(path.split("/")[2])
            return self.reply(b"{}")
        if path == "/shutdown":
            self.reply(b"{}")
            engine.stopped.set()
            return None
        return self.problem(404, "not-found", "There is no such thing.")

    def do_PATCH(self):
        self.changed("PATCH")

    def do_DELETE(self):
        self.changed("DELETE")

    def changed(self, method):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Authorization") != "Bearer " + self.engine.token:
            return self.refuse()
        if self.path.startswith("/v1/models/"):
            self.engine.models.remove(self.path.split("/")[3])
            return self.reply(b"", 204)
        return self.style(method, self.path[3:], body)

    def style(self, method, path, body=b""):
        """Anything about style packs; a JSON body to /styles is a job."""
        engine, kind = self.engine, self.headers.get("Content-Type", "")
        engine.stopped.wait(engine.pauses.get(method + " /styles", 0))
        try:
            if method == "POST" and "json" in kind:
                request = engine.styles.check(body)
            elif method == "POST" and path.endswith("/features"):
                request = engine.styles.seeable(path)
            else:
                request = None
            if request:
                job = engine.keys.setdefault(self.headers["Idempotency-Key"], f"job{len(engine.keys) + 1}")
                engine.jobs[job] = request
                return self.reply(codec.dumps(self.info(job)).encode())
            found, kind = engine.styles.answer(method, path, kind, body)
        except Refused as refused:
            return self.problem(refused.status, refused.code, refused.detail)
        return self.reply(found, kind=kind)

    def info(self, job):
        state = "cancelled" if job in self.engine.cancelled else "running"
        request = self.engine.jobs[job]
        field = {
            StyleRequest: "style",
            MatrixRequest: "matrix",
            SequenceRequest: "sequence",
            FeaturesRequest: "features",
            PullRequest: "pull",
            **fake_pictures.FIELDS,
        }.get(type(request), "request")
        asked = {"request": None, field: request}
        return JobInfo(id=job, state=state, created=time.time(), **asked)

    def stream(self, job):
        """Ten progress events and the end; event ids are their numbers."""
        engine = self.engine
        engine.streams += 1
        first = int(self.headers.get("Last-Event-ID") or 0) + 1
        engine.seen_last_ids.append(self.headers.get("Last-Event-ID"))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for number in range(first, 11):
            if engine.mode == "drops" and number in (4, 5) and engine.streams <= 2:
                self.close_connection = True
                return self.connection.close()
            if engine.mode == "silent" and engine.stopped.wait(30):
                return None
            pause = engine.seconds / 10 if engine.mode == "slow" else 0.05
            limit = time.monotonic() + pause
            while time.monotonic() < limit and job not in engine.cancelled:
                time.sleep(0.02)
            if job in engine.cancelled:
                return self.event(number, "cancelled", "{}", last=True)
            shown = base64.b64encode(_preview(number)).decode()
            asked = getattr(engine.jobs[job], "fidelities", ())
            told = ProgressEvent(self.stage(job), number / 11, shown, {"line": 1 / number}, rows=number * len(asked) // 10)
            self.event(number, "progress", codec.dumps(told))
            failing = engine.failing is None or job in engine.failing
            if engine.mode in ("fails", "cancels") and number == 3 and failing:
                problem = Problem("Out of memory", 507, "out-of-memory", "There was not enough memory: choose fewer strokes.")
                kind, data = ("failed", codec.dumps(problem)) if engine.mode == "fails" else ("cancelled", "{}")
                return self.event(4, kind, data, last=True)
        return self.event(11, "finished", "{}", last=True)

    def stage(self, job):
        stages = {StyleRequest: "measuring the lines", FeaturesRequest: "seeing the style"}
        return stages.get(type(self.engine.jobs[job]), "drawing the lines")

    def event(self, number, kind, data, last=False):
        text = f": heartbeat\n\nid: {number}\nevent: {kind}\ndata: {data}\n\n"
        try:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(text.encode()), text.encode()) + (b"0\r\n\r\n" if last else b""))
            self.wfile.flush()
        except OSError:
            self.close_connection = True

    def refuse(self):
        self.problem(401, "refused", "The token is wrong.")

    def problem(self, status, code, detail):
        self.reply(codec.dumps(Problem(code, status, code, detail)).encode(), status, "application/problem+json")

    def reply(self, body, status=200, kind="application/json"):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _preview(number):
    """A small PNG in which the ring has grown to number / 10."""

    def shade(x, y):
        on = abs(math.hypot(x - 56, y - 48) - 30) < 1.5 and (math.atan2(y - 48, x - 56) + math.pi) / (2 * math.pi) < number / 10
        return 20 if on else 255

    return png(160, 120, shade)


def main():
    endpoint, mode = sys.argv[1], (sys.argv[2:] or ["good"])[0]
    with FakeEngine(mode) as engine:
        engine.write_endpoint(endpoint)
        engine.stopped.wait(120)


if __name__ == "__main__":
    main()
