"""What is certified against: a local sandbox, or the environment somebody names.

May live here: options and variables read into settings, all problems said at once. May not: a call, a case.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final
from urllib.parse import urlsplit

import attrs

from stampcard.config import on_loopback
from stampcard.errors import ConfigurationError
from stampcard.model import Environment, Site
from stampcard.signing import Key, KeyRing
from stampcard_adapters.spendgo import Spendgo, SpendgoKeys

__all__ = ["VARIABLES", "Options", "Target", "UnusableError", "masked", "target_of"]

VARIABLES: Final[Mapping[str, str]] = {
    "url": "SPENDGO_URL",
    "api_key": "SPENDGO_API_KEY",
    "secret": "SPENDGO_SECRET",
    "account": "SPENDGO_ACCOUNT_ID",
    "store": "SPENDGO_STORE",
    "phone": "SPENDGO_PHONE",
}
"""Option -> the variable that stands in for it."""


class UnusableError(Exception):
    """The arguments cannot be used; every problem, a sentence each, and no value of any."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


@attrs.frozen(kw_only=True)
class Options:
    """As given on the command line."""

    url: str | None = None
    api_key: str | None = attrs.field(default=None, repr=False)
    secret: str | None = attrs.field(default=None, repr=False)
    account: str | None = None
    store: str | None = None
    phone: str | None = attrs.field(default=None, repr=False)
    write: bool = False


@attrs.frozen(kw_only=True)
class Target:
    """One environment, ready to be called. known_points: how a sandbox tells a member's points behind the API's back.

    hidden: texts that may appear in no report.
    """

    settings: Spendgo
    site: Site
    phone: str = attrs.field(repr=False)
    hidden: tuple[str, ...] = attrs.field(repr=False)
    known_points: Callable[[str], Decimal] | None = attrs.field(default=None, repr=False)

    @property
    def environment(self) -> Environment:
        return self.settings.environment

    @property
    def keys(self) -> SpendgoKeys:
        return self.settings.keys_of(self.site.tenant)


def masked(phone: str) -> str:
    """A phone number by its last four digits."""
    return "*" * max(0, len(phone) - 4) + phone[-4:]


def _host(url: str) -> str:
    try:
        return urlsplit(url.strip()).hostname or ""
    except ValueError:
        return ""


def target_of(options: Options, env: Mapping[str, str]) -> Target | None:
    """The environment that is named, or None for a local sandbox. Raises UnusableError."""
    given: dict[str, str | None] = {name: getattr(options, name) for name in VARIABLES}
    found = {name: (given[name] or env.get(variable, "")).strip() for name, variable in VARIABLES.items()}
    if not found["url"]:
        stray = [f"--{name.replace('_', '-')}" for name, value in given.items() if value]
        if stray:
            raise UnusableError([f"{', '.join(stray)} without --url: which environment is meant?"])
        return None
    problems = [
        f"--{name.replace('_', '-')} (or {VARIABLES[name]}) is missing" for name, value in found.items() if not value
    ]
    if not _host(found["url"]):
        problems.append("--url (or SPENDGO_URL) is no URL: scheme://host[:port]")
    elif not on_loopback(_host(found["url"])) and not options.write:
        problems.append(
            "certification creates members and orders: a URL that is not on this machine needs --write as well"
        )
    if problems:
        raise UnusableError(problems)
    try:
        return named_target(
            url=found["url"],
            api_key=found["api_key"],
            secret=found["secret"],
            account=found["account"],
            store=found["store"],
            phone=found["phone"],
        )
    except ConfigurationError as error:
        raise UnusableError(
            [f"{p.field}: {p.message}" if p.field else p.message for p in error.problems] or [error.detail]
        ) from None


def named_target(
    *,
    url: str,
    api_key: str,
    secret: str,
    account: str,
    store: str,
    phone: str,
    known_points: Callable[[str], Decimal] | None = None,
) -> Target:
    """A target from texts: on this machine it is a sandbox, whoever serves it. Raises ConfigurationError."""
    if on_loopback(_host(url)):
        environment = Environment.SANDBOX
    else:
        environment = Environment.LIVE if _host(url).endswith("spendgo.com") else Environment.TEST
    keys = SpendgoKeys(account_id=account, keys=KeyRing(current=Key.base64(api_key, secret)))
    return Target(
        settings=Spendgo(keys, environment=environment, url=url),
        site=Site(store=store, register="certify"),
        phone=phone,
        hidden=(secret, api_key, phone),
        known_points=known_points,
    )
