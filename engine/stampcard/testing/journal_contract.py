"""The suite every journal passes: subclass it, say how to open yours, and pytest does the rest.

    class TestMyJournal(JournalContract):
        def open(self) -> Journal:
            return MyJournal(self.folder / "journal")

        def reopen(self) -> Journal | None:  # a second handle on what `open` opened; None when there can be none
            return MyJournal(self.folder / "journal")

May live here: the way in. The promises are in the two halves it joins, told through the contract alone; what a store
promises about files and processes is for its own tests. Needs pytest and Hypothesis (the extra `testing`).
"""

from __future__ import annotations

import pytest

# Before the import: it makes pytest explain the asserts of modules outside your tests.
pytest.register_assert_rewrite("stampcard.testing._journal_writes", "stampcard.testing._journal_reads")

from stampcard.testing._journal_reads import JournalReads  # noqa: E402  after the call above
from stampcard.testing._journal_values import append_of, drafts, headers, opening  # noqa: E402  after the call above

__all__ = ["JournalContract", "append_of", "drafts", "headers", "opening"]


class JournalContract(JournalReads):
    """Subclass it as Test...; override `open`, and `reopen` when the store outlives its handle."""
