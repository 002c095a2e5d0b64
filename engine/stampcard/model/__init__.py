"""The domain's values: frozen, keyword-only, exact money, no I/O. Imports only the standard library and attrs."""

from stampcard.model.money import Money
from stampcard.model.order import AnyOrder, Doubt, Entry, EntryKind, Environment, Facts, Order, Ownership, Refusal, Site
from stampcard.model.sale import (
    GUEST,
    Address,
    Basket,
    CardBrand,
    Channel,
    Guest,
    Handover,
    Line,
    Member,
    Modifier,
    Reward,
    Tender,
    TenderKind,
    Totals,
)
from stampcard.model.secret import Secret

__all__ = [
    "GUEST",
    "Address",
    "AnyOrder",
    "Basket",
    "CardBrand",
    "Channel",
    "Doubt",
    "Entry",
    "EntryKind",
    "Environment",
    "Facts",
    "Guest",
    "Handover",
    "Line",
    "Member",
    "Modifier",
    "Money",
    "Order",
    "Ownership",
    "Refusal",
    "Reward",
    "Secret",
    "Site",
    "Tender",
    "TenderKind",
    "Totals",
]
