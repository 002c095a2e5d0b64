"""Money is exact, in one currency, and never a float."""

from __future__ import annotations

import copy
import decimal
import pickle
import time
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stampcard.model import Money
from stampcard.model.money import MAX_UNITS, exponent

unhurried = settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.too_slow])
units = st.integers(-MAX_UNITS // 2, MAX_UNITS // 2)
currencies = st.sampled_from(["USD", "EUR", "JPY", "KWD", "CLF", "ISK", "TND", "HUF"])


@pytest.mark.parametrize(
    ("currency", "places"),
    [
        *((code, 0) for code in ("JPY", "KRW", "ISK", "VND", "XOF")),
        *((code, 2) for code in ("USD", "EUR", "GBP", "CAD", "HUF", "TWD")),
        *((code, 3) for code in ("KWD", "BHD", "OMR", "JOD", "TND")),
        *((code, 4) for code in ("CLF", "UYW")),
    ],
)
def test_each_currency_has_the_decimals_iso_4217_gives_it(currency: str, places: int) -> None:
    assert exponent(currency) == places
    smallest = Money.minor(1, currency)
    assert smallest.amount == Decimal(1).scaleb(-places)
    assert Money(smallest.amount, currency) == smallest


@pytest.mark.parametrize("currency", ["usd", "US", "", "XXX", "XAU", "XTS", "EURO", "$", "U S", "\uff35\uff33\uff24"])
def test_an_unknown_currency_is_refused(currency: str) -> None:
    with pytest.raises(ValueError, match="ISO 4217"):
        Money(1, currency)
    with pytest.raises(ValueError, match="ISO 4217"):
        Money.minor(1, currency)


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ("5.10", 510),
        ("5.1", 510),
        (5, 500),
        (Decimal("0.01"), 1),
        ("-3.20", -320),
        ("0", 0),
        ("-0", 0),
        ("5.1000", 510),
        ("1e2", 10_000),
        (Decimal("1E+1"), 1000),
    ],
)
def test_amounts_are_read_exactly(given_: str | int | Decimal, expected: int) -> None:
    assert Money(given_, "USD").units == expected


@pytest.mark.parametrize("float_", [5.1, 0.0, float("nan"), float("inf"), True, False])
def test_money_is_never_a_float(float_: float) -> None:
    with pytest.raises(ValueError, match="never a float"):
        Money(float_, "USD")  # type: ignore[arg-type]  # the mistake under test


@pytest.mark.parametrize(
    ("amount", "currency"),
    [
        ("5.101", "USD"),
        ("0.5", "JPY"),
        ("1.0001", "KWD"),
        ("1.00001", "CLF"),
        ("1e-3", "USD"),
        ("1.0000000000000000000000000000001", "USD"),  # more digits than Python's default precision
    ],
)
def test_nothing_is_rounded_away(amount: str, currency: str) -> None:
    with pytest.raises(ValueError, match="decimals"):
        Money(amount, currency)


@pytest.mark.parametrize("odd", ["", "five", "NaN", "sNaN", "Infinity", "-Infinity", "1,00", "$1", "0x10", "1 0", None])
def test_what_is_no_number_is_refused(odd: str) -> None:
    with pytest.raises(ValueError, match="not an amount"):
        Money(odd, "USD")


@pytest.mark.parametrize("huge", ["1e999999999", "1e99999", "-1e50", "1e-999999999", "9" * 60, 10**40, "1e20"])
def test_a_huge_number_is_refused_quickly(huge: str | int) -> None:
    began = time.perf_counter()
    with pytest.raises(ValueError, match=r"range|amount"):
        Money(huge, "USD")
    assert time.perf_counter() - began < 0.5


def test_a_sum_out_of_range_is_refused() -> None:
    most = Money.minor(MAX_UNITS, "USD")
    for over in (lambda: most + Money.minor(1, "USD"), lambda: most * 2, lambda: -most - Money.minor(1, "USD")):
        with pytest.raises(ValueError, match="range"):
            over()


def test_the_callers_decimal_settings_do_not_reach_in() -> None:
    with decimal.localcontext() as context:
        context.prec = 3
        context.traps[decimal.Inexact] = True
        money = Money("123456.78", "USD")
        assert money.units == 12_345_678
        assert str(money) == "USD 123456.78"
        assert Money.parse(str(money)) == money


@unhurried
@given(units, currencies)
def test_text_and_back_is_the_same_money(count: int, currency: str) -> None:
    money = Money.minor(count, currency)
    assert Money.parse(str(money)) == money
    assert Money(money.amount, currency) == money
    assert pickle.loads(pickle.dumps(money)) == copy.deepcopy(money) == money  # noqa: S301  our own bytes
    assert eval(repr(money)) == money  # noqa: S307  our own text
    assert -money.amount.as_tuple().exponent == exponent(currency)  # type: ignore[operator]  # finite


@unhurried
@given(units, units, currencies)
def test_arithmetic_is_that_of_whole_minor_units(a: int, b: int, currency: str) -> None:
    one, other = Money.minor(a, currency), Money.minor(b, currency)
    assert (one + other).units == a + b
    assert (one - other).units == a - b
    assert (-one).units == -a
    assert (one < other) is (a < b)
    assert (one <= other) is (a <= b)
    assert (one == other) is (a == b)
    assert bool(one) is bool(a)
    assert one == other or hash(one) != hash(other) or a != b


def test_multiplying_takes_whole_numbers_only() -> None:
    assert Money("1.10", "USD") * 3 == Money("3.30", "USD")
    for odd in (1.5, Decimal("1.5"), "2"):
        with pytest.raises((ValueError, TypeError)):
            Money("1.10", "USD") * odd  # type: ignore[operator]  # the mistake under test


def test_two_currencies_do_not_mix() -> None:
    dollar, euro = Money(1, "USD"), Money(1, "EUR")
    for mixed in (lambda: dollar + euro, lambda: dollar - euro, lambda: dollar < euro, lambda: dollar >= euro):
        with pytest.raises(ValueError, match="do not mix"):
            mixed()
    assert dollar != euro
    assert dollar != 1
    assert len({dollar, euro, Money("1.00", "USD")}) == 2


def test_minor_units_are_whole_numbers() -> None:
    for odd in (1.0, Decimal(1), True, "1", None):
        with pytest.raises(ValueError, match="whole number"):
            Money.minor(odd, "USD")  # type: ignore[arg-type]  # the mistake under test


def test_money_does_not_change() -> None:
    money = Money(1, "USD")
    with pytest.raises(AttributeError, match="does not change"):
        money._units = 5
    with pytest.raises(AttributeError, match="does not change"):
        del money._units
    with pytest.raises(AttributeError):
        money.note = "x"  # type: ignore[attr-defined]  # the mistake under test
    assert money.units == 100
