"""What an integrator configures: keys, world, stores, and the switches for what the provider does not document.

May live here: settings and their validation. May not: a call, a body. Sections are those of the provider's fact sheet.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar, Final

import attrs
import httpx

from stampcard.adapter import Description
from stampcard.config import Credentials, EnvReader, keys_of, seconds_problems, url_problems
from stampcard.errors import ConfigurationError
from stampcard.model import Environment, Money, Refusal, Site
from stampcard.signing import Key, KeyRing
from stampcard.step.verb import M, Seat
from stampcard_adapters.spendgo.values import NAME

if TYPE_CHECKING:
    from stampcard_adapters.spendgo.verbs import SpendgoVerbs

__all__ = ["AfterVoid", "PointsLeave", "Repeated", "Spendgo", "SpendgoKeys", "Switches"]

URLS: Final = {
    Environment.TEST: "https://webservice.skuped.com",  # section 1
    Environment.LIVE: "https://webservice.spendgo.com",
}
_FOREIGN: Final = {Environment.LIVE: ("skuped.com",), Environment.TEST: ("spendgo.com",)}


class Repeated(StrEnum):
    """What the provider makes of the same order id and status again (section 6: undocumented)."""

    REPLAYED = "replayed"
    """It answers as it did the first time, and nothing happens twice."""
    REFUSED = "refused"
    """It answers 409, and nothing happens twice."""
    UNSAFE = "unsafe"
    """It may do it twice."""


class PointsLeave(StrEnum):
    """The stage at which a Shop With Points reward takes its points (section 6: undocumented)."""

    PLACED = "placed"
    BILLED = "billed"
    COMPLETED = "completed"


class AfterVoid(StrEnum):
    """What the provider makes of a `placed` or `billed` that comes only after the void (section 6: undocumented)."""

    LANDS = "lands"
    """It may take effect."""
    REFUSED = "refused"
    """It is out of sequence, and takes nothing."""


@attrs.frozen(kw_only=True)
class Switches:
    """Choices where the provider's documents are silent; certification measures them. See docs/providers/spendgo.md.

    repeat, points_leave_at: see there. gone_is_used: after a lost `billed`, a reward no longer listed counts as used
    by it (off: offers also vanish by rule). after_void: while it may land, the member's rewards are looked at after a
    void from doubt. payments_as_array: also for a single tender. call_budget: seconds until a
    call is given up. late_window: seconds a given-up call may still land.
    """

    repeat: Repeated = attrs.field(default=Repeated.REPLAYED, converter=Repeated)
    points_leave_at: PointsLeave = attrs.field(default=PointsLeave.BILLED, converter=PointsLeave)
    gone_is_used: bool = False
    after_void: AfterVoid = attrs.field(default=AfterVoid.LANDS, converter=AfterVoid)
    payments_as_array: bool = False
    call_budget: float = 10.0
    late_window: float = 120.0


@attrs.frozen(kw_only=True)
class SpendgoKeys:
    """One account's credentials in one environment (section 1). account_id: the `brand` of every order."""

    account_id: str
    keys: KeyRing

    def __attrs_post_init__(self) -> None:
        if not self.account_id.strip():
            raise ConfigurationError.of([Refusal(code="account.missing", message="the account id is empty")])

    @classmethod
    def from_env(cls, env: Mapping[str, str], prefix: str = "SPENDGO_") -> SpendgoKeys:
        """ACCOUNT_ID, API_KEY, SECRET, and while keys rotate OTHER_API_KEY, OTHER_SECRET, each after `prefix`.

        Raises ConfigurationError naming every missing or bad one.
        """
        read = EnvReader(env, prefix)
        account_id = read.text("ACCOUNT_ID").strip()
        current = _key(read, "")
        rotating = read.optional("OTHER_API_KEY") is not None or read.optional("OTHER_SECRET") is not None
        other = _key(read, "OTHER_") if rotating else None
        return cls(account_id=account_id, keys=KeyRing(current=read.complete(current), other=other))


def _key(read: EnvReader, which: str) -> Key | None:
    name, secret = read.text(f"{which}API_KEY"), read.text(f"{which}SECRET")
    if not (name and secret):
        return None
    if read.build(f"{which}API_KEY", lambda: Key.raw(name, b"-")) is None:  # the id alone, to name the right variable
        return None
    return read.build(f"{which}SECRET", lambda: Key.base64(name, secret))


