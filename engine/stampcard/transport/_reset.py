"""Closing a connection so that nothing more of it is delivered.

May live here: that one thing, for both transports. May not: any other socket operation.
"""

from __future__ import annotations

import os
import socket
import struct
from typing import Final, Protocol

__all__ = ["reset_on_close"]

_AT_ONCE: Final = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)


class _Socket(Protocol):
    def setsockopt(self, level: int, optname: int, value: bytes, /) -> object: ...


def reset_on_close(sock: _Socket) -> None:
    """Drop what the kernel still holds when this socket closes. May raise OSError.

    A regular close leaves unacknowledged bytes with the kernel, which repeats them for minutes: on a line that comes
    back, an order would arrive long after its call was given up and perhaps asked after.
    """
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
