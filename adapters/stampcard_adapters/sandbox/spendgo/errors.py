"""Spendgo's error object (sheet, section 7) and every refusal the sandbox can answer with.

May live here: HTTP status, code and text of refusals. May not: when they apply.
"""

from __future__ import annotations

import attrs

from stampcard_adapters.sandbox.jsontext import Json

__all__ = [
    "Problem",
    "RefusedError",
    "bad_request",
    "contact_conflict",
    "invalid_phone",
    "invalid_reward",
    "unauthorized",
    "unknown_member",
    "unknown_store",
]


@attrs.frozen(kw_only=True)
class Problem:
    """{id?, code, status?, message?, details}: code and details are always there."""

    http_status: int
    code: int
    details: str
    message: str | None = None
    id: str | None = None
    status: str | None = None

    def body(self) -> dict[str, Json]:
        """The object as it goes out."""
        fields: dict[str, Json] = {
            "id": self.id,
            "code": self.code,
            "status": self.status,
            "message": self.message,
            "details": self.details,
        }
        return {name: value for name, value in fields.items() if value is not None}


class RefusedError(Exception):
    """The call is answered with a problem and changes nothing."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.details)
        self.problem = problem


def bad_request(details: str, *, http_status: int = 400, code: int = 2000) -> RefusedError:
    """Code 2000 is the sheet's generic one."""
    return RefusedError(Problem(http_status=http_status, code=code, details=details))


def unauthorized(code: int) -> RefusedError:
    """One of the four ways a signature fails."""
    details = {
        1001: "Header does not contain X-Class-Signature.",
        1002: "Header does not contain X-Class-Key",
        1003: "Invalid user key",
        1004: "Signature is incorrect for request.",
    }[code]
    return RefusedError(Problem(http_status=401, code=code, details=details))


def invalid_phone() -> RefusedError:
    """The phone of a customer is not ten digits."""
    return bad_request("Invalid customer phone number", code=2003)


def unknown_store() -> RefusedError:
    """The text is the provider's own: it names what it found, which is nothing."""
    return bad_request("Invalid store id: None", code=4002)


def unknown_member() -> RefusedError:
    """The text is the provider's own, whatever id was asked for."""
    return bad_request("Invalid user account id: 0", code=4003)


def contact_conflict(http_status: int) -> RefusedError:
    """Email and phone lead to different members."""
    return bad_request("Email/phone already exists.", http_status=http_status, code=409)


def invalid_reward(why: str, *, http_status: int = 400) -> RefusedError:
    """`details` is the text for the customer, `message` says which rule refused."""
    return RefusedError(
        Problem(
            http_status=http_status,
            code=http_status,
            message=why,
            details="Reward could not be applied. Please use a valid reward.",
        )
    )
