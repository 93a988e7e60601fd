"""The routes of the networks' weights."""

from __future__ import annotations

from typing import Annotated

from fastapi import FastAPI, Header
from starlette.responses import Response
from stylesketch_ext.wire.messages import JobInfo, ModelInfo, PullRequest

from backend.daemon.house import House
from backend.daemon.message import Message


def add_models(app: FastAPI, house: House) -> None:
    """Adds the routes."""
    models = house.models

    @app.get("/v1/models", response_model=list[ModelInfo], tags=["models"])
    def models_list() -> Response:
        """All weights: what they are for, whether they are here, and what brings them."""
        return Message(models.all())

    @app.post("/v1/models/{name}/pull", response_model=JobInfo, status_code=201, tags=["models"])
    def model_pull(name: str, idempotency_key: Annotated[str | None, Header(max_length=200)] = None) -> Response:
        """Queues a download; sketches do not wait for it. The same Idempotency-Key gives the same job (then 200)."""
        request = PullRequest(models.info(name).name)
        info, new = house.jobs.submit(request, idempotency_key)
        return Message(info, 201 if new else 200, {"Location": f"/v1/jobs/{info.id}"})

    @app.delete("/v1/models/{name}", status_code=204, tags=["models"])
    def model_remove(name: str) -> Response:
        """Deletes weights, and what is left of an interrupted download."""
        models.remove(name)
        return Response(status_code=204)
