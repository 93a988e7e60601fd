"""The routes of what makes pictures: textures, restyled photographs, and what texts tell."""

from __future__ import annotations

from typing import Annotated

from fastapi import Body, FastAPI, Header
from starlette.responses import Response
from stylesketch_ext.wire.messages import JobInfo, PromptRequest, RestyleRequest, TextureRequest

from backend.core.errors import NotFound
from backend.daemon.examples import PROMPT_REQUESTS, RESTYLE_REQUESTS, TEXTURE_REQUESTS
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
        """Queues the restyling of a picture. The same Idempotency-Key with the same request gives the same job (then 200)."""
        _check(house, request)
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


def _submitted(house: House, request: TextureRequest | RestyleRequest | PromptRequest, key: str | None) -> Response:
    info, new = house.jobs.submit(request, key)
    return Message(info, 201 if new else 200, {"Location": f"/v1/jobs/{info.id}"})


def _check(house: House, request: TextureRequest | RestyleRequest) -> None:
    """NotFound for a picture or style that is not here."""
    pictures = [request.exemplar] if request.exemplar else []
    pictures += [request.image] if isinstance(request, RestyleRequest) else []
    if any(house.jobs.store.image(picture) is None for picture in pictures):
        raise NotFound("A picture of this request is not here. Upload it with POST /v1/images first.")
    if request.style:
        house.styles.library.folder(request.style)
