"""Settings from the environment: every problem reported at once, no secret in any of them.

May live here: reading named text values and saying what is wrong with them. May not: a provider's name, a file, a
network call. What a provider needs, and under which names, is the adapter's to say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Protocol, TypeVar

from stampcard.errors import ConfigurationError
from stampcard.model import Refusal

__all__ = ["Credentials", "EnvReader"]

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

    def flag(self, name: str) -> bool:
        """An optional yes or no (also true, false, 1, 0, on, off); absent is no."""
        value = (self.optional(name) or "no").strip().lower()
        if value in ("yes", "true", "1", "on"):
            return True
        if value not in ("no", "false", "0", "off"):
            self.problem(name, "is neither yes nor no")
        return False

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

    def done(self) -> None:
        """Raises ConfigurationError with every problem found."""
        if self._problems:
            raise ConfigurationError.of(self._problems)
