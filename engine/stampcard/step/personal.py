"""Whose personal data an entry holds: kept apart from the entry, in rows that can be erased.

May live here: how a person is named, what an entry says of data kept apart. May not: an effect, a provider's name.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from stampcard.journal.codec import pack
from stampcard.journal.contract import Personal
from stampcard.journal.fold import Standing
from stampcard.model import AnyOrder

__all__ = ["apart", "guest_of", "person", "personal_of", "source_of"]


def apart(personal: dict[str, Any]) -> dict[str, Any]:
    """What an entry's body says of the data kept in the side table: its paths; nothing where there is none."""
    return {"personal": sorted(personal)} if personal else {}


def personal_of(
    order: AnyOrder, subject: str | None, data: dict[str, Any], *, follows: int | None = None
) -> Personal | None:
    """The side row of an entry. Whose: the provider's member, or, for a guest, the order itself."""
    if not data:
        return None
    whose = guest_of(order.id) if subject is None else person(order.provider, order.site.tenant, subject)
    return Personal(subject=whose, data=pack(data), follows=follows)


def source_of(standing: Standing, name: str) -> int | None:
    """The entry whose personal data the facts repeat: that intent's, else that of the facts before."""
    kept, intent = standing.record.personal, standing.intents.get(name)
    if intent is not None and (intent.version in kept or standing.erased(intent.version)):
        return intent.version
    return standing.facts_at


def person(provider: str, tenant: str, member_id: str) -> str:
    """Names one person in the journal's side table: no two tenants' members are ever one."""
    return ":".join(quote(part, safe="") for part in (provider, tenant, member_id))


def guest_of(order_id: str) -> str:
    """Names the unknown person of one order. (No provider's name is empty.)"""
    return f":{quote(order_id, safe='')}"
