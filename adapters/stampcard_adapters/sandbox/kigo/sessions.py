"""Who is calling: tokens of the two levels, SSO sessions, and the accounts of users (sheet, sections 2 and 4).

May live here: issuing, exchanging and expiring. May not: orders, fields of a body.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias

import attrs

from stampcard_adapters.sandbox.http import RequestLike, header

from .errors import not_found, unauthorized
from .ids import Ids
from .switches import Switches

__all__ = ["PARTNER_TOKEN_LIFETIME", "SSO_LIFETIME", "Account", "Sessions"]

PARTNER_TOKEN_LIFETIME: Final = timedelta(minutes=30)
SSO_LIFETIME: Final = timedelta(minutes=30)

Level: TypeAlias = Literal["partner", "user"]


@attrs.frozen(kw_only=True)
class Account:
    """A user in a partner's programme, created at first sight."""

    id: str
    tenant: str
    program: str | None
    external_user_id: str


@attrs.frozen(kw_only=True)
class _Session:
    """What a token or an SSO id stands for. account: None at partner level."""

    tenant: str
    ends: datetime
    account: Account | None = None
    single_use: bool = False


class Sessions:
    """All tokens of all tenants."""

    def __init__(self, switches: Switches, ids: Ids, clock: Callable[[], datetime]) -> None:
        self._switches = switches
        self._ids = ids
        self._clock = clock
        self._bearers: dict[str, _Session] = {}
        self._refreshes: dict[str, _Session] = {}
        self._sso: dict[str, _Session] = {}
        self._accounts: dict[tuple[str, str | None, str], Account] = {}

    def new_partner(self, tenant: str) -> str:
        """A partner-level token. There is no refresh: renewal is the same call again."""
        token = self._ids.token("partner token")
        self._bearers[token] = _Session(tenant=tenant, ends=self._clock() + PARTNER_TOKEN_LIFETIME)
        return token

    def account(self, tenant: str, program: str | None, external_user_id: str) -> Account:
        """The user's account; unknown ids are never an error (section 4)."""
        key = (tenant, program, external_user_id)
        if key not in self._accounts:
            self._accounts[key] = Account(
                id=self._ids.uuid("account"), tenant=tenant, program=program, external_user_id=external_user_id
            )
        return self._accounts[key]

    def known_account(self, tenant: str, program: str | None, external_user_id: str) -> Account | None:
        """The user's account, if there is one."""
        return self._accounts.get((tenant, program, external_user_id))

    def new_user(self, account: Account) -> str:
        """A user-level token."""
        token = self._ids.token("user token")
        ends = self._clock() + self._switches.user_token_lifetime
        self._bearers[token] = _Session(tenant=account.tenant, ends=ends, account=account)
        return token

    def new_refresh(self, account: Account) -> str:
        """A token that buys new user-level tokens."""
        token = self._ids.token("refresh token")
        ends = self._clock() + self._switches.user_refresh_lifetime
        self._refreshes[token] = _Session(tenant=account.tenant, ends=ends, account=account)
        return token

    def refreshed(self, refresh_token: str) -> tuple[str, str]:
        """A new user-level token and its refresh token."""
        session = self._live(self._refreshes, refresh_token)
        if session is None or session.account is None:
            raise unauthorized("The refresh token is invalid or has expired.")
        if self._switches.refresh_rotates:
            del self._refreshes[refresh_token]
        return self.new_user(session.account), self.new_refresh(session.account)

    def new_sso(self, account: Account, *, single_use: bool) -> str:
        """An id for the redirect to the wallet."""
        session_id = self._ids.uuid("sso session")
        ends = self._clock() + SSO_LIFETIME
        self._sso[session_id] = _Session(tenant=account.tenant, ends=ends, account=account, single_use=single_use)
        return session_id

    def exchanged(self, session_id: str) -> Account:
        """Whose SSO session this is; one of a single use is now used up."""
        session = self._live(self._sso, session_id)
        if session is None or session.account is None:
            status = self._switches.sso_refused_status
            refuse = unauthorized if status == 401 else not_found
            raise refuse("The session is invalid, has expired or was used before.", http_status=status)
        if session.single_use:
            del self._sso[session_id]
        return session.account

    def partner(self, request: RequestLike) -> str:
        """The tenant a partner-level token is of."""
        session = self._bearer(request)
        if session.account is not None:
            raise unauthorized("This operation needs a partner-level token.")
        return session.tenant

    def user(self, request: RequestLike) -> Account:
        """The account a user-level token is of."""
        account = self._bearer(request).account
        if account is None:
            raise unauthorized("This operation needs a user-level token.")
        return account

    def expire(self, tenant: str) -> None:
        """All tokens and SSO sessions of a tenant have reached their end; refresh tokens live on."""
        now = self._clock()
        for sessions in (self._bearers, self._sso):
            for token, session in sessions.items():
                if session.tenant == tenant:
                    sessions[token] = attrs.evolve(session, ends=min(session.ends, now))

    def _bearer(self, request: RequestLike) -> _Session:
        scheme, _, token = (header(request, "Authorization") or "").partition(" ")
        session = self._live(self._bearers, token.strip()) if scheme.lower() == "bearer" else None
        if session is None:
            status = self._switches.expired_token_status
            raise unauthorized("Authentication error: the token is missing, invalid or expired.", http_status=status)
        return session

    def _live(self, sessions: dict[str, _Session], token: str) -> _Session | None:
        """A session of half an hour is dead on the half hour itself."""
        session = sessions.get(token)
        return session if session is not None and self._clock() < session.ends else None
