"""Spendgo in memory: signed calls in, Spendgo's own answers out, with ledgers whose books must balance.

May live here: the public names. May not: logic.
"""

from .ledgers import Row
from .members import Member
from .model import SpendgoModel
from .pricing import Offer
from .signature import Key, sign
from .switches import Switches
from .tenants import Opening, Program, Tenant, TenantsError, default_tenants, program, read_tenants, tenants_from_json

__all__ = [
    "Key",
    "Member",
    "Offer",
    "Opening",
    "Program",
    "Row",
    "SpendgoModel",
    "Switches",
    "Tenant",
    "TenantsError",
    "default_tenants",
    "program",
    "read_tenants",
    "sign",
    "tenants_from_json",
]
