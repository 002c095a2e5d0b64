"""What a durable `Till` step costs, beside the least anybody could write by hand.

    python benchmarks/step_overhead.py [--rounds 40] [--steps 25]

Both sides sell to the same sandbox process over loopback HTTP, with the same signed order bodies, and write to SQLite
with WAL and synchronous=FULL twice a step:

    by hand    httpx.Client.post of a signed, minified body, between two INSERT + COMMIT
    Till       spendgo.place / bill / complete, journalled, guarded and recoverable

They take turns in one run, in short rounds, so that a slow moment of the machine hits both. Printed: the median of
each, and the median of the paired ratios of the rounds. Target: at most 1.25.
"""

from __future__ import annotations

import argparse
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import msgspec

from stampcard import GUEST, Basket, Environment, Line, Money, Site, Tender, TenderKind, Till, Totals
from stampcard.signing import Key, KeyRing
from stampcard_adapters.spendgo import Spendgo, SpendgoKeys, SpendgoTill

USD = "USD"
BASKET = Basket(
    lines=tuple(
        Line(
            label=f"Item number {n}", price=Money("12.50", USD), quantity=1, product=f"SKU-{n:05}", categories=("food",)
        )
        for n in range(8)
    ),
    totals=Totals(subtotal=Money("100.00", USD), tax=Money("9.00", USD), total=Money("109.00", USD)),
)
CASH = Tender(kind=TenderKind.CASH, amount=Money("109.00", USD))
SANDBOX = "from stampcard.cli import main; import sys; sys.argv = ['stampcard', 'sandbox', '--port', '0']; main()"
STAGES = ("checkout", "placed", "billed", "completed")


def order_body(order_id: str, status: str, tenant: dict[str, Any]) -> dict[str, Any]:
    """What the Till sends too, field for field where it matters: ids, totals, lines."""
    body: dict[str, Any] = {
        "id": order_id,
        "source": "instore",
        "status": status,
        "type": "regular",
        "rendition": "onsite",
        "currency": USD,
        "vendor": tenant["store"],
        "brand": tenant["account_id"],
        "subtotal": 100,
        "tax": 9,
        "total": 109,
        "basket": {
            "posEntries": [
                {
                    "posItem": {
                        "product": f"SKU-{n:05}",
                        "label": f"Item number {n}",
                        "cost": 12.5,
                        "categories": "food",
                        "modifiers": [],
                    },
                    "quantity": 1,
                }
                for n in range(8)
            ]
        },
    }
    if status != "checkout":
        body["payments"] = {"tender": "cash", "amount": 109}
    return body


class ByHand:
    """Bare httpx and two durable writes, signed with the library's own hook (the cost of a signature is on both)."""

    def __init__(self, url: str, provider: Spendgo, tenant: dict[str, Any], folder: Path) -> None:
        self._tenant = tenant
        from stampcard_adapters.spendgo import SpendgoAdapter

        self._client = httpx.Client(base_url=url, auth=SpendgoAdapter(provider).auth(Site(store="999999")))
        self._db = sqlite3.connect(folder / "by-hand.db", isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.execute("CREATE TABLE log (id INTEGER PRIMARY KEY, order_id TEXT, kind TEXT, at REAL, body BLOB)")

    def _write(self, order_id: str, kind: str, body: bytes) -> None:
        self._db.execute("BEGIN IMMEDIATE")
        self._db.execute(
            "INSERT INTO log (order_id, kind, at, body) VALUES (?, ?, ?, ?)", (order_id, kind, time.time(), body)
        )
        self._db.execute("COMMIT")

    def order(self) -> list[float]:
        order_id, taken = f"hand-{uuid.uuid4().hex}", list[float]()
        for status in STAGES:
            start = time.perf_counter()
            body = msgspec.json.encode(order_body(order_id, status, self._tenant))
            self._write(order_id, "intent", body)
            reply = self._client.post(
                "/loyalty/accounts/guest/orders", content=body, headers={"Content-Type": "application/json"}
            )
            reply.raise_for_status()
            if reply.json()["transaction"]["status"] != status:
                raise SystemExit("the sandbox answered something else")
            self._write(order_id, "outcome", reply.content)
            taken.append(time.perf_counter() - start)
        return taken[1:]


def by_till(spendgo: SpendgoTill) -> list[float]:
    """One order through the library; the checkout that opens it is not counted, on either side."""
    order = spendgo.checkout(f"till-{uuid.uuid4().hex}", BASKET, buyer=GUEST)
    steps: list[Callable[[], Any]] = [
        lambda: spendgo.place(order, tenders=[CASH]),
        lambda: spendgo.bill(order),
        lambda: spendgo.complete(order),
    ]
    taken: list[float] = []
    for step in steps:
        start = time.perf_counter()
        order = step()
        taken.append(time.perf_counter() - start)
    return taken


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rounds", type=int, default=40)
    options.add_argument("--steps", type=int, default=25, help="orders a round, three counted steps each")
    args = options.parse_args()
    command = [sys.executable, "-c", SANDBOX]
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(command, stdout=subprocess.PIPE) as sandbox,
    ):
        assert sandbox.stdout is not None
        ready = msgspec.json.decode(sandbox.stdout.readline())
        tenant = ready["tenants"]["spendgo"]
        ring = KeyRing(current=Key.base64(tenant["api_key"], tenant["secret"]))
        provider = Spendgo(
            SpendgoKeys(account_id=tenant["account_id"], keys=ring), environment=Environment.SANDBOX, url=ready["url"]
        )
        hand = ByHand(ready["url"], provider, tenant, Path(folder))
        with Till(Path(folder) / "till.db", site=Site(store=tenant["store"])) as till:
            run(hand, till.use(provider), args.rounds, args.steps)
        sandbox.terminate()


def run(hand: ByHand, spendgo: SpendgoTill, rounds: int, orders: int) -> None:
    for _ in range(5):
        hand.order()
        by_till(spendgo)
    ratios: list[float] = []
    all_hand: list[float] = []
    all_till: list[float] = []
    for n in range(rounds):
        mine: list[float] = []
        theirs: list[float] = []
        for _ in range(orders):
            theirs += hand.order()
            mine += by_till(spendgo)
        ratios.append(statistics.median(mine) / statistics.median(theirs))
        all_hand += theirs
        all_till += mine
        print(f"\rround {n + 1}/{rounds}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    print(f"by hand: httpx + 2 commits   median {statistics.median(all_hand) * 1e6:7.0f} us a step")
    print(f"Till: one durable step       median {statistics.median(all_till) * 1e6:7.0f} us a step")
    print(
        f"ratio (median of {rounds} paired rounds)      {statistics.median(ratios):.2f}"
        f"   (quartiles {statistics.quantiles(ratios, n=4)[0]:.2f} to {statistics.quantiles(ratios, n=4)[2]:.2f})"
    )


if __name__ == "__main__":
    main()
