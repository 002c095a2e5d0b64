"""Configuration: every problem at once, no secret in any; and the signature an adapter's hook really puts on."""

from __future__ import annotations

import httpx
import pytest
from tests.adapters.spendgo import orders as o

from stampcard.adapter import Installable
from stampcard.errors import ConfigurationError
from stampcard.model import Environment, Site
from stampcard.signing import Key, KeyRing
from stampcard_adapters.spendgo import AfterVoid, PointsLeave, Repeated, Spendgo, SpendgoAdapter, SpendgoKeys, Switches

SECRET = "c2FuZGJveC1zZWNyZXQtMDAwMS1hc2NpaS1vbmx5"
GOOD = {
    "SPENDGO_ACCOUNT_ID": "33559",
    "SPENDGO_API_KEY": "an-api-key-0001",
    "SPENDGO_SECRET": SECRET,
    "SPENDGO_ENVIRONMENT": "test",
}


def fields(error: ConfigurationError) -> list[str | None]:
    return [problem.field for problem in error.problems]


class TestFromTheEnvironment:
    def test_the_smallest_set(self) -> None:
        spendgo = Spendgo.from_env(GOOD)
        assert spendgo.environment is Environment.TEST
        assert spendgo.base_url == "https://webservice.skuped.com"
        assert spendgo.keys_of("default").account_id == "33559"
        assert spendgo.store_code("0042") == "0042"
        installed: type[Installable] = Spendgo
        assert installed.name == "spendgo"

    def test_everything(self) -> None:
        env = {
            **GOOD,
            "SPENDGO_ENVIRONMENT": "LIVE",
            "SPENDGO_OTHER_API_KEY": "old",
            "SPENDGO_OTHER_SECRET": SECRET,
            "SPENDGO_STORES": "0042=999999",
            "SPENDGO_CURRENCY": "cad",
            "SPENDGO_REPEAT": "refused",
            "SPENDGO_POINTS_LEAVE_AT": "placed",
            "SPENDGO_GONE_IS_USED": "yes",
            "SPENDGO_PAYMENTS_AS_ARRAY": "no",
            "SPENDGO_AFTER_VOID": "refused",
            "SPENDGO_URL": "https://loyalty.example:8443/",
        }
        spendgo = Spendgo.from_env(env)
        assert spendgo.base_url == "https://loyalty.example:8443"
        assert spendgo.store_code("0042") == "999999"
        assert (spendgo.currency, spendgo.switches.repeat) == ("CAD", Repeated.REFUSED)
        assert spendgo.switches.points_leave_at is PointsLeave.PLACED
        assert (spendgo.switches.gone_is_used, spendgo.switches.payments_as_array) == (True, False)
        assert spendgo.switches.after_void is AfterVoid.REFUSED
        assert spendgo.keys_of("x").keys.other == Key.base64("old", SECRET)

    def test_nothing_at_all_names_everything_that_is_needed(self) -> None:
        with pytest.raises(ConfigurationError) as caught:
            Spendgo.from_env({}, "ACME_SPENDGO_")
        assert fields(caught.value) == [
            "ACME_SPENDGO_ACCOUNT_ID",
            "ACME_SPENDGO_API_KEY",
            "ACME_SPENDGO_SECRET",
            "ACME_SPENDGO_ENVIRONMENT",
        ]

    def test_every_bad_value_is_told_and_none_is_shown(self) -> None:
        env = {
            **GOOD,
            "SPENDGO_API_KEY": "bad key",
            "SPENDGO_SECRET": SECRET + "!",
            "SPENDGO_OTHER_API_KEY": "lonely",
            "SPENDGO_STORES": "0042",
            "SPENDGO_CURRENCY": "dollars",
            "SPENDGO_REPEAT": "maybe",
            "SPENDGO_URL": "http://plain.example",
        }
        with pytest.raises(ConfigurationError) as caught:
            Spendgo.from_env(env)
        assert fields(caught.value) == [
            "SPENDGO_API_KEY",
            "SPENDGO_OTHER_SECRET",
            "SPENDGO_STORES",
            "SPENDGO_URL",
            "SPENDGO_CURRENCY",
            "SPENDGO_REPEAT",
        ]
        for value in ("bad key", SECRET, "lonely", "plain.example", "dollars", "maybe"):
            assert value not in str(caught.value)

    def test_a_secret_that_is_not_canonical_names_its_variable(self) -> None:
        with pytest.raises(ConfigurationError) as caught:
            SpendgoKeys.from_env({**GOOD, "SPENDGO_SECRET": "c2VjcmV0Ch=="})
        assert fields(caught.value) == ["SPENDGO_SECRET"]
        assert "spare bits" in str(caught.value)


