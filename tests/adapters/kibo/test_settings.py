"""Configuration: every problem at once, no secret in any; hosts that never mix."""

from __future__ import annotations

import base64

import attrs
import pytest
from tests.adapters.kibo import holds as h

from stampcard.adapter import Installable
from stampcard.errors import ConfigurationError
from stampcard.model import Environment, Secret, Site
from stampcard_adapters.kibo import Kibo, KiboAdapter, KiboKeys, Kind, Switches

GOOD = {
    "KIBO_API_KEY": "sandbox-key",
    "KIBO_SECRET": "sandbox-secret",
    "KIBO_MANUFACTURER_ID": "1010",
    "KIBO_CATALOG_ID": "0",
    "KIBO_ENVIRONMENT": "live",
}
SEAL = base64.b64encode(bytes(range(64))).decode()


def fields(error: ConfigurationError) -> list[str | None]:
    return [problem.field for problem in error.problems]


class TestFromTheEnvironment:
    def test_the_smallest_set(self) -> None:
        kibo = Kibo.from_env(GOOD)
        assert kibo.environment is Environment.LIVE
        assert kibo.base_url == "https://integration.shopatron.com"
        assert kibo.token_url == "https://auth.shopatron.com/oauthserver/oauth2/token"
        assert kibo.keys_of("default") == h.KEYS
        assert (kibo.locale, kibo.test_orders, kibo.seal_key, kibo.switches) == ("en-US", False, None, Switches())
        installed: type[Installable] = Kibo
        assert installed.name == "kibo"

    def test_everything(self) -> None:
        env = {
            **GOOD,
            "KIBO_ENVIRONMENT": "TEST",
            "KIBO_URL": "https://oms.example:8443/",
            "KIBO_LOCALE": "en_CA",
            "KIBO_TEST_ORDERS": "yes",
            "KIBO_SEAL_KEY": SEAL,
            "KIBO_HOLD_DAYS": "5",
            "KIBO_RESEND_TOKENS": "yes",
            "KIBO_FIND_BY_EXTERNAL_ID": "yes",
            "KIBO_PAYMENT_TYPES": "paypal=PAYPAL,gift_card=SVC",
            "KIBO_SLASH_IN_EXPIRY": "yes",
            "KIBO_ACTION_FIRST": "yes",
        }
        kibo = Kibo.from_env(env)
        assert kibo.base_url == "https://oms.example:8443"
        assert kibo.token_url == "https://authstaging.cloudatron.com/oauthserver/oauth2/token"
        assert (kibo.locale, kibo.test_orders) == ("en_CA", True)
        assert kibo.seal_key is not None
        switches = kibo.switches
        assert (switches.hold_days, switches.resend_tokens, switches.find_by_external_id) == (5, True, True)
        assert (switches.slash_in_expiry, switches.action_first) == (True, True)
        assert switches.payment_types[Kind.PAYPAL] == "PAYPAL"
        assert switches.payment_types[Kind.CARD] == "CC"

    def test_nothing_at_all_names_everything_that_is_needed(self) -> None:
        with pytest.raises(ConfigurationError) as caught:
            Kibo.from_env({}, "ACME_KIBO_")
        names = ("API_KEY", "SECRET", "MANUFACTURER_ID", "CATALOG_ID", "ENVIRONMENT")
        assert fields(caught.value) == [f"ACME_KIBO_{name}" for name in names]

    def test_every_bad_value_is_told_and_none_is_shown(self) -> None:
        env = {
            "KIBO_API_KEY": "bad:key",
            "KIBO_SECRET": "sandbox-secret",
            "KIBO_MANUFACTURER_ID": "01010",
            "KIBO_CATALOG_ID": "-1",
            "KIBO_ENVIRONMENT": "test",
            "KIBO_AUTH_URL": "http://plain.example",
            "KIBO_LOCALE": "English!",
            "KIBO_SEAL_KEY": "c2hvcnQ=",
            "KIBO_HOLD_DAYS": "ever",
            "KIBO_PAYMENT_TYPES": "cheque=CH",
            "KIBO_TEST_ORDERS": "perhaps",
        }
        with pytest.raises(ConfigurationError) as caught:
            Kibo.from_env(env)
        assert sorted(str(f) for f in fields(caught.value)) == sorted(
            f"KIBO_{name}"
            for name in (
                "API_KEY",
                "MANUFACTURER_ID",
                "CATALOG_ID",
                "URL",
                "AUTH_URL",
                "LOCALE",
                "SEAL_KEY",
                "HOLD_DAYS",
                "PAYMENT_TYPES",
                "TEST_ORDERS",
            )
        )
        for value in ("bad:key", "sandbox-secret", "01010", "plain.example", "English!", "c2hvcnQ=", "ever", "perhaps"):
            assert value not in str(caught.value)


