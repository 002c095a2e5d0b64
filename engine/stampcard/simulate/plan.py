"""What one world is going to be, as data: drawn from the seed before anything happens, so that it can be made smaller.

May live here: visits, moves, weather, and how they are drawn. May not: anything that happens.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final

import attrs

from stampcard.simulate.cells import Blow
from stampcard.simulate.chance import Draw
from stampcard.simulate.weather import FAULTS, Crash, CrashPoint, Fault

__all__ = ["Kind", "Move", "Plan", "Visit", "drawn"]


class Kind(StrEnum):
    """What somebody does about an order."""

    NEXT = "next"
    """What is wished next of it, as it stands."""
    STALE = "stale"
    """The same, by somebody who holds the order as it was before."""
    REPEAT = "repeat"
    """The last wish once more, to the letter, perhaps at another till."""
    RECOVER = "recover"
    """Settle its doubt."""
    SWEEP = "sweep"
    """One pass of a till's background recovery, over every order of its journal."""
    PROVIDER = "provider"
    """The provider does something by itself."""


@attrs.frozen
class Move:
    """One thing somebody does. lane: at which till of the shop. wait: seconds after the move before has ended, or,
    where they overlap, has begun. pace: seconds the store takes, in which others go on. within: of a recovery. fault:
    of its first call that is promised, or observes. freeze: where its process is not scheduled for a while, and for how
    many seconds."""

    kind: Kind
    lane: int
    wait: float
    luck: int
    overlap: bool = False
    pace: float = 0.0
    within: float = 0.0
    fault: Fault | None = None
    crash: Crash | None = None
    freeze: tuple[CrashPoint, float] | None = None


@attrs.frozen
class Quest:
    """What befalls the n-th call of an operation, from 0."""

    operation: str
    number: int
    fault: Fault | None
    crash: Crash | None


@attrs.frozen
class Visit:
    """One order and all that is done about it.

    quests: what befalls the first calls of an operation, so that each meets every fault and every crash. faults: of the
    order's n-th call, from 0, where nothing else befalls it; asks: of its n-th question.
    """

    order_id: str
    shop: int
    at: float
    luck: int
    moves: tuple[Move, ...]
    quests: tuple[Quest, ...] = ()
    faults: Mapping[int, Fault] = attrs.field(factory=dict[int, Fault])
    asks: Mapping[int, Fault] = attrs.field(factory=dict[int, Fault])


@attrs.frozen
class Plan:
    """One world. luck: of its switches. tills: of each shop. away: no provider can be reached, from, to. restarts: of
    the provider, when and for how long."""

    seed: int
    index: int
    luck: int
    tills: tuple[int, ...]
    visits: tuple[Visit, ...]
    away: tuple[tuple[float, float], ...] = ()
    restarts: tuple[tuple[float, float], ...] = ()
    patience: float = 3.0


_CALLS: Final = 12
"""Further calls of an order that may meet a fault."""
_KINDS: Final = (
    *(Kind.NEXT,) * 20,
    *(Kind.RECOVER,) * 3,
    Kind.SWEEP,
    Kind.REPEAT,
    Kind.REPEAT,
    Kind.STALE,
    Kind.PROVIDER,
)
_STORMS: Final = (0.0, 0.0, 0.0, 0.1, 0.1, 0.6)
"""How many moves of a world meet trouble: from a quiet one, where everything has to go right, to a hurricane."""
_POINTS: Final = (
    *(None,) * 10,
    *(CrashPoint.SENT,) * 8,
    *(CrashPoint.READ,) * 8,
    *(CrashPoint.WRITTEN,) * 8,
    CrashPoint.EARLY,
    CrashPoint.PROMISED,
)
_PACES: Final = (0.0, 0.0, 0.0, 0.002, 0.05)
_WAITS: Final = (0.0, 0.1, 0.5, 4.0, 20.0, 130.0)
_WITHIN: Final = (0.0, 0.0, 5.0, 60.0, 600.0)
_DOWN: Final = (0.5, 5.0, 60.0, 200.0)
_FROZEN: Final = (CrashPoint.EARLY, CrashPoint.PROMISED, CrashPoint.READ)
_FREEZES: Final = (1.0, 8.0, 15.0, 60.0, 140.0)
_ANY: Final = (None, *FAULTS)

_QUESTED: Final = (0.9, 0.5, 0.3)
"""How often an operation's first call has a quest, its second, its third: the others go on undisturbed."""
_NO_QUESTS: Final[Mapping[str, float]] = {}
_NOT_RARE: Final[Mapping[str, Sequence[Blow]]] = {}
_CELLS: Final[tuple[Blow, ...]] = (
    *((fault, point) for fault in _ANY for point in (None, CrashPoint.SENT, CrashPoint.READ, CrashPoint.WRITTEN)),
    (None, CrashPoint.EARLY),
    (None, CrashPoint.PROMISED),
)


