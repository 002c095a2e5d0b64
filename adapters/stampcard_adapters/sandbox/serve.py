"""A server for an application: in a thread for tests, in the foreground for the command.

May live here: the listening socket, the server's settings, starting and stopping. May not: what is served.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

import uvicorn

if TYPE_CHECKING:
    from starlette.types import ASGIApp

__all__ = ["listen", "run", "serve", "url_of"]

STARTS_WITHIN = 10.0
STOPS_WITHIN = 10.0


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 picks a free one. Raises OSError when the port is in use."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=1024)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def url_of(listener: socket.socket) -> str:
    """Where a client on this machine reaches it."""
    name: tuple[str, int] = listener.getsockname()[:2]
    host, port = name
    here = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host) or host  # noqa: S104  (names the wildcard, binds nothing)
    return f"http://[{here}]:{port}" if ":" in here else f"http://{here}:{port}"


class _Server(uvicorn.Server):
    """uvicorn, which also says when it is ready, stops at once, and takes SIGTERM as the order it is: exit code 0."""

    def __init__(self, app: ASGIApp, on_ready: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                access_log=False,
                log_config=None,
                log_level="warning",
                lifespan="off",
                ws="none",
                date_header=False,  # a model has its own clock
                server_header=False,
                timeout_keep_alive=300,
                timeout_graceful_shutdown=1,
            )
        )
        self._on_ready = on_ready
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        await super().startup(sockets=sockets)
        self._on_ready()

    async def main_loop(self) -> None:
        if self._stop is not None and not self.should_exit:
            await self._stop.wait()

    def stop(self) -> None:
        """From any thread, or from a signal handler."""
        self.should_exit = True
        if self._loop is not None and self._stop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stop.set)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        # uvicorn would raise the signal again after its shutdown, and the process would die of it
        self.stop()


def run(app: ASGIApp, listener: socket.socket, *, on_ready: Callable[[], None]) -> None:
    """Serve in the foreground until SIGTERM or Ctrl-C; `on_ready` is called once connections are accepted."""
    _Server(app, on_ready).run(sockets=[listener])


@contextmanager
def serve(app: ASGIApp, *, host: str = "127.0.0.1", port: int = 0) -> Generator[str]:
    """Serve from a thread while the block runs; gives the base URL."""
    ready = threading.Event()
    with listen(host, port) as listener:
        server = _Server(app, ready.set)
        thread = threading.Thread(target=server.run, args=([listener],), name="sandbox", daemon=True)
        thread.start()
        try:
            if not ready.wait(STARTS_WITHIN):
                raise RuntimeError("the sandbox did not start")
            yield url_of(listener)
        finally:
            server.stop()
            thread.join(STOPS_WITHIN)
