"""What goes out: the order, the SSO session, the partner's own session (sheet, sections 2 to 4).

May live here: bodies, as pure functions. May not: a clock, a random number, a reading of replies.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from stampcard.wire import Request, path
from stampcard_adapters.kigo.values import Sso

__all__ = ["ORDER_PATH", "SESSIONS", "SSO_SESSIONS", "ProgramField", "order_request", "sso_request", "text"]

ORDER_PATH: Final = "/api/v1/products/{product_id}/claim-codes"
"""Section 3: the path is not public; this one follows from the operation's title and its sibling paths."""
SESSIONS: Final = "/api/v1/auth/sessions"
SSO_SESSIONS: Final = "/api/v1/accounts/sso-sessions"


class ProgramField(StrEnum):
    """What the provider calls the programme (trap 11: one concept, two names)."""

    EXTERNAL_PROGRAM_ID = "external_program_id"
    BRAND_IDENTIFIER = "brand_identifier"


def order_request(order_id: str, product_id: str, *, order_path: str, product_in_body: bool = False) -> Request:
    """POST "create a claim code for a product". Same input, same bytes: a repeat is the first order's answer.

    Raises ValueError for a product that can be no part of a path.
    """
    body = {"external_order_id": text(order_id)}
    if product_in_body:
        body["product_id"] = text(product_id)
    parts = (text(product_id),) * order_path.count("{product_id}")
    return Request.post(path(order_path.replace("{product_id}", "{}"), *parts), body)


def sso_request(user: str, sso: Sso, *, program_field: ProgramField) -> Request:
    """POST /api/v1/accounts/sso-sessions. A user or programme that is not known there is made, never refused."""
    body: dict[str, object] = {"external_user_id": text(user)}
    if sso.program is not None:
        body[program_field.value] = text(sso.program)
    if sso.email is not None:
        body["user_email"] = text(sso.email)
    return Request.post(SSO_SESSIONS, {**body, "is_single_use": sso.single_use})


def text(value: str) -> str:
    """What UTF-8 can carry: half a surrogate pair, as broken databases hold, becomes a question mark."""
    return value.encode("utf-8", "replace").decode("utf-8")