def drawn(
    seed: int,
    index: int,
    most: int,
    shops: int,
    operations: Mapping[str, float] = _NO_QUESTS,
    rare: Mapping[str, Sequence[Blow]] = _NOT_RARE,
) -> Plan:
    """The world of this seed and index, with at most so many orders.

    operations: that have quests, and how often. rare: what befell each least so far; half of the quests seek it.
    """
    draw = Draw(seed, index)
    count = 1 + draw.below(min(most, 8))
    tills = tuple(1 + draw.below(3) for _ in range(1 + draw.below(shops)))
    storm = draw.pick(_STORMS)
    visits = tuple(
        _visit(draw, f"s{seed}-{index}-{n + 1}", len(tills), storm, _quests(draw, index * 7 + 13 * n, operations, rare))
        for n in range(count)
    )
    away: tuple[tuple[float, float], ...] = ()
    restarts: tuple[tuple[float, float], ...] = ()
    if draw.chance(0.15):
        start = draw.between(0.0, 60.0)
        away = ((start, start + draw.pick((1.0, 20.0, 400.0))),)
    if draw.chance(0.15):
        restarts = ((draw.between(0.0, 60.0), draw.pick((0.0, 1.0, 30.0))),)
    return Plan(
        seed=seed,
        index=index,
        luck=draw.bits(),
        tills=tills,
        visits=visits,
        away=away,
        restarts=restarts,
        patience=draw.pick((0.0, 0.5, 3.0, 3.0, 60.0)),
    )


def _quests(
    draw: Draw, visit: int, operations: Mapping[str, float], rare: Mapping[str, Sequence[Blow]]
) -> tuple[Quest, ...]:
    """The cells in turn, so that each comes about as often as any other, and the rare ones once more."""
    found: list[Quest] = []
    for n, (operation, share) in enumerate(operations.items()):
        for number, often in enumerate(_QUESTED):
            if draw.chance(often * share):
                sought = rare.get(operation)
                in_turn = _CELLS[(visit + 29 * n + 31 * number) % len(_CELLS)]
                fault, point = draw.pick(sought) if sought and draw.chance(0.5) else in_turn
                crash = None if point is None else attrs.evolve(_crash_at(draw, point), down=draw.pick(_DOWN[:2]))
                found.append(Quest(operation, number, fault, crash))
    return tuple(found)


def _visit(draw: Draw, order_id: str, shops: int, storm: float, quests: tuple[Quest, ...]) -> Visit:
    moves = [attrs.evolve(_move(draw, storm), kind=Kind.NEXT, overlap=False, wait=0.0)]
    moves += [_move(draw, storm) for _ in range(16 + draw.below(14))]
    return Visit(
        order_id=order_id,
        shop=draw.below(shops),
        at=draw.between(0.0, 30.0),
        luck=draw.bits(),
        moves=tuple(moves),
        quests=quests,
        faults=_faults(draw, storm / 2, _CALLS),
        asks=_faults(draw, storm / 5, 4),
    )


def _move(draw: Draw, storm: float) -> Move:
    troubled = storm > 0 and draw.chance(storm)
    fault, crash = (draw.pick(_ANY), _crash(draw)) if troubled else (None, None)
    return Move(
        kind=draw.pick(_KINDS),
        lane=draw.below(3),
        wait=draw.pick(_WAITS),
        luck=draw.bits(),
        overlap=draw.chance(0.15),
        pace=draw.pick(_PACES),
        within=draw.pick(_WITHIN),
        fault=fault,
        crash=crash,
        freeze=(draw.pick(_FROZEN), draw.pick(_FREEZES)) if draw.chance(storm / 5) else None,
    )


def _crash(draw: Draw) -> Crash | None:
    point = draw.pick(_POINTS)
    return None if point is None and not draw.chance(0.15) else _crash_at(draw, point)


def _crash_at(draw: Draw, point: CrashPoint | None) -> Crash:
    return Crash(
        point=point,
        effect=draw.below(14),
        part=draw.between(0.0, 1.0),
        down=draw.pick(_DOWN),
        power=draw.chance(0.1),
    )


def _faults(draw: Draw, storm: float, calls: int) -> dict[int, Fault]:
    if storm <= 0:
        return {}
    return {n: draw.pick(FAULTS) for n in range(calls) if draw.chance(storm)}
