"""Who the sandbox serves: keys, stores, programme and opening world of a tenant, as values and as a file.

May live here: the file's shape, its defaults, and what is wrong with one. May not: anything that changes while serving.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final, Literal, TypeAlias

import attrs

from stampcard_adapters.sandbox.jsontext import Json
from stampcard_adapters.sandbox.tenantsfile import Record, TenantsError, described, records

from .members import ACTIVE, PHONE, WAITING, Member
from .pricing import Offer, OfferKind
from .signature import Key

__all__ = [
    "DEFAULT_REWARD",
    "DEFAULT_SWP",
    "Opening",
    "Program",
    "ProgramKind",
    "Tenant",
    "TenantsError",
    "Tier",
    "default_tenants",
    "program",
    "read_tenants",
    "tenants_from_json",
]

ProgramKind: TypeAlias = Literal["points", "visits", "points_banking", "shop_with_points"]
PROGRAMS: Final[tuple[ProgramKind, ...]] = ("points", "visits", "points_banking", "shop_with_points")
KINDS: Final[tuple[OfferKind, ...]] = ("rebate", "discount", "gift")

DEFAULT_REWARD: Final = Offer(
    id="2234402", label="$5 off $50 or more", value=Decimal(5), min_spend=Decimal(50), code="SG2234402"
)
DEFAULT_SWP: Final = Decimal(40)


@attrs.frozen(kw_only=True)
class Tier:
    """Points banking: this many points buy this much money off."""

    id: str
    points: Decimal
    label: str
    value: Decimal


@attrs.frozen(kw_only=True)
class Program:
    """One of the four kinds an account can run (section 4), with what its balance shows."""

    kind: ProgramKind
    units: str
    label: str
    spend_threshold: Decimal | None = None
    value_per_point: Decimal | None = None
    tiers: tuple[Tier, ...] = ()


def program(kind: ProgramKind) -> Program:
    """A programme of this kind with this sandbox's own figures. Banking and Shop With Points have no threshold."""
    if kind == "points":
        return Program(kind=kind, units="points", label="Points", spend_threshold=Decimal(100))
    if kind == "visits":
        return Program(kind=kind, units="visits", label="Visits", spend_threshold=Decimal(10))
    if kind == "shop_with_points":
        return Program(kind=kind, units="points", label="Shop With Points", value_per_point=Decimal("0.01"))
    tiers = (
        Tier(id="P_100", points=Decimal(100), label="$5 for 100 points", value=Decimal(5)),
        Tier(id="P_250", points=Decimal(250), label="$15 for 250 points", value=Decimal(15)),
    )
    return Program(kind=kind, units="points", label="Points Banking", tiers=tiers)


@attrs.frozen(kw_only=True)
class Opening:
    """A member and what they own when serving starts. swp: dollars to shop with."""

    member: Member
    points: Decimal = Decimal(0)
    rewards: tuple[tuple[Offer, int], ...] = ()
    swp: Decimal = Decimal(0)


@attrs.frozen(kw_only=True)
class Tenant:
    """One Spendgo account: its keys (two of them during a rotation), stores, programme and members."""

    name: str
    keys: tuple[Key, ...] = attrs.field(repr=False)
    account_id: str
    stores: tuple[str, ...]
    program: Program = attrs.field(factory=lambda: program("points"))
    lenient: bool = False
    openings: tuple[Opening, ...] = attrs.field(default=(), repr=False)


def default_tenants() -> tuple[Tenant, ...]:
    """The world served when nobody asks for another: one owner of a reward, one who shops with points."""
    first = Opening(member=Member(id="494979", phone="5555550100"), points=Decimal(120), rewards=((DEFAULT_REWARD, 1),))
    second = Opening(member=Member(id="494980", phone="5555550101"), swp=DEFAULT_SWP)
    key = Key(api_key="sandbox-spendgo-key", secret="c2FuZGJveC1zZWNyZXQtMDAwMS1hc2NpaS1vbmx5")
    return (Tenant(name="spendgo", keys=(key,), account_id="33559", stores=("999999",), openings=(first, second)),)


