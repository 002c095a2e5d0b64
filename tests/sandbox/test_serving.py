"""Over real HTTP: exact paths, many calls, the ready line, and a clean end."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from stampcard_adapters.sandbox.app import sandbox_app
from stampcard_adapters.sandbox.http import MAX_BODY
from stampcard_adapters.sandbox.serve import serve

PROGRAM = (
    "import typer; from stampcard_adapters.commands.sandbox import command;"
    "app = typer.Typer(); app.command('sandbox')(command); app()"
)


def send(connection: http.client.HTTPConnection, request: Any) -> tuple[int, Any]:
    connection.request(request.method, request.target, request.body or None, dict(request.headers))
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


def connected(url: str) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(urlsplit(url).hostname or "", urlsplit(url).port, timeout=10)


@pytest.fixture
def wire(client) -> Iterator[http.client.HTTPConnection]:
    with serve(sandbox_app(client.model)) as url:
        connection = connected(url)
        yield connection
        connection.close()


def test_a_signature_verifies_on_the_path_and_query_as_they_were_on_the_wire(client, wire) -> None:
    for target in (
        "/loyalty/accounts/494979/balance",
        "/loyalty/accounts/%34%394979/balance",
        "/loyalty/accounts/494979/rewards?store=999999&x=%7E~%20+",
        "/loyalty/accounts/494979/rewards?store=%39%39%39%39%39%39",
    ):
        assert send(wire, client.signed("GET", target, b""))[0] == 200
    plain = client.signed("GET", "/loyalty/accounts/494979/balance", b"")
    wire.request("GET", "/loyalty/accounts/49497%39/balance", headers=dict(plain.headers))
    assert json.loads(wire.getresponse().read())["code"] == 1004


def test_an_order_goes_all_the_way_over_one_connection(client, wire) -> None:
    for stage in ("checkout", "placed", "billed", "completed"):
        body = json.dumps(client.body(stage, reward="2234402", discount=5)).encode()
        status, answer = send(wire, client.signed("POST", "/loyalty/accounts/494979/orders", body))
        assert (status, answer["transaction"]["status"]) == (200, stage)
    assert client.model.points("494979") == 175


def test_health_and_paths_that_are_nobodys(client, wire) -> None:
    wire.request("GET", "/health")
    answer = wire.getresponse()
    assert (answer.status, json.loads(answer.read())) == (200, {"status": "ok"})
    for target in ("/", "/loyaltyx", "//loyalty/accounts", "/loyalty/accounts/", "/loyalty"):
        status, body = send(wire, client.signed("GET", target, b""))
        assert (status, body["code"]) == (404, 404)


def test_a_body_over_a_megabyte_is_refused_and_the_refusal_is_readable(client, wire) -> None:
    status, body = send(wire, client.signed("POST", "/loyalty/accounts", b" " * (8 * MAX_BODY)))
    assert (status, body["code"]) == (400, 2000)
    assert send(wire, client.signed("GET", "/loyalty/accounts/494979/balance", b""))[0] == 200


def test_bytes_that_are_no_http_end_in_an_answer_not_in_a_hang(client) -> None:
    with serve(sandbox_app(client.model)) as url, socket.create_connection(_address(url), timeout=10) as raw:
        raw.sendall(b"\x00\xff no http at all\r\n\r\n")
        assert raw.recv(64).startswith(b"HTTP/1.1 400")


def test_a_server_stops_while_connections_are_kept_alive(client) -> None:
    with serve(sandbox_app(client.model)) as url:
        connections = [connected(url) for _ in range(3)]
        for connection in connections:
            send(connection, client.signed("GET", "/loyalty/accounts/494979/balance", b""))
    for connection in connections:
        connection.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(_address(url), timeout=1)


@contextmanager
def process(*options: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", PROGRAM, *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        try:
            yield running
        finally:
            if running.poll() is None:
                running.kill()


def _address(url: str) -> tuple[str, int]:
    return urlsplit(url).hostname or "", urlsplit(url).port or 0


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to send")
@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_the_command_prints_one_line_when_ready_and_ends_with_0_when_told_to(client, end, tmp_path: Path) -> None:
    with process("--port", "0", "--provider", "spendgo", "--lenient") as running:
        assert running.stdout is not None
        ready = json.loads(running.stdout.readline())
        tenant = ready["tenants"]["spendgo"]
        client.api_key, client.secret = tenant["api_key"], tenant["secret"]
        assert tenant["lenient"] is True
        kept_alive = connected(ready["url"])
        body = json.dumps({"customer": {"phone": tenant["members"][0]["phone"]}}).encode()
        status, member = send(kept_alive, client.signed("POST", "/loyalty/accounts", body))
        assert (status, member["id"]) == (200, tenant["members"][0]["id"])
        running.send_signal(end)
        out, err = running.communicate(timeout=10)
        kept_alive.close()
    assert (running.returncode, out, err) == (0, "", "")


def test_the_printed_tenants_are_a_tenants_file(client, tmp_path: Path) -> None:
    file = tmp_path / "tenants.json"
    world = json.loads(json.dumps(client.model.tenants(), default=int))
    world["spendgo"]["members"][0]["points"] = 7
    file.write_text(json.dumps(world))
    with process("--tenants", str(file)) as running:
        assert running.stdout is not None
        assert json.loads(running.stdout.readline())["tenants"] == world


def failed(*options: str) -> tuple[int, str]:
    with process(*options) as running:
        out, err = running.communicate(timeout=20)
    assert out == ""
    assert "Traceback" not in err
    return running.returncode, err


def test_what_the_command_cannot_do_it_says_on_standard_error(tmp_path: Path) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text('{"spendgo": {"api_key": "k", "secret": "S3CRET"}}')
    code, said = failed("--tenants", str(bad))
    assert (code, "spendgo.secret" in said, "S3CRET" in said) == (2, True, False)
    code, said = failed("--tenants", str(tmp_path / "none.json"))
    assert (code, "none.json" in said) == (2, True)
    code, said = failed("--provider", "nobody")
    assert (code, "nobody" in said, "spendgo" in said) == (2, True, True)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code, said = failed("--port", port)
    assert (code, port in said) == (1, True)


def test_the_sandbox_imports_neither_engine_nor_adapters() -> None:
    check = (
        "import sys; import stampcard_adapters.sandbox.app, stampcard_adapters.sandbox.serve,"
        "stampcard_adapters.sandbox.spendgo;"
        "print([m for m in sys.modules if m.split('.')[0] == 'stampcard' or m.startswith('stampcard_adapters.')"
        " and not m.startswith('stampcard_adapters.sandbox')])"
    )
    found = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
