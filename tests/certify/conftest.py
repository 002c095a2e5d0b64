"""Providers that are wrong in one way each, and a clock that nobody waits for."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import pytest

from stampcard_adapters.certify import Report, Result
from stampcard_adapters.certify.spendgo import Target, certify, sandbox
from stampcard_adapters.certify.spendgo.target import named_target
from stampcard_adapters.sandbox.app import sandbox_app
from stampcard_adapters.sandbox.http import RequestLike, Response
from stampcard_adapters.sandbox.serve import serve
from stampcard_adapters.sandbox.spendgo import SpendgoModel

Tamper: TypeAlias = Callable[[str, dict[str, Any], Callable[[], Response]], Response]
"""What is called, its body, and the honest answer (and effect) when asked for -> the answer given."""


def answer(status: int, body: object) -> Response:
    return Response(status=status, headers={"Content-Type": "application/json"}, body=json.dumps(body).encode())


def changed(honest: Response, change: Callable[[Any], None]) -> Response:
    body = json.loads(honest.body)
    change(body)
    return answer(honest.status, body)


class Tampered(SpendgoModel):
    """The sandbox with somebody in front of it. `asked` counts the calls."""

    def __init__(self, tamper: Tamper | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.tamper = tamper
        self.asked = 0

    def handle(self, request: RequestLike, /) -> Response:
        self.asked += 1
        if self.tamper is None:
            return super().handle(request)
        body = json.loads(request.body) if request.body else {}
        last = request.target.partition("?")[0].rpartition("/")[2]
        what = body.get("status", last) if last == "orders" else last
        return self.tamper(what, body, lambda: super(Tampered, self).handle(request))


class FakeClock:
    """Time passes only by sleeping."""

    def __init__(self) -> None:
        self.slept = 0.0

    def __call__(self) -> datetime:
        return datetime(2026, 11, 22, 12, 0, tzinfo=UTC) + timedelta(seconds=self.slept)

    def monotonic(self) -> float:
        return self.slept

    def sleep(self, seconds: float, /) -> None:
        self.slept += seconds


@contextmanager
def unarranged(model: SpendgoModel) -> Generator[Target]:
    """A model served as it is, as a foreign environment is."""
    tenant: Any = model.tenants()["spendgo"]
    with serve(sandbox_app(model)) as url:
        yield named_target(
            url=url,
            api_key=tenant["api_key"],
            secret=tenant["secret"],
            account=tenant["account_id"],
            store=tenant["store"],
            phone=tenant["members"][0]["phone"],
        )


@pytest.fixture(scope="session")
def run() -> Callable[..., Report]:
    """A certification of this model, arranged as `stampcard certify spendgo` does it."""

    def certified(model: SpendgoModel | None = None, **options: Any) -> Report:
        with sandbox(SpendgoModel() if model is None else model) as target:
            return certify(target, **options)

    return certified


@pytest.fixture(scope="session")
def honest(run) -> Report:
    """One run against the sandbox as it comes."""
    return run()


def case(report: Report, number: int) -> Result:
    return report.cases[number - 1]
