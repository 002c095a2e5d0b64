"""The guards: named pure predicates that say whether a command may go ahead, and every reason why not.

A lifecycle's row names its guards; here each name gets its body. May live here: the registry and the asking. May not:
I/O, a clock, a provider's name. Importing this module proves that every name in every shipped row is defined, and that
nothing is defined that no row uses.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from stampcard.commands import Command
from stampcard.guards import authorization, fulfilment, purchase, redemption
from stampcard.guards._guard import Guard, guard
from stampcard.guards._sentences import NOT_FROM_HERE, OTHER_COMMAND, SENTENCES, refusal
from stampcard.lifecycles import LIFECYCLES, Lifecycle, LifecycleError, Row
from stampcard.model import AnyOrder, Refusal

__all__ = [
    "GUARDS",
    "NOT_FROM_HERE",
    "OTHER_COMMAND",
    "SENTENCES",
    "Guard",
    "define",
    "guard",
    "prove",
    "refusal",
    "refusals",
]


_defined: Final[dict[str, Guard]] = {
    name: getattr(room, name) for room in (purchase, redemption, fulfilment, authorization) for name in room.__all__
}
GUARDS: Final[Mapping[str, Guard]] = MappingProxyType(_defined)
"""Every guard, by the name rows use."""


def define(own: Guard) -> Guard:
    """Add a guard for a lifecycle of your own; wearable as a decorator over `guard`.

    Raises LifecycleError for a name that is taken: a shipped rule cannot be replaced.
    """
    if _defined.setdefault(own.name, own) is not own:
        raise LifecycleError(f"the guard {own.name} is defined already")
    return own


def prove(lifecycle: Lifecycle[Any]) -> None:
    """Raise LifecycleError, naming the row, when it names a guard nobody defines."""
    for row in lifecycle.rows:
        for name in row.guards:
            if name not in GUARDS:
                raise LifecycleError(f"lifecycle {lifecycle.name}: nobody defines the guard {name} in row `{row}`")


def refusals(row: Row[Any], order: AnyOrder, command: Command) -> tuple[Refusal, ...]:
    """Ask every guard of the row: all their refusals, in the row's order, each once. Raises as `prove` does."""
    found: list[Refusal] = []
    for name in row.guards:
        asked = GUARDS.get(name)
        if asked is None:
            raise LifecycleError(f"nobody defines the guard {name} in row `{row}`")
        found += (said for said in asked.check(order, command) if said not in found)
    return tuple(found)


def _prove_shipped() -> None:
    for lifecycle in LIFECYCLES.values():
        prove(lifecycle)
    unused = GUARDS.keys() - {name for lifecycle in LIFECYCLES.values() for name in lifecycle.guard_names}
    if unused:
        raise LifecycleError(f"no row uses the guard {', '.join(sorted(unused))}")


_prove_shipped()
