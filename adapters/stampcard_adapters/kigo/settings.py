"""What an integrator configures: keys, world, the order's path, and the switches for what is not documented.

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
from stampcard_adapters.kigo.requests import ORDER_PATH, ProgramField
from stampcard_adapters.kigo.values import NAME

if TYPE_CHECKING:
    from stampcard_adapters.kigo.verbs import KigoVerbs

__all__ = ["Kigo", "KigoKeys", "Switches"]

URLS: Final = {
    Environment.TEST: "https://kigo-core-server-test.kigodigital.net",  # section 1
    Environment.LIVE: "https://api.kigodigital.net",
}
"""Staging, https://kigo-core-server-stage.kigodigital.net, is a `url` of the test environment."""
_FOREIGN: Final = {
    Environment.LIVE: ("kigo-core-server-test.kigodigital.net", "kigo-core-server-stage.kigodigital.net"),
    Environment.TEST: ("api.kigodigital.net",),
}
_PATH: Final = re.compile(r"(?:/[A-Za-z0-9._~!$&'()*+,;=:@%-]+)+")
_HOLE: Final = "{product_id}"
_LIMITS: Final = {"call_budget": 3600.0, "late_window": 3600.0, "reveal_within": 10 * 366 * 86_400.0}


@attrs.frozen(kw_only=True)
class Switches:
    """Choices where the provider's documents are silent. See docs/providers/kigo.md.

    product_in_body: send the product beside the order id too. program_field: what the SSO call names the programme.
    reveal_within: seconds after placing for which the link can be shown: showing it repeats the order call, and how
    long the provider remembers an order is not documented. call_budget: seconds until a call is given up.
    late_window: seconds a given-up call may still land.
    """

    product_in_body: bool = False
    program_field: ProgramField = attrs.field(default=ProgramField.EXTERNAL_PROGRAM_ID, converter=ProgramField)
    reveal_within: float = 86_400.0
    call_budget: float = 10.0
    late_window: float = 120.0


@attrs.frozen(kw_only=True)
class KigoKeys:
    """One organisation's credentials in one environment (section 1). Raises ConfigurationError, all problems.

    partner_id: unique for the organisation. An order id belongs to it: under another one it is another order.
    """

    partner_id: str
    api_key: Secret[str]

    def __attrs_post_init__(self) -> None:
        given = {"partner_id": self.partner_id, "api_key": self.api_key.reveal()}
        problems = [
            Refusal(code="setting.bad", message=problem, field=name)
            for name, value in given.items()
            if (problem := _credential_problem(value)) is not None
        ]
        del given  # a crash reporter prints the locals of this frame
        if problems:
            raise ConfigurationError.of(problems)

    @classmethod
    def from_env(cls, env: Mapping[str, str], prefix: str = "KIGO_") -> KigoKeys:
        """PARTNER_ID and API_KEY, each after `prefix`. Raises ConfigurationError naming every missing or bad one."""
        read = EnvReader(env, prefix)
        for name in ("PARTNER_ID", "API_KEY"):
            problem = _credential_problem(read.text(name))
            if read.optional(name) is not None and problem is not None:
                read.problem(name, problem)
        read.done()
        return cls(partner_id=read.text("PARTNER_ID"), api_key=Secret(read.text("API_KEY")))


def _credential_problem(value: str) -> str | None:
    if not value.strip():
        return "is empty"
    if value != value.strip() or not value.isprintable():
        return "holds a line break, or begins or ends with a space"
    return None


