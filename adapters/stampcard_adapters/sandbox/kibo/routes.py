"""Which call a path and method are (sheet, sections 2, 4 and 5).

May live here: paths, methods, ids in paths. May not: what a call does.
"""

from __future__ import annotations

import re
from typing import Final, Literal, TypeAlias
from urllib.parse import unquote

import attrs

from stampcard_adapters.sandbox.http import RequestLike

from .errors import bad_request, not_allowed, not_found

__all__ = ["Call", "Route", "routed"]

Call: TypeAlias = Literal[
    "token",
    "authorize",
    "create",
    "search",
    "order",
    "cancel",
    "assign",
    "cancel item",
    "shipments",
    "fulfil",
    "open return",
    "return",
    "process return",
]

PATHS: Final[dict[tuple[str, ...], tuple[str, Call]]] = {
    ("oauthserver", "oauth2", "token"): ("POST", "token"),
    ("api", "v2", "createOrder", "authorize"): ("POST", "authorize"),
    ("api", "v2", "createOrder"): ("POST", "create"),
    ("api", "v2", "order"): ("GET", "search"),
    ("api", "v2", "order", "action", "cancel"): ("POST", "cancel"),
    ("api", "v2", "order", "action", "assign"): ("POST", "assign"),
    ("api", "v2", "orderItem", "action", "cancel"): ("POST", "cancel item"),
    ("api", "v2", "shipment"): ("GET", "shipments"),
    ("api", "v2", "shipment", "action", "fulfill"): ("POST", "fulfil"),
    ("api", "v2", "return"): ("POST", "open return"),
    ("api", "v2", "return", "action", "process"): ("POST", "process return"),
}
BY_ID: Final[dict[tuple[str, ...], tuple[str, Call]]] = {
    ("api", "v2", "order"): ("GET", "order"),
    ("api", "v2", "return"): ("GET", "return"),
}
ID: Final = re.compile("[1-9][0-9]{0,14}", re.ASCII)


@attrs.frozen(kw_only=True)
class Route:
    """A call, with the id of its path (0: it has none) and its query as sent."""

    call: Call
    id: int = 0
    query: str = ""


def routed(request: RequestLike) -> Route:
    """The call, or 404, 405, or 5013 for an id that is none. A trailing slash is optional (trap 10)."""
    path, _, query = request.target.partition("?")
    if not path.startswith("/"):
        raise not_found("The path")
    segments = [unquote(segment) for segment in path.split("/")[1:]]
    if segments and not segments[-1]:
        segments.pop()
    # both orders are in the pages: /order/action/cancel and /action/order/cancel (trap 10)
    if len(segments) == 5 and segments[2] == "action":
        segments[2], segments[3] = segments[3], segments[2]
    found, number = PATHS.get(tuple(segments)), "1"
    if found is None and segments:
        found, number = BY_ID.get(tuple(segments[:-1])), segments[-1]
    if found is None:
        raise not_found("The path")
    method, call = found
    if request.method.upper() != method:
        raise not_allowed(method)
    if not ID.fullmatch(number):
        raise bad_request("The id in the path is not one.", code=5013)
    by_id = call in ("order", "return")
    return Route(call=call, id=int(number) if by_id else 0, query=query)
