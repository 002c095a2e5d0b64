"""Cases 5, 6, 14 and 15: orders without a reward, and the points they bring and take.

May live here: these four. May not: a reward.
"""

from __future__ import annotations

from typing import Final

from stampcard_adapters.certify.page import Page, SkippedCaseError
from stampcard_adapters.certify.spendgo.desk import Verb
from stampcard_adapters.certify.spendgo.run import Run

__all__ = ["order_without_reward", "points_accrue", "refunded", "voided"]

_BEFORE_A_VOID: Final[tuple[tuple[Verb, ...], ...]] = ((), ("place",), ("place", "bill"))


def order_without_reward(run: Run, page: Page) -> None:
    """Case 5."""
    desk = run.desk
    desk.points_before_order = desk.points()
    order = desk.checkout(page)
    priced = desk.last
    off = priced.transaction.any("discount").number() or 0
    page.saw(f"discount {off}")
    page.check(off == 0 and priced.message is None, f"checkout applied something: {off} {priced.message or ''}".strip())
    desk.go(page, order, "place", "bill", "complete")
    desk.order_completed = True


def points_accrue(run: Run, page: Page) -> None:
    """Case 6."""
    desk, before = run.desk, run.desk.points_before_order
    if before is None or not desk.order_completed:
        raise SkippedCaseError("case 5 completed no order")
    after = desk.points_when(lambda points: points > before)
    page.saw(f"balance {before} -> {after}")
    page.check(after > before, "the balance did not go up")


def voided(run: Run, page: Page) -> None:
    """Case 14. One order for each stage it may be voided after."""
    desk = run.desk
    before = desk.points()
    for steps in _BEFORE_A_VOID:
        desk.go(page, desk.checkout(page), *steps, "void")
    after = desk.points_when(lambda points: points == before)
    page.saw(f"balance {before} -> {after}")
    page.check(after == before, "the balance is not what it was")


def refunded(run: Run, page: Page) -> None:
    """Case 15."""
    desk = run.desk
    before = desk.points()
    order = desk.go(page, desk.checkout(page), "place", "bill", "complete")
    earned = desk.points_when(lambda points: points > before)
    page.check(earned > before, "no points accrued, so none could be seen reversed")
    desk.go(page, order, "refund")
    after = desk.points_when(lambda points: points == before)
    page.saw(f"balance {before} -> {earned} -> {after}")
    page.check(after == before, "the accrued points are not reversed")
