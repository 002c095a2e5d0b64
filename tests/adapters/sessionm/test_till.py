"""A whole till against SessionM's sandbox: two readings of one sheet, real ledgers, and what goes wrong in between."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Generator
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import pytest

from stampcard.errors import (
    ConflictError,
    DeclinedError,
    InDoubtError,
    NeedsHumanError,
    NotAllowedError,
    UnavailableError,
)
from stampcard.journal.memory import MemoryJournal
from stampcard.lifecycles import RedemptionState
from stampcard.model import Address, EntryKind, Site
from stampcard.testing import (
    Clock,
    Crash,
    Delay,
    Drop,
    Faults,
    Garbage,
    Late,
    ModelTransport,
    Status,
    Truncated,
    Twice,
    When,
    crash_at,
)
from stampcard.till import AsyncTill, Till
from stampcard.wire import Request
from stampcard_adapters.sandbox.sessionm import SessionMModel
from stampcard_adapters.sandbox.sessionm import Switches as There
from stampcard_adapters.sessionm import Challenge, ExternalUserId, SessionMKeys, SessionMOrder, SessionMTill, UserId
from stampcard_adapters.testing.sessionm import SessionMBooks, names

SITE = Site(store="0042", register="7")
HOME = Address(street="1 Main St", city="Banff", postal_code="T1L 1A1", country="CA", region="AB", last_name="Lee")


class Shop:
    """One sandbox, one journal, one till on it."""

    def __init__(self, journal: str | Path, there: There | None = None, **switches: Any) -> None:
        self.clock, self.faults = Clock(), Faults()
        self.model = SessionMModel(switches=there, clock=self.clock)
        self.books = SessionMBooks(self.model)
        self.user, self.card = self.books.user, self.books.card
        self.opening = self.books.points(self.user)
        self.journal, self._switches = journal, switches
        self.till = Till(journal, site=SITE, clock=self.clock, transport=self.transport())
        self.sessionm: SessionMTill = self.till.use(self.books.provider(**switches))

    def transport(self) -> ModelTransport:
        return ModelTransport(self.model, self.faults, names=names, clock=self.clock)

    def reopened(self) -> SessionMTill:
        """The next process."""
        self.till.close()
        self.till = Till(self.journal, site=SITE, clock=self.clock, transport=self.transport())
        self.sessionm = self.till.use(self.books.provider(**self._switches))
        return self.sessionm

    def redeem(self, order_id: str = "r-1", **more: Any) -> SessionMOrder:
        return self.sessionm.redeem(order_id, more.pop("offer", self.card), user=more.pop("user", self.user), **more)

    def lose(self, fault: Any = None, *, trigger: str = "redeem", order_id: str = "r-1") -> None:
        """A redemption nobody hears the end of."""
        self.faults.next(fault or Drop(When.AFTER), trigger=trigger)
        with pytest.raises(InDoubtError):
            self.redeem(order_id)

    def settle(self, order_id: str = "r-1") -> SessionMOrder:
        """As the background would: long enough for any late call to have landed."""
        return self.sessionm.recover(order_id, within=600.0)

    @property
    def spent(self) -> int:
        return self.opening - self.books.points(self.user)


@pytest.fixture
def shop(tmp_path: Path) -> Generator[Shop, None, None]:
    opened = Shop(tmp_path / "pos.db")
    yield opened
    opened.till.close()
    assert opened.books.unbalanced() == ()
    assert opened.faults.unused == ()


def made(there: There | None = None, **switches: Any) -> Shop:
    """A till whose provider is otherwise."""
    return Shop(":memory:", there, **switches)


class TestWhatWorks:
    def test_points_leave_when_it_is_placed_and_it_waits_for_approval(self, shop: Shop) -> None:
        order = shop.redeem(quantity=2, ticket="881")
        assert (order.state, order.final, order.settled) == (RedemptionState.PENDING_APPROVAL, False, True)
        assert shop.spent == 200
        facts = order.facts
        assert (facts.points, facts.quantity, facts.offer_id) == (200, 2, 1)
        assert facts.available_points == shop.books.points(shop.user)
        assert facts.created_at == shop.clock()
        assert shop.model.order("r-1").id == facts.order_id  # our id is the order's external id there

    def test_approve_and_reject(self, shop: Shop) -> None:
        approved = shop.sessionm.approve(shop.redeem("r-1"), why="checked the address")
        rejected = shop.sessionm.reject(shop.redeem("r-2"), why="fraud list")
        assert (approved.state, rejected.state) == ("approved", "rejected")
        assert (shop.books.states("r-1")[-1], shop.books.states("r-2")[-1]) == ("approved", "rejected")
        assert approved.final
        assert rejected.final

    def test_what_the_provider_gives_back_is_read_and_never_assumed(self) -> None:
        for back in (True, False):
            shop = made(There(reject_returns_points=back))
            shop.sessionm.reject(shop.redeem(), why="fraud list")
            assert shop.sessionm.points(shop.user) == shop.opening - (0 if back else 100)
            shop.till.close()

    def test_an_offer_that_approves_by_itself_is_approved_at_once(self, shop: Shop) -> None:
        assert shop.redeem(offer=shop.books.coffee).state == "approved"

    def test_a_wait_follows_what_was_decided_at_the_providers_console(self, shop: Shop) -> None:
        order = shop.redeem()
        assert shop.sessionm.wait(order, within=5.0).state == "pending_approval"
        shop.model.approve("r-1")
        waited = shop.sessionm.wait(shop.sessionm.get("r-1"), within=60.0)
        assert (waited.state, waited.facts.provider_status) == ("approved", "approved")

    def test_a_customer_by_either_id_and_one_that_has_to_be_escaped(self, shop: Shop) -> None:
        order = shop.redeem("r-1", user=shop.books.same_user)
        assert shop.sessionm.observe(order).facts.order_id == order.facts.order_id
        odd = shop.redeem("r-2", user=shop.books.odd)
        shop.model.approve("r-2")
        assert shop.sessionm.observe(odd).state == "approved"
        assert shop.sessionm.points(shop.books.odd) == 4900

    def test_everything_a_prize_by_post_needs_arrives(self, shop: Shop) -> None:
        shop.redeem(email="zoe@example.com", ship_to=HOME, ip="198.51.100.7")
        there = shop.model.order("r-1")
        assert (there.email, there.ip) == ("zoe@example.com", "198.51.100.7")
        assert there.shipping_address is not None
        assert dict(there.shipping_address) == {
            "addressee": "Lee",
            "street1": "1 Main St",
            "city": "Banff",
            "state_province": "AB",
            "country": "CA",
            "postal_code": "T1L 1A1",
        }

    def test_the_skills_test(self, shop: Shop) -> None:
        contest = next(o for o in shop.sessionm.offers(shop.user, locale="en-CA") if o.requires_skills_test)
        question = shop.sessionm.question(shop.user)
        with pytest.raises(DeclinedError) as wrong:
            shop.sessionm.answer(shop.user, contest, question, "certainly not this")
        assert wrong.value.code == "challenge.wrong_answer"
        question = shop.sessionm.question(shop.user)
        right = shop.sessionm.answer(shop.user, contest, question, shop.model.right_answer(question.id))
        assert shop.redeem(offer=contest, challenge=right).state == "pending_approval"

    def test_offers_say_what_this_customer_may_do(self, shop: Shop) -> None:
        found = {offer.id: offer for offer in shop.sessionm.offers(shop.books.poor)}
        assert (found[1].name, found[1].points, found[1].status) == ("Electronic Giftcard", 100, "insufficient_points")

    def test_orders_come_in_pages_and_the_last_is_the_short_one(self, shop: Shop) -> None:
        for number in range(3):
            shop.redeem(f"r-{number}")
            shop.clock.pass_(seconds=1)
        first = shop.sessionm.orders(shop.user, limit=2)
        second = shop.sessionm.orders(shop.user, limit=2, page=2)
        assert [(len(page.orders), page.last) for page in (first, second)] == [(2, False), (1, True)]
        assert {row.external_id for row in (*first.orders, *second.orders)} == {"r-0", "r-1", "r-2"}
        newest = first.orders[0].created_at
        assert newest is not None
        late = shop.sessionm.orders(shop.user, after=newest - timedelta(seconds=1))
        assert [row.external_id for row in late.orders] == ["r-2"]

    def test_the_ledger_shows_the_order_as_a_debit(self, shop: Shop) -> None:
        order = shop.redeem()
        [debit, *_] = shop.sessionm.transactions(shop.user, limit=1).rows
        assert (debit.points, debit.balance) == (-100, shop.books.points(shop.user))
        assert str(order.facts.order_id) in str(debit.record_id)

    def test_whatever_the_documents_leave_open(self) -> None:
        """As the samples have it: no word around reads, codes in capitals at 422, a balance as text or not at all."""
        for shown, left in _BALANCES:
            shop = made(There(list_says_ok=False, code_case="upper", refusal_status=422, available_points=shown))
            order = shop.redeem()
            assert (order.facts.available_points, shop.sessionm.points(shop.user)) == (left, left)
            shop.model.approve("r-1")
            assert shop.sessionm.observe(order).state == "approved"
            with pytest.raises(DeclinedError) as caught:
                shop.redeem("r-2", offer=shop.books.gone)
            assert (caught.value.code, caught.value.http_status) == ("offer.not_available", 422)
            shop.till.close()

    def test_an_asynchronous_till_does_the_same(self) -> None:
        model = SessionMModel()
        books = SessionMBooks(model)

        async def day() -> None:
            async with AsyncTill(MemoryJournal(), site=SITE, transport=ModelTransport(model, names=names)) as till:
                sessionm = till.use(books.provider())
                order = await sessionm.redeem("r-1", books.card, user=books.odd)
                assert (await sessionm.approve(order, why="fine")).state == "approved"
                assert await sessionm.points(books.odd) == 4900

        asyncio.run(day())


class TestWhatIsRefused:
    def test_before_anything_is_sent(self, shop: Shop) -> None:
        wishes: dict[str, dict[str, Any]] = {
            "quantity.not_positive": {"quantity": 0},
            "points.not_enough": {"quantity": 5, "balance": 499},
            "challenge.missing": {"offer": shop.books.contest},
            "challenge.of_another_offer": {
                "offer": shop.books.contest,
                "challenge": Challenge(id=1, offer_id=1),
            },
            "address.incomplete": {"ship_to": Address(street="1 Main St", city="", postal_code="1", country="CA")},
            "ip.bad": {"ip": "localhost"},
            "buyer.not_ours": {"user": ExternalUserId("..")},
        }
        for code, wish in wishes.items():
            with pytest.raises(NotAllowedError) as caught:
                shop.redeem(**wish)
            assert caught.value.code == code
        assert shop.spent == 0
        assert shop.model.orders() == ()

    def test_by_the_provider(self, shop: Shop) -> None:
        guest = UserId(shop.model.users()[3].id)
        wishes: dict[str, dict[str, Any]] = {
            "offer.not_available": {"offer": shop.books.gone},
            "member.not_registered": {"user": guest},
            "challenge.not_found": {"offer": shop.books.contest, "challenge": Challenge(id=77, offer_id=2)},
        }
        for number, (code, wish) in enumerate(wishes.items()):
            with pytest.raises(DeclinedError) as caught:
                shop.redeem(f"r-{number}", **wish)
            assert caught.value.code == code
            assert shop.sessionm.get(f"r-{number}").state == "new"
        with pytest.raises(DeclinedError) as caught:
            shop.redeem("r-9", user=UserId("nobody"))
        assert caught.value.code == "member.unknown"
        with pytest.raises(DeclinedError) as caught:
            shop.redeem("r-8", user=shop.books.poor)
        assert caught.value.code == "offer.not_available"

    def test_a_declined_redemption_may_be_tried_again_under_the_same_id(self, shop: Shop) -> None:
        with pytest.raises(DeclinedError):
            shop.redeem(user=shop.books.poor)
        shop.model.give(shop.books.poor.value, 100)
        assert shop.redeem(user=shop.books.poor).state == "pending_approval"

    def test_a_wrong_secret_is_told_and_nothing_is_journalled_as_sent(self, shop: Shop) -> None:
        shop.model.set_secret("another")
        with pytest.raises(DeclinedError) as caught:
            shop.redeem()
        assert (caught.value.code, caught.value.next) == ("credentials.refused", "call")
        assert list(shop.till.changes()) == []

    def test_an_id_that_was_redeemed_from_another_journal_is_not_redeemed_again(self, shop: Shop) -> None:
        shop.redeem()
        with Till(":memory:", site=SITE, transport=shop.transport()) as other:
            with pytest.raises(NotAllowedError) as caught:
                other.use(shop.books.provider()).redeem("r-1", shop.card, user=shop.user)
            assert caught.value.code == "order.id_taken"
        assert shop.spent == 100

    def test_a_repeat_gives_the_recorded_answer_without_a_call(self, shop: Shop) -> None:
        shop.redeem(command_id="c-1")
        with shop.faults.offline():
            for again in ({}, {"command_id": "c-1"}):
                order = shop.redeem(**again)
                assert order.replayed
            with pytest.raises(ConflictError):
                shop.redeem(quantity=2)
        assert shop.spent == 100


class TestWhoDecidedFirst:
    """Approving an approved order is the same decision; anything else is refused, and followed."""

    def test_approved_at_the_console(self, shop: Shop) -> None:
        order = shop.redeem()
        shop.model.approve("r-1")
        decided = shop.sessionm.approve(order, why="checked the address")
        assert (decided.state, decided.settled) == ("approved", True)

    def test_rejected_at_the_console(self, shop: Shop) -> None:
        order = shop.redeem()
        shop.model.reject("r-1")
        with pytest.raises(NotAllowedError):
            shop.sessionm.approve(order, why="checked the address")
        now = shop.sessionm.get("r-1")
        assert (now.state, now.settled) == ("rejected", True)
        assert shop.sessionm.observe(now) == now

    def test_where_deciding_again_is_accepted(self) -> None:
        shop = made(There(same_status="accepted"))
        order = shop.redeem()
        shop.model.approve("r-1")
        assert shop.sessionm.approve(order, why="fine").state == "approved"
        shop.till.close()

    def test_whichever_of_the_two_codes_says_so(self) -> None:
        shop = made(There(status_codes="swapped"))
        order = shop.redeem()
        shop.model.approve("r-1")
        assert shop.sessionm.approve(order, why="fine").state == "approved"
        shop.till.close()

    def test_a_request_delivered_twice_is_approved_once(self, shop: Shop) -> None:
        order = shop.redeem()
        shop.faults.next(Twice(), trigger="approve")
        assert shop.sessionm.approve(order, why="fine").state == "approved"
        assert shop.books.states("r-1") == ("pending_approval", "approved")

    def test_a_status_nobody_knows_never_approves(self, shop: Shop) -> None:
        order = shop.redeem()
        shop.model.set_status("r-1", "redemption_error")
        observed = shop.sessionm.observe(order)
        assert (observed.state, observed.facts.provider_status) == ("pending_approval", "redemption_error")
        assert [e.kind for e in shop.sessionm.history("r-1")][-1] is EntryKind.DRIFT
        with pytest.raises(InDoubtError):
            shop.sessionm.approve(observed, why="fine")
        with pytest.raises(NeedsHumanError) as caught:
            shop.settle()
        assert "redemption_error" in str(caught.value.as_dict())


def _by_phone(shop: Shop) -> None:
    """The customer orders the same in the provider's own app: nothing of ours is on that order."""
    tenant: Any = shop.model.tenants()["sessionm"]
    pair = base64.b64encode(f"{tenant['api_key']}:{tenant['secret']}".encode()).decode()
    target = f"/priv/v1/apps/{tenant['api_key']}/users/{shop.user.value}/offers/{shop.card.id}/orders"
    call = Request(method="POST", target=target, headers={"Authorization": f"Basic {pair}"}, body=b'{"order":{}}')
    assert shop.model.handle(call).status == 200


