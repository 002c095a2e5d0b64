"""Where a campaign's processes come from: everything is imported here once, and each process is a fork of this one.

A fork that has opened nothing yet is a process like any other, a second sooner. A line in ("till", "provider 7",
"reap 4711"), with the new process's standard input, output and errors beside it; a line out: its pid, or how it ended.

May live here: forking and reaping. May not: a thread, an open journal: neither survives a fork.
"""

from __future__ import annotations

import faulthandler
import os
import socket
import sys
import traceback

import aiohttp  # noqa: F401  an AsyncTill imports it when it opens: here it is done once
from tests.kill.campaign import provider, till

__all__ = ["main"]


def _born(role: str, argument: str, pipes: list[int]) -> None:
    """The new process, to its end."""
    for number, pipe in enumerate(pipes):
        os.dup2(pipe, number)
        os.close(pipe)
    faulthandler.enable()  # what kills a till, but our SIGKILL, is told
    try:
        if role == "till":
            till.main()
        else:
            provider.main(int(argument))
    except BaseException:  # noqa: BLE001  it must not go on as the nursery
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)
    os._exit(0)


def main(door: int) -> None:
    """Until the parent is gone."""
    with socket.socket(fileno=door) as parent:
        while True:
            line, pipes, _, _ = socket.recv_fds(parent, 1024, 3)
            if not line:
                return
            role, _, argument = line.decode().partition(" ")
            if role == "reap":
                answer = os.waitstatus_to_exitcode(os.waitpid(int(argument), 0)[1])
            elif answer := os.fork():
                for pipe in pipes:
                    os.close(pipe)
            else:
                parent.close()
                _born(role, argument, pipes)
            parent.sendall(f"{answer}\n".encode())


if __name__ == "__main__":
    main(int(sys.argv[1]))