def tenants_from_json(body: bytes) -> tuple[Tenant, ...]:
    """Tenants from the bytes of a file, or TenantsError."""
    return read_tenants(described(body))


def read_tenants(value: Mapping[str, Json]) -> tuple[Tenant, ...]:
    """Tenants from the object `SpendgoModel.tenants()` gives; those that name another provider are left to it."""
    tenants = [_tenant(name, record) for name, record in records(value, "spendgo")]
    seen: set[str] = set()
    for tenant in tenants:
        for api_key in {key.api_key for key in tenant.keys}:
            if api_key in seen:
                raise TenantsError(f"{tenant.name}.api_key: another tenant has the same one")
            seen.add(api_key)
    return tuple(tenants)


def _tenant(name: str, record: Record) -> Tenant:
    api_key = record.need("api_key")
    keys = [_key(record, "secret", api_key)]
    if record.has("other_secret"):  # both are live while secrets are rotated
        keys.append(_key(record, "other_secret", record.text("other_api_key") or api_key))
    kind = record.text("program") or "points"
    if kind not in PROGRAMS:
        raise record.wrong("program", f"must be one of {', '.join(PROGRAMS)}")
    units = record.text("units")
    chosen = program(kind)
    stores = [record.need("store")]
    stores += [store for store in record.texts("stores") if store not in stores]
    openings = tuple(_opening(Record(row, where), place) for place, (where, row) in enumerate(record.rows("members")))
    for field in ("id", "phone"):
        values: list[str] = [getattr(opening.member, field) for opening in openings]
        if len(set(values)) < len(values):
            raise record.wrong("members", f"two members have the same {field}")
    return Tenant(
        name=name,
        keys=tuple(keys),
        account_id=record.need("account_id"),
        stores=tuple(stores),
        program=attrs.evolve(chosen, units=units) if units else chosen,
        lenient=record.flag("lenient"),
        openings=openings,
    )


def _key(record: Record, name: str, api_key: str) -> Key:
    try:
        return Key(api_key=api_key, secret=record.need(name))
    except TenantsError:
        raise
    except ValueError as error:
        raise record.wrong(name, str(error)) from None


def _opening(record: Record, place: int) -> Opening:
    phone = record.need("phone")
    if not PHONE.fullmatch(phone):
        raise record.wrong("phone", "must be ten digits")
    status = record.text("status") or ACTIVE
    if status not in (ACTIVE, WAITING):
        raise record.wrong("status", f"must be {ACTIVE} or {WAITING}")
    member_id = record.need("id")
    if member_id == "guest" or "/" in member_id:
        raise record.wrong("id", "cannot stand in a path")
    rewards = tuple(_reward(Record(row, where)) for where, row in record.rows("rewards"))
    swp = (record.record("swp").number("balance") or Decimal(0)) if record.has("swp") else Decimal(0)
    if swp < 0:
        raise record.wrong("swp", "must not be below nothing")
    bare = not record.has("rewards") and not record.has("swp")
    if bare and place == 0:
        rewards = ((DEFAULT_REWARD, 1),)
    if bare and place == 1:
        swp = DEFAULT_SWP
    return Opening(
        member=Member(id=member_id, phone=phone, email=record.text("email"), status=status),
        points=record.number("points") or Decimal(0),
        rewards=rewards,
        swp=swp,
    )


def _reward(record: Record) -> tuple[Offer, int]:
    kind = record.text("offer") or "rebate"
    if kind not in KINDS:
        raise record.wrong("offer", f"must be one of {', '.join(KINDS)}")
    reward_id, quantity = record.need("id"), record.count("quantity")
    offer = Offer(
        id=reward_id,
        kind=kind,
        label=record.need("label"),
        value=abs(record.number("value") or Decimal(0)),
        min_spend=record.number("min_spend"),
        min_items=record.count("min_items"),
        product=record.text("product"),
        stores=record.texts("stores"),
        code=record.text("code") or f"SG{reward_id}",
        vanishes=record.flag("vanishes"),
    )
    return offer, 1 if quantity is None else quantity
