"""A provider's model behind httpx, in process: what a till is given in place of the network.

May live here: a request carried to a model, and the faults it meets on the way. May not: a provider's name, a socket,
a sleep.

Refused connections raise `ConnectError`, the proof that nothing was sent; a lost reply raises `ReadTimeout`, a torn one
`RemoteProtocolError`: what a real transport raises, so that the engine's own judgement is under test.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Any, Protocol, TypeAlias, cast

import httpx

from stampcard.testing.clock import Clock
from stampcard.testing.faults import (
    Delay,
    Drop,
    Faults,
    Garbage,
    Late,
    Refuse,
    Status,
    Truncated,
    Twice,
    When,
)
from stampcard.wire import Request

__all__ = ["Answer", "ModelTransport", "Names", "Served"]

Names: TypeAlias = Callable[[Request], tuple[str | None, str | None]]
"""(provider, trigger) of a request, so that a fault can be meant for a trigger: a provider's package knows how."""


class Answer(Protocol):
    """What a model answers: any object with these three."""

    @property
    def status(self) -> int: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def body(self) -> bytes: ...


class Served(Protocol):
    """What can be served: any `stampcard.adapter.Model`, and a sandbox's, which knows no class of the engine."""

    def handle(self, request: Request, /) -> Answer:
        """Any request, any bytes: an answer, never an exception."""
        ...


_PAGE = b"<!doctype html><title>Welcome</title><p>Please accept the terms of this network."


class ModelTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Serves any model to a `Till` or an `AsyncTill`. Safe to share between both, and between threads.

    names: tells a request's provider and trigger; without it only faults meant for any call are met. clock: passes by
    the time a call loses.
    """

    def __init__(
        self,
        model: Served,
        faults: Faults | None = None,
        *,
        names: Names | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._model = model
        self._faults = Faults() if faults is None else faults
        self._names = names
        self._clock = clock

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        return self._carry(request)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        return self._carry(request)

    def close(self) -> None:
        """Nothing is held."""

    async def aclose(self) -> None:
        """Nothing is held."""

    def _carry(self, sent: httpx.Request) -> httpx.Response:
        request = Request(
            method=sent.method,
            target=sent.url.raw_path.decode("ascii"),
            headers=dict(sent.headers.items()),
            body=sent.content,
        )
        provider, trigger = (None, None) if self._names is None else self._names(request)
        fault = self._faults.take(provider=provider, trigger=trigger)
        match fault:
            case Refuse():
                raise httpx.ConnectError("refused, as the test wanted", request=sent)
            case Late(after=after):
                self._faults.later(lambda: self._arrive(request), after=after)
                self._lose(_patience(sent))
                raise httpx.ReadTimeout("no answer: the request is late", request=sent)
            case Drop(when=when):
                if when is When.AFTER:
                    self._serve(request)
                self._lose(_patience(sent))
                raise httpx.ReadTimeout(f"lost {when} the effect", request=sent)
            case Delay():
                return self._delayed(sent, request, fault)
            case Status(code=code, when=when, body=body):
                if when is When.AFTER:
                    self._serve(request)
                return _response(sent, code, {}, httpx.ByteStream(body))
            case Garbage(when=when):
                if when is When.AFTER:
                    self._serve(request)
                return _response(sent, 200, {"Content-Type": "text/html"}, httpx.ByteStream(_PAGE))
            case Truncated(keep=keep):
                answer = self._serve(request)
                return _response(sent, answer.status, answer.headers, _Torn(answer.body[:keep], sent))
            case Twice():
                self._serve(request)
                return self._answer(sent, request)
            case None:
                return self._answer(sent, request)

    def _delayed(self, sent: httpx.Request, request: Request, delay: Delay) -> httpx.Response:
        patience = _patience(sent)
        if delay.seconds < patience:
            self._lose(delay.seconds)
            return self._answer(sent, request)
        if delay.when is When.AFTER:
            self._serve(request)
        self._lose(patience)
        raise httpx.ReadTimeout("too slow for this call", request=sent)

    def _lose(self, seconds: float) -> None:
        if self._clock is not None and seconds < float("inf"):
            self._clock.pass_(seconds=seconds)

    def _answer(self, sent: httpx.Request, request: Request) -> httpx.Response:
        answer = self._serve(request)
        return _response(sent, answer.status, answer.headers, httpx.ByteStream(answer.body))

    def _serve(self, request: Request) -> Answer:
        answer = self._model.handle(request)
        self._faults.answered()
        return answer

    def _arrive(self, request: Request) -> None:
        self._model.handle(request)


def _patience(sent: httpx.Request) -> float:
    """Seconds the caller waits, as httpx tells a transport."""
    told = cast("Mapping[str, Any]", sent.extensions.get("timeout") or {})
    seconds = told.get("read")
    return float("inf") if seconds is None else float(seconds)


def _response(
    sent: httpx.Request, status: int, headers: Mapping[str, str], stream: httpx.ByteStream | _Torn
) -> httpx.Response:
    return httpx.Response(status, headers=dict(headers), stream=stream, request=sent)


class _Torn(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body that breaks off."""

    def __init__(self, kept: bytes, sent: httpx.Request) -> None:
        self._kept = kept
        self._sent = sent

    def __iter__(self) -> Iterator[bytes]:
        yield self._kept
        raise self._error()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._kept
        raise self._error()

    def _error(self) -> httpx.RemoteProtocolError:
        return httpx.RemoteProtocolError("the answer broke off", request=self._sent)
