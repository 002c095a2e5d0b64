"""What an order's entries say about the customer's money: the attempts to take it, and what became of each.

May live here: reading. May not: a decision about what to do next (`stampcard.step.money`), an effect.

An attempt is an intent like any other: INTENT with the trigger `charge` before the port is called, its ending after it.
So is giving the money back (`reverse`). Neither moves the order's state; both are open until their ending is written.
"""

from __future__ import annotations

from typing import Any, Final, Literal, TypeAlias, TypeVar

import attrs

from stampcard.commands import Abandon, Bill, Checkout, Complete, Place, Void
from stampcard.journal.codec import plain, typed, unpack
from stampcard.journal.contract import StoreError
from stampcard.journal.fold import OpenIntent, Standing, landed
from stampcard.model import CHARGE, PAYMENTS, REVERSE, ChargeAttempt, Entry, Taken, Totals

__all__ = ["Charge", "OnFailure", "Terms", "barred", "charges", "held", "read_terms", "unsettled", "written"]

OnFailure: TypeAlias = Literal["void", "keep"]
T = TypeVar("T")
_BARRED: Final = frozenset({Abandon.trigger, Checkout.trigger, Void.trigger})
"""What undoes a sale, or prices it anew, without a word about the money taken for it."""
_OPEN_BARS: Final = _BARRED | {Place.trigger, Bill.trigger, Complete.trigger}


@attrs.frozen(kw_only=True)
class Terms:
    """What an attempt was made with. totals: of the sale, before a tip. on_failure: what a declined card leads to."""

    attempt: ChargeAttempt
    totals: Totals
    on_failure: OnFailure


@attrs.frozen(kw_only=True)
class Charge:
    """One attempt. taken: what was taken, even if it was given back since. ended: the entry that says how it ended."""

    intent: Entry
    terms: Terms
    open: OpenIntent | None
    ended: Entry | None
    taken: Taken | None
    reversal: Entry | None
    """The last promise to give it back."""
    reversing: OpenIntent | None
    returned: Entry | None
    """The entry that says it was given back."""

    @property
    def held(self) -> Taken | None:
        """What was taken and not given back."""
        return None if self.returned is not None else self.taken


def written(value: Any) -> dict[str, Any]:
    """A payment's value as the journal's JSON."""
    return plain(value)


def read_terms(entry: Entry) -> Terms:
    """What an attempt was promised with. Raises StoreError."""
    return _read(entry, "charge", Terms)


def charges(standing: Standing) -> tuple[Charge, ...]:
    """Every attempt of an order, oldest first. Raises StoreError when one cannot be read back."""
    made = [e for e in standing.intents.values() if e.trigger == CHARGE]
    return tuple(_charge(standing, entry) for entry in made)


def held(standing: Standing) -> Taken | None:
    """The money taken for an order and not given back."""
    return next((found.held for found in reversed(charges(standing)) if found.held is not None), None)


def barred(standing: Standing) -> dict[str, str]:
    """Trigger -> the code of the refusal: what may not be fired while money is, or may be, taken for the order.

    A sale that is completed is past that: a refund of it says nothing about the money, which is the POS's own then.
    """
    if not any(e.trigger == CHARGE for e in standing.intents.values()):
        return {}
    if any(o.trigger in PAYMENTS for o in standing.open):
        return dict.fromkeys(_OPEN_BARS, "charge.open")
    if held(standing) is not None:
        return dict.fromkeys(_BARRED, "charge.taken")
    return {Complete.trigger: "charge.returned"} if _unpaid(standing) else {}


def unsettled(standing: Standing) -> Taken | None:
    """Money taken for a sale the provider has not been told of."""
    for found in reversed(charges(standing)):
        if found.held is not None:
            return None if _billed(standing, found) else found.held
    return None


def _unpaid(standing: Standing) -> bool:
    """The money was given back, and nobody has billed it anew since."""
    back = charges(standing)[-1].returned
    if back is None:
        return False
    bills = [e for e in standing.intents.values() if e.trigger == Bill.trigger]
    waited = standing.drained  # promised since, and taken down before
    return all((waited[n].entry if (n := e.intent or "") in waited else e).version < back.version for e in bills)


def _billed(standing: Standing, found: Charge) -> bool:
    ending = standing.accepted.get(Bill.trigger)
    return ending is not None and ending.version > found.intent.version


def _charge(standing: Standing, entry: Entry) -> Charge:
    name = entry.intent or ""
    terms = read_terms(entry)
    ended = standing.endings.get(name)
    back = [e for e in standing.intents.values() if e.trigger == REVERSE and _of(e) == name]
    returned = next((e for b in back if (e := standing.endings.get(b.intent or "")) is not None and landed(e)), None)
    return Charge(
        intent=entry,
        terms=terms,
        open=next((o for o in standing.open if o.name == name), None),
        ended=ended,
        taken=_read(ended, "taken", Taken) if ended is not None and landed(ended) else None,
        reversal=back[-1] if back else None,
        reversing=next((o for o in standing.open if o.trigger == REVERSE and o.entry in back), None),
        returned=returned,
    )


def _of(reversal: Entry) -> str:
    try:
        return str(unpack(reversal.body).get("of"))
    except ValueError as error:
        raise _damaged(reversal, error) from None


def _read(entry: Entry, part: str, wanted: type[T]) -> T:
    try:
        return typed(wanted, unpack(entry.body)[part])
    except (ValueError, KeyError, TypeError) as error:
        raise _damaged(entry, error) from None


def _damaged(entry: Entry, error: Exception) -> StoreError:
    return StoreError(f"order {entry.order_id}, entry {entry.version}: cannot be read back ({error})")
