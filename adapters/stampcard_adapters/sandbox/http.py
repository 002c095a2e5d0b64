"""The two messages a sandbox speaks in, and what a sandbox is.

May live here: shapes of request, response and model. May not: a provider's name, a socket, a clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Protocol

import attrs

from .jsontext import Json

__all__ = ["MAX_BODY", "Model", "Request", "RequestLike", "Response", "header"]

MAX_BODY: Final = 1024 * 1024
"""Bytes of a request body a sandbox reads; more is refused."""


class RequestLike(Protocol):
    """Any object with these four: a sandbox asks for no class of its own."""

    @property
    def method(self) -> str: ...
    @property
    def target(self) -> str:
        """Path and query, exactly as on the wire."""
        ...

    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def body(self) -> bytes: ...


@attrs.frozen(kw_only=True)
class Request:
    """One call as it came off the wire."""

    method: str
    target: str
    headers: Mapping[str, str] = attrs.field(factory=dict[str, str], repr=False)
    body: bytes = attrs.field(default=b"", repr=lambda body: f"<{len(body)} bytes>")


@attrs.frozen(kw_only=True)
class Response:
    """One whole answer."""

    status: int
    headers: Mapping[str, str] = attrs.field(factory=dict[str, str])
    body: bytes = b""


class Model(Protocol):
    """A provider in memory: pure, so a server, an in-process transport and a simulator can all drive it."""

    @property
    def prefixes(self) -> tuple[str, ...]:
        """The paths that belong to this provider."""
        ...

    def handle(self, request: RequestLike, /) -> Response:
        """Answer one call. Total: any bytes at all get an answer of the provider's own shape."""
        ...

    def tenants(self) -> dict[str, Json]:
        """What a client needs to call: keys, ids, members. A file of this shape serves the same world."""
        ...

    def unbalanced(self) -> tuple[str, ...]:
        """A sentence for every ledger whose books do not balance."""
        ...


def header(request: RequestLike, name: str) -> str | None:
    """A header's value, whatever the case of its name."""
    wanted = name.lower()
    return next((value for key, value in request.headers.items() if key.lower() == wanted), None)
