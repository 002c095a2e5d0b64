"""The simulated wire: one call's way to the provider and back, and what happens to it there.

May live here: faults carried out, auth flows driven, deadlines kept. May not: a decision of the engine. What is proven
of a call that failed is judged by the transport's own `Exchange`: the code that judges real sockets.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import partial
from typing import Any, Final

import httpx

from stampcard.simulate.chance import Draw
from stampcard.simulate.scenario import Answer, Served
from stampcard.simulate.timeline import Timeline
from stampcard.simulate.weather import Fault
from stampcard.step.effects import Send
from stampcard.tokens import TokenAuth, Waiting
from stampcard.transport._attempt import Attempt
from stampcard.transport._exchange import Exchange, for_hook
from stampcard.transport.contract import Call, Failed, Sent
from stampcard.wire import Request, Response

__all__ = ["Network", "Sending"]

_PAGE: Final = b"<!doctype html><title>Welcome</title><p>Please accept the terms of this network."
_BEFORE: Final = ((500, b""), (503, b"<h1>Service Unavailable"), (404, b"<h1>not here"), (502, b'{"error":"upstream"}'))
_AFTER: Final = (503, 408, 302, 500)
_HTML: Final = {"content-type": "text/html"}
_FOREVER: Final = float("inf")


class Network:
    """Between every till and the one provider of a world."""

    def __init__(self, timeline: Timeline, model: Served, draw: Draw) -> None:
        self._timeline = timeline
        self._model = model
        self._draw = draw
        self.away: list[tuple[float, float]] = []
        """When nobody can be reached: from, to."""
        self.down_until = 0.0
        self.lateness: float | None = None
        """How late in its window a late call lands, 0 to 1; None: that is drawn."""
        self.flights: dict[int, Flight] = {}
        self._count = 0

    def offline(self) -> bool:
        """Whether no connection can be made now."""
        now = self._timeline.now
        return any(start <= now < end for start, end in self.away)

    def restart(self, seconds: float) -> None:
        """The provider goes away for so long: whoever waits for its reply hears the connection break."""
        self.down_until = self._timeline.now + seconds
        for flight in list(self.flights.values()):
            flight.failed(httpx.RemoteProtocolError("the connection broke"))

    def flight(self, sending: Sending) -> Flight:
        """One more request of this call."""
        self._count += 1
        flight = self.flights[self._count] = Flight(sending, self._count)
        return flight

    def carry(self, flight: Flight, request: Request, fault: Fault | None) -> float:
        """Set it on its way; when its fate will be known, as things stand."""
        timeline, draw = self._timeline, flight.draw(self._draw)
        up = draw.between(0.01, 0.1)
        down = draw.between(0.01, 0.1)
        if self.away and self.offline():
            fault = Fault.REFUSED
        match fault:
            case None:
                timeline.after(up, lambda: self._land(flight, request, down))
                return timeline.now + up + down
            case Fault.REFUSED:
                timeline.after(up, lambda: flight.failed(httpx.ConnectError("refused")))
                return timeline.now + up
            case Fault.LOST_BEFORE:
                return _FOREVER
            case Fault.RESET_BEFORE:
                timeline.after(up, lambda: flight.failed(httpx.RemoteProtocolError("reset")))
                return timeline.now + up
            case Fault.LOST_AFTER:
                timeline.after(up, lambda: self._land(None, request))
                return _FOREVER
            case Fault.LATE:
                timeline.at(flight.latest(draw), partial(self._land, None, request))
                return _FOREVER
            case Fault.SLOW:
                reply = flight.slow(draw)
                timeline.after(up, lambda: self._land(flight, request, max(0.0, reply - timeline.now)))
                return max(reply, timeline.now + up)
            case Fault.TWICE:
                timeline.after(up, lambda: self._land(None, request))
                timeline.after(up + down, lambda: self._land(flight, request, down))
                return timeline.now + up + 2 * down
            case Fault.ECHO:
                timeline.after(up, lambda: self._land(flight, request, down))
                timeline.at(flight.latest(draw), partial(self._land, None, request))
                return timeline.now + up + down
            case _:
                return self._spoilt(flight, request, fault, up, down)

    def _spoilt(self, flight: Flight, request: Request, fault: Fault, up: float, down: float) -> float:
        """A reply comes, and it is not what the provider said."""
        timeline, draw = self._timeline, flight.draw(self._draw)
        if fault in (Fault.ERROR_AFTER, Fault.GARBLED_AFTER, Fault.CUT_AFTER):
            timeline.after(up, lambda: self._land(None, request))
        reply: Callable[[], None]
        match fault:
            case Fault.CUT_AFTER:

                def reply() -> None:
                    flight.failed(httpx.RemoteProtocolError("the answer broke off"))

            case Fault.ERROR_BEFORE:
                status, body = draw.pick(_BEFORE)
                reply = _said(flight, status, body)
            case Fault.ERROR_AFTER:
                reply = _said(flight, draw.pick(_AFTER), b"")
            case Fault.LIMITED:
                reply = _said(flight, 429, b"")
            case Fault.TURNED_AWAY:
                reply = _said(flight, 401, b"")
            case _:
                reply = _said(flight, 200, _PAGE)
        timeline.after(up + down, reply)
        return timeline.now + up + down

    def _land(self, flight: Flight | None, request: Request, down: float = 0.0) -> None:
        """The provider gets it."""
        if self._timeline.now < self.down_until:
            if flight is not None:
                flight.failed(httpx.RemoteProtocolError("the connection broke"))
            return
        answer = self._model.handle(request)
        if flight is not None:
            self._timeline.after(down, lambda: flight.replied(_whole(answer)))


def _said(flight: Flight, status: int, body: bytes) -> Callable[[], None]:
    return lambda: flight.replied(Response(status=status, headers=_HTML, body=body))


def _whole(answer: Answer) -> Response:
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return Response(status=answer.status, headers=headers, body=answer.body)


class Flight:
    """One HTTP request on its way. Its fate is told to its call once, and only while somebody listens."""

    __slots__ = ("_sending", "number")

    def __init__(self, sending: Sending, number: int) -> None:
        self._sending: Sending | None = sending
        self.number = number

    def replied(self, response: Response) -> None:
        sending = self._over()
        if sending is not None:
            sending.replied(response)

    def failed(self, error: Exception) -> None:
        sending = self._over()
        if sending is not None:
            sending.failed(error)

    def dropped(self) -> None:
        """Nobody listens any more."""
        self._over()

    def draw(self, otherwise: Draw) -> Draw:
        """What its call's chances are drawn from: an order's own, so that they stay as they are beside fewer orders."""
        sending = self._sending
        return otherwise if sending is None or sending.draw is None else sending.draw

    def latest(self, draw: Draw) -> float:
        """A moment after the call was given up, and before its late window ends."""
        sending = self._sending
        return 0.0 if sending is None else sending.latest(draw)

    def slow(self, draw: Draw) -> float:
        """A moment after the cashier was answered, and before the call is given up."""
        sending = self._sending
        return 0.0 if sending is None else sending.slow(draw)

    def _over(self) -> Sending | None:
        sending, self._sending = self._sending, None
        if sending is not None:
            del sending.network.flights[self.number]
        return sending


class Sending:
    """One call: its auth flow, its deadline, and how it ends.

    ended: told what came of it. window: seconds after its promise at which it may land at the latest.
    """

    __slots__ = (
        "_attempt",
        "_call",
        "_done",
        "_ended",
        "_exchange",
        "_fault",
        "_flight",
        "_flow",
        "_http",
        "_monotonic",
        "_started",
        "_timeline",
        "_watch",
        "_window",
        "draw",
        "effect",
        "hard_end",
        "network",
        "patience_over",
    )

    def __init__(
        self,
        network: Network,
        timeline: Timeline,
        effect: Send,
        *,
        hard_end: float,
        fault: Fault | None,
        window: float,
        draw: Draw | None,
        monotonic: Callable[[], float],
        ended: Callable[[Sent], None],
        watch: Callable[[Sending, float], None],
    ) -> None:
        self.network = network
        self.effect = effect
        self.draw = draw
        self.hard_end = hard_end
        self.patience_over = timeline.now + effect.patience
        self._timeline = timeline
        self._fault = fault
        self._window = window
        self._started = timeline.now
        self._ended = ended
        self._watch = watch
        self._done = False
        self._monotonic = monotonic
        self._call = Call(effect.hard_end, monotonic=monotonic)
        self._attempt: Attempt | None = None
        self._exchange: Exchange | None = None
        self._flow: Generator[Any, Any, None] | None = None
        self._http: httpx.Request | None = None
        self._flight: Flight | None = None

    @property
    def done(self) -> bool:
        """What came of it has been told."""
        return self._done

    def begin(self) -> float:
        """Set out; when its fate will be known, as things stand: now, when it could not set out."""
        effect = self.effect
        begun = Exchange.begin(effect.request, effect.base_url, self._call)
        if not isinstance(begun, Exchange):
            self._finish(begun)
            return self._timeline.now
        self._exchange = begun
        auth = effect.auth
        try:
            if isinstance(auth, TokenAuth):
                self._flow = auth.steps(begun.order, self._monotonic)
            else:
                self._flow = auth.sync_auth_flow(begun.order)
        except Exception as error:  # noqa: BLE001  a hook may raise anything: the exchange judges it, as on a socket
            self._finish(begun.failed(error))
            return self._timeline.now
        return self._hooked(None)

    def _advance(self, answer: httpx.Response | None) -> float:
        """Let the hook say what goes out next. Raises what the hook raises."""
        flow, exchange = self._flow, self._exchange
        if flow is None or exchange is None:
            return self._timeline.now
        try:
            asked = flow.send(answer)
        except StopIteration:
            self._finish(exchange.result())
            return self._timeline.now
        if isinstance(asked, Waiting):
            asked.then(lambda: self._timeline.after(0.0, self._resumed))
            return _FOREVER
        self._http = asked
        self._attempt = exchange.attempt(asked)
        fault = None
        if asked is exchange.order:  # the order's own request meets the fault, and meets it once
            fault, self._fault = self._fault, None
        flight = self._flight = self.network.flight(self)
        request = Request(
            method=asked.method,
            target=asked.url.raw_path.decode("ascii"),
            headers={name.decode("latin-1"): value.decode("latin-1") for name, value in asked.headers.raw},
            body=asked.content,
        )
        return self.network.carry(flight, request, fault)

    def _resumed(self) -> None:
        """Another call's renewal has ended."""
        if not self._done:
            self._hooked(None)

    def _hooked(self, answer: httpx.Response | None) -> float:
        exchange = self._exchange
        if exchange is None:
            return self._timeline.now
        try:
            due = self._advance(answer)
        except Exception as error:  # noqa: BLE001  a hook parses what the network sent it: anything may come of that
            self._finish(exchange.failed(error))
            return self._timeline.now
        if not self._done:
            self._watch(self, due)
        return due

    def replied(self, response: Response) -> None:
        exchange, http = self._exchange, self._http
        if self._done or exchange is None or http is None:
            return
        exchange.answered(http, response)
        self._hooked(for_hook(http, response))

    def failed(self, error: Exception) -> None:
        exchange = self._exchange
        if self._done or exchange is None:
            return
        self._broke(exchange, error)

    def _broke(self, exchange: Exchange, error: Exception) -> None:
        if self._attempt is not None:
            exchange.broke(self._attempt, error)
        self._finish(exchange.failed(error))

    def abort(self) -> None:
        """The call is ended: by the till, or by its own deadline."""
        exchange = self._exchange
        if self._done:
            return
        self._call.abort()
        if exchange is None:
            self._finish(Failed(why="aborted", sent=False))
        else:
            self._broke(exchange, httpx.ReadTimeout("given up"))

    def forgotten(self) -> None:
        """The process is gone: nobody is told anything. What is on its way goes on."""
        self._done = True
        flow, self._flow = self._flow, None
        if self._flight is not None:
            self._flight.dropped()
        if flow is not None:
            flow.close()

    def _finish(self, sent: Sent) -> None:
        self._done = True
        flow, self._flow = self._flow, None
        if self._flight is not None:
            self._flight.dropped()
        if flow is not None:
            flow.close()
        # Not at once: whoever is told goes on from there, and must not do so inside the hook's own frame.
        self._timeline.at(self._timeline.now, lambda: self._ended(sent))

    def latest(self, draw: Draw) -> float:
        """See `Flight.latest`."""
        end = max(self._started, self._started + self._window)
        start, lateness = min(self.hard_end, end), self.network.lateness
        return draw.between(start, end) if lateness is None else start + lateness * (end - start)

    def slow(self, draw: Draw) -> float:
        """See `Flight.slow`."""
        start = min(self.patience_over, self.hard_end - 0.2)
        return draw.between(start + 0.1, self.hard_end - 0.05)
