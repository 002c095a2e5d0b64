"""The sandbox joined with the adapters, in process, and a pytest plugin: `pytest -p stampcard_adapters.testing`.

Fixtures: `sandbox`, `faults`, `clock`, `journal` (the path of a fresh SQLite file), `till`, `async_till`.

May live here: what joins the sandbox's models to a till. May not: a provider's rule (its own module here knows how to
reach its model). It is no part of `stampcard_adapters.sandbox`, because nothing there may know the engine.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Final, TypeAlias, TypeVar

import attrs

from stampcard.clock import SystemClock
from stampcard.testing import Clock, Faults, ModelTransport
from stampcard.wire import Request
from stampcard_adapters.sandbox.http import Response
from stampcard_adapters.sandbox.kalixo import KalixoModel
from stampcard_adapters.sandbox.kalixo import Switches as KalixoSwitches
from stampcard_adapters.sandbox.kibo import KiboModel
from stampcard_adapters.sandbox.kibo import Switches as KiboSwitches
from stampcard_adapters.sandbox.kigo import KigoModel
from stampcard_adapters.sandbox.kigo import Switches as KigoSwitches
from stampcard_adapters.sandbox.sessionm import SessionMModel
from stampcard_adapters.sandbox.sessionm import Switches as SessionMSwitches
from stampcard_adapters.sandbox.spendgo import SpendgoModel
from stampcard_adapters.sandbox.spendgo import Switches as SpendgoSwitches
from stampcard_adapters.sandbox.together import Together
from stampcard_adapters.testing import kalixo, kibo, kigo, sessionm, spendgo
from stampcard_adapters.testing.kalixo import KalixoBooks
from stampcard_adapters.testing.kibo import KiboBooks
from stampcard_adapters.testing.kigo import KigoBooks
from stampcard_adapters.testing.sessionm import SessionMBooks
from stampcard_adapters.testing.spendgo import SpendgoBooks

__all__ = ["STORE", "KalixoBooks", "KiboBooks", "KigoBooks", "Sandbox", "SessionMBooks", "SpendgoBooks"]

STORE: Final = "999999"
"""The store every provider of the sandbox knows."""

S = TypeVar("S")
AnySwitches: TypeAlias = SpendgoSwitches | SessionMSwitches | KalixoSwitches | KigoSwitches | KiboSwitches


class _Undated:
    """Replies that do not tell the time."""

    def __init__(self, model: Together) -> None:
        self._model = model

    def handle(self, request: Request, /) -> Response:
        answer = self._model.handle(request)
        return attrs.evolve(answer, headers={name: said for name, said in answer.headers.items() if name != "Date"})


class Sandbox:
    """The five providers in memory, with ledgers: in process, where faults are met, or over HTTP.

    lenient: tolerates what real clients leave out. clock: of the providers; one that can pass also passes by the time
    calls lose; without one, replies in process carry no Date (a till counts ages by it, and yours may have a clock of
    its own). switches: of the providers' behaviour where their documents are silent, one value for each provider that
    is not to behave as by default.
    """

    def __init__(
        self,
        *,
        lenient: bool = False,
        clock: Callable[[], datetime] | None = None,
        switches: AnySwitches | tuple[AnySwitches, ...] = (),
    ) -> None:
        self._clock, self._dated = clock if isinstance(clock, Clock) else None, clock is not None
        wall = SystemClock() if clock is None else clock
        given = switches if isinstance(switches, tuple) else (switches,)

        def of(kind: type[S]) -> S | None:
            return next((one for one in given if isinstance(one, kind)), None)

        self.spendgo: Final = SpendgoBooks(SpendgoModel(switches=of(SpendgoSwitches), lenient=lenient, clock=wall))
        self.sessionm: Final = SessionMBooks(SessionMModel(switches=of(SessionMSwitches), lenient=lenient, clock=wall))
        self.kalixo: Final = KalixoBooks(KalixoModel(switches=of(KalixoSwitches), lenient=lenient, clock=wall))
        self.kigo: Final = KigoBooks(KigoModel(switches=of(KigoSwitches), lenient=lenient, clock=wall))
        self.kibo: Final = KiboBooks(KiboModel(switches=of(KiboSwitches), lenient=lenient, clock=wall))
        self._models = Together(
            self.spendgo.model, self.sessionm.model, self.kalixo.model, self.kigo.model, self.kibo.model
        )
        self.faults: Final = Faults()

    def transport(self) -> ModelTransport:
        """For `Till(..., transport=...)`."""
        model = self._models if self._dated else _Undated(self._models)
        return ModelTransport(model, self.faults, names=names, clock=self._clock)

    def async_transport(self) -> ModelTransport:
        """For `AsyncTill(..., transport=...)`."""
        return self.transport()

    def serve(self, host: str = "127.0.0.1", port: int = 0) -> AbstractContextManager[str]:
        """The same ledgers over real HTTP while the block runs; gives the URL. Faults are met in process only.

        Needs the extra `sandbox`.
        """
        from stampcard_adapters.sandbox.app import sandbox_app  # the extra is asked for only here
        from stampcard_adapters.sandbox.serve import serve

        return serve(sandbox_app(self._models), host=host, port=port)

    def unbalanced(self) -> tuple[str, ...]:
        """A sentence for every ledger of any provider whose books do not balance."""
        return self._models.unbalanced()


def names(request: Request) -> tuple[str | None, str | None]:
    """Which provider and trigger a request is for, as `Faults` names them; a question goes by its own name."""
    for ask in (spendgo.names, sessionm.names, kalixo.names, kigo.names, kibo.names):
        found = ask(request)
        if found[0] is not None:
            return found
    return None, None


with contextlib.suppress(ImportError):  # without pytest the sandbox is of use all the same
    from stampcard_adapters.testing.fixtures import async_till as async_till
    from stampcard_adapters.testing.fixtures import clock as clock
    from stampcard_adapters.testing.fixtures import faults as faults
    from stampcard_adapters.testing.fixtures import journal as journal
    from stampcard_adapters.testing.fixtures import sandbox as sandbox
    from stampcard_adapters.testing.fixtures import till as till
