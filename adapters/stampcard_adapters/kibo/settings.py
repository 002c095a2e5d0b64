"""What an integrator configures: keys, hosts, the seal key, and the switches for what the provider does not document.

May live here: settings and their validation. May not: a call, a body. Sections are those of the provider's fact sheet.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, ClassVar, Final

import attrs
import httpx

from stampcard.adapter import Description
from stampcard.config import Credentials, EnvReader
from stampcard.errors import ConfigurationError
from stampcard.model import Environment, Refusal, Secret, Site
from stampcard.sealed import SealKey
from stampcard.step.verb import M, Seat
from stampcard_adapters.kibo._hosts import AUTH_URLS, URLS, url_problems
from stampcard_adapters.kibo.access import TOKEN_PATH
from stampcard_adapters.kibo.payments import PAYMENT_TYPES, Kind
from stampcard_adapters.kibo.values import NAME

if TYPE_CHECKING:
    from stampcard_adapters.kibo.verbs import KiboVerbs

__all__ = ["Kibo", "KiboKeys", "Switches"]

_HEADER_VALUE: Final = re.compile(r"[!-9;-~]+")
"""Of the API key: printable ASCII without the colon that ends it in Basic credentials."""
_LOCALE: Final = re.compile(r"[a-z]{2,3}([-_][A-Za-z0-9]{2,8})*")


def _types(chosen: Mapping[Kind, str]) -> Mapping[Kind, str]:
    """The words given, over the sheet's."""
    return {**PAYMENT_TYPES, **{Kind(kind): word for kind, word in chosen.items()}}


@attrs.frozen(kw_only=True)
class Switches:
    """Choices where the provider's documents are silent. See docs/providers/kibo.md.

    hold_days: until a hold ends by itself. resend_tokens: a lost authorization by token is sent again by us (the token
    is then journalled, sealed). find_by_external_id: a lost `create` is looked for by our id, not by the reserved one.
    payment_types: shape -> `paymentType`, over the sheet's list. slash_in_expiry: MM/YYYY in place of MM-YYYY.
    action_first: /action/order/cancel in place of /order/action/cancel. method_at_create: `create` names the payment
    method token beside the authorization. accept_201: 201 is a success as 200 is. codeless_errors: an error object
    without its code is read by its HTTP status. authorize_budget, call_budget: seconds until a call is given up.
    late_window: seconds a given-up call may still land.
    """

    hold_days: float = 7
    resend_tokens: bool = False
    find_by_external_id: bool = False
    payment_types: Mapping[Kind, str] = attrs.field(factory=lambda: PAYMENT_TYPES, converter=_types, hash=False)
    slash_in_expiry: bool = False
    action_first: bool = False
    method_at_create: bool = True
    accept_201: bool = False
    codeless_errors: bool = True
    authorize_budget: float = 45.0
    call_budget: float = 10.0
    late_window: float = 120.0

    @property
    def hold(self) -> float:
        """Seconds a hold lives."""
        return float(self.hold_days) * 86_400.0


@attrs.frozen(kw_only=True)
class KiboKeys:
    """One account's credentials in one environment (section 1), and what it sells under (section 2)."""

    api_key: str = attrs.field(repr=lambda _: "***")
    secret: Secret[str]
    manufacturer_id: int
    catalog_id: int

    def __attrs_post_init__(self) -> None:
        problems = _key_problems(self.api_key, self.secret.reveal(), self.manufacturer_id, self.catalog_id)
        if problems:
            raise ConfigurationError.of(problems)

    @classmethod
    def from_env(cls, env: Mapping[str, str], prefix: str = "KIBO_") -> KiboKeys:
        """API_KEY, SECRET, MANUFACTURER_ID, CATALOG_ID, each after `prefix`.

        Raises ConfigurationError naming every missing or bad one.
        """
        read = EnvReader(env, prefix)
        given = {name: read.text(name.upper()).strip() for name in ("api_key", "secret", *_NUMBERS)}
        manufacturer, catalog = _whole(given["manufacturer_id"]), _whole(given["catalog_id"])
        for problem in _key_problems(given["api_key"], given["secret"], manufacturer, catalog):
            if given[problem.field or ""]:  # a missing one was told as missing
                read.problem((problem.field or "").upper(), problem.message, code=problem.code)
        read.done()
        return cls(
            api_key=given["api_key"],
            secret=Secret(given["secret"]),
            manufacturer_id=manufacturer,
            catalog_id=catalog,
        )


