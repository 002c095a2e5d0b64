"""Orders and entries for the journal suite.

May live here: strategies and short ways to say an append. May not: a test.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final

import attrs
from hypothesis import strategies as st

from stampcard.journal import Append, Draft, Header, Personal
from stampcard.model import Entry, EntryKind, Environment, Ownership, Site

__all__ = ["NOON", "append_of", "draft", "drafts", "headers", "intent", "numbered", "opening"]

NOON: Final = datetime(2026, 11, 22, 12, 0, 0, 123456, tzinfo=UTC)


def _zone(minutes: int) -> timezone:
    return timezone(timedelta(minutes=minutes))


_text = st.text(st.characters(codec="utf-8"), max_size=30)
_name = st.text(st.characters(codec="utf-8"), min_size=1, max_size=30)
_word = _name.filter(lambda text: text.strip() != "")
_moment = st.datetimes(
    min_value=datetime(1990, 1, 1),  # noqa: DTZ001  Hypothesis adds the zone
    max_value=datetime(2200, 1, 1),  # noqa: DTZ001  Hypothesis adds the zone
    timezones=st.integers(-14 * 60, 14 * 60).map(_zone),
)
_ownership = st.builds(Ownership, owner=_name, boot=_name, hard_end=st.floats(0, 1e12))


def headers(order_id: str) -> st.SearchStrategy[Header]:
    """Any header of that order."""
    return st.builds(
        Header,
        order_id=st.just(order_id),
        provider=_name,
        environment=st.sampled_from(Environment),
        site=st.builds(Site, store=_word, register=st.none() | _word, tenant=_word),
        lifecycle=_name,
        fingerprint=_text,
        opened_at=_moment,
        ticket=st.none() | _text,
        reference=_text,
    )


def drafts() -> st.SearchStrategy[Draft]:
    """Any entry a journal accepts."""
    return st.builds(
        Draft,
        kind=st.sampled_from(EntryKind),
        trigger=_name,
        state=_name,
        at=_moment,
        by=st.none() | _text,
        why=st.none() | _text,
        intent=st.none() | _name,
        command_id=st.none() | _text,
        digest=st.none() | _text,
        code=st.none() | _text,
        closes=st.lists(_text, max_size=3).map(tuple),
        ownership=st.none() | _ownership,
        body=st.binary(max_size=200),
        personal=st.none() | st.builds(Personal, subject=_text, follows=st.none(), data=st.binary(max_size=200)),
    ).map(_acceptable)


def _acceptable(one: Draft) -> Draft:
    named = one if one.ownership is None or one.intent is not None else attrs.evolve(one, intent="i")
    return named if one.digest is not None else attrs.evolve(named, digest="d" if one.command_id else None)


def opening(
    order_id: str,
    *entries: Draft,
    claims: tuple[str, ...] = (),
    lane: str | None = None,
    watch: tuple[str, ...] = (),
    **header: Any,
) -> Append:
    """Opens an order with these entries, or with one that was accepted."""
    said: dict[str, Any] = {
        "provider": "spendgo",
        "environment": Environment.SANDBOX,
        "site": Site(store="12"),
        "lifecycle": "purchase",
        "fingerprint": "f1",
        "opened_at": NOON,
        **header,
    }
    return Append(
        order_id=order_id,
        expected_version=0,
        header=Header(order_id=order_id, **said),
        entries=entries or (draft(),),
        claims=claims,
        lane=lane,
        watch=watch,
    )


def append_of(
    order_id: str,
    expected_version: int,
    *entries: Draft,
    claims: tuple[str, ...] = (),
    lane: str | None = None,
    watch: tuple[str, ...] = (),
    unwatch: tuple[str, ...] = (),
) -> Append:
    """The next entries of an order, or one that was accepted."""
    return Append(
        order_id=order_id,
        expected_version=expected_version,
        entries=entries or (draft(),),
        claims=claims,
        lane=lane,
        watch=watch,
        unwatch=unwatch,
    )


def draft(kind: EntryKind = EntryKind.ACCEPTED, **values: Any) -> Draft:
    said: dict[str, Any] = {"trigger": "place", "state": "placed", "at": NOON, **values}
    return Draft(kind=kind, **said)


def intent(name: str, owner: str = "o1", **values: Any) -> Draft:
    own = Ownership(owner=owner, boot="b", hard_end=10.5)
    return draft(EntryKind.INTENT, intent=name, ownership=own, **values)


def numbered(draft: Draft, like: Entry, version: int) -> Entry:
    kept = {name: getattr(draft, name) for name in attrs.fields_dict(Draft) if name != "personal"}
    return Entry(position=like.position, order_id=like.order_id, provider=like.provider, version=version, **kept)
