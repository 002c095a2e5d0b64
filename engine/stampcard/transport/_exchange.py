"""What both senders share: the request they build, the whole reply they read, the proof they give.

May live here: anything about one order's exchange that needs no waiting. May not: a socket, a thread, an event loop.
"""

from __future__ import annotations

import functools
import re
import zlib
from importlib.metadata import version
from typing import Final

import httpx

from stampcard import wire
from stampcard.transport._attempt import Attempt
from stampcard.transport.contract import Call, CredentialsRefusedError, Failed, Reply, Sent

__all__ = ["CLOSED", "Body", "Exchange", "RefusedError", "check_base_url", "for_hook"]

CLOSED: Final = Failed(why="the sender is closed", sent=False)
_PROOF: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_OURS: Final = frozenset({"content-length", "transfer-encoding", "expect", "upgrade"})
_MAX_HEADERS: Final = 100 * 1024
_SPLITS: Final = re.compile(rb"[\r\n\0]")


class RefusedError(Exception):
    """The request was never put on its way. The text says why, without a byte of its content."""


@functools.lru_cache(maxsize=64)
def check_base_url(base_url: str) -> str:
    """The URL itself when it is scheme://host[:port]; else ValueError. A path would silently move every signature."""
    try:
        url = httpx.URL(base_url)
    except httpx.InvalidURL as error:
        raise ValueError("base_url is not a URL") from error
    plain = url.scheme in ("http", "https") and url.host and not url.userinfo
    if not plain or base_url.count("/") != 2 or url.query or "#" in base_url or "?" in base_url:
        raise ValueError("base_url is scheme://host[:port], http or https, with no path, query or user")
    return base_url


@functools.cache
def _user_agent() -> str:
    return f"stampcard/{version('stampcard')}"


@functools.lru_cache(maxsize=256)
def _url(text: str) -> httpx.URL:
    """Parsed once: a till calls few addresses, over and over."""
    return httpx.URL(text)


def _build(request: wire.Request, base_url: str) -> httpx.Request:
    """The request as it goes on the wire. Raises RefusedError when HTTP cannot carry it as it stands."""
    if len(request.body) > wire.MAX_BODY:
        raise RefusedError("the body is larger than 1 MiB")
    names = {name.lower() for name in request.headers}
    if names & _OURS:
        raise RefusedError("a header of the message's framing belongs to the sender")
    headers = list(request.headers.items())
    if "user-agent" not in names:
        headers.append(("User-Agent", _user_agent()))
    if "accept-encoding" not in names:
        headers.append(("Accept-Encoding", "identity"))
    try:
        built = httpx.Request(request.method, _url(base_url + request.target), headers=headers, content=request.body)
        exact = built.url.raw_path == request.target.encode("ascii")
    except (ValueError, TypeError, httpx.InvalidURL) as error:
        raise RefusedError("a header or the target cannot be written") from error
    if not exact:
        raise RefusedError("the target would be rewritten on its way")  # and a signature over it would not hold
    return built


class Body:
    """A reply's body while it arrives: bounded in time and in size, also once decompressed."""

    def __init__(self, call: Call, response: httpx.Response) -> None:
        self._call = call
        self._status = response.status_code
        self._parts: list[bytes] = []
        self._size = 0
        self._headers: dict[str, str] = {}
        if sum(len(name) + len(value) for name, value in response.headers.raw) > _MAX_HEADERS:
            raise httpx.DecodingError("the headers are too large")
        for raw_name, raw_value in response.headers.raw:
            name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
            earlier = self._headers.get(name)
            self._headers[name] = value if earlier is None else f"{earlier}, {value}"

    def add(self, chunk: bytes) -> None:
        """Take a chunk. Raises when the deadline has passed or the body is too large."""
        self._size += len(chunk)
        if self._size > wire.MAX_BODY:
            raise httpx.DecodingError("the body is too large")
        if self._call.remaining() <= 0:
            raise httpx.ReadTimeout("the deadline has passed")
        self._parts.append(chunk)

    def whole(self) -> wire.Response:
        """The reply, its body decompressed. Raises when that fails or exceeds the same size."""
        body = b"".join(self._parts)
        # Asked for plainly, yet some front ends compress whatever they carry. Other codings stay raw: no JSON.
        if body and self._headers.get("content-encoding", "").strip().lower() in ("gzip", "x-gzip", "deflate"):
            body = _inflated(body)
            self._headers = {k: v for k, v in self._headers.items() if k not in ("content-encoding", "content-length")}
        return wire.Response(status=self._status, headers=self._headers, body=body)


