"""What stands between tills and the provider's books, to be killed: bytes in, bytes out, in a process of its own.

A provider that loses its books is no provider. So the books live in one process, and this is the one that dies: every
call under way loses its connection, whatever had arrived is done all the same, and nobody is told. Arguments: port to
listen on (0: any), port of the books.

May live here: two pumps for a connection. May not: a word of what is said.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import threading


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while chunk := source.recv(65536):
            sink.sendall(chunk)
    for one in (source, sink):
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)


def _join(near: socket.socket, books: int) -> None:
    try:
        far = socket.create_connection(("127.0.0.1", books), timeout=5)
    except OSError:
        near.close()
        return
    far.settimeout(None)
    for one in (near, far):
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    there = threading.Thread(target=_pump, args=(near, far), daemon=True)
    there.start()
    _pump(far, near)
    there.join()
    near.close()
    far.close()


def _end_with_the_parent() -> None:
    sys.stdin.read()
    os._exit(0)


def main(port: int, books: int) -> None:
    """Until killed."""
    listening = socket.create_server(("127.0.0.1", port), backlog=256)
    print(listening.getsockname()[1], flush=True)
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    while True:
        near, _ = listening.accept()
        threading.Thread(target=_join, args=(near, books), daemon=True).start()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