class TestUrls:
    @pytest.mark.parametrize(
        ("url", "auth_url", "environment", "token_host"),
        [
            ("http://127.0.0.1:8080", None, Environment.SANDBOX, "http://127.0.0.1:8080"),
            ("http://[::1]:1", "http://localhost:2", Environment.SANDBOX, "http://localhost:2"),
            (None, None, Environment.LIVE, "https://auth.shopatron.com"),
            ("https://proxy.example", "https://id.example/", Environment.LIVE, "https://id.example"),
            ("https://oms.example", None, Environment.TEST, "https://authstaging.cloudatron.com"),
        ],
    )
    def test_good_ones(self, url: str | None, auth_url: str | None, environment: Environment, token_host: str) -> None:
        kibo = Kibo(h.KEYS, environment=environment, url=url, auth_url=auth_url)
        assert kibo.token_url == token_host + "/oauthserver/oauth2/token"

    @pytest.mark.parametrize("field", ["url", "auth_url"])
    @pytest.mark.parametrize(
        ("address", "environment"),
        [
            ("http://sandbox.example", Environment.SANDBOX),
            ("http://127.0.0.1", Environment.TEST),
            ("ftp://127.0.0.1", Environment.SANDBOX),
            ("https://authstaging.cloudatron.com", Environment.LIVE),
            ("https://integration.shopatron.com", Environment.TEST),
            ("https://auth.shopatron.com", Environment.TEST),
            ("https://x.example/base", Environment.LIVE),
            ("https://x.example?", Environment.LIVE),
            ("https://u:p@x.example", Environment.LIVE),
            ("https://", Environment.LIVE),
            ("https://x:99999999", Environment.LIVE),
        ],
    )
    def test_bad_ones(self, address: str, environment: Environment, field: str) -> None:
        urls = {"url": "https://oms.example", "auth_url": None, field: address}
        with pytest.raises(ConfigurationError) as caught:
            Kibo(h.KEYS, environment=environment, **urls)
        assert set(fields(caught.value)) == {field}

    @pytest.mark.parametrize("environment", [Environment.TEST, Environment.SANDBOX])
    def test_a_host_nobody_documented_has_to_be_named(self, environment: Environment) -> None:
        with pytest.raises(ConfigurationError) as caught:
            Kibo(h.KEYS, environment=environment)
        assert fields(caught.value) == ["url"]


def test_the_rest_is_checked_together() -> None:
    bad = Switches(call_budget=0.0, late_window=1e9, hold_days=0, payment_types={Kind.PAYPAL: " "})
    with pytest.raises(ConfigurationError) as caught:
        Kibo(h.KEYS, environment=Environment.LIVE, locale="", switches=bad)
    assert fields(caught.value) == [
        "locale",
        "switches.call_budget",
        "switches.late_window",
        "switches.hold_days",
        "switches.payment_types",
    ]


@pytest.mark.parametrize(
    ("field", "value"),
    [("api_key", "a:b"), ("api_key", ""), ("secret", Secret(" ")), ("manufacturer_id", True), ("catalog_id", "0")],
)
def test_keys_that_cannot_be(field: str, value: object) -> None:
    with pytest.raises(ConfigurationError) as caught:
        attrs.evolve(h.KEYS, **{field: value})
    assert fields(caught.value) == [field]


def test_keys_are_asked_per_tenant_and_a_stranger_is_told() -> None:
    rings = {"acme": attrs.evolve(h.KEYS, manufacturer_id=7)}

    def keys(tenant: str, /) -> KiboKeys:
        return rings[tenant]

    kibo = Kibo(keys, environment=Environment.LIVE)
    assert kibo.keys_of("acme").manufacturer_id == 7
    with pytest.raises(ConfigurationError, match="stranger"):
        KiboAdapter(kibo).auth(Site(store="1", tenant="stranger"))


def test_nothing_shows_a_secret() -> None:
    kibo = h.settings()
    shown = f"{h.KEYS!r} {kibo!r} {KiboAdapter(kibo).auth(h.order().site)!r}"
    for word in ("sandbox-key", "sandbox-secret"):
        assert word not in shown
