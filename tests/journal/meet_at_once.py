"""Two threads read entries of a type nobody has read before, one of them while the other is still learning it.

Run as a process of its own: where this goes wrong, the whole process dies.
"""

from __future__ import annotations

import threading

import attrs

from stampcard.journal.codec import decode
from stampcard.model import Facts

learning, go_on = threading.Event(), threading.Event()


def slowly() -> type[int]:
    """What an annotation evaluates to, in its own time."""
    learning.set()
    go_on.wait(10)
    return int


@attrs.frozen(kw_only=True)
class Inner:
    count: "slowly()" = 0  # type: ignore[valid-type]  # noqa: UP037  evaluated when the type is first read


@attrs.frozen(kw_only=True)
class Outer(Facts):
    first: int = 0
    inner: Inner = Inner()
    last: int = 0


def main() -> None:
    read: list[Outer] = []
    tree = {"first": 1, "inner": {"count": 2}, "last": 3}
    one, other = (threading.Thread(target=lambda: read.append(decode(Outer, tree, None))) for _ in range(2))
    one.start()
    assert learning.wait(10)
    other.start()
    other.join(0.1)  # it dies here, or waits for the first
    go_on.set()
    for thread in (one, other):
        thread.join(10)
    assert read == [Outer(first=1, inner=Inner(count=2), last=3)] * 2


if __name__ == "__main__":
    main()
