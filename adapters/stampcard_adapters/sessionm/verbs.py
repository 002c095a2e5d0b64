"""What a till can do at SessionM: the REDEMPTION verbs, and questions about a customer."""

from __future__ import annotations

from datetime import date
from typing import TypeAlias

import attrs

from stampcard.commands import Answered, Approve, Reject
from stampcard.errors import InDoubtError
from stampcard.lifecycles import RedemptionState
from stampcard.model import Address, EntryKind
from stampcard.step import Async, M, Seat, Step, Sync, verb
from stampcard.step.look import look
from stampcard.step.recover import settle_order
from stampcard.verbs import RedemptionVerbs
from stampcard_adapters.sessionm.adapter import SessionMAdapter, hidden_keys
from stampcard_adapters.sessionm.envelope import ALREADY, NOTHING, Hidden
from stampcard_adapters.sessionm.queries import (
    PAGE,
    answer_query,
    offers_query,
    orders_query,
    profile_query,
    question_query,
    transactions_query,
)
from stampcard_adapters.sessionm.settings import SessionM
from stampcard_adapters.sessionm.values import (
    Challenge,
    ExternalUserId,
    Offer,
    OrderPage,
    Profile,
    Question,
    SessionMFacts,
    SessionMOrder,
    SessionMRedeem,
    TransactionPage,
    User,
)

__all__ = ["AsyncSessionMTill", "SessionMTill", "SessionMVerbs"]


