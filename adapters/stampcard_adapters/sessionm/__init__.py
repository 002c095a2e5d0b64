"""SessionM: points for a prize, taken when it is redeemed, then approved or rejected.

    sessionm = till.use(SessionM.from_env(os.environ))

May live here: names. The rooms: `settings` (what you configure), `auth` (what lets a call in), `values` (what you get),
`verbs` (what you do), `requests` and `replies` (the order's calls), `envelope` (ok or error, and the noes), `queries`
(offers, skills test, profile, orders), `recovery` (a lost reply), `adapter`. It imports `stampcard` and nothing of
another provider's, and is held to the provider's fact sheet, whose sections the comments name.
"""

from stampcard_adapters.sessionm.adapter import SessionMAdapter
from stampcard_adapters.sessionm.auth import SessionMAuth
from stampcard_adapters.sessionm.queries import (
    answer_query,
    offers_query,
    orders_query,
    profile_query,
    question_query,
    transactions_query,
)
from stampcard_adapters.sessionm.settings import SessionM, SessionMKeys, Switches
from stampcard_adapters.sessionm.values import (
    Challenge,
    ExternalUserId,
    Listed,
    Offer,
    OrderPage,
    Profile,
    Question,
    SessionMFacts,
    SessionMOrder,
    SessionMRedeem,
    Transaction,
    TransactionPage,
    User,
    UserId,
)
from stampcard_adapters.sessionm.verbs import AsyncSessionMTill, SessionMTill, SessionMVerbs

__all__ = [
    "AsyncSessionMTill",
    "Challenge",
    "ExternalUserId",
    "Listed",
    "Offer",
    "OrderPage",
    "Profile",
    "Question",
    "SessionM",
    "SessionMAdapter",
    "SessionMAuth",
    "SessionMFacts",
    "SessionMKeys",
    "SessionMOrder",
    "SessionMRedeem",
    "SessionMTill",
    "SessionMVerbs",
    "Switches",
    "Transaction",
    "TransactionPage",
    "User",
    "UserId",
    "answer_query",
    "offers_query",
    "orders_query",
    "profile_query",
    "question_query",
    "transactions_query",
]
