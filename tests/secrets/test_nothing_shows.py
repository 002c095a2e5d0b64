"""Every kind of secret of every provider, through its whole story, over every transport: only the wire has it."""

from __future__ import annotations

import contextlib
import logging
import socket
from collections.abc import Generator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.secrets import stories
from tests.secrets.kinds import (
    PROVIDERS,
    PROXY,
    PROXY_PASSWORD,
    PROXY_USER,
    TABLE,
    Gossip,
    environment_of,
    settings_of,
)
from tests.secrets.net import Ear, Net
from tests.secrets.stories import Hand, tell
from tests.transport.loopback import Server, read_request, reply
from typer.testing import CliRunner

from stampcard import Secret
from stampcard.cli._app import build
from stampcard.transport import SyncSender


@contextlib.contextmanager
def heard(net: Net) -> Generator[None, None, None]:
    """Every logger there is, at its most talkative."""
    root, ear = logging.getLogger(), Ear(net)
    level, levels = root.level, {name: logging.getLogger(name).level for name in logging.root.manager.loggerDict}
    root.addHandler(ear)
    root.setLevel(logging.NOTSET)
    for name in levels:
        logging.getLogger(name).setLevel(logging.DEBUG)
    try:
        yield
    finally:
        root.removeHandler(ear)
        root.setLevel(level)
        for name, was in levels.items():
            logging.getLogger(name).setLevel(was)


@contextlib.contextmanager
def told(provider: str, way: str, folder: Path, net: Net) -> Generator[Gossip, None, None]:
    """The provider, when its story has been told."""
    gossip = Gossip(provider)
    with contextlib.closing(gossip), heard(net):
        hand = Hand(way, folder / "pos.db", net)
        try:
            tell(hand, gossip)
            for entry in _changes(hand):
                net.value("an entry", entry)
            net.files(folder)
        finally:
            hand.close()
        yield gossip
    net.files(folder)


def _changes(hand: Hand) -> list[object]:
    if isinstance(hand.till, stories.Till):
        return list(hand.till.changes())

    async def read() -> list[object]:
        return [entry async for entry in hand.till.changes()]

    found: list[object] = hand.do(read)
    return found


