"""A whole certification at one target: the cases in their order, then the measurements, then the report.

May live here: the run, and what may not be in its report. May not: a case, an option.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from typing import Final

import attrs

from stampcard.clock import Clock, SystemClock
from stampcard.errors import StampcardError
from stampcard.model import Environment
from stampcard.till import Till
from stampcard.transport import SyncSender
from stampcard_adapters.certify.page import FailedCaseError, SkippedCaseError, judged
from stampcard_adapters.certify.report import Measurement, Report, Result
from stampcard_adapters.certify.spendgo.cases import CASES
from stampcard_adapters.certify.spendgo.desk import Desk
from stampcard_adapters.certify.spendgo.measure import measured, switches_of
from stampcard_adapters.certify.spendgo.raw import Line
from stampcard_adapters.certify.spendgo.run import Run
from stampcard_adapters.certify.spendgo.target import Target
from stampcard_adapters.spendgo.values import NAME

__all__ = ["PATIENCE", "certify"]

PATIENCE: Final = 10.0
"""Seconds a provider gets to book what it has answered 200 to. A sandbox books before it answers."""
_SHORTEST_HIDDEN: Final = 4


def _silent(_what: str) -> None:
    """Nobody watches."""


def certify(
    target: Target,
    *,
    clock: Clock | None = None,
    patience: float | None = None,
    on_start: Callable[[str], None] = _silent,
) -> Report:
    """Run every case and every measurement. on_start is told what begins. Raises nothing for what a provider does."""
    time = SystemClock() if clock is None else clock
    waits = (0.0 if target.environment is Environment.SANDBOX else PATIENCE) if patience is None else patience
    started_at = time()
    sender = SyncSender()
    # a cashier's patience would end a step before the call's own budget does
    deadline = target.settings.switches.call_budget + 2.0
    try:
        with Till(":memory:", site=target.site, deadline=deadline, clock=time) as till:
            desk = Desk(target, till, time, patience=waits)
            run = Run(desk, Line(desk, sender))
            results: list[Result] = []
            for case in CASES:
                on_start(f"case {case.number} of {len(CASES)}: {case.title}")
                results.append(judged(case, run))
            measurements = _measured(run, on_start)
    finally:
        sender.close()
    clean = partial(_clean, hidden=target.hidden)
    return Report(
        provider=NAME,
        url=target.settings.base_url,
        environment=target.environment.value,
        started_at=started_at,
        version=version("stampcard"),
        cases=tuple(attrs.evolve(r, seen=clean(r.seen), notes=clean(r.notes)) for r in results),
        measurements=tuple(attrs.evolve(m, seen=clean(m.seen)) for m in measurements),
        switches=switches_of(measurements),
    )


def _measured(run: Run, on_start: Callable[[str], None]) -> tuple[Measurement, ...]:
    try:
        return measured(run, lambda what: on_start(f"measuring: {what}"))
    except (SkippedCaseError, FailedCaseError, StampcardError, ValueError) as error:
        return (Measurement(name="all measurements", seen=f"not measured: {error}"),)


def _clean(text: str, hidden: tuple[str, ...]) -> str:
    """Without a secret or a phone number a provider may have echoed, nor anything that steers a screen."""
    for secret in hidden:
        if len(secret) >= _SHORTEST_HIDDEN:
            text = text.replace(secret, "***")
    return "".join(c if unicodedata.category(c)[0] != "C" else " " for c in text)
