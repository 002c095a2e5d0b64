"""What the provider's documents leave open, measured: repeats, other bodies, stages out of sequence, voids.

May live here: the measurements, and the switches they ask for. May not: a case, a call that is not the line's.
What moved is read from the member's points and rewards, behind the answers: an answer alone proves nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Final

import attrs

from stampcard.errors import StampcardError
from stampcard.model import Money, Reward
from stampcard_adapters.certify.page import FailedCaseError
from stampcard_adapters.certify.report import Measurement, Value
from stampcard_adapters.certify.spendgo.desk import Desk
from stampcard_adapters.certify.spendgo.goods import cents
from stampcard_adapters.certify.spendgo.raw import RawOrder, Stage
from stampcard_adapters.certify.spendgo.run import Run
from stampcard_adapters.certify.spendgo.watch import Reply, WatchedAdapter
from stampcard_adapters.spendgo import PointsLeave, Repeated, Switches

__all__ = ["measured", "switches_of"]

_TO_THE_END: Final[tuple[Stage, ...]] = ("checkout", "placed", "billed", "completed", "refunded")
_BEFORE: Final[dict[Stage, tuple[Stage, ...]]] = {
    "placed": ("checkout",),
    "billed": ("checkout", "placed"),
    "completed": ("checkout", "placed", "billed"),
    "voided": ("checkout", "placed"),
    "refunded": ("checkout", "placed", "billed", "completed"),
}
"""Stage -> what an order needs before it."""
_OUT_OF_SEQUENCE: Final[tuple[tuple[str, tuple[Stage, ...], Stage], ...]] = (
    ("placed before checkout", (), "placed"),
    ("billed before placed", ("checkout",), "billed"),
    ("completed before billed", ("checkout", "placed"), "completed"),
    ("refunded before completed", ("checkout", "placed", "billed"), "refunded"),
    ("checkout after placed", ("checkout", "placed"), "checkout"),
    ("billed after voided", ("checkout", "placed", "voided"), "billed"),
    ("voided after completed", ("checkout", "placed", "billed", "completed"), "voided"),
)
_BLIND: Final[tuple[Stage, ...]] = ("billed", "voided")
"""Stages that move a reward and no points: without one their effect cannot be seen."""
_ENOUGH_TO_SEE: Final = 2_00


@attrs.frozen(kw_only=True)
class _Holdings:
    """What the member has: a repeat that acts twice shows here."""

    points: Decimal
    dollars: Money | None
    rewards: tuple[tuple[str, int], ...]

    def against(self, before: _Holdings) -> str:
        """What moved since."""
        moved: list[str] = []
        if self.points != before.points:
            moved.append(f"points {before.points} -> {self.points}")
        if self.dollars != before.dollars:
            moved.append(f"Shop With Points {before.dollars or 'none'} -> {self.dollars or 'none'}")
        if self.rewards != before.rewards:
            moved.append(f"rewards {sum(n for _, n in before.rewards)} -> {sum(n for _, n in self.rewards)}")
        return ", ".join(moved) or "nothing moved"


@attrs.frozen(kw_only=True)
class _Instrument:
    """The reward whose leaving and coming back is looked at; Shop With Points shows it in any amount."""

    reward: Reward | None
    discount: Money | None


def measured(run: Run, on_start: Callable[[str], None]) -> tuple[Measurement, ...]:
    """Everything that can be. on_start is told what is measured next. Raises SkippedCaseError without a member."""
    _ = run.desk.member  # nothing can be measured without one
    found: list[Measurement] = []
    for what, measure in _ALL:
        on_start(what)
        found += measure(run)
    return tuple(found)


def switches_of(measurements: tuple[Measurement, ...]) -> dict[str, Value]:
    """The settings these ask for; what was not measured is left out."""
    found: dict[str, Value] = {}
    asked = [m.value for m in measurements if m.switch == "repeat"]
    repeats = [Repeated(str(value)) for value in asked if value is not None]
    if repeats and (Repeated.UNSAFE in repeats or len(repeats) == len(asked)):  # one that acts twice is enough
        found["repeat"] = _repeat_of(repeats).value
    for measurement in measurements:
        if measurement.switch not in (None, "repeat") and measurement.value is not None:
            found[measurement.switch] = measurement.value
    return found


def _repeat_of(repeats: list[Repeated]) -> Repeated:
    """One setting for all stages: the one under which nothing can go wrong.

    `refused` lets a 409 prove that the first call landed: only where every stage refuses may it be set. Where some
    stages replay, `replayed` sends every refused repeat to a person.
    """
    if Repeated.UNSAFE in repeats:
        return Repeated.UNSAFE
    return Repeated.REFUSED if all(r is Repeated.REFUSED for r in repeats) else Repeated.REPLAYED


def _held(run: Run, instrument: _Instrument) -> _Holdings:
    desk = run.desk
    listed = desk.rewards()
    wallet = instrument.reward if instrument.reward is not None and instrument.reward.spends_points else None
    return _Holdings(
        points=desk.points(),
        dollars=None if wallet is None else desk.money_in(wallet),
        rewards=tuple(sorted((r.id, r.quantity) for r in listed if not r.spends_points)),
    )


def _instrument(desk: Desk) -> _Instrument:
    wallet = desk.wallet()
    if wallet is not None and wallet.value is not None and wallet.value.units >= _ENOUGH_TO_SEE:
        return _Instrument(reward=wallet, discount=cents(100, wallet.value.currency))
    for reward in desk.ordinary():
        # a second use can be seen only where there is a second one to use
        if reward.quantity >= 2 and reward.value is not None and reward.offer == "rebate":
            return _Instrument(reward=reward, discount=reward.value)
    return _Instrument(reward=None, discount=None)


def _begun(run: Run, instrument: _Instrument) -> RawOrder:
    return run.line.order(reward=instrument.reward, discount=instrument.discount)


def _unmeasured(name: str, why: Exception, switch: str | None = None) -> Measurement:
    return Measurement(name=name, seen=f"not measured: {why}", switch=switch)


# repeats


def _repeats(run: Run) -> Iterator[Measurement]:
    """Each status twice with the same body, in one order to its end and one that is voided."""
    instrument = _instrument(run.desk)
    left_at: list[Stage] = []
    whole, stopped = _begun(run, instrument), _begun(run, instrument)
    try:
        for stage in _TO_THE_END:
            yield _repeat(run, whole, stage, instrument, left_at)
        stopped.through("checkout", "placed")
        placed = _held(run, instrument)
        stopped.through("billed")
        _settled(run, instrument, placed, "billed")
        yield _repeat(run, stopped, "voided", instrument, left_at)
    except (FailedCaseError, StampcardError) as error:
        yield _unmeasured("repeat of the stages that are left", error, "repeat")
    yield _points_leave(instrument, left_at)


def _repeat(run: Run, order: RawOrder, stage: Stage, instrument: _Instrument, left_at: list[Stage]) -> Measurement:
    before = _held(run, instrument)
    first = order.send(stage)
    if not first.ok:
        raise FailedCaseError(f"{stage} was answered {first.said}")
    held = _settled(run, instrument, before, stage)
    if held.dollars is not None and before.dollars is not None and held.dollars < before.dollars:
        left_at.append(stage)
    again = order.send(stage)
    after = _settled(run, instrument, held, stage) if again.ok else _held(run, instrument)
    name, moved = f"repeat of {stage}", after.against(held)
    if stage == "checkout":  # evaluated anew each time: it has no effect that a repeat could double
        return Measurement(name=name, seen=f"{again.said}, {moved}", value="answered again" if again.ok else again.said)
    value, why = _judged(first, again, moved_at_all=after != held)
    seen = f"{again.said}{why}, {moved}"
    if value == Repeated.REPLAYED and instrument.reward is None and stage in _BLIND:
        value, seen = None, f"{seen}, but no reward was at hand to see a second use by"
    return Measurement(name=name, seen=seen, switch="repeat", value=value)


def _settled(run: Run, instrument: _Instrument, before: _Holdings, stage: Stage) -> _Holdings:
    """Holdings once they have moved, or when patience ends: a provider may book a bit later."""
    if stage == "checkout":
        return _held(run, instrument)
    return run.desk.until(lambda: _held(run, instrument), lambda now: now != before)


def _judged(first: Reply, again: Reply, *, moved_at_all: bool) -> tuple[str | None, str]:
    if moved_at_all:
        return Repeated.UNSAFE.value, " and applied twice"
    if again.ok:
        ids = [reply.transaction.any("id").text() for reply in (first, again)]
        if ids[0] != ids[1]:
            return Repeated.UNSAFE.value, " with another transaction id"
        return Repeated.REPLAYED.value, " again"
    if 400 <= again.status < 500:
        told = "" if (again.status, again.code) == (409, "409") else " (409 alone is taken for an already)"
        return Repeated.REFUSED.value, f' "{again.details or ""}"{told}'
    return None, ", which says nothing"


def _points_leave(instrument: _Instrument, left_at: list[Stage]) -> Measurement:
    name, switch = "Shop With Points leave at", "points_leave_at"
    if instrument.discount is None or instrument.reward is None or not instrument.reward.spends_points:
        return Measurement(name=name, seen="not measured: the member has too little to shop with", switch=switch)
    stages = [stage for stage in left_at if stage in tuple(PointsLeave)]
    if not stages:
        return Measurement(name=name, seen="not measured: the balance never went down", switch=switch)
    return Measurement(
        name=name, seen=f"{instrument.discount} were gone after {stages[0]}", switch=switch, value=stages[0]
    )


# other bodies, sequence, voids


def _other_bodies(run: Run) -> Iterator[Measurement]:
    """Each status again with a tip more than the first time."""
    for stage, before in _BEFORE.items():
        name = f"{stage} again with another body"
        order = _begun(run, _Instrument(reward=None, discount=None))
        try:
            order.through(*before, stage)
            reply = order.send(stage, other_body=True)
            yield Measurement(name=name, seen=_answer(reply), value=reply.said)
            _undone(order, (*before, stage))
        except (FailedCaseError, StampcardError) as error:
            yield _unmeasured(name, error)


def _out_of_sequence(run: Run) -> Iterator[Measurement]:
    for what, before, stage in _OUT_OF_SEQUENCE:
        name = f"out of sequence: {what}"
        order = _begun(run, _Instrument(reward=None, discount=None))
        try:
            order.through(*before)
            reply = order.send(stage)
            yield Measurement(name=name, seen=_answer(reply), value=reply.said)
            _undone(order, (*before, stage) if reply.ok else before)
        except (FailedCaseError, StampcardError) as error:
            yield _unmeasured(name, error)


def _voids(run: Run) -> Iterator[Measurement]:
    instrument = _instrument(run.desk)
    stages: tuple[Stage, ...] = ("checkout", "placed", "billed")
    for number, stage in enumerate(stages, start=1):
        name = f"void after {stage}"
        try:
            before = _held(run, instrument)
            order = _begun(run, instrument)
            order.through(*stages[:number])
            reply = order.send("voided")
            after = _as_before(run, instrument, before)
            seen = f"{_answer(reply)}, in the end {after.against(before)}"
            yield Measurement(name=name, seen=seen, value=reply.said)
        except (FailedCaseError, StampcardError) as error:
            yield _unmeasured(name, error)


def _as_before(run: Run, instrument: _Instrument, before: _Holdings) -> _Holdings:
    return run.desk.until(lambda: _held(run, instrument), lambda now: now == before)


def _answer(reply: Reply) -> str:
    return reply.said if reply.details is None else f'{reply.said} "{reply.details}"'


def _undone(order: RawOrder, done: tuple[Stage, ...]) -> None:
    """Leave no points and no order open behind; a no is no matter."""
    if not done or done[-1] in ("voided", "refunded"):
        return
    order.send("refunded" if "completed" in done else "voided")


# forms


def _single_tender(run: Run) -> Iterator[Measurement]:
    """The documents' table says array, their samples send an object."""
    name, switch = "one payment as an object", "payments_as_array"
    settings = run.desk.adapter.settings
    seen: list[str] = []
    try:
        for as_array in (False, True):
            switches = Switches(payments_as_array=as_array)
            adapter = WatchedAdapter(attrs.evolve(settings, switches=switches), run.desk.replies.append)
            order = _begun(run, _Instrument(reward=None, discount=None))
            order.through("checkout")
            reply = order.send("placed", adapter=adapter)
            seen.append(f"placed with {'an array' if as_array else 'an object'} {reply.said}")
            if reply.ok:
                _undone(order, ("checkout", "placed"))
                yield Measurement(name=name, seen=", ".join(seen), switch=switch, value=as_array)
                return
    except (FailedCaseError, StampcardError) as error:
        seen.append(str(error))
    yield Measurement(name=name, seen=f"not measured: {', '.join(seen)}", switch=switch)


