"""SessionM's error object (sheet, section 8) and every refusal the sandbox can answer with.

May live here: codes, HTTP status and text of refusals. May not: when they apply, or anything a client sent.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from stampcard_adapters.sandbox.jsontext import Json

__all__ = ["Problem", "RefusedError", "access_denied", "invalid_api_key", "not_found", "refused", "taken"]


@attrs.frozen(kw_only=True)
class Problem:
    """What `errors` holds: one object, never a list. http_status None: the one the switches choose for refusals."""

    code: str
    message: str
    http_status: int | None = None
    user: Mapping[str, str] | None = None

    def body(self, *, upper: bool) -> dict[str, Json]:
        """The object as it goes out."""
        errors: dict[str, Json] = {"code": self.code.upper() if upper else self.code, "message": self.message}
        if self.user is not None:
            errors["user"] = {field: [why] for field, why in self.user.items()}
        return {"status": "error", "errors": errors}


class RefusedError(Exception):
    """The call is answered with a problem and changes nothing."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def refused(code: str, message: str, *, http_status: int | None = None) -> RefusedError:
    """A no that a client has to find in a body, whatever the HTTP status (trap 1)."""
    return RefusedError(Problem(code=code, message=message, http_status=http_status))


def invalid_api_key() -> RefusedError:
    """The key is nobody's, or path and header name different ones."""
    return refused("invalid_api_key", "The API key sent in cannot be found.", http_status=401)


def access_denied() -> RefusedError:
    """No credentials, another scheme than Basic, or a wrong secret."""
    return refused("access_denied", "The credentials are not valid.", http_status=401)


def not_found(what: str, http_status: int = 404) -> RefusedError:
    """Nothing has this id, or nothing is served at this path by this method."""
    return refused("not_found", f"{what} cannot be found.", http_status=http_status)


def taken(field: str) -> RefusedError:
    """Another customer has this external id or mail: profile errors add `user`."""
    why = "has already been taken"
    return RefusedError(Problem(code="validation", message=f"user.{field} {why}.", user={field: why}))
