"""Whatever is called, in whatever order, the books balance."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stampcard_adapters.sandbox.spendgo import Switches
from stampcard_adapters.sandbox.spendgo.ledgers import Ledger, Posting

MEMBERS = ("494979", "494980", "guest")
STAGES = ("checkout", "placed", "billed", "completed", "voided", "refunded")
CALL = st.tuples(
    st.sampled_from(STAGES),
    st.sampled_from(MEMBERS),
    st.sampled_from(["a", "b", "c"]),
    st.sampled_from([None, None, "2234402", "P_494980", "P_100", "A18"]),
    st.sampled_from([0, 5, 10, 40]),
    st.sampled_from([10, 60]),
)
# long runs that mostly make sense: the next stage of one of three orders, with the reward it began with
NEXT = st.tuples(st.integers(0, 2), st.sampled_from(["next", "next", "next", "again", "voided", "refunded"]))


def arranged(connect, switches: Switches, program: str):
    client = connect(switches=switches)
    client.model.set_program(program)
    client.model.give("494979", label="Ten percent", value=10, kind="discount", reward_id="A18", quantity=3)
    return client


SWITCHES = st.builds(
    Switches,
    repeat=st.sampled_from(["replayed", "refused"]),
    swp_deducted_at=st.sampled_from(["placed", "billed", "completed"]),
    guest_reward=st.sampled_from(["rejected", "ignored"]),
    invalid_reward_at_checkout=st.sampled_from(["message", "error"]),
)
PROGRAM = st.sampled_from(["points", "visits", "points_banking", "shop_with_points"])


@settings(max_examples=40, deadline=None)
@given(switches=SWITCHES, program=PROGRAM, calls=st.lists(CALL, min_size=50, max_size=200))
def test_the_books_balance_after_any_calls(connect, switches, program, calls) -> None:
    client = arranged(connect, switches, program)
    for stage, member, order, reward, discount, cost in calls:
        items = (("soup", cost, 1),)
        off = {"reward": reward, "discount": discount} if reward is not None else {}
        answer = client.order(stage, member=member, order=f"{member}-{order}", items=items, transaction=None, **off)
        assert answer.status in (200, 400, 409)
    assert client.model.unbalanced() == ()


@settings(max_examples=40, deadline=None)
@given(switches=SWITCHES, program=PROGRAM, steps=st.lists(NEXT, min_size=100, max_size=300))
def test_the_books_balance_after_many_whole_orders(connect, switches, program, steps) -> None:
    client = arranged(connect, switches, program)
    open_orders: dict[int, tuple[str, list[str]]] = {}
    for number, (lane, wish) in enumerate(steps):
        order, reached = open_orders.setdefault(lane, (f"o-{number}", []))
        stage = {"next": STAGES[min(len(reached), 3)], "again": reached[-1] if reached else "checkout"}.get(wish, wish)
        member, reward, off = [("494979", "A18", 6), ("494980", "P_494980", 1), ("494979", "2234402", 5)][lane]
        transaction = client.transactions.get(order, "none")
        answer = client.order(stage, member=member, order=order, reward=reward, discount=off, transaction=transaction)
        if answer.status == 200 and wish != "again":
            reached.append(stage)
            if "id" in answer.transaction:
                client.transactions[order] = answer.transaction["id"]
        if answer.status != 200 or stage in ("voided", "refunded"):
            client.order("voided", member=member, order=order)
            del open_orders[lane]
    assert client.model.unbalanced() == ()


@pytest.mark.parametrize("account", ["reward 2234402", "points", "shop with points"])
def test_a_cooked_balance_is_found(client, account) -> None:
    client.through("checkout", "placed", "billed", "completed", reward="2234402", discount=5)
    ledger: Ledger = client.model._worlds["spendgo"].ledger
    ledger._balances["494979", account] += Decimal(1)
    found = client.model.unbalanced()
    assert len(found) == 1
    assert account in found[0]


def test_a_row_nobody_ordered_is_found(client) -> None:
    client.through("checkout", "placed", "billed", reward="2234402", discount=5)
    ledger: Ledger = client.model._worlds["spendgo"].ledger
    ledger.post("494979", [_again(ledger)], ledger.rows[-1].cause)
    assert sorted(sentence.split(":")[1].split()[0] for sentence in client.model.unbalanced()) == ["member", "order"]


def _again(ledger: Ledger) -> Posting:
    row = ledger.rows[-1]
    return Posting(account=row.account, amount=row.amount)
