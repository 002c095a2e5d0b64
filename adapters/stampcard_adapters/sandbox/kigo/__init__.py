"""Kigo in memory: partner calls in, Kigo's own answers out, with ledgers whose books must balance.

May live here: the public names. May not: logic.
"""

from .ledgers import Row
from .model import KigoModel
from .paths import CLAIM_PATH, LOOKUP_PATH, ORDER_PATH
from .switches import Switches
from .tenants import Product, Tenant, TenantsError, default_tenants, read_tenants, tenants_from_json

__all__ = [
    "CLAIM_PATH",
    "LOOKUP_PATH",
    "ORDER_PATH",
    "KigoModel",
    "Product",
    "Row",
    "Switches",
    "Tenant",
    "TenantsError",
    "default_tenants",
    "read_tenants",
    "tenants_from_json",
]
