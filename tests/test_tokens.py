"""The token cache: one renewal at a time, whoever asks, and nothing is sent without a token."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import pickle
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import attrs
import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stampcard.model import Secret
from stampcard.tokens import Token, TokenAuth, TokenError, TokenRefusedError
from stampcard.wire import Response

LIFE = 1000.0


@attrs.define
class Seconds:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@attrs.frozen
class Login:
    """A provider's token calls. refreshes: its answers carry a refresh token."""

    refreshes: bool = False

    def first(self) -> httpx.Request:
        return httpx.Request("POST", "https://p.example/login", json={"password": "pass-canary"})

    def again(self, refresh: Secret[str], /) -> httpx.Request | None:
        return httpx.Request("POST", "https://p.example/refresh", headers={"Authorization": refresh.reveal()})

    def read(self, status: int, headers: Mapping[str, str], body: bytes, /) -> Token | None:
        if status != 200:
            return None
        said = json.loads(body)
        refresh = said.get("refresh")
        return Token(
            value=Secret(said["token"]),
            expires_in=said.get("life", LIFE),
            refresh=None if refresh is None else Secret(refresh),
            refresh_in=said.get("refresh_life"),
        )


class Provider:
    """Counts what it is asked; gives t1, t2, ... and takes only tokens that it has not revoked."""

    def __init__(self, **more: object) -> None:
        self.asked: list[str] = []
        self.more = more
        self.revoked: set[str] = set()
        self.login_status = 200
        self.refresh_status = 200
        self.lock = threading.Lock()
        self.hold: threading.Event | None = None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        with self.lock:
            self.asked.append(path)
            number = sum(asked in ("/login", "/refresh") for asked in self.asked)
        if path in ("/login", "/refresh"):
            if self.hold is not None:
                assert self.hold.wait(10)
            status = self.login_status if path == "/login" else self.refresh_status
            return httpx.Response(status, json={"token": f"t{number}", **self.more})
        token = request.headers["Authorization"].removeprefix("Bearer ")
        return httpx.Response(401 if token in self.revoked else 200, json={"token": token})

    @property
    def renewals(self) -> list[str]:
        return [path for path in self.asked if path != "/order"]


def order(client: httpx.Client) -> httpx.Response:
    return client.post("https://p.example/order", json={})


def using(provider: Provider, auth: TokenAuth) -> httpx.Client:
    return httpx.Client(transport=httpx.MockTransport(provider), auth=auth)


@pytest.fixture
def clock() -> Seconds:
    return Seconds()


def test_a_token_is_fetched_once_and_used_by_every_call(clock: Seconds) -> None:
    provider = Provider()
    with using(provider, TokenAuth(Login(), monotonic=clock)) as client:
        answers = [order(client).json()["token"] for _ in range(5)]
    assert answers == ["t1"] * 5
    assert provider.renewals == ["/login"]


def test_it_is_renewed_before_it_ends(clock: Seconds) -> None:
    provider = Provider()
    with using(provider, TokenAuth(Login(), early=60.0, monotonic=clock)) as client:
        order(client)
        clock.now = LIFE - 60.5
        assert order(client).json()["token"] == "t1"
        clock.now = LIFE - 60.0
        assert order(client).json()["token"] == "t2"


def test_a_token_shorter_lived_than_the_margin_serves_half_its_life(clock: Seconds) -> None:
    provider = Provider(life=30.0)
    with using(provider, TokenAuth(Login(), early=60.0, monotonic=clock)) as client:
        assert order(client).json()["token"] == "t1"
        clock.now = 14.9
        assert order(client).json()["token"] == "t1"
        clock.now = 15.0
        assert order(client).json()["token"] == "t2"


def test_not_your_token_renews_once_and_sends_the_same_request_once_more(clock: Seconds) -> None:
    provider = Provider()
    with using(provider, TokenAuth(Login(), monotonic=clock)) as client:
        order(client)
        provider.revoked = {"t1"}
        assert order(client).status_code == 200
        assert provider.asked == ["/login", "/order", "/order", "/login", "/order"]
        provider.revoked = {"t2", "t3"}
        assert order(client).status_code == 401  # the second answer stands: no endless tries
        assert provider.asked[5:] == ["/order", "/login", "/order"]


