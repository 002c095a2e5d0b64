"""A hook is the integrator's or the tenant's own: kept, told at once when there are no keys, one for all threads."""

from __future__ import annotations

from collections.abc import Callable, Generator
from threading import Barrier, Thread

import httpx
import pytest

from stampcard.errors import ConfigurationError
from stampcard.hooks import TenantHooks
from stampcard.model import Refusal, Site

ACME, OTHER = Site(store="1", tenant="acme"), Site(store="2", tenant="other")


class Hook(httpx.Auth):
    def __init__(self, keys: Callable[[], str]) -> None:
        self.keys = keys

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["X-Key"] = self.keys()
        yield request


class Vault:
    """Keys by tenant, as settings answer with them."""

    def __init__(self) -> None:
        self.known = {"acme": "a-1", "other": "o-1"}

    def __call__(self, tenant: str) -> str:
        if tenant not in self.known:
            raise ConfigurationError.of([Refusal(code="tenant.unknown", message="no keys", field="tenant")])
        return self.known[tenant]


def key_of(hook: httpx.Auth) -> str:
    return next(hook.sync_auth_flow(httpx.Request("GET", "https://x.example"))).headers["X-Key"]


def test_each_tenant_has_its_own_and_keeps_it() -> None:
    hooks = TenantHooks(None, Vault(), Hook)
    assert hooks(ACME) is hooks(Site(store="9", register="2", tenant="acme"))
    assert hooks(ACME) is not hooks(OTHER)
    assert (key_of(hooks(ACME)), key_of(hooks(OTHER))) == ("a-1", "o-1")


def test_a_tenant_without_keys_is_told_when_the_hook_is_asked_for() -> None:
    vault = Vault()
    hooks = TenantHooks(None, vault, Hook)
    assert hooks(ACME)
    del vault.known["acme"]
    for site in (ACME, Site(store="1", tenant="stranger")):
        with pytest.raises(ConfigurationError):
            hooks(site)


def test_a_kept_hook_asks_for_the_keys_of_now() -> None:
    vault = Vault()
    hooks = TenantHooks(None, vault, Hook)
    first = hooks(ACME)
    vault.known["acme"] = "a-2"
    assert hooks(ACME) is first
    assert key_of(first) == "a-2"


def test_one_that_cannot_ask_is_made_anew_when_the_keys_change_and_only_then() -> None:
    vault, made = Vault(), list[str]()

    def make(keys: Callable[[], str]) -> httpx.Auth:
        held = keys()
        made.append(held)
        return Hook(lambda: held)

    hooks = TenantHooks(None, vault, make, anew=True)
    assert key_of(hooks(ACME)) == key_of(hooks(ACME)) == "a-1"
    vault.known["acme"] = "a-2"
    assert key_of(hooks(ACME)) == key_of(hooks(ACME)) == "a-2"
    assert made == ["a-1", "a-2"]


def test_the_integrators_own_comes_first_and_needs_no_keys() -> None:
    own, asked = Hook(lambda: "own"), list[Site]()

    def by_site(site: Site) -> httpx.Auth:
        asked.append(site)
        return own

    stranger = Site(store="1", tenant="stranger")
    assert TenantHooks(own, Vault(), Hook)(stranger) is own
    assert TenantHooks(by_site, Vault(), Hook)(stranger) is own
    assert asked == [stranger]


def test_threads_that_ask_at_once_share_one() -> None:
    together, made, got = Barrier(8), list[httpx.Auth](), list[httpx.Auth]()

    def make(keys: Callable[[], str]) -> httpx.Auth:
        made.append(Hook(keys))
        return made[-1]

    hooks = TenantHooks(None, Vault(), make)

    def ask() -> None:
        together.wait()
        got.append(hooks(ACME))

    threads = [Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
    assert set(map(id, got)) == {id(made[0])}


def test_it_shows_no_key() -> None:
    hooks = TenantHooks(None, Vault(), Hook)
    hooks(ACME)
    assert "a-1" not in repr(hooks) + str(hooks)
