"""What is asked of the till itself, whatever the provider; the same text for `Till` and `AsyncTill`."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Final, Generic, TypeVar

from stampcard.adapter import AnyAdapter
from stampcard.errors import JournalError
from stampcard.journal.contract import StoreError, Switch
from stampcard.model import AnyOrder, Entry, Environment
from stampcard.reconciliation import Compared, ReconciliationReport
from stampcard.recovery import Escalation, QueueStatus, Recovered, RecoveryReport, Verdict
from stampcard.step.effects import Changes, Effect, Forget, Load, Now, Step, Switching, perform
from stampcard.step.look import built_order_id, site_of, unknown
from stampcard.step.personal import guest_of, person
from stampcard.step.queues import status
from stampcard.step.reconcile import reconcile_all
from stampcard.step.resolve import Decision, resolve
from stampcard.step.rounds import escalations, open_orders, recover_all, turn_to
from stampcard.step.verb import M, Seat, Seated, verb

__all__ = ["FOLLOW", "Desk"]

T = TypeVar("T")
log = logging.getLogger("stampcard.till")
_PAGE: Final = 500
FOLLOW: Final = 0.25
"""Seconds between two looks of who follows the feed."""


class Desk(Seated[M], Generic[M]):
    """What is asked of the till itself."""

    def __init__(self, seat: Seat[M], adapters: dict[tuple[str, Environment], AnyAdapter]) -> None:
        super().__init__(seat)
        self._adapters = adapters

    @verb
    def in_doubt(self) -> Step[tuple[AnyOrder, ...]]:
        """Orders of the providers in use with a step whose ending nobody knows, oldest first.

        One that cannot be read back is logged as an error and left out. Raises JournalError.
        """
        found: list[AnyOrder] = []
        for order_id in (yield from open_orders(self._seat)):
            try:
                seen = yield from turn_to(self._seat, self._adapters, order_id)
            except JournalError as damaged:  # one that cannot be read must not hide the others
                log.error("order %s is in doubt and cannot be read: %s", order_id, damaged.detail)
                continue
            if isinstance(seen, tuple) and seen[1].standing.open:
                found.append(seen[1].order())
        return tuple(found)

    @verb
    def recover(
        self, *, limit: int | None = None, progress: Callable[[Recovered], None] | None = None
    ) -> Step[RecoveryReport]:
        """One pass over every open step of the providers in use, oldest first; it waits for nothing but its calls.

        Each gets one attempt, when it is due (see `Doubt.next_look`): what its provider's rules allow. limit: most
        attempts; the rest is for the next pass. progress: told of each as it comes. Running it twice, or in two
        processes at once, is harmless. Raises JournalError.
        """
        return (yield from recover_all(self._seat, self._adapters, limit=limit, progress=progress))

    @verb
    def needs_human(self) -> Step[tuple[Escalation, ...]]:
        """Every step recovery gave up on, with what to look at; a person's answer goes to `resolve`.

        Of the providers in use, oldest order first. Raises JournalError.
        """
        return (yield from escalations(self._seat, self._adapters))

    @verb
    def resolve(
        self,
        order_id: str,
        *,
        as_: Verdict,
        because: str,
        by: str,
        facts: Mapping[str, str] | None = None,
        to: str | None = None,
        trigger: str | None = None,
        before_recovery: bool = False,
    ) -> Step[AnyOrder]:
        """Record what a person found at the provider about a step that waits for one, and go on from there.

        because, by: why, and who decided; kept. facts: what the provider showed, by the facts' own names. to: the
        state, where an accepted step may lead to several. trigger: which step, where several wait. before_recovery:
        also one that recovery has not given up on, when the person knows better; never while a call runs.

        The same verdict again changes nothing. Raises NotAllowedError with every reason, ConflictError when somebody
        has decided otherwise, UnavailableError while a call is under way, UnknownOrderError, JournalError.
        """
        wanted = Decision(
            verdict=Verdict(as_),
            because=because,
            by=by,
            facts=dict(facts or {}),
            to=to,
            trigger=trigger,
            before_recovery=before_recovery,
        )
        return (yield from resolve(self._seat, self._adapters, order_id, wanted))

    @verb
    def offline(self) -> Step[QueueStatus]:
        """How much waits to be sent, how long the oldest has waited, and whether the providers in use may be called.

        Of the whole journal. Raises JournalError.
        """
        return (yield from status(self._seat, self._adapters))

    @verb
    def switch_off(self, provider: str, *, why: str, by: str) -> Step[None]:
        """Call this provider no more, on every till of this journal, until somebody switches it on again.

        Kept with who and why. Reversals and recovery go on: they settle what was promised before. Raises JournalError,
        ValueError without a reason or a name.
        """
        yield from self._switch(provider, off=True, why=why, by=by)

    @verb
    def switch_on(self, provider: str, *, why: str, by: str) -> Step[None]:
        """Call this provider again. Raises what `switch_off` raises."""
        yield from self._switch(provider, off=False, why=why, by=by)

    def _switch(self, provider: str, *, off: bool, why: str, by: str) -> Step[None]:
        if not (provider.strip() and why.strip() and by.strip()):
            raise ValueError("a switch names its provider, why, and who says so")
        now = yield from self._read(Now())
        yield from self._read(Switching(Switch(provider=provider, off=off, at=now, by=by, why=why)))

    @verb
    def reconcile(
        self,
        *,
        provider: str | None = None,
        since: datetime | None = None,
        progress: Callable[[Compared], None] | None = None,
    ) -> Step[ReconciliationReport]:
        """Compare the journal with what the providers in use show, for every settled order; nothing changes there.

        provider: only its orders. since: only those opened or changed since; a time without a zone is this machine's
        own. progress: told of each order as it comes. A difference is written into the order's history, once. A
        provider that cannot be asked, or wants to be left alone, is left alone, and its orders are unknown. Raises
        JournalError.
        """
        run = reconcile_all(self._seat, self._adapters, provider=provider, since=since, progress=progress)
        return (yield from run)

    @verb
    def forget(self, member_id: str, *, provider: str) -> Step[int]:
        """Erase what the journal holds of a person (of this till's tenant); returns how many entries held some.

        The order's history stays. An order whose buyer was erased can no longer be changed. Raises JournalError.
        """
        site = site_of(self._seat)
        return (yield from self._read(Forget(person(provider, site.tenant, member_id))))

    @verb
    def forget_guest(self, order_id: str) -> Step[int]:
        """Erase what the journal holds of the guest of one order: where it was delivered.

        Raises UnknownOrderError, also for another tenant's order; JournalError.
        """
        record = yield from self._read(Load(order_id))
        site = self._seat.site
        if record is None or (site is not None and record.header.site.tenant != site.tenant):
            raise unknown(self._seat, order_id)
        return (yield from self._read(Forget(guest_of(order_id))))

    def _page(self, after: int) -> Step[tuple[Entry, ...]]:
        return (yield from self._read(Changes(after, _PAGE)))

    def _read(self, effect: Effect[T]) -> Step[T]:
        try:
            return (yield from perform(effect))
        except StoreError as broken:
            raise JournalError(self._seat.phrases.say("journal.unavailable"), detail=str(broken)) from None

    def order_id(self, *, ticket: str, day: date) -> str:
        """An order id for a sale at the till's own site: see `Verbs.order_id`, which follows `.at(...)`."""
        return built_order_id(self._seat, ticket, day)