def test_other_statuses_may_mean_the_same(clock: Seconds) -> None:
    seen: list[int] = []

    def forbidden(answer: Response) -> bool:
        seen.append(answer.status)
        return answer.status in (401, 403)

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/login":
            return httpx.Response(200, json={"token": f"t{len(seen)}"})
        return httpx.Response(403 if request.headers["Authorization"] == "Bearer t0" else 200)

    auth = TokenAuth(Login(), refused=forbidden, monotonic=clock)
    with httpx.Client(transport=httpx.MockTransport(answer), auth=auth) as client:
        assert order(client).status_code == 200
    assert seen == [403]


def test_a_refresh_token_is_used_while_it_lives_and_kept_when_none_comes_back(clock: Seconds) -> None:
    provider = Provider(refresh="r1", refresh_life=2 * LIFE)
    with using(provider, TokenAuth(Login(), monotonic=clock)) as client:
        order(client)
        provider.more = {}  # the answer to a refresh names no new one
        clock.now = LIFE
        order(client)
        clock.now = 1.99 * LIFE
        order(client)
        assert provider.renewals == ["/login", "/refresh", "/refresh"]
        clock.now = 2.99 * LIFE  # the refresh token's own end, counted from the login that gave it
        order(client)
        assert provider.renewals[3:] == ["/login"]


def test_a_refused_refresh_falls_back_to_the_login(clock: Seconds) -> None:
    provider = Provider(refresh="r1")
    with using(provider, TokenAuth(Login(), monotonic=clock)) as client:
        order(client)
        provider.refresh_status, clock.now = 401, LIFE
        assert order(client).json()["token"] == "t3"
    assert provider.renewals == ["/login", "/refresh", "/login"]


@pytest.mark.parametrize(("status", "error"), [(401, TokenRefusedError), (403, TokenRefusedError), (503, TokenError)])
def test_without_a_token_nothing_is_sent(clock: Seconds, status: int, error: type[Exception]) -> None:
    provider = Provider()
    provider.login_status = status
    with using(provider, TokenAuth(Login(), monotonic=clock)) as client, pytest.raises(error) as raised:
        order(client)
    assert type(raised.value) is error
    assert provider.asked == ["/login"]


def test_a_renewal_that_is_refused_leaves_the_orders_own_answer(clock: Seconds) -> None:
    provider = Provider()
    with using(provider, TokenAuth(Login(), monotonic=clock)) as client:
        order(client)
        provider.revoked, provider.login_status = {"t1"}, 401
        assert order(client).status_code == 401


def test_an_early_renewal_that_fails_leaves_the_good_token_in_use(clock: Seconds) -> None:
    provider = Provider()
    with using(provider, TokenAuth(Login(), monotonic=clock)) as client:
        order(client)
        clock.now, provider.login_status = LIFE - 10, 503
        assert order(client).json()["token"] == "t1"
        clock.now = LIFE
        with pytest.raises(TokenError):
            order(client)


def test_many_threads_that_see_401_at_once_renew_once(clock: Seconds) -> None:
    provider = Provider()
    auth, lanes = TokenAuth(Login(), monotonic=clock), 16
    with using(provider, auth) as client:
        order(client)
        together = threading.Barrier(lanes)
        provider.revoked = {"t1"}

        def lane() -> int:
            together.wait(10)
            return order(client).status_code

        with ThreadPoolExecutor(lanes) as pool:
            answers = [job.result(20) for job in [pool.submit(lane) for _ in range(lanes)]]
    assert answers == [200] * lanes
    assert provider.renewals == ["/login", "/login"]


async def test_many_tasks_and_threads_share_one_login(clock: Seconds) -> None:
    provider = Provider()
    auth = TokenAuth(Login(), monotonic=clock)

    async def task() -> str:
        async with httpx.AsyncClient(transport=httpx.MockTransport(provider), auth=auth) as client:
            return str((await client.post("https://p.example/order")).json()["token"])

    def thread() -> str:
        with using(provider, auth) as client:
            return str(order(client).json()["token"])

    threads = [asyncio.to_thread(thread) for _ in range(8)]
    assert set(await asyncio.gather(*threads, *(task() for _ in range(8)))) == {"t1"}
    assert provider.renewals == ["/login"]


