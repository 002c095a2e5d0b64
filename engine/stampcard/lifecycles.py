"""The four lifecycles: states, triggers, transitions. Data, and the proof that the data is sound.

Everything that decides where an order may go lives in this file, as rows of a table, and nothing about transitions
lives elsewhere: the machine fires these rows, the drawer draws them, the simulator walks them. This file knows no
provider, no guard's body and no I/O; it imports only the standard library and attrs.

How to read a row: `trigger` may be fired from any of `sources`; when the provider has accepted it, the order moves to
one of `destinations`. Where there are several, the outcome names which. A guard is named here and defined in
`stampcard.guards`. A row with `calls_provider=False` is a decision of the till alone.

A lifecycle proves itself when it is built: see `Lifecycle`. A table that lies is an error at import.
"""

from __future__ import annotations

import functools
import hashlib
from enum import StrEnum
from typing import Final, Generic, TypeVar

import attrs

__all__ = [
    "AUTHORIZATION",
    "FULFILMENT",
    "LIFECYCLES",
    "PURCHASE",
    "REDEMPTION",
    "AnyLifecycle",
    "AuthorizationState",
    "FulfilmentState",
    "Lifecycle",
    "LifecycleError",
    "PurchaseState",
    "RedemptionState",
    "Row",
]

S = TypeVar("S", bound=StrEnum)
_RESERVED: Final = frozenset({"charge", "reverse"})
"""What an order's history says of the customer's money (`stampcard.model.charge`): no step of a provider's."""


class PurchaseState(StrEnum):
    """Where a purchase stands. `COMPLETED` is not final: a refund is still possible."""

    NEW = "new"
    CHECKOUT = "checkout"
    PLACED = "placed"
    BILLED = "billed"
    COMPLETED = "completed"
    VOIDED = "voided"
    REFUNDED = "refunded"
    ABANDONED = "abandoned"


class RedemptionState(StrEnum):
    """Where a redemption of points stands. Points are taken at placement, before approval."""

    NEW = "new"
    PENDING_APPROVAL = "pending_approval"
    APPROVED = "approved"
    REJECTED = "rejected"
    ABANDONED = "abandoned"


class FulfilmentState(StrEnum):
    """Where an order of goods (codes, vouchers) stands."""

    NEW = "new"
    REQUESTED = "requested"
    PROCESSING = "processing"
    COMPLETED = "completed"
    PARTIALLY_COMPLETED = "partially_completed"
    CANCELLED = "cancelled"
    FAILED = "failed"
    ERROR = "error"
    ABANDONED = "abandoned"


class AuthorizationState(StrEnum):
    """Where a hold of money and the order made from it stand."""

    NEW = "new"
    AUTHORIZED = "authorized"
    DECLINED = "declined"
    CREATED = "created"
    CANCELLED = "cancelled"
    LAPSED = "lapsed"


class LifecycleError(Exception):
    """A lifecycle's table is unsound; the message names the lifecycle and the row."""


@attrs.frozen(kw_only=True)
class Row(Generic[S]):
    """One line of a lifecycle's table.

    guards: names; all are asked and all refusals reported. calls_provider: False for a decision of the till alone.
    reverses: the trigger undoes the effects of the steps before it (a void, a cancel), so it may be fired from doubt.
    """

    trigger: str
    sources: tuple[S, ...]
    destinations: tuple[S, ...]
    guards: tuple[str, ...] = ()
    calls_provider: bool = True
    reverses: bool = False

    def __str__(self) -> str:
        return f"{self.trigger}: {','.join(self.sources)} -> {','.join(self.destinations)}"


