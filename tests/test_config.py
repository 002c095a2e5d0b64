"""Settings: every problem is told at once and none with its value; an address carries no secret to the wrong place."""

from __future__ import annotations

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stampcard.config import EnvReader, keys_of, on_loopback, seconds_problems, url_problems
from stampcard.errors import ConfigurationError
from stampcard.model import Environment, Refusal
from stampcard.signing import Key

SANDBOX, TEST, LIVE = Environment.SANDBOX, Environment.TEST, Environment.LIVE


class TestEnvReader:
    def test_every_problem_is_told_at_once_without_values(self) -> None:
        read = EnvReader({"P_WORLD": "moon-value", "P_MAP": "a=1,b,a=2", "P_KEY": "not-base64!"}, "P_")
        assert read.text("URL") == ""
        assert read.choice("WORLD", Environment, otherwise=Environment.TEST) is Environment.TEST
        assert read.pairs("MAP") == {"a": "1"}
        assert read.build("KEY", lambda: Key.base64("k", read.text("KEY"))) is None
        with pytest.raises(ConfigurationError) as caught:
            read.done()
        assert [p.field for p in caught.value.problems] == ["P_URL", "P_WORLD", "P_MAP", "P_MAP", "P_KEY"]
        assert "moon-value" not in str(caught.value)
        assert "not-base64!" not in str(caught.value)

    def test_good_values_are_read(self) -> None:
        read = EnvReader({"P_WORLD": " Live ", "P_MAP": "0042 = 999999,,7=8", "P_BLANK": "  "}, "P_")
        assert read.choice("WORLD", Environment, otherwise=Environment.TEST) is Environment.LIVE
        assert read.choice("NONE", Environment, otherwise=Environment.TEST, required=False) is Environment.TEST
        assert read.pairs("MAP") == {"0042": "999999", "7": "8"}
        assert read.optional("BLANK") is None
        assert read.build("X", lambda: 3) == 3
        read.done()

    @pytest.mark.parametrize(("written", "value"), [("Yes", True), ("0", False), (None, True), (" ", True)])
    def test_a_flag_may_be_on_when_it_is_absent(self, written: str | None, value: bool) -> None:
        read = EnvReader({} if written is None else {"F": written})
        assert read.flag("F", otherwise=True) is value
        read.done()

    @pytest.mark.parametrize(("written", "value"), [(None, 7), (" 30 ", 30), ("1", 1), ("365", 365), ("007", 7)])
    def test_a_whole_number_is_read_or_its_default(self, written: str | None, value: int) -> None:
        read = EnvReader({} if written is None else {"DAYS": written})
        assert read.whole("DAYS", most=365, of="days", otherwise=7) == value
        read.done()

    @pytest.mark.parametrize("written", ["0", "366", "-1", "1.5", "1e3", "9" * 5000, "nan", "\u0663", "seven"])
    def test_what_is_no_whole_number_is_told_with_what_would_be(self, written: str) -> None:
        read = EnvReader({"P_DAYS": written}, "P_")
        assert read.whole("DAYS", most=365, of="days", otherwise=7) == 7
        with pytest.raises(ConfigurationError) as caught:
            read.done()
        [problem] = caught.value.problems
        assert (problem.field, problem.message) == ("P_DAYS", "is no whole number of days from 1 to 365")

    def test_what_a_check_found_is_told_under_the_variable_of_its_field(self) -> None:
        read = EnvReader({}, "P_")
        read.problems([Refusal(code="a.b", message="is bad", field=field) for field in ("auth_url", "switches.wait")])
        with pytest.raises(ConfigurationError) as caught:
            read.done()
        assert [(p.field, p.code) for p in caught.value.problems] == [("P_AUTH_URL", "a.b"), ("P_WAIT", "a.b")]

    def test_what_was_built_comes_only_with_no_problem(self) -> None:
        assert EnvReader({}).complete(3) == 3
        read = EnvReader({})
        read.text("URL")
        for reader, built in ((read, 3), (EnvReader({}), None)):
            with pytest.raises(ConfigurationError):
                reader.complete(built)