@attrs.frozen
class Spendgo:
    """Spendgo, as `till.use` takes it.

    credentials: of the one account, or what names them per tenant. url: only where it is not the environment's own;
    SANDBOX has none of its own. stores: your store number -> the provider's store code; without it they are the same.
    currency: of rewards and balances whose currency the provider leaves out. auth: another signing scheme in place of
    Spendgo's own, one for all or one per site (a gateway of yours in between signs differently): any `httpx.Auth`.
    Raises ConfigurationError, all problems.
    """

    name: ClassVar[str] = NAME
    credentials: SpendgoKeys | Credentials[SpendgoKeys] = attrs.field(repr=False)
    environment: Environment = attrs.field(kw_only=True)
    url: str | None = attrs.field(kw_only=True, default=None)
    stores: Mapping[str, str] | None = attrs.field(kw_only=True, default=None, repr=False)
    currency: str = attrs.field(kw_only=True, default="USD")
    switches: Switches = attrs.field(kw_only=True, factory=Switches)
    auth: httpx.Auth | Callable[[Site], httpx.Auth] | None = attrs.field(kw_only=True, default=None, repr=False)

    def __attrs_post_init__(self) -> None:
        problems = [*_url_problems(self.url, self.environment), *_other_problems(self)]
        if problems:
            raise ConfigurationError.of(problems)

    @classmethod
    def from_env(cls, env: Mapping[str, str], prefix: str = "SPENDGO_") -> Spendgo:
        """Keys as `SpendgoKeys.from_env`, and ENVIRONMENT (sandbox, test, live); optional: URL, STORES
        (`ours=theirs,...`), CURRENCY, and the switches REPEAT, POINTS_LEAVE_AT, GONE_IS_USED, AFTER_VOID,
        PAYMENTS_AS_ARRAY.
        Raises ConfigurationError naming every missing or bad one.
        """
        read = EnvReader(env, prefix)
        keys = read.build("", lambda: SpendgoKeys.from_env(env, prefix))
        environment = read.choice("ENVIRONMENT", Environment, otherwise=Environment.TEST)
        known = bool(read.optional("ENVIRONMENT"))
        url, stores = read.optional("URL"), read.pairs("STORES")
        read.problems(_url_problems(url, environment) if known else ())
        currency = (read.optional("CURRENCY") or "USD").strip().upper()
        if not _is_currency(currency):
            read.problem("CURRENCY", "is no ISO 4217 code")
        switches = Switches(
            repeat=read.choice("REPEAT", Repeated, otherwise=Repeated.REPLAYED, required=False),
            points_leave_at=read.choice("POINTS_LEAVE_AT", PointsLeave, otherwise=PointsLeave.BILLED, required=False),
            gone_is_used=read.flag("GONE_IS_USED"),
            after_void=read.choice("AFTER_VOID", AfterVoid, otherwise=AfterVoid.LANDS, required=False),
            payments_as_array=read.flag("PAYMENTS_AS_ARRAY"),
        )
        return cls(
            read.complete(keys),
            environment=environment,
            url=url,
            stores=stores or None,
            currency=currency,
            switches=switches,
        )

    @classmethod
    def describe(cls) -> Description:
        """For `diagrams/providers.md`."""
        from stampcard_adapters.spendgo.adapter import described  # late: the adapter is built from these settings

        return described()

    def bind(self, seat: Seat[M], /) -> SpendgoVerbs[M]:
        """The verbs, for one till. The till calls it: `till.use(settings)`."""
        from stampcard_adapters.spendgo.verbs import SpendgoVerbs  # late: the verbs are built from these settings

        return SpendgoVerbs(seat, self)

    @property
    def base_url(self) -> str:
        """scheme://host[:port] of every call."""
        return (self.url or URLS.get(self.environment, "")).strip().removesuffix("/")

    def keys_of(self, tenant: str) -> SpendgoKeys:
        """This tenant's credentials now. Raises ConfigurationError when there are none."""
        return keys_of(self.credentials, SpendgoKeys, tenant, provider="Spendgo")

    def store_code(self, store: str) -> str:
        """The provider's code for your store. Raises ConfigurationError when `stores` is given and lacks it."""
        code = store if self.stores is None else self.stores.get(store, "")
        if not code.strip():
            message = f"store {store!r} has no Spendgo store code"
            raise ConfigurationError.of([Refusal(code="store.unmapped", message=message, field="stores")])
        return code


def _other_problems(settings: Spendgo) -> list[Refusal]:
    problems: list[Refusal] = []
    if not _is_currency(settings.currency):
        problems.append(Refusal(code="setting.bad", message="is no ISO 4217 code", field="currency"))
    return [*problems, *seconds_problems(settings.switches, call_budget=3600, late_window=3600)]


def _is_currency(code: str) -> bool:
    try:
        Money.zero(code)
    except ValueError:
        return False
    return True


def _url_problems(url: str | None, environment: Environment) -> list[Refusal]:
    missing = None if environment in URLS else "is missing: a sandbox has no address of its own"
    return url_problems(url, environment, missing=missing, foreign=_FOREIGN.get(environment, ()))
