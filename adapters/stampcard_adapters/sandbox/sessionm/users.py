"""Customers of one tenant: found by SessionM's id or the client's own, created, changed (sheet, section 2, row 10).

May live here: who a customer is. May not: what they own, which the ledger says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

import attrs

from stampcard_adapters.sandbox.jsontext import Json

from .errors import refused, taken
from .fields import Fields, stamp

__all__ = ["User", "Users"]

PROFILE: Final = (
    "first_name", "last_name", "gender", "dob", "address", "city", "state", "zip", "country", "locale",
)  # fmt: skip
"""What of a profile is kept and shown; other attributes are read past."""


@attrs.frozen(kw_only=True)
class User:
    """A customer. `id` is SessionM's own (a UUID), `external_id` the client's: it may hold anything a path can."""

    id: str
    external_id: str | None = None
    email: str | None = attrs.field(default=None, repr=False)
    registered: bool = True
    created_at: datetime | None = None
    profile: Mapping[str, str] = attrs.field(factory=dict[str, str], repr=False)

    def shown(self) -> dict[str, Json]:
        """The profile, without a balance."""
        found: dict[str, Json] = {"id": self.id}
        if self.external_id is not None:
            found["external_id"] = self.external_id
        if self.email is not None:
            found["email"] = self.email
        if self.created_at is not None:
            found["created_at"] = stamp(self.created_at)
        return {**found, **self.profile}


class Users:
    """All customers of a tenant, by id, external id and mail."""

    def __init__(self) -> None:
        self._by_id: dict[str, User] = {}
        self._by_external_id: dict[str, str] = {}
        self._by_email: dict[str, str] = {}

    def all(self) -> tuple[User, ...]:
        """In the order they joined."""
        return tuple(self._by_id.values())

    def put(self, user: User) -> User:
        """Add a customer, or replace the one with this id. Raises RefusedError when another has the id or mail."""
        folded = None if user.email is None else user.email.lower()
        if user.external_id is not None and self._by_external_id.get(user.external_id, user.id) != user.id:
            raise taken("external_id")
        if folded is not None and self._by_email.get(folded, user.id) != user.id:
            raise taken("email")
        before = self._by_id.get(user.id)
        if before is not None and before.external_id is not None:
            del self._by_external_id[before.external_id]
        if before is not None and before.email is not None:
            del self._by_email[before.email.lower()]
        self._by_id[user.id] = user
        if user.external_id is not None:
            self._by_external_id[user.external_id] = user.id
        if folded is not None:
            self._by_email[folded] = user.id
        return user

    def get(self, user_id: str) -> User | None:
        """By SessionM's id."""
        return self._by_id.get(user_id)

    def by_external_id(self, external_id: str) -> User | None:
        """By the client's id."""
        user_id = self._by_external_id.get(external_id)
        return None if user_id is None else self._by_id[user_id]

    def need(self, identifier: str, *, external: bool) -> User:
        """The customer a path names."""
        user = self.by_external_id(identifier) if external else self.get(identifier)
        if user is None:
            raise refused("user_not_found", "The customer ID sent in cannot be found.")
        return user

    def create(self, body: Fields, *, new_id: Callable[[], str], now: datetime) -> User:
        """POST /users. A customer who could never be found again is refused."""
        asked = body.need("user")
        changes = _changes(asked)
        if "external_id" not in changes and "email" not in changes:
            raise refused("missing_data", "user.external_id or user.email is required.")
        user = _changed(User(id="", created_at=now), changes)
        # the id is drawn last: a refused call must not use one up
        self._refuse_taken(user)
        return self.put(attrs.evolve(user, id=new_id()))

    def update(self, user: User, body: Fields) -> User:
        """PUT of a customer: what is named changes, the rest stays."""
        return self.put(_changed(user, _changes(body.need("user"))))

    def _refuse_taken(self, user: User) -> None:
        if user.external_id in self._by_external_id:
            raise taken("external_id")
        if user.email is not None and user.email.lower() in self._by_email:
            raise taken("email")


def _changes(asked: Fields) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in ("external_id", "email", *PROFILE):
        value = asked.text(name)
        if value is not None:
            found[name] = value
    return found


def _changed(user: User, changes: Mapping[str, str]) -> User:
    return attrs.evolve(
        user,
        external_id=changes.get("external_id", user.external_id),
        email=changes.get("email", user.email),
        profile={**user.profile, **{name: value for name, value in changes.items() if name in PROFILE}},
    )
