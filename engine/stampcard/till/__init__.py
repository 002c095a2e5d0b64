"""The object a POS holds: `Till` blocks, `AsyncTill` awaits, both drive the same steps."""

from stampcard.till.aio import AsyncTill
from stampcard.till.sync import Till

__all__ = ["AsyncTill", "Till"]
