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
    problems: list[Refusal] = []
    if url is None and environment not in URLS:
        message = "is missing: this environment's integration host is not documented, name it"
        problems.append(Refusal(code="url.missing", message=message, field="url"))
    for field, given in (("url", url), ("auth_url", auth_url)):
        if given is not None:
            problems += config.url_problems(given, environment, foreign=_FOREIGN.get(environment, ()), field=field)
    return problems
