"""Kibo OMS v2 in memory: tokens, authorizations and orders, with a ledger of authorizations that must balance.

May live here: the public names. May not: logic.
"""

from .authorizations import Authorization
from .cards import ACCEPTED, DECLINED, UNREACHABLE
from .ledger import Row, Sums
from .model import Hold, KiboModel
from .shapes import ELEVEN, Shape
from .switches import Switches
from .tenants import NoTenantError, Tenant, TenantsError, default_tenants, read_tenants, tenants_from_json

__all__ = [
    "ACCEPTED",
    "DECLINED",
    "ELEVEN",
    "UNREACHABLE",
    "Authorization",
    "Hold",
    "KiboModel",
    "NoTenantError",
    "Row",
    "Shape",
    "Sums",
    "Switches",
    "Tenant",
    "TenantsError",
    "default_tenants",
    "read_tenants",
    "tenants_from_json",
]
