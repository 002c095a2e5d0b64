"""Configuration: every problem at once, no secret in any."""

from __future__ import annotations

import pytest
from tests.adapters.sessionm import orders as o

from stampcard.adapter import Installable
from stampcard.errors import ConfigurationError
from stampcard.model import Environment, Site
from stampcard_adapters.sessionm import SessionM, SessionMAdapter, SessionMKeys, Switches

GOOD = {
    "SESSIONM_API_KEY": o.API_KEY,
    "SESSIONM_SECRET": o.SECRET,
    "SESSIONM_ENVIRONMENT": "test",
    "SESSIONM_URL": o.URL,
}


def fields(error: ConfigurationError) -> list[str | None]:
    return [problem.field for problem in error.problems]


class TestFromTheEnvironment:
    def test_the_smallest_set(self) -> None:
        sessionm = SessionM.from_env(GOOD)
        assert sessionm.environment is Environment.TEST
        assert sessionm.base_url == o.URL
        assert sessionm.keys_of("default") == o.KEYS
        assert sessionm.switches == Switches(send_external_id=True, adopt_by_shape=False)
        installed: type[Installable] = SessionM
        assert installed.name == "sessionm"

    def test_everything(self) -> None:
        env = {
            **GOOD,
            "SESSIONM_ENVIRONMENT": "SANDBOX",
            "SESSIONM_URL": "http://127.0.0.1:8080/",
            "SESSIONM_SEND_EXTERNAL_ID": "no",
            "SESSIONM_ADOPT_BY_SHAPE": "yes",
            "SESSIONM_ANSWER_FIELD": "answer",
        }
        sessionm = SessionM.from_env(env)
        assert sessionm.base_url == "http://127.0.0.1:8080"
        assert sessionm.switches == Switches(send_external_id=False, adopt_by_shape=True, answer_field="answer")

    def test_nothing_at_all_names_everything_that_is_needed(self) -> None:
        with pytest.raises(ConfigurationError) as caught:
            SessionM.from_env({}, "ACME_SESSIONM_")
        assert fields(caught.value) == [
            "ACME_SESSIONM_API_KEY",
            "ACME_SESSIONM_SECRET",
            "ACME_SESSIONM_ENVIRONMENT",
            "ACME_SESSIONM_URL",
        ]

    def test_every_bad_value_is_told_and_none_is_shown(self) -> None:
        env = {
            **GOOD,
            "SESSIONM_API_KEY": "colon:key",
            "SESSIONM_SECRET": "s\u00e9cret",
            "SESSIONM_URL": "http://plain.example",
            "SESSIONM_ADOPT_BY_SHAPE": "maybe",
            "SESSIONM_SEND_EXTERNAL_ID": "perhaps",
            "SESSIONM_ANSWER_FIELD": "two words",
        }
        with pytest.raises(ConfigurationError) as caught:
            SessionM.from_env(env)
        assert sorted(map(str, fields(caught.value))) == [
            "SESSIONM_ADOPT_BY_SHAPE",
            "SESSIONM_ANSWER_FIELD",
            "SESSIONM_API_KEY",
            "SESSIONM_SECRET",
            "SESSIONM_SEND_EXTERNAL_ID",
            "SESSIONM_URL",
        ]
        for value in ("colon:key", "s\u00e9cret", "plain.example", "maybe", "perhaps", "two words"):
            assert value not in str(caught.value)


class TestKeys:
    @pytest.mark.parametrize("api_key", ["", " ", "a b", "a:b", "a\nb", "\u00e9", ".", ".."])
    def test_a_key_that_no_path_and_no_basic_header_can_carry_is_refused(self, api_key: str) -> None:
        with pytest.raises(ConfigurationError) as caught:
            SessionMKeys.of(api_key, "x")
        assert fields(caught.value) == ["API_KEY"]

    @pytest.mark.parametrize("secret", ["", "  ", "a\nb", "\u00e9"])
    def test_a_secret_that_no_header_can_carry_is_refused(self, secret: str) -> None:
        with pytest.raises(ConfigurationError) as caught:
            SessionMKeys.of("key", secret)
        assert fields(caught.value) == ["SECRET"]

    def test_are_asked_per_tenant_at_every_request(self) -> None:
        asked: list[str] = []

        def keys(tenant: str, /) -> SessionMKeys:
            asked.append(tenant)
            return {"acme": o.KEYS}[tenant]

        sessionm = SessionM(keys, environment=Environment.TEST, url=o.URL)
        assert [sessionm.keys_of("acme"), sessionm.keys_of("acme")] == [o.KEYS, o.KEYS]
        assert asked == ["acme", "acme"]
        with pytest.raises(ConfigurationError, match="beta"):
            SessionMAdapter(sessionm).auth(Site(store="1", tenant="beta"))


class TestUrl:
    @pytest.mark.parametrize(
        ("url", "environment"),
        [
            ("http://127.0.0.1:8080", Environment.SANDBOX),
            ("http://localhost", Environment.SANDBOX),
            ("http://[::1]:1", Environment.SANDBOX),
            (o.URL, Environment.LIVE),
            (o.URL + "/", Environment.TEST),
        ],
    )
    def test_good_ones(self, url: str, environment: Environment) -> None:
        assert SessionM(o.KEYS, environment=environment, url=url).base_url == url.removesuffix("/")

    @pytest.mark.parametrize(
        ("url", "environment"),
        [
            ("", Environment.LIVE),
            ("http://sandbox.example", Environment.SANDBOX),
            ("http://127.0.0.1", Environment.TEST),
            ("ftp://127.0.0.1", Environment.SANDBOX),
            ("https://x.example/priv/v1", Environment.LIVE),
            ("https://x.example?", Environment.LIVE),
            ("https://u:p@x.example", Environment.LIVE),
            ("x.example", Environment.LIVE),
            ("https://", Environment.LIVE),
            ("https://x:99999999", Environment.LIVE),
        ],
    )
    def test_bad_ones(self, url: str, environment: Environment) -> None:
        with pytest.raises(ConfigurationError) as caught:
            SessionM(o.KEYS, environment=environment, url=url)
        assert set(fields(caught.value)) == {"url"}


def test_switches_are_checked_together_with_the_url() -> None:
    with pytest.raises(ConfigurationError) as caught:
        SessionM(
            o.KEYS,
            environment=Environment.LIVE,
            url="x",
            switches=Switches(call_budget=0.0, late_window=1e9, answer_field=""),
        )
    assert set(fields(caught.value)) == {
        "url",
        "switches.call_budget",
        "switches.late_window",
        "switches.answer_field",
    }


def test_nothing_shows_a_secret() -> None:
    sessionm = SessionM(o.KEYS, environment=Environment.TEST, url=o.URL)
    shown = f"{o.KEYS!r} {sessionm!r} {SessionMAdapter(sessionm).auth(o.SITE)!r}"
    assert o.SECRET not in shown
    assert o.API_KEY not in shown