@pytest.mark.parametrize("way", stories.WAYS)
@pytest.mark.parametrize("provider", PROVIDERS)
def test_no_secret_shows_but_on_the_wire(
    provider: str, way: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    net = Net()
    with told(provider, way, tmp_path, net) as gossip:
        pass
    net.text("standard output and error", "".join(capfd.readouterr()))
    wire = b"\n".join(gossip.heard).decode("latin-1")
    for kind in TABLE[provider]:  # the net is not empty: each of them was really at stake
        if kind.told:
            assert gossip.told[kind.what], kind.what
        elif kind.wire:
            assert kind.given in wire, kind.what
    assert any("story-3" in text for where, text in net.found if where.startswith("file pos.db"))
    leaks = net.leaks(gossip.secrets())
    assert not leaks, "\n".join(leaks)


COMMANDS = (
    ("orders", "list"),
    ("orders", "list", "--json"),
    ("orders", "show", "story-1"),
    ("orders", "show", "story-1", "--json", "--personal"),
    ("orders", "show", "story-4", "--personal"),
    ("recover",),
    ("recover", "--json"),
    ("reconcile",),
    ("reconcile", "--json"),
    ("resolve", "story-3", "--as", "accepted", "--because", "it is there", "--by", "ann", "--before-recovery"),
    ("resolve", "story-1", "--as", "declined", "--because", "it is not", "--by", "ann"),
    ("diagram",),
)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_no_command_shows_a_secret(provider: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    net, printed = Net(), 0
    with told(provider, "till", tmp_path, net) as gossip:
        monkeypatch.setenv("STAMPCARD_JOURNAL", str(tmp_path / "pos.db"))
        monkeypatch.chdir(tmp_path)
        for settings in ({}, environment_of(provider, gossip.url)):
            for name, value in settings.items():
                monkeypatch.setenv(name, value)
            for command in COMMANDS:
                done = CliRunner().invoke(build(), list(command))
                printed += len(done.stdout)
                net.text(f"stampcard {' '.join(command)}", done.output + done.stdout + done.stderr)
                if done.exception is not None and not isinstance(done.exception, SystemExit):
                    net.error(f"stampcard {' '.join(command)}", done.exception)
    assert printed > 2_000
    leaks = net.leaks(gossip.secrets())
    assert not leaks, "\n".join(leaks)


class Relay:
    """A proxy that wants credentials, and quotes them when it does not like the way."""

    def __init__(self, refuses: bool) -> None:
        self.heads: list[bytes] = []
        self._refuses = refuses

    def __call__(self, conn: socket.socket) -> None:
        raw = read_request(conn)
        self.heads.append(raw)
        if self._refuses:
            conn.sendall(reply(raw, status="407 No", proxy_authenticate="Basic"))
            return
        target = raw.split(b" ")[1].decode()
        host, _, port = target.split("/")[2].partition(":")
        with socket.create_connection((host, int(port))) as onward:
            onward.sendall(raw.replace(b"http://" + target.split("/")[2].encode(), b"", 1))
            onward.shutdown(socket.SHUT_WR)
            while chunk := onward.recv(65536):
                conn.sendall(chunk)


@pytest.mark.parametrize("way", ["till", "async till"])
@pytest.mark.parametrize("trouble", ["none", "refuses", "away"])
def test_a_proxys_credentials_show_nowhere(way: str, trouble: str, tmp_path: Path) -> None:
    net, gossip, relay = Net(), Gossip("spendgo"), Relay(trouble == "refuses")
    server = Server(relay)
    port = 1 if trouble == "away" else server.port
    proxy = f"http://{PROXY_USER}:{PROXY_PASSWORD}@127.0.0.1:{port}"
    with contextlib.closing(gossip), contextlib.closing(server), heard(net):
        hand = Hand(way, tmp_path / "pos.db", net, proxy=proxy)
        verbs = hand.till.use(settings_of("spendgo", gossip.url))
        ask = hand.do if trouble == "none" else hand.fails
        ask(verbs.member, "5555550199")
        hand.net.value("the till", hand.till)
        hand.close()
    net.files(tmp_path)
    basic = next(kind.given for kind in PROXY if "Basic" in kind.what)
    assert trouble == "away" or any(basic.encode() in head for head in relay.heads)
    leaks = net.leaks((kind.what, kind.given) for kind in PROXY)
    assert not leaks, "\n".join(leaks)


# the net bites


def _open_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Secret, "__repr__", lambda self: f"Secret({self.reveal()!r})")


def _quoted_noes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stampcard_adapters.sessionm.envelope.shown", lambda words, hide: words)


def _kept_links(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stampcard_adapters.kigo.replies.oddity", lambda link, _: f"an odd link: {link}")


def _logged_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    attempt = SyncSender._attempt

    def loud(self: SyncSender, exchange: Any, request: httpx.Request) -> Any:
        logging.getLogger("stampcard.transport").debug("sending to %s", request.url)
        return attempt(self, exchange, request)

    monkeypatch.setattr(SyncSender, "_attempt", loud)


@pytest.mark.parametrize(
    ("provider", "plant", "where"),
    [
        ("kigo", _open_secrets, "repr of reveal"),
        ("sessionm", _quoted_noes, "error of redeem"),
        ("sessionm", _quoted_noes, "file pos.db"),
        ("sessionm", _logged_calls, "log of stampcard.transport"),
        ("kigo", _kept_links, "file pos.db"),
        ("kigo", _kept_links, "repr of an entry"),
    ],
)
def test_a_planted_leak_is_found(
    provider: str, plant: Any, where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch)
    net = Net()
    with told(provider, "till", tmp_path, net) as gossip:
        pass
    leaks = net.leaks(gossip.secrets())
    assert any(f" in {where}" in leak for leak in leaks), "\n".join(leaks) or "nothing was found"
