"""Who is in a world: shops with their tills, customers with their orders.

May live here: what each is made of. May not: what they do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stampcard.model import AnyOrder
from stampcard.simulate.journal import SimJournal
from stampcard.simulate.plan import Visit
from stampcard.simulate.till import Machine, SimTill

if TYPE_CHECKING:
    from stampcard.simulate.world import World

__all__ = ["Customer", "Shop"]


class Shop:
    """One journal and the tills on it."""

    def __init__(self, world: World, number: int, tills: int) -> None:
        self.machine = Machine(f"m{number}")
        self.journal = SimJournal(f"j{number}")
        self.tills = [SimTill(world, self.machine, self.journal, n) for n in range(tills)]


class Customer:
    """One visit while it happens."""

    __slots__ = ("asked", "called", "calls", "plan", "previous", "seen", "sent", "shop", "troubled", "turn", "wish")

    def __init__(self, plan: Visit, shop: Shop) -> None:
        self.plan = plan
        self.shop = shop
        self.turn = 0
        self.called = self.asked = 0
        self.sent = 0
        """Calls of its steps, questions too."""
        self.troubled = 0
        """Its calls since the last answer that was written down."""
        self.calls: dict[str, int] = {}
        """Operation -> the number of its last call, from 0."""
        self.seen: AnyOrder | None = None
        self.previous: AnyOrder | None = None
        self.wish: tuple[AnyOrder | None, int] | None = None
        """What the last wish was made of: the order as it was held, and the luck."""
