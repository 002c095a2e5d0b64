"""Reading a foreign body never raises, and what is written is exact to the byte."""

from __future__ import annotations

import json
import time
from decimal import Decimal
from urllib.parse import unquote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stampcard.lifecycles import PurchaseState
from stampcard.wire import LONGEST_WAIT, MAX_BODY, JsonView, Request, Response, http_date, minified, one_line, path

unhurried = settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.too_slow])
MEGABYTE = 1024 * 1024


def probe(view: JsonView) -> None:
    """Every read there is; none may raise."""
    for seen in (view, view["a"], view[0], view[-1], view.any("a", "B"), view["a"]["b"][0]):
        (
            seen.text(),
            seen.number(),
            seen.whole(),
            seen.flag(),
            seen.items(),
            seen.is_object(),
            seen.raw(),
            seen.there,
            repr(seen),
        )
        for item in seen.items()[:2]:
            item.text(), item.number()


# Total reads

leaf = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
document = st.recursive(leaf, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=15)


@unhurried
@given(st.binary())
def test_any_bytes_can_be_read(body: bytes) -> None:
    probe(JsonView.parse(body))


@unhurried
@given(document)
def test_any_document_can_be_read(value: object) -> None:
    probe(JsonView.parse(json.dumps(value).encode()))


@unhurried
@given(st.text(alphabet='[]{}",:\\ue0119.+-dD8\n \x00', max_size=200))
def test_almost_json_can_be_read(text: str) -> None:
    probe(JsonView.parse(text.encode()))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>Sign in to this Wi-Fi</html>",
        b"\xff\xfe\x00",
        b'{"a": "\xff"}',
        b"NaN",
        b"[Infinity]",
        b'{"a": -Infinity}',
        b"1e999999999",
        b"[1E-999999999]",
        b"1e99999999999999999999999999",
        b"9" * 5000,
        b"[0." + b"1" * 60 + b"]",
        b'{"a": 1',
        b"{'a': 1}",
        b"[" * 65 + b"]" * 65,
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"[" * 1000 + b'"' + b"]" * 1000,
        b'"' + b"a" * MAX_BODY,
        b"\xef\xbb\xbf\xef\xbb\xbf1",
    ],
)
def test_what_is_no_json_is_an_empty_view_that_says_why(body: bytes) -> None:
    view = JsonView.parse(body)
    assert view.bad
    assert not view.there
    probe(view)


@pytest.mark.parametrize(
    "unit", [b'\\"', b'"', b"\\", b"[", b'["', b'{"":', b"[]", b'"[', b"9", b"\\u", b"\n", b"[]\\\\"], ids=repr
)
@pytest.mark.parametrize("start", [b"[" * 70 + b'"', b"", b'"'], ids=["deep", "bare", "string"])
def test_a_megabyte_of_anything_is_read_in_time(start: bytes, unit: bytes) -> None:
    body = (start + unit * MEGABYTE)[:MAX_BODY]
    began = time.perf_counter()
    probe(JsonView.parse(body))
    assert time.perf_counter() - began < 3.0


def test_depth_counts_brackets_and_not_text() -> None:
    assert JsonView.parse(b"[" * 64 + b"]" * 64).bad is None
    assert JsonView.parse(b"[" * 65 + b"]" * 65).bad
    assert JsonView.parse(json.dumps(["[{" * 500, '\\"[' * 500]).encode()).bad is None
    assert JsonView.parse(b"[" + b",".join([b"[]"] * 500) + b"]").bad is None


def test_the_size_limit_is_a_whole_mebibyte() -> None:
    exact = b'"' + b"a" * (MAX_BODY - 2) + b'"'
    assert JsonView.parse(exact).text() is not None
    assert "1 MiB" in (JsonView.parse(exact + b" ").bad or "")


def test_half_a_surrogate_pair_is_no_text() -> None:
    view = JsonView.parse(rb'{"id": "\ud800", "ok": "\ud83d\ude00"}')
    assert view["id"].text() is None
    assert view["ok"].text() == "\U0001f600"
    assert view["id"].number() is None


# Values

BODY = JsonView.parse(
    b'\xef\xbb\xbf{"id":59400,"code":"59400","big":12345678901234567890123456789012,"price":5.10,"text":"5.10",'
    b'"no":null,"yes":true,"list":[1,2],"one":{"a":1},"Mixed":"x","odd":" 7 ","nan":"NaN","huge":"1e999999999","e":1e3}'
)


