"""How the demo looks: acts, steps, what travelled, ledgers before and after.

May live here: layout and colours. May not: what happens in the story, a call, an option.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from stampcard.cli.render import plain
from stampcard_adapters.commands._demo_wire import Exchange, changed, laid_out, proof, shown_headers

__all__ = ["Balances", "Screen"]

Balances = dict[str, Decimal]
"""What the provider's ledger says: account -> amount."""

_DIM: Final = "dim"
_INDENT: Final = 5
_WIDE: Final = 100
"""Lines of text longer than this are hard to read, however wide the terminal."""


class Screen:
    """Writes the story. full: every body whole, not only what changed since the call before."""

    def __init__(self, console: Console, *, full: bool) -> None:
        self.console = console
        self._full = full
        self._width = min(console.width, _WIDE)
        self._step = 0
        self._last_body = b""

    def opening(self, title: str, lines: Sequence[str]) -> None:
        """What this is, before anything happens."""
        text = Text("\n").join(Text(line) for line in lines)
        panel = Panel(
            text,
            title=Text(title, style="bold"),
            title_align="left",
            box=box.ROUNDED,
            padding=(1, 2),
            width=self._width,
        )
        self.console.print(panel)

    def act(self, number: int, title: str, words: str) -> None:
        """A new act."""
        self.console.print()
        self.console.print(
            Rule(Text(f"Act {number}  {title}", style="bold cyan"), align="left", style="cyan"), width=self._width
        )
        self.console.print(Text(words, style="italic"), width=self._width)

    def aside(self, words: str) -> None:
        """Something that happens outside the engine: at the counter, at the card terminal."""
        self.console.print()
        self._line(Text.assemble(("◆ ", "magenta"), (words, "italic")), 2)

    def step(self, verb: str, words: str) -> None:
        """What the cashier wants."""
        self._step += 1
        self.console.print()
        self._line(Text.assemble((f"{self._step:>2}  ", _DIM), (verb, "bold"), "  ", words), 1)

    def nothing_sent(self) -> None:
        self._line(Text("no call: nothing left the till", style=_DIM), _INDENT)

    def exchange(self, heard: Exchange) -> None:
        """The request as it arrived, and its answer."""
        how = f"   {proof(heard)}" + (f", {len(heard.body)} bytes" if heard.body else "")
        self._line(
            Text.assemble(
                ("→ ", "blue"),
                (heard.method, "bold blue"),
                " ",
                (heard.target, "blue"),
                (how, _DIM),
            ),
            _INDENT,
        )
        headers = Text("   ").join(
            Text.assemble((f"{name}: ", _DIM), (value, "red" if value == "***" else ""))
            for name, value in shown_headers(heard)
        )
        self._line(headers, _INDENT + 2)
        if heard.body:
            self._body(heard.body)
        tone = "green" if heard.status < 300 else "yellow"
        answer = laid_out(heard.answer, self._width - _INDENT - 8)
        self._line(Text.assemble(("← ", tone), (f"{heard.status}  ", f"bold {tone}"), _json(answer[0])), _INDENT)
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

    def _body(self, body: bytes) -> None:
        part, same = (body, 0) if self._full or not self._last_body else changed(body, self._last_body)
        if b'"status"' in body:  # an order's: the next one repeats most of it
            self._last_body = body
        for line in laid_out(part, self._width - _INDENT - 2):
            self._line(_json(line), _INDENT + 2)
        if same:
            self._line(Text(f"and {same} fields as in the order call before", style=_DIM), _INDENT + 2)

    def _pairs(self, pairs: Sequence[tuple[str, str]]) -> None:
        for name, value in pairs:
            self._line(Text.assemble((f"{name}  ", _DIM), plain(value)), _INDENT + 2)

    def _line(self, text: Text, indent: int) -> None:
        self.console.print(Padding(text, (0, 0, 0, indent), expand=False), width=self._width)


def _json(line: str) -> Text:
    text = Text(plain(line))
    text.highlight_regex(r'"[^"]*"(?=:)', "cyan")
    text.highlight_regex(r'(?<=: )"[^"]*"', "white")
    return text
