"""The order engine a point of sale embeds: what is allowed now, carried out once, written down before and after.

    with Till("pos.db", site=Site(store="0042", register="7")) as till:
        spendgo = till.use(Spendgo.from_env(os.environ))
        order = spendgo.checkout(till.order_id(ticket="417", day=date.today()), basket, buyer=member, reward=reward)

This is what a POS imports. Who writes a provider imports `stampcard.adapter`, `.verbs`, `.step`, `.signing`, `.wire`.
"""

from typing import TYPE_CHECKING

from stampcard.errors import (
    ChargeFailedError,
    ConfigurationError,
    ConflictError,
    DeclinedError,
    InDoubtError,
    JournalError,
    NeedsHumanError,
    Next,
    NotAllowedError,
    NotSentError,
    StampcardError,
    UnavailableError,
    UnknownOrderError,
    UnsupportedError,
)
from stampcard.journal.contract import Journal
from stampcard.lifecycles import AuthorizationState, FulfilmentState, PurchaseState, RedemptionState
from stampcard.model import (
    GUEST,
    Address,
    AnyOrder,
    Basket,
    CardBrand,
    Channel,
    Doubt,
    Entry,
    EntryKind,
    Environment,
    Expected,
    Facts,
    Guest,
    Handover,
    Line,
    Member,
    Modifier,
    Money,
    Order,
    Possible,
    Refusal,
    Reward,
    Secret,
    Site,
    Tender,
    TenderKind,
    Totals,
)
from stampcard.payment import (
    AsyncCharges,
    ChargeAttempt,
    ChargePending,
    ChargeResult,
    Charges,
    ChargeUnknown,
    NotReversed,
    NotTaken,
    ReversalResult,
    Reversed,
    Taken,
)
from stampcard.reconciliation import Compared, Comparison, PossibleHold, ReconciliationReport, Tally, Unsettled, Untold
from stampcard.recovery import (
    Escalation,
    LeftAlone,
    OfflinePolicy,
    QueueStatus,
    Recovered,
    RecoveryReport,
    Settled,
    Verdict,
)
from stampcard.sealed import Sealed, SealKey
from stampcard.till import AsyncTill, Till

__all__ = [
    "GUEST",
    "Address",
    "AnyOrder",
    "AsyncCharges",
    "AsyncTill",
    "AuthorizationState",
    "Basket",
    "CardBrand",
    "Channel",
    "ChargeAttempt",
    "ChargeFailedError",
    "ChargePending",
    "ChargeResult",
    "ChargeUnknown",
    "Charges",
    "Compared",
    "Comparison",
    "ConfigurationError",
    "ConflictError",
    "DeclinedError",
    "Doubt",
    "Entry",
    "EntryKind",
    "Environment",
    "Escalation",
    "Expected",
    "Facts",
    "FulfilmentState",
    "Guest",
    "Handover",
    "InDoubtError",
    "Journal",
    "JournalError",
    "LeftAlone",
    "Line",
    "Member",
    "Modifier",
    "Money",
    "NeedsHumanError",
    "Next",
    "NotAllowedError",
    "NotReversed",
    "NotSentError",
    "NotTaken",
    "OfflinePolicy",
    "Order",
    "Possible",
    "PossibleHold",
    "PurchaseState",
    "QueueStatus",
    "ReconciliationReport",
    "Recovered",
    "RecoveryReport",
    "RedemptionState",
    "Refusal",
    "ReversalResult",
    "Reversed",
    "Reward",
    "SealKey",
    "Sealed",
    "Secret",
    "Settled",
    "Site",
    "StampcardError",
    "Taken",
    "Tally",
    "Tender",
    "TenderKind",
    "Till",
    "Totals",
    "UnavailableError",
    "UnknownOrderError",
    "Unsettled",
    "UnsupportedError",
    "Untold",
    "Verdict",
]

if TYPE_CHECKING:
    __version__: str


def __getattr__(name: str) -> str:
    if name == "__version__":  # read when asked for: looking it up costs more than the rest of the import
        from importlib.metadata import version

        return version("stampcard")
    raise AttributeError(f"module 'stampcard' has no attribute {name!r}")
