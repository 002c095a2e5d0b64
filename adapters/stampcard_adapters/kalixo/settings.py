"""What an integrator configures: version, keys, world, and the switches for what the provider does not document.

May live here: settings and their validation. May not: a call, a body. Sections are those of the provider's fact sheet.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar, Final

import attrs
import httpx

from stampcard.adapter import Description
from stampcard.config import Credentials, EnvReader
from stampcard.errors import ConfigurationError
from stampcard.model import Environment, Refusal, Secret, Site
from stampcard.step.verb import M, Seat
from stampcard_adapters.kalixo.values import NAME, Version

if TYPE_CHECKING:
    from stampcard_adapters.kalixo.verbs import KalixoVerbs

__all__ = ["Kalixo", "KalixoKeys", "Switches"]

URLS: Final[Mapping[tuple[Version, Environment], str]] = {
    (1, Environment.LIVE): "https://api.kalixo.io",  # A1: v1 has no test address
    (2, Environment.LIVE): "https://api.kalixo.io",  # B
    (2, Environment.TEST): "https://sandbox.kalixo.io",
}
_HEADER_VALUE: Final = re.compile(r"[!-~]+")


class _Versions(StrEnum):
    ONE = "1"
    TWO = "2"


@attrs.frozen(kw_only=True)
class Switches:
    """Choices where the provider's documents are silent. See docs/providers/kalixo.md.

    access_life, refresh_life: seconds a v1 token lives when it does not say so itself (A1: "typically" 4 and 8 hours).
    resend_v1: after a lost reply v1 is sent the same code again; off: a person has to look. total_as_given: v1 is sent
    a total that is not the sum of its lines (A5: nobody knows whether it looks). quick_looks: v1 orders that wait are
    asked about after 1, 2, 4 to 30 seconds; off: as v2's, at the time named and then every look_every seconds (B3).
    call_budget: seconds until a call is given up; v1 fetches the codes while one waits. late_window: seconds a given-up
    call may still land.
    """

    access_life: float = 4 * 3600.0
    refresh_life: float = 8 * 3600.0
    resend_v1: bool = True
    total_as_given: bool = False
    quick_looks: bool = True
    look_every: float = 60.0
    call_budget: float = 30.0
    late_window: float = 120.0


@attrs.frozen(kw_only=True)
class KalixoKeys:
    """One account's credentials: an email and a password for v1, an API key for v2. Give what your version needs."""

    email: str | None = attrs.field(default=None, repr=lambda email: "None" if email is None else "***")
    password: Secret[str] | None = None
    api_key: Secret[str] | None = None

    def problems(self, version: Version, environment: Environment) -> list[Refusal]:
        """Everything that is missing or cannot be right; never with a value."""
        if version == 1:
            given = (("email", self.email), ("password", None if self.password is None else self.password.reveal()))
            return [
                Refusal(code="key.missing", message="is missing: v1 logs in with it", field=name)
                for name, value in given
                if not (value or "").strip()
            ]
        key = None if self.api_key is None else self.api_key.reveal()
        if not (key or "").strip():
            return [Refusal(code="key.missing", message="is missing: v2 is called with it", field="api_key")]
        if key is None or not _HEADER_VALUE.fullmatch(key):
            message = "is no key: printable ASCII characters without spaces"
            return [Refusal(code="key.bad", message=message, field="api_key")]
        for world, foreign in ((Environment.LIVE, "kal_test_"), (Environment.TEST, "kal_live_")):
            if environment is world and key.startswith(foreign):  # B1
                message = f"belongs to another environment than {world}"
                return [Refusal(code="key.other_environment", message=message, field="api_key")]
        return []

    @classmethod
    def from_env(cls, env: Mapping[str, str], prefix: str = "KALIXO_") -> KalixoKeys:
        """EMAIL, PASSWORD, API_KEY after `prefix`; what a version needs is seen where the version is known."""
        read = EnvReader(env, prefix)
        email, password, key = read.optional("EMAIL"), read.optional("PASSWORD"), read.optional("API_KEY")
        return cls(
            email=None if email is None else email.strip(),
            password=None if password is None else Secret(password),
            api_key=None if key is None else Secret(key.strip()),
        )


