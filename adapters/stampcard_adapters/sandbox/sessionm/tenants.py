"""Who the sandbox serves: key, customers and offers of a tenant, as values and as a file.

May live here: the file's shape, its defaults, and what is wrong with one. May not: anything that changes while serving.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import attrs

from stampcard_adapters.sandbox.jsontext import Json
from stampcard_adapters.sandbox.tenantsfile import Record, TenantsError, described, records

from .fields import MOMENT
from .offers import OFFER_TYPES, Offer
from .users import PROFILE, User

__all__ = ["Opening", "Tenant", "TenantsError", "default_tenants", "read_tenants", "tenants_from_json"]


@attrs.frozen(kw_only=True)
class Opening:
    """A customer, what they own when serving starts, and the offers they do not qualify for."""

    user: User
    points: int = 0
    not_qualified: tuple[int, ...] = ()


@attrs.frozen(kw_only=True)
class Tenant:
    """One app of a SessionM tenant: its key and secret, customers and offers."""

    name: str
    api_key: str = attrs.field(repr=False)
    secret: str = attrs.field(repr=False)
    lenient: bool = False
    fraud_ips: tuple[str, ...] = ()
    openings: tuple[Opening, ...] = attrs.field(default=(), repr=False)
    offers: tuple[Offer, ...] = ()


def default_tenants() -> tuple[Tenant, ...]:
    """The world served when nobody asks for another."""
    rich = User(id="4f5b82c0-07c8-11e6-8d84-624132d14633", external_id="sandbox-rich", email="rich@example.com")
    poor = User(id="4f5b82c0-07c8-11e6-8d84-624132d14634", external_id="sandbox-poor", email="poor@example.com")
    # slash, at sign and space: an id that is not escaped finds nobody (trap 12)
    odd = User(id="4f5b82c0-07c8-11e6-8d84-624132d14635", external_id="crm/4711@acme eu", email="odd@example.com")
    guest = User(id="4f5b82c0-07c8-11e6-8d84-624132d14636", external_id="sandbox-unregistered", registered=False)
    card = Offer(id=1, name="Electronic Giftcard", points=100, stock=1000, description="Used at electronic.com")
    contest = Offer(
        id=2, name="Trip to Montreal", points=250, type="contest entries", stock=1000, requires_skills_test=True
    )
    gone = Offer(id=3, name="Canvas bag", points=50, stock=0)
    instant = Offer(id=4, name="Free coffee", points=75, type="coupon", auto_approve=True)
    dear = Offer(id=5, name="Espresso machine", points=60_000, stock=5, description="Shipped to your door")
    tenant = Tenant(
        name="sessionm",
        api_key="sandbox-sessionm-key",
        secret="sandbox-sessionm-secret",
        fraud_ips=("203.0.113.66",),
        openings=(
            Opening(user=rich, points=100_000),
            Opening(user=poor, points=50),
            Opening(user=odd, points=5_000),
            Opening(user=guest, points=1_000),
        ),
        offers=(card, contest, gone, instant, dear),
    )
    return (tenant,)


def tenants_from_json(body: bytes) -> tuple[Tenant, ...]:
    """Tenants from the bytes of a file, or TenantsError."""
    return read_tenants(described(body))


def read_tenants(value: Mapping[str, Json]) -> tuple[Tenant, ...]:
    """Tenants from the object `SessionMModel.tenants()` gives; those that name another provider are left to it."""
    tenants = [_tenant(name, record) for name, record in records(value, "sessionm")]
    seen: set[str] = set()
    for tenant in tenants:
        if tenant.api_key in seen:
            raise TenantsError(f"{tenant.name}.api_key: another tenant has the same one")
        seen.add(tenant.api_key)
    return tuple(tenants)


def _tenant(name: str, record: Record) -> Tenant:
    api_key = record.need("api_key")
    if ":" in api_key:
        raise record.wrong("api_key", "cannot hold a colon, which ends it in a Basic header")
    openings = tuple(_opening(Record(row, where)) for where, row in record.rows("users"))
    for field in ("id", "external_id", "email"):
        values: list[str] = [value for o in openings if (value := getattr(o.user, field)) is not None]
        if len({value.lower() if field == "email" else value for value in values}) < len(values):
            raise record.wrong("users", f"two users have the same {field}")
    offers = tuple(_offer(Record(row, where)) for where, row in record.rows("offers"))
    if len({offer.id for offer in offers}) < len(offers):
        raise record.wrong("offers", "two offers have the same id")
    return Tenant(
        name=name,
        api_key=api_key,
        secret=record.need("secret"),
        lenient=record.flag("lenient"),
        fraud_ips=record.texts("fraud_ips"),
        openings=openings,
        offers=offers,
    )


def _opening(record: Record) -> Opening:
    profile = record.record("profile") if record.has("profile") else None
    user = User(
        id=record.need("id"),
        external_id=record.text("external_id"),
        email=record.text("email"),
        registered=record.flag("registered") if record.has("registered") else True,
        created_at=_moment(record, "created_at"),
        profile={} if profile is None else {n: value for n in PROFILE if (value := profile.text(n)) is not None},
    )
    not_qualified = tuple(_offer_id(row, where) for where, row in record.rows("not_qualified"))
    return Opening(user=user, points=record.count("points") or 0, not_qualified=not_qualified)


def _offer_id(row: Json, where: str) -> int:
    # a row is wrapped, because a record reads fields and has the sentence for a bad one
    record = Record({"id": row}, where)
    offer_id = record.count("id")
    if not offer_id:
        raise record.wrong("id", "must be the id of an offer")
    return offer_id


def _offer(record: Record) -> Offer:
    offer_id, points = record.count("id"), record.count("points")
    if not offer_id:
        raise record.wrong("id", "must be a whole number above nothing")
    if points is None:
        raise record.wrong("points", "is missing")
    kind = record.text("type") or "prize"
    if kind not in OFFER_TYPES:
        raise record.wrong("type", f"must be one of {', '.join(OFFER_TYPES)}")
    return Offer(
        id=offer_id,
        name=record.text("name") or f"Offer {offer_id}",
        points=points,
        type=kind,
        description=record.text("description") or "",
        logo=record.text("logo") or "",
        stock=record.count("stock"),
        requires_skills_test=record.flag("requires_skills_test"),
        auto_approve=record.flag("auto_approve"),
        start_time=_moment(record, "start_time"),
        end_time=_moment(record, "end_time"),
    )


def _moment(record: Record, name: str) -> datetime | None:
    text = record.text(name)
    if text is None:
        return None
    try:
        if MOMENT.fullmatch(text):
            return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        pass  # a month 13: the same sentence as no date at all
    raise record.wrong(name, "must be YYYY-MM-DD HH:MM:SS, in UTC")
