"""A till in a process of its own, told what to do line by line, to be killed at the worst moment.

Arguments: journal, url. A line in: verb, order id, command id (or "-"). A line out: what it came to, as JSON. The verbs
"pass" and "background" recover whatever is open: once, or from then on.
"""

from __future__ import annotations

import contextlib
import json
import sys

from tests.step.shop import BASKET, HERE, MEMBER, cash, spendgo

from stampcard.errors import StampcardError
from stampcard.till import Till
from stampcard_adapters.spendgo import SpendgoOrder, SpendgoTill


def do(verbs: SpendgoTill, seen: SpendgoOrder | None, verb: str, order_id: str, command_id: str | None) -> SpendgoOrder:
    """One verb, on the order as it was last seen."""
    if verb == "recover":
        return verbs.recover(order_id)
    if verb == "refund" and seen is not None:
        return verbs.refund(seen, why="cold", command_id=command_id)
    if verb == "checkout":
        return verbs.checkout(order_id, BASKET, buyer=MEMBER, command_id=command_id)
    if verb == "see" or seen is None:
        return verbs.get(order_id)
    if verb == "place":
        return verbs.place(seen, tenders=cash(seen), command_id=command_id)
    if verb == "void":
        return verbs.void(seen, why="changed their mind", command_id=command_id)
    return {"bill": verbs.bill, "complete": verbs.complete}[verb](seen, command_id=command_id)


def main(journal: str, url: str) -> None:
    with contextlib.ExitStack() as stack:
        till = stack.enter_context(Till(journal, site=HERE, deadline=9.0))
        verbs = till.use(spendgo(url)).by("killed")
        seen: SpendgoOrder | None = None
        background = stack.enter_context(contextlib.ExitStack())
        print("ready", flush=True)
        for line in sys.stdin:
            verb, order_id, command_id = line.split()
            if verb == "background":
                background.enter_context(till.start_recovery())
                print(json.dumps({}), flush=True)
                continue
            if verb == "pass":
                report = till.recover()
                told = {one.order_id: one.result for one in report.results}
                print(json.dumps({"results": told, "open": report.open}), flush=True)
                continue
            try:
                seen = do(verbs, seen, verb, order_id, None if command_id == "-" else command_id)
                said: dict[str, object] = {"state": seen.state, "replayed": seen.replayed, "version": seen.version}
            except StampcardError as error:
                said = {**error.as_dict()}
            print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