@attrs.frozen(kw_only=True)
class Lifecycle(Generic[S]):
    """The explicit finite-state model of one kind of order.

    Raises LifecycleError when built from an unsound table: a state nobody declared, an unreachable state, a dead end
    that is not final, a state from which no end can be reached, a final state with an exit, two rows for one (state,
    trigger), a row that names nothing.
    """

    name: str
    states: type[S]
    initial: S
    final: tuple[S, ...]
    rows: tuple[Row[S], ...]

    def __attrs_post_init__(self) -> None:
        _prove(self)

    @functools.cached_property
    def _edges(self) -> dict[tuple[str, str], Row[S]]:
        """(state, trigger) -> its row: asked many times a step. Of two rows, which is an error, the first."""
        return {(str(state), row.trigger): row for row in reversed(self.rows) for state in row.sources}

    @functools.cached_property
    def _exits(self) -> dict[str, frozenset[str]]:
        """State -> the triggers that have an edge out of it."""
        return {str(s): frozenset(r.trigger for r in self.rows if s in r.sources) for s in self.states}

    @property
    def triggers(self) -> tuple[str, ...]:
        """Every trigger, in the table's order."""
        return tuple(dict.fromkeys(row.trigger for row in self.rows))

    @property
    def guard_names(self) -> frozenset[str]:
        return frozenset(name for row in self.rows for name in row.guards)

    def knows(self, state: str) -> bool:
        """Whether this lifecycle has such a state."""
        return state in self._exits

    def row(self, state: str, trigger: str) -> Row[S] | None:
        """The one row for this state and trigger, or None when the edge does not exist."""
        return self._edges.get((state, trigger))

    def allowed(self, state: str) -> frozenset[str]:
        """The triggers that have an edge out of `state`."""
        return self._exits.get(state, frozenset())

    def reversible(self, state: str, doubted: str) -> frozenset[str]:
        """Reversing triggers legal although nobody knows whether `doubted`, fired from `state`, took effect.

        They must be legal from the state before and from every state after it.
        """
        row = self.row(state, doubted)
        after = () if row is None else row.destinations
        return frozenset(
            r.trigger
            for r in self.rows
            if r.reverses and r.trigger != doubted and state in r.sources and all(d in r.sources for d in after)
        )

    def repeatable(self, state: str, trigger: str) -> bool:
        """Whether the step leads only to where it can be fired again (a price): nothing is at stake in its doubt."""
        row = self.row(state, trigger)
        return row is not None and all(end in row.sources for end in row.destinations)

    @property
    def fingerprint(self) -> str:
        """Names this exact table: an order records it, so that a changed table is noticed. Sixteen hex digits."""
        parts = [self.name, *self.states, "*", self.initial, "#", *self.final]
        parts += [f"{row}|{','.join(row.guards)}|{row.calls_provider}|{row.reverses}" for row in self.rows]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _prove(lifecycle: Lifecycle[S]) -> None:
    """Raise LifecycleError for the first unsoundness found."""
    declared = set(lifecycle.states)
    _need(lifecycle, declared >= {lifecycle.initial, *lifecycle.final}, "the initial or a final state is not declared")
    seen: dict[tuple[str, str], Row[S]] = {}
    for row in lifecycle.rows:
        _need(lifecycle, bool(row.trigger and row.sources and row.destinations), "a row lacks a part", row)
        _need(lifecycle, row.trigger not in _RESERVED, "the trigger is the name of a payment's step", row)
        _need(lifecycle, declared >= {*row.sources, *row.destinations}, "a state is not declared", row)
        _need(lifecycle, not row.reverses or row.calls_provider, "a reversal must call the provider", row)
        _need(lifecycle, len(set(row.guards)) == len(row.guards), "a guard is named twice", row)
        _need(lifecycle, row.calls_provider or len(row.destinations) == 1, "no outcome can choose its end", row)
        for source in row.sources:
            _need(lifecycle, source not in lifecycle.final, f"the final state {source} has an exit", row)
            clash = seen.setdefault((source, row.trigger), row)
            _need(lifecycle, clash is row, f"two rows for ({source}, {row.trigger})", row)
    reached = _reachable(lifecycle, lifecycle.initial)
    for state in lifecycle.states:
        _need(lifecycle, state in reached, f"{state} is unreachable")
        dead = not lifecycle.allowed(state)
        _need(lifecycle, not dead or state in lifecycle.final, f"{state} is a dead end but not final")
    for state in lifecycle.states:
        ends = _reachable(lifecycle, state) & set(lifecycle.final)
        _need(lifecycle, bool(ends), f"no final state can be reached from {state}")


def _need(lifecycle: Lifecycle[S], holds: bool, what: str, row: Row[S] | None = None) -> None:
    if not holds:
        where = f" in row `{row}`" if row is not None else ""
        raise LifecycleError(f"lifecycle {lifecycle.name}: {what}{where}")


def _reachable(lifecycle: Lifecycle[S], start: S) -> set[S]:
    reached, edge = {start}, [start]
    while edge:
        state = edge.pop()
        for row in lifecycle.rows:
            if state in row.sources:
                fresh = set(row.destinations) - reached
                reached |= fresh
                edge += fresh
    return reached


_P = PurchaseState
_MONEY: Final = ("tender_present", "totals_add_up", "tenders_sum_to_total", "reward_discount_as_validated")

PURCHASE: Final = Lifecycle(
    name="PURCHASE",
    states=_P,
    initial=_P.NEW,
    final=(_P.VOIDED, _P.REFUNDED, _P.ABANDONED),
    rows=(
        Row(
            trigger="checkout",
            sources=(_P.NEW, _P.CHECKOUT),
            destinations=(_P.CHECKOUT,),
            guards=(
                "basket_not_empty",
                "basket_adds_up",
                "at_most_one_reward",
                "guest_has_no_reward",
                "reward_available",
            ),
        ),
        Row(trigger="place", sources=(_P.CHECKOUT,), destinations=(_P.PLACED,), guards=(*_MONEY, "basket_unchanged")),
        Row(trigger="bill", sources=(_P.PLACED,), destinations=(_P.BILLED,), guards=(*_MONEY, "basket_unchanged")),
        Row(trigger="complete", sources=(_P.BILLED,), destinations=(_P.COMPLETED,)),
        Row(
            trigger="void",
            sources=(_P.CHECKOUT, _P.PLACED, _P.BILLED),
            destinations=(_P.VOIDED,),
            reverses=True,
        ),
        Row(trigger="refund", sources=(_P.COMPLETED,), destinations=(_P.REFUNDED,), reverses=True),
        Row(
            trigger="abandon",
            sources=(_P.NEW, _P.CHECKOUT),
            destinations=(_P.ABANDONED,),
            calls_provider=False,
        ),
    ),
)
"""A sale with at most one reward. Checkout only prices; the reward leaves at bill; points arrive at complete."""

