"""Who may talk to the daemon: callers of this machine with the token, and no web page."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from starlette.datastructures import Headers

from backend.core.errors import Refused
from backend.daemon.problems import problem_response

Scope = MutableMapping[str, Any]
OPEN_PATHS = ("/v1/health", "/docs", "/openapi.json")  # they tell nothing of the user


class Guard:
    """ASGI middleware around the routes.

    The Host header must name this address (against DNS rebinding), an Origin header must be our own (against web pages),
    and everything but OPEN_PATHS needs `Authorization: Bearer <token>`. `activity` is called for every caller let in.
    """

    def __init__(
        self, app: Callable[..., Awaitable[None]], token: str, port: int, activity: Callable[[], None] = lambda: None
    ) -> None:
        self._app, self._token, self._activity = app, token, activity
        self._hosts = {f"{name}:{port}" for name in ("127.0.0.1", "localhost")}

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        authorized = self.has_token(headers)
        refusal = self._refusal(headers, scope["path"], authorized)
        if refusal:
            await problem_response(Refused(refusal), headers={"WWW-Authenticate": "Bearer"})(scope, receive, send)
            return
        scope.setdefault("state", {})["authorized"] = authorized
        if authorized:
            self._activity()
        await self._app(scope, receive, send)
        if authorized:
            self._activity()

    def has_token(self, headers: Headers) -> bool:
        """Whether a request carries the token."""
        scheme, _, token = headers.get("authorization", "").partition(" ")
        return scheme.lower() == "bearer" and hmac.compare_digest(token.strip().encode(), self._token.encode())

    def _refusal(self, headers: Headers, path: str, authorized: bool) -> str:
        if headers.get("host", "").lower() not in self._hosts:
            return "StyleSketch answers only to the address in its endpoint file. Use that one."
        origin = headers.get("origin")
        if origin is not None and origin.lower().removeprefix("http://") not in self._hosts:
            return "StyleSketch does not answer to web pages. Use the extension or the command line."
        if not authorized and path not in OPEN_PATHS:
            return "This needs the token of the running daemon. `stylesketch status --token` prints it."
        return ""