def test_waiting_threads_hear_of_a_refusal_without_asking_again(clock: Seconds) -> None:
    provider = Provider()
    provider.login_status, provider.hold = 401, threading.Event()
    auth = TokenAuth(Login(), monotonic=clock)
    with using(provider, auth) as client, ThreadPoolExecutor(4) as pool:
        jobs = [pool.submit(order, client) for _ in range(4)]
        round_ = auth._round
        while round_ is None:
            round_ = auth._round
        provider.hold.set()
        errors = [job.exception(20) for job in jobs]
    assert all(isinstance(error, TokenRefusedError) for error in errors)
    assert 1 <= len(provider.renewals) <= 4  # one that came after the refusal asks for itself


def test_a_page_that_says_401_is_no_refusal_of_the_token(clock: Seconds) -> None:
    """A filter can answer it after the provider has acted: the order is not sent again."""
    sent: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request.url.path)
        if request.url.path == "/login":
            return httpx.Response(200, json={"token": "t"})
        return httpx.Response(401, html="<title>Blocked</title>")

    with httpx.Client(transport=httpx.MockTransport(answer), auth=TokenAuth(Login(), monotonic=clock)) as client:
        assert order(client).status_code == 401
    assert sent == ["/login", "/order"]


def test_refused_credentials_are_not_tried_again_at_once(clock: Seconds) -> None:
    provider = Provider()
    provider.login_status = 401
    with using(provider, TokenAuth(Login(), monotonic=clock)) as client:
        for _ in range(5):
            with pytest.raises(TokenRefusedError):
                order(client)
        assert provider.renewals == ["/login"]
        clock.now, provider.login_status = 5.0, 200
        assert order(client).status_code == 200


def test_a_caller_that_is_given_up_in_a_renewal_lets_the_next_renew(clock: Seconds) -> None:
    auth = TokenAuth(Login(), monotonic=clock)
    given_up = auth.sync_auth_flow(httpx.Request("POST", "https://p.example/order"))
    assert next(given_up).url.path == "/login"
    given_up.close()  # its deadline, or an abort
    provider = Provider()
    with using(provider, auth) as client:
        assert order(client).status_code == 200
    assert provider.renewals == ["/login"]


async def test_a_task_cancelled_in_a_renewal_lets_the_waiting_one_renew(clock: Seconds) -> None:
    auth = TokenAuth(Login(), monotonic=clock)
    first = auth.async_auth_flow(httpx.Request("POST", "https://p.example/order"))
    assert (await anext(first)).url.path == "/login"
    second = auth.async_auth_flow(httpx.Request("POST", "https://p.example/order"))
    waiting = asyncio.ensure_future(anext(second))
    await asyncio.sleep(0)
    assert not waiting.done()
    await first.aclose()
    assert (await waiting).url.path == "/login"
    await second.aclose()


def test_a_flow_that_is_dropped_lets_go_too(clock: Seconds) -> None:
    auth = TokenAuth(Login(), monotonic=clock)
    dropped = auth.sync_auth_flow(httpx.Request("POST", "https://p.example/order"))
    next(dropped)
    del dropped
    gc.collect()
    with using(Provider(), auth) as client:
        assert order(client).status_code == 200


@given(st.lists(st.tuples(st.floats(0, 3 * LIFE), st.booleans()), max_size=20), st.floats(0, LIFE))
@settings(deadline=None)
def test_whatever_the_times_an_order_goes_out_with_a_living_token(
    calls: list[tuple[float, bool]], early: float
) -> None:
    clock, provider = Seconds(), Provider(refresh="r", refresh_life=1.5 * LIFE)
    born: dict[str, float] = {}
    with using(provider, TokenAuth(Login(), early=early, monotonic=clock)) as client:
        for pause, revoke in calls:
            clock.now += pause
            used = order(client).json()["token"]
            born.setdefault(used, clock.now)
            assert clock.now - born[used] < LIFE
            if revoke:
                provider.revoked.add(used)


def test_nothing_secret_shows(clock: Seconds, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    provider = Provider(refresh="refresh-canary", token="token-canary")
    auth = TokenAuth(Login(), monotonic=clock)
    with using(provider, auth) as client:
        order(client)
    token = Login().read(200, {}, json.dumps({"token": "token-canary", "refresh": "refresh-canary"}).encode())
    assert token is not None
    with pytest.raises(TypeError):
        pickle.dumps(token)
    shown = repr(auth) + repr(token) + repr(auth._held) + caplog.text
    assert "canary" not in shown
