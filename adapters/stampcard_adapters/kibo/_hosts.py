"""Where Kibo lives in each environment, and what an address of it may look like (sheet, section 1).

May live here: addresses and their validation. May not: a credential, a call.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from stampcard import config
from stampcard.model import Environment, Refusal

__all__ = ["AUTH_URLS", "URLS", "url_problems"]

URLS: Final[Mapping[Environment, str]] = {Environment.LIVE: "https://integration.shopatron.com"}
"""Of the integration API. Staging's is not documented: it has to be configured."""
AUTH_URLS: Final[Mapping[Environment, str]] = {
    Environment.LIVE: "https://auth.shopatron.com",
    Environment.TEST: "https://authstaging.cloudatron.com",
}
_FOREIGN: Final[Mapping[Environment, tuple[str, ...]]] = {
    Environment.LIVE: ("cloudatron.com",),
    Environment.TEST: ("integration.shopatron.com", "auth.shopatron.com"),
}
"""The other environment's hosts: live keys never go to staging, nor the other way round."""


def url_problems(url: str | None, auth_url: str | None, environment: Environment) -> list[Refusal]:
    """Every problem of both addresses. Only https may carry a card or a token, but for a local sandbox."""
    missing = "is missing: this environment's integration host is not documented, name it"
    foreign = _FOREIGN.get(environment, ())
    return [
        *config.url_problems(url, environment, missing=None if environment in URLS else missing, foreign=foreign),
        *config.url_problems(auth_url, environment, foreign=foreign, field="auth_url"),
    ]
