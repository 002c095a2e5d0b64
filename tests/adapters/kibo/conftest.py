"""Kibo in memory, joined to a till in process: a clock that stands still, and faults on demand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import attrs
import pytest

from stampcard import Site, Till
from stampcard.testing import Clock, Faults, ModelTransport
from stampcard_adapters.kibo import KiboTill
from stampcard_adapters.sandbox.kibo import KiboModel
from stampcard_adapters.sandbox.kibo import Switches as Behaviour
from stampcard_adapters.testing.kibo import KiboBooks, names


@attrs.frozen(kw_only=True)
class Shop:
    """One Kibo, one journal, one till on both. again: the till's next day, in another process."""

    books: KiboBooks
    faults: Faults
    clock: Clock
    till: Till
    kibo: KiboTill
    journal: Path
    again: Callable[[], KiboTill]


@pytest.fixture
def open_shop(tmp_path: Path) -> Iterator[Callable[..., Shop]]:
    """behaviour: of the sandbox. provider: of `KiboBooks.provider`."""
    with ExitStack() as stack:

        def opened(behaviour: Behaviour | None = None, **provider: Any) -> Shop:
            clock, faults = Clock(), Faults()
            model = KiboModel(clock=clock, switches=behaviour)
            books, journal = KiboBooks(model), tmp_path / "kibo.db"

            def till() -> Till:
                wire = ModelTransport(model, faults, names=names, clock=clock)
                return stack.enter_context(Till(journal, site=Site(store="0042"), clock=clock, transport=wire))

            first = till()
            settings = books.provider(**provider)
            return Shop(
                books=books,
                faults=faults,
                clock=clock,
                till=first,
                kibo=first.use(settings),
                journal=journal,
                again=lambda: till().use(settings),
            )

        yield opened


@pytest.fixture
def shop(open_shop: Callable[..., Shop]) -> Shop:
    return open_shop()
