"""An order for a terminal: the same pictures for `stampcard orders` and for whoever tells a story with them.

May live here: layout and words around a report. May not: reading a journal, options, exit codes.
Everything that was stored or received is shown as plain text: no markup of it is obeyed, no control character passes.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, cast

from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from stampcard import draw
from stampcard.cli import payments
from stampcard.cli.report import OpenCall, OrderReport, PossibleCall
from stampcard.errors import reference
from stampcard.journal.contract import Summary
from stampcard.journal.fold import PROBE
from stampcard.journal.queue import QueuedStep
from stampcard.model import PAYMENTS, Entry, EntryKind, Environment, Watch

__all__ = ["ago", "console", "diagram", "order", "orders", "plain", "timeline"]

_WIDTH: Final = 100
"""Columns, where no terminal says how many it has."""
_GOOD: Final = "green"
_BAD: Final = "bold red"
_DIM: Final = "dim"

_WORDS: Final = {
    EntryKind.ACCEPTED: "accepted",
    EntryKind.DECLINED: "declined by the provider",
    EntryKind.NOT_SENT: "surely not sent",
    EntryKind.UNKNOWN: "no answer: nobody knows",
    EntryKind.EVIDENCE: "a late reply, kept as evidence",
    EntryKind.OBSERVED: "seen at the provider",
    EntryKind.RESOLVED: "settled by a person",
    EntryKind.QUEUED: "queued until the store is online",
    EntryKind.REVEALED: "shown to a person",
    EntryKind.DRIFT: "an answer the table does not know",
    EntryKind.ESCALATED: "recovery gave up: a person must look",
    EntryKind.WATCHED: "watched no longer",
}
_STYLES: Final = {
    EntryKind.INTENT: _DIM,
    EntryKind.ATTEMPT: _DIM,
    EntryKind.ACCEPTED: _GOOD,
    EntryKind.DECLINED: "yellow",
    EntryKind.NOT_SENT: "yellow",
    EntryKind.UNKNOWN: _BAD,
    EntryKind.ESCALATED: _BAD,
    EntryKind.DRIFT: _BAD,
}


def console(*, stderr: bool = False) -> Console:
    """Colours on a terminal only; elsewhere 100 columns, unless COLUMNS says otherwise."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() or "COLUMNS" in os.environ else _WIDTH
    return Console(stderr=stderr, width=width, highlight=False, markup=False, emoji=False, soft_wrap=False)


def plain(value: object) -> str:
    """Text of a stranger, on one line and without anything a terminal would obey."""
    return "".join(char if char.isprintable() else " " if char.isspace() else "\ufffd" for char in str(value))


def order(found: OrderReport, *, now: datetime | None = None) -> RenderableType:
    """Everything about one order: who, where it stands, what is allowed, money, timeline, the path on the diagram."""
    parts: list[RenderableType] = [_header(found), Text(), _standing(found)]
    parts += [_doubt(found, call, now or datetime.now(UTC)) for call in found.calls]
    parts += [_queued(one) for one in found.standing.queued]
    parts += [_perhaps(call) for call in found.possible]
    parts += [_watched(found.watch)] if found.watch is not None else []
    if found.facts:
        parts += [Text(), _facts(found.facts)]
    if found.expected is not None:
        once = Text(f"\nonce that is sent  {plain(str(found.expected['state']))}", style="yellow")
        parts += [once, _facts(found.expected["facts"])]
    parts += [Text(), timeline(found.entries), Text(), diagram(found)]
    return Group(*parts)


def _perhaps(call: PossibleCall) -> RenderableType:
    """A call nobody answered and nobody undid: the first thing a customer with a strange charge asks about."""
    moment, named = _zone([call.since])
    about = ", ".join(f"{name.replace('_', ' ')} {_said(value)}" for name, value in call.about.items())
    said = f"{plain(call.trigger)} of {moment(call.since)}{named} was never answered: it may have taken effect"
    return Text(f"\nperhaps also  {said}. {plain(about)}", style="yellow")


def _queued(step: QueuedStep) -> RenderableType:
    """A step that waits to be sent, in its order."""
    moment, named = _zone([step.entry.at])
    said = f"'{plain(step.trigger)}' since {moment(step.entry.at)}{named}"
    if step.escalated is None:
        return Text(f"\nwaits  {said}: sent once the provider is back", style="yellow")
    return Text(f"\nwaits  {said}: {plain(step.escalated.why or 'a person has to look')}", style=_BAD)


