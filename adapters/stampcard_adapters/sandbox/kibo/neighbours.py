"""The bodies of the calls around an order (sheet, section 5): cancel, assign, fulfil, return.

May live here: fields, limits, what is required. May not: what the call does.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import attrs

from .fields import Fields
from .orders import ShipmentStatus
from .returns import ReturnLine

__all__ = [
    "AssignWish",
    "CancelItemWish",
    "ProcessWish",
    "read_assign",
    "read_cancel",
    "read_cancel_item",
    "read_fulfil",
    "read_process",
    "read_return",
]

ITEM_REASONS: Final = (
    "can_not_find_item",
    "not_enough_quantity",
    "not_web_sellable",
    "on_mannequin_or_display",
    "item_on_reserve",
    "no_inventory",
    "other",
)


@attrs.frozen(kw_only=True)
class CancelItemWish:
    """Which line, and whether the payment follows."""

    item: int
    rectify: bool


@attrs.frozen(kw_only=True)
class AssignWish:
    """Packages of an order; None: all that is in none yet."""

    order: int
    packages: list[tuple[dict[int, int] | None, ShipmentStatus]]


@attrs.frozen(kw_only=True)
class ProcessWish:
    """What of a return is accepted (0 rejects), and what is kept back."""

    id: int
    accepted: dict[int, int]
    reduction: Decimal | None


def read_cancel(fields: Fields) -> int:
    """The order to cancel. The list of reasons is open."""
    order = fields.need_whole("orderID", least=1)
    _check_reason(fields, fields.need_text("dispositionReason", most=255))
    return order


def read_cancel_item(fields: Fields) -> CancelItemWish:
    item = fields.need_whole("orderItemID", least=1)
    fields.need_text("dispositionReason")
    _check_reason(fields, fields.word("dispositionReason", ITEM_REASONS) or "")
    fields.truth("sendCancellationEmails")
    rectify = fields.truth("rectifyOrder")
    return CancelItemWish(item=item, rectify=rectify is not False)


def _check_reason(fields: Fields, reason: str) -> None:
    other = fields.text("dispositionOtherReason", least=1, most=255)
    if reason.lower() == "other" and other is None:
        raise fields.missing("dispositionOtherReason")


def read_assign(fields: Fields) -> AssignWish:
    """Only what makes packages: the cancel shape has calls of its own."""
    order = fields.need_whole("orderID", least=1)
    for name in ("sendEmails", "rectifyOrder"):
        fields.truth(name)
    packages: list[tuple[dict[int, int] | None, ShipmentStatus]] = []
    for package in fields.need_objects("packageAssignment"):
        package.truth("autoAssign")
        package.number("shippingAmount")
        package.number("shippingTaxAmount")
        backorder = package.word("shipmentStatus", ("READY", "BACKORDER")) == "BACKORDER"
        rows = package.objects("itemAssign")
        wanted = None if rows is None else _quantities(package, rows, "itemAssign", "quantity", least=1)
        packages.append((wanted, "BACKORDER" if backorder else "READY"))
    return AssignWish(order=order, packages=packages)


def read_fulfil(fields: Fields) -> int:
    """The shipment that left."""
    shipment = fields.need_whole("shipmentID", least=1)
    fields.text("shipmentDate", least=1)
    for row in fields.objects("trackingInformation") or ():
        row.text("trackingNumber", most=50)
        row.text("carrierType")
    fields.truth("sendEmails")
    fields.text("externalShipmentID", least=1, most=10)
    return shipment


def read_return(fields: Fields) -> tuple[ReturnLine, ...]:
    return tuple(
        ReturnLine(
            item=row.need_whole("orderItemID", least=1),
            quantity=row.need_whole("quantity", least=1),
            subtotal=row.number("returnSubtotal"),
            rejected=row.word("status", ("ACCEPTED", "PENDING", "REJECTED")) == "REJECTED",
        )
        for row in fields.need_objects("item")
    )


def read_process(fields: Fields) -> ProcessWish:
    return_id = fields.need_whole("returnID", least=1)
    rows = fields.need_objects("acceptedItemQuantity")
    return ProcessWish(
        id=return_id,
        accepted=_quantities(fields, rows, "acceptedItemQuantity", "quantityAccepted", least=0),
        reduction=fields.number("returnReductionOverride"),
    )


def _quantities(fields: Fields, rows: tuple[Fields, ...], where: str, name: str, *, least: int) -> dict[int, int]:
    found: dict[int, int] = {}
    for row in rows:
        item = row.need_whole("orderItemID", least=1)
        if item in found:
            raise fields.invalid(where, "must name each item once")
        found[item] = row.need_whole(name, least=least)
    return found
