"""The body of an order call (sheet, section 5): both shapes the manual shows are read, one value comes out.

May live here: fields, what is required at which stage, documented word lists. May not: what the order then does.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Final, Literal, TypeAlias, cast

import attrs

from stampcard_adapters.sandbox.jsontext import Json, canonical

from .errors import bad_request
from .pricing import Item, cents

__all__ = ["STAGES", "Fields", "OrderRequest", "RewardUse", "Stage", "peek", "read_order"]

Stage: TypeAlias = Literal["checkout", "placed", "billed", "completed", "voided", "refunded"]
STAGES: Final[tuple[Stage, ...]] = ("checkout", "placed", "billed", "completed", "voided", "refunded")

SOURCES: Final = ("web", "mobileweb", "mobileapp", "instore")
TYPES: Final = ("regular", "catering")
RENDITIONS: Final = ("onsite", "pickup", "delivery")
TENDERS: Final = ("cash", "check", "credit", "debit", "prepaid", "transfer", "value")
ISSUERS: Final = ("amex", "diners", "discover", "jcb", "mastercard", "paypal", "visa")
MAX_AMOUNT: Final = Decimal(10) ** 9
# v2.1.1 writes ...Z, v2.1.0 allows any RFC 3339
RFC3339: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def _lowered(values: dict[str, Json]) -> Iterator[tuple[str, Json]]:
    return ((key.lower(), value) for key, value in reversed(values.items()))


@attrs.frozen
class Fields:
    """An object whose keys are found whatever their case (trap 7)."""

    _values: dict[str, Json]
    _where: str = ""
    _folded: dict[str, Json] = attrs.field(
        init=False,
        repr=False,
        eq=False,
        # of two spellings the first one counts
        default=attrs.Factory(lambda me: dict(_lowered(me._values)), takes_self=True),  # noqa: SLF001  its own field
    )

    def get(self, name: str) -> Json:
        """A field, or None when it is missing or null."""
        if name in self._values:
            return self._values[name]
        return self._folded.get(name.lower())

    def text(self, name: str, *, required: bool = False) -> str | None:
        """A string; a bare number is read as one (trap 6: address.code comes both ways)."""
        value = self.get(name)
        if value is None or value == "":
            if required:
                raise bad_request(f"{self._where}{name} is required.")
            return None
        if isinstance(value, Decimal):
            return canonical(value)
        if not isinstance(value, str):
            raise bad_request(f"{self._where}{name} must be a string.")
        return value

    def word(self, name: str, words: tuple[str, ...], *, strict: bool, required: bool = False) -> str | None:
        """A string out of a documented list; beyond the list only where clients are known to be loose."""
        value = self.text(name, required=required)
        if value is None:
            return None
        if strict and value.lower() not in words:
            raise bad_request(f"{self._where}{name} must be one of: {', '.join(words)}.")
        return value.lower()

    def money(self, name: str, *, required: bool = False) -> Decimal | None:
        """A number within what a ledger holds."""
        value = self.get(name)
        if value is None:
            if required:
                raise bad_request(f"{self._where}{name} is required.")
            return None
        if not isinstance(value, Decimal):
            raise bad_request(f"{self._where}{name} must be a number.")
        # a tail of decimals is no error: clients in binary floats send 41.239999999999995, and cents are compared
        if abs(value) > MAX_AMOUNT:
            raise bad_request(f"{self._where}{name} is out of range.")
        return value

    def positive(self, name: str, *, required: bool = False) -> Decimal | None:
        """Money that is never below nothing."""
        value = self.money(name, required=required)
        if value is not None and value < 0:
            raise bad_request(f"{self._where}{name} must not be negative.")
        return value

    def truth(self, name: str) -> bool:
        """A boolean; missing is false."""
        value = self.get(name)
        if value is not None and not isinstance(value, bool):
            raise bad_request(f"{self._where}{name} must be true or false.")
        return bool(value)

    def objects(self, name: str) -> tuple[Fields, ...]:
        """The objects in a field that is called an array and sampled as an object (trap 6)."""
        value = self.get(name)
        rows = value if isinstance(value, list) else [] if value is None else [value]
        found: list[Fields] = []
        for row in rows:
            if not isinstance(row, dict):
                raise bad_request(f"{self._where}{name} must be an object, or an array of objects.")
            found.append(Fields(row, f"{self._where}{name}."))
        return tuple(found)


@attrs.frozen(kw_only=True)
class RewardUse:
    """The reward an order names. `discount` None: the field is missing."""

    id: str
    discount: Decimal | None
    known_form: bool
    """Provider and level are the two words the sheet knows."""


@attrs.frozen(kw_only=True)
class OrderRequest:
    """An order call, read. `digest` is the same for every spelling of the same body."""

    id: str | None
    status: Stage
    vendor: str
    brand: str
    discount: Decimal | None
    transaction: str | None
    paid: bool
    rewards: tuple[RewardUse, ...]
    items: tuple[Item, ...]
    digest: str
    cart: str
    """What the order is about, to recognise one that came without an id."""

    @property
    def reward(self) -> RewardUse | None:
        return self.rewards[0] if self.rewards else None


def peek(body: Json) -> tuple[str | None, str | None]:
    """Order id and stage for an error object, from a body that may be wrong in any other way."""
    if not isinstance(body, dict):
        return None, None
    fields = Fields(body)
    order, status = fields.get("id"), fields.get("status")
    stage = status.lower() if isinstance(status, str) else None
    return (order if isinstance(order, str) and order else None), (stage if stage in STAGES else None)


def read_order(body: Json, *, lenient: bool) -> OrderRequest:
    """Read an order call, or refuse it naming the field.

    lenient tolerates what the one runnable public client leaves out (trap 5), and words beyond the documented lists.
    """
    if not isinstance(body, dict):
        raise bad_request("The body must be a JSON object.")
    fields = Fields(body)
    strict = not lenient
    status = _stage(fields)
    after_checkout = status != "checkout"
    loose_placed = lenient and status == "placed"
    order_id = fields.text("id", required=after_checkout and not loose_placed)
    fields.word("source", SOURCES, strict=strict, required=True)
    vendor = fields.text("vendor", required=True) or ""
    brand = fields.text("brand", required=True) or ""
    _check_optional_words(fields, strict=strict)
    discount = _check_money(fields, strict=strict)
    # a void may come before any payment, so there it depends on the order: the stages ask for it
    paid = _payments(fields, required=after_checkout and status != "voided" and not loose_placed, strict=strict)
    transaction = fields.text("transaction", required=strict and status == "refunded")
    baskets = fields.objects("basket")
    if not baskets:
        raise bad_request("basket is required.")
    items = tuple(_entry(entry) for basket in baskets for entry in basket.objects("posEntries"))
    if not items:
        raise bad_request("basket.posEntries is required.")
    if sum((abs(item.total) for item in items), Decimal(0)) > MAX_AMOUNT:
        raise bad_request("basket.posEntries is out of range.")
    rewards = tuple(_reward(reward) for basket in baskets for reward in basket.objects("rewards"))
    return OrderRequest(
        id=order_id,
        status=status,
        vendor=vendor,
        brand=brand,
        discount=discount,
        transaction=transaction,
        paid=paid,
        rewards=rewards,
        items=items,
        digest=_digest(canonical(body)),
        cart=_digest(repr((vendor, items))),
    )


def _stage(fields: Fields) -> Stage:
    status = fields.word("status", STAGES, strict=True, required=True)
    return cast("Stage", status)  # `word` has just checked it against STAGES


def _check_optional_words(fields: Fields, *, strict: bool) -> None:
    fields.word("type", TYPES, strict=strict)
    fields.word("rendition", RENDITIONS, strict=strict)
    currency = fields.text("currency")
    if strict and currency is not None and not re.fullmatch("[A-Za-z]{3}", currency):
        raise bad_request("currency must be an ISO-4217 code.")
    for name in ("placed", "wanted"):
        moment = fields.text(name)
        if strict and moment is not None and not RFC3339.fullmatch(moment):
            raise bad_request(f"{name} must be a time like 2020-12-31T23:59:59Z.")
    fields.objects("address")


def _check_money(fields: Fields, *, strict: bool) -> Decimal | None:
    """Section 5: total is subtotal + tax + tip + delivery - discount, when there is a total."""
    subtotal = fields.positive("subtotal", required=True) or Decimal(0)
    extras = sum((fields.positive(name) or Decimal(0) for name in ("tax", "tip", "delivery")), Decimal(0))
    discount = fields.positive("discount")
    total = fields.money("total")
    if strict and total is not None and cents(total) != cents(subtotal + extras - (discount or 0)):
        raise bad_request("total is not subtotal + tax + tip + delivery - discount.")
    return discount


def _payments(fields: Fields, *, required: bool, strict: bool) -> bool:
    payments = fields.objects("payments")
    if required and not payments:
        raise bad_request("payments is required.")
    for payment in payments:
        payment.word("tender", TENDERS, strict=strict)
        payment.word("issuer", ISSUERS, strict=strict)
        payment.text("suffix")
        payment.money("amount")
    return bool(payments)


def _reward(fields: Fields) -> RewardUse:
    provider, level = fields.text("provider"), fields.text("level")
    return RewardUse(
        id=fields.text("id", required=True) or "",
        discount=fields.positive("discount"),
        known_form=(provider or "spendgo").lower() == "spendgo" and (level or "basket").lower() == "basket",
    )


def _entry(entry: Fields) -> Item:
    described = entry.objects("posItem")
    if len(described) != 1:
        raise bad_request("basket.posEntries.posItem is required.")
    # the two versions of the manual indent `quantity` differently: beside posItem, or in it
    quantity = entry.money("quantity")
    return _item(described[0], quantity=quantity)


def _item(fields: Fields, *, quantity: Decimal | None) -> Item:
    if quantity is None:
        quantity = fields.money("quantity", required=True) or Decimal(0)
    if quantity != quantity.to_integral_value() or quantity < 1:
        raise bad_request("quantity must be a whole number of at least 1.")
    item = Item(
        label=fields.text("label", required=True) or "",
        cost=fields.money("cost", required=True) or Decimal(0),
        quantity=quantity,
        product=fields.text("product"),
        categories=_categories(fields.get("categories")),
        modifiers=tuple(_item(modifier, quantity=None) for modifier in fields.objects("modifiers")),
    )
    if max(abs(item.unit), abs(item.total)) > MAX_AMOUNT:
        raise bad_request("basket.posEntries is out of range.")
    return item


def _categories(value: Json) -> tuple[str, ...]:
    """A string in the table, null in the sample, an array for modifiers."""
    words = value if isinstance(value, list) else [value]
    return tuple(word for word in words if isinstance(word, str))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