def _watched(watch: Watch) -> RenderableType:
    """A reversal that was believed while its step was in doubt: why the desk may hear of this order again."""
    moment, named = _zone([watch.until])
    said = f"'{plain(watch.trigger)}' was never answered before it was undone, and may land until"
    return Text(f"\nis watched  {said} {moment(watch.until)}{named}; then the provider is looked at", style="yellow")


def orders(found: Sequence[Summary]) -> Table:
    """A listing, newest first."""
    moment, named = _zone((summary.last_at for summary in found), to="minutes")
    years = {f"{summary.last_at.astimezone():%Y}" for summary in found}
    skip = len("YYYY-") if len(years) == 1 and named else 0  # all of one year: said once, above
    heading = "\n".join(["last step", *([years.pop()] if skip else []), named.strip(" ()")]).strip()
    table = _table("order", "reference", "ticket", "provider", "state", heading)
    table.collapse_padding = True
    table.columns[1].no_wrap = table.columns[5].no_wrap = True
    table.columns[0].overflow, table.columns[0].min_width = "fold", 8
    for one in found:
        header = one.header
        state = Text(plain(one.state), style="bold")
        if one.open_intents:
            state.append(" in doubt", style=_BAD)
        table.add_row(
            plain(header.order_id),
            plain(header.reference or reference(header.order_id)),
            plain(header.ticket or ""),
            plain(header.provider) + (f" {header.environment}" if header.environment is not Environment.LIVE else ""),
            state,
            moment(one.last_at)[skip:],
        )
    return table


def timeline(entries: Sequence[Entry]) -> Table:
    """When, who, what, why: one line for each entry of the journal."""
    moment, named = _zone((entry.at for entry in entries), to="milliseconds")
    days = {f"{entry.at.astimezone():%Y-%m-%d}" for entry in entries}
    if len(days) == 1 and named:  # all of one day: said once, above
        named, skip = f"{days.pop()}\n{named.strip(' ()')}", len("YYYY-MM-DD ")
    else:
        named, skip = f"when{named}", 0
    coded = any(entry.code for entry in entries)
    table = _table("", named, "who", "what", "why", *(["code"] if coded else []))
    table.collapse_padding = True
    table.columns[0].justify = "right"
    for column in (0, 1):
        table.columns[column].no_wrap = True
    for entry in entries:
        table.add_row(
            Text(str(entry.version), style=_DIM),
            moment(entry.at)[skip:],
            plain(entry.by or ""),
            _what(entry),
            plain(entry.why or ""),
            *([Text(plain(entry.code or ""), style=_DIM, overflow="fold")] if coded else []),
        )
    return table


def diagram(found: OrderReport) -> RenderableType:
    """The lifecycle with the path this order walked."""
    if found.lifecycle is None:
        return Text(f"This release knows no lifecycle {plain(found.header.lifecycle)}: no diagram.", style=_DIM)
    try:
        drawn = draw.text(found.lifecycle, current=found.state, history=found.path)
    except ValueError as odd:  # another release's table: a path silently missing would be believed
        return Text(f"The path does not fit this release's table: {plain(odd)}.", style="yellow")
    title, *places, legend = drawn.splitlines()
    names = 8 + max(map(len, cast("type[StrEnum]", found.lifecycle.states)))  # marks, name, gap
    grid = Table.grid()
    grid.add_column(no_wrap=True)
    grid.add_column()
    for line in places:
        style = "bold" if "▶" in line[:3] else _GOOD if "✓" in line[:3] else _DIM
        grid.add_row(Text(line[:names].ljust(names), style=style), _Exits(line[names:].split("   ")))
    legend = f"▶ stands here   ✓ was here   1▸ first step\n{legend}"
    parts: list[RenderableType] = [Text(title, style="bold"), grid, Text(legend, style=_DIM)]
    if found.lifecycle.fingerprint != found.header.fingerprint:
        parts.append(Text("The table has changed since this order was opened.", style="yellow"))
    return Group(*parts)