_R = RedemptionState

REDEMPTION: Final = Lifecycle(
    name="REDEMPTION",
    states=_R,
    initial=_R.NEW,
    final=(_R.APPROVED, _R.REJECTED, _R.ABANDONED),
    rows=(
        Row(
            trigger="redeem",
            sources=(_R.NEW,),
            destinations=(_R.PENDING_APPROVAL, _R.APPROVED),
            guards=("quantity_positive", "points_suffice", "challenge_answered", "address_complete"),
        ),
        Row(trigger="approve", sources=(_R.PENDING_APPROVAL,), destinations=(_R.APPROVED,)),
        Row(trigger="reject", sources=(_R.PENDING_APPROVAL,), destinations=(_R.REJECTED,)),
        Row(trigger="observe", sources=(_R.PENDING_APPROVAL,), destinations=(_R.APPROVED, _R.REJECTED)),
        Row(trigger="abandon", sources=(_R.NEW,), destinations=(_R.ABANDONED,), calls_provider=False),
    ),
)
"""Points for a prize: taken when placed, then approved or rejected."""

_F = FulfilmentState
_F_ENDS: Final = (_F.COMPLETED, _F.PARTIALLY_COMPLETED, _F.CANCELLED, _F.FAILED, _F.ERROR)

FULFILMENT: Final = Lifecycle(
    name="FULFILMENT",
    states=_F,
    initial=_F.NEW,
    final=(*_F_ENDS, _F.ABANDONED),
    rows=(
        Row(
            trigger="place",
            sources=(_F.NEW,),
            destinations=(_F.REQUESTED, _F.PROCESSING, _F.COMPLETED, _F.FAILED),
            guards=("code_unique", "lines_present", "one_currency", "lines_sum_to_total"),
        ),
        Row(trigger="observe", sources=(_F.REQUESTED,), destinations=(_F.PROCESSING, *_F_ENDS)),
        Row(trigger="observe", sources=(_F.PROCESSING,), destinations=_F_ENDS),
        Row(trigger="abandon", sources=(_F.NEW,), destinations=(_F.ABANDONED,), calls_provider=False),
    ),
)
"""Goods ordered from a catalogue, delivered now or later."""

_A = AuthorizationState

AUTHORIZATION: Final = Lifecycle(
    name="AUTHORIZATION",
    states=_A,
    initial=_A.NEW,
    final=(_A.CANCELLED, _A.LAPSED),
    rows=(
        Row(
            trigger="authorize",
            sources=(_A.NEW, _A.DECLINED),
            destinations=(_A.AUTHORIZED, _A.DECLINED),
            guards=("fields_within_limits", "amount_not_negative"),
        ),
        Row(
            trigger="create",
            sources=(_A.AUTHORIZED,),
            destinations=(_A.CREATED,),
            guards=("within_authorization", "authorization_alive", "token_unused"),
        ),
        Row(trigger="cancel", sources=(_A.CREATED,), destinations=(_A.CANCELLED,), reverses=True),
        Row(trigger="observe", sources=(_A.CREATED,), destinations=(_A.CREATED, _A.CANCELLED)),
        Row(
            trigger="lapse",
            sources=(_A.NEW, _A.DECLINED, _A.AUTHORIZED),
            destinations=(_A.LAPSED,),
            guards=("authorization_over",),
            calls_provider=False,
        ),
        Row(
            trigger="abandon",
            sources=(_A.NEW, _A.DECLINED, _A.AUTHORIZED),
            destinations=(_A.LAPSED,),
            calls_provider=False,
        ),
    ),
)
"""Money held first, an order made from the hold later."""

AnyLifecycle = (
    Lifecycle[PurchaseState] | Lifecycle[RedemptionState] | Lifecycle[FulfilmentState] | Lifecycle[AuthorizationState]
)


def _by_name(*all_of_them: AnyLifecycle) -> dict[str, AnyLifecycle]:
    return {lifecycle.name: lifecycle for lifecycle in all_of_them}


LIFECYCLES: Final = _by_name(PURCHASE, REDEMPTION, FULFILMENT, AUTHORIZATION)
"""All of them, by name: what the drawer draws."""
