"""The asynchronous sender: the same promises on an event loop.

May live here: driving an auth hook around one call, bounded by the loop's clock. May not: a retry, a thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl

import httpx

from stampcard import wire
from stampcard.transport._attempt import hush, under_way
from stampcard.transport._exchange import CLOSED, Body, Exchange, for_hook
from stampcard.transport._settings import Proxy, trust
from stampcard.transport.contract import Call, Sent

__all__ = ["AsyncSender"]

_DAY = 86_400.0


class AsyncSender:
    """Sends any number of calls at once on one event loop. Takes what `SyncSender` takes; see there.

    transport: any `httpx.AsyncBaseTransport`. None: one of our own over aiohttp (the extra `async`), since httpx's own
    async pool collapses at 32 calls in flight.
    """

    def __init__(
        self,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        verify: ssl.SSLContext | str | bool = True,
        proxy: str | None = None,
        max_connections: int = 64,
    ) -> None:
        hush()
        if transport is None:
            try:
                from stampcard.transport._aiohttp import AiohttpTransport
            except ImportError as error:
                raise RuntimeError("asynchronous sending needs aiohttp: install stampcard[async]") from error
            transport = AiohttpTransport(
                context=trust(verify), proxy=Proxy.parse(proxy), max_connections=max_connections
            )
        self._transport = transport
        self._closed = False

    async def send(self, request: wire.Request, *, base_url: str, auth: httpx.Auth | None, call: Call) -> Sent:
        """Send it and wait for the whole reply, not beyond the call's deadline.

        Raises ValueError when `base_url` is not scheme://host[:port], and CancelledError when the caller is cancelled:
        the connection is then cut, and whether the request was sent is not told. Shield it to learn that.
        """
        exchange = Exchange.begin(request, base_url, call)
        if not isinstance(exchange, Exchange):
            return exchange
        if self._closed:
            return CLOSED
        loop = asyncio.get_running_loop()
        bound = asyncio.timeout(min(call.remaining(), _DAY))

        def end_now() -> None:
            with contextlib.suppress(RuntimeError):  # it has ended meanwhile
                bound.reschedule(loop.time())

        def abort() -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nothing is under way
                loop.call_soon_threadsafe(end_now)

        try:
            async with bound:
                call.on_abort(abort)
                if auth is None:
                    await self._attempt(exchange, exchange.order)
                else:
                    await self._flow(exchange, auth)
        except Exception as error:  # noqa: BLE001 - a hook parses what the network sent it: anything may come of that
            return exchange.failed(error)
        return exchange.result()

    async def _flow(self, exchange: Exchange, auth: httpx.Auth) -> None:
        flow = auth.async_auth_flow(exchange.order)
        try:
            request = await anext(flow)
            while True:
                request = await flow.asend(for_hook(request, await self._attempt(exchange, request)))
        except StopAsyncIteration:
            return
        finally:
            with contextlib.suppress(Exception):
                await flow.aclose()

    async def _attempt(self, exchange: Exchange, request: httpx.Request) -> wire.Response:
        attempt = exchange.attempt(request)
        try:
            with under_way(attempt):
                response = await self._transport.handle_async_request(request)
                attempt.wrote = True  # a reply has begun, whatever its rest comes to
                try:
                    body = Body(attempt.call, response)
                    if not isinstance(response.stream, httpx.AsyncByteStream):
                        raise TypeError("the transport gave a blocking stream")
                    async for chunk in response.stream:
                        body.add(chunk)
                    whole = body.whole()
                finally:
                    await response.aclose()
        except BaseException as error:
            exchange.broke(attempt, error)
            raise
        exchange.answered(request, whole)
        return whole

    async def aclose(self) -> None:
        """Send nothing more and close every connection; a call under way ends without a reply."""
        self._closed = True
        await self._transport.aclose()
