"""When everything is over: every order of the journals held against the provider's books.

May live here: the comparison, in the words of the simulator's promises. May not: a process, a repair.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any

from tests.kill.campaign import shops

from stampcard.journal import open_journal
from stampcard.journal.fold import fold
from stampcard.model import AnyOrder
from stampcard.simulate import Scenario
from stampcard.simulate.invariants import broken_history, still_open
from stampcard.simulate.tally import recovered
from stampcard.till import Till

__all__ = ["audit"]


def audit(scenarios: Mapping[str, Scenario], journals: Sequence[str]) -> dict[str, Any]:
    """What is wrong, sentence by sentence (nothing, if the promise is kept), and what there was.

    lost: settled here and not so there. doubled: done twice, or for nobody. unbalanced, broken: books, histories.
    open: neither settled nor with a person for a reason that the design names. escalated: reason -> how many.
    """
    found = _Found()
    orders: dict[str, list[AnyOrder]] = {name: [] for name in scenarios}
    for journal in journals:
        with closing(open_journal(journal)) as store, Till(store, site=shops.HERE) as till:
            verbs = {name: till.use(one.provider) for name, one in scenarios.items()}
            for summary in store.find(limit=1_000_000):
                name, order_id = summary.header.provider, summary.header.order_id
                order = verbs[name].get(order_id)
                record = store.load(order_id)
                orders[name].append(order)
                found.order(scenarios[name], order, record)
    for name, scenario in scenarios.items():
        found.wrong["doubled"] += [f"{name}: {one}" for one in scenario.conserved(orders[name])]
        found.wrong["unbalanced"] += [f"{name}: {one}" for one in scenario.model.unbalanced()]
    return {
        "orders": {name: len(some) for name, some in orders.items()},
        "wrong": found.wrong,
        "escalated": found.escalated,
        "recovered": found.recovered,
        "states": found.states,
    }


class _Found:
    def __init__(self) -> None:
        self.wrong: dict[str, list[str]] = {"lost": [], "doubled": [], "unbalanced": [], "broken": [], "open": []}
        self.escalated: Counter[str] = Counter()
        self.recovered: Counter[str] = Counter()
        self.states: Counter[str] = Counter()

    def order(self, scenario: Scenario, order: AnyOrder, record: Any) -> None:
        """One order, as a till reads it and as it is stored."""
        self.states[f"{order.provider} {order.state}"] += 1
        self.recovered.update(recovered(record))
        where = f"{order.provider} {order.id}"
        lifecycle = type(scenario.provider).describe().lifecycle
        self.wrong["broken"] += [f"{where}: {said}" for _, said in broken_history(record, lifecycle)]
        if bool(still_open(record)) != (order.doubt is not None):
            self.wrong["broken"].append(f"{where}: its doubt is not what its history says is open")
        if order.doubt is None:
            if not scenario.agrees(order):
                self.wrong["lost"].append(f"{where} is {order.state} here, and the provider holds another")
            return
        said = next((one.why for one in fold(record).open if one.escalated is not None), None)
        if said is None:
            self.wrong["open"].append(f"{where}: {order.doubt.trigger} is still in doubt: {order.doubt.why}")
            return
        reason = scenario.reason(order, said)
        if reason is None:
            self.wrong["open"].append(f"{where}: handed to a person, and need not be: {said}")
        else:
            self.escalated[f"{order.provider}: {reason}"] += 1
