"""Spendgo's adapter keeps the contract every adapter keeps."""

from __future__ import annotations

from pathlib import Path

from tests.adapters.spendgo import orders as o
from tests.adapters.spendgo.test_replies import REWARDS

from stampcard.model import GUEST
from stampcard.testing.adapter_contract import AdapterContract, Example, Sample
from stampcard_adapters.spendgo import SpendgoAdapter


class TestSpendgo(AdapterContract):
    samples = Path(__file__).parents[1] / "samples" / "spendgo"
    required = {
        "checkout": ("transaction.status",),
        "place": ("transaction.status",),
        "bill": ("transaction.status",),
        "complete": ("transaction.status",),
        "void": ("transaction.status",),
        "refund": ("transaction.status",),
    }
    secrets = ("a-top-secret",)

    def adapter(self) -> SpendgoAdapter:
        return o.adapter()

    def example(self, sample: Sample) -> Example:
        buyer = GUEST if sample.case["guest"] else o.MEMBER
        order, command = o.step(sample.trigger, using=REWARDS[sample.case["reward"]], buyer=buyer)
        return Example(order=order, command=command)
