"""Configuration: every problem at once, no secret in any, one environment's keys and hosts never with another's."""

from __future__ import annotations

from typing import Any

import pytest
from tests.adapters.kalixo import orders as o

from stampcard.adapter import Installable
from stampcard.errors import ConfigurationError
from stampcard.model import Environment, Secret
from stampcard_adapters.kalixo import Kalixo, KalixoKeys, Switches

V1 = {
    "KALIXO_VERSION": "1",
    "KALIXO_ENVIRONMENT": "live",
    "KALIXO_EMAIL": " till@example.com ",
    "KALIXO_PASSWORD": "pass word",
}
V2 = {"KALIXO_VERSION": "2", "KALIXO_ENVIRONMENT": "test", "KALIXO_API_KEY": "kal_test_1"}


def fields(error: ConfigurationError) -> list[str | None]:
    return [problem.field for problem in error.problems]


class TestFromTheEnvironment:
    def test_the_smallest_sets(self) -> None:
        one, two = Kalixo.from_env(V1), Kalixo.from_env(V2)
        assert (one.version, one.environment, one.base_url) == (1, Environment.LIVE, "https://api.kalixo.io")
        assert one.keys_of("default") == KalixoKeys(email="till@example.com", password=Secret("pass word"))
        assert (two.version, two.environment, two.base_url) == (2, Environment.TEST, "https://sandbox.kalixo.io")
        assert two.keys_of("default").api_key == Secret("kal_test_1")
        assert one.switches == two.switches == Switches()
        installed: type[Installable] = Kalixo
        assert installed.name == "kalixo"

    def test_everything(self) -> None:
        env = {
            **V1,
            "KALIXO_ENVIRONMENT": "SANDBOX",
            "KALIXO_URL": "http://127.0.0.1:8080/",
            "KALIXO_TOTAL_AS_GIVEN": "yes",
            "KALIXO_RESEND_V1": "no",
            "KALIXO_QUICK_LOOKS": "off",
        }
        kalixo = Kalixo.from_env(env)
        assert kalixo.base_url == "http://127.0.0.1:8080"
        assert kalixo.switches == Switches(total_as_given=True, resend_v1=False, quick_looks=False)

    def test_nothing_at_all_names_what_is_needed_to_go_on(self) -> None:
        with pytest.raises(ConfigurationError) as caught:
            Kalixo.from_env({}, "ACME_")
        assert fields(caught.value) == ["ACME_VERSION", "ACME_ENVIRONMENT", "ACME_API_KEY"]

    @pytest.mark.parametrize("missing", ["VERSION", "ENVIRONMENT", "both", "bad"])
    @pytest.mark.parametrize(
        ("given", "lacks"),
        [
            ({"EMAIL": "till@example.com"}, "PASSWORD"),
            ({"PASSWORD": "p"}, "EMAIL"),
            ({"API_KEY": "bad key"}, "API_KEY"),
            ({}, "API_KEY"),
        ],
    )
    def test_what_else_is_wrong_is_told_also_without_version_and_environment(
        self, missing: str, given: dict[str, str], lacks: str
    ) -> None:
        one = "1" if lacks in ("EMAIL", "PASSWORD") else "2"
        world = {"VERSION": one, "ENVIRONMENT": "live"}
        world = {name: value for name, value in world.items() if missing not in (name, "both")}
        world = {"VERSION": "3", "ENVIRONMENT": "moon"} if missing == "bad" else world
        env = {**world, **given, "URL": "http://plain.example", "QUICK_LOOKS": "perhaps"}
        with pytest.raises(ConfigurationError) as caught:
            Kalixo.from_env({f"KALIXO_{name}": value for name, value in env.items()})
        unknown = ["VERSION", "ENVIRONMENT"] if missing in ("both", "bad") else [missing]
        assert fields(caught.value) == [f"KALIXO_{name}" for name in (*unknown, lacks, "URL", "QUICK_LOOKS")]

    @pytest.mark.parametrize(("version", "lacks"), [("1", ["EMAIL", "PASSWORD"]), ("2", ["API_KEY"])])
    def test_each_version_names_its_own_keys(self, version: str, lacks: list[str]) -> None:
        with pytest.raises(ConfigurationError) as caught:
            Kalixo.from_env({"KALIXO_VERSION": version, "KALIXO_ENVIRONMENT": "live"})
        assert fields(caught.value) == [f"KALIXO_{name}" for name in lacks]

    def test_every_bad_value_is_told_and_none_is_shown(self) -> None:
        env = {
            "KALIXO_VERSION": "2",
            "KALIXO_ENVIRONMENT": "live",
            "KALIXO_API_KEY": "bad canary",
            "KALIXO_URL": "http://plain.example",
            "KALIXO_TOTAL_AS_GIVEN": "perhaps",
        }
        with pytest.raises(ConfigurationError) as caught:
            Kalixo.from_env(env)
        assert fields(caught.value) == ["KALIXO_API_KEY", "KALIXO_URL", "KALIXO_TOTAL_AS_GIVEN"]
        for value in ("canary", "plain.example", "perhaps"):
            assert value not in str(caught.value)

    @pytest.mark.parametrize(("name", "value"), [("VERSION", "3"), ("ENVIRONMENT", "moon")])
    def test_a_version_or_world_nobody_knows(self, name: str, value: str) -> None:
        with pytest.raises(ConfigurationError) as caught:
            Kalixo.from_env({**V2, f"KALIXO_{name}": value})
        assert f"KALIXO_{name}" in fields(caught.value)