@attrs.frozen
class Kigo:
    """Kigo, as `till.use` takes it.

    credentials: of the one organisation, or what names them per tenant. url: only where it is not the environment's
    own; SANDBOX has none of its own. order_path: of the order call, with `{product_id}` where the product goes; it is
    not public (section 3), ask your Kigo contact. auth: another hook in place of Kigo's own, one for all or one per
    site: any `httpx.Auth`. Raises ConfigurationError, all problems.
    """

    name: ClassVar[str] = NAME
    credentials: KigoKeys | Credentials[KigoKeys] = attrs.field(repr=False)
    environment: Environment = attrs.field(kw_only=True)
    url: str | None = attrs.field(kw_only=True, default=None)
    order_path: str = attrs.field(kw_only=True, default=ORDER_PATH)
    switches: Switches = attrs.field(kw_only=True, factory=Switches)
    auth: httpx.Auth | Callable[[Site], httpx.Auth] | None = attrs.field(kw_only=True, default=None, repr=False)

    def __attrs_post_init__(self) -> None:
        problems = [
            *_url_problems(self.url, self.environment),
            *_path_problems(self.order_path, product_in_body=self.switches.product_in_body),
            *_switch_problems(self.switches),
        ]
        if problems:
            raise ConfigurationError.of(problems)

    @classmethod
    def from_env(cls, env: Mapping[str, str], prefix: str = "KIGO_") -> Kigo:
        """Keys as `KigoKeys.from_env`, and ENVIRONMENT (sandbox, test, live); optional: URL, ORDER_PATH, and the
        switches PRODUCT_IN_BODY, PROGRAM_FIELD, REVEAL_WITHIN (seconds). Raises ConfigurationError naming every
        missing or bad one.
        """
        read = EnvReader(env, prefix)
        keys = read.build("", lambda: KigoKeys.from_env(env, prefix))
        environment = read.choice("ENVIRONMENT", Environment, otherwise=Environment.TEST)
        known = bool(read.optional("ENVIRONMENT"))
        url = read.optional("URL")
        for problem in _url_problems(url, environment) if known else ():
            read.problem("URL", problem.message, code=problem.code)
        in_body = read.flag("PRODUCT_IN_BODY")
        order_path = (read.optional("ORDER_PATH") or ORDER_PATH).strip()
        for problem in _path_problems(order_path, product_in_body=in_body):
            read.problem("ORDER_PATH", problem.message, code=problem.code)
        switches = Switches(
            product_in_body=in_body,
            program_field=read.choice(
                "PROGRAM_FIELD", ProgramField, otherwise=ProgramField.EXTERNAL_PROGRAM_ID, required=False
            ),
            reveal_within=_seconds(read, "REVEAL_WITHIN", otherwise=Switches().reveal_within),
        )
        read.done()
        if keys is None:  # `done` has raised: said for the type checker
            raise ConfigurationError.of([Refusal(code="setting.missing", message="no keys")])
        return cls(keys, environment=environment, url=url, order_path=order_path, switches=switches)

    @classmethod
    def describe(cls) -> Description:
        """For `diagrams/providers.md`."""
        from stampcard_adapters.kigo.adapter import described  # late: the adapter is built from these settings

        return described()

    def bind(self, seat: Seat[M], /) -> KigoVerbs[M]:
        """The verbs, for one till. The till calls it: `till.use(settings)`."""
        from stampcard_adapters.kigo.verbs import KigoVerbs  # late: the verbs are built from these settings

        return KigoVerbs(seat, self)

    @property
    def base_url(self) -> str:
        """scheme://host[:port] of every call."""
        return (self.url or URLS.get(self.environment, "")).strip().removesuffix("/")

    def keys_of(self, tenant: str) -> KigoKeys:
        """This tenant's credentials now. Raises ConfigurationError when there are none."""
        if isinstance(self.credentials, KigoKeys):
            return self.credentials
        ask: Callable[[str], KigoKeys] = self.credentials
        try:
            return ask(tenant)
        except LookupError:
            message = f"there are no Kigo keys for the tenant {tenant!r}"
            raise ConfigurationError.of([Refusal(code="tenant.unknown", message=message, field="tenant")]) from None


def _seconds(read: EnvReader, name: str, *, otherwise: float) -> float:
    written = (read.optional(name) or "").strip()
    if not written:
        return otherwise
    if written.isascii() and written.isdigit() and 0 < float(written[:20]) < _LIMITS["reveal_within"]:
        return float(written)
    read.problem(name, "is no number of seconds")
    return otherwise


def _switch_problems(switches: Switches) -> list[Refusal]:
    return [
        Refusal(code="setting.bad", message="is no number of seconds", field=f"switches.{name}")
        for name, most in _LIMITS.items()
        if not 0 < getattr(switches, name) < most
    ]


def _path_problems(template: str, *, product_in_body: bool) -> list[Refusal]:
    holes = template.count(_HOLE)
    says: list[str] = []
    filled = template.replace(_HOLE, "x")
    dotted = any(not part.strip(".") for part in filled.split("/")[1:])
    if not _PATH.fullmatch(filled) or dotted:
        says.append("is no absolute path, or holds more than a path and {product_id}")
    if holes > 1 or (holes == 0 and not product_in_body):
        says.append("names {product_id} other than once; it may be left out with product_in_body only")
    return [Refusal(code="setting.bad", message=text, field="order_path") for text in says]


def _url_problems(url: str | None, environment: Environment) -> list[Refusal]:
    """A bearer token opens every order to whoever reads it: only https may carry it, but for a local sandbox."""
    if url is None:
        if environment in URLS:
            return []
        return [Refusal(code="url.missing", message="is missing: a sandbox has no address of its own", field="url")]
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
    if parsed.host in _FOREIGN.get(environment, ()):
        says.append(f"belongs to another environment than {environment}")
    return [Refusal(code="url.bad", message=text, field="url") for text in says]


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
