"""A verb is declared once, as a step, and worn three ways: a call, a coroutine, a bare step.

`Seat` is what a till hands a provider's verbs. Which face a verb shows is a type parameter, so that a type checker
knows that `Till` verbs return and `AsyncTill` verbs are awaited.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import wraps
from types import MethodType
from typing import Any, Concatenate, Generic, ParamSpec, Protocol, TypeVar, overload

import attrs

from stampcard.adapter import AnyAdapter
from stampcard.model import Site
from stampcard.phrases import Phrases
from stampcard.recovery import OfflinePolicy
from stampcard.step.ageing import ClockSets
from stampcard.step.doors import Doors
from stampcard.step.effects import Step

__all__ = ["Async", "M", "Mode", "Plan", "Provider", "Runtime", "Seat", "Seated", "Sync", "verb"]

P = ParamSpec("P")
T = TypeVar("T")


class Mode:
    """Which face verbs show."""


class Sync(Mode):
    """A call."""


class Async(Mode):
    """A coroutine."""


class Plan(Mode):
    """A bare step: nothing happens until something drives it."""


M = TypeVar("M", bound=Mode)


class Runtime(Protocol):
    """What drives steps: a till's inside, or a simulator."""

    def drive(self, step: Step[T], /) -> T:
        """Run to the end, blocking."""
        ...

    async def adrive(self, step: Step[T], /) -> T:
        """Run to the end, awaiting."""
        ...

    def enrol(self, adapter: AnyAdapter, /) -> None:
        """Know this provider, so that its orders can be recovered."""
        ...


@attrs.frozen(kw_only=True)
class Seat(Generic[M]):
    """What a till hands a provider's verbs.

    site: where the step happens, None when each call names one. actor: who. patience: the till budget, in seconds.
    install: names this journal among all: a part of every order id built here. clock_sets: how the wall
    clock was set since the till began.
    charges: the runtime has a port to take money by. offline: what may wait while a provider is away; None: nothing.
    doors: what is known of the providers' being there, shared by every seat of a till.
    """

    mode: type[M]
    runtime: Runtime
    phrases: Phrases
    site: Site | None
    actor: str | None = None
    patience: float = 3.0
    install: str = ""
    clock_sets: ClockSets | None = attrs.field(default=None, repr=False)
    charges: bool = False
    offline: OfflinePolicy | None = None
    doors: Doors = attrs.field(factory=Doors, repr=False)


V_co = TypeVar("V_co", covariant=True)


class Provider(Protocol[M, V_co]):
    """Anything a till can use: one method, generic over the mode."""

    def bind(self, seat: Seat[M], /) -> V_co:
        """This provider's verbs, at this seat."""
        ...


class Seated(Generic[M]):
    """Something with verbs."""

    def __init__(self, seat: Seat[M], /) -> None:
        self._seat = seat


class verb(Generic[P, T]):
    """Declare a verb once, as a generator method; on a Till it is called, on an AsyncTill awaited.

    A verb composes by `self._fire(...)`, never by calling another verb.
    """

    def __init__(self, fn: Callable[Concatenate[Any, P], Step[T]], /) -> None:
        @wraps(fn)
        def now(self: Any, /, *args: P.args, **kwargs: P.kwargs) -> T:
            seat: Seat[Any] = self._seat
            return seat.runtime.drive(fn(self, *args, **kwargs))

        @wraps(fn)
        async def later(self: Any, /, *args: P.args, **kwargs: P.kwargs) -> T:
            seat: Seat[Any] = self._seat
            return await seat.runtime.adrive(fn(self, *args, **kwargs))

        self._faces: dict[type[Mode], Callable[..., Any]] = {Sync: now, Async: later, Plan: fn}
        self._fn = fn
        self.__doc__ = fn.__doc__

    @overload
    def __get__(self, verbs: None, owner: type[Any], /) -> Callable[Concatenate[Any, P], Step[T]]: ...
    @overload
    def __get__(self, verbs: Seated[Sync], owner: type[Any], /) -> Callable[P, T]: ...
    @overload
    def __get__(self, verbs: Seated[Async], owner: type[Any], /) -> Callable[P, Coroutine[Any, Any, T]]: ...
    @overload
    def __get__(self, verbs: Seated[Plan], owner: type[Any], /) -> Callable[P, Step[T]]: ...
    def __get__(self, verbs: Seated[Any] | None, owner: type[Any], /) -> Callable[..., Any]:
        if verbs is None:
            return self._fn
        return MethodType(self._faces[verbs._seat.mode], verbs)  # noqa: SLF001  the seat is this module's own
