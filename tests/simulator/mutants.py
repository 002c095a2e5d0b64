"""Bugs somebody would ship, planted for as long as a block runs: the simulator has to find each of them.

Nothing in the engine knows of them: each wraps or replaces a function of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from unittest.mock import patch

import attrs

from stampcard.adapter import Accepted, Evidence, Resend
from stampcard.journal import queue
from stampcard.journal._shared import entry_of
from stampcard.journal.contract import Append
from stampcard.model import EntryKind
from stampcard.step import charge, conclude, effects, fire, permit, view, watch
from stampcard.step.effects import Send, Write
from stampcard.transport.contract import Failed
from stampcard_adapters.kibo import adapter as kibo
from stampcard_adapters.sessionm import adapter as sessionm
from stampcard_adapters.spendgo import adapter as spendgo

Mutant = Callable[[], AbstractContextManager[None]]


def as_if_written(append: Append) -> tuple[Any, ...]:
    """What the journal would have said."""
    return tuple(
        entry_of(
            draft, position=0, order_id=append.order_id, provider="", version=append.expected_version + n, at=draft.at
        )
        for n, draft in enumerate(append.entries, start=1)
    )


@contextmanager
def _endings(change: Callable[[Append], Append | None]) -> Generator[None]:
    """Endings are written as `change` says; None: not at all, and nobody notices."""

    def perform(effect: Any) -> Any:
        if isinstance(effect, Write):
            changed = change(effect.append)
            if changed is None:
                return as_if_written(effect.append)
            effect = Write(changed)
        return (yield from effects.perform(effect))

    with patch.object(conclude, "perform", perform):
        yield


@contextmanager
def send_before_intent() -> Generator[None]:
    """The call leaves first, its promise is written afterwards."""
    promise = fire._promise

    def hasty(*given: Any) -> Any:
        step = promise(*given)
        answer: Any = None
        held: Write | None = None
        while True:
            try:
                effect = step.send(answer)
            except StopIteration as stop:
                return stop.value
            if isinstance(effect, Write) and held is None and effect.append.entries[-1].kind is EntryKind.INTENT:
                held, answer = effect, as_if_written(effect.append)
                continue
            answer = yield effect
            if isinstance(effect, Send) and held is not None:
                yield held

    with patch.object(fire, "_promise", hasty):
        yield


def forget_the_outcome() -> AbstractContextManager[None]:
    """The cashier is told yes, and it is written nowhere."""
    return _endings(lambda append: None if append.entries[0].kind is EntryKind.ACCEPTED else append)


def drop_evidence() -> AbstractContextManager[None]:
    """A reply that comes too late to decide anything is thrown away."""
    late = (EntryKind.EVIDENCE,)
    return _endings(
        lambda append: None if append.entries[0].kind in late and "late." in (append.entries[0].code or "") else append
    )


def void_without_closing() -> AbstractContextManager[None]:
    """A reversal leaves open what it has reversed."""

    def change(append: Append) -> Append:
        first, *others = append.entries
        if first.kind is EntryKind.ACCEPTED and first.trigger in ("void", "cancel"):
            return attrs.evolve(append, entries=(attrs.evolve(first, closes=(first.intent or "",)), *others))
        return append

    return _endings(change)


def adopt_without_a_claim() -> AbstractContextManager[None]:
    """The provider's order is taken for ours, whoever else has it."""
    return _endings(lambda append: attrs.evolve(append, claims=()))


@contextmanager
def not_sent_without_proof() -> Generator[None]:
    """No answer is taken for nothing done."""
    judge = conclude.judge

    def sure(promise: Any, sent: Any) -> Any:
        return judge(promise, attrs.evolve(sent, sent=False) if isinstance(sent, Failed) else sent)

    with patch.object(conclude, "judge", sure):
        yield


@contextmanager
def resend_what_is_not_idempotent() -> Generator[None]:
    """A lost redemption is sent again without a look."""
    with patch.object(sessionm, "redeem_recovery", lambda *given: Resend()):
        yield


