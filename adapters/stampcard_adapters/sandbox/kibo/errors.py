"""Kibo's error codes (sheet, section 7) and every refusal the sandbox can answer with.

May live here: codes, names, HTTP statuses, and the body's shape. May not: when a refusal applies, or a caller's value.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import attrs

from stampcard_adapters.sandbox.jsontext import Json

__all__ = [
    "CODES",
    "ErrorBody",
    "Problem",
    "RefusedError",
    "bad_request",
    "invalid",
    "missing",
    "not_allowed",
    "not_authorized",
    "not_found",
]

ErrorBody: TypeAlias = Literal["full", "bare"]

CODES: Final[dict[int, tuple[str, int]]] = {
    5000: ("GENERIC_OK", 200),
    5001: ("GENERIC_UNAVAILABLE", 503),
    5002: ("GENERIC_NOT_FOUND", 404),
    5003: ("GENERIC_BAD_REQUEST", 400),
    5004: ("GENERIC_NOT_AUTHORIZED", 403),
    5005: ("GENERIC_NOT_ALLOWED", 405),
    5006: ("GENERIC_SERVER_ERROR", 500),
    5010: ("MISSING_QUERY_PARAM", 400),
    5011: ("MISSING_REQUEST_DATA", 400),
    5012: ("ID_MISMATCH", 400),
    5013: ("INVALID_ID", 400),
    5014: ("INVALID_QUERY_PARAM", 400),
    5015: ("INVALID_REQUEST_DATA", 400),
    5016: ("UNSUPPORTED_QUERY_PARAM", 400),
    5017: ("NO_VALID_QUERY_PARAMS", 400),
}
"""Name and HTTP status of every code the sheet knows."""


@attrs.frozen(kw_only=True)
class Problem:
    """{code, name, message, field?, orderID?}. message and field never quote what was sent: it may be a card."""

    code: int
    message: str
    field: str | None = None
    order_id: int | None = None
    http_status: int = attrs.field(
        default=attrs.Factory(lambda self: CODES[self.code][1], takes_self=True), kw_only=True
    )

    def body(self, shape: ErrorBody) -> dict[str, Json]:
        """The object as it goes out; a bare one has only the text, so a client has only the HTTP status."""
        if shape == "bare":
            return {"message": self.message}
        fields: dict[str, Json] = {"code": self.code, "name": CODES[self.code][0], "message": self.message}
        if self.field is not None:
            fields["field"] = self.field
        if self.order_id is not None:
            fields["orderID"] = self.order_id
        return fields


class RefusedError(Exception):
    """The call is answered with a problem and changes nothing."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def bad_request(message: str, *, code: int = 5003) -> RefusedError:
    """5003 is the generic one: bytes that are no JSON, a step an order cannot take now."""
    return RefusedError(Problem(code=code, message=message))


def missing(field: str) -> RefusedError:
    """A required field is not there, or null, which is the same (trap 6)."""
    return RefusedError(Problem(code=5011, message=f"{field} is required.", field=field))


def invalid(field: str, why: str, *, order_id: int | None = None) -> RefusedError:
    """A field is there and wrong. `why` completes the sentence "<field> ..."."""
    return RefusedError(Problem(code=5015, message=f"{field} {why}.", field=field, order_id=order_id))


def not_found(what: str) -> RefusedError:
    """Nothing under this path or id, or another tenant's."""
    return RefusedError(Problem(code=5002, message=f"{what} was not found."))


def not_authorized(message: str, *, http_status: int) -> RefusedError:
    """401 and 403 both say "get a new token" (trap 12), and the sheet has one code for them."""
    return RefusedError(Problem(code=5004, message=message, http_status=http_status))


def not_allowed(allowed: str) -> RefusedError:
    """The path exists, with another method."""
    return RefusedError(Problem(code=5005, message=f"Method not allowed: use {allowed}."))
