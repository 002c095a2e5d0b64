"""One answer per operation: the fields of a call are read, sessions and orders are asked, an object comes out.

May live here: the shapes of requests and answers. May not: the lock, rules of orders or sessions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from stampcard_adapters.sandbox.http import MAX_BODY, RequestLike
from stampcard_adapters.sandbox.jsontext import Json

from .errors import invalid, not_found, unauthorized
from .fields import Fields, agreed, check_type, read_fields
from .ids import Ids
from .orders import Order, Orders
from .paths import (
    EXCHANGE_PATH,
    PARTNER_SESSIONS_PATH,
    REFRESH_PATH,
    SSO_SESSIONS_PATH,
    USER_SESSIONS_PATH,
    Route,
    routed,
)
from .sessions import Sessions
from .switches import Switches

__all__ = ["Desk"]

MAX_TARGET: Final = 8192

Answer = tuple[int, dict[str, Json]]


class Desk:
    """Answers calls, one at a time."""

    def __init__(self, partners: Mapping[str, Orders], sessions: Sessions, switches: Switches, ids: Ids) -> None:
        self._partners = partners
        self._sessions = sessions
        self._switches = switches
        self._ids = ids
        self.routes: Final = (
            Route(method="POST", template=PARTNER_SESSIONS_PATH, action="partner_session"),
            Route(method="POST", template=USER_SESSIONS_PATH, action="user_session"),
            Route(method="POST", template=REFRESH_PATH, action="refresh"),
            Route(method="POST", template=SSO_SESSIONS_PATH, action="sso_session"),
            Route(method="PATCH", template=EXCHANGE_PATH, action="exchange"),
            Route(method="POST", template=switches.order_path, action="order"),
            Route(method="GET", template=switches.lookup_path, action="lookup"),
            Route(method="POST", template=switches.claim_path, action="claim"),
        )

    def answer(self, request: RequestLike) -> Answer:
        """Status and object; refusals are raised and change nothing."""
        if len(request.target) > MAX_TARGET or len(request.body) > MAX_BODY:
            raise invalid("The request is too large.")
        found = routed(self.routes, request)
        if found is None:
            raise not_found("Not found.")
        action, named = found
        match action:
            case "partner_session":
                return self._partner_session(request)
            case "user_session":
                return self._user_session(request)
            case "refresh":
                token, refresh_token = self._sessions.refreshed(read_fields(request).need("refresh_token"))
                return 200, {"token": token, "refresh_token": refresh_token}
            case "sso_session":
                return self._sso_session(request)
            case "exchange":
                return self._exchange(request)
            case "order":
                return self._order(request, named.get("product_id"))
            case "lookup":
                return self._lookup(request, named["claim_code"])
            case "claim":
                return self._claim(request, named["claim_code"])

    # Sessions: sections 2 and 4

    def _partner_session(self, request: RequestLike) -> Answer:
        fields = read_fields(request)
        api_key, partner_id = fields.need("api_key"), fields.need("partner_id")
        for name, partner in self._partners.items():
            tenant = partner.tenant
            if tenant.partner_id == partner_id and tenant.api_key == api_key:
                check_type(request, lenient=tenant.lenient)
                found: dict[str, Json] = {"token": self._sessions.new_partner(name)}
                if self._switches.partner_refresh_token:
                    found["refresh_token"] = self._ids.token("partner refresh token")
                return self._switches.session_status, found
        status = self._switches.wrong_credentials_status
        raise unauthorized("Invalid api_key or partner_id.", http_status=status)

    def _user_session(self, request: RequestLike) -> Answer:
        name, fields, lenient = self._of_partner(request)
        account_of = fields.need("external_user_id")
        fields.text("user_email")
        program = _program(fields, lenient=lenient)
        if program is None and not lenient:
            raise invalid("external_program_id is required.")
        account = self._sessions.account(name, program, account_of)
        token = self._sessions.new_user(account)
        if fields.text("external_program_id") is None and program is not None:  # the older form
            return 200, {"token": token, "account_id": account.id}
        return 200, {"token": token, "refresh_token": self._sessions.new_refresh(account)}

    def _sso_session(self, request: RequestLike) -> Answer:
        name, fields, lenient = self._of_partner(request)
        account_of, single_use = fields.need("external_user_id"), fields.flag("is_single_use")
        fields.text("user_email")
        account = self._sessions.account(name, _program(fields, lenient=lenient), account_of)
        return 200, {"session_id": self._sessions.new_sso(account, single_use=single_use)}

    def _exchange(self, request: RequestLike) -> Answer:
        """The wallet's own call, from a browser: the session id is all it has."""
        account = self._sessions.exchanged(read_fields(request).need("session_id"))
        return 200, {
            "account_space_api_session_token": self._sessions.new_user(account),
            "account_space_api_refresh_token": self._sessions.new_refresh(account),
            "account_id": account.id,
        }

    # Orders: section 3

    def _order(self, request: RequestLike, in_path: str | None) -> Answer:
        name, fields, lenient = self._of_partner(request)
        partner = self._partners[name]
        required = self._switches.order_id_required
        order_id = fields.need("external_order_id") if required else fields.text("external_order_id")
        in_body = fields.text("product_id")
        product_id = agreed(in_path, in_body, "product_id in path and body", lenient=lenient)
        if product_id is None:
            raise invalid("product_id is required.")
        order, created = partner.place(order_id, product_id)
        found: dict[str, Json] = {"claim_code": order.code, "deeplink_url": partner.deeplink(order)}
        if self._switches.echo_order:
            found |= {"external_order_id": order.external_order_id, "product_id": order.product_id}
        return self._switches.created_status if created else 200, found

    # The wallet's side: section 5

    def _lookup(self, request: RequestLike, claim_code: str) -> Answer:
        account = self._sessions.user(request)
        partner = self._partners[account.tenant]
        return 200, {"tokens": [self._token(partner, partner.by_code(claim_code))]}

    def _claim(self, request: RequestLike, claim_code: str) -> Answer:
        account = self._sessions.user(request)
        partner = self._partners[account.tenant]
        return 200, self._token(partner, partner.claim(claim_code, account.id))

    def _token(self, partner: Orders, order: Order) -> dict[str, Json]:
        return {"token_id": order.token_id, "product_id": order.product_id, "status": partner.status(order)}

    def _of_partner(self, request: RequestLike) -> tuple[str, Fields, bool]:
        """Who calls with a partner-level token, and the body."""
        name = self._sessions.partner(request)
        lenient = self._partners[name].tenant.lenient
        check_type(request, lenient=lenient)
        return name, read_fields(request), lenient


def _program(fields: Fields, *, lenient: bool) -> str | None:
    """One concept under two names (trap 11)."""
    newer, older = fields.text("external_program_id"), fields.text("brand_identifier")
    return agreed(newer, older, "external_program_id and brand_identifier", lenient=lenient)
