"""Commands and facts to the journal's JSON and back, with personal data set apart and secrets left out.

May live here: the mapping between typed values and stored bytes. May not: SQL, what the values mean.

The JSON of an entry is the journal's format: a field's name in a command or in facts is stored for ever. A value that
was personal is stored as `FORGOTTEN` and kept in the side table under the same path; when the side row is gone, the
placeholder is what remains.
"""

from __future__ import annotations

import functools
import hashlib
import re
import threading
from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeVar, cast, get_type_hints

import attrs
import msgspec

from stampcard.commands import Command
from stampcard.model import Facts, Money, Secret

__all__ = ["FORGOTTEN", "decode", "digest", "encode", "pack", "plain", "told", "typed", "unpack"]

FORGOTTEN: Final = "forgotten"
Tree = dict[str, Any]
V = TypeVar("V", bound=Facts | Command)
F = TypeVar("F", bound=Facts)
T = TypeVar("T")
_VALUE: Final = re.compile(r"""['"].*['"]""", re.DOTALL)
"""Whatever an error quotes, from the first mark to the last."""
_meeting: Final = threading.Lock()
_met: Final[set[Any]] = set()


def _plain(value: object) -> object:
    """What msgspec does not know: money as "USD 5.10", a secret as nothing at all."""
    if isinstance(value, Money):
        return str(value)
    if isinstance(value, Secret):
        return None
    raise TypeError(f"{type(value).__name__} cannot be journalled")


@functools.lru_cache(maxsize=1024)
def _money(text: str) -> Money:
    """Parsed once: one sale is written and read back many times over, and money never changes."""
    return Money.parse(text)


def _typed(wanted: type[Any], stored: object) -> object:
    if wanted is Money:
        return _money(str(stored))
    raise TypeError(f"{wanted.__name__} cannot be read from a journal")


def _typed_tree(tree: object, wanted: Any, *, strict: bool = True) -> Any:
    """Raises what msgspec raises.

    One thread at a time meets a type for the first time: msgspec keeps what it learns of a class on the class before
    it is complete, and a second thread that reads it then takes the whole process down (seen under real kills).
    """
    if wanted in _met:
        return msgspec.convert(tree, type=wanted, strict=strict, dec_hook=_typed)
    with _meeting:
        found = msgspec.convert(tree, type=wanted, strict=strict, dec_hook=_typed)
        _met.add(wanted)
        return found


def encode(value: Facts | Command) -> tuple[Tree, Tree]:
    """(what may stay for ever, what is personal: path -> value)."""
    tree = cast(Tree, msgspec.to_builtins(value, enc_hook=_plain))
    personal: Tree = {}
    for path in value.personal:
        for where, holder, key in list(_walk(tree, path.split("."), ())):
            personal[".".join(where)] = holder[key]
            holder[key] = _scrubbed(holder[key])
    return {k: v for k, v in tree.items() if v is not None}, personal


def decode(wanted: type[V], tree: Tree, personal: Tree | None) -> V:
    """Back to the typed value. Raises ValueError for a tree that does not hold one."""
    for path, value in (personal or {}).items():
        for _, holder, key in list(_walk(tree, path.split("."), ())):
            holder[key] = value
    return typed(wanted, tree)


def plain(value: object) -> Tree:
    """A frozen value that holds nobody's personal data, as a plain tree."""
    return cast(Tree, msgspec.to_builtins(value, enc_hook=_plain))


def typed(wanted: type[T], tree: object) -> T:
    """Back from `plain`. Raises ValueError for a tree that does not hold one.

    It repeats no value: somebody's name or number may stand where something else belongs.
    """
    try:
        return cast(T, _typed_tree(tree, wanted))
    except (msgspec.ValidationError, TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"not a {wanted.__name__}: {_VALUE.sub('this one', str(error))}") from None


def told(facts: F, given: Mapping[str, str]) -> tuple[F, dict[str, str]]:
    """The facts with what a person gave as text, and what is wrong with it, by name: no value is repeated there.

    A text is read as the fact's own type; an object or a list is given as JSON. A sealed token is never typed in.
    """
    wrong: dict[str, str] = {}
    known, hints = attrs.fields_dict(type(facts)), get_type_hints(type(facts))
    fresh: dict[str, Any] = {}
    for name, text in given.items():
        if name not in known:
            wrong[name] = f"no such fact; known: {', '.join(sorted(known))}"
        elif "Sealed" in str(hints[name]) or "Secret" in str(hints[name]):
            wrong[name] = "a token is never typed in"
        else:
            try:
                tree = msgspec.json.decode(text) if text[:1] in ("{", "[") else text
                fresh[name] = _typed_tree(tree, hints[name], strict=False)
            except (msgspec.MsgspecError, TypeError, ValueError, RecursionError):
                wrong[name] = "is not of its type"
    return (facts, wrong) if wrong else (attrs.evolve(facts, **fresh), wrong)


def digest(order_id: str, command: Command) -> str:
    """Names a command's input: same order, same wish, same digest.

    Left out: `why`; secrets; personal data, which a digest would keep recognisable after it was erased (it is compared
    where it is kept); what was true when asked and is no part of the wish (`eq=False` in attrs, `Command.incidental`).
    """
    tree = cast(Tree, msgspec.to_builtins(command, enc_hook=_plain))
    for field in attrs.fields(type(command)):
        if field.name == "why" or not field.eq:
            tree.pop(field.name, None)
    for path in (*command.personal, *command.incidental):
        for _, holder, key in list(_walk(tree, path.split("."), ())):
            holder[key] = None
    text = msgspec.json.encode([order_id, command.trigger, tree], order="sorted")
    return hashlib.sha256(text).hexdigest()


def pack(tree: Tree) -> bytes:
    """JSON bytes of a plain tree."""
    return msgspec.json.encode(tree)


def unpack(data: bytes) -> Tree:
    """A plain tree from JSON bytes. Raises ValueError when damaged."""
    try:
        tree = msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise ValueError(f"not the journal's JSON: {error}") from None
    if not isinstance(tree, dict):
        raise ValueError("not the journal's JSON: no object")
    return cast(Tree, tree)


def _walk(node: Any, path: list[str], where: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any, Any]]:
    """(concrete path, holder, key) for every present, non-null value the path names; `*` is any member of a list."""
    head, rest = path[0], path[1:]
    keys: list[Any] = []
    if isinstance(node, dict):
        keys = [head] if cast(Tree, node).get(head) is not None else []
    elif isinstance(node, (list, tuple)):
        row = cast("list[Any]", node)
        if head == "*":
            keys = list(range(len(row)))
        elif head.isdigit() and int(head) < len(row):
            keys = [int(head)]
    for key in keys:
        here = (*where, str(key))
        if rest:
            yield from _walk(node[key], rest, here)
        else:
            yield here, node, key


def _scrubbed(value: Any) -> Any:
    """The same shape with every text replaced, so that it still reads as the type it was."""
    match value:
        case str():
            return FORGOTTEN
        case dict():
            return {k: _scrubbed(v) for k, v in cast(Tree, value).items()}
        case list() | tuple():
            return [_scrubbed(v) for v in cast("list[Any]", value)]
        case _:
            return value