class TestUrl:
    @pytest.mark.parametrize(
        ("url", "environment"),
        [
            ("http://127.0.0.1:8080", SANDBOX),
            ("http://localhost", SANDBOX),
            ("http://[::1]:1", SANDBOX),
            ("https://sandbox.example", SANDBOX),
            (" https://provider.example/ ", TEST),
            ("https://proxy.example:8443", LIVE),
        ],
    )
    def test_good_ones(self, url: str, environment: Environment) -> None:
        assert url_problems(url, environment) == []

    @pytest.mark.parametrize(
        ("url", "environment", "says"),
        [
            ("http://sandbox.example", SANDBOX, ["is not https"]),
            ("http://127.0.0.1", TEST, ["is not https"]),
            ("ftp://127.0.0.1", SANDBOX, ["is not https"]),
            ("https://x.example/base", LIVE, ["is more or less than scheme://host[:port]"]),
            ("https://x.example?", LIVE, ["is more or less than scheme://host[:port]"]),
            ("https://x.example#", LIVE, ["is more or less than scheme://host[:port]"]),
            ("https://u:p@x.example", LIVE, ["is more or less than scheme://host[:port]"]),
            ("https://", LIVE, ["is more or less than scheme://host[:port]"]),
            ("https://a b.example", LIVE, ["is more or less than scheme://host[:port]"]),
            ("https://x:99999999", LIVE, ["is more or less than scheme://host[:port]"]),
            ("https://x:port", LIVE, ["is no URL"]),
            ("https://x:0", LIVE, ["is more or less than scheme://host[:port]"]),
            ("http://127.0.0.1:0", SANDBOX, ["is more or less than scheme://host[:port]"]),
            ("x.example", LIVE, ["is more or less than scheme://host[:port]", "is not https"]),
            ("", SANDBOX, ["is more or less than scheme://host[:port]", "is not https"]),
        ],
    )
    def test_bad_ones_are_told_why(self, url: str, environment: Environment, says: list[str]) -> None:
        found = url_problems(url, environment, field="auth_url")
        assert [(p.code, p.field, p.message) for p in found] == [("url.bad", "auth_url", text) for text in says]

    def test_an_absent_one_is_a_problem_where_there_is_no_other(self) -> None:
        assert url_problems(None, LIVE) == []
        [problem] = url_problems(None, LIVE, missing="is missing: name it", field="auth_url")
        assert (problem.code, problem.field, problem.message) == ("url.missing", "auth_url", "is missing: name it")
        assert [p.code for p in url_problems("", LIVE, missing="is missing: name it")] == ["url.bad", "url.bad"]

    @pytest.mark.parametrize("host", ["test.example", "TEST.example", "api.test.example", "test.example."])
    def test_another_environments_host_is_refused_with_all_below_it(self, host: str) -> None:
        [problem] = url_problems(f"https://{host}", LIVE, foreign=("test.example",))
        assert problem.message == "belongs to another environment than live"

    @pytest.mark.parametrize("host", ["example", "latest.example", "test.example.org"])
    def test_a_host_that_only_looks_like_it_is_not(self, host: str) -> None:
        assert url_problems(f"https://{host}", LIVE, foreign=("test.example",)) == []

    @given(st.text() | st.from_regex(r"https?://[\w.:@/?#%\[\]-]*"), st.sampled_from(Environment))
    def test_any_text_is_good_or_told(self, url: str, environment: Environment) -> None:
        for problem in url_problems(url, environment, foreign=("test.example",)):
            assert problem.message

    @pytest.mark.parametrize(
        ("host", "here"),
        [
            ("localhost", True),
            ("127.9.9.9", True),
            ("::1", True),
            ("10.0.0.1", False),
            ("x.example", False),
            ("", False),
        ],
    )
    def test_this_machine_is_known(self, host: str, here: bool) -> None:
        assert on_loopback(host) is here


@attrs.frozen
class Switches:
    call_budget: float = 10.0
    late_window: float = 120.0


class TestSeconds:
    def test_good_ones(self) -> None:
        assert seconds_problems(Switches(), call_budget=3600, late_window=120.1) == []

    @pytest.mark.parametrize("bad", [0.0, -1.0, 3600.0, float("inf"), float("nan")])
    def test_bad_ones_are_told_by_name_and_in_order(self, bad: float) -> None:
        found = seconds_problems(Switches(bad, bad), late_window=3600, call_budget=3600)
        assert [p.field for p in found] == ["switches.late_window", "switches.call_budget"]
        assert {(p.code, p.message) for p in found} == {("setting.bad", "is no number of seconds")}


class TestKeys:
    def test_one_accounts_are_every_tenants(self) -> None:
        assert keys_of(Key.raw("a", b"1"), Key, "acme", provider="Beanbox") == Key.raw("a", b"1")

    def test_a_callable_is_asked_every_time(self) -> None:
        known: dict[str, Key] = {}

        def named(tenant: str, /) -> Key:
            return known[tenant]

        for key in (Key.raw("a", b"1"), Key.raw("b", b"2")):
            known["acme"] = key
            assert keys_of(named, Key, "acme", provider="Beanbox") is key

    @pytest.mark.parametrize("error", [KeyError, LookupError])
    def test_a_tenant_without_is_a_problem_of_settings(self, error: type[Exception]) -> None:
        def unknown(tenant: str, /) -> Key:
            raise error("hunter2")

        with pytest.raises(ConfigurationError) as caught:
            keys_of(unknown, Key, "acme", provider="Beanbox")
        [problem] = caught.value.problems
        assert (problem.code, problem.field) == ("tenant.unknown", "tenant")
        assert problem.message == "there are no Beanbox keys for the tenant 'acme'"
        assert caught.value.__suppress_context__

    def test_what_else_it_raises_is_its_own(self) -> None:
        def broken(tenant: str, /) -> Key:
            raise RuntimeError("the vault is closed")

        with pytest.raises(RuntimeError):
            keys_of(broken, Key, "acme", provider="Beanbox")
