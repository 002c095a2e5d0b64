"""House rule: a public name appears, changes or goes only on purpose."""

from __future__ import annotations

import inspect

import pytest

import stampcard
import stampcard.adapter
import stampcard.config
import stampcard.hooks
import stampcard.signing
import stampcard.step
import stampcard.tokens
import stampcard.wire
import stampcard_adapters.kalixo
import stampcard_adapters.kibo
import stampcard_adapters.kigo
import stampcard_adapters.sessionm
import stampcard_adapters.spendgo
from stampcard import AsyncTill, Till
from stampcard_adapters.kalixo import KalixoVerbs
from stampcard_adapters.kibo import KiboVerbs
from stampcard_adapters.kigo import KigoVerbs
from stampcard_adapters.sessionm import SessionMVerbs
from stampcard_adapters.spendgo import SpendgoVerbs

STAMPCARD = """
    Address AnyOrder AsyncCharges AsyncTill AuthorizationState Basket CardBrand Channel ChargeAttempt
    ChargeFailedError ChargePending ChargeResult ChargeUnknown Charges Compared Comparison ConfigurationError
    ConflictError DeclinedError Doubt Entry EntryKind Environment Escalation Expected Facts FulfilmentState
    GUEST Guest Handover InDoubtError Journal JournalError LeftAlone Line Member Modifier Money NeedsHumanError
    Next NotAllowedError NotReversed NotSentError NotTaken OfflinePolicy Order Possible PossibleHold
    PurchaseState QueueStatus ReconciliationReport Recovered RecoveryReport RedemptionState Refusal
    ReversalResult Reversed Reward SealKey Sealed Secret Settled Site StampcardError Taken Tally Tender
    TenderKind Till Totals UnavailableError UnknownOrderError Unsettled UnsupportedError Untold Verdict
"""
TILL = """
    changes close forget forget_guest in_doubt needs_human offline order_id reconcile recover resolve start_recovery
    switch_off switch_on use
"""
ASYNC_TILL = """
    aclose changes forget forget_guest in_doubt needs_human offline order_id reconcile recover resolve start_recovery
    switch_off switch_on use
"""
EVERY_VERB = "abandon at by get history order_id recover wait within"
VERBS = {
    SpendgoVerbs: "balance bill checkout complete member pay place refund rewards unpay void",
    SessionMVerbs: "answer approve observe offers orders points profile question redeem reject transactions",
    KalixoVerbs: "observe ping place product products reveal wallet",
    KigoVerbs: "observe place reveal",
    KiboVerbs: "authorize cancel create lapse observe parts",
}


def test_what_a_pos_imports_is_pinned() -> None:
    assert sorted(stampcard.__all__) == sorted(STAMPCARD.split())


@pytest.mark.parametrize(
    ("thing", "names"),
    [(Till, TILL), (AsyncTill, ASYNC_TILL), *((verbs, f"{EVERY_VERB} {own}") for verbs, own in VERBS.items())],
)
def test_what_a_till_can_do_is_pinned(thing: type[object], names: str) -> None:
    found = {n for n in dir(thing) if not n.startswith("_")}
    assert sorted(found) == sorted(names.split())


@pytest.mark.parametrize(
    "module",
    [
        stampcard,
        stampcard.adapter,
        stampcard.config,
        stampcard.hooks,
        stampcard.signing,
        stampcard.step,
        stampcard.tokens,
        stampcard.wire,
        stampcard_adapters.kalixo,
        stampcard_adapters.kibo,
        stampcard_adapters.kigo,
        stampcard_adapters.sessionm,
        stampcard_adapters.spendgo,
    ],
    ids=lambda m: m.__name__,
)
def test_every_public_name_exists_and_is_documented(module: object) -> None:
    for name in getattr(module, "__all__", ()):
        thing = getattr(module, name)
        if inspect.isclass(thing) or inspect.isfunction(thing):
            assert inspect.getdoc(thing), name


@pytest.mark.parametrize("verbs", VERBS, ids=lambda v: v.__name__)
def test_every_verb_tells_what_it_does(verbs: type[object]) -> None:
    for name in f"{EVERY_VERB} {VERBS[verbs]}".split():
        assert inspect.getdoc(getattr(verbs, name)), name
