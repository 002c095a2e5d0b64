"""What an integrator configures: the tenant's host, its keys, and the switches for what the provider does not document.

May live here: settings and their validation. May not: a call, a body. Sections are those of the provider's fact sheet.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, ClassVar, Final

import attrs
import httpx

from stampcard.adapter import Description
from stampcard.config import Credentials, EnvReader
from stampcard.errors import ConfigurationError
from stampcard.model import Environment, Refusal, Secret, Site
from stampcard.step.verb import M, Seat
from stampcard_adapters.sessionm.values import NAME

if TYPE_CHECKING:
    from stampcard_adapters.sessionm.verbs import SessionMVerbs

__all__ = ["SessionM", "SessionMKeys", "Switches"]

_KEY: Final = re.compile(r"[!-9;-~]{1,200}")
"""Visible ASCII without a colon, which would end the user's name of HTTP Basic."""
_SECRET: Final = re.compile(r"[ -~]{1,500}")
_FIELD: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,40}")


@attrs.frozen(kw_only=True)
class Switches:
    """Choices where the provider's documents are silent. See docs/providers/sessionm.md.

    send_external_id: our order id goes along as the order's external_id, and is what a lost order is found by.
    adopt_by_shape: after a lost reply, one new order of the same offer and quantity counts as ours although it does
    not carry our id (off: the customer's own order by phone looks the same). answer_field: the key of a skills test's
    answer. call_budget: seconds until a call is given up. late_window: seconds a given-up call may still land.
    """

    send_external_id: bool = True
    adopt_by_shape: bool = False
    answer_field: str = "response"
    call_budget: float = 10.0
    late_window: float = 120.0


@attrs.frozen(kw_only=True)
class SessionMKeys:
    """One tenant's server-to-server credentials (section 1). Both are secret: the api_key stands in every path.

    Raises ConfigurationError, which never repeats a value.
    """

    api_key: Secret[str]
    secret: Secret[str]

    def __attrs_post_init__(self) -> None:
        problems: list[Refusal] = []
        if not _KEY.fullmatch(self.api_key.reveal()) or not self.api_key.reveal().strip("."):
            says = "is not visible ASCII without spaces and colons"
            problems.append(Refusal(code="key.id", message=says, field="API_KEY"))
        if not _SECRET.fullmatch(self.secret.reveal()) or not self.secret.reveal().strip():
            problems.append(Refusal(code="key.secret", message="is empty or not printable ASCII", field="SECRET"))
        if problems:
            raise ConfigurationError.of(problems)

    @classmethod
    def of(cls, api_key: str, secret: str) -> SessionMKeys:
        """From plain text."""
        return cls(api_key=Secret(api_key), secret=Secret(secret))

    @classmethod
    def from_env(cls, env: Mapping[str, str], prefix: str = "SESSIONM_") -> SessionMKeys:
        """API_KEY and SECRET, each after `prefix`. Raises ConfigurationError naming every missing or bad one."""
        read = EnvReader(env, prefix)
        values = {name: Secret(read.text(name).strip()) for name in ("API_KEY", "SECRET")}
        read.done()
        try:
            return cls(api_key=values["API_KEY"], secret=values["SECRET"])
        except ConfigurationError as bad:
            problems = [attrs.evolve(one, field=f"{prefix}{one.field}") for one in bad.problems]
        raise ConfigurationError.of(problems)