class TestUrl:
    @pytest.mark.parametrize(
        ("url", "environment"),
        [
            ("http://127.0.0.1:8080", Environment.SANDBOX),
            ("http://localhost", Environment.SANDBOX),
            ("http://[::1]:1", Environment.SANDBOX),
            ("https://sandbox.example", Environment.SANDBOX),
            ("https://webservice.skuped.com", Environment.TEST),
            ("https://proxy.example", Environment.LIVE),
        ],
    )
    def test_good_ones(self, url: str, environment: Environment) -> None:
        assert Spendgo(o.KEYS, environment=environment, url=url).base_url == url

    @pytest.mark.parametrize(
        ("url", "environment"),
        [
            (None, Environment.SANDBOX),
            ("http://sandbox.example", Environment.SANDBOX),
            ("http://127.0.0.1", Environment.TEST),
            ("ftp://127.0.0.1", Environment.SANDBOX),
            ("https://webservice.skuped.com", Environment.LIVE),
            ("https://webservice.spendgo.com", Environment.TEST),
            ("https://x.example/base", Environment.LIVE),
            ("https://x.example?", Environment.LIVE),
            ("https://u:p@x.example", Environment.LIVE),
            ("x.example", Environment.LIVE),
            ("https://", Environment.LIVE),
            ("https://x:99999999", Environment.LIVE),
        ],
    )
    def test_bad_ones(self, url: str | None, environment: Environment) -> None:
        with pytest.raises(ConfigurationError) as caught:
            Spendgo(o.KEYS, environment=environment, url=url)
        assert set(fields(caught.value)) == {"url"}


def test_switches_and_currency_are_checked_together() -> None:
    with pytest.raises(ConfigurationError) as caught:
        Spendgo(
            o.KEYS, environment=Environment.LIVE, currency="usd", switches=Switches(call_budget=0.0, late_window=1e9)
        )
    assert fields(caught.value) == ["currency", "switches.call_budget", "switches.late_window"]


def test_nothing_shows_a_secret() -> None:
    spendgo = Spendgo(o.KEYS, environment=Environment.TEST)
    shown = f"{o.KEYS!r} {spendgo!r} {SpendgoAdapter(spendgo).auth(o.order().site)!r}"
    assert "a-top-secret" not in shown
    assert "an-api-key-0001" not in shown


class TestTheHook:
    """The adapter's own auth over the adapter's own request, checked by what the provider would compute."""

    def adapter(self, rings: dict[str, KeyRing]) -> SpendgoAdapter:
        def keys(tenant: str, /) -> SpendgoKeys:
            return SpendgoKeys(account_id="33559", keys=rings[tenant])

        return SpendgoAdapter(Spendgo(keys, environment=Environment.TEST))

    def test_signs_what_is_sent_with_the_tenants_key(self) -> None:
        adapter = self.adapter({"acme": KeyRing(current=Key.base64("k1", SECRET))})
        request = httpx.Request("GET", adapter.base_url + "/loyalty/accounts/494979/rewards?store=999999")
        sent = next(adapter.auth(Site(store="1", tenant="acme")).auth_flow(request))
        assert sent.headers["X-Class-Key"] == "k1"
        assert sent.headers["X-Class-Signature"] == "1zWxWWtS3YWgQ7cxgo6FnKuhSi1u4CavTQg7eH2dwCY="

    def test_a_tenant_without_keys_is_told_before_anything_is_sent(self) -> None:
        with pytest.raises(ConfigurationError, match="acme"):
            self.adapter({}).auth(Site(store="1", tenant="acme"))

    @pytest.mark.parametrize(("code", "calls"), [(1003, 2), (1004, 2), (1001, 1), (1011, 1)])
    def test_only_wrong_key_and_wrong_signature_try_the_other_key(self, code: int, calls: int) -> None:
        ring = KeyRing(current=Key.raw("new", b"n"), other=Key.raw("old", b"o"))
        adapter, seen = self.adapter({"acme": ring}), list[str]()

        def provider(request: httpx.Request) -> httpx.Response:
            seen.append(request.headers["X-Class-Key"])
            return httpx.Response(401, json={"code": code, "details": "no"})

        with httpx.Client(transport=httpx.MockTransport(provider)) as client:
            client.get("https://x.example/a", auth=adapter.auth(Site(store="1", tenant="acme")))
        assert len(seen) == calls

    def test_remembers_the_key_that_worked_from_call_to_call(self) -> None:
        ring = KeyRing(current=Key.raw("new", b"n"), other=Key.raw("old", b"o"))
        adapter, seen = self.adapter({"acme": ring}), list[str]()

        def provider(request: httpx.Request) -> httpx.Response:
            seen.append(request.headers["X-Class-Key"])
            if seen[-1] == "new":
                return httpx.Response(401, json={"code": 1003, "details": "Invalid user key."})
            return httpx.Response(200, json={})

        with httpx.Client(transport=httpx.MockTransport(provider)) as client:
            for store in ("1", "2", "3"):
                client.get("https://x.example/a", auth=adapter.auth(Site(store=store, tenant="acme")))
        assert seen == ["new", "old", "old", "old"]
