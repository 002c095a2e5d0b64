"""Bodies no provider documents, made from ones it does: a seeded mutator.

    for body in mutations(corpus, seed=1, count=100_000):
        adapter.read(order, command, Response(status=200, headers={}, body=body))  # must not raise

May live here: changes to a body, drawn from a seed; the list of hostile bodies. May not: a judgement about an answer.
Same seed and corpus, same bodies, on any machine.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from typing import Final, cast

import attrs

from stampcard.wire import MAX_BODY

__all__ = ["HOSTILE", "mutations"]

HOSTILE: Final[dict[str, bytes]] = {
    "empty": b"",
    "nothing but space": b" \n\t",
    "deep arrays": b"[" * 500_000,
    "deep objects": b'{"order":' * 100_000,
    "deep and closed": b"[" * 5_000 + b"]" * 5_000,
    "broken UTF-8": b'{"status":"\xff\xfe\xfa"}',
    "a mark before": b"\xef\xbb\xbf{}",
    "huge exponent": b'{"id":1e999999999,"status":"ok"}',
    "tiny exponent": b'{"id":1e-999999999}',
    "zero with a huge exponent": b'{"id":0e999999999999}',
    "NaN": b'{"id":NaN}',
    "infinity": b'{"id":-Infinity}',
    "huge integer": b'{"id":' + b"9" * 100_000 + b"}",
    "lone surrogate": b'{"id":"\\ud800","status":"\\udfff"}',
    "nul": b'{"id":"\\u0000","status":"\\u0000"}',
    "unfinished string": b'"' + b"a" * 500_000,
    "unfinished escapes": b'"' + b"\\" * 500_001,
    "too large": b'{"a":"' + b"a" * MAX_BODY + b'"}',
    "just not too large": b'{"a":"' + b"a" * (MAX_BODY - 8) + b'"}',
    "a page": b"<!doctype html><title>Sign in</title>",
    "null": b"null",
    "a word": b'"ok"',
    "an array": b"[]",
    "twice the same key": b'{"status":"ok","status":"error"}',
}

_ODD: Final[tuple[object, ...]] = (
    None, True, False, 0, -1, 10**30, 1.5, "", " ", "0", "-1", "1e9999", "ok", "error", "\u0000", "\u202e", "x" * 300,
    list[object](), dict[str, object](), [1, None], {"": None}, {"code": "x"}, ["a", True],
)  # fmt: skip
_BYTES: Final = (b"\x00", b"\xff", b"{", b"}", b"[", b'"', b"\\", b",", b":", b"1e9", b"null", b"\xef\xbb\xbf", b"  ")


def mutations(corpus: Sequence[bytes], *, seed: int, count: int) -> Iterator[bytes]:
    """count bodies, each one to four changes away from one of the corpus."""
    dice = random.Random(seed)  # noqa: S311  chance for tests, not for secrets
    trees = [tree for tree in map(_parsed, corpus) if tree is not None]
    for _ in range(count):
        if trees and dice.random() < 0.8:
            mutant = _Mutant(dice, _copied(dice.choice(trees)), trees)
            for _ in range(dice.randint(1, 4)):
                mutant.change()
            body = json.dumps(mutant.tree, ensure_ascii=dice.random() < 0.5).encode("utf-8", "surrogatepass")
        else:
            body = dice.choice(list(corpus)) if corpus else b""
        if dice.random() < 0.3:
            body = _torn(dice, body)
        yield body


def _parsed(body: bytes) -> object:
    try:
        return cast(object, json.loads(body))
    except (ValueError, RecursionError):
        return None


def _copied(tree: object) -> object:
    return cast(object, json.loads(json.dumps(tree)))


@attrs.frozen
class _Place:
    """Somewhere in a tree."""

    holder: dict[str, object] | list[object]
    key: str | int

    @property
    def value(self) -> object:
        holder, key = self.holder, self.key
        if isinstance(holder, dict):
            return holder[str(key)]
        return holder[int(key)]

    def put(self, value: object) -> None:
        if isinstance(self.holder, dict):
            self.holder[str(self.key)] = value
        else:
            self.holder[int(self.key)] = value

    def drop(self) -> None:
        if isinstance(self.holder, dict):
            del self.holder[str(self.key)]
        else:
            del self.holder[int(self.key)]


def _places(tree: object) -> list[_Place]:
    found: list[_Place] = []
    todo: list[object] = [tree]
    while todo:
        node = todo.pop()
        if isinstance(node, dict):
            members = cast("dict[str, object]", node)
            found += [_Place(members, key) for key in members]
            todo += members.values()
        elif isinstance(node, list):
            items = cast("list[object]", node)
            found += [_Place(items, place) for place in range(len(items))]
            todo += items
    return found


@attrs.define
class _Mutant:
    """A body on its way to becoming another. others: what a piece may be borrowed from."""

    dice: random.Random
    tree: object
    others: Sequence[object]

    def change(self) -> None:
        """One change."""
        places = _places(self.tree)
        kind = self.dice.randint(0, 9)
        if kind == 0:
            self._wrap()
        elif not places:
            self.tree = self.dice.choice(_ODD)
        elif kind <= 2:
            self.dice.choice(places).drop()
        elif kind <= 4:
            self.dice.choice(places).put(_copied(self.dice.choice(_ODD)))
        elif kind <= 6:
            self._restyle(self.dice.choice(places))
        elif kind <= 8:
            self._graft(self.dice.choice(places))
        else:
            self._repeat([place for place in places if isinstance(place.holder, list)])

    def _wrap(self) -> None:
        for _ in range(self.dice.choice([1, 1, 2, 70])):
            name = self.dice.choice(["data", "error", "order", "0"])
            self.tree = [self.tree] if self.dice.random() < 0.5 else {name: self.tree}

    def _restyle(self, place: _Place) -> None:
        """A number as text, text in another case, a name in another case."""
        value, choice = place.value, self.dice.choice
        if isinstance(value, bool):
            place.put(str(value).lower())
        elif isinstance(value, (int, float)):
            place.put(choice([str(value), -value, value * 10**6, f" {value} ", [value]]))
        elif isinstance(value, str):
            place.put(choice([value.upper(), value.title(), value[::-1], value + "\u0000", {"value": value}, [value]]))
        if isinstance(place.holder, dict) and self.dice.random() < 0.3:
            key = str(place.key)
            place.holder[choice([key.upper(), key.title(), f"{key} ", f"x{key}"])] = place.holder.pop(key)

    def _graft(self, place: _Place) -> None:
        """A piece of another answer, under its own name where that can be."""
        theirs = _places(_copied(self.dice.choice(self.others)))
        if not theirs:
            return
        piece = self.dice.choice(theirs)
        if isinstance(place.holder, dict) and isinstance(piece.key, str):
            place.holder[piece.key] = piece.value
        else:
            place.put(piece.value)

    def _repeat(self, places: list[_Place]) -> None:
        if not places:
            return
        place = self.dice.choice(places)
        if isinstance(place.holder, list):
            place.holder.extend(_copied(place.value) for _ in range(self.dice.choice([1, 2, 50])))


def _torn(dice: random.Random, body: bytes) -> bytes:
    """Bytes cut, flipped, put in."""
    place = dice.randint(0, len(body))
    match dice.randint(0, 3):
        case 0:
            return body[:place]
        case 1:
            return body[:place] + dice.choice(_BYTES) + body[place:]
        case 2:
            return body[:place] + bytes([dice.randrange(256)]) + body[place + 1 :]
        case _:
            return body[place:] + body[:place]