class SessionMVerbs(RedemptionVerbs[M, SessionMFacts]):
    """SessionM's verbs. See `RedemptionVerbs` for what every redemption can do."""

    def __init__(self, seat: Seat[M], settings: SessionM, /) -> None:
        super().__init__(seat, SessionMAdapter(settings))
        self._settings = settings

    @verb
    def offers(self, user: User, *, locale: str | None = None) -> Step[tuple[Offer, ...]]:
        """What this customer may be offered, and whether the points suffice (`status`).

        Raises DeclinedError ("member.unknown"), UnavailableError.
        """
        query = offers_query(user, locale=locale, call_budget=self._budget, hide=self._hidden())
        return (yield from self._ask(query))

    @verb
    def points(self, user: User) -> Step[int | None]:
        """The balance now; None where the tenant's settings do not show it. Raises DeclinedError, UnavailableError."""
        query = profile_query(user, call_budget=self._budget, hide=self._hidden())
        return (yield from self._ask(query)).available_points

    @verb
    def profile(self, user: User) -> Step[Profile]:
        """The customer, with SessionM's own id. Raises DeclinedError ("member.unknown"), UnavailableError."""
        query = profile_query(user, call_budget=self._budget, hide=self._hidden())
        return (yield from self._ask(query))

    @verb
    def orders(
        self,
        user: User,
        *,
        limit: int = PAGE,
        page: int = 1,
        between: tuple[date, date] | None = None,
        before: date | None = None,
        after: date | None = None,
    ) -> Step[OrderPage]:
        """A page of the customer's orders at the provider, whoever made them; `last` on the short one.

        between, before, after: days, or aware times. Raises NotAllowedError for a page that cannot be, DeclinedError,
        UnavailableError.
        """
        query = orders_query(
            user,
            limit=limit,
            page=page,
            between=between,
            before=before,
            after=after,
            call_budget=self._budget,
            hide=self._hidden(),
        )
        return (yield from self._ask(query))

    @verb
    def transactions(
        self,
        user: User,
        *,
        start: date | None = None,
        end: date | None = None,
        limit: int = PAGE,
        cursor: str | None = None,
    ) -> Step[TransactionPage]:
        """A page of the customer's ledger: an order is a debit with its record id; a rejection shows here whether it
        gave anything back. cursor: of the page before. Raises as `orders` does."""
        query = transactions_query(
            user,
            start=start,
            end=end,
            limit=limit,
            cursor=cursor,
            call_budget=self._budget,
            hide=self._hidden(),
        )
        return (yield from self._ask(query))

    @verb
    def question(self, user: User) -> Step[Question]:
        """A skills test's question to show, for an offer with `requires_skills_test`. Raises as `offers` does."""
        query = question_query(user, call_budget=self._budget, hide=self._hidden())
        return (yield from self._ask(query))

    @verb
    def answer(self, user: User, offer: Offer, question: Question, response: str) -> Step[Challenge]:
        """What the customer answered. Raises DeclinedError ("challenge.wrong_answer"): ask for another question."""
        query = answer_query(
            user,
            offer,
            question,
            response,
            field=self._settings.switches.answer_field,
            call_budget=self._budget,
            hide=self._hidden(),
        )
        return (yield from self._ask(query))

    @verb
    def redeem(
        self,
        order_id: str,
        offer: Offer,
        *,
        user: User,
        quantity: int = 1,
        challenge: Challenge | None = None,
        email: str | None = None,
        ship_to: Address | None = None,
        ip: str | None = None,
        balance: int | None = None,
        why: str | None = None,
        ticket: str | None = None,
        command_id: str | None = None,
    ) -> Step[SessionMOrder]:
        """Place the redemption: points are taken now, even while approval is pending.

        order_id: yours, unique for ever: see `till.order_id`. challenge: for an offer with `requires_skills_test`.
        email, ship_to: where it is fulfilled, where not as the customer's profile says. ip: the customer's, for the
        provider's fraud check. balance: as `points` gave it, if you asked: what it cannot pay is refused here.

        The customer's orders are listed first: a lost reply is found by what is new among them. Another redemption of
        the same offer by the same customer waits until this one is settled (UnavailableError, reason "busy").
        """
        command = SessionMRedeem(
            offer=str(offer.id),
            quantity=quantity,
            points_each=offer.points,
            balance=balance,
            asks_question=offer.requires_skills_test,
            answered=None if challenge is None else Answered(id=str(challenge.id), offer=str(challenge.offer_id)),
            ship_to=ship_to,
            user=user.value,
            external=isinstance(user, ExternalUserId),
            email=email,
            ip=ip,
            why=why,
        )
        command = yield from self._compared(order_id, command)
        return (yield from self._open(order_id, command, command_id=command_id, ticket=ticket))

    @verb
    def approve(self, order: SessionMOrder, *, why: str, command_id: str | None = None) -> Step[SessionMOrder]:
        """Let the redemption through. One that was approved at the provider's own console is the same decision; one
        that was rejected there raises NotAllowedError, and is rejected here from then on."""
        return (yield from self._decide(order, Approve(why=why), command_id))

    @verb
    def reject(self, order: SessionMOrder, *, why: str, command_id: str | None = None) -> Step[SessionMOrder]:
        """Refuse the redemption. Whether the points come back is not documented: look at `points`. As for `approve`,
        one that was decided at the provider's own console is followed there."""
        return (yield from self._decide(order, Reject(why=why), command_id))

    # how

    @property
    def _budget(self) -> float:
        return self._settings.switches.call_budget

    def _hidden(self) -> Hidden:
        return NOTHING if self._seat.site is None else hidden_keys(self._settings, self._seat.site.tenant)

    def _compared(self, order_id: str, command: SessionMRedeem) -> Step[SessionMRedeem]:
        """The command with what the customer had before it, where it may be about to be sent (trap 9).

        One page is enough: later, too, only one is looked at, and what is old on it was on this one.
        """
        found = yield from self._found(order_id)
        if found is not None and (found.state is not RedemptionState.NEW or not found.settled):
            return command  # a repeat: it is answered from the journal
        query = orders_query(command.customer, limit=PAGE, call_budget=self._budget, hide=self._hidden())
        rows = (yield from self._ask(query)).orders
        times = [row.created_at for row in rows if row.created_at is not None]
        return attrs.evolve(
            command,
            had=tuple(row.id for row in rows),
            newest_at=max(times, default=None),
            taken_by=next((row.id for row in rows if row.external_id == order_id), None),
        )

    def _decide(self, order: SessionMOrder, command: Approve | Reject, command_id: str | None) -> Step[SessionMOrder]:
        """Fire it; "not in a state for that" is settled at once by looking, and followed to where it stands."""
        try:
            return (yield from self._fire(order, command, command_id=command_id))
        except InDoubtError:
            if not (yield from self._decided_already(order.id)):
                raise
        settled: SessionMOrder = yield from settle_order(self._seat, self._adapter, order.id, self._seat.patience)
        if settled.final:
            return settled
        observed = yield from self._observe(settled)
        return (yield from self._fire(observed, command))  # at its end by now: refused, without a call

    def _decided_already(self, order_id: str) -> Step[bool]:
        """Is the doubt a no that may mean "already", and no lost reply?"""
        view = yield from look(self._seat, self._adapter, order_id)
        last = None if view is None else view.standing.record.entries[-1]
        return last is not None and last.kind is EntryKind.UNKNOWN and last.code in ALREADY


SessionMTill: TypeAlias = SessionMVerbs[Sync]
AsyncSessionMTill: TypeAlias = SessionMVerbs[Async]
