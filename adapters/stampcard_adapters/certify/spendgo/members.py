"""Cases 1 to 4: the member, and what they have.

May live here: these four. May not: an order.
"""

from __future__ import annotations

import secrets
from typing import Final

from stampcard.model import Member
from stampcard_adapters.certify.page import FailedCaseError, Page, SkippedCaseError
from stampcard_adapters.certify.spendgo.desk import Desk
from stampcard_adapters.certify.spendgo.run import Run
from stampcard_adapters.certify.spendgo.target import masked
from stampcard_adapters.spendgo import PendingMember, Units, member_query

__all__ = ["balance", "look_up", "new_member", "rewards"]

_OFFERS: Final = ("rebate", "discount", "gift")
_TRIES: Final = 5


def look_up(run: Run, page: Page) -> None:
    """Case 1. Beyond the list: a provider that does not check signatures is no provider to send orders to."""
    desk, phone = run.desk, run.desk.target.phone
    with desk.calling(page, f"look-up of {masked(phone)}"):
        member = desk.spendgo.member(phone)
    if not isinstance(member, Member):
        raise FailedCaseError("the member's e-mail awaits verification: there is no id to order with")
    desk.known_member = member
    page.saw(f'id {member.id}, status "{member.status}"')
    page.check(desk.last.ok, "this phone was not a member's and has been enrolled now: run again, or give a member's")
    forged = run.line.wrongly_signed(member_query(phone).request)
    page.saw(f"with a wrong signature {forged.said}")
    page.check(forged.status == 401, "a call with a wrong signature is not refused (the documents say 401, code 1004)")


def new_member(run: Run, page: Page) -> None:
    """Case 2."""
    desk = run.desk
    phone, created = _enrolled(desk)
    page.saw(f"enrolment of {masked(phone)} {desk.last.said}")
    page.check(desk.last.status == 201, "a new member is not answered 201")
    with desk.calling(page, "looked up again"):
        found = desk.spendgo.member(phone)
    page.check(desk.last.ok, "the new member looked up again is not answered 200")
    both = isinstance(created, Member) and isinstance(found, Member) and created.id == found.id
    page.check(both, "the id is not the one given at enrolment")


def _enrolled(desk: Desk) -> tuple[str, Member | PendingMember]:
    """A member who is nobody: numbers NPA-555-01xx are kept for fiction. An earlier run may have used one."""
    tries = 0
    while True:
        phone = f"{secrets.choice(range(2, 10))}{secrets.choice(range(20, 100))}55501{secrets.randbelow(100):02d}"
        created = desk.spendgo.member(phone)
        tries += 1
        if desk.last.status != 200 or tries == _TRIES:
            return phone, created


def rewards(run: Run, page: Page) -> None:
    """Case 3. That quantities and names are right can only be compared with what was set up: they are shown."""
    desk = run.desk
    member = desk.member
    with desk.calling(page, f"rewards at store {desk.target.site.store}"):
        listed = desk.spendgo.rewards(member)
    if not listed:
        raise SkippedCaseError("the member has no reward at this store: the provider's staff must give some")
    for reward in listed:
        worth = f" {reward.value}" if reward.value is not None else ""
        page.saw(f'{reward.quantity} x "{reward.label}" ({reward.offer}{worth}, {reward.code or "no code"})')
        page.check(reward.quantity >= 1, f'"{reward.label}" is listed with quantity {reward.quantity}')
        page.check(reward.offer in _OFFERS, f'"{reward.label}" is offered as "{reward.offer}"')
        page.check(reward.label != reward.id, f"reward {reward.id} has no name")
        if reward.spends_points:
            page.check(reward.value is not None, f'"{reward.label}" has no value in money')
        else:
            page.check(reward.code is not None, f'"{reward.label}" has no POS reference code')
    if not any(reward.spends_points for reward in listed):
        page.note("no Shop With Points is listed: its value in dollars could not be shown")


def balance(run: Run, page: Page) -> None:
    """Case 4."""
    desk = run.desk
    member = desk.member
    with desk.calling(page, "balance"):
        found = desk.balance()
    page.saw(f'{found.quantity} {found.units.value}, programme "{found.label}"')
    page.check(found.units is Units.POINTS, f'the units are "{found.units.value}", not "points"')
    page.check(bool(found.label.strip()), "the programme has no label")
    known = desk.target.known_points
    if known is None:
        page.note("compare quantity and label with the provider's own portal")
    else:
        page.check(known(member.id) == found.quantity, f"the member has {known(member.id)} points")
