"""Where Kibo lives in each environment, and what an address of it may look like (sheet, section 1).

May live here: addresses and their validation. May not: a credential, a call.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Final

import httpx

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
    Environment.TEST: ("//integration.shopatron.com", "//auth.shopatron.com"),
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
            problems += _problems(given, field, environment)
    return problems


def _problems(url: str, field: str, environment: Environment) -> list[Refusal]:
    try:
        parsed = httpx.URL(url.strip())
    except (httpx.InvalidURL, ValueError):
        return [Refusal(code="url.bad", message="is no URL", field=field)]
    says: list[str] = []
    odd = not 0 < (parsed.port or 443) < 65536 or "%" in parsed.host  # httpx escapes what no host may hold
    if odd or not parsed.host or parsed.userinfo or parsed.path not in ("", "/") or "?" in url or "#" in url:
        says.append("is more or less than scheme://host[:port]")
    local = environment is Environment.SANDBOX and parsed.scheme == "http" and _loopback(parsed.host)
    if parsed.scheme != "https" and not local:
        says.append("is not https")
    if f"//{parsed.host}".endswith(_FOREIGN.get(environment, ())):
        says.append(f"belongs to another environment than {environment}")
    return [Refusal(code="url.bad", message=text, field=field) for text in says]


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