@attrs.frozen
class SessionM:
    """SessionM, as `till.use` takes it.

    credentials: of the one tenant, or what names them per tenant. url: the tenant's own host, so there is no default
    (https://api-{tenant}.ent-sessionm.com). auth: another hook in place of SessionM's own, one for all or one per
    site; the key's segment of each path is then `~` until it puts the key there. Raises ConfigurationError, all
    problems.
    """

    name: ClassVar[str] = NAME
    credentials: SessionMKeys | Credentials[SessionMKeys] = attrs.field(repr=False)
    environment: Environment = attrs.field(kw_only=True)
    url: str = attrs.field(kw_only=True)
    switches: Switches = attrs.field(kw_only=True, factory=Switches)
    auth: httpx.Auth | Callable[[Site], httpx.Auth] | None = attrs.field(kw_only=True, default=None, repr=False)

    def __attrs_post_init__(self) -> None:
        problems = [*_url_problems(self.url, self.environment), *_switch_problems(self.switches)]
        if problems:
            raise ConfigurationError.of(problems)

    @classmethod
    def from_env(cls, env: Mapping[str, str], prefix: str = "SESSIONM_") -> SessionM:
        """API_KEY, SECRET, ENVIRONMENT (sandbox, test, live), URL; optional: the switches SEND_EXTERNAL_ID (yes),
        ADOPT_BY_SHAPE (no), ANSWER_FIELD. Raises ConfigurationError naming every missing or bad one.
        """
        read = EnvReader(env, prefix)
        keys = read.build("", lambda: SessionMKeys.from_env(env, prefix))
        environment = read.choice("ENVIRONMENT", Environment, otherwise=Environment.TEST)
        known, url = bool(read.optional("ENVIRONMENT")), read.text("URL")
        for problem in _url_problems(url, environment) if known and url else ():
            read.problem("URL", problem.message, code=problem.code)
        switches = Switches(
            send_external_id=read.flag("SEND_EXTERNAL_ID") if read.optional("SEND_EXTERNAL_ID") else True,
            adopt_by_shape=read.flag("ADOPT_BY_SHAPE"),
            answer_field=(read.optional("ANSWER_FIELD") or "response").strip(),
        )
        for problem in _switch_problems(switches):
            read.problem((problem.field or "").removeprefix("switches.").upper(), problem.message, code=problem.code)
        read.done()
        if keys is None:  # `done` has raised: said for the type checker
            raise ConfigurationError.of([Refusal(code="setting.missing", message="no keys")])
        return cls(keys, environment=environment, url=url, switches=switches)

    @classmethod
    def describe(cls) -> Description:
        """For `diagrams/providers.md`."""
        from stampcard_adapters.sessionm.adapter import described  # late: the adapter is built from these settings

        return described()

    def bind(self, seat: Seat[M], /) -> SessionMVerbs[M]:
        """The verbs, for one till. The till calls it: `till.use(settings)`."""
        from stampcard_adapters.sessionm.verbs import SessionMVerbs  # late: the verbs are built from these settings

        return SessionMVerbs(seat, self)

    @property
    def base_url(self) -> str:
        """scheme://host[:port] of every call."""
        return self.url.strip().removesuffix("/")

    def keys_of(self, tenant: str) -> SessionMKeys:
        """This tenant's credentials now. Raises ConfigurationError when there are none."""
        if isinstance(self.credentials, SessionMKeys):
            return self.credentials
        ask: Callable[[str], SessionMKeys] = self.credentials
        try:
            return ask(tenant)
        except LookupError:
            message = f"there are no SessionM keys for the tenant {tenant!r}"
            raise ConfigurationError.of([Refusal(code="tenant.unknown", message=message, field="tenant")]) from None


def _switch_problems(switches: Switches) -> list[Refusal]:
    problems: list[Refusal] = []
    for name in ("call_budget", "late_window"):
        seconds: float = getattr(switches, name)
        if not 0 < seconds < 3600:
            problems.append(Refusal(code="setting.bad", message="is no number of seconds", field=f"switches.{name}"))
    if not _FIELD.fullmatch(switches.answer_field):
        problems.append(Refusal(code="setting.bad", message="is no field's name", field="switches.answer_field"))
    return problems


def _url_problems(url: str, environment: Environment) -> list[Refusal]:
    """Basic credentials travel in every call: only https may carry them (section 1), but for a local sandbox."""
    if not url.strip():
        return [Refusal(code="url.missing", message="is missing: every tenant has its own host", field="url")]
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
    return [Refusal(code="url.bad", message=text, field="url") for text in says]


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
