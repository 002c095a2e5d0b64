"""What a doubt allows, how it is settled, and how a void gets out of it."""

from __future__ import annotations

import pytest
from tests.step.shop import BASKET, MEMBER, Held, Shop, cash, deaf, first, lost, says, shop
from tests.transport.loopback import wait_until

from stampcard.errors import (
    DeclinedError,
    InDoubtError,
    NeedsHumanError,
    Next,
    NotAllowedError,
    UnavailableError,
)
from stampcard.model import EntryKind
from stampcard.testing import Clock
from stampcard_adapters.spendgo import SpendgoOrder

SAME_AGAIN = b'{"code": 409, "details": "Out of sequence"}'


def doubted(here: Shop, stage: str, rule: object = lost) -> SpendgoOrder:
    """An order whose step to `stage` got no answer."""
    makers = {"placed": here.priced, "billed": here.placed, "completed": here.billed, "refunded": here.completed}
    order = makers[stage](reward=here.reward())
    here.provider.rules[stage] = first(rule)  # type: ignore[arg-type]
    with pytest.raises(InDoubtError):
        _step(here, stage, order)
    return here.verbs.get(order.id)


def _step(here: Shop, stage: str, order: SpendgoOrder) -> SpendgoOrder:
    if stage == "placed":
        return here.verbs.place(order, tenders=cash(order))
    if stage == "refunded":
        return here.verbs.refund(order, why="cold")
    return {"billed": here.verbs.bill, "completed": here.verbs.complete}[stage](order)


@pytest.mark.parametrize(
    ("stage", "allowed"), [("placed", {"void"}), ("billed", {"void"}), ("completed", set()), ("refunded", set())]
)
def test_a_doubt_names_its_intent_and_allows_only_what_is_legal_before_and_after(
    here: Shop, stage: str, allowed: set[str]
) -> None:
    order = doubted(here, stage)
    assert order.allowed == allowed
    assert order.doubt is not None
    assert order.doubt.reversible == bool(allowed)
    assert not order.doubt.running
    assert order.doubt.intent == here.verbs.history(order.id)[-1].intent
    others = [v for v in (here.verbs.complete, here.verbs.bill) if v.__name__ not in (order.doubt.trigger,)]
    for verb in others:
        if verb.__name__ == "bill" and stage in ("completed", "refunded"):
            assert verb(order).replayed  # it was done before the doubt
            continue
        if verb.__name__ == "complete" and stage == "refunded":
            continue
        with pytest.raises(NotAllowedError) as caught:
            verb(order)
        assert caught.value.next is Next.WAIT
        assert caught.value.allowed == allowed
        assert [r.code for r in caught.value.refusals] == ["order.in_doubt"]
    assert here.verbs.get(order.id) == order


@pytest.mark.parametrize("stage", ["placed", "billed", "completed", "refunded"])
@pytest.mark.parametrize("rule", [lost, deaf])
def test_recovery_settles_it_with_one_effect(here: Shop, stage: str, rule: object) -> None:
    order = doubted(here, stage, rule)
    settled = here.verbs.recover(order.id)
    assert (settled.state, settled.settled) == (stage, True)
    assert here.provider.calls(order.id)[stage] == 2
    assert here.provider.bodies[-1] == here.provider.bodies[-2]  # the same id, status and bytes
    assert here.provider.model.states(order.id).count(stage) == 1  # type: ignore[arg-type]
    assert here.provider.model.unbalanced() == ()
    again = here.verbs.recover(order.id)
    assert again == settled
    assert here.provider.calls(order.id)[stage] == 2
    assert [e.kind.value for e in here.verbs.history(order.id)][-4:] == ["intent", "unknown", "attempt", "accepted"]


def test_a_no_to_a_repeat_is_not_believed_alone(here: Shop) -> None:
    order = doubted(here, "completed")
    here.provider.rules["completed"] = says(409, SAME_AGAIN)
    with pytest.raises(NeedsHumanError) as caught:
        here.verbs.recover(order.id)
    said = caught.value
    assert said.next is Next.CALL
    assert order.id in said.check
    assert here.kinds()[-3:] == ["complete attempt", "complete evidence", "complete escalated"]
    now = here.verbs.get(order.id)
    assert now.state == "billed"  # nothing was moved by it
    assert now.doubt is not None
    assert now.doubt.needs_human
    del here.provider.rules["completed"]
    with pytest.raises(NeedsHumanError):  # and it is not tried again behind the person's back
        here.verbs.recover(order.id)
    assert here.provider.calls(order.id)["completed"] == 2


def test_an_attempt_that_provably_did_not_leave_uses_up_no_limit(here: Shop) -> None:
    order = doubted(here, "billed", deaf)
    here.provider.rules["billed"] = says(429, b"")
    for _ in range(10):
        with pytest.raises(InDoubtError) as caught:
            here.verbs.recover(order.id, within=0)
        assert not isinstance(caught.value, NeedsHumanError)
    del here.provider.rules["billed"]
    assert here.verbs.recover(order.id).state == "billed"


