"""Kigo's error object (sheet, section 6) and every refusal the sandbox can answer with.

May live here: HTTP status, code and text of refusals. May not: when they apply.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import attrs

from stampcard_adapters.sandbox.jsontext import Json

__all__ = ["Problem", "RefusedError", "already_used", "invalid", "not_found", "refused", "unauthorized"]

_STATUS: Final[Mapping[str, int]] = {
    "validation_error": 400,
    "unauthorized": 401,
    "not_found": 404,
    "already_used": 409,
    "sold_out": 409,
}
_CODE: Final[Mapping[int, str]] = {400: "validation_error", 401: "unauthorized", 403: "unauthorized", 404: "not_found"}


@attrs.frozen(kw_only=True)
class Problem:
    """{error_code, error_message}: both are always there."""

    http_status: int
    error_code: str
    error_message: str

    def body(self) -> dict[str, Json]:
        """The object as it goes out."""
        return {"error_code": self.error_code, "error_message": self.error_message}


class RefusedError(Exception):
    """The call is answered with a problem and changes nothing."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.error_message)
        self.problem = problem


def refused(error_code: str, message: str) -> RefusedError:
    """A refusal with the status that belongs to its code."""
    return RefusedError(Problem(http_status=_STATUS[error_code], error_code=error_code, error_message=message))


def invalid(message: str) -> RefusedError:
    """The call itself is wrong."""
    return refused("validation_error", message)


def unauthorized(message: str, *, http_status: int = 401) -> RefusedError:
    """No access, or bad credentials; the texts never repeat any."""
    return RefusedError(Problem(http_status=http_status, error_code=_CODE[http_status], error_message=message))


def not_found(message: str, *, http_status: int = 404) -> RefusedError:
    """Nothing of this name that the caller may see."""
    return RefusedError(Problem(http_status=http_status, error_code=_CODE[http_status], error_message=message))


def already_used(message: str) -> RefusedError:
    """It works once, and that was."""
    return refused("already_used", message)
