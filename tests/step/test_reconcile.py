"""Which orders are compared, how politely, what is written, and that nothing wrong with one hides another."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Generator
from datetime import UTC, timedelta
from typing import Any

import attrs
import httpx
import pytest
from tests.step.test_recovery_pass import LOST, PENDING, REFUSED, World
from tests.step.tiny import Prize, Prizes, PrizeVerbs, Settings

from stampcard import Compared, Comparison, EntryKind, JournalError, Site, StampcardError, Till
from stampcard.adapter import Accepted, Look, Unseen
from stampcard.commands import Observe
from stampcard.errors import ConfigurationError
from stampcard.journal import StoreError
from stampcard.journal.memory import MemoryJournal
from stampcard.testing import Clock

APPROVED = (200, {"status": "approved"})
LATER = (429, {}, {"retry-after": "30"})
BROKEN = (503, {})


class Shown(Prizes):
    """Prizes whose orders can be looked at."""

    broken: Exception | None = None

    def compare(self, order: Prize, /) -> Look[Any, Any] | Unseen:
        if self.broken is not None:
            raise self.broken
        return Look(request=self.request(order, Observe()), read=lambda response: self.read(order, Observe(), response))


class Twins(Shown):
    name = "twins"


@attrs.frozen
class Here:
    till: Till
    prizes: Any
    clock: Clock
    world: World
    adapter: Any

    def redeemed(self, *order_ids: str) -> None:
        for order_id in order_ids:
            self.prizes.redeem(order_id)
            self.clock.pass_(seconds=60)

    def results(self, **options: Any) -> list[tuple[str, Comparison]]:
        """As `progress` is told of them."""
        told: list[Compared] = []
        self.till.reconcile(progress=told.append, **options)
        return [(one.order_id, one.result) for one in told]

    def written(self) -> int:
        return len(list(self.till.changes()))


@contextlib.contextmanager
def at(world: World, journal: Any = ":memory:", *, adapter: Any = None, verbs: Any = PrizeVerbs) -> Generator[Here]:
    clock, adapter = Clock(), adapter or Shown()
    with Till(journal, site=Site(store="1"), transport=httpx.MockTransport(world.handle), clock=clock) as till:
        yield Here(till, till.use(Settings(adapter, verbs)), clock, world, adapter)


AGREED, UNKNOWN, DIFFERING = Comparison.AGREED, Comparison.UNKNOWN, Comparison.DIFFERING


def test_every_settled_order_is_compared_once_the_newest_first() -> None:
    world = World(a=[APPROVED], b=[PENDING], c=[APPROVED])
    with at(world) as here:
        here.redeemed("a", "b", "c")
        before, asked = here.written(), len(world.asked)
        assert here.results() == [("c", AGREED), ("b", AGREED), ("a", AGREED)]
        assert world.asked[asked:] == ["c observe", "b observe", "a observe"]
        assert here.written() == before


def test_a_long_journal_is_read_page_by_page_and_every_order_counted() -> None:
    with at(World(), adapter=Prizes()) as here:
        for number in range(1_001):
            here.world.answers[str(number)] = [APPROVED]
            here.prizes.redeem(str(number))
        report = here.till.reconcile()
        [untold] = report.unknown
        assert (untold.count, len(untold.examples), untold.again) == (1_001, 5, False)
        assert untold.why == "the provider's API shows no order"
        assert [(one.provider, one.unknown) for one in report.tallies] == [("prizes", 1_001)]


def test_since_takes_what_was_opened_or_changed_since() -> None:
    world = World(a=[PENDING, APPROVED], b=[APPROVED], c=[APPROVED])
    with at(world) as here:
        here.redeemed("a", "b")
        then = here.clock().astimezone(UTC)
        here.redeemed("c")
        assert here.results(since=then) == [("c", AGREED)]
        assert here.results(since=then.astimezone().replace(tzinfo=None)) == [("c", AGREED)]
        here.prizes.approve("a", why="a good cause")
        assert here.results(since=then) == [("c", AGREED), ("a", AGREED)]
        assert here.results(since=here.clock() + timedelta(days=1)) == []


def test_only_the_orders_of_the_provider_named_are_looked_at() -> None:
    world = World(a=[APPROVED], t=[APPROVED])
    with at(world) as here:
        here.redeemed("a")
        here.till.use(Settings(Twins(), PrizeVerbs)).redeem("t")
        assert here.results(provider="twins") == [("t", AGREED)]
        assert here.results(provider="nobody") == []


def test_what_is_not_settled_is_listed_apart_and_not_asked_about() -> None:
    world = World(a=[LOST], b=[APPROVED])
    with at(world) as here:
        with pytest.raises(StampcardError):
            here.prizes.redeem("a")
        here.redeemed("b")
        asked = len(world.asked)
        report = here.till.reconcile()
        [apart] = report.unsettled
        assert (apart.order_id, apart.state, apart.why) == ("a", "new", "'redeem' is in doubt")
        assert (report.agreed, report.tallies[0].unsettled) == (1, 1)
        assert world.asked[asked:] == ["b observe"]


# what is written


def test_a_difference_is_written_once_however_often_it_is_found() -> None:
    world = World(a=[APPROVED, (200, {"status": "rejected"})])
    with at(world) as here:
        here.redeemed("a")
        before = here.written()
        for _ in range(3):
            [differing] = here.till.reconcile().differing
            assert (differing.order_id, differing.state) == ("a", "approved")
            assert differing.why == "the provider says rejected"
        assert here.written() == before + 1
        last = here.prizes.history("a")[-1]
        assert (last.kind, last.state, last.by) == (EntryKind.DRIFT, "approved", "reconcile")


def test_an_order_the_provider_does_not_have_differs() -> None:
    with at(World(a=[APPROVED, (404, {})])) as here:
        here.redeemed("a")
        [differing] = here.till.reconcile().differing
        assert differing.why == "the provider has no such order (order.unknown_there)"


def test_an_order_that_waits_for_its_provider_is_followed_and_agrees_then() -> None:
    world = World(a=[PENDING, APPROVED])
    with at(world) as here:
        here.redeemed("a")
        report = here.till.reconcile()
        [followed] = report.followed
        assert (followed.state, report.agreed, report.differing) == ("pending_approval", 1, ())
        assert str(here.prizes.get("a").state) == "approved"
        assert here.till._journal.watched("observe") == ()
        assert here.till.reconcile().followed == ()


def test_a_step_that_is_made_while_the_provider_is_asked_is_not_written_over() -> None:
    world = World(a=[PENDING, APPROVED])
    with at(world) as here:
        here.redeemed("a")
        world.meanwhile = lambda: here.prizes.approve("a", why="a good cause")
        told: list[Compared] = []
        here.till.reconcile(progress=told.append)
        [one] = told
        assert (one.result, one.why, one.again) == (UNKNOWN, "it was changed while it was looked at", True)
        assert [e.kind for e in here.prizes.history("a")][-1] is EntryKind.ACCEPTED


# politeness


def test_a_provider_that_wants_to_be_left_alone_is_not_asked_again() -> None:
    world = World(a=[APPROVED], b=[APPROVED], c=[APPROVED, LATER])
    with at(world) as here:
        here.redeemed("a", "b", "c")
        asked = len(world.asked)
        report = here.till.reconcile()
        assert world.asked[asked:] == ["c observe"]
        [untold] = report.unknown
        assert (untold.count, untold.again) == (3, True)
        assert untold.why == "could not be asked: busy, to be left alone for 30 s"
        assert not report.complete


@pytest.mark.parametrize(("said", "most"), [(REFUSED, 1), (BROKEN, 3), (LOST, 3)])
def test_a_provider_that_does_not_answer_is_not_asked_for_every_order(said: Any, most: int) -> None:
    names = [f"o{number}" for number in range(6)]
    world = World(**{name: [APPROVED, said] for name in names})
    with at(world) as here:
        here.redeemed(*names)
        asked = len(world.asked)
        report = here.till.reconcile()
        assert len(world.asked) - asked == most
        assert sum(one.count for one in report.unknown) == 6
        assert all(one.again for one in report.unknown)


def test_one_that_answers_now_and_then_is_asked_on() -> None:
    said = {f"o{number}": [APPROVED, BROKEN if number % 3 else APPROVED] for number in range(9)}
    with at(World(**said)) as here:
        here.redeemed(*said)
        assert [result for _, result in here.results()].count(AGREED) == 3


def test_one_providers_trouble_is_none_of_anothers() -> None:
    world = World(a=[APPROVED], t=[APPROVED, REFUSED])
    with at(world) as here:
        here.redeemed("a")
        here.till.use(Settings(Twins(), PrizeVerbs)).redeem("t")
        assert here.results() == [("t", UNKNOWN), ("a", AGREED)]


def test_a_tenant_without_keys_is_left_out_and_the_others_are_not(caplog: pytest.LogCaptureFixture) -> None:
    class Keyless(Shown):
        def auth(self, site: Site, /) -> httpx.Auth:
            if site.tenant == "gone" and self.locked:
                raise ConfigurationError("no", detail="no keys for this tenant")
            return super().auth(site)

        locked = False

    world = World(a=[APPROVED], b=[APPROVED], c=[APPROVED])
    with at(world, adapter=Keyless()) as here:
        here.redeemed("a")
        here.prizes.at(Site(store="1", tenant="gone")).redeem("b")
        here.prizes.at(Site(store="1", tenant="gone")).redeem("c")
        here.adapter.locked = True
        with Till(here.till._journal, site=None, transport=httpx.MockTransport(world.handle)) as office:
            office.use(Settings(here.adapter, PrizeVerbs))
            report = office.reconcile()
        assert report.agreed == 1
        [untold] = report.unknown
        assert (untold.why, untold.count) == ("could not be asked: no keys for this tenant", 2)


# what is wrong with one order


def test_a_provider_that_is_not_in_use_and_another_tenants_order_are_unknown() -> None:
    journal = MemoryJournal()
    with at(World(a=[APPROVED]), journal) as here:
        here.redeemed("a")
    with Till(journal, site=Site(store="1")) as till:
        [untold] = till.reconcile().unknown
        assert (untold.why, untold.again) == ("prizes (sandbox) is not in use here", True)
    with Till(journal, site=Site(store="1", tenant="other")) as till:
        till.use(Settings(Shown(), PrizeVerbs))
        [untold] = till.reconcile().unknown
        assert untold.why == "it belongs to another tenant"


def test_an_adapters_mistake_hides_no_other_order(caplog: pytest.LogCaptureFixture) -> None:
    class Odd(Shown):
        def compare(self, order: Prize, /) -> Any:
            match order.id:
                case "raises":
                    raise RuntimeError("secret-canary")
                case "misreads":
                    return Look(request=self.request(order, Observe()), read=lambda _: {}["secret-canary"])
                case "silent":
                    return Look(request=self.request(order, Observe()), read=lambda _: Accepted(facts=order.facts))
                case _:
                    return super().compare(order)

    names = ("fine", "raises", "misreads", "silent")
    with at(World(**{name: [APPROVED] for name in names}), adapter=Odd()) as here, caplog.at_level(logging.DEBUG):
        here.redeemed(*names)
        assert dict(here.results()) == dict.fromkeys(names, UNKNOWN) | {"fine": AGREED}
    assert "secret-canary" not in caplog.text


def test_an_order_that_cannot_be_read_back_hides_no_other(caplog: pytest.LogCaptureFixture) -> None:
    class Damaged(MemoryJournal):
        def load(self, order_id: str) -> Any:
            if self.hit and order_id == "a":
                raise StoreError("page 7 is damaged")
            return super().load(order_id)

        hit = False

    journal = Damaged()
    with at(World(a=[APPROVED], b=[APPROVED]), journal) as here:
        here.redeemed("a", "b")
        journal.hit = True
        report = here.till.reconcile()
        assert (report.agreed, [(one.examples, one.again) for one in report.unknown]) == (1, [(("a",), True)])
        assert "page 7 is damaged" in report.unknown[0].why


def test_a_journal_that_cannot_be_listed_says_so() -> None:
    journal = MemoryJournal()
    with at(World(), journal) as here:
        journal.close()
        with pytest.raises(JournalError):
            here.till.reconcile()