_NUMBERS: Final = {"manufacturer_id": 1, "catalog_id": 0}
"""Section 2, traps 2 and 11: integers, and the least each may be."""


def _key_problems(api_key: str, secret: str, manufacturer_id: object, catalog_id: object) -> list[Refusal]:
    problems: list[Refusal] = []
    if not _HEADER_VALUE.fullmatch(api_key):
        message = "is no key: printable ASCII characters without spaces and colons"
        problems.append(Refusal(code="key.id", message=message, field="api_key"))
    if not secret.strip():
        problems.append(Refusal(code="key.secret", message="is empty", field="secret"))
    for name, number in (("manufacturer_id", manufacturer_id), ("catalog_id", catalog_id)):
        if type(number) is not int or number < _NUMBERS[name]:
            message = f"is no whole number of at least {_NUMBERS[name]}"
            problems.append(Refusal(code="setting.bad", message=message, field=name))
    return problems


def _whole(text: str) -> int:
    """A whole number as it is issued; -1, which is refused, for anything else (01010 is no number: trap 2)."""
    plain = text.isascii() and text.isdigit() and len(text) <= 18 and (text == "0" or not text.startswith("0"))
    return int(text) if plain else -1


@attrs.frozen
class Kibo:
    """Kibo's classic OMS v2, as `till.use` takes it.

    credentials: of the one account, or what names them per tenant. url, auth_url: of the integration and of the token
    host, where they are not the environment's own; TEST has no documented integration host, SANDBOX none at all, and
    its token host is the integration host. locale: of orders. test_orders: marks them as tests. seal_key: encrypts the
    tokens an order has to keep in the journal. auth: another hook in place of Kibo's own, one for all or one per site.
    Raises ConfigurationError, all problems.
    """

    name: ClassVar[str] = NAME
    credentials: KiboKeys | Credentials[KiboKeys] = attrs.field(repr=False)
    environment: Environment = attrs.field(kw_only=True)
    url: str | None = attrs.field(kw_only=True, default=None)
    auth_url: str | None = attrs.field(kw_only=True, default=None)
    locale: str = attrs.field(kw_only=True, default="en-US")
    test_orders: bool = attrs.field(kw_only=True, default=False)
    seal_key: SealKey | None = attrs.field(kw_only=True, default=None, repr=False)
    switches: Switches = attrs.field(kw_only=True, factory=Switches)
    auth: httpx.Auth | Callable[[Site], httpx.Auth] | None = attrs.field(kw_only=True, default=None, repr=False)

    def __attrs_post_init__(self) -> None:
        problems = [*url_problems(self.url, self.auth_url, self.environment), *_other_problems(self)]
        if problems:
            raise ConfigurationError.of(problems)

    @classmethod
    def from_env(cls, env: Mapping[str, str], prefix: str = "KIBO_") -> Kibo:
        """Keys as `KiboKeys.from_env`, and ENVIRONMENT (sandbox, test, live); optional: URL, AUTH_URL, LOCALE,
        TEST_ORDERS, SEAL_KEY (base64 of 32, 48 or 64 bytes), and the switches HOLD_DAYS, RESEND_TOKENS,
        FIND_BY_EXTERNAL_ID, PAYMENT_TYPES (`shape=WORD,...`), SLASH_IN_EXPIRY, ACTION_FIRST. Raises
        ConfigurationError naming every missing or bad one.
        """
        read = EnvReader(env, prefix)
        keys = read.build("", lambda: KiboKeys.from_env(env, prefix))
        environment = read.choice("ENVIRONMENT", Environment, otherwise=Environment.TEST)
        known = bool(read.optional("ENVIRONMENT"))
        url, auth_url = read.optional("URL"), read.optional("AUTH_URL")
        for problem in url_problems(url, auth_url, environment) if known else ():
            read.problem((problem.field or "url").upper(), problem.message, code=problem.code)
        locale = (read.optional("LOCALE") or "en-US").strip()
        if not _LOCALE.fullmatch(locale):
            read.problem("LOCALE", "is no language tag")
        test_orders, seal_key, switches = read.flag("TEST_ORDERS"), _seal_key(read), _switches(read)
        read.done()
        if keys is None:  # `done` has raised: said for the type checker
            raise ConfigurationError.of([Refusal(code="setting.missing", message="no keys")])
        return cls(
            keys,
            environment=environment,
            url=url,
            auth_url=auth_url,
            locale=locale,
            test_orders=test_orders,
            seal_key=seal_key,
            switches=switches,
        )

    @classmethod
    def describe(cls) -> Description:
        """For `diagrams/providers.md`."""
        from stampcard_adapters.kibo.adapter import described  # late: the adapter is built from these settings

        return described()

    def bind(self, seat: Seat[M], /) -> KiboVerbs[M]:
        """The verbs, for one till. The till calls it: `till.use(settings)`."""
        from stampcard_adapters.kibo.verbs import KiboVerbs  # late: the verbs are built from these settings

        return KiboVerbs(seat, self)

    @property
    def base_url(self) -> str:
        """scheme://host[:port] of every call but the token's."""
        return (self.url or URLS.get(self.environment, "")).strip().removesuffix("/")

    @property
    def token_url(self) -> str:
        """The whole URL of the token call."""
        host = self.auth_url or AUTH_URLS.get(self.environment) or self.base_url
        return host.strip().removesuffix("/") + TOKEN_PATH

    def keys_of(self, tenant: str) -> KiboKeys:
        """This tenant's credentials now. Raises ConfigurationError when there are none."""
        if isinstance(self.credentials, KiboKeys):
            return self.credentials
        ask: Callable[[str], KiboKeys] = self.credentials
        try:
            return ask(tenant)
        except LookupError:
            message = f"there are no Kibo keys for the tenant {tenant!r}"
            raise ConfigurationError.of([Refusal(code="tenant.unknown", message=message, field="tenant")]) from None