class _Exits:
    """A state's exits, each in one piece: a line that is too long breaks between two of them. Walked ones stand out."""

    def __init__(self, exits: Sequence[str]) -> None:
        self._exits = exits

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        line = Text()
        for one in self._exits:
            if line and len(line) + 3 + len(one) > options.max_width:
                yield line
                line = Text()
            line.append("   " if line else "").append(one, style=_GOOD if "▸" in one else _DIM)
        yield line


def _header(found: OrderReport) -> RenderableType:
    header, site = found.header, found.header.site
    top = Table.grid(expand=True)
    top.add_column(overflow="fold")
    top.add_column(justify="right", no_wrap=True)
    top.add_row(
        Text.assemble("order ", (plain(header.order_id), "bold")),
        Text(plain(header.reference or reference(header.order_id)), style="bold cyan"),
    )
    where = [f"{plain(header.provider)} {header.environment.value}", f"store {plain(site.store)}"]
    where += [f"register {plain(site.register)}"] if site.register else []
    where += [f"tenant {plain(site.tenant)}"] if site.tenant != "default" else []
    where += [f"ticket {plain(header.ticket)}"] if header.ticket else []
    moment, named = _zone([header.opened_at])
    where.append(f"opened {moment(header.opened_at)}{named}")
    return Group(top, Text(" · ".join(where), style=_DIM))


def _standing(found: OrderReport) -> RenderableType:
    grid = _pairs()
    state = Text(plain(found.state), style="bold " + (_BAD if found.calls else _GOOD))
    if found.calls:
        state.append(" (in doubt)", style=_BAD)
    grid.add_row(Text("stands", style=_DIM), Text.assemble(state, "  ", plain(found.stands)))
    if found.lifecycle is None:
        allowed = Text("not known: this release does not know its lifecycle", style="yellow")
    elif found.allowed:
        allowed = Text(", ".join(found.allowed), style="bold")
    else:
        allowed = Text("nothing, this is final" if found.final else "nothing, until the doubt is settled")
    grid.add_row(Text("allowed now", style=_DIM), allowed)
    for charge in found.charges:
        grid.add_row(Text("payment", style=_DIM), plain(payments.attempt_words(charge)))
    if found.standing.forgotten:
        grid.add_row(Text("customer", style=_DIM), Text("was erased; the provider cannot be called about it any more"))
    return grid


def _doubt(found: OrderReport, call: OpenCall, now: datetime) -> RenderableType:
    moment, named = _zone([call.since])
    grid = _pairs()
    age = ago((now - call.since).total_seconds())
    grid.add_row("since", f"{moment(call.since)}{named}, {age}" + (f", by {plain(call.by)}" if call.by else ""))
    grid.add_row("why", plain(call.why))
    asked = "the payment terminal" if call.trigger in PAYMENTS else plain(found.header.provider)
    grid.add_row("calls", f"{call.calls} may have reached {asked}")
    owner = {True: "still runs", False: "is gone", None: "cannot be asked from here"}[call.owner_alive]
    waits = ", and may still get its reply" if call.running else ""
    grid.add_row("owner", f"the till that made the call {owner}{waits} ({plain(call.owner)[:8] or 'nobody'})")
    if call.needs_human:
        grid.add_row(Text("look at", style=_BAD), Text(plain(call.check or ""), style="bold"))
    title = f"'{plain(call.trigger)}' " + ("needs a person" if call.needs_human else "is in doubt")
    panel = Panel(grid, title=Text(title, style=_BAD), title_align="left", border_style="red", box=box.ROUNDED)
    return Padding(panel, (1, 0, 0, 0))


_TOTALS: Final = ("subtotal", "tax", "tip", "delivery", "discount", "total")
_SAID: Final = frozenset({"basket", "totals", "buyer", "reward", "tenders"})
_LABELS: Final = {
    "discount": "validated discount",
    "reward_discount": "reward taken",
    "transaction_id": "transaction",
    "message": "message",
}