def test_ids_drift_between_numbers_and_text() -> None:
    assert BODY["id"].text() == BODY["code"].text() == "59400"
    assert BODY["yes"].text() is BODY["price"].text() is BODY["no"].text() is BODY["list"].text() is None


def test_numbers_are_exact() -> None:
    assert BODY["price"].number() == BODY["text"].number() == Decimal("5.10")
    assert str(BODY["price"].number()) == "5.10"
    assert BODY["big"].number() == 12345678901234567890123456789012
    assert BODY["odd"].number() == 7
    assert BODY["e"].number() == 1000
    for name in ("yes", "no", "nan", "huge", "list", "Mixed", "missing"):
        assert BODY[name].number() is None


@unhurried
@given(st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**30), max_value=10**30))
def test_a_number_is_read_as_it_was_written(number: Decimal) -> None:
    seen = JsonView.parse(minified([number]))[0].number()
    assert seen is not None
    assert format(seen, "f") == format(number, "f")


def test_flags_are_booleans_only() -> None:
    assert BODY["yes"].flag() is True
    assert BODY["id"].flag() is BODY["no"].flag() is BODY["missing"].flag() is None


def test_a_lone_object_counts_as_a_list_of_one() -> None:
    assert [item.number() for item in BODY["list"].items()] == [1, 2]
    assert [item["a"].number() for item in BODY["one"].items()] == [1]
    assert BODY["id"].items() == BODY["missing"].items() == ()
    assert BODY["one"].is_object()
    assert not BODY["list"].is_object()


def test_a_missing_value_is_nothing_all_the_way_down() -> None:
    assert not BODY["missing"]["deeper"][3]["still"].there
    assert not BODY["no"].there
    assert BODY["list"][1].number() == BODY["list"][-1].number() == 2
    assert not BODY["list"][2].there
    assert not BODY["list"][-3].there
    assert not BODY["one"][0].there
    assert not BODY["list"]["a"].there
    assert BODY["missing"].raw() is None
    assert BODY["list"].raw() == [1, 2]


def test_keys_that_drift_in_case_are_found() -> None:
    assert BODY.any("absent", "mixed").text() == "x"
    assert BODY.any("NO", "CODE").text() == "59400"  # a null is as good as absent
    assert not BODY.any("absent").there


def test_nothing_a_provider_said_shows_in_a_repr() -> None:
    reply = Response(status=200, headers={"Set-Cookie": "hunter2"}, body=b'{"pin":"hunter2"}')
    sent = Request(method="POST", target="/x", body=b"hunter2")
    for shown in (repr(reply), repr(reply.json()), repr(reply.json()["pin"]), repr(sent)):
        assert "hunter2" not in shown
    assert reply.header("set-cookie") == reply.header("SET-COOKIE") == "hunter2"
    assert reply.header("absent") is None


# Writes


def test_what_is_written_is_minified_and_exact() -> None:
    value = {
        "a": Decimal("5.10"),
        "b": [1, None, True, False, 'é\n"\\\u2028'],
        "c": {},
        "d": (),
        "e": PurchaseState.PLACED,
        "f": Decimal("1E+3"),
        "g": Decimal("1E-7"),
    }
    assert minified(value).decode() == (
        '{"a":5.10,"b":[1,null,true,false,"é\\n\\"\\\\\u2028"],"c":{},"d":[],"e":"placed","f":1000,"g":0.0000001}'
    )


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=("Cs",))),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=("Cs",))), inner),
    max_leaves=15,
)


@unhurried
@given(plain)
def test_what_is_written_reads_back_and_has_no_spare_byte(value: object) -> None:
    written = minified(value)
    assert json.loads(written) == value
    assert written == json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def test_what_json_cannot_hold_is_refused() -> None:
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    for odd in (
        1.5,
        float("nan"),
        Decimal("NaN"),
        Decimal("-Infinity"),
        b"x",
        {1},
        object(),
        "\ud800",
        {"\udfff": 1},
        deep,
    ):
        with pytest.raises(ValueError, match=r"."):
            minified({"a": odd})


def test_the_request_builders_escape_and_keep_the_order_given() -> None:
    assert Request.get("/x").target == "/x"
    assert Request.get("/x", b="1 2&", a=3, c="é/").target == "/x?b=1%202%26&a=3&c=%C3%A9%2F"
    posted = Request.post("/x", {"cents": Decimal("1.00")})
    assert (posted.method, posted.body) == ("POST", b'{"cents":1.00}')
    assert posted.headers == {"Content-Type": "application/json"}


