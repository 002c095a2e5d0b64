"""Which providers a person has switched off, for both kinds of till.

The journal remembers it, who did it and why, so that it survives a restart and holds for every till on that journal. A
callable of the operator's own (a setting that reaches all shops) is asked beside it.

May live here: looking both up, rarely enough to cost nothing. May not: what is held back (`stampcard.step.knock`).
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

from stampcard.journal.contract import Journal
from stampcard.model import Refusal

__all__ = ["SwitchedOff", "Switches", "unfit"]

log = logging.getLogger("stampcard.till")

SwitchedOff: TypeAlias = Callable[[str], str | None]
"""Provider -> why it is not to be called, or None. Called often, and must not block."""
_FRESH: Final = 1.0
"""Seconds for which the journal is taken at its word: another process's switch is noticed within them."""


def unfit(own: object | None) -> Iterator[Refusal]:
    """What is wrong with an operator's own switch: an awaited one would say nothing, ever."""
    if own is None:
        return
    if not callable(own):
        yield Refusal(code="switched_off.type", message="is not callable", field="switched_off")
    elif inspect.iscoroutinefunction(own) or inspect.iscoroutinefunction(getattr(own, "__call__", None)):  # noqa: B004  its kind is asked, not whether it is there
        yield Refusal(
            code="switched_off.other_kind", message="is awaited: it is asked before each call", field="switched_off"
        )


class Switches:
    """Safe to share between threads: at worst two of them read the journal at once."""

    def __init__(self, journal: Journal, monotonic: Callable[[], float], own: SwitchedOff | None) -> None:
        self._journal, self._monotonic, self._own = journal, monotonic, own
        self._read: tuple[float, dict[str, str]] | None = None

    def known(self, provider: str) -> tuple[bool, str | None]:
        """(whether that can be said without reading the journal, why the provider is off or None)."""
        own = self._asked(provider)
        if own is not None:
            return True, own
        read = self._read
        if read is None or not 0 <= self._monotonic() - read[0] < _FRESH:
            return False, None
        return True, read[1].get(provider)

    def _asked(self, provider: str) -> str | None:
        """The operator's own switch. One that fails has switched nothing off: no sale is lost to a settings service."""
        try:
            said = None if self._own is None else _answer(self._own(provider))
        except Exception as error:  # noqa: BLE001  the operator's code: whatever it raises is theirs, and may hold secrets
            log.warning("switched_off failed for %s (%s): the provider is called", provider, type(error).__name__)
            return None
        return said

    def why(self, provider: str) -> str | None:
        """Why this provider is off, and who says so; None while it is on. Raises StoreError."""
        sure, why = self.known(provider)
        if sure:
            return why
        off = {one.provider: f"switched off by {one.by}: {one.why}" for one in self._journal.switches() if one.off}
        self._read = self._monotonic(), off
        return off.get(provider)

    def forget(self) -> None:
        """Somebody has just switched: read it anew."""
        self._read = None


def _answer(said: object) -> str | None:
    """Raises TypeError for what is neither a reason, nor yes or no."""
    if said is None or isinstance(said, str):
        return said or None
    if isinstance(said, bool):
        return "switched off by the operator" if said else None
    if inspect.iscoroutine(said):
        said.close()  # it was never begun: nobody waits for it
    raise TypeError(f"switched_off answered with {type(said).__name__}")
