"""What a till refuses to be used for, and what its faces share."""

from __future__ import annotations

import os
import threading
import time
import traceback
import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import attrs
import pytest
from tests.step.shop import (
    API_KEY,
    BASKET,
    DAY,
    HERE,
    MEMBER,
    PHONE,
    SECRET,
    Provider,
    Shop,
    cash,
    deaf,
    first,
    lost,
    shop,
    spendgo,
)
from tests.transport.loopback import wait_until

from stampcard.errors import (
    ConfigurationError,
    DeclinedError,
    InDoubtError,
    JournalError,
    Next,
    NotAllowedError,
    UnknownOrderError,
    reference,
)
from stampcard.model import GUEST, Address, AnyOrder, EntryKind, Environment, Site
from stampcard.till import AsyncTill, Till

HOME_PHONE = "4155550188"
HOME = Address(
    street="17 Secret Lane",
    city="Hiddenville",
    postal_code="94110",
    country="USA",
    first_name="Ada",
    phone="4155550188",
)
DELIVERED = attrs.evolve(BASKET, deliver_to=HOME)


def _in_child(do: Callable[[], None]) -> int:
    """Exit code of `do` in a forked child: 0 when it held."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # 3.12: other threads are running; that is the point
        child = os.fork()
    if child == 0:
        code = 1
        try:
            do()
            code = 0
        except BaseException:  # noqa: BLE001  a child of the test runner must not go on running tests
            traceback.print_exc()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_is_refused_and_its_closing_touches_nothing_of_the_parents(here: Shop) -> None:
    order = here.placed()
    held = here.provider.hold("billed")
    with pytest.raises(InDoubtError):
        here.verbs.within(0.05).bill(order)
    assert held.arrived.wait(5)

    def child() -> None:
        with pytest.raises(ConfigurationError) as caught:
            here.verbs.get(order.id)
        assert (caught.value.code, caught.value.next) == ("till.forked", Next.CALL)
        with pytest.raises(ConfigurationError):
            here.till.in_doubt()
        here.till.close()

    assert _in_child(child) == 0
    with shop(here.provider, here.journal) as other:  # the parent still lives, as other processes see it
        now = other.verbs.get(order.id)
        assert now.doubt is not None
        assert now.doubt.running
    held.go.set()
    wait_until(lambda: here.verbs.get(order.id).settled)
    assert here.verbs.get(order.id).state == "billed"


def test_a_closed_till_refuses_and_closing_twice_is_harmless(provider: Provider, tmp_path: Path) -> None:
    with shop(provider, tmp_path / "j.db") as here:
        order = here.priced()
    here.till.close()
    for use in (
        lambda: here.verbs.get(order.id),
        lambda: here.verbs.place(order, tenders=cash(order)),
        lambda: here.verbs.rewards(MEMBER),
        lambda: here.till.in_doubt(),
        lambda: list(here.till.changes()),
    ):
        with pytest.raises(ConfigurationError) as caught:
            use()
        assert caught.value.code == "till.closed"


def test_a_journal_that_cannot_be_opened_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "j.db").write_bytes(b"this is no database, whatever it is called" * 100)
    for kind in (Till, AsyncTill):
        with pytest.raises(JournalError) as caught:
            kind(tmp_path / "j.db", site=HERE)
        assert caught.value.next is Next.CALL


def test_an_order_of_another_environment_tenant_or_provider_is_refused_by_name(here: Shop, provider: Provider) -> None:
    order = here.priced()
    live = here.till.use(spendgo("https://api.example", environment=Environment.LIVE))
    elsewhere = here.verbs.at(Site(store="999999", tenant="other"))
    for verbs, code in ((live, "order.other_environment"), (elsewhere, "order.other_tenant")):
        for use in (
            lambda v=verbs: v.get(order.id),
            lambda v=verbs: v.history(order.id),
            lambda v=verbs: v.place(order, tenders=cash(order)),
            lambda v=verbs: v.recover(order.id, within=0),
            lambda v=verbs: v.checkout(order.id, BASKET, buyer=MEMBER),
        ):
            with pytest.raises(NotAllowedError) as caught:
                use()
            assert (caught.value.code, caught.value.order_id) == (code, order.id)
            assert [r.code for r in caught.value.refusals] == [code]
            assert caught.value.cashier
    assert provider.calls(order.id) == {"checkout": 1}


def test_an_order_of_another_journal_is_unknown_here(here: Shop, provider: Provider, tmp_path: Path) -> None:
    order = here.priced()
    with shop(provider, tmp_path / "other.db") as other:
        for use in (
            lambda: other.verbs.get(order.id),
            lambda: other.verbs.history(order.id),
            lambda: other.verbs.recover(order.id),
            lambda: other.verbs.place(order, tenders=cash(order)),
        ):
            with pytest.raises(UnknownOrderError) as caught:
                use()
            assert caught.value.order_id == order.id
            assert caught.value.reference == reference(order.id)


def test_by_at_and_within_leave_the_original_as_it_was(here: Shop) -> None:
    plain = here.till.use(spendgo(here.provider.url))
    plain.by("bo").at(Site(store="999999", register="9")).within(0.5)
    order = plain.checkout(here.id(), BASKET, buyer=GUEST)
    assert (order.site, plain.history(order.id)[0].by) == (HERE, None)
    elsewhere = plain.by("bo").at(Site(store="999999", register="9"))
    other = elsewhere.checkout(here.id("2"), BASKET, buyer=GUEST)
    assert (other.site.register, elsewhere.history(other.id)[-1].by) == ("9", "bo")


def test_the_history_says_when_who_and_why(provider: Provider, tmp_path: Path) -> None:
    moment = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
    with shop(provider, tmp_path / "j.db", clock=lambda: moment) as here:
        order = here.billed()
        here.verbs.by("bo").void(order, why="wrong table")
        entries = here.verbs.history(order.id)
        assert [e.version for e in entries] == list(range(1, 9))
        assert {e.at for e in entries} == {moment}
        assert [(e.by, e.why) for e in entries[-2:]] == [("bo", "wrong table")] * 2
        assert {e.by for e in entries[:-2]} == {"anna"}
        assert [e.state for e in entries] == [
            "new",
            "checkout",
            "checkout",
            "placed",
            "placed",
            "billed",
            "billed",
            "voided",
        ]
        assert tuple(here.till.changes()) == entries


def test_forgetting_a_member_erases_them_and_the_order_refuses_to_change(here: Shop) -> None:
    member_id = MEMBER.id.encode()
    order = here.verbs.checkout(here.id(), DELIVERED, buyer=MEMBER)
    order = here.verbs.bill(here.verbs.place(order, tenders=cash(order)))
    sent = len(here.provider.seen)
    assert here.till.forget(MEMBER.id, provider="spendgo") >= 2
    assert here.till.forget(MEMBER.id, provider="spendgo") == 0
    now = here.verbs.get(order.id)
    assert now.state == "billed"
    assert now.facts.buyer is not None
    assert now.facts.buyer != MEMBER
    assert _street(now) != "17 Secret Lane"
    for verb in (here.verbs.complete, lambda o: here.verbs.void(o, why="x")):
        with pytest.raises(NotAllowedError) as caught:
            verb(now)
        assert caught.value.code == "order.forgotten"
    assert len(here.provider.seen) == sent
    assert [e.kind for e in here.verbs.history(order.id)][-1] is EntryKind.ACCEPTED
    here.till.close()
    for file in here.journal.parent.iterdir():
        if file.is_file():
            assert member_id not in file.read_bytes(), file
            assert b"Secret Lane" not in file.read_bytes(), file


def test_a_guests_delivery_address_can_be_forgotten_too(here: Shop) -> None:
    order = here.verbs.checkout(here.id(), DELIVERED, buyer=GUEST)
    other = here.verbs.checkout(here.id("2"), DELIVERED, buyer=GUEST)
    assert here.till.forget_guest(order.id) >= 2
    assert _street(here.verbs.get(order.id)) != "17 Secret Lane"
    assert _street(here.verbs.get(other.id)) == "17 Secret Lane"


def test_a_doubt_about_a_forgotten_member_goes_to_a_person_and_nothing_is_sent_in_their_place(here: Shop) -> None:
    order = here.placed()
    here.provider.rules["billed"] = first(deaf)
    with pytest.raises(InDoubtError):
        here.verbs.bill(order)
    here.till.forget(MEMBER.id, provider="spendgo")
    with pytest.raises(InDoubtError) as caught:
        here.verbs.recover(order.id)
    assert caught.value.next is Next.CALL
    assert here.provider.calls(order.id)["billed"] == 1
    doubt = here.verbs.get(order.id).doubt
    assert doubt is not None
    assert doubt.needs_human


def test_personal_data_is_only_in_the_side_table_and_secrets_are_nowhere(here: Shop, tmp_path: Path) -> None:
    member = here.verbs.member(PHONE)
    reward = here.reward()
    order = here.verbs.checkout(here.id(), DELIVERED, buyer=MEMBER, reward=reward)
    here.provider.rules["placed"] = first(lost)
    with pytest.raises(InDoubtError):
        here.verbs.place(order, tenders=cash(order))
    here.verbs.complete(here.verbs.bill(here.verbs.recover(order.id)))
    assert member == MEMBER
    entries = b"".join(e.body + repr(e).encode() for e in here.verbs.history(order.id))
    for private in (MEMBER.id, "17 Secret Lane", "Hiddenville", "94110", "Ada", HOME_PHONE, PHONE):
        assert private.encode() not in entries, private
    here.till.close()
    kept = b"".join(f.read_bytes() for f in tmp_path.rglob("*") if f.is_file())
    for secret in (API_KEY, SECRET, "sandbox-secret-0001-ascii-only", PHONE):
        assert secret.encode() not in kept, secret
    assert b"17 Secret Lane" in kept  # in the side table, until it is forgotten


def test_errors_and_values_show_no_secret_and_no_address(here: Shop) -> None:
    order = here.verbs.checkout(here.id(), DELIVERED, buyer=MEMBER)
    with pytest.raises(NotAllowedError) as caught:
        here.verbs.complete(order)
    said = repr(caught.value) + str(caught.value) + str(caught.value.as_dict()) + repr(here.verbs) + repr(here.till)
    for secret in (API_KEY, SECRET, "Secret Lane"):
        assert secret not in said


def test_order_ids_never_repeat_over_days_registers_stores_tenants_and_installations(
    provider: Provider, tmp_path: Path
) -> None:
    ids: set[str] = set()
    sites = [Site(store="1", register="23"), Site(store="12", register="3"), Site(store="1-2", register="3")]
    sites += [Site(store="1", register="2", tenant="x"), Site(store="1")]
    for name in ("a.db", "b.db"):
        for site in sites:
            with Till(tmp_path / name, site=site) as till:
                sales = [(t, d) for t in ("417", "41-7", "41_7", "41 7") for d in (DAY, DAY.replace(day=23))]
                made = [till.order_id(ticket=t, day=d) for t, d in sales]
                assert made == [till.order_id(ticket=t, day=d) for t, d in sales]
                ids |= set(made)
    assert len(ids) == 2 * len(sites) * 8
    assert all(one.replace("-", "").replace("_", "").isalnum() for one in ids)


def test_in_doubt_lists_the_oldest_first_and_only_what_is_open(here: Shop) -> None:
    orders = [here.placed(t) for t in ("1", "2", "3")]
    here.provider.rules["billed"] = deaf
    for order in (orders[1], orders[0]):
        with pytest.raises(InDoubtError):
            here.verbs.bill(order)
    assert [o.id for o in here.till.in_doubt()] == [orders[1].id, orders[0].id]
    assert all(o.doubt is not None and o.doubt.trigger == "bill" for o in here.till.in_doubt())
    del here.provider.rules["billed"]
    here.verbs.recover(orders[1].id)
    assert [o.id for o in here.till.in_doubt()] == [orders[0].id]


def test_a_till_shared_by_threads_lists_and_reads_while_others_sell(here: Shop) -> None:
    stop = threading.Event()
    trouble: list[BaseException] = []

    def read() -> None:
        while not stop.is_set():
            try:
                for entry in here.till.changes():
                    here.verbs.get(entry.order_id)
                here.till.in_doubt()
            except BaseException as error:  # noqa: BLE001  handed to the test
                trouble.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    for n in range(5):
        here.completed(str(n))
    stop.set()
    reader.join(10)
    assert trouble == []


def test_who_follows_the_feed_hears_of_what_comes_until_the_till_is_closed(here: Shop) -> None:
    heard: list[int] = []
    told = threading.Event()

    def follow() -> None:
        for entry in here.till.changes(follow=True):
            heard.append(entry.position)
            told.set()

    follower = threading.Thread(target=follow)
    follower.start()
    here.completed("1")
    assert told.wait(10)
    here.completed("2")
    everything = [entry.position for entry in here.till.changes()]
    end = time.monotonic() + 10
    while heard != everything:
        assert time.monotonic() < end
        told.clear()
        told.wait(1)
    here.till.close()
    follower.join(10)
    assert not follower.is_alive()


def test_the_faces_are_not_mixed_up(here: Shop) -> None:
    with pytest.raises(TypeError, match="AsyncTill"):
        here.verbs._seat.runtime.adrive(None).send(None)  # type: ignore[arg-type]


async def test_an_async_tills_verbs_are_awaited(provider: Provider, tmp_path: Path) -> None:
    async with AsyncTill(tmp_path / "j.db", site=HERE) as till:
        verbs = till.use(spendgo(provider.url))
        with pytest.raises(TypeError, match="Till"):
            verbs._seat.runtime.drive(None)  # type: ignore[arg-type]


def test_a_wrong_key_is_told_as_ours_and_leaves_the_order_free(provider: Provider, tmp_path: Path) -> None:
    with shop(provider, tmp_path / "j.db") as here:
        order = here.priced()
        wrong = here.till.use(spendgo(provider.url, secret="d3Jvbmc="))
        with pytest.raises(DeclinedError) as caught:
            wrong.place(order, tenders=cash(order))
        said = caught.value
        assert (said.next, said.code, said.http_status) == (Next.CALL, "credentials.refused", 401)
        assert (said.order_id, said.allowed) == (order.id, {"checkout", "place", "void", "abandon"})
        assert here.kinds()[-1] == "place not_sent"
        assert provider.model.states(order.id) == ("checkout",)
        now = here.verbs.get(order.id)
        assert here.verbs.place(now, tenders=cash(now)).state == "placed"


def _street(order: AnyOrder) -> str | None:
    """Where it is delivered, as far as the journal still knows. (A repr shows nobody.)"""
    basket = order.facts.basket
    return None if basket is None or basket.deliver_to is None else basket.deliver_to.street
