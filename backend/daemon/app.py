"""The routes of the daemon."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Body, FastAPI, Header, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, Response, StreamingResponse
from stylesketch_ext.wire.codec import WireError, loads
from stylesketch_ext.wire.messages import (
    PROTOCOL_VERSION,
    DrawingData,
    Health,
    ImageInfo,
    JobInfo,
    MatrixRequest,
    MatrixResult,
    PicturesResult,
    PullResult,
    SequenceResult,
    SketchRequest,
    SketchResult,
    StyleResult,
)

from backend import __version__
from backend.core.errors import BadRequest, Conflict, NotFound
from backend.daemon.docs_page import docs_page
from backend.daemon.examples import PROBLEMS, SKETCH_REQUESTS
from backend.daemon.guard import Guard
from backend.daemon.house import House
from backend.daemon.images import check_size
from backend.daemon.jobs import Jobs
from backend.daemon.message import Message
from backend.daemon.model_routes import add_models
from backend.daemon.picture_routes import add_pictures
from backend.daemon.problems import answer_problems
from backend.daemon.result_files import PREVIEW, RESULT, SVG
from backend.daemon.streams import event_stream, final_event
from backend.daemon.style_routes import add_styles

RESULTS = SketchResult | SequenceResult | StyleResult | PullResult | MatrixResult | PicturesResult


def create_app(house: House, lifespan: Any = None) -> FastAPI:
    """The app over a house; the same in the daemon and in tests."""
    app = FastAPI(
        title="StyleSketch",
        version=__version__,
        description="Pictures in, editable strokes out. Every route but `health` needs `Authorization: Bearer TOKEN`.",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        responses=PROBLEMS,
    )
    _add_system(app, house)
    _add_images(app, house)
    _add_jobs(app, house)
    _add_results(app, house)
    add_styles(app, house)
    add_models(app, house)
    add_pictures(app, house)
    answer_problems(app, house.log)
    app.add_middleware(Guard, token=house.token, port=house.port, activity=house.activity)
    return app


def _add_system(app: FastAPI, house: House) -> None:
    @app.get("/v1/health", response_model=Health, tags=["system"])
    def health(request: Request) -> Response:
        """Is the daemon there, and what can it do? Without the token only protocol and version are told."""
        if not request.state.authorized:
            return Message({"protocol": PROTOCOL_VERSION, "version": __version__})
        known = house.jobs.capabilities
        guidance = sorted({name for names in known.guidance.values() for name in names}) if known else []
        return Message(
            Health(
                protocol=PROTOCOL_VERSION,
                version=__version__,
                device=known.device if known else None,
                engine=known.engine if known else None,
                guidance=guidance,
                queue=house.jobs.store.active(),
                rasterizers=list(known.rasterizers) if known else [],
            )
        )

    @app.post("/v1/shutdown", status_code=202, tags=["system"])
    def shutdown() -> Response:
        """Stops the daemon; a running job goes on when it is started again."""
        house.stop()
        return Message({"stopping": True}, 202)

    @app.get("/docs", include_in_schema=False)
    def docs() -> Response:
        return HTMLResponse(docs_page(app.openapi()))


def _add_images(app: FastAPI, house: House) -> None:
    body = {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}, "required": True}

    @app.post("/v1/images", response_model=ImageInfo, tags=["images"], openapi_extra={"requestBody": body})
    async def upload(request: Request) -> Response:
        """Takes the bytes of a picture file (or of a mask, white = keep) and answers with its hash and its size."""
        length = request.headers.get("content-length", "")
        check_size(int(length) if length.isdigit() else 0)
        picture = await run_in_threadpool(house.images.receive)
        try:
            async for piece in request.stream():
                await run_in_threadpool(picture.write, piece)
            return Message(await run_in_threadpool(house.images.keep, picture))
        finally:
            await run_in_threadpool(picture.drop)


def _add_jobs(app: FastAPI, house: House) -> None:
    jobs = house.jobs

    @app.post("/v1/jobs", response_model=JobInfo, status_code=201, tags=["jobs"])
    def submit(
        request: Annotated[SketchRequest, Body(openapi_examples=SKETCH_REQUESTS)],
        idempotency_key: Annotated[str | None, Header(max_length=200)] = None,
    ) -> Response:
        """Queues a sketch. The same Idempotency-Key with the same request gives the same job (then 200)."""
        _check(house, request)
        info, new = jobs.submit(request, idempotency_key)
        return Message(info, 201 if new else 200, {"Location": f"/v1/jobs/{info.id}"})

    @app.post("/v1/matrices", response_model=JobInfo, status_code=201, tags=["jobs"])
    def submit_matrix(
        request: MatrixRequest, idempotency_key: Annotated[str | None, Header(max_length=200)] = None
    ) -> Response:
        """Queues the drawing of a scene at several fidelities; its rows can be fetched one by one while it is drawn.

        The same Idempotency-Key with the same request gives the same job (then 200).
        """
        _check(house, request.sketch)
        info, new = jobs.submit(request, idempotency_key)
        return Message(info, 201 if new else 200, {"Location": f"/v1/jobs/{info.id}"})

    @app.get("/v1/jobs", response_model=list[JobInfo], tags=["jobs"])
    def jobs_list() -> Response:
        """Every job, the newest first."""
        return Message(jobs.all())

    @app.get("/v1/jobs/{job}", response_model=JobInfo, tags=["jobs"])
    def job_info(job: str) -> Response:
        """The job as it is now."""
        return Message(jobs.info(job))

    @app.delete("/v1/jobs/{job}", status_code=204, tags=["jobs"])
    def job_remove(job: str) -> Response:
        """Forgets an ended job and deletes its result."""
        jobs.remove(job)
        return Response(status_code=204)

    @app.post("/v1/jobs/{job}/cancel", response_model=JobInfo, status_code=202, tags=["jobs"])
    def job_cancel(job: str) -> Response:
        """Stops a job within about two seconds; an ended job stays as it is."""
        return Message(jobs.cancel(job), 202)


def _add_results(app: FastAPI, house: House) -> None:
    jobs = house.jobs

    @app.get("/v1/jobs/{job}/events", tags=["results"], responses={200: {"content": {"text/event-stream": {}}}})
    def events(job: str, last_event_id: Annotated[str | None, Header()] = None) -> Response:
        """Server-sent events: `progress` (ProgressEvent), then one of `finished`, `failed` (Problem), `cancelled`.

        Goes on after Last-Event-ID; 204 where the job's last event has been seen.
        """
        last = int(last_event_id) if last_event_id and last_event_id.isdigit() else 0
        final = final_event(jobs.stored(job))
        if final and final.id <= last:
            return Response(status_code=204)
        stream = event_stream(jobs, job, last)
        return StreamingResponse(stream, media_type="text/event-stream", headers={"Cache-Control": "no-store"})

    @app.get("/v1/jobs/{job}/result", response_model=RESULTS, tags=["results"])
    def result(job: str, simplicity: Annotated[float | None, Query(ge=0, le=1)] = None, frames: bool = True) -> Response:
        """The finished sketch, or what a job of another kind brought.

        `simplicity` (of a sketch made with 0) leaves the most important strokes only: at once, without drawing anew.
        `frames=false` (of a sequence) leaves its frames out, to be fetched one by one: all at once they may be too much.
        """
        found = _finished(jobs, job, RESULT)
        if frames and simplicity is None and jobs.info(job).sequence and jobs.results.has_frames(job):
            return StreamingResponse(jobs.results.whole(job), media_type="application/json")
        if simplicity is None:
            return Response(found, media_type="application/json")
        return Message(_simplified(found, simplicity))

    @app.get("/v1/jobs/{job}/rows/{number}", response_model=SketchResult, tags=["results"])
    def row(job: str, number: int) -> Response:
        """A row of a matrix, counted from 1, as soon as the job's progress says that so many `rows` are ready."""
        jobs.info(job)
        return Response(jobs.results.row(job, number), media_type="application/json")

    @app.get("/v1/jobs/{job}/frames/{number}", response_model=DrawingData, tags=["results"])
    def frame(job: str, number: int) -> Response:
        """A frame of a finished sequence, counted from 1 to the result's `count`."""
        jobs.check_finished(job)
        return Response(jobs.results.frame(job, number), media_type="application/json")

    @app.get("/v1/jobs/{job}/result.svg", tags=["results"], responses={200: {"content": {"image/svg+xml": {}}}})
    def result_svg(job: str) -> Response:
        """The finished sketch as an SVG file."""
        return Response(_finished(jobs, job, SVG), media_type="image/svg+xml")

    @app.get("/v1/jobs/{job}/preview.png", tags=["results"], responses={200: {"content": {"image/png": {}}}})
    def preview(job: str) -> Response:
        """The finished sketch as a picture."""
        return Response(_finished(jobs, job, PREVIEW), media_type="image/png")


def _check(house: House, request: SketchRequest) -> None:
    """NotFound for a picture, mask or style that is not here."""
    if house.jobs.store.image(request.image) is None:
        raise NotFound("The picture of this request is not here. Upload it with POST /v1/images first.")
    mask = request.settings.mask
    if mask not in ("auto", "none") and house.jobs.store.image(mask) is None:
        raise NotFound("The mask of this request is not here. Upload it with POST /v1/images, or use auto or none.")
    house.styles.library.folder(request.settings.style)


def _simplified(found: bytes, simplicity: float) -> SketchResult:
    """BadRequest for what is no sketch, Conflict for one that is simplified already."""
    try:
        sketch = loads(SketchResult, found)
    except WireError:
        raise BadRequest("Only a sketch can be simplified.") from None
    if sketch.settings.simplicity:
        raise Conflict("This sketch was made with fewer strokes than it could have. Draw it with simplicity 0 first.")
    return sketch.simplified(simplicity)


def _finished(jobs: Jobs, job: str, name: str) -> bytes:
    """A file of a finished job; NotFound, Conflict."""
    jobs.check_finished(job)
    return jobs.results.read(job, name)
