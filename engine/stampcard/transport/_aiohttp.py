"""The async transport of our own: aiohttp, kept from doing anything on its own account.

May live here: aiohttp, and its exceptions turned into httpx's. May not: a deadline (the sender cancels), a judgement.
Imported only when an `AsyncSender` gets no transport; needs the extra `async`.

aiohttp silently sends GET, PUT and DELETE a second time when a kept connection drops, rewrites escapes in paths, adds
headers, follows redirects and keeps cookies. All of that is off here, the first two by the connector and the URL.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import ssl
from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import aiohttp
import httpx
import yarl

from stampcard.transport._attempt import Attempt, current
from stampcard.transport._exchange import RefusedError
from stampcard.transport._reset import reset_on_close
from stampcard.transport._settings import KEEP_IDLE, Proxy

if TYPE_CHECKING:
    from aiohttp.client_reqrep import ClientRequest
    from aiohttp.connector import Connection
    from aiohttp.tracing import Trace

__all__ = ["AiohttpTransport"]

_UNBOUNDED: Final = aiohttp.ClientTimeout(total=None, connect=None, sock_connect=None, sock_read=None)
_NOTHING_ADDED: Final = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")


def _attempt() -> Attempt:
    attempt = current.get()
    if attempt is None:
        raise RuntimeError("this transport only works inside an AsyncSender")
    return attempt


@contextmanager
def _as_httpx() -> Generator[None, None, None]:
    """By cause, not by name: a time-out alone never proves anything. No text of theirs: it may quote the URL."""
    try:
        yield
    except aiohttp.ClientConnectorError as error:
        raise httpx.ConnectError("no connection") from error
    except aiohttp.ClientHttpProxyError as error:
        raise httpx.ProxyError("the proxy refused") from error
    except (aiohttp.ClientResponseError, aiohttp.ClientPayloadError) as error:
        raise httpx.RemoteProtocolError("not a whole reply") from error
    except aiohttp.ClientError as error:
        raise httpx.ReadError("the connection broke") from error


def _abort(transport: asyncio.Transport) -> None:
    """Not close(): that first sends what is still buffered, deadline or not."""
    with contextlib.suppress(OSError, AttributeError):
        reset_on_close(transport.get_extra_info("socket"))
    transport.abort()


class _OneConnection(aiohttp.TCPConnector):
    """Gives each attempt one connection and never a second, and notes the moment its first byte may leave.

    aiohttp's own second try asks here again. The proxy's CONNECT and the TLS handshake happen inside `connect`, and
    aiohttp writes the request at once when it returns.
    """

    async def connect(self, req: ClientRequest, traces: list[Trace], timeout: aiohttp.ClientTimeout) -> Connection:  # noqa: ASYNC109 - aiohttp's signature
        attempt = _attempt()
        if attempt.wrote:
            raise httpx.ReadError("the connection broke")
        attempt.wrote = False
        connection = await super().connect(req, traces, timeout)
        while connection.protocol is not None and connection.protocol.should_close:
            connection.close()  # an idle one that has received something: not an answer to this request
            connection = await super().connect(req, traces, timeout)
        if attempt.remaining() <= 0:
            connection.release()
            raise httpx.ConnectTimeout("the deadline has passed")
        attempt.wrote = True
        if connection.transport is not None:
            attempt.hold(functools.partial(_abort, connection.transport))
        if connection.protocol is not None:
            attempt.broke = connection.protocol.exception
        return connection


class AiohttpTransport(httpx.AsyncBaseTransport):
    """Requests on one event loop, each under the attempt that `AsyncSender` has set for it."""

    def __init__(self, *, context: ssl.SSLContext, proxy: Proxy | None, max_connections: int) -> None:
        self._context = context
        self._proxy = proxy
        self._max_connections = max_connections
        self._session: aiohttp.ClientSession | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def _opened(self) -> aiohttp.ClientSession:
        """The session, made at the first request: it belongs to the loop that is running then."""
        loop = asyncio.get_running_loop()
        if self._session is None:
            self._loop = loop
            self._session = aiohttp.ClientSession(
                connector=_OneConnection(limit=self._max_connections, ssl=self._context, keepalive_timeout=KEEP_IDLE),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
                skip_auto_headers=_NOTHING_ADDED,
                timeout=_UNBOUNDED,
            )
        elif self._loop is not loop:
            raise RefusedError("an AsyncSender stays on the event loop of its first call")
        return self._session

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        attempt = _attempt()
        attempt.wrote = False
        session = self._opened()
        url = yarl.URL(str(request.url), encoded=True)
        if url.raw_path_qs.encode() != request.url.raw_path:
            raise RefusedError("the target would be rewritten on its way")
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw]
        tunnel: dict[str, str] = {}
        if self._proxy is not None and self._proxy.authorization is not None:
            secret = {"Proxy-Authorization": self._proxy.authorization}
            if attempt.encrypted:
                tunnel = secret
            else:
                headers += secret.items()
        body = await request.aread()
        # Should aiohttp ever stop asking our connector, this attempt proves nothing by itself.
        attempt.wrote = None
        try:
            with _as_httpx():
                reply = await session.request(
                    request.method,
                    url,
                    headers=headers,
                    data=body or None,
                    allow_redirects=False,
                    proxy=None if self._proxy is None else self._proxy.url,
                    proxy_headers=tunnel or None,
                )
        except BaseException:
            attempt.cut()
            attempt.let_go()
            raise
        return httpx.Response(reply.status, headers=list(reply.raw_headers), stream=_Reply(attempt, reply))

    async def aclose(self) -> None:
        if self._session is not None:
            await self._session.close()


class _Reply(httpx.AsyncByteStream):
    def __init__(self, attempt: Attempt, reply: aiohttp.ClientResponse) -> None:
        self._attempt = attempt
        self._reply = reply

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _as_httpx():
            async for chunk in self._reply.content.iter_any():
                yield chunk
        # Without a length the body ends with the connection, and aiohttp takes a reset for a regular end.
        if not self._reply.headers.keys() & {"Content-Length", "Transfer-Encoding"}:
            cause = self._attempt.broke()
            if isinstance(cause, OSError):
                raise httpx.ReadError("the connection broke") from cause

    async def aclose(self) -> None:
        # A whole reply has given its connection back already, perhaps to another call: no cutting then.
        if self._reply.connection is not None:
            self._attempt.cut()
        self._attempt.let_go()
        self._reply.close()
