"""The style packs of the fake engine: a shelf in memory that answers as the daemon's routes do."""

import json
import re
from dataclasses import replace
from urllib.parse import parse_qs, unquote, urlsplit

from stylesketch_ext.wire import codec
from stylesketch_ext.wire.messages import FeaturesRequest, StyleChange, StyleInfo, StyleRequest, StyleResult


class Refused(Exception):
    """An answer that is a problem."""

    def __init__(self, status, code, detail):
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail


class FakeStyles:
    """Two packs that came with the program, and those that are imported or made. An archive is its pack's name."""

    def __init__(self, preview):
        self.preview = preview  # bytes of a PNG
        self.packs = {
            pack.name: pack
            for pack in (
                StyleInfo("charcoal", "Charcoal", "Soft and broad.", True, 40, "#333333", preview=True, licence="CC0-1.0"),
                StyleInfo("technical-pen", "Technical pen", "Black lines of one width.", True, 64, preview=True),
            )
        }

    def answer(self, method, target, kind, body):
        """(body, content type) for a request of /styles…; raises Refused."""
        parts = urlsplit(target)
        name, _slash, part = unquote(parts.path[len("/styles/") :]).partition("/")
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        if not name:
            found = list(self.packs.values()) if method == "GET" else self._install(body, query)
        elif part == "preview.png":
            return self.preview, "image/png"
        elif part == "export":
            return self._find(name).name.encode(), "application/zip"
        elif method == "GET":
            found = self._find(name)
        elif method == "PATCH":
            found = self._change(self._own(name), codec.loads(StyleChange, body))
        else:
            del self.packs[self._own(name).name]
            return b"", "application/json"
        return (codec.dumps(found).encode()), "application/json"

    def made(self, job, request):
        """The result of a job."""
        self.packs[request.name] = pack = StyleInfo(
            request.name, request.title, strokes=80, preview=True, exemplars=len(request.images),
            measured={"line_width": 0.0042, "ink_coverage": 0.13, "hatch_angle": 45.0},
        )  # fmt: skip
        return StyleResult(pack, ["Nothing is hatched in the pictures."], job)

    def seen(self, job, request):
        """The result of a look of networks at a pack."""
        self.packs[request.style] = pack = replace(self.packs[request.style], features=["squeezenet/fire5"])
        return StyleResult(pack, [], job)

    def seeable(self, target):
        """The FeaturesRequest of a path /styles/NAME/features."""
        return FeaturesRequest(self._own(unquote(target.split("/")[2])).name)

    def check(self, body):
        """The StyleRequest in a body, if there is no such pack yet."""
        request = codec.from_json(StyleRequest, json.loads(body))
        self._free(request.name, request.replace)
        return request

    def _install(self, archive, query):
        name = query.get("name") or archive.decode("utf-8", "replace")
        if not re.fullmatch("[a-z0-9-]+", name):
            raise Refused(422, "bad-pack", "This is no style pack: it is not a zip file. Choose a .stylepack file.")
        self._free(name, query.get("replace") == "1")
        self.packs[name] = StyleInfo(name, name.replace("-", " ").title(), "From a file.", strokes=30, preview=True)
        return self.packs[name]

    def _change(self, pack, change):
        name = change.name or pack.name
        if name != pack.name:
            self._free(name, False)
        del self.packs[pack.name]
        self.packs[name] = StyleInfo(name, change.title or pack.title, strokes=pack.strokes, preview=True)
        return self.packs[name]

    def _free(self, name, replace):
        there = self.packs.get(name)
        if there and there.bundled:
            raise Refused(
                409,
                "conflict",
                f"'{name}' is a style pack that comes with StyleSketch and stays as it is. Choose another name.",
            )
        if there and not replace:
            raise Refused(409, "exists", f"There is a style pack named '{name}' already. Replace it, or choose another name.")

    def _find(self, name):
        if name not in self.packs:
            raise Refused(404, "not-found", f"There is no style pack named '{name}'.")
        return self.packs[name]

    def _own(self, name):
        if self._find(name).bundled:
            raise Refused(409, "conflict", f"'{name}' comes with StyleSketch and stays as it is.")
        return self.packs[name]
