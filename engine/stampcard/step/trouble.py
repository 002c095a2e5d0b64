"""A provider's no, as the error a caller hears: the same for a step of an order and for a question of none.

May live here: which error an outcome becomes. May not: where the error gets its order from; the maker knows.
"""

from __future__ import annotations

from typing import Protocol, TypeVar

import attrs

from stampcard.adapter import Declined, NotSent
from stampcard.errors import DeclinedError, Next, Reason, StampcardError, UnavailableError
from stampcard.transport.contract import Failed

__all__ = ["Closed", "Maker", "declined", "kept_back", "not_sent", "unsent"]

E = TypeVar("E", bound=StampcardError)


@attrs.frozen(kw_only=True)
class Closed:
    """Why no call is made now. why: for the log. retry_after: seconds."""

    reason: Reason
    why: str
    retry_after: float

    @property
    def proof(self) -> NotSent:
        return NotSent(why=self.why, code=f"provider.{self.reason}", retry_after=self.retry_after)


class Maker(Protocol):
    """Builds an error about an order, or about none."""

    def __call__(
        self,
        kind: type[E],
        code: str,
        *,
        detail: str,
        cashier: str | None = None,
        trigger: str,
        retry_after: float | None = None,
        next: Next | None = None,  # noqa: A002  the public name of the attribute
        replayed: bool = False,
    ) -> E:
        """The error."""
        ...


def unsent(failed: Failed) -> NotSent:
    """No answer, told as the proof that nothing happened: of a call that surely never left, or changes nothing."""
    if failed.ours:
        return NotSent(why=failed.why, code="credentials.refused", ours=True)
    return NotSent(why=failed.why)


def declined(make: Maker, trigger: str, said: Declined, http: int, *, replayed: bool = False) -> DeclinedError:
    """The provider said no, in an error it documents. http: the status it came with."""
    told = f" ({said.provider_text})" if said.provider_text else ""
    detail = f"{trigger}: the provider declined{told}"
    error = make(DeclinedError, said.code, detail=detail, cashier=said.message, trigger=trigger, replayed=replayed)
    return _quoting(error, said, http)


def not_sent(make: Maker, trigger: str, said: NotSent, http: int) -> StampcardError:
    """Nothing happened there: wrong credentials are for a person, anything else may be tried again."""
    detail = f"{trigger}: {said.why}"
    if said.ours:
        ours = make(DeclinedError, said.code, detail=detail, trigger=trigger, next=Next.CALL)
        return _quoting(ours, said, http)
    limited = http == 429 or said.retry_after is not None
    code = "provider.rate_limit" if limited else said.code
    away = make(UnavailableError, code, detail=detail, trigger=trigger, retry_after=said.retry_after)
    away.reason = "rate_limit" if limited else "unreachable"
    return away


def kept_back(make: Maker, trigger: str, why: Closed) -> UnavailableError:
    """No call was made, and why: the same for an order's step and for a question."""
    detail = f"{trigger}: {why.why}"
    away = make(UnavailableError, f"provider.{why.reason}", detail=detail, trigger=trigger, retry_after=why.retry_after)
    away.reason = why.reason
    return away


def _quoting(error: DeclinedError, said: Declined | NotSent, http: int) -> DeclinedError:
    error.provider_code, error.provider_text, error.http_status = said.provider_code, said.provider_text, http
    return error
