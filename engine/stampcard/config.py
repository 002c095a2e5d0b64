"""Settings: read from the environment, and checked; every problem reported at once, no secret in any of them.

May live here: reading named text values, and rules that hold for every provider's settings (an address, a number of
seconds, keys for each tenant). May not: a provider's name, a file, a network call. What a provider needs, and under
which names, is the adapter's to say.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Collection, Iterable, Mapping
from enum import StrEnum
from typing import Protocol, TypeVar, cast

import httpx

from stampcard.errors import ConfigurationError
from stampcard.model import Environment, Refusal

__all__ = ["Credentials", "EnvReader", "keys_of", "on_loopback", "seconds_problems", "url_problems"]

K = TypeVar("K")
K_co = TypeVar("K_co", covariant=True)
E = TypeVar("E", bound=StrEnum)
T = TypeVar("T")


class Credentials(Protocol[K_co]):
    """Keys of one tenant, asked at every request. Must not block: answer from a cache you refresh yourself."""

    def __call__(self, tenant: str, /) -> K_co: ...


class EnvReader:
    """Reads one provider's variables and remembers every problem; `done` raises them together.

    A missing or bad value reads as its stand-in, so that reading goes on and the next problem is found too:

        read = EnvReader(env, prefix="BEANBOX_")
        url, world = read.text("URL"), read.choice("ENVIRONMENT", Environment, otherwise=Environment.TEST)
        read.problems(url_problems(url, world) if url else ())
        read.done()
    """

    def __init__(self, env: Mapping[str, str], prefix: str = "") -> None:
        self._env = env
        self._prefix = prefix
        self._problems: list[Refusal] = []

    def optional(self, name: str) -> str | None:
        """The variable's text; an empty or blank one counts as missing, as shells leave them behind."""
        value = self._env.get(self._prefix + name, "")
        return value if value.strip() else None

    def text(self, name: str) -> str:
        """A variable that must be there."""
        value = self.optional(name)
        if value is None:
            self.problem(name, "is missing", code="setting.missing")
        return value or ""

    def choice(self, name: str, words: type[E], *, otherwise: E, required: bool = True) -> E:
        """One word of a list, whatever its case. otherwise: the stand-in, and the default of an optional one."""
        value = self.text(name) if required else self.optional(name)
        if not value:
            return otherwise
        try:
            return words(value.strip().lower())
        except ValueError:
            self.problem(name, f"is none of {', '.join(words)}")
            return otherwise

    def flag(self, name: str, *, otherwise: bool = False) -> bool:
        """An optional yes or no (also true, false, 1, 0, on, off)."""
        value = (self.optional(name) or ("yes" if otherwise else "no")).strip().lower()
        if value in ("yes", "true", "1", "on"):
            return True
        if value not in ("no", "false", "0", "off"):
            self.problem(name, "is neither yes nor no")
        return False

    def whole(self, name: str, *, most: int, of: str, otherwise: int) -> int:
        """An optional whole number from 1 to `most`. of: what is counted ("days")."""
        written = (self.optional(name) or str(otherwise)).strip()
        if written.isascii() and written.isdigit() and len(written) <= 18 and 0 < int(written) <= most:
            return int(written)
        self.problem(name, f"is no whole number of {of} from 1 to {most}")
        return otherwise

    def pairs(self, name: str) -> dict[str, str]:
        """`0042=999999,0043=888888`; an absent variable is an empty mapping."""
        found: dict[str, str] = {}
        for pair in (self.optional(name) or "").split(","):
            left, equals, right = (part.strip() for part in pair.partition("="))
            if not pair.strip():
                continue
            if not (left and equals and right):
                self.problem(name, "is not a list of ours=theirs, separated by commas")
            elif left in found:
                self.problem(name, f"names {left} twice")
            else:
                found[left] = right
        return found

    def build(self, name: str, make: Callable[[], T]) -> T | None:
        """What `make` makes; its ConfigurationError is kept, each problem under this variable if it names none."""
        try:
            return make()
        except ConfigurationError as error:
            for problem in error.problems:
                self.problem(problem.field or name, problem.message, code=problem.code, prefixed=bool(problem.field))
            return None

    def problem(self, name: str, message: str, *, code: str = "setting.bad", prefixed: bool = False) -> None:
        """Remember what is wrong with a variable. Never put its value in the message. prefixed: `name` is whole."""
        field = name if prefixed else self._prefix + name
        self._problems.append(Refusal(code=code, message=message, field=field))

    def problems(self, found: Iterable[Refusal]) -> None:
        """Remember what a check found, each under its field's variable: `switches.call_budget` is CALL_BUDGET."""
        for problem in found:
            self.problem((problem.field or "").rpartition(".")[2].upper(), problem.message, code=problem.code)

    def done(self) -> None:
        """Raises ConfigurationError with every problem found."""
        if self._problems:
            raise ConfigurationError.of(self._problems)

    def complete(self, built: T | None) -> T:
        """As `done`; then what `build` made, which is there when nothing was wrong."""
        self.done()
        if built is None:
            raise ConfigurationError.of([Refusal(code="setting.missing", message="is missing")])
        return built


