"""A value that never shows."""

from __future__ import annotations

import hmac
from typing import Generic, NoReturn, TypeVar, cast, final

__all__ = ["Secret"]

T_co = TypeVar("T_co", covariant=True)


@final
class Secret(Generic[T_co]):
    """Wraps a credential: repr, str and format say `***`; it cannot be pickled or journalled.

    Compare two with `==` (in constant time for text and bytes); read one with `reveal()`, the word to search for.
    """

    __slots__ = ("_value",)
    _value: T_co

    def __init__(self, value: T_co, /) -> None:
        object.__setattr__(self, "_value", value)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("a secret does not change")

    def __delattr__(self, name: str) -> None:
        raise AttributeError("a secret does not change")

    def reveal(self) -> T_co:
        """The value itself."""
        return self._value

    def __repr__(self) -> str:
        return "***"

    def __str__(self) -> str:
        return "***"

    def __format__(self, spec: str) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return False
        mine: object = self._value
        theirs: object = cast("Secret[object]", other)._value
        if isinstance(mine, str) and isinstance(theirs, str):
            mine, theirs = mine.encode(), theirs.encode()
        if isinstance(mine, bytes) and isinstance(theirs, bytes):
            return hmac.compare_digest(mine, theirs)
        return bool(mine == theirs)

    __hash__ = None  # type: ignore[assignment]  # a hash would let a secret be looked up

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret cannot be pickled or copied")

    def __copy__(self) -> NoReturn:
        raise TypeError("a secret cannot be pickled or copied")

    def __deepcopy__(self, memo: object) -> NoReturn:
        raise TypeError("a secret cannot be pickled or copied")
