"""Hypothesis strategies for sales: honest ones, which every guard lets through. Needs the extra `testing`.

May live here: strategies of the model's values. May not: a rule (the guards judge), a provider's name.
"""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from stampcard.model import (
    Basket,
    CardBrand,
    Channel,
    Handover,
    Line,
    Member,
    Modifier,
    Money,
    Reward,
    Tender,
    TenderKind,
    Totals,
)

__all__ = ["baskets", "labels", "lines", "members", "modifiers", "money", "rewards", "tenders", "totals"]


def money(currency: str = "USD", *, up_to: str = "1000") -> SearchStrategy[Money]:
    """An amount from nothing to `up_to`, to the currency's last decimal."""
    most = Money(up_to, currency).units
    return st.integers(0, most).map(lambda units: Money.minor(units, currency))


def labels() -> SearchStrategy[str]:
    """What a POS prints on a receipt, in any script; never blank."""
    return st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=20).filter(lambda t: t.strip())


def modifiers(currency: str = "USD", *, depth: int = 2) -> SearchStrategy[Modifier]:
    """An addition to a line, itself modified at most `depth` levels deep."""
    inner = st.lists(modifiers(currency, depth=depth - 1), max_size=2) if depth > 1 else st.just([])
    return st.builds(
        Modifier,
        label=labels(),
        price=money(currency, up_to="20"),
        quantity=st.integers(1, 9),
        product=st.none() | st.text("0123456789", min_size=1, max_size=8),
        modifiers=inner.map(tuple),
    )


def lines(currency: str = "USD") -> SearchStrategy[Line]:
    """A line of a basket, sometimes with modifiers."""
    return st.builds(
        Line,
        label=labels(),
        price=money(currency, up_to="200"),
        quantity=st.integers(1, 20),
        product=st.none() | st.text("0123456789", min_size=1, max_size=8),
        categories=st.lists(labels(), max_size=2).map(tuple),
        modifiers=st.lists(modifiers(currency), max_size=2).map(tuple),
    )


@st.composite
def _totals(draw: DrawFn, currency: str, subtotal: Money | None) -> Totals:
    part = st.none() | money(currency, up_to="50")
    first = draw(money(currency)) if subtotal is None else subtotal
    some = Totals(subtotal=first, total=first, tax=draw(part), tip=draw(part), delivery=draw(part))
    zero = Money.zero(currency)
    gross = some.expected_total()
    off = draw(st.none() | st.integers(0, first.units).map(lambda units: Money.minor(units, currency)))
    return Totals(
        subtotal=first,
        tax=some.tax,
        tip=some.tip,
        delivery=some.delivery,
        discount=off,
        total=gross - (off or zero),
    )


def totals(currency: str = "USD", *, subtotal: Money | None = None) -> SearchStrategy[Totals]:
    """Totals that add up to the cent, with or without tax, tip, delivery and discount; of `subtotal` when given."""
    return _totals(currency, subtotal)


@st.composite
def _baskets(draw: DrawFn, currency: str) -> Basket:
    sold = tuple(draw(st.lists(lines(currency), min_size=1, max_size=4)))
    subtotal = Money.zero(currency)
    for line in sold:
        subtotal += _price(line) * line.quantity
    return Basket(
        lines=sold,
        totals=draw(totals(currency, subtotal=subtotal)),
        channel=draw(st.sampled_from(Channel)),
        handover=draw(st.sampled_from(Handover)),
        catering=draw(st.booleans()),
    )


def _price(sold: Line | Modifier) -> Money:
    """Of one unit, its modifiers included."""
    price = sold.price
    for extra in sold.modifiers:
        price += _price(extra) * extra.quantity
    return price


def baskets(currency: str = "USD") -> SearchStrategy[Basket]:
    """An honest basket: the lines come to the subtotal, and the totals add up."""
    return _baskets(currency)


@st.composite
def _tenders(draw: DrawFn, currency: str, total: Money | None) -> tuple[Tender, ...]:
    left = (draw(money(currency)) if total is None else total).units
    parts: list[int] = []
    for _ in range(draw(st.integers(0, 2))):
        parts.append(draw(st.integers(0, left)))
        left -= parts[-1]
    return tuple(draw(_tender(Money.minor(units, currency))) for units in (*parts, left))


def _tender(amount: Money) -> SearchStrategy[Tender]:
    return st.builds(
        Tender,
        kind=st.sampled_from(TenderKind),
        amount=st.just(amount),
        brand=st.none() | st.sampled_from(CardBrand),
        last_four=st.none() | st.text("0123456789", min_size=4, max_size=4),
    )


def tenders(currency: str = "USD", *, total: Money | None = None) -> SearchStrategy[tuple[Tender, ...]]:
    """One to three payments; they sum to `total` when it is given."""
    return _tenders(currency, total)


def members(provider: str = "provider") -> SearchStrategy[Member]:
    """A member of a programme."""
    return st.builds(
        Member,
        id=st.text("0123456789", min_size=1, max_size=12),
        provider=st.just(provider),
        status=st.just("active"),
    )


def rewards(currency: str = "USD", *, member_id: str = "1", up_to: str = "20") -> SearchStrategy[Reward]:
    """A reward listed for this member, at least one of it left."""
    return st.builds(
        Reward,
        id=st.text("0123456789", min_size=1, max_size=8),
        label=labels(),
        member_id=st.just(member_id),
        quantity=st.integers(1, 5),
        offer=st.just("offer"),
        value=st.none() | money(currency, up_to=up_to),
        spends_points=st.booleans(),
    )