def _inflated(body: bytes) -> bytes:
    inflater = zlib.decompressobj(wbits=47)  # a zlib or a gzip header, whichever is there
    try:
        plain = inflater.decompress(body, wire.MAX_BODY + 1)
    except zlib.error as error:
        raise httpx.DecodingError("the body does not decompress") from error
    if len(plain) > wire.MAX_BODY or not inflater.eof:
        raise httpx.DecodingError("the body is too large or cut")
    return plain


class Exchange:
    """One order's exchange, from its request to the proof.

    The auth hook may send more than the order (a token request) and may send the order more than once (a renewal).
    An attempt that failed ends the flow, so every earlier one had its whole reply. A reply is no proof that nothing
    happened: where the order was answered and did not leave again, that answer is the result, for the adapter to judge.
    What a hook yields is the order when it is the request it was given, or one with its URL or its body.
    """

    def __init__(self, request: wire.Request, base_url: str, call: Call) -> None:
        self._call = call
        self.order = _build(request, base_url)
        self._last: Attempt | None = None
        self._now: Attempt | None = None
        self._answer: wire.Response | None = None

    @classmethod
    def begin(cls, request: wire.Request, base_url: str, call: Call) -> Exchange | Failed:
        """Ready to send, or the proof that it cannot be. Raises ValueError for a base URL that is none."""
        check_base_url(base_url)
        try:
            return cls(request, base_url, call)
        except RefusedError as error:
            return Failed(why=str(error), sent=False)

    def _is_order(self, request: httpx.Request) -> bool:
        order = self.order
        if request is order:
            return True
        same_body = bool(order.content) and _content(request) == order.content
        return request.method == order.method and (request.url == order.url or same_body)

    def attempt(self, request: httpx.Request) -> Attempt:
        """A request of the flow sets out. Raises when it may not: too late, or a hook's header would split it."""
        attempt = self._now = Attempt(self._call, encrypted=request.url.scheme == "https")
        if self._is_order(request):
            self._last = attempt
        left = attempt.remaining()
        try:
            if left <= 0:
                raise httpx.ConnectTimeout("the deadline has passed")
            if any(_SPLITS.search(name) or _SPLITS.search(value) for name, value in request.headers.raw):
                raise RefusedError("a header of the auth hook cannot be written")
        except (httpx.ConnectTimeout, RefusedError):
            attempt.sent = False
            raise
        timeout = dict.fromkeys(("connect", "pool", "read", "write"), left)
        request.extensions = {**request.extensions, "timeout": timeout}
        return attempt

    def answered(self, request: httpx.Request, response: wire.Response) -> None:
        if self._is_order(request):
            self._answer = response

    def broke(self, attempt: Attempt, error: BaseException) -> None:
        """An attempt ended without a whole reply: conclude from evidence, or from the exception where there is none."""
        attempt.sent = not isinstance(error, _PROOF) if attempt.wrote is None else attempt.wrote

    def cut(self) -> None:
        """End the operation under way. From any thread."""
        if self._now is not None:
            self._now.cut()

    def result(self) -> Sent:
        """What the finished flow comes to: the order's own last reply, never a token's."""
        if self._answer is None:
            return Failed(why="the auth hook never sent the request", sent=False)
        return Reply(response=self._answer)

    def failed(self, error: BaseException) -> Sent:
        """What a flow that ended with an error comes to."""
        again = self._now is self._last and self._last is not None and self._last.sent
        if self._answer is not None and not again:
            # A renewal broke, or the repeat it was for never left: what the order was told before stands.
            return Reply(response=self._answer)
        sent = self._last is not None and self._last.sent
        return Failed(why=self._why(error), sent=sent, ours=not sent and isinstance(error, CredentialsRefusedError))

    def _why(self, error: BaseException) -> str:
        root = error
        for _ in range(8):  # httpcore raises `from None`, hence the context
            root = root.__cause__ or root.__context__ or root
        kind = type(error).__name__
        if isinstance(error, (RefusedError, httpx.DecodingError)):
            kind = str(error)
        elif root is not error:
            kind = f"{kind} ({type(root).__name__})"
        if self._call.aborted:
            return f"aborted: {kind}"
        return f"deadline: {kind}" if self._call.remaining() <= 0 else kind


def _content(request: httpx.Request) -> bytes | None:
    """The body, where it is there to be read: a hook's own request may stream one."""
    try:
        return request.content
    except httpx.RequestNotRead:
        return None


def for_hook(request: httpx.Request, response: wire.Response) -> httpx.Response:
    """The reply as an auth hook reads it: complete, and nothing left to decompress."""
    headers = {k: v for k, v in response.headers.items() if k not in ("content-encoding", "content-length")}
    return httpx.Response(response.status, headers=headers, content=response.body, request=request)
