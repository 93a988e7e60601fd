"""The routes of what is drawn of several pictures, or makes pictures: sequences, textures, restyled photographs, prompts."""

from __future__ import annotations

from typing import Annotated

from fastapi import Body, FastAPI, Header
from starlette.responses import Response
from stylesketch_ext.wire.messages import (
    MIN_EXEMPLAR,
    MIN_RESTYLED,
    ImageInfo,
    JobInfo,
    PromptRequest,
    RefineRequest,
    RestyleRequest,
    SequenceRequest,
    TextureRequest,
)

from backend.core.errors import BadRequest, NotFound
from backend.core.notes import wording
from backend.daemon.examples import PROMPT_REQUESTS, REFINE_REQUESTS, RESTYLE_REQUESTS, SEQUENCE_REQUESTS, TEXTURE_REQUESTS
from backend.daemon.house import House
from backend.daemon.message import Message


def add_pictures(app: FastAPI, house: House) -> None:
    """Adds the routes."""

    @app.post("/v1/textures", response_model=JobInfo, status_code=201, tags=["pictures"])
    def texture(
        request: Annotated[TextureRequest, Body(openapi_examples=TEXTURE_REQUESTS)],
        idempotency_key: Annotated[str | None, Header(max_length=200)] = None,
    ) -> Response:
        """Queues textures of an exemplar. The same Idempotency-Key with the same request gives the same job (then 200)."""
        _check(house, request)
        return _submitted(house, request, idempotency_key)

    @app.post("/v1/restylings", response_model=JobInfo, status_code=201, tags=["pictures"])
    def restyling(
        request: Annotated[RestyleRequest, Body(openapi_examples=RESTYLE_REQUESTS)],
        idempotency_key: Annotated[str | None, Header(max_length=200)] = None,
    ) -> Response:
        """Queues the restyling of a picture; with `sketch`, a sketch of the restyled picture, which is its picture 1 then.

        The same Idempotency-Key with the same request gives the same job (then 200)."""
        _check(house, request)
        return _submitted(house, request, idempotency_key)

    @app.post("/v1/sequences", response_model=JobInfo, status_code=201, tags=["jobs"])
    def sequence(
        request: Annotated[SequenceRequest, Body(openapi_examples=SEQUENCE_REQUESTS)],
        idempotency_key: Annotated[str | None, Header(max_length=200)] = None,
    ) -> Response:
        """Queues one moving drawing of uploaded frames. A stopped one, asked for again, goes on where it was.

        The same Idempotency-Key with the same request gives the same job (then 200).
        """
        mask = request.settings.mask
        _check_here(house, [*request.images, *([] if mask in ("auto", "none") else [mask])])
        house.styles.library.folder(request.settings.style)
        return _submitted(house, request, idempotency_key)

    @app.post("/v1/refinements", response_model=JobInfo, status_code=201, tags=["jobs"])
    def refine(
        request: Annotated[RefineRequest, Body(openapi_examples=REFINE_REQUESTS)],
        idempotency_key: Annotated[str | None, Header(max_length=200)] = None,
    ) -> Response:
        """Queues a change of a sketch. Its result is a sketch of the new strokes only; `removed` are the ids of those that go.

        The same Idempotency-Key with the same request gives the same job (then 200).
        """
        mask = request.settings.mask
        _check_here(house, [*([request.image] if request.image else []), *([] if mask in ("auto", "none") else [mask])])
        house.styles.library.folder(request.settings.style)
        return _submitted(house, request, idempotency_key)

    @app.post("/v1/prompts", response_model=JobInfo, status_code=201, tags=["pictures"])
    def prompt(
        request: Annotated[PromptRequest, Body(openapi_examples=PROMPT_REQUESTS)],
        idempotency_key: Annotated[str | None, Header(max_length=200)] = None,
    ) -> Response:
        """Queues the sketch of a text: its result is a sketch, its picture 1 what that was drawn after.

        The same Idempotency-Key with the same request gives the same job (then 200).
        """
        house.styles.library.folder(request.settings.style)
        return _submitted(house, request, idempotency_key)

    @app.get("/v1/jobs/{job}/pictures/{number}", tags=["pictures"], responses={200: {"content": {"image/png": {}}}})
    def picture(job: str, number: int) -> Response:
        """A picture of a finished job as PNG, counted from 1 in the order of its result."""
        house.jobs.check_finished(job)
        return Response(house.jobs.results.picture(job, number), media_type="image/png")


def _submitted(
    house: House, request: SequenceRequest | TextureRequest | RestyleRequest | PromptRequest | RefineRequest, key: str | None
) -> Response:
    info, new = house.jobs.submit(request, key)
    return Message(info, 201 if new else 200, {"Location": f"/v1/jobs/{info.id}"})


def _check(house: House, request: TextureRequest | RestyleRequest) -> None:
    """NotFound for a picture or style that is not here, BadRequest for a picture that is too small."""
    packs = [request.style] if request.style else []
    least = MIN_EXEMPLAR
    if isinstance(request, RestyleRequest):
        least = MIN_RESTYLED
        _check_side(wording("picture"), _here(house, request.image), least)
        if request.sketch is not None:
            _check_here(house, [] if request.sketch.mask in ("auto", "none") else [request.sketch.mask])
            packs.append(request.sketch.style)
    if request.exemplar:
        exemplar = _here(house, request.exemplar)
        _check_side(wording("style image"), exemplar, least)
        if isinstance(request, TextureRequest):
            _check_region(request, exemplar)
    for pack in packs:
        house.styles.library.folder(pack)


def _check_side(name: str, picture: ImageInfo, least: int) -> None:
    if min(picture.width, picture.height) < least:
        raise BadRequest(
            "The {name} has {width} × {height} px; choose one of at least {least} px a side.",
            name=name,
            width=picture.width,
            height=picture.height,
            least=least,
        )


def _check_region(request: TextureRequest, exemplar: ImageInfo) -> None:
    if request.region is None:
        return
    x, y, width, height = request.region
    if x + width > exemplar.width or y + height > exemplar.height:
        raise BadRequest(
            "The region {x},{y},{width},{height} is not inside the style image, which has {whole_width} × {whole_height} px.",
            x=x,
            y=y,
            width=width,
            height=height,
            whole_width=exemplar.width,
            whole_height=exemplar.height,
        )


def _here(house: House, picture: str) -> ImageInfo:
    """A picture that was uploaded; NotFound."""
    found = house.jobs.store.image(picture)
    if found is None:
        raise NotFound("A picture of this request is not here. Upload it with POST /v1/images first.")
    return found


def _check_here(house: House, pictures: list[str]) -> None:
    """NotFound for a picture that is not here."""
    for picture in pictures:
        _here(house, picture)
