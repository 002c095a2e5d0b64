"""Every journal of ours passes the suite we ship."""

from __future__ import annotations

from stampcard.journal import Journal, open_journal
from stampcard.testing.journal_contract import JournalContract


class TestMemoryJournal(JournalContract):
    def open(self) -> Journal:
        return open_journal(":memory:")


class TestSqliteJournal(JournalContract):
    def open(self) -> Journal:
        return open_journal(self.folder / "journal.db")

    def reopen(self) -> Journal | None:
        return open_journal(str(self.folder / "journal.db"))
