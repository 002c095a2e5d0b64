"""What travelled: every call as the provider received it, and its answer, for the demo to show.

May live here: recording at the provider's door, the redaction of what is shown, JSON laid out for a reader. May not: a
made-up request. The bytes shown are those that arrived over the socket.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from typing import Final, cast

import attrs

from stampcard_adapters.sandbox.http import Model, RequestLike, Response
from stampcard_adapters.sandbox.jsontext import Json

__all__ = ["Exchange", "Overheard", "changed", "laid_out", "proof", "shown_headers"]

_Tree = dict[str, object]
_HIDDEN: Final = "***"
_SHOWN: Final = frozenset({"content-type", "content-length", "user-agent"})
"""Headers whose values are shown. Any other may be a credential, whoever invents it."""
_QUIET: Final = frozenset({"host", "accept-encoding", "accept", "connection", "content-length", "user-agent"})
"""Headers that say nothing about the provider's protocol."""


@attrs.frozen(kw_only=True)
class Exchange:
    """One call and its answer, as bytes."""

    method: str
    target: str
    headers: Mapping[str, str] = attrs.field(repr=False)
    body: bytes = attrs.field(repr=False)
    status: int
    answer: bytes = attrs.field(repr=False)


class Overheard:
    """A model that remembers what it was asked, and otherwise is the model.

    What it remembers is fit to be shown. secrets: texts that become "***" wherever they stand (a key in the path).
    hidden: names of JSON members whose values do, "codes.code" for one below another; letters' case does not matter.
    """

    def __init__(self, model: Model, *, secrets: Sequence[str] = (), hidden: Sequence[str] = ()) -> None:
        self._model = model
        self._secrets = tuple(secrets)
        self._hidden = frozenset(name.lower() for name in hidden)
        self._lock = threading.Lock()
        self._heard: list[Exchange] = []
        self.count = 0

    @property
    def prefixes(self) -> tuple[str, ...]:
        return self._model.prefixes

    def handle(self, request: RequestLike, /) -> Response:
        response = self._model.handle(request)
        exchange = Exchange(
            method=request.method,
            target=self._safe(request.target.encode()).decode(),
            headers=dict(request.headers),
            body=self._safe(request.body),
            status=response.status,
            answer=self._safe(response.body),
        )
        with self._lock:
            self._heard.append(exchange)
            self.count += 1
        return response

    def _safe(self, text: bytes) -> bytes:
        """Without what nobody may read. What is no JSON and may hold a hidden member is not shown at all."""
        for secret in self._secrets:
            text = text.replace(secret.encode(), _HIDDEN.encode())
        if not self._hidden or not any(name.rpartition(".")[2].encode() in text.lower() for name in self._hidden):
            return text
        try:
            return _compact(_without(_parsed(text), "", self._hidden)).encode()
        except ValueError:
            return _HIDDEN.encode()

    def tenants(self) -> dict[str, Json]:
        return self._model.tenants()

    def unbalanced(self) -> tuple[str, ...]:
        return self._model.unbalanced()

    def taken(self) -> list[Exchange]:
        """What came since this was last asked."""
        with self._lock:
            heard, self._heard = self._heard, []
        return heard


def _without(node: object, above: str, hidden: frozenset[str]) -> object:
    """The tree with "***" for every hidden member; what lies in a list lies below the list's own name."""
    if isinstance(node, list):
        return [_without(one, above, hidden) for one in cast("list[object]", node)]
    if not isinstance(node, dict):
        return node
    kept: _Tree = {}
    for key, value in cast(_Tree, node).items():
        name = key.lower()
        secret = value is not None and (name in hidden or f"{above}.{name}" in hidden)
        kept[key] = _HIDDEN if secret else _without(value, name, hidden)
    return kept


def proof(exchange: Exchange) -> str:
    """How the call shows whose it is, by what it carries."""
    names = {name.lower(): value for name, value in exchange.headers.items()}
    if any(name.endswith("-signature") for name in names):
        return "signed"
    scheme = names.get("authorization", "").partition(" ")[0].lower()
    if scheme == "bearer":
        return "with a token"
    return "with a key" if scheme or any(name.endswith("-key") for name in names) else "with credentials"


def shown_headers(exchange: Exchange) -> list[tuple[str, str]]:
    """Names and values to show; a value not known to be harmless is "***"."""
    return [
        (name.title(), value if name.lower() in _SHOWN else "***")
        for name, value in exchange.headers.items()
        if name.lower() not in _QUIET
    ]


class _Figure(str):
    """A JSON number as it was written: 5.10 stays 5.10."""

    __slots__ = ()


def _parsed(body: bytes) -> object:
    return json.loads(body, parse_float=_Figure, parse_int=_Figure)


def _members(value: object) -> list[tuple[str, object]] | None:
    """A container's members, each with what stands before it; None for anything else."""
    if isinstance(value, dict):
        return [(f"{json.dumps(key)}: ", one) for key, one in cast(_Tree, value).items()]
    if isinstance(value, list):
        return [("", one) for one in cast("list[object]", value)]
    return None


def changed(body: bytes, before: bytes) -> tuple[bytes, int]:
    """The fields of an object that differ from those of another one, and how many are the same."""
    now, then = _parsed(body), _parsed(before)
    if not (isinstance(now, dict) and isinstance(then, dict)):
        return body, 0
    fields, known = cast(_Tree, now), cast(_Tree, then)
    fresh: _Tree = {key: value for key, value in fields.items() if key not in known or known[key] != value}
    return _compact(fresh).encode(), len(fields) - len(fresh)


def laid_out(body: bytes, width: int) -> list[str]:
    """JSON in few lines of at most `width` (a long string may stand over): members stay whole where they can."""
    return _lines(_parsed(body), width)


def _compact(value: object) -> str:
    members = _members(value)
    if members is None:
        return str(value) if isinstance(value, _Figure) else json.dumps(value, ensure_ascii=False)
    inside = ", ".join(head + _compact(one) for head, one in members)
    return f"[{inside}]" if isinstance(value, list) else f"{{{inside}}}"


def _lines(value: object, width: int, before: int = 0, after: int = 0) -> list[str]:
    """before: columns taken on the first line; after: wanted behind the last. Later lines are indented by one."""
    flat, members = _compact(value), _members(value)
    if before + len(flat) + after <= width or not members:
        return [flat]
    lines = [flat[0]]
    for place, (head, one) in enumerate(members):
        last = place == len(members) - 1
        behind = flat[-1] if last else ","
        room = 1 + (after if last else 0)
        whole, fresh = head + _compact(one), lines == [flat[0]]
        taken = len(lines[-1]) + (before if len(lines) == 1 else 0) + (not fresh)
        if taken + len(whole) + room <= width:
            lines[-1] += ("" if fresh else " ") + whole + behind
            continue
        first, *rest = _lines(one, width - 1, len(head) + (before if fresh else 0), room)
        if fresh:
            lines[-1] += head + first
        else:
            lines.append(f" {head}{first}")
        lines += [f" {line}" for line in rest]
        lines[-1] += behind
    return lines