@attrs.frozen
class Kalixo:
    """Kalixo, as `till.use` takes it.

    credentials: of the one account, or what names them per tenant. version: of the provider's API. url: only where it
    is not the environment's own; SANDBOX has none of its own, nor has TEST in v1. auth: another way to put credentials
    on a request, one for all or one per site: any `httpx.Auth`. Raises ConfigurationError, all problems.
    """

    name: ClassVar[str] = NAME
    credentials: KalixoKeys | Credentials[KalixoKeys] = attrs.field(repr=False)
    version: Version = attrs.field(kw_only=True)
    environment: Environment = attrs.field(kw_only=True)
    url: str | None = attrs.field(kw_only=True, default=None)
    switches: Switches = attrs.field(kw_only=True, factory=Switches)
    auth: httpx.Auth | Callable[[Site], httpx.Auth] | None = attrs.field(kw_only=True, default=None, repr=False)

    def __attrs_post_init__(self) -> None:
        problems = [*_version_problems(self.version), *_url_problems(self.url, self.environment, self.version)]
        if isinstance(self.credentials, KalixoKeys) and self.auth is None:
            problems += self.credentials.problems(self.version, self.environment)
        problems += _switch_problems(self.switches)
        if problems:
            raise ConfigurationError.of(problems)

    @classmethod
    def from_env(cls, env: Mapping[str, str], prefix: str = "KALIXO_") -> Kalixo:
        """VERSION (1, 2), ENVIRONMENT (sandbox, test, live), and EMAIL and PASSWORD (v1) or API_KEY (v2); optional:
        URL, and the switches TOTAL_AS_GIVEN, RESEND_V1 and QUICK_LOOKS (yes, no). Each after `prefix`. Raises
        ConfigurationError naming every missing or bad one.
        """
        read = EnvReader(env, prefix)
        version: Version = 1 if read.choice("VERSION", _Versions, otherwise=_Versions.TWO) is _Versions.ONE else 2
        environment = read.choice("ENVIRONMENT", Environment, otherwise=Environment.TEST)
        keys, url = KalixoKeys.from_env(env, prefix), read.optional("URL")
        if read.optional("VERSION"):
            for problem in keys.problems(version, environment):
                read.problem((problem.field or "").upper(), problem.message, code=problem.code)
        if read.optional("ENVIRONMENT"):
            for problem in _url_problems(url, environment, version):
                read.problem("URL", problem.message, code=problem.code)
        switches = Switches(
            total_as_given=read.flag("TOTAL_AS_GIVEN"),
            resend_v1=read.flag("RESEND_V1") if read.optional("RESEND_V1") else True,
            quick_looks=read.flag("QUICK_LOOKS") if read.optional("QUICK_LOOKS") else True,
        )
        read.done()
        return cls(keys, version=version, environment=environment, url=url, switches=switches)

    @classmethod
    def describe(cls) -> Description:
        """For `diagrams/providers.md`."""
        from stampcard_adapters.kalixo.adapter import described  # late: the adapter is built from these settings

        return described()

    def bind(self, seat: Seat[M], /) -> KalixoVerbs[M]:
        """The verbs, for one till. The till calls it: `till.use(settings)`."""
        from stampcard_adapters.kalixo.verbs import KalixoVerbs  # late: the verbs are built from these settings

        return KalixoVerbs(seat, self)

    @property
    def base_url(self) -> str:
        """scheme://host[:port] of every call; the version is a part of each path."""
        return (self.url or URLS.get((self.version, self.environment), "")).strip().removesuffix("/")

    def keys_of(self, tenant: str) -> KalixoKeys:
        """This tenant's credentials now. Raises ConfigurationError when there are none, or not for this version."""
        if isinstance(self.credentials, KalixoKeys):
            return self.credentials
        ask: Callable[[str], KalixoKeys] = self.credentials
        try:
            keys = ask(tenant)
        except LookupError:
            message = f"there are no Kalixo keys for the tenant {tenant!r}"
            raise ConfigurationError.of([Refusal(code="tenant.unknown", message=message, field="tenant")]) from None
        problems = keys.problems(self.version, self.environment)
        if problems:
            raise ConfigurationError.of(problems)
        return keys


def _version_problems(version: object) -> list[Refusal]:
    """An untyped caller may give any."""
    return [] if version in (1, 2) else [Refusal(code="version.bad", message="is neither 1 nor 2", field="version")]


def _switch_problems(switches: Switches) -> list[Refusal]:
    problems: list[Refusal] = []
    for name, most in (
        ("call_budget", 3600),
        ("late_window", 3600),
        ("look_every", 86_400),
        ("access_life", 2_592_000),
        ("refresh_life", 2_592_000),
    ):
        seconds: float = getattr(switches, name)
        if not 0 < seconds < most:
            problems.append(Refusal(code="setting.bad", message="is no number of seconds", field=f"switches.{name}"))
    return problems


def _url_problems(url: str | None, environment: Environment, version: Version) -> list[Refusal]:
    """Codes worth money come back over it: only https may carry them, but for a local sandbox."""
    if url is None:
        if (version, environment) in URLS:
            return []
        message = "is missing: v1 has no test address" if environment is Environment.TEST else "is missing"
        return [Refusal(code="url.missing", message=message, field="url")]
    try:
        parsed = httpx.URL(url.strip())
    except (httpx.InvalidURL, ValueError):
        return [Refusal(code="url.bad", message="is no URL", field="url")]
    says: list[str] = []
    odd = not 0 < (parsed.port or 443) < 65536 or "%" in parsed.host  # httpx escapes what no host may hold
    if odd or not parsed.host or parsed.userinfo or parsed.path not in ("", "/") or "?" in url or "#" in url:
        says.append("is more or less than scheme://host[:port]")
    if parsed.scheme != "https" and not (
        environment is Environment.SANDBOX and parsed.scheme == "http" and _loopback(parsed.host)
    ):
        says.append("is not https")
    foreign = {Environment.LIVE: "sandbox.kalixo.io", Environment.TEST: "api.kalixo.io" if version == 2 else None}
    if parsed.host == foreign.get(environment):
        says.append(f"belongs to another environment than {environment}")
    return [Refusal(code="url.bad", message=text, field="url") for text in says]


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
