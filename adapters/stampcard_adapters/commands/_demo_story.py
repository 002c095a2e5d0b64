"""What every story of the demo is told with: its stage, its acts with the provider's ledger around them, its steps.

May live here: what all stories share, whichever provider they are about. May not: a provider's name, layout, options.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final, Generic, TypeVar

import attrs

from stampcard import InDoubtError, NeedsHumanError, Site, StampcardError, Till
from stampcard.model import AnyOrder
from stampcard_adapters.commands._demo_screen import Balances, Screen
from stampcard_adapters.commands._demo_wire import Overheard
from stampcard_adapters.sandbox.app import sandbox_app
from stampcard_adapters.sandbox.http import Model
from stampcard_adapters.sandbox.jsontext import Json
from stampcard_adapters.sandbox.serve import serve

__all__ = ["Stage", "Story", "Told", "ToldWrongError", "counted", "staged", "tenant"]

OrderT = TypeVar("OrderT", bound=AnyOrder)
T = TypeVar("T")

_SITE: Final = Site(store="999999", register="7")


class ToldWrongError(Exception):
    """Something went differently than told."""


@attrs.frozen(kw_only=True)
class Told:
    """What a story leaves behind. orders: the first is the one to look closer at. unbalanced: books that do not."""

    orders: tuple[str, ...]
    calls: int
    unbalanced: tuple[str, ...]


@attrs.frozen(kw_only=True)
class Stage:
    """Where a story is played: a till, and a provider at `url` whose every call is overheard."""

    screen: Screen
    heard: Overheard
    till: Till
    url: str


@contextmanager
def staged(
    screen: Screen, journal: Path, heard: Overheard, *, name: str, about: str, cashier: str, serves: str, note: str
) -> Generator[Stage]:
    """Serve the provider on loopback, open the till, and say what this is. serves: what the local provider does."""
    with serve(sandbox_app(heard)) as url, Till(journal, site=_SITE) as till:
        screen.opening(
            f"stampcard demo: {name}",
            about,
            [
                ("the till", f"a real Till: store {_SITE.store}, register {_SITE.register}, {cashier} at the counter"),
                ("the provider", f"a local {name} at {url} {serves}"),
                ("the journal", str(journal)),
            ],
            "Requests and answers are shown as they came over the socket, what is secret in them as ***. " + note,
        )
        yield Stage(screen=screen, heard=heard, till=till, url=url)


def tenant(model: Model, name: str) -> dict[str, Json]:
    """The sandbox's own keys and cards, as an integrator would copy them from its ready line."""
    found = model.tenants()[name]
    if not isinstance(found, dict):
        raise ToldWrongError("the sandbox describes its tenant")
    return found


def counted(things: Sequence[object], name: str) -> str:
    """ "1 code", "2 codes"."""
    return f"{len(things)} {name}{'' if len(things) == 1 else 's'}"


class Story(ABC, Generic[OrderT]):
    """A story's acts are its own; how an act and a step are told is here. names: of ledger accounts, to read."""

    def __init__(self, stage: Stage, names: Mapping[str, str] | None = None) -> None:
        self._screen = stage.screen
        self._heard = stage.heard
        self._till = stage.till
        self._names = dict(names or {})
        self._orders: list[str] = []
        self._acts = 0

    @abstractmethod
    def tell(self) -> Told:
        """The whole story. Raises ToldWrongError, StampcardError."""

    @abstractmethod
    def _balances(self) -> Balances:
        """From the provider's own ledger, not from what it answers."""

    @abstractmethod
    def _more(self, verb: str, order: OrderT) -> list[tuple[str, str]]:
        """What is worth showing of this order after this verb."""

    def _told(self) -> Told:
        return Told(orders=tuple(self._orders), calls=self._heard.count, unbalanced=self._heard.unbalanced())

    @contextmanager
    def _act(self, title: str, words: str) -> Generator[Balances]:
        """Gives what the act moved; filled in when it is over."""
        self._acts += 1
        self._screen.act(self._acts, title, words)
        before, moved = self._balances(), Balances()
        yield moved
        after = self._balances()
        moved.update(_moved(before, after))
        self._screen.ledger(before, after, self._names)

    def _id(self, ticket: str) -> str:
        """Of an order that may be refused before it is opened."""
        return self._till.order_id(ticket=ticket, day=datetime.now().astimezone().date())

    def _new(self, ticket: str) -> str:
        order_id = self._id(ticket)
        self._orders.append(order_id)
        return order_id

    def _order(self, verb: str, words: str, state: str, act: Callable[[], OrderT], *, calls: int = 1) -> OrderT:
        """A step that moves an order, and where it has to end."""
        self._screen.step(verb, words)
        order = act()
        self._show(calls)
        more = [("replayed", "the recorded answer, given again")] if order.replayed else []
        more += self._more(verb, order)
        more.append(
            ("allowed now", _allowed(order.allowed) or ("nothing, this is final" if order.final else "nothing"))
        )
        self._screen.result(order.state.value, order.cashier, more)
        self._must(order.state.value == state and order.doubt is None, f"{verb} ends in '{state}'")
        return order

    def _ask(
        self, verb: str, words: str, ask: Callable[[], T], said: Callable[[T], tuple[str, str]], *, calls: int = 1
    ) -> T:
        """A step that only asks."""
        self._screen.step(verb, words)
        answer = ask()
        self._show(calls)
        self._screen.result(*said(answer))
        return answer

    def _refused(
        self, verb: str, words: str, act: Callable[[], object], kind: type[StampcardError], *, calls: int = 0
    ) -> None:
        """A step that has to end in this error."""
        self._screen.step(verb, words)
        try:
            act()
        except kind as error:
            self._show(calls)
            more = [("code", error.code), ("for the log", error.detail)]
            if isinstance(error, NeedsHumanError):
                more.append(("find out", error.check))
            if error.state is not None:  # of an order in the journal
                more.append(("allowed now", _allowed(error.allowed) or "nothing"))
            self._screen.refusal(type(error).__name__, error.cashier, more)
        else:
            raise ToldWrongError(f"{verb} was to be refused, and was done")

    def _lost(
        self,
        verb: str,
        words: str,
        act: Callable[[], object],
        kind: type[StampcardError] = InDoubtError,
        *,
        calls: int = 1,
    ) -> None:
        """A step the provider takes, and whose answer a gateway loses."""
        self._screen.aside("Between the till and the provider: a gateway will lose the next answer.")
        before = self._balances()
        self._heard.lose_next()
        self._refused(verb, words, act, kind, calls=calls)
        moved = _moved(before, self._balances())
        said = ", ".join(f"{self._names.get(name, name)} {by:+}" for name, by in moved.items() if by)
        self._must(bool(said), f"the provider did '{verb}', and only its answer was lost")
        self._screen.aside(f"At the provider it is done. Its ledger: {said}.")

    def _show(self, calls: int) -> None:
        heard = self._heard.taken()
        self._must(len(heard) == calls, f"{calls} call(s) for this step, not {len(heard)}")
        for exchange in heard:
            self._screen.exchange(exchange)
        if not heard:
            self._screen.nothing_sent()

    def _must(self, holds: bool, what: str) -> None:
        if not holds:
            raise ToldWrongError(what)


def _allowed(verbs: frozenset[str]) -> str:
    return ", ".join(sorted(verbs))


def _moved(before: Balances, after: Balances) -> Balances:
    return {account: after[account] - before[account] for account in after}