def _invalid_reward(run: Run) -> Iterator[Measurement]:
    """The adapter reads either answer; which one it is decides what a cashier gets to see."""
    name = "an invalid reward at checkout"
    if not run.desk.refused:
        yield Measurement(name=name, seen="not measured: case 10 found no reward that is refused")
        return
    order, reward = run.desk.refused[0]
    try:
        discount = reward.value or cents(100, run.desk.currency)
        reply = run.line.order(reward=reward, discount=discount, basket=order.facts.basket).send("checkout")
    except (FailedCaseError, StampcardError) as error:
        yield _unmeasured(name, error)
        return
    off = reply.transaction.any("discount").number()
    seen = f'discount {off}, "{reply.message or ""}"' if reply.ok else _answer(reply)
    yield Measurement(name=name, seen=seen, value=reply.said)


def _vanishing(run: Run) -> Iterator[Measurement]:
    """A reward that leaves the list by itself forbids a switch; one that stays does not prove that none ever does."""
    name, switch = "rewards that leave the list by themselves", "gone_is_used"
    try:
        first, second = ({r.id for r in run.desk.rewards()} for _ in range(2))
    except StampcardError as error:
        yield _unmeasured(name, error, switch)
        return
    gone = len(first - second)
    seen = (
        f"{gone} of {len(first)} were gone at a second look"
        if gone
        else f"all {len(first)} were there at a second look"
    )
    yield Measurement(name=name, seen=f"{seen}; offers may vanish by rule", switch=switch, value=False)


_ALL: Final[tuple[tuple[str, Callable[[Run], Iterator[Measurement]]], ...]] = (
    ("the same status twice", _repeats),
    ("the same status with another body", _other_bodies),
    ("stages out of sequence", _out_of_sequence),
    ("voids", _voids),
    ("the form of payments", _single_tender),
    ("an invalid reward", _invalid_reward),
    ("the list of rewards", _vanishing),
)
