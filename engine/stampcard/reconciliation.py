"""What comparing the journal with the providers found out: the values.

May live here: frozen values a till gives back, and counting. May not: an effect, a decision, anything of the journal.
(How one order is compared: `stampcard.step.reconcile`.)
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import attrs

__all__ = ["Compared", "Comparison", "PossibleHold", "ReconciliationReport", "Tally", "Unsettled", "Untold"]


class Comparison(StrEnum):
    """What a look at the provider came to, for one settled order."""

    AGREED = "agreed"
    """The provider shows the order as the journal has it."""
    FOLLOWED = "followed"
    """The order waited for its provider, which had moved it on: the journal has followed, and they agree now."""
    DIFFERING = "differing"
    """The provider shows something else, or no such order: written into the order's history, once."""
    UNKNOWN = "unknown"
    """The provider does not show such an order, or could not be asked."""


@attrs.frozen(kw_only=True)
class Compared:
    """One settled order, compared. state: as the journal has it. why: one sentence, empty where they agree.

    again: of an unknown one: the provider could not be asked this time, and a later run may tell.
    """

    order_id: str
    provider: str
    state: str
    result: Comparison
    why: str = ""
    again: bool = False


@attrs.frozen(kw_only=True)
class Unsettled:
    """An order that is not compared: a step of it is in doubt, waits for a person, or is queued."""

    order_id: str
    provider: str
    state: str
    why: str


@attrs.frozen(kw_only=True)
class PossibleHold:
    """Money that may be held at the provider by a call nobody answered. until: when that ends by itself."""

    order_id: str
    provider: str
    trigger: str
    since: datetime
    until: datetime
    why: str


@attrs.frozen(kw_only=True)
class Untold:
    """Orders of which the provider told nothing, for one reason.

    again: it could not be asked this time. examples: the first few of them.
    """

    provider: str
    why: str
    again: bool
    count: int
    examples: tuple[str, ...]


@attrs.frozen(kw_only=True)
class Tally:
    """One provider's orders, counted."""

    provider: str
    agreed: int = 0
    followed: int = 0
    differing: int = 0
    unknown: int = 0
    unsettled: int = 0
    possible_holds: int = 0


@attrs.frozen(kw_only=True)
class ReconciliationReport:
    """One run over the settled orders. What agrees is counted; what does not is listed, newest order first.

    tallies: by provider's name. unknown: by reason, as there may be very many.
    """

    tallies: tuple[Tally, ...] = ()
    differing: tuple[Compared, ...] = ()
    followed: tuple[Compared, ...] = ()
    unknown: tuple[Untold, ...] = ()
    possible_holds: tuple[PossibleHold, ...] = ()
    unsettled: tuple[Unsettled, ...] = ()

    @property
    def agreed(self) -> int:
        """How many agree, those included that were followed."""
        return sum(one.agreed + one.followed for one in self.tallies)

    @property
    def complete(self) -> bool:
        """Every order was looked at whose provider lets us look."""
        return not any(one.again for one in self.unknown)