# Paths


@unhurried
@given(st.text(st.characters(exclude_categories=("Cs",)), min_size=1).filter(lambda part: part.strip(".")))
def test_a_path_part_stays_one_part(part: str) -> None:
    made = path("/orders/{}/lines", part)
    _, orders, middle, lines = made.split("/")
    assert (orders, unquote(middle), lines) == ("orders", part, "lines")
    assert made.isascii()
    assert not set(made) & set("?#\\ {}")


@pytest.mark.parametrize("part", ["", ".", "..", "..."])
def test_a_path_part_that_climbs_or_vanishes_is_refused(part: str) -> None:
    with pytest.raises(ValueError, match="empty or only dots"):
        path("/orders/{}", part)


def test_a_path_part_that_looks_like_a_template_is_text() -> None:
    assert path("/{}/{}", "{}", "%2F") == "/%7B%7D/%252F"


# What a provider wrote outside its body, and its words


def test_a_whole_number_has_no_fraction_however_it_is_written() -> None:
    view = JsonView.parse(b'{"a":7,"b":"7","c":7.0,"d":7.5,"e":-3,"f":true,"g":null,"h":"x","i":1e3}')
    found = {name: view[name].whole() for name in "abcdefghij"}
    assert found == {"a": 7, "b": 7, "c": 7, "d": None, "e": -3, "f": None, "g": None, "h": None, "i": 1000, "j": None}
    assert all(type(number) is int for number in found.values() if number is not None)


NOON, LATER = "Sun, 22 Nov 2026 12:00:00 GMT", "Sun, 22 Nov 2026 12:01:00 -0000"


@pytest.mark.parametrize(
    ("wait", "date", "seconds"),
    [
        ("0", None, 0.0),
        (" 7 ", NOON, 7.0),
        ("9" * 20, None, LONGEST_WAIT),
        ("-5", None, None),
        ("1.5", None, None),
        ("\u0667", None, None),
        (LATER, NOON, 60.0),
        (NOON, LATER, 0.0),
        ("Sun, 22 Nov 2099 12:00:00 GMT", NOON, LONGEST_WAIT),
        (LATER, None, None),
        (LATER, "soon", None),
        ("soon", NOON, None),
        (None, NOON, None),
    ],
)
def test_a_named_wait_is_read_without_a_clock(wait: str | None, date: str | None, seconds: float | None) -> None:
    headers = {name: value for name, value in (("retry-after", wait), ("date", date)) if value is not None}
    assert Response(status=429, headers=headers, body=b"").retry_after() == seconds


@unhurried
@given(st.text() | st.sampled_from([NOON, LATER]), st.text() | st.sampled_from([NOON, LATER]))
def test_any_header_can_be_asked_for_a_wait(wait: str, date: str) -> None:
    seconds = Response(status=429, headers={"Retry-After": wait, "Date": date}, body=b"").retry_after()
    assert seconds is None or 0 <= seconds <= LONGEST_WAIT


@unhurried
@given(st.text() | st.from_regex(r"[A-Z][a-z]{2}, [0-9]{1,3} Nov [0-9]{1,6} [0-9:]{0,9} [-+A-Z0-9]{0,6}"))
def test_a_moment_of_a_header_is_aware_or_none(text: str) -> None:
    moment = http_date(text)
    assert moment is None or moment.tzinfo is not None


def test_a_providers_words_are_one_line_that_steers_nothing() -> None:
    assert one_line("No.\x1b[31m\r\nFake\u202eline\u2028 \tx") == "No. [31m Fake line x"
    assert one_line("word " * 100) == ("word " * 40).rstrip() + " "
    assert one_line("x" * 5000) == "x" * 200
    assert one_line(" " * 2000 + "too late") is None
    assert one_line("\x00 \n") is one_line("") is one_line(None) is None


@unhurried
@given(st.text())
def test_any_words_can_be_shown(words: str) -> None:
    line = one_line(words)
    assert line is None or (0 < len(line) <= 200 and line.isprintable())


def test_a_secret_is_struck_out_before_a_line_is_cut() -> None:
    words = "x" * 195 + " card\n4111111111111111"
    line = one_line(words, strike=lambda line: line.replace("4111111111111111", "***").replace("x card", "y"))
    assert line == "x" * 194 + "y ***"
    assert one_line("secret", strike=lambda _: "") is None
