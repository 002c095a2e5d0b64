"""One small server application in front of the models: bytes off the wire in, a model's answer out.

May live here: the exact path, query and body off the wire. May not: any provider's rules.
"""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.requests import Request as WireRequest
from starlette.responses import JSONResponse
from starlette.responses import Response as WireResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from stampcard_adapters.sandbox.http import MAX_BODY, Model, Request
from stampcard_adapters.sandbox.together import Together

__all__ = ["sandbox_app"]


def sandbox_app(*models: Model) -> Starlette:
    """Serve these models at their real paths, and GET /health."""
    app = Starlette(routes=[Route("/health", _health)])
    # no route of ours may redirect or unquote a path: signatures verify on what was on the wire
    app.router.redirect_slashes = False
    app.router.default = _Door(Together(*models))
    return app


async def _health(_: WireRequest) -> JSONResponse:
    return JSONResponse({"status": "ok"})


class _Door:
    def __init__(self, models: Together) -> None:
        self._models = models

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        wire = WireRequest(scope, receive)
        target = _target(scope)
        headers: dict[str, str] = {}
        for name, value in wire.headers.items():  # a header sent twice is one value, as HTTP says
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        try:
            body = await _body(wire)
        except ClientDisconnect:
            return  # a till was killed in the middle of its request: nothing arrived, nobody waits
        request = Request(method=wire.method, target=target, headers=headers, body=body)
        answer = self._models.handle(request)
        await WireResponse(answer.body, answer.status, dict(answer.headers))(scope, receive, send)


def _target(scope: Scope) -> str:
    raw_path: bytes = scope["raw_path"]
    query: bytes = scope["query_string"]
    return (raw_path + (b"?" + query if query else b"")).decode("latin-1")


async def _body(wire: WireRequest) -> bytes:
    """At most one byte more than a model reads; the rest is drained, so that the client gets to read its refusal."""
    kept = bytearray()
    async for chunk in wire.stream():
        kept += chunk[: MAX_BODY + 1 - len(kept)]
    return bytes(kept)
