"""A canary sings in both credentials, one of which is in every path; neither may be found outside the wire."""

from __future__ import annotations

import base64
import logging
import traceback
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

from stampcard import Environment, Site, StampcardError, Till
from stampcard_adapters.sandbox.app import sandbox_app
from stampcard_adapters.sandbox.serve import serve
from stampcard_adapters.sandbox.sessionm import SessionMModel, default_tenants
from stampcard_adapters.sessionm import SessionM, SessionMKeys, UserId
from stampcard_adapters.testing.sessionm import SessionMBooks

API_KEY = "canary-api-key-71c0"
SECRET = "canary-secret-9f3e"
CANARIES = (API_KEY, SECRET, base64.b64encode(f"{API_KEY}:{SECRET}".encode()).decode())


@pytest.fixture
def books() -> SessionMBooks:
    return SessionMBooks(SessionMModel([attrs.evolve(default_tenants()[0], api_key=API_KEY, secret=SECRET)]))


@pytest.fixture
def url(books: SessionMBooks) -> Iterator[str]:
    with serve(sandbox_app(books.model)) as url:
        yield url


def test_no_secret_leaves_but_over_the_wire(
    books: SessionMBooks,
    url: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    settings = books.provider(url=url)
    said: list[str] = []
    logging.getLogger().setLevel(logging.NOTSET)
    with caplog.at_level(logging.NOTSET), Till(tmp_path / "pos.db", site=Site(store="1")) as till:
        sessionm = till.use(settings)
        order = sessionm.redeem("canary-1", books.card, user=books.odd, email="zoe@example.com")
        order = sessionm.approve(sessionm.observe(order), why="fine")
        away = till.use(attrs.evolve(settings, url="http://127.0.0.1:1"))
        wrong = till.use(SessionM(SessionMKeys.of(API_KEY, SECRET + "!"), environment=Environment.SANDBOX, url=url))
        for verb in (
            lambda: sessionm.reject(order, why="late"),
            lambda: sessionm.redeem("canary-2", books.gone, user=books.user),
            lambda: sessionm.offers(UserId("nobody")),
            lambda: sessionm.orders(books.user, limit=0),
            lambda: away.points(books.user),
            lambda: wrong.points(books.user),
        ):
            with pytest.raises(StampcardError) as caught:
                verb()
            error = caught.value
            said += [str(error), repr(error), str(error.as_dict()), "".join(traceback.format_exception(error))]
            said += _locals(error)
        said += [repr(x) for x in (till, sessionm, settings, order, settings.keys_of("default"))]
        said += [repr(entry) + str(entry.body) for entry in till.changes()]
    said += [record.getMessage() + str(record.__dict__) for record in caplog.records if record.name != "uvicorn.access"]
    said += [*capfd.readouterr()]
    said += [file.read_bytes().decode("latin-1") for file in tmp_path.rglob("*") if file.is_file()]
    text = "\n".join(said)
    assert "canary-1" in text  # the net is not empty
    for canary in CANARIES:
        assert canary not in text


def _locals(error: BaseException) -> list[str]:
    """Crash reporters print local variables."""
    shown: list[str] = []
    frame = error.__traceback__
    while frame is not None:
        if "stampcard" in frame.tb_frame.f_code.co_filename and "/tests/" not in frame.tb_frame.f_code.co_filename:
            shown += [repr(value) for value in frame.tb_frame.f_locals.values()]
        frame = frame.tb_next
    return shown
