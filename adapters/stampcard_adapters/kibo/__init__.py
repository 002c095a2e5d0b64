"""Kibo's classic OMS: money held first, exactly one order made from each hold.

    kibo = till.use(Kibo.from_env(os.environ))

May live here: names. The rooms: `settings` (what you configure), `payments` and `values` (what you give), `facts` (what
you get), `verbs` (what you do), `commands` and `limits` (a wish, and what it may hold), `requests` and `replies` (the
calls), `refusals` (their noes), `recovery` (a lost reply), `access` (the token), `adapter`. It imports `stampcard` and
nothing of another provider's, and is held to the provider's fact sheet, whose sections the comments name.
"""

from stampcard_adapters.kibo.adapter import KiboAdapter
from stampcard_adapters.kibo.facts import KiboFacts, KiboOrder
from stampcard_adapters.kibo.payments import (
    AuthorizedCard,
    Card,
    CreditPlan,
    Finance,
    GiftCard,
    Issuer,
    Kind,
    NoOperation,
    Payment,
    PayPal,
    SavedCard,
    StoredMethod,
    StoredToken,
    TokenizedCard,
)
from stampcard_adapters.kibo.settings import Kibo, KiboKeys, Switches
from stampcard_adapters.kibo.values import CancelReason, Cart, Customer, CustomerStatus, CustomField, Shipping
from stampcard_adapters.kibo.verbs import AsyncKiboTill, KiboTill, KiboVerbs

__all__ = [
    "AsyncKiboTill",
    "AuthorizedCard",
    "CancelReason",
    "Card",
    "Cart",
    "CreditPlan",
    "CustomField",
    "Customer",
    "CustomerStatus",
    "Finance",
    "GiftCard",
    "Issuer",
    "Kibo",
    "KiboAdapter",
    "KiboFacts",
    "KiboKeys",
    "KiboOrder",
    "KiboTill",
    "KiboVerbs",
    "Kind",
    "NoOperation",
    "PayPal",
    "Payment",
    "SavedCard",
    "Shipping",
    "StoredMethod",
    "StoredToken",
    "Switches",
    "TokenizedCard",
]
