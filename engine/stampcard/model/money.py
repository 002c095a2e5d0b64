"""Exact money: a decimal amount in one ISO 4217 currency, never a float."""

from __future__ import annotations

from decimal import Context, Decimal, DecimalException, Inexact
from functools import total_ordering
from typing import Final, Self, final

__all__ = ["MAX_UNITS", "Money", "exponent"]

# ISO 4217 (List One): the codes whose minor unit is not a hundredth, and all others in use.
_NONE = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THOUSANDTHS = "BHD IQD JOD KWD LYD OMR TND"
_TEN_THOUSANDTHS = "CLF UYW"
_HUNDREDTHS = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW "
    "CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR "
    "ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV "
    "MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD "
    "SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG"
)
_EXPONENTS: Final = {
    code: places
    for codes, places in ((_NONE, 0), (_HUNDREDTHS, 2), (_THOUSANDTHS, 3), (_TEN_THOUSANDTHS, 4))
    for code in codes.split()
}

MAX_UNITS: Final = 10**15
"""Largest amount held, in minor units: a bound, so that no foreign number grows without end."""
_EXACT: Final = Context(prec=40, traps=[Inexact])
"""Refuses what it would have to round. Never the caller's own context: a till that computes with six digits would
have its amounts rounded in here."""


def exponent(currency: str) -> int:
    """How many decimals the currency has. Raises ValueError for a code ISO 4217 does not list."""
    try:
        return _EXPONENTS[currency]
    except KeyError:
        raise ValueError("not an ISO 4217 currency code (three capital letters)") from None


@final
@total_ordering
class Money:
    """Exact money. `Money("5.10", "USD")` is 510 minor units.

    amount: a string, an int (major units) or a Decimal with at most the currency's own decimals.
    Raises ValueError for a float, a NaN, an infinity, more decimals than the currency has, or an unknown currency.
    Arithmetic and comparison between two currencies raise ValueError.
    """

    __slots__ = ("_currency", "_text", "_units")
    _units: int
    _currency: str
    _text: str
    """As `str` gives it, written once: the journal asks for it again and again."""

    def __init__(self, amount: str | int | Decimal, currency: str) -> None:
        if isinstance(amount, (float, bool)):
            raise ValueError("money is never a float: give a string, an int or a Decimal")
        places = exponent(currency)
        try:
            scaled = _EXACT.create_decimal(amount).scaleb(places, _EXACT)
        except (DecimalException, ValueError, OverflowError, TypeError):
            raise ValueError("not an amount of money") from None
        if not scaled.is_finite():
            raise ValueError("not an amount of money")
        if abs(scaled.adjusted()) > _EXACT.prec:  # before it becomes an int: 1e999999 has a million digits
            raise ValueError("an amount out of range")
        units = int(scaled)
        if scaled != units:
            raise ValueError(f"more than the {places} decimals of {currency}")
        _fill(self, units, currency)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("money does not change")

    def __delattr__(self, name: str) -> None:
        raise AttributeError("money does not change")

    @classmethod
    def minor(cls, units: int, currency: str) -> Self:
        """From minor units: `Money.minor(510, "USD")` is 5.10 dollars."""
        if type(units) is not int:
            raise ValueError("minor units are a whole number")
        exponent(currency)
        money = cls.__new__(cls)
        _fill(money, units, currency)
        return money

    @classmethod
    def zero(cls, currency: str) -> Self:
        """No money, in this currency."""
        return cls.minor(0, currency)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Back from `str(money)`: "USD 5.10"."""
        currency, _, amount = text.partition(" ")
        whole, _, cents = amount.partition(".")
        digits = whole.removeprefix("-") + cents
        if len(cents) == exponent(currency) and digits.isascii() and digits.isdigit() and len(digits) <= _EXACT.prec:
            return cls.minor(int(whole + cents), currency)
        return cls(amount, currency)

    @property
    def amount(self) -> Decimal:
        """Major units, with exactly the currency's decimals: `Decimal("5.10")`."""
        return Decimal(self._units).scaleb(-exponent(self._currency), _EXACT)

    @property
    def currency(self) -> str:
        """The ISO 4217 code."""
        return self._currency

    @property
    def units(self) -> int:
        """Minor units: 510 for 5.10 dollars, 510 for 510 yen."""
        return self._units

    def _same(self, other: Money) -> int:
        if other._currency != self._currency:
            raise ValueError(f"{self._currency} and {other._currency} do not mix")
        return other._units

    def __add__(self, other: Money) -> Money:
        return Money.minor(self._units + self._same(other), self._currency)

    def __sub__(self, other: Money) -> Money:
        return Money.minor(self._units - self._same(other), self._currency)

    def __mul__(self, times: int) -> Money:
        return Money.minor(self._units * times, self._currency)

    def __neg__(self) -> Money:
        return Money.minor(-self._units, self._currency)

    def __lt__(self, other: Money) -> bool:
        return self._units < self._same(other)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Money) and (self._units, self._currency) == (other._units, other._currency)

    def __hash__(self) -> int:
        return hash((self._units, self._currency))

    def __bool__(self) -> bool:
        return self._units != 0

    def __str__(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return f"Money({_digits(self)!r}, {self._currency!r})"

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return Money, (_digits(self), self._currency)


def _fill(money: Money, units: int, currency: str) -> None:
    if abs(units) > MAX_UNITS:
        raise ValueError("an amount out of range")
    object.__setattr__(money, "_units", units)
    object.__setattr__(money, "_currency", currency)
    object.__setattr__(money, "_text", f"{currency} {_digits(money)}")


def _digits(money: Money) -> str:
    places = exponent(money.currency)
    sign, units = ("-" if money.units < 0 else ""), f"{abs(money.units):0{places + 1}d}"
    return f"{sign}{units[:-places]}.{units[-places:]}" if places else sign + units