@contextmanager
def believe_a_probe_early() -> Generator[None]:
    """Not there is taken for never coming, while the call may still land."""
    recover = sessionm.SessionMAdapter.recover

    def hasty(self: Any, order: Any, command: Any, evidence: Evidence, /) -> Any:
        return recover(self, order, command, attrs.evolve(evidence, age=1e9))

    with patch.object(sessionm.SessionMAdapter, "recover", hasty):
        yield


@contextmanager
def believe_a_probe_early_at_kibo() -> Generator[None]:
    """The same, where the second create is another order."""
    recover = kibo.KiboAdapter.recover

    def hasty(self: Any, order: Any, command: Any, evidence: Evidence, /) -> Any:
        return recover(self, order, command, attrs.evolve(evidence, age=1e9))

    with patch.object(kibo.KiboAdapter, "recover", hasty):
        yield


@contextmanager
def take_a_409_for_landed() -> Generator[None]:
    """Out of sequence is read as done already."""
    recovery = spendgo.recovery

    def sure(order: Any, command: Any, evidence: Evidence, **settings: Any) -> Any:
        if evidence.answer is not None and evidence.answer.code == "order.out_of_sequence":
            return Accepted(facts=order.facts, inferred=True)
        return recovery(order, command, evidence, **settings)

    with patch.object(spendgo, "recovery", sure):
        yield


@contextmanager
def double_refund() -> Generator[None]:
    """A lost refund is sent again to a provider that would do it twice."""
    recovery = spendgo.recovery

    def again(order: Any, command: Any, evidence: Evidence, **settings: Any) -> Any:
        if command.trigger == "refund" and evidence.answer is None:
            return Resend()
        return recovery(order, command, evidence, **settings)

    with patch.object(spendgo, "recovery", again):
        yield


def no_watch_after_a_void() -> AbstractContextManager[None]:
    """What is voided from doubt is never looked at again."""
    return patch.object(watch, "is_from_doubt", lambda entry: False)


@contextmanager
def drop_a_queued_void() -> Generator[None]:
    """A void that could not be sent when its turn came is forgotten."""
    put_back = queue.Queue.put_back

    def careless(self: Any, entry: Any) -> bool:
        return entry.trigger != "void" and put_back(self, entry)

    with patch.object(queue.Queue, "put_back", careless):
        yield


@contextmanager
def void_a_charged_order() -> Generator[None]:
    """A sale is cancelled over the money the customer has paid for it."""
    with patch.object(permit, "barred", lambda standing: {}), patch.object(view, "barred", lambda standing: {}):
        yield


@contextmanager
def charge_again() -> Generator[None]:
    """Nobody knows whether the card was charged: it is charged once more, under the same key."""
    with patch.object(charge, "ChargeStatus", lambda **asked: effects.Charge(hard_end=1e18, **asked)):
        yield


MUTANTS: dict[str, tuple[Mutant, str]] = {
    "send before intent": (send_before_intent, "spendgo"),
    "forget the outcome": (forget_the_outcome, "spendgo"),
    "drop evidence": (drop_evidence, "spendgo"),
    "void without closing the intent": (void_without_closing, "spendgo"),
    "adopt without a claim": (adopt_without_a_claim, "sessionm"),
    "NotSent without proof": (not_sent_without_proof, "spendgo"),
    "resend a non-idempotent call": (resend_what_is_not_idempotent, "sessionm"),
    "believe a probe's none early": (believe_a_probe_early, "sessionm"),
    "take a 409 for landed": (take_a_409_for_landed, "spendgo"),
    "double refund": (double_refund, "spendgo"),
    "drop a queued void": (drop_a_queued_void, "spendgo"),
    "no watch after a void from doubt": (no_watch_after_a_void, "spendgo"),
    "void a charged order": (void_a_charged_order, "spendgo"),
    "charge again": (charge_again, "spendgo"),
}
"""Name -> the bug, and whose worlds show it."""
