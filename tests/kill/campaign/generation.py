"""One world of a campaign: a provider, a few journals, and tills that are killed one after the other; then the audit.

May live here: the rounds, and what is checked after each. May not: how a process is started, what a check is.
"""

from __future__ import annotations

import shutil
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import attrs
from tests.kill.campaign.cuts import Held, LostError, WrongError, aside, cut, held, kept, sound
from tests.kill.campaign.processes import Gateway, Nursery, ProviderProcess, TillProcess
from tests.kill.campaign.till import Job
from tests.kill.campaign.where import Hit, Victim, hit

from stampcard.simulate import Draw

__all__ = ["Outcome", "generation"]

_ROUNDS: Final = (
    "sell", "two", "recover", "late", "gateway", "rush", "sell", "opening", "bad", "recover", "late", "sell",
    "two", "rush", "new", "bad", "recover", "sell", "gateway", "late", "sell",
)  # fmt: skip
_PACES: Final = {"rush": "fast", "late": "late", "bad": "bad"}
_LONGEST: Final = {"sell": 1.4, "two": 1.2, "recover": 0.9, "gateway": 1.2, "rush": 0.6, "bad": 1.2, "late": 1.4}
"""Seconds within which the kill comes, from when the journal was open; while opening it: from before that."""
_OPENING: Final = 0.12
_LATER: Final = (130.0, 130.0, 700.0)
_CUTS: Final = 3
_KNOWN: Final = 8
_PASSES: Final = 20
_PATIENT: Final = 700.0
"""Seconds between two passes at the end: every late window is over, and whatever was tried is due again."""


@attrs.define
class Outcome:
    """Sums over kills and worlds."""

    kills: int = 0
    hits: Counter[Hit] = attrs.field(factory=Counter[Hit])
    rounds: Counter[str] = attrs.field(factory=Counter[str])
    gateways: int = 0
    cuts: Counter[str] = attrs.field(factory=Counter[str])
    orders: Counter[str] = attrs.field(factory=Counter[str])
    states: Counter[str] = attrs.field(factory=Counter[str])
    told: int = 0
    recovered: Counter[str] = attrs.field(factory=Counter[str])
    escalated: Counter[str] = attrs.field(factory=Counter[str])
    tills: Counter[str] = attrs.field(factory=Counter[str])
    wrong: list[tuple[str, str]] = attrs.field(factory=list[tuple[str, str]])
    """(lost, doubled, unbalanced, broken or open; what)."""

    def add(self, other: Outcome) -> None:
        for field in attrs.fields(Outcome):
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))


def generation(seed: int, kills: int, folder: Path, killed: Callable[[int], None]) -> Outcome:
    """So many kills in one world, and the audit. What is wrong is in the outcome; then the folder is kept."""
    world = _World(seed, folder, killed)
    try:
        world.run(kills)
    except WrongError as wrong:
        kind = "lost" if isinstance(wrong, LostError) else "broken"
        world.outcome.wrong.append((kind, f"seed {seed}, round {world.round}, {folder}: {wrong}"))
    finally:
        world.close()
    if not world.outcome.wrong:
        shutil.rmtree(folder)
    return world.outcome


@attrs.define
class _Shop:
    """One journal, what cashiers at it were told, and its orders: id -> provider, the latest last."""

    journal: Path
    told: dict[str, dict[int, str]] = attrs.field(factory=dict[str, dict[int, str]])
    orders: dict[str, str] = attrs.field(factory=dict[str, str])

    def hear(self, said: Any) -> None:
        for line in said:
            if "will" in line:
                self.orders.pop(line["will"], None)
                self.orders[line["will"]] = line["provider"]
            elif "told" in line:
                self.told.setdefault(line["told"], {})[line["version"]] = line["state"]


