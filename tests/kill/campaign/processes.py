"""The processes of a campaign, seen from the parent: started, told what to do, listened to, killed.

May live here: pipes, signals, questions to the provider's process. May not: what is sold, what is checked.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, Final, TextIO

import attrs
import httpx
from tests.kill.campaign.cuts import WrongError
from tests.kill.campaign.till import Job
from tests.kill.campaign.where import Victim

__all__ = ["Gateway", "Nursery", "ProviderProcess", "TillProcess"]

ROOT: Final = Path(__file__).parents[3]
_WITHIN: Final = 60.0
"""Seconds for anything of this machine."""


class Nursery:
    """Forks processes. errors: the file they all complain to."""

    def __init__(self, errors: Path) -> None:
        self._errors = errors
        self._lock = threading.Lock()
        mine, its = socket.socketpair()
        mine.settimeout(_WITHIN)
        self._door = mine
        with its, errors.open("ab") as handle:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.kill.campaign.nursery", str(its.fileno())],
                cwd=ROOT,
                pass_fds=[its.fileno()],
                stderr=handle,
            )

    def _asked(self, line: str, pipes: list[int]) -> int:
        with self._lock:
            socket.send_fds(self._door, [line.encode()], pipes)
            answer = self._door.recv(64)
        if not answer:
            raise WrongError(f"the nursery is gone: {self.errors()}")
        return int(answer)

    def bears(self, role: str) -> Born:
        """A new process."""
        its_in, my_out = os.pipe()
        my_in, its_out = os.pipe()
        with self._errors.open("ab") as handle:
            pid = self._asked(role, [its_in, its_out, handle.fileno()])
        os.close(its_in)
        os.close(its_out)
        return Born(pid, self, os.fdopen(my_out, "w"), os.fdopen(my_in))

    def reaps(self, pid: int) -> int:
        """How a process that has ended, or is ending, ended."""
        return self._asked(f"reap {pid}", [])

    def errors(self) -> str:
        """The end of what was complained of."""
        return self._errors.read_text(errors="replace")[-3000:]

    def close(self) -> None:
        self._door.close()
        self._process.wait(_WITHIN)


@attrs.define(eq=False)
class Born:
    """One process: its pid, and its pipes as this side holds them."""

    pid: int
    nursery: Nursery
    to: TextIO
    out: TextIO
    ended: int | None = None

    def kill(self) -> float:
        """SIGKILL: no handler, no goodbye. The moment, on the monotonic clock."""
        os.kill(self.pid, signal.SIGKILL)
        at = time.monotonic()
        self.reap()
        return at

    def reap(self) -> int:
        """Wait for its end, and how it was."""
        if self.ended is None:
            self.ended = self.nursery.reaps(self.pid)
        return self.ended

    def close(self) -> None:
        """Whatever it was doing, it is gone."""
        if self.ended is None:
            self.kill()
        for pipe in (self.to, self.out):
            with contextlib.suppress(OSError):
                pipe.close()


class TillProcess:
    """One till process; it begins when it gets its job."""

    def __init__(self, nursery: Nursery) -> None:
        self._process = nursery.bears("till")
        self._errors = nursery.errors
        self.said: list[dict[str, Any]] = []
        self._news = threading.Condition()
        self._over = False
        self._ahead = 0.0
        self._reader = threading.Thread(target=self._listen, daemon=True)
        self._reader.start()

    def _listen(self) -> None:
        for line in self._process.out:
            with self._news:
                self.said.append(json.loads(line))
                self._news.notify_all()
        with self._news:
            self._over = True
            self._news.notify_all()

    def begin(self, job: Job) -> None:
        """Give it its job."""
        self._ahead = job.ahead
        self._process.to.write(json.dumps(attrs.asdict(job)) + "\n")
        self._process.to.flush()

    def wait_for(self, name: str) -> None:
        """Until it has said so. Raises WrongError when it ends before."""
        with self._news:
            self._news.wait_for(lambda: self._over or any(name in line for line in self.said), _WITHIN)
            if not any(name in line for line in self.said):
                raise WrongError(f"a till ended before '{name}', or said nothing for long: {self._errors()}")

    def dies(self) -> Victim:
        """Kill it; what it had said until then. Raises WrongError when it had ended by itself."""
        wall = time.time() - time.monotonic() + self._ahead
        at = self._process.kill()
        self._reader.join(_WITHIN)
        if self._process.ended != -signal.SIGKILL:
            raise WrongError(f"a till ended by itself ({self._process.ended}): {self._errors()}")
        self.close()
        return Victim(said=tuple(self.said), at=at, ahead=wall)

    def ends(self) -> None:
        """Wait until it has ended, as it should."""
        self._reader.join(_WITHIN)
        if self._reader.is_alive() or self._process.reap() != 0:
            raise WrongError(f"a till that only recovers failed: {self._errors()}")
        self.close()

    def close(self) -> None:
        self._process.close()


class ProviderProcess:
    """The books."""

    def __init__(self, nursery: Nursery, seed: int) -> None:
        self._process = nursery.bears(f"provider {seed}")
        self._errors = nursery.errors
        self.url = self._process.out.readline().strip()
        if not self.url:
            raise WrongError(f"the provider did not start: {self._errors()}")
        self._asks = httpx.Client(base_url=self.url, timeout=_WITHIN, trust_env=False)

    @property
    def port(self) -> int:
        return httpx.URL(self.url).port or 0

    def ask(self, what: str, **about: Any) -> Any:
        """One of the campaign's own questions."""
        answer = self._asks.post(f"/_campaign/{what}", json=about)
        if answer.status_code != 200:
            raise WrongError(f"the provider's process failed at '{what}': {self._errors()}")
        return answer.json()

    def quiet(self) -> None:
        """Wait until no call is under way any more: from now on nothing can land late."""
        end = time.monotonic() + _WITHIN
        while self.ask("under_way"):
            if time.monotonic() > end:
                raise WrongError("calls are under way for ever")
            time.sleep(0.02)

    def close(self) -> None:
        self._asks.close()
        self._process.close()


class Gateway:
    """What stands before the books. The next one takes its port."""

    def __init__(self, books: int, *, port: int = 0) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-S", "-m", "tests.kill.campaign.gateway", str(port), str(books)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())
        self.url = f"http://127.0.0.1:{self.port}"

    def kill(self) -> None:
        """SIGKILL: every call through it loses its connection."""
        self._process.kill()
        self._process.wait(_WITHIN)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