def _facts(facts: dict[str, Any]) -> RenderableType:
    """Money first; then every other fact by its own name, whichever provider it is of."""
    grid = _pairs()
    basket = _dict(facts.get("basket"))
    buyer = facts.get("buyer")
    reward = _dict(facts.get("reward"))
    rows: list[tuple[str, str]] = [("items", ", ".join(_line(_dict(line)) for line in _list(basket.get("lines"))))]
    rows.append(("deliver to", ", ".join(_values(basket.get("deliver_to")))))
    totals = _dict(facts.get("totals"))
    rows.append(("totals" if totals else "before reward", _totals(totals or _dict(basket.get("totals")))))
    if isinstance(buyer, str):
        rows.append(("customer", buyer))
    elif buyer:
        rows.append(("customer", f"member {_dict(buyer).get('id')}, {_dict(buyer).get('status')}"))
    if reward:
        rows.append(("reward", f"{reward.get('label')} ({reward.get('id')})"))
    rows.append(("paid with", ", ".join(_tender(_dict(tender)) for tender in _list(facts.get("tenders")))))
    rows += [(_LABELS.get(key, key.replace("_", " ")), _said(facts[key])) for key in _ordered(facts)]
    for label, value in rows:
        if value:
            grid.add_row(Text(plain(label), style=_DIM), plain(value))
    return grid


def _ordered(facts: dict[str, Any]) -> list[str]:
    rest = [key for key in facts if key not in _SAID and facts[key] is not None]
    return sorted(rest, key=lambda key: (list(_LABELS).index(key) if key in _LABELS else len(_LABELS), key))


def _said(value: object) -> str:
    if value is True or value is False:
        return "yes" if value else "no"
    if tree := _dict(value):
        return ", ".join(
            f"{key.replace('_', ' ')} {_said(one)}" for key, one in tree.items() if one not in (None, [], {})
        )
    if row := _list(value):
        return "; ".join(map(_said, row))
    return "" if value in ({}, []) else str(value)


def _line(line: dict[str, Any]) -> str:
    more = "".join(f" + {_line(_dict(modifier))}" for modifier in _list(line.get("modifiers")))
    return f"{line.get('quantity', 1)} x {line.get('label')} {line.get('price', '')}{more}"


def _totals(totals: dict[str, Any]) -> str:
    return ", ".join(f"{name} {totals[name]}" for name in _TOTALS if totals.get(name) is not None)


def _tender(tender: dict[str, Any]) -> str:
    card = [tender.get("brand"), f"…{tender['last_four']}" if tender.get("last_four") else None]
    return " ".join(str(part) for part in (tender.get("kind"), *card, tender.get("amount")) if part)


def _values(value: object) -> list[str]:
    return [str(one) for one in _dict(value).values() if one] or [str(value or "")]


def _dict(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _list(value: object) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else []


def _what(entry: Entry) -> Text:
    if entry.trigger in PAYMENTS and (said := payments.words(entry)) is not None:
        return Text(plain(said), style=_STYLES.get(entry.kind, ""))
    if entry.kind is EntryKind.INTENT:
        words = f"calling {plain(entry.provider)}" if entry.ownership is not None else "decided at the till"
    elif entry.kind is EntryKind.ATTEMPT:
        words = "asks the provider how it ended" if entry.code == PROBE else "sent once more"
    else:
        words = _WORDS[entry.kind]
    if entry.kind in (EntryKind.ACCEPTED, EntryKind.OBSERVED):
        words += f" → {plain(entry.state)}" + (" (inferred)" if entry.code == "inferred" else "")
    if entry.kind is EntryKind.RESOLVED:
        words += f": {plain(entry.code or '')} → {plain(entry.state)}"
    return Text(f"{plain(entry.trigger)}: {words}", style=_STYLES.get(entry.kind, ""))


def _zone(times: Iterable[datetime], *, to: str = "seconds") -> tuple[Callable[[datetime], str], str]:
    """How to write these times, in the local zone, and what to put once beside them: the offset, when all share it."""
    offsets = {_offset(at.astimezone()) for at in times}
    one = len(offsets) == 1

    def written(at: datetime) -> str:
        local = at.astimezone()
        text = local.replace(tzinfo=None).isoformat(" ", timespec=to)
        return text if one else f"{text} {_offset(local)}"

    return written, f" ({offsets.pop()})" if one else ""


def _offset(at: datetime) -> str:
    text = f"{at:%z}"
    return f"UTC{text[:3]}:{text[3:5]}"


def ago(seconds: float) -> str:
    """ "3 minutes ago"."""
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1)):
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {unit}{'s' if count != 1 else ''} ago"
    return "just now"


def _pairs() -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    return grid


def _table(*headings: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold", show_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table
