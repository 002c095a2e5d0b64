"""Kigo's own values: what is ordered, what is known of it, what a customer is shown.

May live here: frozen values. May not: reading, writing, settings. Sections are those of the provider's fact sheet.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Final, Self, TypeAlias

import attrs

from stampcard.commands import Command, Item, PlaceItems
from stampcard.lifecycles import FulfilmentState
from stampcard.model import Facts, Order, Secret

__all__ = ["NAME", "Claim", "ClaimLink", "KigoFacts", "KigoOrder", "PlaceProduct", "Sso"]

NAME: Final = "kigo"


@attrs.frozen(kw_only=True)
class PlaceProduct(PlaceItems):
    """Order one product for one person.

    user: your id of that person, the one they are logged in with at the wallet. It is not sent with the order, but two
    people must never share an order (trap 7), so it is part of the wish. partner_id, at: whose order it is at the
    provider and when it was asked; no part of the wish.
    """

    personal: ClassVar[tuple[str, ...]] = ("user",)
    product_id: str
    user: str
    partner_id: str = attrs.field(eq=False)
    at: datetime = attrs.field(eq=False)
    items: tuple[Item, ...] = (Item(),)

    def subject(self) -> str | None:
        return self.user


@attrs.frozen(kw_only=True)
class KigoFacts(Facts):
    """What is known of an order at Kigo. Neither the claim code nor the link is in it: see `KigoVerbs.reveal`.

    user: your id of the person it was ordered for; nobody else is shown the link. product_id, user, partner_id: empty
    before it is placed. placed_at: when that was asked. mark: tells another claim code from the one given when it was
    placed, to whoever holds the API key, and says nothing of it; None when the key was not at hand then.
    """

    personal: ClassVar[tuple[str, ...]] = ("user",)
    product_id: str = ""
    user: str = ""
    partner_id: str = ""
    placed_at: datetime | None = None
    mark: str | None = attrs.field(default=None, repr=False)

    def subject(self) -> str | None:
        return self.user or None

    def claim(self) -> str | None:
        return self.mark

    def learn(self, command: Command) -> Self:
        """These facts after `command` was accepted."""
        if not isinstance(command, PlaceProduct):
            return self
        return attrs.evolve(
            self,
            product_id=command.product_id,
            user=command.user,
            partner_id=command.partner_id,
            placed_at=command.at,
        )


KigoOrder: TypeAlias = Order[FulfilmentState, KigoFacts]


@attrs.frozen(kw_only=True)
class Sso:
    """Log the user in at the wallet (section 4). The session lives 30 minutes: ask at redirect time.

    program: your programme's id there; one that is not known yet is made. email: of the user. single_use: the session
    opens once; as the provider recommends for an id that stays in a browser, and a link does.
    Raises ValueError for a blank programme or e-mail.
    """

    program: str | None = None
    email: str | None = attrs.field(default=None, repr=False)
    single_use: bool = True

    def __attrs_post_init__(self) -> None:
        if any(given is not None and not given.strip() for given in (self.program, self.email)):
            raise ValueError("an SSO programme or e-mail is not blank; leave out what there is none of")


@attrs.frozen(kw_only=True)
class Claim:
    """What the provider gives for an order, now as when it was placed."""

    url: Secret[str]
    claim_code: Secret[str]


@attrs.frozen(kw_only=True)
class ClaimLink:
    """Whoever holds it can claim: no log, no other user, no referrer.

    claim_code: to be typed in where the link does not open. expires_at: when the login in the link ends; None for a
    link that logs nobody in. (How long the code itself is good is not documented.)
    """

    url: Secret[str]
    claim_code: Secret[str]
    expires_at: datetime | None
