"""What every store does alike: refuse what is not an append, give an entry its numbers.

May live here: rules of the contract that need no storage. May not: SQL, files, locks.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Final

from stampcard.journal.contract import Append, Draft
from stampcard.model import Entry, EntryKind

__all__ = ["MOST", "PROMISES", "check", "entry_of", "lane_of", "takes_command", "utc"]

MOST: Final = 2**31
"""More lines than any listing is asked for; larger limits mean the same and would overflow a store's integers."""

PROMISES: Final = frozenset({EntryKind.INTENT, EntryKind.QUEUED})


def takes_command(draft: Draft) -> bool:
    """Whether the entry takes its command id: a promise to call, now (INTENT) or once online again (QUEUED)."""
    return draft.command_id is not None and draft.kind in PROMISES


def lane_of(append: Append) -> tuple[str, str] | None:
    """(lane, the intent that holds it while it is open), or None."""
    if append.lane is None:
        return None
    intent = next(draft.intent for draft in append.entries if draft.ownership is not None)
    return append.lane, intent or ""


def utc(at: datetime) -> datetime:
    """The same moment in UTC, as every store gives it back."""
    return at.astimezone(UTC)


def check(append: Append) -> None:
    """Refuse, before anything is written, what only a mistake in the calling code can produce: raises ValueError."""
    header = append.header
    if (header is None) != (append.expected_version > 0):
        raise ValueError("a header opens an order: it goes with expected_version 0, and only with it")
    if header is not None and header.order_id != append.order_id:
        raise ValueError("the header is another order's")
    if not append.entries:
        raise ValueError("an append without entries")
    if header is not None:
        _check_time(header.opened_at)
    for draft in append.entries:
        _check_time(draft.at)
        if draft.ownership is not None:
            if draft.intent is None:
                raise ValueError("ownership without an intent to own")
            if not math.isfinite(draft.ownership.hard_end):
                raise ValueError("a call that never ends")
        if takes_command(draft) and draft.digest is None:
            raise ValueError("a command id without the digest of its input")
    if append.lane is not None and not any(draft.ownership is not None for draft in append.entries):
        raise ValueError("a lane is held by an open intent, and there is none")
    _check_text(append)


def _check_time(at: datetime) -> None:
    if at.utcoffset() is None:
        raise ValueError("a time without its zone")


def _check_text(append: Append) -> None:
    """Half a surrogate pair is no Unicode: no store keeps it. (Found here, else its error would quote the text.)"""
    texts: list[str | None] = [append.order_id, append.lane, *append.claims, *append.watch, *append.unwatch]
    if (header := append.header) is not None:
        site = header.site
        texts += [header.provider, header.ticket, header.reference, header.lifecycle, header.fingerprint]
        texts += [site.store, site.register, site.tenant]
    for draft in append.entries:
        texts += [draft.trigger, draft.state, draft.by, draft.why, draft.intent, draft.command_id, draft.digest]
        texts += [draft.code, *draft.closes]
        if draft.ownership is not None:
            texts += [draft.ownership.owner, draft.ownership.boot]
        if draft.personal is not None:
            texts.append(draft.personal.subject)
    try:
        "\0".join(filter(None, texts)).encode()
    except UnicodeEncodeError:
        raise ValueError("text that is not Unicode (half a surrogate pair)") from None


def entry_of(draft: Draft, *, position: int, order_id: str, provider: str, version: int, at: datetime) -> Entry:
    """The draft, numbered."""
    return Entry(
        position=position,
        order_id=order_id,
        provider=provider,
        version=version,
        kind=draft.kind,
        trigger=draft.trigger,
        state=draft.state,
        at=at,
        by=draft.by,
        why=draft.why,
        intent=draft.intent,
        command_id=draft.command_id,
        digest=draft.digest,
        code=draft.code,
        closes=draft.closes,
        ownership=draft.ownership,
        body=draft.body,
    )
