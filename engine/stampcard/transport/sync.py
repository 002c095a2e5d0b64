"""The blocking sender: all input and output in the caller's own thread.

May live here: driving an auth hook around one call, with httpx's requests and without its client (whose layer costs
half a millisecond and brings redirects, cookies and the environment's proxies). May not: a retry, a second thread.
"""

from __future__ import annotations

import contextlib
import ssl

import httpx

from stampcard import wire
from stampcard.transport._attempt import hush, under_way
from stampcard.transport._exchange import CLOSED, Body, Exchange, for_hook
from stampcard.transport._settings import Proxy, trust
from stampcard.transport.contract import Call, Sent

__all__ = ["SyncSender"]


class SyncSender:
    """Sends one call at a time per thread; any number of threads may share it.

    transport: any `httpx.BaseTransport`, closed with the sender. It gets the time left as httpx's timeouts, and must
    raise ConnectError, ConnectTimeout or PoolTimeout only when no byte left. None: one of our own, whose every socket
    operation ends at the call's deadline.
    verify: True for the usual authorities, or the path of a CA bundle, or a context. proxy: http://[user:password@]host
    [:port]; the environment's proxies are never read. max_connections: further calls wait for a free one.
    """

    def __init__(
        self,
        *,
        transport: httpx.BaseTransport | None = None,
        verify: ssl.SSLContext | str | bool = True,
        proxy: str | None = None,
        max_connections: int = 64,
    ) -> None:
        hush()
        if transport is None:
            from stampcard.transport._httpcore import DeadlineTransport

            transport = DeadlineTransport(
                context=trust(verify), proxy=Proxy.parse(proxy), max_connections=max_connections
            )
        self._transport = transport
        self._closed = False

    def send(self, request: wire.Request, *, base_url: str, auth: httpx.Auth | None, call: Call) -> Sent:
        """Send it and wait for the whole reply, not beyond the call's deadline.

        Raises ValueError when `base_url` is not scheme://host[:port]; nothing else. A name that does not resolve in
        time holds this thread until the resolver returns; then nothing is sent.
        """
        exchange = Exchange.begin(request, base_url, call)
        if not isinstance(exchange, Exchange):
            return exchange
        if self._closed:
            return CLOSED
        call.on_abort(exchange.cut)
        try:
            if auth is None:
                self._attempt(exchange, exchange.order)
            else:
                self._flow(exchange, auth)
        except Exception as error:  # noqa: BLE001 - a hook parses what the network sent it: anything may come of that
            return exchange.failed(error)
        return exchange.result()

    def _flow(self, exchange: Exchange, auth: httpx.Auth) -> None:
        flow = auth.sync_auth_flow(exchange.order)
        try:
            request = next(flow)
            while True:
                request = flow.send(for_hook(request, self._attempt(exchange, request)))
        except StopIteration:
            return
        finally:
            with contextlib.suppress(Exception):
                flow.close()

    def _attempt(self, exchange: Exchange, request: httpx.Request) -> wire.Response:
        attempt = exchange.attempt(request)
        try:
            with under_way(attempt):
                response = self._transport.handle_request(request)
                attempt.wrote = True  # a reply has begun, whatever its rest comes to
                try:
                    body = Body(attempt.call, response)
                    if not isinstance(response.stream, httpx.SyncByteStream):
                        raise TypeError("the transport gave an async stream")
                    for chunk in response.stream:
                        body.add(chunk)
                    whole = body.whole()
                finally:
                    response.close()
        except BaseException as error:
            exchange.broke(attempt, error)
            raise
        exchange.answered(request, whole)
        return whole

    def close(self) -> None:
        """Send nothing more and close what is idle; a call under way still ends by itself."""
        self._closed = True
        self._transport.close()
