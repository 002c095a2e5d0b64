"""Certification: a provider's own list of what a till must show, run against it, and what its documents leave open.

May live here: what is common to every provider's list (verdicts, reports, the table on screen).
May not: a provider's cases, which have a room of their own here (`spendgo`); option parsing, which is the command's.
"""

from stampcard_adapters.certify.page import Case, FailedCaseError, Page, SkippedCaseError, judged
from stampcard_adapters.certify.report import Measurement, Report, Result, Verdict

__all__ = [
    "Case",
    "FailedCaseError",
    "Measurement",
    "Page",
    "Report",
    "Result",
    "SkippedCaseError",
    "Verdict",
    "judged",
]
