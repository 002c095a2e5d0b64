"""Calls that belong to no order: member, rewards, balance (sheet, sections 3 and 4).

May live here: their requests and the reading of their replies, both pure. May not: a journal, a retry, a setting.
A query answers with its value, or with what the refusal means; it never raises on a reply.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import ROUND_DOWN, Decimal, InvalidOperation
from typing import Final, TypeVar

import attrs

from stampcard.adapter import Declined, NotSent, Query, Unknown
from stampcard.commands import Checkout, PurchaseCommand
from stampcard.errors import NotAllowedError
from stampcard.model import Address, Member, Money, Refusal, Reward, Secret
from stampcard.model.money import exponent
from stampcard.wire import JsonView, Request, Response, path
from stampcard_adapters.spendgo.refusals import MEMBERS, READS, Table, error_code, refusal
from stampcard_adapters.spendgo.requests import text
from stampcard_adapters.spendgo.values import NAME, Balance, Offer, PendingMember, Units

__all__ = ["balance_query", "bought_by", "member_id_problem", "member_query", "plain_phone", "rewards_query"]

T = TypeVar("T")
MAX_QUANTITY: Final = 10**9
_SEPARATORS: Final = str.maketrans("", "", " \t\u00a0-.()/")


def member_query(
    phone: str,
    *,
    email: str | None = None,
    first_name: str | None = None,
    last_name: str | None = None,
    verify_email: bool = False,
    favorite_store: str | None = None,
    password: Secret[str] | None = None,
    born: date | None = None,
    gender: str | None = None,
    marital_status: str | None = None,
    address: Address | None = None,
    sms_opt_in: bool | None = None,
    email_opt_in: bool | None = None,
    call_budget: float = 10.0,
) -> Query[Member | PendingMember]:
    """POST /loyalty/accounts (section 3): retrieve by phone, or create. It enrols whoever is not a member.

    A phone alone makes a starter member. favorite_store: the provider's store code. sms_opt_in: true makes the
    provider ask the customer back by SMS. Raises NotAllowedError when there is no phone number to send.
    """
    number = plain_phone(phone)
    if not number:
        lacks = Refusal(code="member.phone_invalid", message="A phone number is needed.", field="phone")
        raise NotAllowedError("A phone number is needed.", code=lacks.code, refusals=[lacks])
    name = {"first": first_name, "last": last_name}
    customer: dict[str, object] = {
        "phone": number,
        "email": email,
        "name": {k: text(v) for k, v in name.items() if v} or None,
        "password": None if password is None else text(password.reveal()),
        "dob": None if born is None else born.isoformat(),
        "gender": None if gender is None else gender.lower(),  # m, f
        "marital_status": None if marital_status is None else marital_status.lower(),
        "address": None if address is None else _home(address),
        "sms_opt_in": sms_opt_in,
        "email_opt_in": email_opt_in,
        "verify_email": True if verify_email else None,  # false is the provider's default
        "favorite_store_id": favorite_store,
    }
    clean = {k: text(v) if isinstance(v, str) else v for k, v in customer.items() if v is not None}
    hidden = None if password is None else password.reveal() or None

    def read(response: Response) -> Member | PendingMember | Declined | NotSent | Unknown:
        return _member(response, number, hidden)

    return Query(
        name="member",
        request=Request.post("/loyalty/accounts", {"customer": clean}),
        read=read,
        call_budget=call_budget,
    )


def bought_by(command: Checkout, phone: str, *, call_budget: float = 10.0) -> Query[PurchaseCommand]:
    """The same checkout by the member with that phone number; one who is none becomes one."""
    query = member_query(phone, call_budget=call_budget)

    def read(response: Response) -> PurchaseCommand | Declined | NotSent | Unknown:
        found = query.read(response)
        match found:
            case Member():
                return attrs.evolve(command, buyer=found)
            case PendingMember():
                message = "The customer has not confirmed the e-mail address yet."
                return Declined(code="member.pending", message=message)
            case _:
                return found

    return Query(name=query.name, request=query.request, read=read, call_budget=query.call_budget)


def plain_phone(phone: str) -> str:
    """Without what people write between digits, and without North America's own country code: the samples have ten
    digits. Anything else is sent as it is: the provider says what it takes for a phone number (code 2003)."""
    bare = text(phone).translate(_SEPARATORS).strip()
    digits = bare.removeprefix("+")
    if len(digits) == 11 and digits.isascii() and digits.isdigit() and digits[0] == "1":
        return digits[1:]
    return bare


def _home(address: Address) -> dict[str, str] | None:
    """The customer's address has other field names than an order's (section 3 against section 5)."""
    fields = {
        "street": address.street,
        "city": address.city,
        "state": address.region,
        "zip": address.postal_code,
        "country": address.country,
    }
    return {k: text(v) for k, v in fields.items() if v} or None


def _member(
    response: Response, phone: str, hidden: str | None
) -> Member | PendingMember | Declined | NotSent | Unknown:
    if response.status not in (200, 201, 202):
        return refusal(response, MEMBERS, hide=hidden)
    body = response.json()
    status = body.any("status").text()
    if not body.is_object() or error_code(body) is not None or not status:
        return Unknown(why=f"HTTP {response.status} without the member's status")
    if response.status == 202:  # trap 9: waiting for the e-mail; whatever it carries, it is no id to order with
        return PendingMember(phone=phone)
    given = body.any("id").text()
    if given is None or member_id_problem(given) is not None:
        return Unknown(why=f"HTTP {response.status} without the member's id")
    return Member(id=given, provider=NAME, status=status[:60], created=response.status == 201)


def member_id_problem(member_id: str) -> str | None:
    """Why an id can be no segment of a path: `guest` is the segment of nobody, 0 the provider's word for unknown."""
    if not member_id.strip(". ") or len(member_id) > 120 or not member_id.isprintable():
        return "is no member's id"
    return "is the id of nobody" if member_id.lower() in ("guest", "0") else None


