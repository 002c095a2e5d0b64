"""The last orders a till worked on, as they were read: a till mostly goes on with the order it has just changed.

What is held is used only when the journal says that nothing was appended or erased since (`Journal.still`): it saves
reading, never asking.
"""

from __future__ import annotations

import threading
from collections import OrderedDict

from stampcard.journal.contract import Journal, Record

__all__ = ["Recent"]


class Recent:
    """Records by order id, the least recently used dropped beyond `limit`. Safe to share between threads."""

    def __init__(self, limit: int = 128) -> None:
        self._limit = limit
        self._records: OrderedDict[str, Record] = OrderedDict()
        self._lock = threading.Lock()

    def load(self, journal: Journal, order_id: str) -> Record | None:
        """The order as it stands in the journal now, or None. Raises StoreError."""
        with self._lock:
            held = self._records.get(order_id)
        if held is not None and journal.still(held):
            return held
        record = journal.load(order_id)
        if record is not None:
            self.keep(record)
        return record

    def keep(self, record: Record) -> None:
        """Hold a record that was just read or written."""
        with self._lock:
            self._records[record.header.order_id] = record
            self._records.move_to_end(record.header.order_id)
            if len(self._records) > self._limit:
                self._records.popitem(last=False)

    def clear(self) -> None:
        """Let go of everything: somebody's data was erased."""
        with self._lock:
            self._records.clear()
