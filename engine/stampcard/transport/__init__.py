"""Senders of one HTTP call: real time bounds, and honest proof when nothing was sent.

The only package of the engine that may send with httpx. May live here: what carries bytes. May not: a provider's
name, a retry, a decision about an order. Importing it loads neither aiohttp nor httpcore.
"""

from stampcard.transport.aio import AsyncSender
from stampcard.transport.contract import Call, Failed, Reply, Sent
from stampcard.transport.sync import SyncSender

__all__ = ["AsyncSender", "Call", "Failed", "Reply", "Sent", "SyncSender"]
