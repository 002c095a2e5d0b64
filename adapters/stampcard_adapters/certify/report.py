"""What a certification came to, and the two files it is handed over as.

May live here: results as values, JSON and Markdown of them. May not: a provider's name, a call, a screen.
The JSON's keys are a promise to whoever reads it by machine.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Final, TypeAlias

import attrs

__all__ = ["WRITERS", "Measurement", "Report", "Result", "Value", "Verdict", "shown", "written"]

Value: TypeAlias = str | bool | None


class Verdict(StrEnum):
    """What a case came to. A skipped one proves nothing: it counts against the certification."""

    PASS = "pass"
    FAIL = "fail"
    SKIPPED = "skipped"


@attrs.frozen(kw_only=True)
class Result:
    """One case. must_show: the provider's own words; seen: what came back; notes: the reason, or how it was done."""

    number: int
    title: str
    must_show: str
    seen: str
    verdict: Verdict
    notes: str = ""


@attrs.frozen(kw_only=True)
class Measurement:
    """Something the documents leave open, as this environment does it. switch: the setting it decides, if any.
    value: what was found; None when it could not be measured."""

    name: str
    seen: str
    switch: str | None = None
    value: Value = None


@attrs.frozen(kw_only=True)
class Report:
    """A whole run. switches: the settings the measurements ask for; what could not be measured is left out."""

    provider: str
    url: str
    environment: str
    started_at: datetime
    version: str
    cases: tuple[Result, ...]
    measurements: tuple[Measurement, ...] = ()
    switches: Mapping[str, Value] = attrs.field(factory=dict[str, Value])

    def count(self, verdict: Verdict) -> int:
        """How many cases came to this."""
        return sum(case.verdict is verdict for case in self.cases)

    @property
    def certified(self) -> bool:
        """Every case passed: none failed, none was left out."""
        return bool(self.cases) and self.count(Verdict.PASS) == len(self.cases)

    def as_json(self) -> str:
        """For machines; the keys are stable."""
        told = {
            "provider": self.provider,
            "url": self.url,
            "environment": self.environment,
            "started_at": self.started_at.isoformat(timespec="seconds"),
            "version": self.version,
            "passed": self.count(Verdict.PASS),
            "failed": self.count(Verdict.FAIL),
            "skipped": self.count(Verdict.SKIPPED),
            "cases": [attrs.asdict(case) for case in self.cases],
            "measurements": [attrs.asdict(measurement) for measurement in self.measurements],
            "switches": dict(self.switches),
        }
        return json.dumps(told, indent=2, ensure_ascii=False) + "\n"

    def as_markdown(self) -> str:
        """For the provider's staff, and for the file."""
        passed, failed, skipped = (self.count(v) for v in (Verdict.PASS, Verdict.FAIL, Verdict.SKIPPED))
        lines = [
            f"# Certification: {self.provider}",
            "",
            f"- environment: {self.environment}, {self.url}",
            f"- started: {self.started_at.isoformat(timespec='seconds')}",
            f"- stampcard {self.version}",
            f"- {passed} passed, {failed} failed, {skipped} skipped, of {len(self.cases)}",
            "",
            *_table(
                ("#", "case", "must be seen", "seen", "verdict", "notes"),
                [(str(c.number), c.title, c.must_show, c.seen, c.verdict.value, c.notes) for c in self.cases],
            ),
            "",
            "## What the documents leave open",
            "",
        ]
        if self.measurements:
            rows = [(m.name, m.seen, m.switch or "", shown(m.value)) for m in self.measurements]
            lines += _table(("measured", "seen", "switch", "value"), rows)
        else:
            lines.append("Nothing was measured.")
        if self.switches:
            lines += ["", "Set:", "", *(f"- `{name}` = `{shown(value)}`" for name, value in self.switches.items())]
        return "\n".join(lines) + "\n"


def shown(value: Value) -> str:
    """A measured value in words."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return value or "not measured"


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> list[str]:
    def line(cells: tuple[str, ...]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|").replace("<", "&lt;") for cell in cells) + " |"

    return [line(head), "|" + "---|" * len(head), *(line(row) for row in rows)]


WRITERS: Final[Mapping[str, Callable[[Report], str]]] = {".json": Report.as_json, ".md": Report.as_markdown}
"""File extension -> what is written."""


def written(report: Report, file: Path) -> None:
    """Write it as its extension says. Raises OSError."""
    file.write_text(WRITERS[file.suffix.lower()](report), encoding="utf-8")