def url_problems(
    url: str | None,
    environment: Environment,
    *,
    missing: str | None = None,
    foreign: Collection[str] = (),
    field: str = "url",
) -> list[Refusal]:
    """What is wrong with a provider's address: it is scheme://host[:port] and https, but for a sandbox on this machine.

    A signature or a token hides nobody's data and proves no server. missing: what to say of None, where the environment
    has no address of its own. foreign: hosts of the other environments, and all below them: live keys never go to a
    test host, nor the other way round.
    """
    if url is None:
        return [] if missing is None else [Refusal(code="url.missing", message=missing, field=field)]
    try:
        parsed = httpx.URL(url.strip())
    except (httpx.InvalidURL, ValueError):
        return [Refusal(code="url.bad", message="is no URL", field=field)]
    says: list[str] = []
    odd = parsed.port is not None and not 0 < parsed.port < 65536
    odd = odd or "%" in parsed.host  # httpx escapes what no host may hold
    if odd or not parsed.host or parsed.userinfo or parsed.path not in ("", "/") or "?" in url or "#" in url:
        says.append("is more or less than scheme://host[:port]")
    local = environment is Environment.SANDBOX and parsed.scheme == "http" and on_loopback(parsed.host)
    if parsed.scheme != "https" and not local:
        says.append("is not https")
    host = parsed.host.rstrip(".")
    if any(host == other or host.endswith(f".{other}") for other in foreign):
        says.append(f"belongs to another environment than {environment}")
    return [Refusal(code="url.bad", message=text, field=field) for text in says]


def on_loopback(host: str) -> bool:
    """Whether this host is this very machine, by its address or as `localhost`."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def seconds_problems(switches: object, **below: float) -> list[Refusal]:
    """What is wrong with these fields of `switches`: each is seconds, more than none and below what is named.

    seconds_problems(settings.switches, call_budget=3600, late_window=3600)
    """
    return [
        Refusal(code="setting.bad", message="is no number of seconds", field=f"switches.{name}")
        for name, limit in below.items()
        if not 0 < getattr(switches, name) < limit
    ]


def keys_of(credentials: K | Credentials[K], kind: type[K], tenant: str, *, provider: str) -> K:
    """This tenant's keys now: those of the one account, or what names them per tenant. provider: for the message.

    Raises ConfigurationError ("tenant.unknown") when the callable knows none, which it says by a LookupError.
    """
    if isinstance(credentials, kind):
        return credentials
    ask = cast("Credentials[K]", credentials)
    try:
        return ask(tenant)
    except LookupError:
        message = f"there are no {provider} keys for the tenant {tenant!r}"
        raise ConfigurationError.of([Refusal(code="tenant.unknown", message=message, field="tenant")]) from None
