"""Members of one tenant: found by phone, created when unknown (sheet, section 3).

May live here: who is a member, and under which phone and email. May not: what they own, which the ledgers say.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date
from typing import Final

import attrs

from stampcard_adapters.sandbox.jsontext import Json

from .errors import bad_request, contact_conflict, invalid_phone
from .request import Fields

__all__ = ["ACTIVE", "PHONE", "WAITING", "Member", "Members"]

ACTIVE: Final = "Active"
WAITING: Final = "WaitingEmailVerification"
PHONE: Final = re.compile("[0-9]{10}")
MARITAL: Final = ("single", "married", "divorced", "domestic partner")


@attrs.frozen(kw_only=True)
class Member:
    """A member. A password a client sends is read past and kept nowhere."""

    id: str
    phone: str
    email: str | None = None
    status: str = ACTIVE

    @property
    def active(self) -> bool:
        """One who still has to verify an email has no id to order with (trap 9)."""
        return self.status == ACTIVE


class Members:
    """All members of a tenant, by id, phone and email."""

    def __init__(self, members: Iterable[Member] = ()) -> None:
        self._by_id: dict[str, Member] = {}
        self._by_phone: dict[str, Member] = {}
        self._by_email: dict[str, Member] = {}
        for member in members:
            self.put(member)

    def put(self, member: Member) -> None:
        """Add a member, or replace the one with this id."""
        self._by_id[member.id] = self._by_phone[member.phone] = member
        if member.email is not None:
            self._by_email[member.email.lower()] = member

    def all(self) -> tuple[Member, ...]:
        """In the order they joined."""
        return tuple(self._by_id.values())

    def get(self, member_id: str) -> Member | None:
        """By id."""
        return self._by_id.get(member_id)

    def by_phone(self, phone: str) -> Member | None:
        """By phone."""
        return self._by_phone.get(phone)

    def by_email(self, email: str) -> Member | None:
        """By email, whatever its case."""
        return self._by_email.get(email.lower())

    def create_or_retrieve(
        self, body: Json, *, new_id: Callable[[], str], strict: bool, conflict_status: int
    ) -> tuple[int, Member]:
        """200 known, 201 created, 202 created and waiting for the email to be verified."""
        customer = _customer(body)
        phone, email = customer.get("phone"), customer.text("email")
        if not isinstance(phone, str) or not PHONE.fullmatch(phone):
            raise invalid_phone()
        if email is not None and not _is_email(email):
            raise bad_request("Invalid email.")
        if strict:
            _check_profile(customer)
        known, holder = self.by_phone(phone), self.by_email(email) if email is not None else None
        if holder is not None and (known is None or holder.id != known.id):
            raise contact_conflict(conflict_status)
        if known is not None:
            if email is not None and known.email is None:
                known = attrs.evolve(known, email=email)
                self.put(known)
            return (200 if known.active else 202), known
        # the prose once calls the flag email_verify
        waits = customer.truth("verify_email") or customer.truth("email_verify")
        member = Member(id=new_id(), phone=phone, email=email, status=WAITING if waits else ACTIVE)
        self.put(member)
        return (202 if waits else 201), member


def _customer(body: Json) -> Fields:
    customer = Fields(body).get("customer") if isinstance(body, dict) else None
    if not isinstance(customer, dict):
        raise bad_request("customer is required.")
    return Fields(customer, "customer.")


def _check_profile(customer: Fields) -> None:
    customer.word("gender", ("m", "f"), strict=True)
    customer.word("marital_status", MARITAL, strict=True)
    for name in ("sms_opt_in", "email_opt_in"):
        customer.truth(name)
    for name in ("name", "address"):
        customer.objects(name)
    birthday = customer.text("dob")
    if birthday is not None:
        try:
            if len(birthday) != len("YYYY-MM-DD"):
                raise bad_request("customer.dob must be a date like 1990-12-31.")
            date.fromisoformat(birthday)
        except ValueError:
            raise bad_request("customer.dob must be a date like 1990-12-31.") from None


def _is_email(text: str) -> bool:
    """Something before one @, and a dotted name behind it. (A pattern for it takes quadratic time on many dots.)"""
    local, _, domain = text.partition("@")
    name, dot, last = domain.rpartition(".")
    plain = "@" not in domain and not any(c.isspace() for c in text)
    return bool(plain and len(text) <= 254 and local and name and dot and last)
