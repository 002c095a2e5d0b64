"""One case's page: what was seen goes on it, and what was wrong; the verdict is read off it, never set.

May live here: pages, cases, the judging. May not: a provider's name, a call.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

import attrs

from stampcard.errors import StampcardError
from stampcard_adapters.certify.report import Result, Verdict

__all__ = ["Case", "FailedCaseError", "Page", "SkippedCaseError", "judged"]

R = TypeVar("R")


class FailedCaseError(Exception):
    """The case cannot go on: what came back is not what must be seen."""


class SkippedCaseError(Exception):
    """The case cannot be shown here; says what somebody must set up."""


@attrs.define
class Page:
    """What one case wrote down."""

    seen: list[str] = attrs.field(factory=list[str])
    wrong: list[str] = attrs.field(factory=list[str])
    lacking: list[str] = attrs.field(factory=list[str])
    notes: list[str] = attrs.field(factory=list[str])

    def saw(self, what: str) -> None:
        """A fact: a status, an amount, a balance before and after."""
        self.seen.append(what)

    def then(self, what: str) -> None:
        """A fact that follows upon the last one: the next step of the same order."""
        if self.seen:
            self.seen[-1] += f", {what}"
        else:
            self.saw(what)

    def check(self, as_it_must: bool, wrong: str) -> None:
        """Something that must be so; else `wrong` is why the case fails. The case goes on, to see the rest."""
        if not as_it_must:
            self.wrong.append(wrong)

    def lacks(self, what: str) -> None:
        """A part of the case that cannot be shown here: the rest is, but the case counts as skipped."""
        self.lacking.append(what)

    def note(self, what: str) -> None:
        """How something was done, for the reader of the report."""
        self.notes.append(what)

    @property
    def verdict(self) -> Verdict:
        """A case that saw nothing passes nothing."""
        if self.wrong:
            return Verdict.FAIL
        return Verdict.PASS if self.seen and not self.lacking else Verdict.SKIPPED


@attrs.frozen
class Case(Generic[R]):
    """One line of a provider's list: its own words, and how it is shown."""

    number: int
    title: str
    must_show: str
    show: Callable[[R, Page], None]


def judged(case: Case[R], run: R) -> Result:
    """Run one case. Whatever the provider answers, there is a result."""
    page = Page()
    try:
        case.show(run, page)
    except SkippedCaseError as cannot:
        page.lacks(str(cannot))
    except (FailedCaseError, StampcardError) as failed:
        page.wrong.append(str(failed))
    except ValueError as odd:  # two currencies in one sum, a value no order can carry: the provider's data, not ours
        page.wrong.append(f"what the provider answered cannot be worked with: {odd}")
    return Result(
        number=case.number,
        title=case.title,
        must_show=case.must_show,
        seen="; ".join(page.seen),
        verdict=page.verdict,
        notes="; ".join((*page.wrong, *page.lacking, *page.notes)),
    )
