"""The one module that imports pygraphviz, which has no type stubs: DOT in, a picture out.

May live here: the typed wrapper. May not: what the picture shows. Graphviz keeps global state, so calls take turns.
"""

from __future__ import annotations

import threading
from typing import Final, Protocol, cast

__all__ = ["render"]

_ONE_AT_A_TIME: Final = threading.Lock()


class _Graph(Protocol):
    def draw(self, *, format: str, prog: str) -> bytes: ...  # noqa: A002 (pygraphviz's name)

    def close(self) -> None: ...


class _Graphviz(Protocol):
    def AGraph(self, *, string: str) -> _Graph: ...  # noqa: N802 (pygraphviz's name)


def render(source: str, kind: str) -> bytes:
    """`source` laid out by `dot`, as `kind`: "svg", "png". Raises ImportError, saying what to install."""
    library = _library()
    with _ONE_AT_A_TIME:
        graph = library.AGraph(string=source)
        try:
            return graph.draw(format=kind, prog="dot")
        finally:
            graph.close()


def _library() -> _Graphviz:
    try:
        import pygraphviz
    except ImportError as missing:
        raise ImportError("drawing SVG needs Graphviz: install stampcard[svg]", name="pygraphviz") from missing
    return cast("_Graphviz", pygraphviz)
