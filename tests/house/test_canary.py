"""A canary sings in every place a secret could leak to; none may be found outside the wire."""

from __future__ import annotations

import base64
import logging
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest

from stampcard import (
    Basket,
    Environment,
    Line,
    Member,
    Money,
    Secret,
    Site,
    StampcardError,
    Tender,
    TenderKind,
    Till,
    Totals,
)
from stampcard.signing import Key, KeyRing
from stampcard_adapters.sandbox.app import sandbox_app
from stampcard_adapters.sandbox.serve import serve
from stampcard_adapters.sandbox.spendgo import SpendgoModel, read_tenants
from stampcard_adapters.spendgo import Spendgo, SpendgoKeys

API_KEY = "canary-api-key-71c0"
SECRET = base64.b64encode(b"canary-secret-bytes-9f3e").decode()
PASSWORD = "canary-password-5b2d"
CANARIES = (API_KEY, SECRET, "canary-secret-bytes-9f3e", PASSWORD)


def usd(amount: str) -> Money:
    return Money(amount, "USD")


BASKET = Basket(
    lines=(Line(label="Turkey sandwich", price=usd("13.00"), quantity=4),),
    totals=Totals(subtotal=usd("52.00"), total=usd("52.00")),
)
TENDER = Tender(kind=TenderKind.CASH, amount=usd("52.00"))


@pytest.fixture
def provider() -> Iterator[tuple[Spendgo, SpendgoKeys]]:
    tenant = {"api_key": API_KEY, "secret": SECRET, "account_id": "33559", "store": "999999", "members": []}
    model = SpendgoModel(read_tenants({"spendgo": tenant}))
    keys = SpendgoKeys(account_id="33559", keys=KeyRing(current=Key.base64(API_KEY, SECRET)))
    with serve(sandbox_app(model)) as url:
        yield Spendgo(keys, environment=Environment.SANDBOX, url=url), keys


def test_no_secret_leaves_but_over_the_wire(
    provider: tuple[Spendgo, SpendgoKeys],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    settings, keys = provider
    said: list[str] = []
    logging.getLogger().setLevel(logging.NOTSET)
    with caplog.at_level(logging.NOTSET), Till(tmp_path / "pos.db", site=Site(store="999999")) as till:
        spendgo = till.use(settings)
        member = spendgo.member("5555550199", email="a@example.com", password=Secret(PASSWORD))
        assert isinstance(member, Member)
        order = spendgo.checkout("canary-1", BASKET, buyer=member)
        order = spendgo.complete(spendgo.bill(spendgo.place(order, tenders=[TENDER])))
        for verb in (lambda: spendgo.void(order, why="late"), lambda: spendgo.member("12")):
            with pytest.raises(StampcardError) as caught:
                verb()
            error = caught.value
            said += [str(error), repr(error), str(error.as_dict()), "".join(traceback.format_exception(error))]
        wrong = Spendgo(
            SpendgoKeys(account_id="33559", keys=KeyRing(current=Key.raw(API_KEY, b"canary-secret-bytes-9f3e!"))),
            environment=Environment.SANDBOX,
            url=settings.base_url,
        )
        with pytest.raises(StampcardError) as refused:
            till.use(wrong).member("5555550199")
        said += [str(refused.value), str(refused.value.as_dict()), "".join(traceback.format_exception(refused.value))]
        said += [repr(x) for x in (till, spendgo, settings, keys, keys.keys, keys.keys.current, order, member)]
        said += [repr(entry) + str(entry.body) for entry in till.changes()]
    said += [record.getMessage() + str(record.__dict__) for record in caplog.records]
    said += [*capfd.readouterr()]
    said += [file.read_bytes().decode("latin-1") for file in tmp_path.rglob("*") if file.is_file()]
    text = "\n".join(said)
    assert "canary-1" in text  # the net is not empty
    for canary in CANARIES:
        assert canary not in text


def test_a_bad_secret_is_refused_without_being_repeated() -> None:
    bad = "*".join(("canary", "not", "base64"))  # a traceback quotes the source: the text must not stand in it
    with pytest.raises(StampcardError) as caught:
        Key.base64(API_KEY, Secret(bad))
    frame = caught.value.__traceback__
    while frame is not None:
        if "stampcard" in frame.tb_frame.f_code.co_filename:
            assert bad not in repr(frame.tb_frame.f_locals)
        frame = frame.tb_next
    text = str(caught.value) + str(caught.value.as_dict()) + "".join(traceback.format_exception(caught.value))
    assert bad not in text


def test_locals_in_a_traceback_show_no_secret(provider: tuple[Spendgo, SpendgoKeys]) -> None:
    """Crash reporters print local variables: what the library holds shows stars."""
    settings, _ = provider
    with Till(":memory:", site=Site(store="999999")) as till:
        spendgo = till.use(settings)
        with pytest.raises(StampcardError) as caught:
            spendgo.member("12")
        shown: list[str] = []
        frame = caught.value.__traceback__
        while frame is not None:
            if "stampcard" in frame.tb_frame.f_code.co_filename:
                shown += [repr(value) for value in frame.tb_frame.f_locals.values()]
            frame = frame.tb_next
    text = "\n".join(shown)
    for canary in CANARIES:
        assert canary not in text
