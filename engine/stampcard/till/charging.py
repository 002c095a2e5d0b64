"""What performs the effects about the customer's money: the POS's own port, asked once, whatever it raises.

May live here: calling the port, and refusing what is none when the till is built. May not: a decision about what it
said (`stampcard.step.charge`).
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Iterable
from typing import Any, Final, TypeAlias

from stampcard.errors import ConfigurationError
from stampcard.model import ChargeUnknown, Refusal
from stampcard.payment import AsyncCharges, Charges, unfit
from stampcard.phrases import Phrases
from stampcard.step import effects as do

__all__ = ["acharged", "charged", "fitting", "refuse"]

log = logging.getLogger("stampcard.till")
LOOK: Final = 60.0
"""Seconds an awaited `status` may take: one that never comes back must not hold up the recovery of every order."""
_NO_PORT: Final = ChargeUnknown(why="this process has no port to ask")
_TOO_LATE: Final = ChargeUnknown(why="the register stood still for too long: the port was not asked")
Money: TypeAlias = do.Charge | do.ChargeStatus | do.ReverseCharge


def fitting(port: object | None, words: Phrases, *, awaited: bool) -> bool:
    """Whether there is a port. Raises ConfigurationError for an object that is none, or the other till's."""
    refuse(() if port is None else unfit(port, awaited=awaited), words)
    return port is not None


def refuse(found: Iterable[Refusal], words: Phrases) -> None:
    """Raise ConfigurationError for what is wrong with an object the till is built with."""
    problems = tuple(found)
    if problems:
        error = ConfigurationError.of(problems)
        error.cashier = words.say("configuration")
        raise error


def charged(port: Charges | None, effect: Money) -> object:
    """The port's answer; any exception of it is ChargeUnknown. Blocks as long as the port does."""
    if port is None:
        return _NO_PORT
    try:
        match effect:
            case do.ChargeStatus():
                return port.status(effect.attempt)
            case _ if time.monotonic() >= effect.hard_end:
                return _TOO_LATE
            case do.Charge():
                return port.take(effect.attempt)
            case do.ReverseCharge():
                return port.reverse(effect.attempt, effect.taken)
    except BaseException as error:
        # Whatever it raises, nobody knows what became of the money. But Ctrl-C, and the end of the program, are no
        # answer of the port's: those come to the main thread alone.
        theirs = isinstance(error, Exception | asyncio.CancelledError)
        if not theirs and threading.current_thread() is threading.main_thread():
            raise
        return _failed(effect, error)


async def acharged(port: AsyncCharges | None, effect: Money) -> object:
    """As `charged`, awaited."""
    if port is None:
        return _NO_PORT
    try:
        match effect:
            case do.ChargeStatus():
                async with asyncio.timeout(LOOK):
                    return await port.status(effect.attempt)
            case _ if time.monotonic() >= effect.hard_end:
                return _TOO_LATE
            case do.Charge():
                return await port.take(effect.attempt)
            case do.ReverseCharge():
                return await port.reverse(effect.attempt, effect.taken)
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling():  # the loop ends: this is no answer of the port's
            raise
        return _failed(effect, error)
    except Exception as error:  # noqa: BLE001  whatever it raises, nobody knows what became of the money
        return _failed(effect, error)


def _failed(effect: Any, error: BaseException) -> ChargeUnknown:
    name = type(error).__name__  # its text is a stranger's: it may hold what no journal may
    log.error("the payment port failed at %s of %s: %s", type(effect).__name__, effect.attempt.key, name)
    return ChargeUnknown(why=f"the port failed ({name})")
