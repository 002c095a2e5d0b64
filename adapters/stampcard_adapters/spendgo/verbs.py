"""What a till can do at Spendgo: the PURCHASE verbs, and three questions about a member."""

from __future__ import annotations

from datetime import date
from typing import TypeAlias

from stampcard.errors import UnavailableError
from stampcard.model import Address, Member, Reward, Secret
from stampcard.step import Async, M, Seat, Step, Sync, verb
from stampcard.verbs import PurchaseVerbs
from stampcard_adapters.spendgo.adapter import SpendgoAdapter
from stampcard_adapters.spendgo.queries import balance_query, member_query, plain_phone, rewards_query
from stampcard_adapters.spendgo.settings import Spendgo
from stampcard_adapters.spendgo.values import NAME, Balance, PendingMember, SpendgoFacts

__all__ = ["AsyncSpendgoTill", "SpendgoTill", "SpendgoVerbs"]


class SpendgoVerbs(PurchaseVerbs[M, SpendgoFacts]):
    """Spendgo's verbs. See `PurchaseVerbs` for the order itself."""

    def __init__(self, seat: Seat[M], settings: Spendgo, /) -> None:
        super().__init__(seat, SpendgoAdapter(settings))
        self._settings = settings

    @verb
    def member(
        self,
        phone: str,
        *,
        email: str | None = None,
        first_name: str | None = None,
        last_name: str | None = None,
        verify_email: bool = False,
        favorite_store: str | None = None,
        password: Secret[str] | None = None,
        born: date | None = None,
        gender: str | None = None,
        marital_status: str | None = None,
        address: Address | None = None,
        sms_opt_in: bool | None = None,
        email_opt_in: bool | None = None,
    ) -> Step[Member | PendingMember]:
        """Retrieve by phone, or create: this provider has no look-up that does not enrol.

        favorite_store: your store number. A `PendingMember` awaits the verification of the e-mail address: it has no
        id, so no order may name it. Where the till has an offline policy and the provider is away, a phone number alone
        gives a member who is not looked up yet: a sale without a reward may be made to that one all the same. Raises
        DeclinedError ("member.phone_invalid", "member.exists"), UnavailableError.
        """
        query = member_query(
            phone,
            email=email,
            first_name=first_name,
            last_name=last_name,
            verify_email=verify_email,
            favorite_store=None if favorite_store is None else self._settings.store_code(favorite_store),
            password=password,
            born=born,
            gender=gender,
            marital_status=marital_status,
            address=address,
            sms_opt_in=sms_opt_in,
            email_opt_in=email_opt_in,
            call_budget=self._settings.switches.call_budget,
        )
        more = (email, first_name, last_name, verify_email or None, favorite_store, password, born, gender)
        told = (*more, marital_status, address, sms_opt_in, email_opt_in)
        try:
            return (yield from self._ask(query))
        except UnavailableError:
            if self._seat.offline is None or any(one is not None for one in told):
                raise
            return Member.by_phone(plain_phone(phone), provider=NAME)

    @verb
    def rewards(self, member: Member) -> Step[tuple[Reward, ...]]:
        """Redeemable at this store now. Some offers show only once: keep what you listed.

        Nothing, of a member who is not looked up yet.

        Raises DeclinedError ("member.unknown", "store.unknown"), UnavailableError.
        """
        if member.phone is not None:
            return ()
        settings, site = self._settings, self._site()
        query = rewards_query(
            member,
            settings.store_code(site.store),
            currency=settings.currency,
            call_budget=settings.switches.call_budget,
        )
        return (yield from self._ask(query))

    @verb
    def balance(self, member: Member) -> Step[Balance]:
        """Points, visits or stamps, and what they are good for. Raises DeclinedError, UnavailableError."""
        settings = self._settings
        query = balance_query(member, currency=settings.currency, call_budget=settings.switches.call_budget)
        return (yield from self._ask(query))


SpendgoTill: TypeAlias = SpendgoVerbs[Sync]
AsyncSpendgoTill: TypeAlias = SpendgoVerbs[Async]
