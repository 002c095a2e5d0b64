"""The asynchronous sender's own affairs: cancellation, one loop, many calls at once, the extra it needs.

May live here: what only a loop can show. May not: a promise both senders keep (tests/contract).
"""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import threading
import time

import pytest
from tests.transport.loopback import CA, ORDER, call, read_request, reply, serving

from stampcard.transport import AsyncSender, Failed, Reply, SyncSender


def hang(conn: socket.socket) -> None:
    read_request(conn)
    while conn.recv(65536):
        pass


async def until(ready: threading.Event) -> None:
    while not ready.is_set():  # noqa: ASYNC110 - set by a server's thread
        await asyncio.sleep(0.002)


@pytest.mark.parametrize("tls", [False, True])
async def test_cancelling_the_caller_cuts_the_connection(tls: bool) -> None:
    reached, left = threading.Event(), threading.Event()

    def wait(conn: socket.socket) -> None:
        read_request(conn)
        reached.set()
        try:
            assert conn.recv(1) == b""
        finally:
            left.set()

    with serving(wait, tls=tls) as server:
        sender = AsyncSender(verify=CA)
        sending = asyncio.create_task(sender.send(ORDER, base_url=server.url, auth=None, call=call()))
        await until(reached)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        async with asyncio.timeout(2):
            await until(left)
        server.handler = server.answer(reply())
        assert isinstance(await sender.send(ORDER, base_url=server.url, auth=None, call=call()), Reply)
        assert server.connections == 2
        await sender.aclose()


@pytest.mark.parametrize("tls", [False, True])
async def test_abort_from_the_loop_itself(tls: bool) -> None:
    with serving(hang, tls=tls) as server:
        sender, under_way = AsyncSender(verify=CA), call(10)
        asyncio.get_running_loop().call_later(0.1, under_way.abort)
        began = time.monotonic()
        result = await sender.send(ORDER, base_url=server.url, auth=None, call=under_way)
        assert isinstance(result, Failed)
        assert result.sent
        assert time.monotonic() - began < 1
        await sender.aclose()


async def test_abort_and_deadline_leave_the_callers_task_usable() -> None:
    with serving(hang) as server:
        sender = AsyncSender()
        for _ in range(3):
            assert isinstance(await sender.send(ORDER, base_url=server.url, auth=None, call=call(0.05)), Failed)
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0
        await sender.aclose()


def test_abort_after_the_loop_is_gone_is_nothing() -> None:
    done = call()

    async def main() -> None:
        sender = AsyncSender()
        await sender.send(ORDER, base_url=server.url, auth=None, call=done)
        await sender.aclose()

    with serving() as server:
        asyncio.run(main())
    done.abort()


def test_another_loop_is_refused_unsent() -> None:
    with serving() as server:
        sender = AsyncSender()

        async def once() -> object:
            return await sender.send(ORDER, base_url=server.url, auth=None, call=call())

        async def first() -> None:
            assert isinstance(await once(), Reply)
            elsewhere = await asyncio.to_thread(asyncio.run, once())
            assert elsewhere == Failed(why="an AsyncSender stays on the event loop of its first call", sent=False)
            await sender.aclose()

        asyncio.run(first())
        assert len(server.requests) == 1


async def test_many_calls_at_once_share_the_pool() -> None:
    with serving() as server:
        sender = AsyncSender(max_connections=32)
        began = time.monotonic()
        results = await asyncio.gather(
            *(sender.send(ORDER, base_url=server.url, auth=None, call=call(10)) for _ in range(640))
        )
        assert all(isinstance(result, Reply) for result in results)
        assert time.monotonic() - began < 5
        assert server.connections <= 32
        await sender.aclose()


def test_many_threads_share_the_blocking_pool() -> None:
    with serving() as server:
        sender = SyncSender(max_connections=4)
        failed: list[object] = []

        def work() -> None:
            for _ in range(20):
                result = sender.send(ORDER, base_url=server.url, auth=None, call=call(10))
                if not isinstance(result, Reply):
                    failed.append(result)

        threads = [threading.Thread(target=work) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert not failed
        assert len(server.requests) == 320
        sender.close()


def test_closing_lets_a_blocking_call_end() -> None:
    release, reached = threading.Event(), threading.Event()

    def hold(conn: socket.socket) -> None:
        read_request(conn)
        reached.set()
        release.wait(5)
        conn.sendall(reply())
        assert conn.recv(1) == b""  # and then its connection closes too

    with serving(hold) as server:
        sender, results = SyncSender(), []
        thread = threading.Thread(
            target=lambda: results.append(sender.send(ORDER, base_url=server.url, auth=None, call=call()))
        )
        thread.start()
        assert reached.wait(5)
        sender.close()
        release.set()
        thread.join(5)
        assert isinstance(results[0], Reply)


def test_importing_loads_no_engine_of_either() -> None:
    code = (
        "import sys, stampcard.transport; "
        "assert not {'aiohttp', 'httpcore', 'yarl'} & set(sys.modules), sorted(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_missing_extra_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['aiohttp'] = None\n"
        "from stampcard.transport import AsyncSender, SyncSender\n"
        "SyncSender().close()\n"
        "try: AsyncSender()\n"
        "except RuntimeError as error: assert 'stampcard[async]' in str(error)\n"
        "else: raise SystemExit('no error')"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
