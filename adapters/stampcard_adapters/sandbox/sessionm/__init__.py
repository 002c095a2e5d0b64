"""SessionM's Orders API in memory: calls in, SessionM's own answers out, with ledgers whose books must balance.

May live here: the public names. May not: logic.
"""

from .challenges import Challenge, Question
from .ledgers import Row
from .model import SessionMModel
from .offers import Offer
from .orders import Order
from .switches import Switches
from .tenants import Opening, Tenant, TenantsError, default_tenants, read_tenants, tenants_from_json
from .users import User

__all__ = [
    "Challenge",
    "Offer",
    "Opening",
    "Order",
    "Question",
    "Row",
    "SessionMModel",
    "Switches",
    "Tenant",
    "TenantsError",
    "User",
    "default_tenants",
    "read_tenants",
    "tenants_from_json",
]
