"""House rule: a public name appears, changes or goes only on purpose."""

from __future__ import annotations

import inspect

import pytest

import stampcard
import stampcard.adapter
import stampcard.signing
import stampcard.step
import stampcard.wire
import stampcard_adapters.spendgo
from stampcard import AsyncTill, Till
from stampcard_adapters.spendgo import SpendgoVerbs

STAMPCARD = """
    GUEST Address AnyOrder AsyncTill AuthorizationState Basket CardBrand Channel ConfigurationError ConflictError
    DeclinedError Doubt Entry EntryKind Environment Escalation Facts FulfilmentState Guest Handover InDoubtError Journal
    JournalError LeftAlone Line Member Modifier Money NeedsHumanError Next NotAllowedError NotSentError Order Possible
    PurchaseState Recovered RecoveryReport RedemptionState Refusal Reward SealKey Sealed Secret Settled Site
    StampcardError Tender TenderKind Till Totals UnavailableError UnknownOrderError UnsupportedError Verdict
"""
TILL = """
    changes close forget forget_guest in_doubt needs_human order_id recover resolve start_recovery use
"""
ASYNC_TILL = """
    aclose changes forget forget_guest in_doubt needs_human order_id recover resolve start_recovery use
"""
SPENDGO_VERBS = """
    abandon at balance bill by checkout complete get history member order_id place recover refund rewards void wait
    within
"""


def test_what_a_pos_imports_is_pinned() -> None:
    assert sorted(stampcard.__all__) == sorted(STAMPCARD.split())


@pytest.mark.parametrize(("thing", "names"), [(Till, TILL), (AsyncTill, ASYNC_TILL), (SpendgoVerbs, SPENDGO_VERBS)])
def test_what_a_till_can_do_is_pinned(thing: type[object], names: str) -> None:
    found = {n for n in dir(thing) if not n.startswith("_")}
    assert sorted(found) == sorted(names.split())


@pytest.mark.parametrize(
    "module",
    [stampcard, stampcard.adapter, stampcard.signing, stampcard.step, stampcard.wire, stampcard_adapters.spendgo],
    ids=lambda m: m.__name__,
)
def test_every_public_name_exists_and_is_documented(module: object) -> None:
    for name in getattr(module, "__all__", ()):
        thing = getattr(module, name)
        if inspect.isclass(thing) or inspect.isfunction(thing):
            assert inspect.getdoc(thing), name


@pytest.mark.parametrize("name", SPENDGO_VERBS.split())
def test_every_verb_tells_what_it_does(name: str) -> None:
    assert inspect.getdoc(getattr(SpendgoVerbs, name))