def test_recovery_gives_up_after_its_limit_and_hands_over(here: Shop) -> None:
    clock = Clock()
    with shop(here.provider, here.journal.with_name("clocked.db"), clock=clock) as there:
        order = doubted(there, "billed", deaf)
        there.provider.rules["billed"] = deaf
        said: list[InDoubtError] = []
        for _ in range(9):
            said.append(_told(there, order.id))
            clock.pass_(seconds=300)  # in a short outage nobody is handed over
        assert [type(error) for error in said] == [InDoubtError] * 8 + [NeedsHumanError]
        assert there.provider.calls(order.id)["billed"] == 9  # the first, and eight more
        assert there.verbs.get(order.id).allowed == {"void"}


def _told(here: Shop, order_id: str) -> InDoubtError:
    with pytest.raises(InDoubtError) as caught:
        here.verbs.recover(order_id, within=0)
    return caught.value


@pytest.mark.parametrize("stage", ["placed", "billed"])
@pytest.mark.parametrize("rule", [lost, deaf])
def test_a_void_from_doubt_closes_both_when_it_is_accepted(here: Shop, stage: str, rule: object) -> None:
    order = doubted(here, stage, rule)
    voided = here.verbs.void(order, why="cannot wait")
    assert (voided.state, voided.settled, voided.allowed) == ("voided", True, frozenset())
    last = here.verbs.history(order.id)[-1]
    assert len(last.closes) == 2
    assert here.provider.model.reward_quantity(MEMBER.id, here.reward().id) == 1
    assert here.provider.model.unbalanced() == ()


def test_a_void_that_is_declined_or_not_sent_gives_the_doubt_back_unchanged(here: Shop) -> None:
    order = doubted(here, "billed", deaf)
    here.provider.rules["voided"] = first(says(409, SAME_AGAIN))
    with pytest.raises(DeclinedError) as caught:
        here.verbs.void(order, why="x")
    assert caught.value.allowed == {"void"}
    back = here.verbs.get(order.id)
    assert (back.doubt, back.state, back.allowed) == (order.doubt, order.state, order.allowed)
    here.provider.rules["voided"] = first(says(429, b""))
    with pytest.raises(UnavailableError):
        here.verbs.void(back, why="x")
    assert here.verbs.get(order.id).doubt == order.doubt
    assert here.verbs.recover(order.id).state == "billed"


def test_a_void_in_doubt_leaves_both_open_and_is_settled_first_and_alone(here: Shop) -> None:
    order = doubted(here, "billed", deaf)
    here.provider.rules["voided"] = first(lost)
    with pytest.raises(InDoubtError) as caught:
        here.verbs.void(order, why="x")
    assert not caught.value.reversible
    both = here.verbs.get(order.id)
    assert both.allowed == frozenset()
    assert both.doubt is not None
    assert both.doubt.trigger == "void"
    with pytest.raises(NotAllowedError) as waits:
        here.verbs.complete(both)
    assert waits.value.next is Next.WAIT
    settled = here.verbs.recover(order.id)
    assert (settled.state, settled.settled) == ("voided", True)
    assert here.provider.calls(order.id) == {"checkout": 1, "placed": 1, "billed": 1, "voided": 2}
    assert here.provider.model.unbalanced() == ()


def test_a_void_ends_our_own_call_under_way(here: Shop) -> None:
    order = here.placed(reward=here.reward())
    held = here.provider.hold("billed")
    with pytest.raises(InDoubtError):
        here.verbs.within(0.05).bill(order)
    running = here.verbs.get(order.id)
    assert running.allowed == {"void"}
    voided = here.verbs.void(running, why="cannot wait")
    held.go.set()
    assert (voided.state, voided.settled) == ("voided", True)
    assert here.kinds()[-4:] == ["bill intent", "bill unknown", "void intent", "void accepted"]
    assert here.provider.model.unbalanced() == ()


def test_a_doubted_checkout_of_a_dead_till_may_be_abandoned_or_priced_again(here: Shop) -> None:
    """Nothing was at stake: see also the tests with real kills."""
    held: Held = here.provider.hold("checkout")
    with pytest.raises(UnavailableError):
        here.verbs.within(0.05).checkout(here.id(), BASKET, buyer=MEMBER)
    held.go.set()
    wait_until(lambda: here.verbs.get(here.id()).settled)
    dropped = here.verbs.abandon(here.verbs.get(here.id()), why="left")
    assert (dropped.state, dropped.final) == ("abandoned", True)
    assert here.verbs.history(here.id())[-1].kind is EntryKind.ACCEPTED
    assert "abandoned" not in here.provider.calls(here.id())
