"""Tokens that have to be fetched: one cache for each account, shared by every thread and task that calls.

May live here: when a token is fetched, renewed and tried once more; nothing is ever written to a disk. May not: a
provider's name, its token calls (a `Renewal` of the provider's adapter), a socket: like every auth hook, this one
yields requests, and the transport sends them within the deadline of the call they were needed for.

    auth = TokenAuth(KigoSession(keys), apply=bearer)

One renewal is under way at a time: whoever needs a token meanwhile waits for it, or uses the old one while it is good.
A renewal whose caller was killed, aborted or cut off is taken up by the next in line. An answer that says "not your
token" (401) renews once and sends the same request once more. When no token can be had, nothing was sent.
"""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from contextlib import suppress
from enum import Enum, auto
from functools import partial
from typing import Final, Protocol, TypeAlias

import attrs
import httpx

from stampcard.model import Secret
from stampcard.transport.contract import CredentialsRefusedError
from stampcard.wire import Response

__all__ = ["Renewal", "Token", "TokenAuth", "TokenError", "TokenRefusedError", "Waiting", "bearer"]

_PATIENCE: Final = 60.0
"""Seconds a thread waits for another's renewal; that one ends with its own call's deadline, which is sooner."""
_COOL: Final = 5.0
_OUR_FAULT: Final = frozenset({400, 401, 403})


class TokenError(Exception):
    """No token could be had just now. Nothing of the order was sent."""


class TokenRefusedError(TokenError, CredentialsRefusedError):
    """The provider does not accept our credentials. Nothing of the order was sent."""


@attrs.frozen(kw_only=True)
class Token:
    """What a provider gave. expires_in, refresh_in: seconds from when it was asked for; refresh_in None: not known."""

    value: Secret[str]
    expires_in: float
    refresh: Secret[str] | None = None
    refresh_in: float | None = None


class Renewal(Protocol):
    """A provider's token calls: pure, and `read` total."""

    def first(self) -> httpx.Request:
        """The call that needs nothing but the credentials; absolute URL."""
        ...

    def again(self, refresh: Secret[str], /) -> httpx.Request | None:
        """The call that needs only the refresh token; None where there is none."""
        ...

    def read(self, status: int, headers: Mapping[str, str], body: bytes, /) -> Token | None:
        """The token in an answer of either call, or None."""
        ...


def _read(answer: httpx.Response) -> Response:
    return Response(status=answer.status_code, headers=dict(answer.headers.items()), body=answer.content)


def bearer(request: httpx.Request, token: str) -> None:
    """Authorization: Bearer <token>."""
    request.headers["Authorization"] = f"Bearer {token}"


def _unauthorized(answer: Response) -> bool:
    """A 401 that is the provider's: a portal or a filter between us answers pages, also after the effect."""
    return answer.status == 401 and answer.json().is_object()


class _Ended(Enum):
    RENEWED = auto()
    REFUSED = auto()
    BROKEN = auto()
    """Whoever renewed did not get to the end: the next in line tries."""


def _wake(loop: asyncio.AbstractEventLoop, over: asyncio.Event) -> None:
    loop.call_soon_threadsafe(over.set)


class Waiting:
    """One renewal under way, and whoever waits for it: threads and tasks alike."""

    def __init__(self) -> None:
        self.ended: _Ended | None = None
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._calls: list[Callable[[], None]] = []

    def end(self, how: _Ended) -> None:
        with self._lock:
            if self.ended is not None:
                return
            self.ended, calls = how, self._calls
        self._over.set()
        for call in calls:
            with suppress(RuntimeError):  # that event loop is closed: nobody waits there any more
                call()

    def then(self, call: Callable[[], None]) -> None:
        """Call this once it has ended, from whichever thread ends it."""
        with self._lock:
            if self.ended is None:
                self._calls.append(call)
                return
        call()

    def wait(self) -> None:
        """Block this thread."""
        self._over.wait(_PATIENCE)

    async def await_(self) -> None:
        """Suspend this task."""
        loop, over = asyncio.get_running_loop(), asyncio.Event()
        with self._lock:
            if self.ended is not None:
                return
            self._calls.append(partial(_wake, loop, over))
        with suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE):
                await over.wait()


@attrs.frozen
class _Held:
    token: Token
    asked_at: float

    def good(self, now: float) -> bool:
        return now < self.asked_at + self.token.expires_in

    def fresh(self, now: float, early: float) -> bool:
        """Not to be renewed yet: short-lived tokens are kept for half their life."""
        life = self.token.expires_in
        return now < self.asked_at + max(life - early, life / 2)

    def refresh(self, now: float) -> Secret[str] | None:
        life = self.token.refresh_in
        return self.token.refresh if life is None or now < self.asked_at + life else None


_Flow: TypeAlias = Generator[httpx.Request | Waiting, httpx.Response | None, None]
_Getting: TypeAlias = Generator[httpx.Request | Waiting, httpx.Response | None, Secret[str]]


