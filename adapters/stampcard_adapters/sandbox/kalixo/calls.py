"""A call as both versions' desks see it: routed, with its query and its body read when they ask.

May live here: path, query and body of a call. May not: credentials, and any answer but a refusal.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qs, unquote

import attrs

from stampcard_adapters.sandbox.http import MAX_BODY, RequestLike
from stampcard_adapters.sandbox.jsontext import Json, NotJsonError, parse

from .catalog import Query
from .errors import RefusedError, bad_request, no_route

__all__ = ["Call"]

MAX_TARGET: Final = 8192


@attrs.frozen(kw_only=True)
class Call:
    """One call. `segments` is the path below its version, unquoted."""

    method: str
    path: str
    segments: tuple[str, ...]
    query: Query = attrs.field(repr=False)
    body: bytes = attrs.field(repr=False)

    @classmethod
    def of(cls, request: RequestLike) -> Call:
        """Read the target; refuse what is larger than anything documented."""
        if len(request.target) > MAX_TARGET or len(request.body) > MAX_BODY:
            raise bad_request("request entity too large")
        path, _, query = request.target.partition("?")
        return cls(
            method=request.method.upper(),
            path=path,
            segments=tuple(unquote(segment) for segment in path.split("/")[2:]),
            query=parse_qs(query),
            body=request.body,
        )

    def first(self, name: str) -> str | None:
        """A query parameter, or None when it is missing or empty."""
        return next(iter(self.query.get(name, ())), None)

    def json(self) -> Json:
        """The body, or 400."""
        try:
            return parse(self.body)
        except NotJsonError as error:
            raise bad_request(str(error)) from None

    def lost(self) -> RefusedError:
        """There is nothing at this path for this method."""
        return no_route(self.method, self.path)
