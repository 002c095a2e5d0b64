"""A lost reply: the same order again under the same partner, and a no to that is for a person."""

from __future__ import annotations

from typing import Any

import pytest
from tests.adapters.kigo import orders as o

from stampcard.adapter import Declined, Escalate, Evidence, Repeat, Resend
from stampcard.model import Secret
from stampcard_adapters.kigo import KigoAdapter, KigoKeys


@pytest.mark.parametrize("age", [0.0, 119.0, 121.0, 10.0**7])
@pytest.mark.parametrize("attempts", [1, 5])
def test_it_is_sent_again_however_long_ago(age: float, attempts: int) -> None:
    """A repeat is the same order: it may also overtake a first send that still is in the network."""
    advice = o.adapter().recover(o.order(), o.place(), Evidence(attempts=attempts, age=age))
    assert advice == Resend()


@pytest.mark.parametrize("code", ["product.unknown", "order.refused", "order.already_used"])
@pytest.mark.parametrize("age", [0.0, 500.0])
def test_a_no_to_a_repeat_is_for_a_person(code: str, age: float) -> None:
    told = Evidence(attempts=2, age=age, answer=Declined(code=code, message="No."))
    advice = o.adapter().recover(o.order(), o.place(), told)
    assert isinstance(advice, Escalate)
    assert code in advice.reason
    assert o.ID in advice.check


def test_under_another_partner_id_the_same_order_would_be_a_second_one() -> None:
    moved = KigoAdapter(o.kigo(keys=KigoKeys(partner_id="another", api_key=Secret(o.API_KEY))))
    advice = moved.recover(o.order(), o.place(), Evidence(attempts=1, age=1.0))
    assert isinstance(advice, Escalate)
    assert o.PARTNER in advice.check


def test_a_changed_api_key_is_no_other_partner() -> None:
    rotated = KigoAdapter(o.kigo(keys=KigoKeys(partner_id=o.PARTNER, api_key=Secret("the-next-key"))))
    assert rotated.recover(o.order(), o.place(), Evidence(attempts=1, age=1.0)) == Resend()


def test_a_tenant_that_left_the_settings_is_told_when_it_is_sent() -> None:
    def nobody(tenant: str) -> Any:
        raise KeyError(tenant)

    advice = KigoAdapter(o.kigo(keys=nobody)).recover(o.order(), o.place(), Evidence(attempts=1, age=1.0))
    assert advice == Resend()


def test_what_there_is_and_what_there_is_not() -> None:
    adapter = o.adapter(call_budget=4.0, late_window=60.0)
    assert set(adapter.policies) == {"place"}  # no observe, no cancel, no refund
    place = adapter.policies["place"]
    assert place.repeat is Repeat.SAME_KEY
    assert not any((place.effectless, place.reversible, place.deferrable, place.look_up))
    assert (place.call_budget, place.late_window) == (4.0, 60.0)
    assert adapter.look_after(o.order(), o.AT, 0) is None
