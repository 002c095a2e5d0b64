"""A till at Kigo's sandbox: one order, one person, one link; whatever is lost on the way."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import attrs
import pytest

from stampcard import (
    ConflictError,
    DeclinedError,
    EntryKind,
    FulfilmentState,
    InDoubtError,
    NeedsHumanError,
    Next,
    NotAllowedError,
    Site,
    StampcardError,
    Till,
    UnavailableError,
    UnknownOrderError,
    UnsupportedError,
)
from stampcard.model import Secret
from stampcard.testing import Clock, Crash, Drop, Faults, Garbage, ModelTransport, Refuse, Status, When, crash_at
from stampcard.till import AsyncTill
from stampcard_adapters.kigo import Kigo, KigoFacts, KigoKeys, KigoTill, Sso
from stampcard_adapters.sandbox.kigo import KigoModel
from stampcard_adapters.sandbox.kigo import Switches as SandboxSwitches
from stampcard_adapters.testing.kigo import KigoBooks, names

ID = "0042-7-20261122-000417"
HERE = Site(store="0042", register="7")


class World:
    """One till and one Kigo, in process, on one clock."""

    def __init__(self, journal: Path, switches: SandboxSwitches | None = None) -> None:
        self.clock = Clock()
        self.faults = Faults()
        self.model = KigoModel(switches=switches, clock=self.clock)
        self.books = KigoBooks(self.model)
        self.journal = journal
        self.tills: list[Till] = []
        self.kigo = self.use()

    def transport(self) -> ModelTransport:
        return ModelTransport(self.model, self.faults, names=names, clock=self.clock)

    def use(self, settings: Kigo | None = None, **switches: Any) -> KigoTill:
        """Another till on the same journal."""
        till = Till(self.journal, site=HERE, clock=self.clock, transport=self.transport())
        self.tills.append(till)
        return till.use(settings or self.books.provider(**switches)).by("anna at the counter")

    def place(self, order_id: str = ID, user: str = "u-1") -> Any:
        return self.kigo.place(order_id, self.books.product, user=user)

    def kinds(self, order_id: str = ID) -> list[EntryKind]:
        return [entry.kind for entry in self.kigo.history(order_id)]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., World]]:
    made: list[World] = []

    def new(**switches: Any) -> World:
        made.append(World(tmp_path / f"{len(made)}.db", SandboxSwitches(**switches) if switches else None))
        return made[-1]

    yield new
    for world in made:
        for till in world.tills:
            till.close()
        assert world.model.unbalanced() == ()


@pytest.fixture
def world(make: Callable[..., World]) -> World:
    return make()


class TestPlace:
    def test_an_order_is_completed_at_once_and_holds_no_claim(self, world: World) -> None:
        order = world.place()
        assert order.state is FulfilmentState.COMPLETED
        assert order.final
        assert (order.facts.product_id, order.facts.user) == (world.books.product, "u-1")
        assert order.facts.placed_at == world.clock()
        assert world.books.states(ID) == ("ordered",)
        assert world.books.issued(world.books.product) == 1

    def test_again_is_the_recorded_answer_without_a_call(self, world: World) -> None:
        first = world.place()
        world.faults.next(Status(500))
        world.clock.pass_(seconds=5)
        again = world.place()
        assert again.replayed
        assert again == first

    def test_two_people_never_share_an_order_nor_two_products(self, world: World) -> None:
        world.place()
        for user, product in (("u-2", world.books.product), ("u-1", world.books.sold_out)):
            with pytest.raises(ConflictError):
                world.kigo.place(ID, product, user=user)
        assert world.books.issued(world.books.product) == 1

    def test_nor_while_the_first_one_is_in_doubt(self, world: World) -> None:
        world.faults.next(Drop(When.AFTER), trigger="place")
        with pytest.raises(InDoubtError):
            world.place()
        with pytest.raises(ConflictError):
            world.place(user="u-2")

    def test_an_unknown_product_leaves_the_order_as_it_was(self, world: World) -> None:
        with pytest.raises(DeclinedError) as caught:
            world.kigo.place(ID, "nothing", user="u-1")
        assert (caught.value.code, caught.value.provider_code) == ("product.unknown", "not_found")
        assert world.kigo.get(ID).state is FulfilmentState.NEW
        assert world.place().state is FulfilmentState.COMPLETED

    def test_an_unknown_product_where_that_is_a_400(self, make: Callable[..., World]) -> None:
        world = make(unknown_product_status=400)
        with pytest.raises(DeclinedError) as caught:
            world.kigo.place(ID, "nothing", user="u-1")
        assert caught.value.code == "order.refused"

    def test_a_bare_ticket_number_is_no_order_id(self, world: World) -> None:
        with pytest.raises(NotAllowedError) as caught:
            world.place("1042")
        assert caught.value.code == "order.id_repeats"
        assert world.model.orders() == ()

    def test_what_cannot_be_ordered_is_told_at_once(self, world: World) -> None:
        with pytest.raises(NotAllowedError) as caught:
            world.kigo.place("1042", " ", user="")
        assert [r.code for r in caught.value.refusals] == ["order.id_repeats", "product.invalid", "user.invalid"]

    def test_there_is_no_status_to_ask_for(self, world: World) -> None:
        with pytest.raises(DeclinedError):
            world.kigo.place(ID, "nothing", user="u-1")
        with pytest.raises(UnsupportedError) as caught:
            world.kigo.observe(world.kigo.get(ID))
        assert caught.value.capability == "observe"
        assert world.kigo.abandon(world.kigo.get(ID)).state is FulfilmentState.ABANDONED

    @pytest.mark.parametrize("switches", [{"created_status": 201}, {"echo_order": False}, {"session_status": 201}])
    def test_what_the_documents_leave_open_makes_no_difference(
        self, make: Callable[..., World], switches: dict[str, Any]
    ) -> None:
        world = make(**switches)
        order = world.place()
        assert world.kigo.reveal(order, user="u-1", why="asked").claim_code.reveal() == world.model.claim_code(ID)

    def test_another_path_with_the_product_in_the_body(self, make: Callable[..., World]) -> None:
        world = make(order_path="/api/v2/claims")
        kigo = world.use(world.books.provider(order_path="/api/v2/claims", product_in_body=True))
        assert kigo.place(ID, world.books.product, user="u-1").state is FulfilmentState.COMPLETED


class TestALostReply:
    @pytest.mark.parametrize("fault", [Drop(When.AFTER), Status(503, When.AFTER), Garbage(When.AFTER)])
    def test_is_found_again_and_nothing_is_ordered_twice(self, world: World, fault: Any) -> None:
        world.faults.next(fault, trigger="place")
        with pytest.raises(InDoubtError) as caught:
            world.place()
        assert not caught.value.reversible
        order = world.kigo.recover(ID)
        assert order.state is FulfilmentState.COMPLETED
        assert world.books.issued(world.books.product) == 1
        assert world.kigo.reveal(order, user="u-1", why="asked").url.reveal() == world.model.deeplink(ID)

    def test_that_never_arrived_is_ordered_by_the_repeat(self, world: World) -> None:
        world.faults.next(Drop(When.BEFORE), trigger="place")
        with pytest.raises(InDoubtError):
            world.place()
        assert world.books.states(ID) == ()
        assert world.kigo.recover(ID).state is FulfilmentState.COMPLETED

    @pytest.mark.parametrize("point", ["intent", "sent", "read", "outcome"])
    def test_a_killed_till_leaves_what_another_can_settle(self, world: World, point: Any) -> None:
        with pytest.raises(Crash), crash_at(point):
            world.place()
        next_day = world.use()
        order = next_day.recover(ID)
        assert order.state is FulfilmentState.COMPLETED
        assert order.facts.user == "u-1"
        assert world.books.issued(world.books.product) == 1

    def test_a_no_to_the_repeat_is_for_a_person(self, world: World) -> None:
        world.faults.next(Drop(When.AFTER), trigger="place")
        with pytest.raises(InDoubtError):
            world.place()
        gone = b'{"error_code":"not_found","error_message":"Product not found"}'
        world.faults.next(Status(404, body=gone), trigger="place")
        with pytest.raises(NeedsHumanError) as caught:
            world.kigo.recover(ID)
        assert ID in caught.value.check

    def test_a_409_to_the_first_send_may_mean_already(self, make: Callable[..., World]) -> None:
        world = make(sold_out="sold_out")
        with pytest.raises(InDoubtError):
            world.kigo.place(ID, world.books.sold_out, user="u-1")
        with pytest.raises(NeedsHumanError):
            world.kigo.recover(ID)

    def test_under_another_partner_is_not_repeated(self, world: World) -> None:
        world.faults.next(Drop(When.AFTER), trigger="place")
        with pytest.raises(InDoubtError):
            world.place()
        keys = KigoKeys(partner_id="another", api_key=Secret("another-key"))
        moved = world.use(Kigo(keys, environment=world.books.provider().environment, url="http://127.0.0.1"))
        with pytest.raises(NeedsHumanError):
            moved.recover(ID)

    def test_no_connection_is_no_order_and_no_doubt(self, world: World) -> None:
        world.faults.next(Refuse(), trigger="place")
        with pytest.raises(UnavailableError):
            world.place()
        assert world.kigo.get(ID).doubt is None
        assert world.place().state is FulfilmentState.COMPLETED

    def test_the_id_of_an_order_somebody_else_placed_is_not_taken_for_ours(self, world: World) -> None:
        """Another till with its own journal used the id for another product: Kigo gives that order back."""
        world.place()
        world.model.set_stock("tea", 5)
        elsewhere = World(world.journal.with_name("elsewhere.db"))
        elsewhere.model = world.model
        other = elsewhere.use()
        try:
            with pytest.raises(InDoubtError):
                other.place(ID, "tea", user="u-2")
            with pytest.raises(NeedsHumanError):
                other.recover(ID, within=3_600.0)
        finally:
            for till in elsewhere.tills:
                till.close()
        assert world.books.issued("tea") == 0


class TestTheSession:
    def test_that_ended_at_the_provider_is_made_anew_and_the_same_order_sent(self, world: World) -> None:
        world.place("A-1")
        world.model.expire_sessions()
        assert world.place("A-2").state is FulfilmentState.COMPLETED
        assert world.model.orders() == ("A-1", "A-2")

    def test_that_cannot_be_had_is_no_order(self, world: World) -> None:
        world.faults.next(Status(500), trigger="token")
        with pytest.raises(UnavailableError):
            world.place()
        assert world.model.orders() == ()
        assert world.kigo.get(ID).doubt is None

    @pytest.mark.parametrize("status", [401, 400, 403])
    def test_wrong_keys_are_for_a_person_to_mend(self, make: Callable[..., World], status: Any) -> None:
        world = make(wrong_credentials_status=status)
        world.model.set_api_key("rotated")
        with pytest.raises(DeclinedError) as caught:
            world.place()
        assert (caught.value.code, caught.value.next) == ("credentials.refused", Next.CALL)
        assert world.kigo.get(ID).doubt is None

    def test_a_403_for_an_old_token_is_told_and_orders_nothing(self, make: Callable[..., World]) -> None:
        world = make(expired_token_status=403)
        world.place("A-1")
        world.model.expire_sessions()
        with pytest.raises(DeclinedError) as caught:
            world.place("A-2")
        assert caught.value.code == "credentials.refused"


class TestReveal:
    def test_shows_the_same_link_each_time_and_journals_who_saw_it(self, world: World) -> None:
        order = world.place()
        for _ in range(2):
            link = world.kigo.reveal(order, user="u-1", why="clicked the boost")
            assert link.url.reveal() == world.model.deeplink(ID)
            assert link.claim_code.reveal() == world.model.claim_code(ID)
            assert link.expires_at is None
        assert world.kinds()[-2:] == [EntryKind.REVEALED] * 2
        entry = world.kigo.history(ID)[-1]
        assert (entry.by, entry.why) == ("anna at the counter", "clicked the boost")
        assert world.books.issued(world.books.product) == 1

    def test_with_a_login_made_at_that_moment(self, world: World) -> None:
        order = world.place()
        world.clock.pass_(seconds=3 * 3600)
        link = world.kigo.reveal(order, user="u-1", why="clicked", sso=Sso(program="gold", email="u@example.com"))
        url = link.url.reveal()
        assert url.startswith(f"https://partner-hub.kigo.io?claim-code={world.model.claim_code(ID)}&session-id=")
        assert url.count("?") == 1
        assert link.expires_at is not None
        assert (link.expires_at - world.clock()).total_seconds() == 1800
        [session] = parse_qs(urlsplit(url).query)["session-id"]
        exchanged = world.model.handle(
            Call("PATCH", "/sso/sessions/api/accounts", f'{{"session_id":"{session}"}}'.encode())
        )
        assert exchanged.status == 200

    def test_by_the_older_name_of_the_programme(self, world: World) -> None:
        kigo = world.use(program_field="brand_identifier")
        order = kigo.place(ID, world.books.product, user="u-1")
        assert kigo.reveal(order, user="u-1", why="clicked", sso=Sso(program="gold")).expires_at is not None

    def test_after_it_was_claimed_the_code_is_the_same(self, world: World) -> None:
        order = world.place()
        world.books.claim(ID, "u-1")
        link = world.kigo.reveal(order, user="u-1", why="again")
        assert link.claim_code.reveal() == world.model.claim_code(ID)
        assert world.books.wallet("u-1") == (world.books.product,)

    def test_to_nobody_else(self, world: World) -> None:
        order = world.place()
        before = world.kinds()
        for user in ("u-2", "", "U-1", "forgotten"):
            with pytest.raises(NotAllowedError) as caught:
                world.kigo.reveal(order, user=user, why="curious")
            assert caught.value.code == "reveal.other_user"
        assert world.kinds() == before

    @pytest.mark.parametrize("sso", [Sso(program="\ud800"), Sso(email="\ud800")])
    def test_not_with_a_login_that_is_no_text(self, world: World, sso: Sso) -> None:
        order = world.place()
        with world.faults.offline(), pytest.raises(NotAllowedError) as caught:
            world.kigo.reveal(order, user="u-1", why="clicked", sso=sso)
        assert caught.value.code == "input.type"

    def test_not_for_what_the_order_in_hand_pretends(self, world: World) -> None:
        """The journal says whose it is, not the value in hand."""
        order = world.place()
        forged = attrs.evolve(order, facts=attrs.evolve(order.facts, user="u-2"))
        with pytest.raises(NotAllowedError) as caught:
            world.kigo.reveal(forged, user="u-2", why="curious")
        assert caught.value.code == "reveal.other_user"

    def test_only_of_a_completed_order(self, world: World) -> None:
        with pytest.raises(DeclinedError):
            world.kigo.place(ID, "nothing", user="u-1")
        with pytest.raises(NotAllowedError) as caught:
            world.kigo.reveal(world.kigo.get(ID), user="u-1", why="early")
        assert caught.value.code == "reveal.not_completed"

    def test_not_while_in_doubt(self, world: World) -> None:
        world.faults.next(Drop(When.AFTER), trigger="place")
        with pytest.raises(InDoubtError):
            world.place()
        with pytest.raises(NotAllowedError) as caught:
            world.kigo.reveal(world.kigo.get(ID), user="u-1", why="early")
        assert (caught.value.code, caught.value.next) == ("order.in_doubt", Next.WAIT)

    def test_not_after_its_time(self, world: World) -> None:
        order = world.place()
        world.clock.pass_(seconds=86_400)
        assert world.kigo.reveal(order, user="u-1", why="just in time").expires_at is None
        world.clock.pass_(seconds=1)
        with pytest.raises(NotAllowedError) as caught:
            world.kigo.reveal(order, user="u-2", why="late")
        assert [r.code for r in caught.value.refusals] == ["reveal.other_user", "reveal.too_late"]
        longer = world.use(reveal_within=90_000.0)
        assert longer.reveal(order, user="u-1", why="longer").expires_at is None

    def test_not_under_another_partner_where_it_would_be_another_order(self, world: World) -> None:
        order = world.place()
        keys = KigoKeys(partner_id="another", api_key=Secret("another-key"))
        moved = world.use(Kigo(keys, environment=world.books.provider().environment, url="http://127.0.0.1"))
        with pytest.raises(NotAllowedError) as caught:
            moved.reveal(order, user="u-1", why="moved")
        assert caught.value.code == "reveal.other_partner"

    def test_not_to_a_person_who_was_forgotten_nor_to_anybody_after(self, world: World) -> None:
        order = world.place()
        assert world.tills[0].forget("u-1", provider="kigo") > 0
        for user in ("u-1", "forgotten"):
            with pytest.raises(NotAllowedError) as caught:
                world.kigo.reveal(order, user=user, why="again")
            assert caught.value.code == "order.forgotten"

    def test_another_code_raises_the_alarm_and_is_not_shown(self, world: World) -> None:
        order = world.place()
        other = world.model.another_code(ID)
        with pytest.raises(NeedsHumanError) as caught:
            world.kigo.reveal(order, user="u-1", why="clicked")
        assert caught.value.code == "reveal.other_answer"
        assert world.kinds()[-1] is EntryKind.DRIFT
        assert other not in str(caught.value) + repr(world.kigo.history(ID))

    def test_after_a_key_rotation_the_codes_are_not_compared(self, world: World) -> None:
        order = world.place()
        world.model.set_api_key("rotated")
        world.model.another_code(ID)
        keys = KigoKeys(partner_id=order.facts.partner_id, api_key=Secret("rotated"))
        rotated = world.use(Kigo(keys, environment=world.books.provider().environment, url="http://127.0.0.1"))
        assert rotated.reveal(order, user="u-1", why="clicked").claim_code.reveal() == world.model.claim_code(ID)

    def test_a_link_with_another_code_than_its_answer_raises_the_alarm(self, world: World) -> None:
        order = world.place()
        body = f'{{"claim_code":"{world.model.claim_code(ID)}","deeplink_url":"https://x.example?claim-code=B2"}}'
        world.faults.next(Status(200, body=body.encode()), trigger="place")
        with pytest.raises(NeedsHumanError):
            world.kigo.reveal(order, user="u-1", why="clicked")
        assert world.kinds()[-1] is EntryKind.DRIFT

    @pytest.mark.parametrize(
        "link",
        [
            "https://partner-hub.kigo.io/OTHER",
            "https://evil.example?claim-code={}",
            "https://partner-hub.kigo.io:8443?claim-code={}",
            "https://partner-hub.kigo.io?claim-code={}#claim-code=OTHER",
            "https://partner-hub.kigo.io?claim_code=OTHER",
            "https://partner-hub.kigo.io?Claim-Code=OTHER",
        ],
    )
    def test_a_link_that_leads_elsewhere_than_before_raises_the_alarm(self, world: World, link: str) -> None:
        order, code = world.place(), world.model.claim_code(ID)
        body = {"claim_code": code, "deeplink_url": link.format(code)}
        world.faults.next(Status(200, body=json.dumps(body).encode()), trigger="place")
        with pytest.raises(NeedsHumanError) as caught:
            world.kigo.reveal(order, user="u-1", why="clicked")
        assert (caught.value.code, world.kinds()[-1]) == ("reveal.other_answer", EntryKind.DRIFT)
        assert "OTHER" not in str(caught.value) + repr(world.kigo.history(ID))
        assert world.kigo.reveal(order, user="u-1", why="again").claim_code.reveal() == code

    def test_without_a_usable_link_nothing_is_shown(self, world: World) -> None:
        order = world.place()
        body = f'{{"claim_code":"{world.model.claim_code(ID)}","deeplink_url":"javascript:alert(1)"}}'
        world.faults.next(Status(200, body=body.encode()), trigger="place")
        with pytest.raises(DeclinedError) as caught:
            world.kigo.reveal(order, user="u-1", why="clicked")
        assert caught.value.code == "link.unusable"
        assert EntryKind.REVEALED not in world.kinds()

    @pytest.mark.parametrize("trigger", ["place", "sso"])
    @pytest.mark.parametrize("fault", [Drop(When.AFTER), Refuse(), Status(500), Garbage()])
    def test_without_an_answer_nothing_is_shown_and_nothing_is_in_doubt(
        self, world: World, trigger: str, fault: Any
    ) -> None:
        order = world.place()
        world.faults.next(fault, trigger=trigger)
        with pytest.raises(UnavailableError):
            world.kigo.reveal(order, user="u-1", why="clicked", sso=Sso())
        assert EntryKind.REVEALED not in world.kinds()
        assert world.kigo.get(ID).doubt is None
        assert world.kigo.reveal(order, user="u-1", why="clicked", sso=Sso()).expires_at is not None

    def test_where_a_claimed_order_is_not_answered_again_that_is_told(self, make: Callable[..., World]) -> None:
        world = make(replay_of_claimed="refused")
        order = world.place()
        world.books.claim(ID, "u-1")
        with pytest.raises(DeclinedError) as caught:
            world.kigo.reveal(order, user="u-1", why="again")
        assert caught.value.code == "order.already_used"

    def test_of_an_order_nobody_knows(self, world: World, make: Callable[..., World]) -> None:
        order = world.place()
        with pytest.raises(UnknownOrderError):
            make().kigo.reveal(order, user="u-1", why="x")


class Call:
    """A call as the wallet makes one."""

    def __init__(self, method: str, target: str, body: bytes) -> None:
        self.method, self.target, self.body = method, target, body
        self.headers = {"content-type": "application/json"}


def test_an_odd_link_is_no_lost_order_and_is_told_to_the_desk(world: World) -> None:
    body = b'{"claim_code":"QX7K2P","deeplink_url":"https://x.example/go"}'
    world.faults.next(Status(200, body=body), trigger="place")
    assert world.place().state is FulfilmentState.COMPLETED
    last = world.kigo.history(ID)[-1]
    assert (last.kind, last.why) == (EntryKind.DRIFT, "the provider says: the deep link carries no claim-code")


def test_one_code_for_two_orders_is_not_shown_to_the_second_customer(world: World) -> None:
    world.place("A-1")
    code = world.model.claim_code("A-1")
    body = f'{{"claim_code":"{code}","deeplink_url":"https://partner-hub.kigo.io?claim-code={code}"}}'.encode()
    world.faults.next(Status(200, body=body), trigger="place")
    with pytest.raises(InDoubtError):
        world.place("A-2", user="u-2")
    assert world.kigo.get("A-1").state is FulfilmentState.COMPLETED


def test_no_claim_no_link_no_key_and_no_session_is_anywhere_but_in_the_hand(
    world: World, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(0)
    order = world.place()
    link = world.kigo.reveal(order, user="u-1", why="clicked", sso=Sso(program="gold"))
    code, url = link.claim_code.reveal(), link.url.reveal()
    [session] = parse_qs(urlsplit(url).query)["session-id"]
    said: list[str] = [repr(x) for x in (order, link, world.kigo, world.tills[0], world.books.provider())]
    quoting = f'{{"error_code":"already_used","error_message":"Code {code} used: {url}"}}'.encode()
    world.faults.next(Status(409, body=quoting), trigger="place")
    with pytest.raises(StampcardError) as caught:
        world.place("A-2")
    said += [str(caught.value), repr(caught.value), str(caught.value.as_dict())]
    world.model.another_code(ID)
    with pytest.raises(NeedsHumanError) as alarmed:
        world.kigo.reveal(order, user="u-1", why="clicked")
    said += [str(alarmed.value), str(alarmed.value.as_dict()), alarmed.value.check]
    frame = alarmed.value.__traceback__  # crash reporters print local variables
    while frame is not None:
        if "stampcard" in frame.tb_frame.f_code.co_filename:
            said += [repr(value) for value in frame.tb_frame.f_locals.values()]
        frame = frame.tb_next
    said += [repr(entry) + str(entry.body) for entry in world.tills[0].changes()]
    said += [record.getMessage() + str(record.__dict__) for record in caplog.records]
    said += [*capfd.readouterr()]
    said += [f.read_bytes().decode("latin-1") for f in world.journal.parent.rglob("*") if f.is_file()]
    text = "\n".join(said)
    assert ID in text  # the net is not empty
    for canary in (code, url, session, "sandbox-kigo-key", world.model.claim_code(ID), "partner-hub.kigo.io"):
        assert canary not in text


@pytest.mark.parametrize("status", [400, 403, 404, 409, 422])
def test_who_is_forgotten_is_in_no_byte_of_the_journal_though_a_refusal_quoted_them(world: World, status: int) -> None:
    quoting = b'{"error_code":"validation_error","error_message":"User Annabel for sandbox-kigo-key is bad"}'
    world.faults.next(Status(status, body=quoting), trigger="place")
    with pytest.raises(StampcardError) as caught:
        world.place("A-1", user="annabel")
    with suppress(StampcardError):
        world.kigo.abandon(world.kigo.get("A-1"), why="gone")
    assert world.tills[0].forget("annabel", provider="kigo") == 1
    world.tills[0].close()
    kept = b"".join(file.read_bytes() for file in world.journal.parent.rglob("*") if file.is_file()).decode("latin1")
    kept += f"{caught.value} {caught.value.as_dict()}"
    assert "A-1" in kept
    assert "annabel" not in kept.lower()
    assert "sandbox-kigo-key" not in kept


def test_an_async_till_does_the_same(tmp_path: Path) -> None:
    clock = Clock()
    model = KigoModel(clock=clock)
    books = KigoBooks(model)

    async def story() -> str:
        wire = ModelTransport(model, names=names, clock=clock)
        async with AsyncTill(tmp_path / "a.db", site=HERE, clock=clock, transport=wire) as till:
            kigo = till.use(books.provider())
            order = await kigo.place(ID, books.product, user="u-1")
            assert isinstance(order.facts, KigoFacts)
            return (await kigo.reveal(order, user="u-1", why="clicked", sso=Sso())).url.reveal()

    assert asyncio.run(story()).startswith(f"{model.deeplink(ID)}&session-id=")