_BALANCES: tuple[tuple[Literal["string", "absent"], int | None], ...] = (("string", 99_900), ("absent", None))
LOST: list[Callable[[], Any]] = [
    lambda: Drop(When.AFTER),
    lambda: Truncated(40),
    lambda: Garbage(When.AFTER),
    lambda: Status(502, When.AFTER),
    lambda: Delay(60.0),
]


class TestALostRedemption:
    @pytest.mark.parametrize("fault", LOST)
    def test_is_found_by_our_id_and_its_points_are_taken_once(self, shop: Shop, fault: Callable[[], Any]) -> None:
        shop.redeem("r-0")
        shop.lose(fault())
        order = shop.settle()
        assert (order.state, order.settled, order.facts.order_id) == (
            "pending_approval",
            True,
            shop.model.order("r-1").id,
        )
        assert shop.spent == 200
        assert any(entry.code == "inferred" for entry in shop.sessionm.history("r-1"))

    @pytest.mark.parametrize("fault", [lambda: Drop(When.BEFORE), lambda: Garbage(When.BEFORE), lambda: Status(503)])
    def test_that_never_arrived_is_sent_again_only_when_it_cannot_land_any_more(
        self, shop: Shop, fault: Callable[[], Any]
    ) -> None:
        shop.lose(fault())
        before = shop.clock()
        assert shop.settle().state == "pending_approval"
        assert (shop.clock() - before) >= timedelta(seconds=100)
        assert shop.spent == 100

    def test_that_lands_late_is_adopted(self, shop: Shop) -> None:
        shop.lose(Late())
        with pytest.raises(InDoubtError):
            shop.sessionm.recover("r-1", within=60.0)
        assert shop.faults.land() == 1
        assert shop.settle().state == "pending_approval"
        assert shop.spent == 100

    def test_that_was_delivered_twice_is_found_although_the_second_copy_is_refused(self, shop: Shop) -> None:
        shop.lose(Twice())
        assert shop.settle().state == "pending_approval"
        assert shop.spent == 100

    def test_that_was_approved_meanwhile_is_adopted_as_approved(self, shop: Shop) -> None:
        shop.lose()
        shop.model.approve("r-1")
        assert shop.settle().state == "approved"

    def test_holds_up_the_next_of_the_same_customer_and_offer_and_no_other(self, shop: Shop) -> None:
        shop.lose()
        with pytest.raises(UnavailableError) as caught:
            shop.redeem("r-2")
        assert caught.value.reason == "busy"
        assert shop.redeem("r-3", offer=shop.books.coffee).state == "approved"
        assert shop.redeem("r-4", user=shop.books.odd).state == "pending_approval"
        shop.settle()
        assert shop.redeem("r-2").state == "pending_approval"

    def test_beside_the_customers_own_order_by_phone_is_still_found(self, shop: Shop) -> None:
        shop.lose()
        _by_phone(shop)
        assert shop.settle().facts.order_id == shop.model.order("r-1").id

    def test_where_only_a_phones_order_shows_is_for_a_person_and_never_sent_again(self, shop: Shop) -> None:
        shop.lose(Drop(When.BEFORE))
        _by_phone(shop)
        with pytest.raises(NeedsHumanError) as caught:
            shop.settle()
        assert "r-1" in caught.value.check
        assert shop.spent == 100

    @pytest.mark.parametrize("there", [There(order_external_id="ignored"), There(table_fields="update")])
    def test_where_lists_show_no_external_id_is_adopted_by_shape_only_if_switched_on(self, there: There) -> None:
        for switched in (False, True):
            shop = made(there, adopt_by_shape=switched)
            shop.lose()
            if switched:
                assert shop.settle().state == "pending_approval"
            else:
                with pytest.raises(NeedsHumanError):
                    shop.settle()
            assert shop.spent == 100
            shop.till.close()

    def test_is_never_adopted_by_two_orders_of_ours(self) -> None:
        shop = made(There(order_external_id="ignored"), adopt_by_shape=True)
        first = shop.redeem("r-0")
        shop.lose(Drop(When.BEFORE), order_id="r-1")
        shop.model.set_status(first.facts.order_id or 0, "approved")
        assert shop.settle("r-1").facts.order_id != first.facts.order_id
        shop.till.close()

    def test_of_an_offer_gone_meanwhile_is_refused_once_nothing_of_it_shows(self, shop: Shop) -> None:
        shop.lose(Drop(When.BEFORE))
        shop.model.set_stock(1, 0)
        order = shop.settle()
        assert (order.state, order.settled) == ("new", True)
        assert shop.sessionm.history("r-1")[-1].code == "offer.not_available"
        assert shop.spent == 0

    def test_of_a_customer_with_a_long_history(self) -> None:
        for newest_first, human in ((True, False), (False, True)):
            shop = made(There(list_order="newest" if newest_first else "oldest"))
            shop.model.give(shop.user.value, 10**6)
            for number in range(60):
                shop.redeem(f"old-{number}", offer=shop.books.coffee)
                shop.clock.pass_(minutes=1)
            before = shop.books.points(shop.user)
            shop.lose(Drop(When.BEFORE))
            if human:  # what is new stands on a page nobody may take for the last
                with pytest.raises(NeedsHumanError):
                    shop.settle()
            else:
                assert shop.settle().state == "pending_approval"
            assert before - shop.books.points(shop.user) == (0 if human else 100)
            shop.till.close()

    def test_a_provider_that_cannot_be_listed_takes_no_redemption(self, shop: Shop) -> None:
        shop.faults.next(Drop(When.BEFORE), trigger="orders")
        with pytest.raises(UnavailableError):
            shop.redeem()
        assert list(shop.till.changes()) == []


