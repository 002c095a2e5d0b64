"""Bad input, theirs and ours: a clear error that names the order, the code and what is allowed now; the journal tells
the truth."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest
from tests.step.shop import BASKET, MEMBER, Provider, Shop, cash, first, says, shop, spendgo, usd

from stampcard.errors import (
    DeclinedError,
    InDoubtError,
    Next,
    NotAllowedError,
    StampcardError,
    UnavailableError,
)
from stampcard.model import GUEST, Member, Site, Tender, TenderKind, Totals
from stampcard_adapters.spendgo import PendingMember

ABOVE = Totals(subtotal=usd("52.00"), tax=usd("4.68"), discount=usd("9.00"), total=usd("47.68"))


def refused(here: Shop, do: Callable[[], Any], *codes: str, order_id: str | None = None) -> NotAllowedError:
    """Refused for all of these reasons at once; nothing was sent, nothing was written."""
    before = (list(here.provider.seen), [e.position for e in here.till.changes()])
    with pytest.raises(NotAllowedError) as caught:
        do()
    said = caught.value
    assert sorted(r.code for r in said.refusals) == sorted(codes)
    assert said.code in codes
    assert said.order_id == (order_id or here.id())
    assert said.next is Next.FIX
    _clear(said)
    assert (here.provider.seen, [e.position for e in here.till.changes()]) == before
    return said


def _clear(said: StampcardError) -> None:
    assert said.cashier
    assert "{" not in said.cashier
    assert said.state is not None
    assert str(said.order_id) in str(said)
    assert "allowed now: " in str(said)
    assert said.code in str(said)
    told = said.as_dict()
    assert told["allowed"] == sorted(said.allowed)
    assert all(r.message for r in said.refusals)


def test_wrong_totals(here: Shop) -> None:
    wrong = attrs.evolve(BASKET, totals=Totals(subtotal=usd("51.00"), tax=usd("4.68"), total=usd("56.68")))
    said = refused(here, lambda: here.verbs.checkout(here.id(), wrong, buyer=GUEST), "totals.do_not_add_up")
    assert said.allowed == {"checkout"}  # nothing was opened: there is nothing to abandon


def test_two_rewards_and_a_guest_with_them_are_told_at_once(here: Shop) -> None:
    reward = here.reward()
    both = [reward, attrs.evolve(reward, id="other")]
    twice, guest = "reward.more_than_one", "reward.guest"
    refused(here, lambda: here.verbs.checkout(here.id(), BASKET, buyer=MEMBER, reward=both), twice)
    said = refused(here, lambda: here.verbs.checkout(here.id(), BASKET, buyer=GUEST, reward=both), twice, guest)
    assert len({r.message for r in said.refusals}) == 2


def test_everything_that_is_wrong_is_told_at_once(here: Shop) -> None:
    order = here.priced(reward=here.reward())
    wrong = attrs.evolve(ABOVE, total=usd("50.00"))
    tenders = [Tender(kind=TenderKind.CASH, amount=usd("1.00"))]
    said = refused(
        here,
        lambda: here.verbs.place(order, tenders=tenders, totals=wrong, reward_discount=usd("9.00")),
        "totals.do_not_add_up",
        "tenders.do_not_sum",
        "reward.discount_above_validated",
    )
    assert said.allowed == {"checkout", "place", "void", "abandon"}


def test_a_discount_above_the_validated_one(here: Shop) -> None:
    order = here.priced(reward=here.reward())
    tenders = [Tender(kind=TenderKind.CASH, amount=ABOVE.total)]
    refused(
        here,
        lambda: here.verbs.place(order, tenders=tenders, totals=ABOVE, reward_discount=usd("9.00")),
        "reward.discount_above_validated",
    )


def test_no_tender(here: Shop) -> None:
    order = here.priced()
    said = refused(here, lambda: here.verbs.place(order, tenders=[]), "tender.missing")
    assert said.cashier


def test_place_before_checkout_and_refund_before_completion(here: Shop) -> None:
    here.provider.rules["checkout"] = first(says(429, b""))
    with pytest.raises(UnavailableError):
        here.priced()
    new = here.verbs.get(here.id())
    tenders = [Tender(kind=TenderKind.CASH, amount=usd("56.68"))]
    said = refused(here, lambda: here.verbs.place(new, tenders=tenders), "lifecycle.not_from_here")
    assert (said.state, said.allowed) == ("new", {"checkout", "abandon"})
    placed = here.placed()
    said = refused(here, lambda: here.verbs.refund(placed, why="x"), "lifecycle.not_from_here")
    assert (said.state, said.allowed) == ("placed", {"bill", "void"})
    billed = here.verbs.bill(placed)
    done = here.verbs.complete(billed)
    said = refused(here, lambda: here.verbs.void(done, why="x"), "lifecycle.not_from_here")
    assert said.allowed == {"refund"}


def declined(here: Shop, do: Callable[[], Any], code: str, kind: str, provider_code: str) -> DeclinedError:
    """The provider said no: it is journalled, and the order stays as it was."""
    with pytest.raises(DeclinedError) as caught:
        do()
    said = caught.value
    assert (said.code, said.provider_code) == (code, provider_code)
    assert said.order_id == here.id()
    _clear(said)
    assert here.kinds()[-1] == f"{said.trigger} {kind}"
    assert here.verbs.get(here.id()).settled
    assert here.verbs.get(here.id()).state == said.state
    return said


def test_an_unknown_member(here: Shop) -> None:
    nobody = Member(id="777777", provider="spendgo", status="Active")
    said = declined(
        here,
        lambda: here.verbs.checkout(here.id(), BASKET, buyer=nobody),
        "member.unknown",
        "declined",
        _code_for_unknown_member(here),
    )
    assert (said.next, said.state, said.allowed) == (Next.FIX, "new", {"checkout", "abandon"})
    assert here.verbs.checkout(here.verbs.get(here.id()), BASKET, buyer=GUEST).state == "checkout"


def _code_for_unknown_member(here: Shop) -> str:
    with pytest.raises(DeclinedError) as caught:
        here.verbs.balance(Member(id="777777", provider="spendgo", status="Active"))
    assert caught.value.code == "member.unknown"
    return caught.value.provider_code or ""


def test_an_unknown_store(here: Shop) -> None:
    nowhere = here.verbs.at(Site(store="424242", register="7"))
    declined(here, lambda: nowhere.checkout(here.id(), BASKET, buyer=MEMBER), "store.unknown", "declined", "4002")


def test_a_wrong_key_and_a_wrong_signature_are_ours_to_mend(here: Shop) -> None:
    wrong_secret = here.till.use(spendgo(here.provider.url, secret="d3Jvbmc="))
    said = declined(
        here,
        lambda: wrong_secret.checkout(here.id(), BASKET, buyer=MEMBER),
        "credentials.refused",
        "not_sent",
        "1004",
    )
    assert (said.next, said.http_status) == (Next.CALL, 401)
    assert here.provider.model.orders() == ()


def test_a_member_whose_mail_is_not_verified_is_no_buyer(here: Shop) -> None:
    pending = here.verbs.member("5555550999", email="new@example.org", verify_email=True)
    assert pending == PendingMember(phone="5555550999")
    assert not hasattr(pending, "id")


def test_a_202_without_an_id_is_no_member(here: Shop) -> None:
    here.provider.rules["POST"] = says(202, b'{"status": "Awaiting email verification"}')
    assert isinstance(here.verbs.member("5555550100"), PendingMember)
    here.provider.rules["POST"] = says(200, b'{"status": "Active"}')
    with pytest.raises(UnavailableError) as caught:
        here.verbs.member("5555550100")
    assert caught.value.code == "provider.no_answer"


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (202, b'{"transaction": {"status": "billed", "discount": 0}}'),
        (200, b"<html>Welcome to the station's network</html>"),
        (200, b""),
        (200, b"\xff\xfe{"),
        (200, b"[" * 100_000),
        (200, b'{"transaction": {"status": "billed", "discount": 1e999999999}}'),
        (200, b'{"transaction": {"status": "placed", "discount": 0}}'),
        (200, b'{"transaction": null}'),
        (302, b""),
        (408, b""),
        (404, b"<html>no such page</html>"),
        (400, b'{"code": 4711, "details": "what is this"}'),
        (500, b'{"code": 2000, "details": "oops"}'),
        (401, b"<html>please log in</html>"),
    ],
)
def test_an_answer_that_is_none_leaves_the_step_in_doubt_and_recovery_settles_it(
    here: Shop, status: int, body: bytes
) -> None:
    order = here.placed()
    here.provider.rules["billed"] = first(says(status, body))
    with pytest.raises(InDoubtError) as caught:
        here.verbs.bill(order)
    said = caught.value
    assert (said.order_id, said.code, said.next) == (order.id, "order.in_doubt", Next.WAIT)
    assert said.allowed == {"void"}
    _clear(said)
    assert here.kinds()[-1] == "bill unknown"
    assert here.verbs.recover(order.id).state == "billed"


def test_a_body_that_is_not_json_at_checkout_is_retryable(here: Shop) -> None:
    here.provider.rules["checkout"] = first(says(200, b"<html>"))
    with pytest.raises(UnavailableError) as caught:
        here.priced()
    _clear(caught.value)
    assert (caught.value.next, caught.value.order_id) == (Next.RETRY, here.id())
    assert here.priced().state == "checkout"


def test_a_reward_the_provider_does_not_apply_leaves_the_order_as_it_was(here: Shop) -> None:
    reward = here.reward()
    order = here.priced(reward=reward)
    small = attrs.evolve(
        BASKET,
        lines=(attrs.evolve(BASKET.lines[0], price=usd("9.00")),),
        totals=Totals(subtotal=usd("9.00"), total=usd("9.00")),
    )
    with pytest.raises(DeclinedError) as caught:
        here.verbs.checkout(order, small, buyer=MEMBER, reward=reward)
    assert caught.value.code == "reward.not_applied"
    _clear(caught.value)
    now = here.verbs.get(order.id)
    assert (now.state, now.facts) == ("checkout", order.facts)
    without = here.verbs.checkout(now, small, buyer=MEMBER)  # sell without it
    assert here.verbs.place(without, tenders=cash(without)).state == "placed"


def test_the_cashiers_sentences_come_in_the_tills_language(provider: Provider, tmp_path: Path) -> None:
    phrases = {"tender.missing": "Erst bezahlen.", "lifecycle.not_from_here": "'{trigger}' geht jetzt nicht ({state})."}
    with shop(provider, tmp_path / "j.db", phrases=phrases) as here:
        order = here.priced()
        said = refused(here, lambda: here.verbs.place(order, tenders=[]), "tender.missing")
        assert "Erst bezahlen." in [r.message for r in said.refusals]
        said = refused(here, lambda: here.verbs.bill(order, tenders=cash(order)), "lifecycle.not_from_here")
        assert said.cashier == "'bill' geht jetzt nicht (checkout)."
