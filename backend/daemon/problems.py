"""Every error of a route as an RFC 9457 problem."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Mapping

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from stylesketch_ext.wire.codec import dumps

from backend.core.errors import BadRequest, Internal, NotFound, StyleSketchError
from backend.daemon.failures import as_failure, as_problem

logger = logging.getLogger(__name__)


def problem_response(error: StyleSketchError, status: int | None = None, headers: Mapping[str, str] | None = None) -> Response:
    """The answer that tells of an error."""
    problem = as_problem(error, status)
    return Response(dumps(problem), problem.status, dict(headers or {}), "application/problem+json")


def answer_problems(app: FastAPI, log: str) -> None:
    """Makes every error of an app a problem: our own, wrong requests, unknown routes, and bugs (told in the file `log`)."""

    @app.exception_handler(StyleSketchError)
    def ours(request: Request, error: StyleSketchError) -> Response:
        return problem_response(error)

    @app.exception_handler(RequestValidationError)
    def invalid(request: Request, error: RequestValidationError) -> Response:
        return problem_response(BadRequest(validation_sentence(error)))

    @app.exception_handler(HTTPException)
    def http(request: Request, error: HTTPException) -> Response:
        return problem_response(_http_error(request, error), error.status_code, error.headers)

    @app.exception_handler(ClientDisconnect)
    def gone(request: Request, error: ClientDisconnect) -> Response:
        return problem_response(BadRequest("The caller went away before everything was sent."))

    @app.exception_handler(MemoryError)
    @app.exception_handler(OSError)
    @app.exception_handler(sqlite3.Error)
    @app.exception_handler(Exception)
    def bug(request: Request, error: Exception) -> Response:
        failure = as_failure(error, log)
        if isinstance(failure, Internal):
            logger.error("%s %s", request.method, request.url.path, exc_info=error)
        return problem_response(failure)


def validation_sentence(error: RequestValidationError) -> str:
    """The first thing that is wrong with a request."""
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"] if part != "body") or "the body"
    return f"The request is not understood: {place}: {first['msg'].removeprefix('Value error, ')}. See /docs for its form."


def _http_error(request: Request, error: HTTPException) -> StyleSketchError:
    if error.status_code == 404:
        return NotFound(f"There is nothing at {request.url.path[:200]}. See /docs for what there is.")
    if error.status_code == 405:
        return BadRequest(f"{request.method} cannot be used at {request.url.path[:200]}. See /docs for what can.")
    return BadRequest(f"{error.detail}. See /docs for the form of requests.")
