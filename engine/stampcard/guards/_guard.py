"""What a guard is: a named pure predicate over an order and a command, answering with refusals.

May live here: the value and the decorator that makes one. May not: any rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import UnionType
from typing import Any, TypeAlias, TypeVar, final

import attrs

from stampcard.commands import Command
from stampcard.guards._sentences import OTHER_COMMAND, refusal
from stampcard.model import AnyOrder, Refusal

__all__ = ["Guard", "guard"]

C = TypeVar("C", bound=Command)
Asks: TypeAlias = Callable[[AnyOrder, C], Iterable[Refusal]]


@final
@attrs.frozen(kw_only=True, eq=False)
class Guard:
    """One rule, by the name the lifecycles' rows use.

    sentence: what the rule demands. codes: every stable code it can give (any guard may also give
    `command.not_of_this_step`). of: the commands it understands.
    """

    name: str
    sentence: str
    codes: tuple[str, ...]
    of: type[Command] | UnionType
    _asks: Asks[Any] = attrs.field(alias="asks", repr=False)

    def check(self, order: AnyOrder, command: Command) -> Iterable[Refusal]:
        """Every reason to refuse; empty when the rule is met. Pure, and it never raises: odd input is refused.

        A command the guard does not understand is refused: to let it pass would be to ask nothing.
        """
        if not isinstance(command, self.of):
            return (refusal(OTHER_COMMAND, trigger=command.trigger),)
        return tuple(self._asks(order, command))


def guard(of: type[Command] | UnionType, *codes: str) -> Callable[[Asks[C]], Guard]:
    """Make the decorated function a guard: its name is the guard's, its docstring's first paragraph the sentence."""

    def made(function: Asks[C]) -> Guard:
        sentence = " ".join((function.__doc__ or "").partition("\n\n")[0].split())
        return Guard(name=function.__name__, sentence=sentence, codes=codes, of=of, asks=function)

    return made