class TokenAuth(httpx.Auth):
    """The hook: keep one for each account. Safe to share between threads, tasks and event loops.

    apply: puts the token into a request. refused: is this answer the provider's "not your token"? Such a request was
    turned away at the door, and is sent once more: be strict, for a filter between us can answer 401 or 403 after the
    provider has acted. early: seconds before its end at which a token is renewed. monotonic: seconds; given by tests.
    Refused credentials are not tried again for `_COOL` seconds: many tries at once lock an account.
    """

    def __init__(
        self,
        renewal: Renewal,
        *,
        apply: Callable[[httpx.Request, str], None] = bearer,
        refused: Callable[[Response], bool] = _unauthorized,
        early: float = 60.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._renewal = renewal
        self._apply = apply
        self._refused = refused
        self._early = early
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._held: _Held | None = None
        self._round: Waiting | None = None
        self._locked_until = -math.inf

    def __repr__(self) -> str:
        return f"TokenAuth({type(self._renewal).__name__})"

    def steps(
        self, request: httpx.Request, monotonic: Callable[[], float]
    ) -> Generator[httpx.Request | Waiting, httpx.Response | None, None]:
        """The flow for a driver that is neither thread nor task (a simulator), by its own clock: requests to send, and
        renewals under way to wait for."""
        self._monotonic = monotonic
        return self._flow(request)

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        flow = self._flow(request)
        answer: httpx.Response | None = None
        try:
            while True:
                asked = flow.send(answer)
                answer = None
                if isinstance(asked, Waiting):
                    asked.wait()
                else:
                    answer = yield asked
                    answer.read()
        except StopIteration:
            return
        finally:
            flow.close()

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        flow = self._flow(request)
        answer: httpx.Response | None = None
        try:
            while True:
                try:
                    asked = flow.send(answer)
                except StopIteration:
                    return
                answer = None
                if isinstance(asked, Waiting):
                    await asked.await_()
                else:
                    answer = yield asked
                    await answer.aread()
        finally:
            flow.close()

    def _flow(self, request: httpx.Request) -> _Flow:
        token = yield from self._token(None)
        self._apply(request, token.reveal())
        answer = yield request
        if answer is None or not self._refused(_read(answer)):
            return
        try:
            fresh = yield from self._token(token)
        except TokenError:
            return  # the order's own answer, that it was turned away, stands
        self._apply(request, fresh.reveal())
        yield request

    def _token(self, refused: Secret[str] | None) -> _Getting:
        """A token that is not the refused one. Raises TokenError."""
        while True:
            mine = Waiting()
            with self._lock:
                held, other, now = self._held, self._round, self._monotonic()
                # While somebody renews it, what is good still will do.
                good = held is not None and (held.fresh(now, self._early) or (other is not None and held.good(now)))
                if held is not None and good and (refused is None or held.token.value != refused):
                    return held.token.value
                if other is None and now < self._locked_until:
                    raise TokenRefusedError("the provider did not accept our credentials a moment ago")
                if other is None:
                    self._round = mine
            if other is None:
                return (yield from self._renew(mine, held, refused))
            yield other
            if other.ended is _Ended.REFUSED:
                raise TokenRefusedError("the provider does not accept our credentials")
            if other.ended is None:
                raise TokenError("another caller's renewal does not end")

    def _renew(
        self, mine: Waiting, held: _Held | None, refused: Secret[str] | None
    ) -> Generator[httpx.Request, httpx.Response | None, Secret[str]]:
        ended, renewed = _Ended.BROKEN, held
        try:
            renewed = yield from self._obtain(held)
            ended = _Ended.RENEWED
            return renewed.token.value
        except TokenRefusedError:
            ended = _Ended.REFUSED
            raise
        except TokenError:
            # Renewing early failed, and what we hold is still good: the order need not wait for it.
            if held is None or held.token.value == refused or not held.good(self._monotonic()):
                raise
            return held.token.value
        finally:  # also when the caller's call is given up in the middle
            with self._lock:
                self._held, self._round = renewed, None
                if ended is _Ended.REFUSED:
                    self._locked_until = self._monotonic() + _COOL
            mine.end(ended)

    def _obtain(self, held: _Held | None) -> Generator[httpx.Request, httpx.Response | None, _Held]:
        """By the refresh token while there is a good one, else by the credentials."""
        refresh = None if held is None else held.refresh(self._monotonic())
        request = None if refresh is None else self._renewal.again(refresh)
        if request is not None and refresh is not None:
            got, _ = yield from self._call(request)
            if got is not None:
                if got.token.refresh is None:  # not given anew: the old one goes on for what is left of it
                    got = attrs.evolve(got, token=self._kept(got, held, refresh))
                return got
        got, status = yield from self._call(self._renewal.first())
        if got is not None:
            return got
        if status in _OUR_FAULT:
            raise TokenRefusedError(f"the provider does not accept our credentials (HTTP {status})")
        raise TokenError(f"the provider gave no token (HTTP {status})")

    def _kept(self, got: _Held, held: _Held | None, refresh: Secret[str]) -> Token:
        left = None
        if held is not None and held.token.refresh_in is not None:
            left = held.asked_at + held.token.refresh_in - got.asked_at
        return attrs.evolve(got.token, refresh=refresh, refresh_in=left)

    def _call(
        self, request: httpx.Request
    ) -> Generator[httpx.Request, httpx.Response | None, tuple[_Held | None, int]]:
        asked_at = self._monotonic()
        answer = yield request
        if answer is None:  # not reached: a request is answered, or its flow is closed
            return None, 0
        token = self._renewal.read(answer.status_code, answer.headers, answer.content)
        if token is None or not token.value.reveal() or not math.isfinite(token.expires_in):
            return None, answer.status_code
        return _Held(token, asked_at), answer.status_code
