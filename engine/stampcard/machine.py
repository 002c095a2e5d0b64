"""The machine: may this be fired, and where does it lead. The one module that imports `transitions`.

Deciding fires nothing: a look-up in the lifecycle's table and all guards of the row. Moving fires once, after the
outcome is known: one machine per lifecycle, built from its rows and shared by every order and thread. Each firing
brings a throwaway cursor that holds the state and nothing else, so no order is ever registered, kept alive or taken for
an equal one (registering one costs 67 times as much, and the library silently drops the second of two equal models).

May live here: the look-up, the firing. May not: an effect, a guard's body, I/O.
"""

from __future__ import annotations

import logging
import weakref
from collections.abc import Callable
from enum import StrEnum
from typing import Any, Final, TypeVar

import attrs
from transitions import EventData, Machine, MachineError

from stampcard.commands import Command
from stampcard.guards import NOT_FROM_HERE, prove, refusal, refusals
from stampcard.lifecycles import Lifecycle, Row
from stampcard.model import AnyOrder, Refusal

__all__ = ["IllegalMoveError", "decide", "machine", "move"]

S = TypeVar("S", bound=StrEnum)

_log = logging.getLogger("transitions.core")
if (
    _log.level == logging.NOTSET
):  # it writes some ten lines a firing at DEBUG and INFO; a host that wants them sets a level
    _log.setLevel(logging.WARNING)


class IllegalMoveError(Exception):
    """The lifecycle has no such edge: from this state, by this trigger, to this destination."""


@attrs.define(slots=True, eq=False)
class _Cursor:
    """What a firing moves. to: the destination the outcome named."""

    state: str
    to: str


def decide(lifecycle: Lifecycle[Any], order: AnyOrder, command: Command) -> tuple[Refusal, ...]:
    """Every reason why `command` may not be done to `order` now; empty when it may."""
    row = lifecycle.row(order.state, command.trigger)
    if row is None:
        return (refusal(NOT_FROM_HERE, trigger=command.trigger, state=str(order.state)),)
    return refusals(row, order, command)


def move(lifecycle: Lifecycle[S], state: str, trigger: str, to: str | None = None) -> S:
    """Fire once: the new state. to: needed where the row has several destinations.

    Raises IllegalMoveError for an edge the table does not have, and LifecycleError when a row names an unknown guard.
    """
    end = _destination(lifecycle, state, trigger, to)
    cursor = _Cursor(state=str(state), to=str(end))  # plain text: the library would take an enum by its name
    event = machine(lifecycle).events.get(trigger)
    try:
        moved = event is not None and event.trigger(cursor)
    except (MachineError, ValueError):  # no edge from here; a state that is none of the machine's
        moved = False
    if not moved:
        raise IllegalMoveError(f"lifecycle {lifecycle.name}: no edge {state} --{trigger}--> {to or '?'}")
    return lifecycle.states(cursor.state)


def _destination(lifecycle: Lifecycle[S], state: str, trigger: str, to: str | None) -> str:
    if to is not None:
        return to
    row = lifecycle.row(state, trigger)
    if row is None or len(row.destinations) != 1:
        raise IllegalMoveError(f"lifecycle {lifecycle.name}: {trigger} from {state} does not say where it leads")
    return row.destinations[0]


def machine(lifecycle: Lifecycle[Any]) -> Machine:
    """The shared machine of a lifecycle, built on first use and kept as long as the lifecycle itself."""
    known = _machines.get(id(lifecycle))
    if known is not None and known[0]() is lifecycle:
        return known[1]
    built, key = _build(lifecycle), id(lifecycle)
    # By identity: a fingerprint or a hash of the whole table would cost more than the firing. Two threads may both
    # build one; either will do.
    _machines[key] = (weakref.ref(lifecycle, lambda gone: _forget(key, gone)), built)
    return built


_machines: Final[dict[int, tuple[weakref.ref[Lifecycle[Any]], Machine]]] = {}


def _forget(key: int, gone: weakref.ref[Lifecycle[Any]]) -> None:
    known = _machines.get(key)
    if known is not None and known[0] is gone:
        del _machines[key]


def _build(lifecycle: Lifecycle[S]) -> Machine:
    prove(lifecycle)
    return Machine(
        model=None,
        states=[state.value for state in lifecycle.states],
        initial=lifecycle.initial.value,
        transitions=[edge for row in lifecycle.rows for edge in _edges(row)],
        auto_transitions=False,
        send_event=True,
        name=lifecycle.name,
    )


def _edges(row: Row[Any]) -> list[dict[str, Any]]:
    """One edge for each source and destination, open only to a cursor that names the destination.

    Without the condition the library would silently take the first of several.
    """
    return [
        {"trigger": row.trigger, "source": source.value, "dest": end.value, "conditions": _leads_to(end.value)}
        for source in row.sources
        for end in row.destinations
    ]


def _leads_to(destination: str) -> Callable[[EventData], bool]:
    def named(event: EventData) -> bool:
        cursor: object = event.model
        return isinstance(cursor, _Cursor) and cursor.to == destination

    return named