class _World:
    def __init__(self, seed: int, folder: Path, killed: Callable[[int], None]) -> None:
        folder.mkdir(parents=True)
        self.seed, self.folder, self._killed = seed, folder, killed
        self.outcome = Outcome()
        self.round = 0
        self._draw = Draw(seed, 7)
        self._ahead = 0.0
        self._tills = 0
        self._shops = [_Shop(folder / "till.db")]
        self._nursery = Nursery(folder / "errors.txt")
        self._provider = ProviderProcess(self._nursery, seed)
        self._gateway = Gateway(self._provider.port)
        self._started: list[TillProcess] = []

    def close(self) -> None:
        for one in self._started:
            one.close()
        self._gateway.kill()
        self._provider.close()
        self._nursery.close()

    def run(self, kills: int) -> None:
        """Raises WrongError."""
        while self.outcome.kills < kills:
            kind = _ROUNDS[self.round % len(_ROUNDS)]
            if kind == "two" and self.outcome.kills + 2 > kills:
                kind = "sell"
            self.round += 1
            self._one(kind)
        self._settle()
        self._audit()

    # a round

    def _one(self, kind: str) -> None:
        draw = self._draw
        if kind == "recover" or draw.chance(0.2):
            self._later(draw.pick(_LATER))
        if kind == "new":
            self._shops.append(_Shop(self.folder / f"till{len(self._shops)}.db"))
        shop = self._shops[-1] if kind == "new" else draw.pick((self._shops[0], *self._shops))
        self._provider.ask("pace", pace=_PACES.get(kind, "slow"))
        since = time.monotonic()
        tills = [self._till(kind, shop) for _ in range(2 if kind == "two" else 1)]
        victims = self._kill(kind, tills)
        for victim in victims:
            shop.hear(victim.said)
        self.outcome.rounds[kind] += len(victims)
        whole = self._look(shop)
        calls = self._provider.ask("calls", since=since)
        for victim in victims:
            self.outcome.hits[hit(victim, whole.records, calls)] += 1
            self.outcome.kills += 1
        self._killed(len(victims))

    def _till(self, kind: str, shop: _Shop) -> TillProcess:
        """A till at work: past the opening of its journal, except where that is when it is to be killed."""
        draw = self._draw
        till = self._fresh()
        self._tills += 1
        awaited = draw.chance(0.3)
        job = Job(
            journal=str(shop.journal),
            url=self._gateway.url,
            seed=self.seed,
            number=self._tills,
            shop=min(1, self._shops.index(shop)),
            ahead=self._ahead,
            known=tuple((name, order_id) for order_id, name in list(shop.orders.items())[-_KNOWN:]),
            lanes=(4 if awaited else 2) if kind == "bad" or draw.chance(0.25) else 1,
            awaited=awaited,
            patience=0.1 if kind == "late" or draw.chance(0.15) else 3.0,
            first=kind == "recover",
            background=kind != "recover" and draw.chance(0.7),
        )
        self.outcome.tills["AsyncTill" if awaited else "Till"] += 1
        till.begin(job)
        return till

    def _kill(self, kind: str, tills: list[TillProcess]) -> list[Victim]:
        draw = self._draw
        if kind in ("opening", "new"):
            for till in tills:
                till.wait_for("opening")
            time.sleep(draw.between(0.0, _OPENING))
            return [till.dies() for till in tills]
        for till in tills:
            till.wait_for("open")
        longest = _LONGEST[kind]
        if kind == "gateway":
            time.sleep(draw.between(0.0, longest))
            self._restart()
        victims: list[Victim] = []
        moments = sorted(draw.between(0.0, longest) for _ in tills)
        begun = time.monotonic()
        for till, moment in zip(tills, moments, strict=True):
            time.sleep(max(0.0, begun + moment - time.monotonic()))
            victims.append(till.dies())
        return victims

    def _restart(self) -> None:
        """Kill what stands before the books; for a moment nobody listens; then it is back at the same port."""
        self._gateway.kill()
        self.outcome.gateways += 1
        time.sleep(self._draw.between(0.0, 0.3))
        self._gateway = Gateway(self._provider.port, port=self._gateway.port)

    def _look(self, shop: _Shop) -> Held:
        """The file as the killed left it: sound, whole, and with everything that was told; then what if it were cut."""
        if not shop.journal.exists():
            return Held((), {})
        with aside(shop.journal, self.folder / "aside") as back:
            if shop.told:  # else it may have been killed before there was a journal at all
                sound(shop.journal)
            whole = held(shop.journal)
            sound(shop.journal)
            kept(whole, shop.told)
            for _ in range(_CUTS if whole.entries else 0):
                back()
                self.outcome.cuts[cut(shop.journal, whole, shop.told, self._draw)] += 1
        return whole

    # time

    def _later(self, seconds: float) -> None:
        """Time passes: for the provider, and for every till that starts from now on. Nothing is under way then."""
        self._provider.quiet()
        self._provider.ask("ahead", seconds=seconds)
        self._ahead += seconds

    # the end

    def _settle(self) -> None:
        """Nothing goes wrong any more: new processes recover, until nothing is left that is not a person's."""
        self._provider.ask("pace", pace="fast")
        left = list(self._shops)
        for _ in range(_PASSES):
            self._later(_PATIENT)
            left = [shop for shop in left if self._passes(shop)]
            if not left:
                break
        else:
            raise WrongError(f"something is open after {_PASSES} passes: {self._nursery.errors()}")
        for shop in self._shops:  # time has passed since: a look at what providers have moved
            self._passes(shop)
            kept(held(shop.journal), shop.told)

    def _passes(self, shop: _Shop) -> bool:
        """One pass in a process of its own. True when something is still open."""
        till = self._fresh()
        till.begin(self._settling(shop))
        till.ends()
        shop.hear(till.said)
        last = next(line for line in till.said if "settled" in line)
        return bool(last["open"] or last["left"])

    def _settling(self, shop: _Shop) -> Job:
        self._tills += 1
        return Job(
            journal=str(shop.journal),
            url=self._gateway.url,
            seed=self.seed,
            number=self._tills,
            shop=min(1, self._shops.index(shop)),
            ahead=self._ahead,
            known=tuple((name, order_id) for order_id, name in shop.orders.items()),
            background=False,
            settle=True,
        )

    def _audit(self) -> None:
        found = self._provider.ask("audit", journals=[str(shop.journal) for shop in self._shops])
        self.outcome.orders.update(found["orders"])
        self.outcome.states.update(found["states"])
        self.outcome.escalated.update(found["escalated"])
        self.outcome.recovered.update(found["recovered"])
        self.outcome.told += sum(len(versions) for shop in self._shops for versions in shop.told.values())
        wrong = [(kind, said) for kind, sentences in found["wrong"].items() for said in sentences]
        self.outcome.wrong += [(kind, f"seed {self.seed}, {self.folder}: {said}") for kind, said in wrong]

    # processes

    def _fresh(self) -> TillProcess:
        till = TillProcess(self._nursery)
        self._started.append(till)
        return till
