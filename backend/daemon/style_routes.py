"""The routes of the style packs."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Body, FastAPI, Header, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from stylesketch_ext.wire.codec import WireError, loads
from stylesketch_ext.wire.messages import FeaturesRequest, JobInfo, StyleChange, StyleInfo, StyleRequest

from backend.core.errors import BadPack, BadRequest, NotFound
from backend.daemon.examples import STYLE_CHANGES, STYLE_REQUESTS
from backend.daemon.house import House
from backend.daemon.message import Message
from backend.style_archive import MOST_ARCHIVE

POSTED: dict[str, Any] = {
    "required": True,
    "content": {
        "application/json": {"schema": {"$ref": "#/components/schemas/StyleRequest"}, "examples": STYLE_REQUESTS},
        "application/zip": {"schema": {"type": "string", "format": "binary"}},
    },
}
"""What POST styles takes."""


def add_styles(app: FastAPI, house: House) -> None:
    """Adds the routes."""
    _add_lists(app, house)
    _add_arrivals(app, house)
    _add_changes(app, house)


def _add_lists(app: FastAPI, house: House) -> None:
    styles = house.styles

    @app.get("/v1/styles", response_model=list[StyleInfo], tags=["styles"])
    def styles_list() -> Response:
        """Every style pack, the user's own first. One that cannot be drawn with says why in `problem`."""
        return Message(styles.all())

    @app.get("/v1/styles/{name}", response_model=StyleInfo, tags=["styles"])
    def style(name: str) -> Response:
        """One style pack."""
        return Message(styles.info(name))

    @app.get("/v1/styles/{name}/preview.png", tags=["styles"], responses={200: {"content": {"image/png": {}}}})
    def style_preview(name: str) -> Response:
        """What it looks like."""
        return Response(styles.preview(name), media_type="image/png")

    @app.get("/v1/styles/{name}/export", tags=["styles"], responses={200: {"content": {"application/zip": {}}}})
    def style_export(name: str) -> Response:
        """It as a .stylepack; the same pack always gives the same bytes."""
        return Response(styles.export(name), media_type="application/zip")


def _add_arrivals(app: FastAPI, house: House) -> None:
    @app.post(
        "/v1/styles",
        response_model=StyleInfo | JobInfo,
        status_code=201,
        tags=["styles"],
        openapi_extra={"requestBody": POSTED},
    )
    async def style_add(
        request: Request,
        name: str = "",
        replace: bool = False,
        idempotency_key: Annotated[str | None, Header(max_length=200)] = None,
    ) -> Response:
        """Installs the bytes of a .stylepack, or makes a pack from uploaded pictures.

        Bytes are answered with the StyleInfo; `name` calls the pack otherwise, `replace=1` replaces an own pack of that name
        (without it: `exists`). A StyleRequest in JSON is answered with the JobInfo of a job that measures the pictures.
        """
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        body = await _received(request)
        if kind == "application/json":
            return await run_in_threadpool(_extract, house, body, idempotency_key)
        info = await run_in_threadpool(house.styles.take, body, name, replace)
        return Message(info, 201, {"Location": f"/v1/styles/{info.name}"})


def _add_changes(app: FastAPI, house: House) -> None:
    styles = house.styles

    @app.patch("/v1/styles/{name}", response_model=StyleInfo, tags=["styles"])
    def style_change(name: str, change: Annotated[StyleChange, Body(openapi_examples=STYLE_CHANGES)]) -> Response:
        """Gives an own pack another name (`exists` where it is taken) or title."""
        return Message(styles.change(name, change))

    @app.post("/v1/styles/{name}/features", response_model=JobInfo, status_code=201, tags=["styles"])
    def style_features(name: str, idempotency_key: Annotated[str | None, Header(max_length=200)] = None) -> Response:
        """Queues a look of the networks that are here at an own pack's exemplars; its result is a StyleResult.

        The same Idempotency-Key gives the same job (then 200).
        """
        styles.library.own_folder(name)
        info, new = house.jobs.submit(FeaturesRequest(name), idempotency_key)
        return Message(info, 201 if new else 200, {"Location": f"/v1/jobs/{info.id}"})

    @app.delete("/v1/styles/{name}", status_code=204, tags=["styles"])
    def style_remove(name: str) -> Response:
        """Deletes an own pack; those that come with the program stay."""
        styles.remove(name)
        return Response(status_code=204)


def _extract(house: House, body: bytes, key: str | None) -> Response:
    try:
        request = loads(StyleRequest, body)
    except WireError as error:
        raise BadRequest("The request is not understood: {error}. See /docs for its form.", error=error) from None
    if any(house.jobs.store.image(image) is None for image in request.images):
        raise NotFound("A picture of this request is not here. Upload it with POST /v1/images first.")
    if not (key and house.jobs.store.by_key(key)):
        house.styles.library.check_free(request.name, request.replace)
    info, new = house.jobs.submit(request, key)
    return Message(info, 201 if new else 200, {"Location": f"/v1/jobs/{info.id}"})


async def _received(request: Request) -> bytes:
    length = request.headers.get("content-length", "")
    _check_size(int(length) if length.isdigit() else 0)
    body = bytearray()
    async for piece in request.stream():
        body += piece
        _check_size(len(body))
    return bytes(body)


def _check_size(count: int) -> None:
    if count > MOST_ARCHIVE:
        raise BadPack("The style pack is larger than {most} MB. Choose another file.", most=MOST_ARCHIVE >> 20)
