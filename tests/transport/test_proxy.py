"""Through an HTTP proxy, on both senders: forwarding, the tunnel, and what its failures prove.

May live here: the proxy's affairs. May not: what holds without one.
"""

from __future__ import annotations

import base64
import contextlib
import socket
import threading
from collections.abc import Callable

import pytest
from tests.transport.loopback import CA, KINDS, carrying, finish, read_request, reply, reset, serving

from stampcard.transport import Failed, Reply, SyncSender

SECRET = "Basic " + base64.b64encode(b"till:p w").decode()


class Proxy:
    """A tiny proxy: absolute form or CONNECT, one request each. `heads` is what it was asked."""

    def __init__(self, refuse: bytes = b"") -> None:
        self.heads: list[bytes] = []
        self.refuse = refuse

    def __call__(self, conn: socket.socket) -> None:
        head = read_request(conn)
        self.heads.append(head)
        if self.refuse:
            conn.sendall(self.refuse)
            return
        method, target, _ = head.split(b"\r\n")[0].split(b" ")
        authority = target if method == b"CONNECT" else target.split(b"/")[2]
        host, _, port = authority.decode().partition(":")
        with socket.create_connection((host, int(port))) as onward:
            if method == b"CONNECT":
                conn.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                onward.sendall(head.replace(b"http://" + authority, b"", 1))
            back = threading.Thread(target=pump, args=(onward, conn))
            back.start()
            pump(conn, onward)
            back.join(5)


def pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while chunk := source.recv(65536):
            target.sendall(chunk)
        target.shutdown(socket.SHUT_WR)


def with_secret(url: str) -> str:
    return url.replace("http://", "http://till:p%20w@")


@pytest.mark.parametrize("kind", KINDS)
def test_http_is_forwarded_with_its_bytes_intact(kind: str) -> None:
    proxy = Proxy()
    with serving() as server, serving(proxy) as through, carrying(kind, proxy=with_secret(through.url)) as carrier:
        assert isinstance(carrier.send(server.url), Reply)
        assert proxy.heads[0].startswith(f"POST {server.url}/orders/a%40b HTTP/1.1\r\n".encode())
        assert f"Proxy-Authorization: {SECRET}".encode() in proxy.heads[0]
        assert server.requests[0].startswith(b"POST /orders/a%40b HTTP/1.1\r\n")


@pytest.mark.parametrize("kind", KINDS)
def test_https_goes_through_the_tunnel(kind: str) -> None:
    proxy = Proxy()
    with (
        serving(tls=True) as server,
        serving(proxy) as through,
        carrying(kind, proxy=with_secret(through.url), verify=CA) as carrier,
    ):
        assert isinstance(carrier.send(server.url), Reply)
        assert isinstance(carrier.send(server.url), Reply)
        assert proxy.heads[0].startswith(f"CONNECT localhost:{server.port} HTTP/1.1\r\n".encode())
        assert f"Proxy-Authorization: {SECRET}".encode() in proxy.heads[0]
        assert len(proxy.heads) == 1
        assert len(server.requests) == 2
        assert b"Proxy-Authorization" not in server.requests[0]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("refuse", [reply(b"", status="407 Who"), b"garbage\r\n\r\n", b"HTTP/1.1 2"])
def test_tunnel_that_is_refused_is_proof(kind: str, refuse: bytes) -> None:
    with (
        serving(tls=True) as server,
        serving(Proxy(refuse)) as through,
        carrying(kind, proxy=through.url, verify=CA) as carrier,
    ):
        result = carrier.send(server.url)
        assert isinstance(result, Failed)
        assert not result.sent
        assert server.connections == 0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("close", [finish, reset])
def test_forwarding_proxy_that_breaks_is_no_proof(kind: str, close: Callable[[socket.socket], None]) -> None:
    """It has the order's own bytes in hand."""

    def cut(conn: socket.socket) -> None:
        read_request(conn)
        close(conn)

    with serving() as server, serving(cut) as through, carrying(kind, proxy=through.url) as carrier:
        result = carrier.send(server.url)
        assert isinstance(result, Failed)
        assert result.sent


@pytest.mark.parametrize("kind", KINDS)
def test_absent_proxy_is_proof(kind: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with serving() as server, carrying(kind, proxy=f"http://127.0.0.1:{port}") as carrier:
        result = carrier.send(server.url)
        assert isinstance(result, Failed)
        assert not result.sent
        assert server.connections == 0


@pytest.mark.parametrize("kind", KINDS)
def test_the_environments_proxies_are_not_read(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with serving() as server, carrying(kind) as carrier:
        assert isinstance(carrier.send(server.url), Reply)


@pytest.mark.parametrize("proxy", ["https://a", "socks5://a", "http://", "http://a/b", "http://a?b", "a:1"])
def test_proxy_is_plain_http(proxy: str) -> None:
    with pytest.raises(ValueError, match="proxy"):
        SyncSender(proxy=proxy)
