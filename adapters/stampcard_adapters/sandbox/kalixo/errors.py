"""Kalixo's error object (sheet, A5 and B4) and every refusal the sandbox can answer with.

May live here: HTTP status and text of refusals. May not: when they apply.
"""

from __future__ import annotations

from typing import Final

import attrs

from stampcard_adapters.sandbox.jsontext import Json

__all__ = [
    "OUTAGES",
    "Problem",
    "RefusedError",
    "bad_request",
    "duplicate",
    "invalid_path",
    "limit_exceeded",
    "no_route",
    "ordering_disabled",
    "rate_limited",
    "refused_again",
    "unauthorized",
    "unavailable",
    "unknown_order",
    "unknown_product",
]

LABELS: Final = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    409: "Conflict",
    422: "Unprocessable Entity",
    429: "Too Many Requests",
    502: "Bad Gateway",
}
"""500 has none: the documentation says `error` may be missing there."""


@attrs.frozen(kw_only=True)
class Problem:
    """What is wrong. `validation`: the body did not validate, which v1 may answer with a list of texts."""

    status: int
    message: str
    validation: bool = False
    retry_after: int | None = None

    def body(self, *, status_code: Json = None, as_list: bool = False) -> dict[str, Json]:
        """The object as it goes out."""
        fields: dict[str, Json] = {"statusCode": self.status if status_code is None else status_code}
        if self.status in LABELS:
            fields["error"] = LABELS[self.status]
        fields["message"] = [self.message] if as_list and self.validation else self.message
        return fields


class RefusedError(Exception):
    """The call is answered with a problem and changes nothing."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def _refused(status: int, message: str) -> RefusedError:
    return RefusedError(Problem(status=status, message=message))


OUTAGES: Final = {
    "processing": Problem(status=502, message="processing temporarily unavailable"),
    "creation": Problem(status=502, message="order could not be created"),
    "internal": Problem(status=500, message="Internal server error"),
    # the generic refusal is mentioned without its text
    "refused": Problem(status=400, message="The order could not be placed."),
}
"""Refusals no request can provoke: a test arranges them."""


def bad_request(message: str) -> RefusedError:
    """The body says something that cannot be."""
    return RefusedError(Problem(status=400, message=message, validation=True))


def invalid_path() -> RefusedError:
    """A number is expected where there is none."""
    return _refused(400, "Validation failed (numeric string is expected)")


def refused_again() -> RefusedError:
    """The third of the three texts for a code that was used before."""
    return _refused(400, "This order has already been placed.")


def unauthorized(message: str = "Unauthorized") -> RefusedError:
    """v2 says what is wrong with the key; v1 has no text of its own."""
    return _refused(401, message)


def ordering_disabled() -> RefusedError:
    """The account may read, and not order."""
    return _refused(403, "API ordering disabled")


def no_route(method: str, path: str) -> RefusedError:
    """The server's own text for a path or a method it does not know."""
    return _refused(404, f"Cannot {method} {path}")


def unknown_product(reference: str) -> RefusedError:
    """Not in this account's catalog."""
    return _refused(404, f"Product {reference} was not found in your catalog")


def unknown_order(reference: str) -> RefusedError:
    """No order of this account under that id or code."""
    return _refused(404, f"Order {reference} not found")


def duplicate() -> RefusedError:
    """The code was used before."""
    return _refused(409, "An order with this external order code already exists.")


def limit_exceeded() -> RefusedError:
    """The wallet is too small for it, or the order too large for anyone."""
    return _refused(422, "account order limit exceeded")


def unavailable(product: int) -> RefusedError:
    """Inactive, or sold out."""
    return _refused(422, f"Product {product} is not available for purchase.")


def rate_limited(seconds: int) -> RefusedError:
    """Too many calls in this minute."""
    message = f"Rate limit exceeded. Retry after {seconds}s."
    return RefusedError(Problem(status=429, message=message, retry_after=seconds))
