"""Pictures of a lifecycle: Mermaid, DOT, SVG, and text for a terminal, all read off the same rows.

May live here: emitters from a `Lifecycle` to text or bytes, their escaping, and the generated gallery.
May not: a state, an edge or a trigger written by hand, a guard's body, anything that fires a transition. Importing
this package loads no Graphviz, no typer and no rich: only `svg` needs the extra `stampcard[svg]`, when it is called.

    >>> from stampcard.draw import text
    >>> from stampcard.lifecycles import PURCHASE
    >>> print(text(PURCHASE, current="checkout", history=[("new", "checkout", "checkout")]))

Every drawing takes `current` (a state) and `history` (edges walked, oldest first) and refuses, with a ValueError, one
that the lifecycle does not have: a picture with the path silently missing would be believed.
"""

from __future__ import annotations

from stampcard.draw._chart import Step
from stampcard.draw._dot import dot
from stampcard.draw._mermaid import mermaid
from stampcard.draw._svg import svg
from stampcard.draw._text import HEADINGS, table, text

__all__ = ["HEADINGS", "Step", "dot", "mermaid", "svg", "table", "text"]
