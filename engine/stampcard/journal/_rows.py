"""Rows of the tables to the contract's values and back.

May live here: column order, the text form of times and lists, what a damaged row looks like. May not: statements.
"""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final, TypeAlias

from stampcard.journal._seals import BrokenError
from stampcard.journal._shared import utc
from stampcard.journal.contract import Draft, Header, StoreError, Switch
from stampcard.model import Entry, EntryKind, Environment, Ownership, Site

__all__ = [
    "ENTRY_COLUMNS",
    "HEADER_COLUMNS",
    "entry_from",
    "entry_row",
    "header_from",
    "header_row",
    "of",
    "readable",
    "switch_from",
    "switch_row",
]

Row: TypeAlias = tuple[Any, ...]
"""As sqlite3 gives it; the tables are STRICT, so each column holds its declared type or NULL."""

HEADER_COLUMNS: Final = (
    "order_id, provider, environment, tenant, store, register, lifecycle, fingerprint, opened_at, ticket, reference"
)
ENTRY_COLUMNS: Final = (
    'order_id, version, kind, "trigger", state, at, "by", why, intent, command_id, digest, code, closes, owner, boot, '
    "hard_end, body"
)


def of(table: str, columns: str) -> str:
    """The columns by their full names, for a statement in which another table has some of them too."""
    return ", ".join(f"{table}.{column}" for column in columns.split(", "))


@contextmanager
def readable(what: str) -> Generator[None, None, None]:
    """A row that makes no sense is a damaged store, named, without its content."""
    try:
        yield
    except BrokenError as broken:
        raise StoreError(f"the journal is damaged: {what} cannot be read: {broken}") from None
    except (ValueError, TypeError, OverflowError, RecursionError):
        raise StoreError(f"the journal is damaged: {what} cannot be read") from None


def _time(at: datetime) -> str:
    """UTC, always with microseconds: then text sorts as time does."""
    return at.isoformat(timespec="microseconds")


def header_row(header: Header) -> Row:
    site = header.site
    return (
        header.order_id,
        header.provider,
        header.environment.value,
        site.tenant,
        site.store,
        site.register,
        header.lifecycle,
        header.fingerprint,
        _time(utc(header.opened_at)),
        header.ticket,
        header.reference,
    )


def header_from(row: Row) -> Header:
    order_id, provider, environment, tenant, store, register, lifecycle, fingerprint, opened_at, ticket, reference = row
    return Header(
        order_id=order_id,
        provider=provider,
        environment=Environment(environment),
        site=Site(store=store, register=register, tenant=tenant),
        lifecycle=lifecycle,
        fingerprint=fingerprint,
        opened_at=utc(datetime.fromisoformat(opened_at)),
        ticket=ticket,
        reference=reference,
    )


def entry_row(draft: Draft, order_id: str, version: int, at: datetime) -> Row:
    """at: in UTC."""
    own = draft.ownership
    return (
        order_id,
        version,
        draft.kind.value,
        draft.trigger,
        draft.state,
        _time(at),
        draft.by,
        draft.why,
        draft.intent,
        draft.command_id,
        draft.digest,
        draft.code,
        json.dumps(draft.closes) if draft.closes else None,
        own.owner if own is not None else None,
        own.boot if own is not None else None,
        float(own.hard_end) if own is not None else None,
        draft.body,
    )


def entry_from(row: Row, provider: str) -> Entry:
    (position, order_id, version, kind, trigger, state, at, by, why, intent) = row[:10]
    (command_id, digest, code, closes, owner, boot, hard_end, body) = row[10:]
    with readable(f"order {order_id}"):
        return Entry(
            position=position,
            order_id=order_id,
            provider=provider,
            version=version,
            kind=EntryKind(kind),
            trigger=trigger,
            state=state,
            at=utc(datetime.fromisoformat(at)),
            by=by,
            why=why,
            intent=intent,
            command_id=command_id,
            digest=digest,
            code=code,
            closes=tuple(json.loads(closes)) if closes is not None else (),
            ownership=None if owner is None else Ownership(owner=owner, boot=boot, hard_end=hard_end),
            body=body,
        )


def switch_row(switch: Switch) -> Row:
    return switch.provider, int(switch.off), _time(utc(switch.at)), switch.by, switch.why


def switch_from(row: Row) -> Switch:
    provider, off, at, by, why = row
    with readable(f"the switch of {provider}"):
        return Switch(provider=provider, off=bool(off), at=utc(datetime.fromisoformat(at)), by=by, why=why)