def rewards_query(
    member: Member, store_code: str, *, currency: str = "USD", call_budget: float = 10.0
) -> Query[tuple[Reward, ...]]:
    """GET /loyalty/accounts/{id}/rewards?store={code} (section 4): what this member can redeem at this store now.

    Some offers vanish after being listed once: a later call may list less. currency: of rewards that name none.
    Raises NotAllowedError for somebody else's member.
    """

    def read(response: Response) -> tuple[Reward, ...] | Declined | NotSent | Unknown:
        return _read(response, lambda body: _rewards(body, member, currency))

    where = _account(member, "rewards")
    return Query(name="rewards", request=Request.get(where, store=store_code), read=read, call_budget=call_budget)


def balance_query(member: Member, *, currency: str = "USD", call_budget: float = 10.0) -> Query[Balance]:
    """GET /loyalty/accounts/{id}/balance (section 4), for points, visits, points banking and shop with points.

    currency: of offers that name none. Raises NotAllowedError for somebody else's member.
    """

    def read(response: Response) -> Balance | Declined | NotSent | Unknown:
        return _read(response, lambda body: _balance(body, currency))

    where = _account(member, "balance")
    return Query(name="balance", request=Request.get(where), read=read, call_budget=call_budget)


def _account(member: Member, what: str) -> str:
    problem = "is another programme's" if member.provider != NAME else member_id_problem(member.id)
    if problem is not None:
        message = "This customer is not a member of this loyalty programme."
        detail = f"the member's id {problem}"
        refused = Refusal(code="buyer.not_ours", message=message, field="member")
        raise NotAllowedError(message, detail=detail, code=refused.code, refusals=[refused])
    return path("/loyalty/accounts/{}/" + what, text(member.id))


def _read(
    response: Response, value: Callable[[JsonView], T | None], table: Table = READS
) -> T | Declined | NotSent | Unknown:
    if response.status != 200:
        return refusal(response, table)
    body = response.json()
    if body.bad or error_code(body) is not None:
        return Unknown(why=f"HTTP 200: {body.bad or 'an error object'}")
    found = value(body)
    return Unknown(why="HTTP 200 without what was asked for") if found is None else found


def _rewards(body: JsonView, member: Member, currency: str) -> tuple[Reward, ...] | None:
    """A row without id, or without a quantity to use, cannot be redeemed: it hides no other row."""
    listed = body.any("rewards")
    if not listed.there or not (listed.is_object() or isinstance(listed.raw(), list)):
        return None
    rows = (_reward(row, member, currency) for row in listed.items())
    return tuple(reward for reward in rows if reward is not None)


def _reward(row: JsonView, member: Member, currency: str) -> Reward | None:
    given, quantity = row.any("id").text(), _whole(row.any("quantity"))
    if not given or quantity is None:
        return None
    offer = (row.any("offer").text() or "").strip().lower()  # trap 7: "Rebate", "Discount", "Gift" drift
    return Reward(
        id=given,
        label=row.any("label").text() or offer or given,
        member_id=member.id,
        quantity=quantity,
        offer=offer,
        value=_value(row, currency),
        spends_points=given.startswith("P_"),
        code=row.any("reference").any("code").text(),
    )


def _balance(body: JsonView, currency: str) -> Balance | None:
    quantity = body.any("quantity").number()
    try:
        units = Units((body.any("units").text() or "").strip().lower())
    except ValueError:
        return None
    if quantity is None:
        return None
    offers = (_offer(row, currency) for row in body.any("rewards").items())
    return Balance(
        quantity=quantity,
        units=units,
        label=body.any("label").text() or "",
        offers=tuple(offer for offer in offers if offer is not None),
        spend_threshold=body.any("spend_threshold").number(),
    )


def _offer(row: JsonView, currency: str) -> Offer | None:
    """A banking tier that cannot be afforded is listed too, with quantity 0 (section 4)."""
    quantity = _whole(row.any("quantity"))
    if not row.is_object() or quantity is None:
        return None
    kind = (row.any("offer").text() or "").strip().lower()
    return Offer(
        label=row.any("label").text() or kind,
        kind=kind,
        quantity=quantity,
        value=_value(row, currency),
        points=row.any("points").number(),
        value_per_point=row.any("value_per_point").number(),
        next_expires_on=_day(row.any("next_expires_on").text()),
        code=row.any("reference").any("code").text(),
    )


def _whole(view: JsonView) -> int | None:
    number = view.whole()
    return number if number is not None and 0 <= number <= MAX_QUANTITY else None


def _value(row: JsonView, currency: str) -> Money | None:
    """The projected value, rounded down to the currency's digits: a projection must not promise a cent too much."""
    number, named = row.any("value").number(), (row.any("currency").text() or currency).strip().upper()
    if number is None or number < 0:
        return None
    try:
        return Money(number.quantize(Decimal(1).scaleb(-exponent(named)), rounding=ROUND_DOWN), named)
    except (ValueError, InvalidOperation):
        return None


def _day(written: str | None) -> date | None:
    try:
        return date.fromisoformat((written or "")[:10])
    except ValueError:
        return None