@pytest.mark.parametrize("trigger", ["approve", "reject"])
@pytest.mark.parametrize("fault", [lambda: Drop(When.AFTER), lambda: Drop(When.BEFORE), lambda: Status(500)])
def test_a_lost_decision_is_looked_up(shop: Shop, trigger: str, fault: Callable[[], Any]) -> None:
    order = shop.redeem()
    shop.faults.next(fault(), trigger=trigger)
    with pytest.raises(InDoubtError):
        getattr(shop.sessionm, trigger)(order, why="desk")
    word = {"approve": "approved", "reject": "rejected"}[trigger]
    assert shop.settle().state == word
    assert shop.books.states("r-1") == ("pending_approval", word)


@pytest.mark.parametrize("point", ["intent", "sent", "read", "outcome"])
def test_a_crash_at_any_point_takes_points_once(tmp_path: Path, point: Any) -> None:
    shop = Shop(tmp_path / "pos.db")
    with crash_at(point, trigger="redeem"), pytest.raises(Crash):
        shop.redeem()
    shop.reopened()
    assert shop.settle().state == "pending_approval"
    assert shop.spent == 100
    assert shop.books.unbalanced() == ()
    shop.till.close()


def test_what_is_journalled_names_no_secret_and_forgets_the_customer(tmp_path: Path) -> None:
    shop = Shop(tmp_path / "pos.db")
    order = shop.redeem(user=shop.books.odd, email="zoe@example.com", ship_to=HOME, ip="198.51.100.7")
    shop.sessionm.approve(order, why="fine")
    assert shop.till.forget(shop.books.odd.value, provider="sessionm") > 0
    shop.till.close()
    kept = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    tenant: Any = shop.model.tenants()["sessionm"]
    assert b"r-1" in kept  # the net is not empty
    for secret in (tenant["api_key"], tenant["secret"]):
        assert secret.encode() not in kept
    with Till(tmp_path / "pos.db", site=SITE, transport=shop.transport()) as till:
        found = till.use(shop.books.provider()).get("r-1")
        assert (found.state, found.facts.user) == ("approved", "forgotten")
        shown = " ".join(str(entry.body) + str(entry.why) for entry in till.changes())
    for person in (shop.books.odd.value, "zoe@example.com", "198.51.100.7", "Main St"):
        assert person not in shown


def test_a_tenant_without_keys_is_told_before_anything_is_journalled() -> None:
    from stampcard.errors import ConfigurationError
    from stampcard.model import Environment
    from stampcard_adapters.sessionm import SessionM

    keys: dict[str, SessionMKeys] = {}
    settings = SessionM(lambda tenant, /: keys[tenant], environment=Environment.SANDBOX, url="http://127.0.0.1")
    with Till(":memory:", site=SITE, transport=ModelTransport(SessionMModel())) as till:
        with pytest.raises(ConfigurationError):
            till.use(settings).redeem("r-1", SessionMBooks(SessionMModel()).card, user=UserId("x"))
        assert list(till.changes()) == []
