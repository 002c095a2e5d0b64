"""A till in a process of its own: takes commands on standard input, one a line, and answers each with a line."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

from stampcard.journal import Journal, StoreError, VersionConflictError, open_journal
from stampcard.journal.owners import boot_id
from stampcard.model import EntryKind, Ownership
from stampcard.testing._journal_values import draft
from stampcard.testing.journal_contract import append_of, opening

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def add(journal: Journal, order_id: str, by: str) -> int:
    """One more entry, however many others write."""
    record = journal.load(order_id)
    version = 0 if record is None else record.version
    while True:
        try:
            append = append_of(order_id, version, draft(by=by)) if version else opening(order_id, draft(by=by))
            return journal.append(append)[-1].version
        except VersionConflictError as behind:
            version = behind.current


def perform(journal: Journal, verb: str, words: list[str]) -> str:
    if verb == "add":
        order_id, by, count = words
        return str([add(journal, order_id, by) for _ in range(int(count))])
    if verb == "intent":
        owner = journal.enrol()
        own = Ownership(owner=owner, boot=boot_id(), hard_end=1e9)
        journal.append(opening(words[0], draft(EntryKind.INTENT, intent="i", ownership=own)))
        return owner
    if verb == "flood":
        while True:
            print(add(journal, words[0], "flood"), flush=True)
    if verb == "alive":
        return str(journal.alive(words[0]))
    if verb == "boot":
        return boot_id()
    raise ValueError(verb)


def main() -> None:
    journal: Journal | None = None
    print("ready", flush=True)
    for line in sys.stdin:
        verb, *words = line.split()
        try:
            if verb == "open":
                if journal is not None:
                    journal.close()
                journal = open_journal(words[0])
                answer = journal.id
            else:
                assert journal is not None
                answer = perform(journal, verb, words)
        except StoreError as failed:
            answer = f"StoreError: {failed}"
        print(answer, flush=True)


main()
