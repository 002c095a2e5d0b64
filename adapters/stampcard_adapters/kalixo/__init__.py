"""Kalixo: gift cards and digital codes ordered from a catalogue; both of its published versions.

    kalixo = till.use(Kalixo.from_env(os.environ))

May live here: names. The rooms: `settings` (what you configure), `values` (what you get), `verbs` (what you do),
`requests` and `replies` (the order calls), `refusals` (its noes), `queries` (catalogue, wallet, the codes themselves),
`recovery` (a lost reply), `login` (credentials on a request), `adapter`. It imports `stampcard` and nothing of another
provider's, and is held to the provider's fact sheet, whose sections the comments name.
"""

from stampcard_adapters.kalixo.adapter import KalixoAdapter
from stampcard_adapters.kalixo.login import ApiKeyAuth, KalixoLogin
from stampcard_adapters.kalixo.queries import codes_query, ping_query, product_query, products_query, wallet_query
from stampcard_adapters.kalixo.settings import Kalixo, KalixoKeys, Switches
from stampcard_adapters.kalixo.values import (
    Delivered,
    GiftCode,
    Item,
    KalixoFacts,
    KalixoOrder,
    PlaceCodes,
    Product,
    ProductPage,
)
from stampcard_adapters.kalixo.verbs import AsyncKalixoTill, KalixoTill, KalixoVerbs

__all__ = [
    "ApiKeyAuth",
    "AsyncKalixoTill",
    "Delivered",
    "GiftCode",
    "Item",
    "Kalixo",
    "KalixoAdapter",
    "KalixoFacts",
    "KalixoKeys",
    "KalixoLogin",
    "KalixoOrder",
    "KalixoTill",
    "KalixoVerbs",
    "PlaceCodes",
    "Product",
    "ProductPage",
    "Switches",
    "codes_query",
    "ping_query",
    "product_query",
    "products_query",
    "wallet_query",
]
