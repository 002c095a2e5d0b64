"""How the demo looks: acts, steps, what travelled, ledgers before and after.

May live here: layout and colours. May not: what happens in the story, a call, an option.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

from rich import box
from rich.console import Console, Group
from rich.padding import Padding
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from stampcard.cli.render import plain
from stampcard_adapters.commands._demo_wire import Exchange, changed, laid_out, proof, same_answer, shown_headers

__all__ = ["Balances", "Screen"]

Balances = dict[str, Decimal]
"""What the provider's ledger says: account -> amount."""

_DIM: Final = "dim"
_INDENT: Final = 5
_WIDE: Final = 100
"""Lines of text longer than this are hard to read, however wide the terminal."""
_AS_LAST: Final = "as in the last call to this path"
_MARKS: Final = "→ sent, ← answered, ■ done, ✗ refused or in doubt, ◆ elsewhere"


class Screen:
    """Writes the story. full: every body whole, not only what changed since the call before."""

    def __init__(self, console: Console, *, full: bool) -> None:
        self.console = console
        self._full = full
        self._width = min(console.width, _WIDE)
        self._step = 0
        self._last: dict[tuple[str, str], Exchange] = {}

    def opening(self, title: str, about: str, cast: Sequence[tuple[str, str]], note: str) -> None:
        """What this is, before anything happens. Its steps are counted from 1."""
        if self._step:
            self.console.print()
        self._step, self._last = 0, {}
        grid = Table.grid(padding=(0, 3, 0, 0))
        for who, what in cast:
            grid.add_row(Text(who, no_wrap=True), Text(what, overflow="fold"))
        panel = Panel(
            Group(Text(about), Text(), grid, Text(), Text(note), Text(), Text(_MARKS, style=_DIM)),
            title=Text(title, style="bold"),
            title_align="left",
            box=box.ROUNDED,
            padding=(1, 2),
            width=self._width,
        )
        self.console.print(panel)

    def act(self, number: int, title: str, words: str) -> None:
        """A new act."""
        self.heading(f"Act {number}  {title}")
        self._line(Text(words, style="italic"), 0, hang=0)

    def aside(self, words: str) -> None:
        """Something that happens outside the till: at the counter, at the card terminal, on the way."""
        self.console.print()
        self._line(Text.assemble(("◆ ", "magenta"), (words, "italic")), 2)

    def step(self, verb: str, words: str) -> None:
        """What the cashier wants."""
        self._step += 1
        self.console.print()
        self._line(Text.assemble((f"{self._step:>2}  ", _DIM), (verb, "bold"), "  ", words), 1, hang=4)

    def nothing_sent(self) -> None:
        self._line(Text("no call: nothing left the till", style=_DIM), _INDENT)

    def exchange(self, heard: Exchange) -> None:
        """The request as it arrived, and its answer."""
        call = [("", Text(part, "blue")) for part in re.findall(r"/?[^/]+|/", heard.target)]
        size = f", {heard.size} bytes" if heard.size else ""
        start = Text.assemble(("→ ", "blue"), (heard.method, "bold blue"), " ")
        self._packed([("", start), *call, ("   ", Text(proof(heard) + size, _DIM))], _INDENT)
        headers = [
            ("   ", Text.assemble((f"{name}: ", _DIM), (value, "red" if value == "***" else "")))
            for name, value in shown_headers(heard)
        ]
        self._packed(headers, _INDENT + 2)
        before = None if self._full else self._last.get((heard.method, heard.target))
        self._last[heard.method, heard.target] = heard
        if heard.body:
            self._body(heard, before)
        tone = "green" if heard.status < 300 else "yellow"
        start = Text.assemble(("← ", tone), (f"{heard.status}  ", f"bold {tone}"))
        answer = laid_out(heard.answer, self._width - _INDENT - 8)
        if before and len(answer) > 1 and same_answer(heard, before):
            answer, start = [], start + Text(f"the same {_AS_LAST}", _DIM)
        self._line(start + _json("".join(answer[:1])), _INDENT)
        for line in answer[1:]:
            self._line(_json(line), _INDENT + 7)

    def result(self, state: str, said: str, more: Sequence[tuple[str, str]] = ()) -> None:
        """What the till tells its cashier."""
        self._line(Text.assemble(("■ ", "green"), (state, "bold green"), "  ", (said, "bold")), _INDENT)
        self._pairs(more)

    def refusal(self, kind: str, said: str, more: Sequence[tuple[str, str]] = ()) -> None:
        """What the till tells its cashier when it cannot be done."""
        self._line(Text.assemble(("✗ ", "yellow"), (kind, "bold yellow"), "  ", (said, "bold")), _INDENT)
        self._pairs(more)

    def ledger(self, before: Balances, after: Balances, names: Mapping[str, str]) -> None:
        """The provider's own books, as this act found and left them. names: of accounts, to read."""
        table = Table(box=box.SIMPLE_HEAD, header_style="bold", show_edge=False, pad_edge=False)
        table.add_column("the provider's ledger")
        for heading in ("before", "after", "change"):
            table.add_column(heading, justify="right", min_width=6)
        for account in after:
            moved = after[account] - before.get(account, Decimal(0))
            style = "green" if moved > 0 else "red" if moved < 0 else _DIM
            table.add_row(
                plain(names.get(account, account)),
                str(before.get(account, 0)),
                str(after[account]),
                Text(f"{moved:+}" if moved else "-", style),
            )
        self.console.print()
        self.console.print(Padding(table, (0, 0, 0, _INDENT), expand=False))

    def heading(self, title: str) -> None:
        """Of the part after the story."""
        self.console.print()
        self.console.print(Rule(Text(title, style="bold cyan"), align="left", style="cyan"), width=self._width)

    def check(self, good: bool, words: str) -> None:
        """A promise looked at."""
        mark = ("✓ ", "green") if good else ("✗ ", "bold red")
        self._line(Text.assemble(mark, words), 1)

    def command(self, line: str) -> None:
        """Something to type: on a line of its own, never broken, to be copied."""
        self.console.print(Text(f"   {line}", style="bold"), soft_wrap=True)

    def _body(self, heard: Exchange, before: Exchange | None) -> None:
        part, same = (heard.body, 0) if before is None else changed(heard.body, before.body)
        if same and part == b"{}":
            self._line(Text(f"the same {same} fields {_AS_LAST}", _DIM), _INDENT + 2)
            return
        for line in laid_out(part, self._width - _INDENT - 2):
            self._line(_json(line), _INDENT + 2)
        if same:
            self._line(Text(f"and {same} fields {_AS_LAST}", _DIM), _INDENT + 2)

    def _pairs(self, pairs: Sequence[tuple[str, str]]) -> None:
        for name, value in pairs:
            self._line(Text.assemble((f"{name}  ", _DIM), plain(value)), _INDENT + 2)

    def _packed(self, parts: Sequence[tuple[str, Text]], indent: int) -> None:
        """As many on a line as fit, none of them broken; each with the gap before it."""
        line, hang = Text(), 0
        for gap, part in parts:
            if line and len(line) + len(gap) + part.cell_len > self._width - indent - hang:
                self._line(line, indent + hang)
                line, hang = Text(), 2
            line = Text.assemble(line, gap if line else "", part)
        self._line(line, indent + hang)

    def _line(self, text: Text, indent: int, *, hang: int = 2) -> None:
        """What does not fit goes on below, `hang` columns further in."""
        room = self._width - indent
        lines = [text] if text.cell_len <= room else text.wrap(self.console, room - hang)
        for place, line in enumerate(lines):
            line.rstrip()
            self.console.print(Text.assemble(" " * (indent + hang * (place > 0)), line), soft_wrap=True)


def _json(line: str) -> Text:
    text = Text(plain(line))
    text.highlight_regex(r'"[^"]*"(?=:)', "cyan")
    text.highlight_regex(r'(?<=: )"[^"]*"', "white")
    return text
