"""Spendgo: a purchase in four signed steps, with at most one reward of the member's.

    spendgo = till.use(Spendgo.from_env(os.environ))

May live here: names. The rooms: `settings` (what you configure), `values` (what you get), `verbs` (what you do),
`requests` and `replies` (the order call), `refusals` (its noes), `queries` (member, rewards, balance), `recovery` (a
lost reply), `lookback` (after a void from doubt), `adapter`. It imports `stampcard` and nothing of another provider's,
and is held to the provider's fact sheet, whose sections the comments name.
"""

from stampcard_adapters.spendgo.adapter import SpendgoAdapter
from stampcard_adapters.spendgo.queries import balance_query, member_query, rewards_query
from stampcard_adapters.spendgo.settings import AfterVoid, PointsLeave, Repeated, Spendgo, SpendgoKeys, Switches
from stampcard_adapters.spendgo.values import Balance, Offer, PendingMember, SpendgoFacts, SpendgoOrder, Units
from stampcard_adapters.spendgo.verbs import AsyncSpendgoTill, SpendgoTill, SpendgoVerbs

__all__ = [
    "AfterVoid",
    "AsyncSpendgoTill",
    "Balance",
    "Offer",
    "PendingMember",
    "PointsLeave",
    "Repeated",
    "Spendgo",
    "SpendgoAdapter",
    "SpendgoFacts",
    "SpendgoKeys",
    "SpendgoOrder",
    "SpendgoTill",
    "SpendgoVerbs",
    "Switches",
    "Units",
    "balance_query",
    "member_query",
    "rewards_query",
]
