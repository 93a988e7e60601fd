"""Everything that can go wrong, as one tree.

    StyleSketchError                code              HTTP  exit
    ├── BadRequest                  bad-request        400     1
    │   ├── BadImage                bad-image          422     1
    │   │   └── ImageTooLarge       image-too-large    413     1
    │   └── BadPack                 bad-pack           422     1
    ├── NotFound                    not-found          404     1
    ├── Conflict                    conflict           409     1
    │   └── Exists                  exists             409     1   asked again with leave to replace it, it is done
    ├── Refused                     refused            401     1
    ├── Missing                     missing            424     3   weights, packages, backend; the sentence names the cure
    ├── OutOfMemory                 out-of-memory      507     4
    ├── OutOfDisk                   out-of-disk        507     4
    ├── WorkerDied                  worker-died        500     1
    ├── Internal                    internal           500     1
    └── Cancelled                   cancelled          499   130

Each carries one sentence that a user can act on. Of a pattern and values it can be said in any language, as a Note:

    raise BadImage("{file} is no picture that can be read.", file=path.name)
"""

from __future__ import annotations

from backend.core.notes import Note


class StyleSketchError(Exception):
    """Base of the tree; `str(error)` is the sentence for the user."""

    code = "internal"
    status = 500
    exit_code = 1

    def __init__(self, sentence: str, /, **values: object) -> None:
        """A sentence, or a pattern of one with its values."""
        self.sentence = sentence if isinstance(sentence, Note) else Note(sentence, **values)
        super().__init__(self.sentence)


class BadRequest(StyleSketchError):
    """A setting or an input that cannot be used as it is."""

    code, status = "bad-request", 400


class BadImage(BadRequest):
    """Bytes that are no picture that can be read."""

    code, status = "bad-image", 422


class ImageTooLarge(BadImage):
    """A picture of more pixels or bytes than are safe to decode."""

    code, status = "image-too-large", 413


class BadPack(BadRequest):
    """A style pack, or an archive of one, that cannot be used as it is."""

    code, status = "bad-pack", 422


class NotFound(StyleSketchError):
    """A job, picture or style pack that is not there."""

    code, status = "not-found", 404


class Conflict(StyleSketchError):
    """The thing asked for does not fit the present state, such as the result of a job that still runs."""

    code, status = "conflict", 409


class Exists(Conflict):
    """There is something of that name already; the same request with leave to replace it is granted."""

    code = "exists"


class Refused(StyleSketchError):
    """A caller without the token, or from a web page."""

    code, status = "refused", 401


class Missing(StyleSketchError):
    """Something is not installed; the sentence says the command that brings it."""

    code, status, exit_code = "missing", 424, 3


class OutOfMemory(StyleSketchError):
    """Memory ran out even after degrading."""

    code, status, exit_code = "out-of-memory", 507, 4


class OutOfDisk(StyleSketchError):
    """The disk is full; nothing half-written was left."""

    code, status, exit_code = "out-of-disk", 507, 4


class WorkerDied(StyleSketchError):
    """The worker process ended without an answer."""

    code = "worker-died"


class Internal(StyleSketchError):
    """A bug of ours; the sentence says where the log is."""


class Cancelled(StyleSketchError):
    """The user stopped the work."""

    code, status, exit_code = "cancelled", 499, 130


_ALL = (
    BadRequest,
    BadImage,
    ImageTooLarge,
    BadPack,
    NotFound,
    Conflict,
    Exists,
    Refused,
    Missing,
    OutOfMemory,
    OutOfDisk,
    WorkerDied,
    Internal,
    Cancelled,
)
ERRORS_BY_CODE: dict[str, type[StyleSketchError]] = {kind.code: kind for kind in _ALL}
