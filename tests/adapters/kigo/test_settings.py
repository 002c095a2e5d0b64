"""Configuration: every problem at once, no secret in any."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.adapters.kigo import orders as o

from stampcard.adapter import Installable
from stampcard.errors import ConfigurationError
from stampcard.model import Environment, Secret
from stampcard_adapters.kigo import ORDER_PATH, Kigo, KigoKeys, ProgramField, Switches

GOOD = {
    "KIGO_PARTNER_ID": o.PARTNER,
    "KIGO_API_KEY": o.API_KEY,
    "KIGO_ENVIRONMENT": "test",
}
TEST = "https://kigo-core-server-test.kigodigital.net"
STAGE = "https://kigo-core-server-stage.kigodigital.net"
LIVE = "https://api.kigodigital.net"


def fields(error: ConfigurationError) -> list[str | None]:
    return [problem.field for problem in error.problems]


class TestFromTheEnvironment:
    def test_the_smallest_set(self) -> None:
        kigo = Kigo.from_env(GOOD)
        assert kigo.environment is Environment.TEST
        assert kigo.base_url == TEST
        assert kigo.keys_of("default") == o.KEYS
        assert kigo.order_path == ORDER_PATH == "/api/v1/products/{product_id}/claim-codes"
        assert kigo.switches == Switches()
        installed: type[Installable] = Kigo
        assert installed.name == "kigo"

    def test_everything(self) -> None:
        env = {
            **GOOD,
            "KIGO_ENVIRONMENT": "LIVE",
            "KIGO_URL": "https://loyalty.example:8443/",
            "KIGO_ORDER_PATH": "/api/v2/orders",
            "KIGO_PRODUCT_IN_BODY": "yes",
            "KIGO_PROGRAM_FIELD": "brand_identifier",
            "KIGO_REVEAL_WITHIN": "3600",
        }
        kigo = Kigo.from_env(env)
        assert kigo.base_url == "https://loyalty.example:8443"
        assert kigo.order_path == "/api/v2/orders"
        assert kigo.switches == Switches(
            product_in_body=True, program_field=ProgramField.BRAND_IDENTIFIER, reveal_within=3600.0
        )

    def test_nothing_at_all_names_everything_that_is_needed(self) -> None:
        with pytest.raises(ConfigurationError) as caught:
            Kigo.from_env({}, "ACME_KIGO_")
        assert fields(caught.value) == ["ACME_KIGO_PARTNER_ID", "ACME_KIGO_API_KEY", "ACME_KIGO_ENVIRONMENT"]

    def test_every_bad_value_is_told_and_none_is_shown(self) -> None:
        env = {
            "KIGO_PARTNER_ID": "part\nner",
            "KIGO_API_KEY": " key-with-a-space",
            "KIGO_ENVIRONMENT": "test",
            "KIGO_URL": "http://plain.example",
            "KIGO_ORDER_PATH": "claims",
            "KIGO_PRODUCT_IN_BODY": "perhaps",
            "KIGO_PROGRAM_FIELD": "brand",
            "KIGO_REVEAL_WITHIN": "a-day",
        }
        with pytest.raises(ConfigurationError) as caught:
            Kigo.from_env(env)
        assert sorted(set(map(str, fields(caught.value)))) == sorted(env.keys() - {"KIGO_ENVIRONMENT"})
        for value in ("key-with", "ner", "plain.example", "claims", "perhaps", "a-day"):
            assert value not in str(caught.value).replace("partner", "")

    @pytest.mark.parametrize("seconds", ["0", "-1", "1.5", "1e3", "9" * 30, "nan"])
    def test_what_is_no_number_of_seconds(self, seconds: str) -> None:
        with pytest.raises(ConfigurationError) as caught:
            Kigo.from_env({**GOOD, "KIGO_REVEAL_WITHIN": seconds})
        assert fields(caught.value) == ["KIGO_REVEAL_WITHIN"]


class TestUrl:
    @pytest.mark.parametrize(
        ("url", "environment"),
        [
            ("http://127.0.0.1:8080", Environment.SANDBOX),
            ("http://localhost", Environment.SANDBOX),
            ("http://[::1]:1", Environment.SANDBOX),
            (TEST, Environment.TEST),
            (STAGE, Environment.TEST),
            (LIVE, Environment.LIVE),
            ("https://proxy.example", Environment.LIVE),
        ],
    )
    def test_good_ones(self, url: str, environment: Environment) -> None:
        assert Kigo(o.KEYS, environment=environment, url=url).base_url == url

    @pytest.mark.parametrize(
        ("url", "environment"),
        [
            (None, Environment.SANDBOX),
            ("http://sandbox.example", Environment.SANDBOX),
            ("http://127.0.0.1", Environment.TEST),
            (TEST, Environment.LIVE),
            (STAGE, Environment.LIVE),
            (LIVE, Environment.TEST),
            ("https://x.example/api", Environment.LIVE),
            ("https://x.example?", Environment.LIVE),
            ("https://u:p@x.example", Environment.LIVE),
            ("x.example", Environment.LIVE),
            ("https://", Environment.LIVE),
            ("https://x:99999999", Environment.LIVE),
        ],
    )
    def test_bad_ones(self, url: str | None, environment: Environment) -> None:
        with pytest.raises(ConfigurationError) as caught:
            Kigo(o.KEYS, environment=environment, url=url)
        assert set(fields(caught.value)) == {"url"}

    @pytest.mark.parametrize(("environment", "url"), [(Environment.TEST, TEST), (Environment.LIVE, LIVE)])
    def test_the_environments_own(self, environment: Environment, url: str) -> None:
        assert Kigo(o.KEYS, environment=environment).base_url == url


class TestOrderPath:
    @pytest.mark.parametrize(
        "path", [ORDER_PATH, "/{product_id}", "/v1/tokens:{product_id}", "/a/%7E/{product_id}/b-c_d.e~f"]
    )
    def test_good_ones(self, path: str) -> None:
        assert o.kigo(path).order_path == path
        assert o.adapter(path).order_call("1", "p/1").target == path.replace("{product_id}", "p%2F1")

    @pytest.mark.parametrize(
        "path",
        [
            "",
            "/",
            "api/{product_id}",
            "https://x.example/{product_id}",
            "//x.example/{product_id}",
            "/api//{product_id}",
            "/api/../{product_id}",
            "/api/{product_id}/",
            "/api/{product_id}?x=1",
            "/api/{product_id}#x",
            "/api/{product_id}/{}",
            "/api/{0}/{product_id}",
            "/api/{{product_id}}",
            "/api/{product}",
            "/api/{product_id!r}",
            "/a b/{product_id}",
            "/é/{product_id}",
            "/api/claim-codes",
            "/{product_id}/{product_id}",
        ],
    )
    def test_bad_ones(self, path: str) -> None:
        with pytest.raises(ConfigurationError) as caught:
            o.kigo(path)
        assert set(fields(caught.value)) == {"order_path"}

    def test_the_product_may_be_left_out_where_the_body_names_it(self) -> None:
        assert o.adapter("/api/v1/claims", product_in_body=True).order_call("1", "p").target == "/api/v1/claims"

    @given(path=st.text(max_size=30) | st.text("/{}.product_id%:", max_size=40))
    def test_any_template_is_refused_or_makes_a_path_on_the_provider(self, path: str) -> None:
        try:
            adapter = o.adapter(path, product_in_body=True)
        except ConfigurationError:
            return
        target = adapter.order_call("1", "a/b?c").target
        assert target.startswith("/")
        assert not target.startswith("//")
        assert target.isascii()
        assert "?" not in target


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("call_budget", 0),
        ("call_budget", 3600),
        ("late_window", -1),
        ("reveal_within", 0),
        ("reveal_within", float("nan")),
    ],
)
def test_a_switch_that_is_no_number_of_seconds(name: str, value: float) -> None:
    with pytest.raises(ConfigurationError) as caught:
        o.kigo(**{name: value})
    assert fields(caught.value) == [f"switches.{name}"]


def test_several_problems_are_told_at_once() -> None:
    with pytest.raises(ConfigurationError) as caught:
        Kigo(o.KEYS, environment=Environment.SANDBOX, order_path="x", switches=Switches(call_budget=0))
    assert {"url", "order_path", "switches.call_budget"} <= set(map(str, fields(caught.value)))


class TestKeys:
    @pytest.mark.parametrize(
        ("partner_id", "api_key", "bad"),
        [
            ("", "k", ["partner_id"]),
            ("p", "", ["api_key"]),
            (" ", "\t", ["partner_id", "api_key"]),
            ("p", "canary-key\n", ["api_key"]),
            ("p\x00", "k", ["partner_id"]),
        ],
    )
    def test_bad_ones_are_told_without_being_shown(self, partner_id: str, api_key: str, bad: list[str]) -> None:
        with pytest.raises(ConfigurationError) as caught:
            KigoKeys(partner_id=partner_id, api_key=Secret(api_key))
        assert fields(caught.value) == bad
        assert "canary" not in str(caught.value)

    def test_a_key_never_shows(self) -> None:
        settings = o.kigo()
        for shown in (settings, o.KEYS, o.KEYS.api_key, o.adapter(), settings.switches):
            assert o.API_KEY not in repr(shown) + str(shown)

    def test_each_tenant_has_its_own_and_an_unknown_one_is_a_setting_that_is_missing(self) -> None:
        both = {"north": o.KEYS, "south": KigoKeys(partner_id="s", api_key=Secret("s-key"))}
        settings: Any = o.kigo(keys=both.__getitem__)
        assert settings.keys_of("south").partner_id == "s"
        with pytest.raises(ConfigurationError) as caught:
            settings.keys_of("west")
        assert [p.code for p in caught.value.problems] == ["tenant.unknown"]
