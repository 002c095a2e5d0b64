"""What entries hold, as it is shown: the facts, what waits, without the customer unless that was asked for.

May live here: reading bodies, and what is left out of them. May not: a terminal, a sentence, anything that is written.
"""

from __future__ import annotations

from typing import Any, Final, cast

from stampcard.journal.codec import unpack
from stampcard.journal.contract import StoreError
from stampcard.journal.fold import Standing
from stampcard.lifecycles import AnyLifecycle

__all__ = ["WITHHELD", "Tree", "behind", "expected_of", "facts_of", "redacted"]

WITHHELD: Final = "withheld"
"""Stands where personal data would, unless it was asked for."""

Tree = dict[str, Any]


def facts_of(standing: Standing, *, personal: bool) -> Tree | None:
    """The facts that hold now, as the journal's JSON."""
    return None if standing.facts_at is None else _shown(standing, standing.facts_at, "facts", personal=personal)


def _shown(standing: Standing, at: int, part: str, *, personal: bool) -> Tree:
    """What an entry holds, with the customer's data only where it was asked for. Raises StoreError."""
    record = standing.record
    try:
        body = unpack(record.entries[at - 1].body)
        known = unpack(record.personal[at]) if personal and at in record.personal else {}
        tree = cast(Tree, body[part])
        paths = cast("list[str]", body.get("personal") or [])
    except (ValueError, KeyError) as error:
        raise StoreError(f"order {record.header.order_id}, entry {at}: cannot be read back ({error})") from None
    stands = "forgotten" if personal or standing.forgotten else WITHHELD
    for path in paths:
        _put(tree, path.split("."), known.get(path, stands))
    return cast(Tree, redacted(tree))


def expected_of(lifecycle: AnyLifecycle, standing: Standing, *, personal: bool) -> Tree | None:
    """Where what waits leads, and what it was taken down with; None where nothing waits, or nobody can tell."""
    state, sold = standing.state, cast(Tree, {})
    for step in standing.queued:
        row = lifecycle.row(state, step.trigger)
        if row is None or len(row.destinations) != 1:
            return None
        state = str(row.destinations[0])
        tree = _shown(standing, step.entry.version, "command", personal=personal)
        sold |= {name: said for name, said in tree.items() if said not in (None, [])}
    return {"state": state, "facts": sold} if standing.queued else None


def behind(lifecycle: AnyLifecycle, state: str) -> frozenset[str]:
    """What may be taken down behind what waits: a decision of the till alone is never sent."""
    return frozenset(row.trigger for row in lifecycle.rows if state in row.sources and row.calls_provider)


def redacted(node: object) -> object:
    """Without the sealed tokens: a journal keeps them, nobody is shown them."""
    if isinstance(node, list):
        return [redacted(item) for item in cast("list[object]", node)]
    if not isinstance(node, dict):
        return node
    tree = cast("dict[str, object]", node)
    return "***" if tree.keys() == {"sealed"} else {key: redacted(value) for key, value in tree.items()}


def _put(node: Any, path: list[str], value: Any) -> None:
    """Set what a dotted path names; digits are places in a list."""
    for key in path[:-1]:
        node = node[int(key) if isinstance(node, list) else key]
    node[int(path[-1]) if isinstance(node, list) else path[-1]] = value
