"""Kalixo in memory, v1 and v2 over one account: calls in, Kalixo's own answers out, with books that must balance.

May live here: the public names. May not: logic.
"""

from .ledgers import Row
from .model import CORRELATION, KalixoModel
from .orders import Order
from .products import Product
from .switches import Switches
from .tenants import Stocked, Tenant, TenantsError, default_tenants, read_tenants, tenants_from_json

__all__ = [
    "CORRELATION",
    "KalixoModel",
    "Order",
    "Product",
    "Row",
    "Stocked",
    "Switches",
    "Tenant",
    "TenantsError",
    "default_tenants",
    "read_tenants",
    "tenants_from_json",
]