class TestKeys:
    @pytest.mark.parametrize(
        ("environment", "key", "code"),
        [
            (Environment.LIVE, "kal_test_1", "key.other_environment"),
            (Environment.TEST, "kal_live_1", "key.other_environment"),
            (Environment.LIVE, "two words", "key.bad"),
            (Environment.LIVE, "caf\u00e9", "key.bad"),
            (Environment.LIVE, " ", "key.missing"),
        ],
    )
    def test_a_key_that_cannot_be_right(self, environment: Environment, key: str, code: str) -> None:
        with pytest.raises(ConfigurationError) as caught:
            Kalixo(KalixoKeys(api_key=Secret(key)), version=2, environment=environment)
        assert [problem.code for problem in caught.value.problems] == [code]
        assert key.strip() == "" or key not in str(caught.value)

    @pytest.mark.parametrize("environment", Environment)
    def test_a_key_of_any_name_in_its_own_world(self, environment: Environment) -> None:
        url = "http://127.0.0.1" if environment is Environment.SANDBOX else None
        Kalixo(KalixoKeys(api_key=Secret("sandbox-key")), version=2, environment=environment, url=url)


class TestUrl:
    @pytest.mark.parametrize(
        ("url", "environment", "version"),
        [
            ("http://127.0.0.1:8080", Environment.SANDBOX, 1),
            ("http://[::1]:1", Environment.SANDBOX, 2),
            ("https://sandbox.example", Environment.SANDBOX, 2),
            ("https://api.kalixo.io", Environment.TEST, 1),
            ("https://proxy.example", Environment.LIVE, 2),
        ],
    )
    def test_good_ones(self, url: str, environment: Environment, version: Any) -> None:
        keys = KalixoKeys(email="e", password=Secret("p"), api_key=Secret("k"))
        assert Kalixo(keys, version=version, environment=environment, url=url).base_url == url

    @pytest.mark.parametrize(
        ("url", "environment", "version"),
        [
            (None, Environment.SANDBOX, 2),
            (None, Environment.TEST, 1),
            ("http://sandbox.example", Environment.SANDBOX, 2),
            ("http://127.0.0.1", Environment.TEST, 2),
            ("https://api.kalixo.io", Environment.TEST, 2),
            ("https://sandbox.kalixo.io", Environment.LIVE, 2),
            ("https://sandbox.kalixo.io", Environment.LIVE, 1),
            ("https://api.kalixo.io/v2", Environment.LIVE, 2),
            ("https://u:p@x.example", Environment.LIVE, 2),
            ("https://x.example?", Environment.LIVE, 2),
            ("x.example", Environment.LIVE, 2),
            ("https://", Environment.LIVE, 2),
            ("https://x:99999999", Environment.LIVE, 2),
        ],
    )
    def test_bad_ones(self, url: str | None, environment: Environment, version: Any) -> None:
        keys = KalixoKeys(email="e", password=Secret("p"), api_key=Secret("k"))
        with pytest.raises(ConfigurationError) as caught:
            Kalixo(keys, version=version, environment=environment, url=url)
        assert set(fields(caught.value)) == {"url"}


def test_all_problems_of_a_setting_are_told_together() -> None:
    version: Any = 3
    with pytest.raises(ConfigurationError) as caught:
        Kalixo(
            KalixoKeys(),
            version=version,
            environment=Environment.SANDBOX,
            switches=Switches(call_budget=0.0, late_window=1e9, look_every=0.0, access_life=-1.0, refresh_life=1e9),
        )
    names = ("call_budget", "late_window", "look_every", "access_life", "refresh_life")
    assert fields(caught.value) == ["version", "url", "api_key", *(f"switches.{name}" for name in names)]


@pytest.mark.parametrize("version", o.VERSIONS)
def test_nothing_shows_a_secret(version: Any) -> None:
    shown = f"{o.KEYS!r} {o.adapter(version).settings!r}"
    assert "canary" not in shown
    assert "till@example.com" not in shown
