"""A failing world made small: what is left out as long as the same promise still breaks, and the story of what is left.

May live here: smaller plans, the story, the path on the diagram. May not: anything that happens in a world.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Final

import attrs

from stampcard import draw
from stampcard.model import EntryKind
from stampcard.simulate.plan import Kind, Move, Plan, Visit
from stampcard.simulate.scenario import Make
from stampcard.simulate.task import Broken
from stampcard.simulate.weather import Fault
from stampcard.simulate.world import World

__all__ = ["Violation", "shrunk", "told"]

_RUNS: Final = 600
"""Worlds that are tried at most."""
_LINES: Final = 80
"""Of a story, at most: its end is what matters."""


@attrs.frozen(kw_only=True)
class Violation:
    """A promise that broke. promise: its name. story: what happened, in the smallest world found. diagram: the order's
    path. plan: that world, to be run again with `World(plan, make)`."""

    promise: str
    order_id: str
    story: str
    diagram: str
    plan: Plan = attrs.field(repr=False)


def shrunk(plan: Plan, make: Make, promise: str) -> Plan:
    """A plan as small as could be found, in which the same promise breaks: fewer orders, then faults, then moves."""
    at, smaller = 0, False
    for _ in range(_RUNS):
        one = next(islice(_smaller(plan), at, None), None)
        if one is None:  # all were tried; what did not go before may go now
            if not smaller:
                break
            at, smaller = 0, False
            continue
        broken = World(one, make).run()
        if broken is not None and broken.promise == promise:
            plan, smaller = one, True  # the next one is in its place now
        else:
            at += 1
    return plan


def _smaller(plan: Plan) -> Iterator[Plan]:
    """Every plan with one thing less, the largest things first."""
    visits = plan.visits
    half = len(visits) // 2
    if half > 1:
        yield attrs.evolve(plan, visits=visits[:half])
        yield attrs.evolve(plan, visits=visits[half:])
    for n in range(len(visits)):
        if len(visits) > 1:
            yield attrs.evolve(plan, visits=visits[:n] + visits[n + 1 :])
    if plan.restarts:
        yield attrs.evolve(plan, restarts=())
    if plan.away:
        yield attrs.evolve(plan, away=())
    for n, visit in enumerate(visits):
        for one in _simpler(visit):
            yield attrs.evolve(plan, visits=(*visits[:n], one, *visits[n + 1 :]))
    if len(plan.tills) > 1 and all(visit.shop % len(plan.tills) == 0 for visit in visits):
        yield attrs.evolve(plan, tills=plan.tills[:1])
    for n, tills in enumerate(plan.tills):
        if tills > 1:
            yield attrs.evolve(plan, tills=(*plan.tills[:n], 1, *plan.tills[n + 1 :]))


def _simpler(visit: Visit) -> Iterator[Visit]:
    moves = visit.moves
    for part in (2, 4):
        size = len(moves) // part
        if size > 1:
            for start in range(len(moves) - size, -1, -size):  # the last ones first: most come after what matters
                yield attrs.evolve(visit, moves=moves[:start] + moves[start + size :])
    if len(visit.quests) > 1:
        yield attrs.evolve(visit, quests=())
    for n, quest in enumerate(visit.quests):
        yield attrs.evolve(visit, quests=visit.quests[:n] + visit.quests[n + 1 :])
        if quest.fault is not None and quest.crash is not None:
            for half in (attrs.evolve(quest, fault=None), attrs.evolve(quest, crash=None)):
                yield attrs.evolve(visit, quests=(*visit.quests[:n], half, *visit.quests[n + 1 :]))
    for fewer in _fewer(visit.faults):
        yield attrs.evolve(visit, faults=fewer)
    for fewer in _fewer(visit.asks):
        yield attrs.evolve(visit, asks=fewer)
    for n, move in enumerate(moves):
        for calm in _calmer(move):
            yield attrs.evolve(visit, moves=(*moves[:n], calm, *moves[n + 1 :]))
    for n in range(len(moves), 0, -1):
        yield attrs.evolve(visit, moves=moves[: n - 1] + moves[n:])
    for n, move in enumerate(moves):
        for plain in _plainer(move):
            yield attrs.evolve(visit, moves=(*moves[:n], plain, *moves[n + 1 :]))


def _fewer(faults: Mapping[int, Fault]) -> Iterator[dict[int, Fault]]:
    if len(faults) > 1:
        yield {}
    for spot in faults:
        yield {at: fault for at, fault in faults.items() if at != spot}


def _calmer(move: Move) -> Iterator[Move]:
    if move.crash is not None:
        yield attrs.evolve(move, crash=None)
    if move.fault is not None:
        yield attrs.evolve(move, fault=None)
    if move.freeze is not None:
        yield attrs.evolve(move, freeze=None)


def _plainer(move: Move) -> Iterator[Move]:
    if move.pace:
        yield attrs.evolve(move, pace=0.0)
    if move.overlap:
        yield attrs.evolve(move, overlap=False)
    if move.lane:
        yield attrs.evolve(move, lane=0)
    if move.wait:
        yield attrs.evolve(move, wait=0.0)
    if move.kind is not Kind.NEXT:
        yield attrs.evolve(move, kind=Kind.NEXT)


def told(plan: Plan, make: Make, broken: Broken) -> Violation:
    """The story of a world that breaks."""
    lines: list[str] = []
    world = World(plan, make, say=lines.append)
    again = world.run() or broken
    order_id = again.order_id or next((known for known in world.customers if known in again.what), "")
    if not order_id and len(world.customers) == 1:
        [order_id] = world.customers
    mine = [line for line in lines if order_id in line]
    head = [f"{again.promise}: {again.what}", f"seed {plan.seed}, world {plan.index}"]
    shown = mine[-_LINES:]
    if len(mine) > len(shown):
        head.append(f"({len(mine) - len(shown)} lines before these)")
    return Violation(
        promise=again.promise,
        order_id=order_id,
        story="\n".join([*head, *shown]),
        diagram=_path(world, order_id),
        plan=plan,
    )


def _path(world: World, order_id: str) -> str:
    """The order's way through its lifecycle; empty where no order is meant, or it went where no way leads."""
    record = next((found for shop in world.shops if (found := shop.journal.load(order_id)) is not None), None)
    if record is None:
        return ""
    lifecycle = world.adapter.lifecycle
    state = str(lifecycle.initial)
    path: list[tuple[str, str, str]] = []
    for entry in record.entries:
        if entry.kind in (EntryKind.ACCEPTED, EntryKind.OBSERVED) or entry.state != state:
            path.append((state, entry.trigger, entry.state))
        state = entry.state
    try:
        return draw.text(lifecycle, current=state, history=path)
    except ValueError:  # the history goes where the table does not
        return draw.text(lifecycle)
