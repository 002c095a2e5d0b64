"""The port: what a simulation has to be told about a provider. Yours is a subclass of `Scenario`, some 40 lines.

    class Coffee(Scenario):
        def open(self, verbs, order_id, draw):
            return verbs.checkout(order_id, draw.pick(BASKETS), buyer=GUEST)

        def next(self, verbs, order, draw):
            trigger = draw.pick(sorted(order.allowed)) if order.allowed else None
            return None if trigger is None else getattr(verbs, trigger)(order, why="simulated")

        def agrees(self, order):
            return self.model.states(order.id)[-1:] == STATES[order.state]

    simulate(provider, lambda clock: BeanboxModel(clock), scenario=Coffee, orders=1_000, seed=1)

May live here: the port. May not: a provider's name.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar, Final, Protocol, TypeAlias

from stampcard.model import AnyOrder, Site
from stampcard.recovery import OfflinePolicy
from stampcard.simulate.chance import Draw
from stampcard.step.effects import Step
from stampcard.wire import Request

__all__ = ["Answer", "Clock", "Make", "Scenario", "Served", "Wish"]

Clock: TypeAlias = Callable[[], Any]
"""The simulated wall clock: aware, UTC."""
Wish: TypeAlias = "Step[Any]"
"""A verb's bare step, or a step of your own made of several."""
_NOTHING: Final[Mapping[str, float]] = {}


class Answer(Protocol):
    """What a model answers: any object with these three."""

    @property
    def status(self) -> int: ...
    @property
    def headers(self) -> Any: ...
    @property
    def body(self) -> bytes: ...


class Served(Protocol):
    """A provider in memory: any `stampcard.adapter.Model`, and a sandbox's, which knows no class of the engine."""

    def handle(self, request: Request, /) -> Answer:
        """Any request, any bytes: an answer, never an exception."""
        ...

    def unbalanced(self) -> tuple[str, ...]:
        """Sentences for every ledger whose books do not balance."""
        ...


class Scenario(ABC):
    """One world: a provider with the switches this world drew, its model, and what people do there.

    Everything a scenario draws comes from the `Draw` it is given: then the same seed is the same run.
    """

    shops: int = 2
    """Journals at most: shops that do not know of each other, with customers who go to both."""
    pays: bool = False
    """The tills have a terminal: some of its sales are paid with `pay`."""
    sure_reversals: bool = False
    """The terminal gives money back without fail: else a person may have to look, as the design says."""
    offline: OfflinePolicy | None = None
    """What may wait while the provider is away, at about half of the tills; None: nothing, at any."""
    not_twice: frozenset[str] = frozenset()
    """Triggers the provider itself does twice when the network delivers a request twice: no till can help that."""

    in_turn: frozenset[str] = frozenset()
    """Triggers whose calls land when they are made, or never: where one that lands after a later one would undo it."""

    punctual: bool = False
    """Every call lands within its late window, or never. Else one that may be repeated under its own key may land an
    hour late: that does no harm, unless something is looked at once and for all when the window is over."""

    quiet: ClassVar[Mapping[str, float]] = _NOTHING
    """Operations whose first calls meet less trouble than others': so many of 1. What leads to all the others is called
    most of all; with half of its calls troubled, fewer orders come to where the others are called."""
    longest_trouble: int = 99
    """Calls of an order, one after the other, that may stay unanswered: then one gets through."""

    def __init__(self, provider: Any, model: Any) -> None:
        self.provider = provider
        self.model = model

    @property
    def mode(self) -> str:
        """How this world's provider was drawn, in a few words: orders handed to a person are told by it."""
        return "any"

    # what people do

    @abstractmethod
    def open(self, verbs: Any, order_id: str, draw: Draw) -> Wish:
        """Open an order."""

    @abstractmethod
    def next(self, verbs: Any, order: AnyOrder, draw: Draw) -> Wish | None:
        """What is wished of this order next; None: nothing more. Called again with an equal draw, it says the same.

        An order in doubt comes here too: `order.allowed` says what may be done all the same.
        """

    opening: tuple[str, ...] = ()
    """Triggers that may open an order: for the enumerated world."""

    def ready(self, verbs: Any) -> Wish | None:
        """For the enumerated world: what is asked before anything can go wrong (a member's rewards)."""
        return None

    def ways(self, trigger: str) -> tuple[str, ...]:
        """For the enumerated world: the ways this trigger may end there, a word each; "" for the plain one."""
        return ("",)

    def waits(self, trigger: str) -> float:
        """For the enumerated world: seconds that have to pass before this trigger can be fired."""
        return 0.0

    def fire(self, verbs: Any, order: AnyOrder | str, trigger: str, way: str) -> Wish:
        """For the enumerated world: this very trigger, so that it ends that way, always with the same input."""
        raise NotImplementedError("say how each trigger is fired, to have every path of the lifecycle tried")

    def provider_acts(self, order: AnyOrder, draw: Draw) -> None:  # noqa: B027  most providers do nothing by themselves
        """Whatever a provider does by itself to an order: approve it, deliver it. Nothing, unless you say."""

    def restarted(self) -> None:  # noqa: B027  most providers keep everything
        """The provider was restarted: what it keeps in memory only (sessions, tokens) is gone."""

    # what has to hold

    @abstractmethod
    def agrees(self, order: AnyOrder) -> bool:
        """Whether the provider holds of this settled order what the engine says."""

    def conserved(self, orders: Sequence[AnyOrder]) -> Iterable[str]:
        """A sentence for everything twice, lost or unasked for, in a world at rest. orders: of every shop."""
        return ()

    def reason(self, order: AnyOrder, said: str) -> str | None:
        """The name of the rule by which a person has to look at this order; None: it should have been settled.

        Every order may, under the words it was escalated with, unless you say.
        """
        return said

    # names

    def asks(self, request: Request) -> bool:
        """Whether this request, which looks like a step's, is but a question: repeating it changes nothing."""
        return False

    @property
    def site(self) -> Site:
        """Where the tills stand."""
        return Site(store="999999")

    def names(self, request: Request) -> tuple[str | None, str | None]:
        """(provider, trigger) of a request; a question goes by its own name."""
        return None, None


Make: TypeAlias = Callable[[Draw, Clock], Scenario]
"""A world's scenario: provider, switches and all, drawn."""