def _seal_key(read: EnvReader) -> SealKey | None:
    text = read.optional("SEAL_KEY")
    if text is None:
        return None
    try:
        return SealKey.base64(text)
    except ValueError:
        read.problem("SEAL_KEY", "is no base64 of 32, 48 or 64 bytes")
    except ImportError:
        read.problem("SEAL_KEY", "needs the extra `seal`: pip install 'stampcard[seal]'")
    return None


def _switches(read: EnvReader) -> Switches:
    days, types = (read.optional("HOLD_DAYS") or "7").strip(), read.pairs("PAYMENT_TYPES")
    if not (days.isascii() and days.isdigit() and 0 < int(days[:9]) <= 365):
        read.problem("HOLD_DAYS", "is no whole number of days from 1 to 365")
        days = "7"
    if not set(types) <= set(Kind):
        read.problem("PAYMENT_TYPES", f"names a payment that is none of {', '.join(Kind)}")
        types = {}
    return Switches(
        hold_days=int(days),
        resend_tokens=read.flag("RESEND_TOKENS"),
        find_by_external_id=read.flag("FIND_BY_EXTERNAL_ID"),
        payment_types={Kind(kind): word for kind, word in types.items()},
        slash_in_expiry=read.flag("SLASH_IN_EXPIRY"),
        action_first=read.flag("ACTION_FIRST"),
    )


def _other_problems(settings: Kibo) -> list[Refusal]:
    problems: list[Refusal] = []
    if not _LOCALE.fullmatch(settings.locale):
        problems.append(Refusal(code="setting.bad", message="is no language tag", field="locale"))
    for name in ("authorize_budget", "call_budget", "late_window"):
        seconds: float = getattr(settings.switches, name)
        if not 0 < seconds < 3600:
            problems.append(Refusal(code="setting.bad", message="is no number of seconds", field=f"switches.{name}"))
    if not 0 < settings.switches.hold_days <= 365:
        problems.append(Refusal(code="setting.bad", message="is no number of days", field="switches.hold_days"))
    if not all(word.strip() for word in settings.switches.payment_types.values()):
        problems.append(Refusal(code="setting.bad", message="has an empty word", field="switches.payment_types"))
    return problems
