"""A card sings in every place it could leak to; it may be heard on the wire to Kibo alone."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest
from tests.adapters.kibo import holds as h

from stampcard import Environment, Secret, Site, StampcardError, Till
from stampcard_adapters.kibo import CancelReason, GiftCard, Kibo, KiboKeys, PayPal
from stampcard_adapters.sandbox.app import sandbox_app
from stampcard_adapters.sandbox.http import RequestLike, Response
from stampcard_adapters.sandbox.kibo import KiboModel, read_tenants
from stampcard_adapters.sandbox.serve import serve
from stampcard_adapters.testing.kibo import KiboBooks

NUMBER, CODE, PIN = "4012888888881881", "8831", "canary-pin-77"
API_KEY, SECRET = "canary-api-key-71c0", "canary-secret-9f3e"
PAYPAL = "canary-paypal-5b2d"
CARD = attrs.evolve(h.CARD, number=Secret(NUMBER), code=Secret(CODE))
NEVER = (NUMBER, CODE, "4012 8888", "4012-8888", PIN, PAYPAL, API_KEY, SECRET)


class Gossip:
    """Kibo, whose noes repeat what they were sent, and which loses a reply on demand."""

    def __init__(self, model: KiboModel) -> None:
        self.model = model
        self.heard = b""
        self.loses = False

    @property
    def prefixes(self) -> tuple[str, ...]:
        return self.model.prefixes

    def handle(self, request: RequestLike, /) -> Response:
        answer = self.model.handle(request)
        self.heard += request.body
        if answer.status == 400:
            said = b'{"code":5003,"message":"declined: 4012 8888 8888 1881, ' + request.body.replace(b'"', b"'") + b'"}'
            return attrs.evolve(answer, body=said)
        if self.loses and b"/createOrder/authorize" in request.target.encode():
            return attrs.evolve(answer, status=504, body=answer.body + request.body)
        return answer

    def tenants(self) -> dict[str, object]:
        return dict(self.model.tenants())

    def unbalanced(self) -> tuple[str, ...]:
        return self.model.unbalanced()


@pytest.fixture
def provider() -> Iterator[tuple[Kibo, Gossip]]:
    tenant = {"provider": "kibo", "api_key": API_KEY, "secret": SECRET, "manufacturer_id": 1010, "catalog_id": 0}
    gossip = Gossip(KiboModel(read_tenants({"kibo": tenant})))
    keys = KiboKeys(api_key=API_KEY, secret=Secret(SECRET), manufacturer_id=1010, catalog_id=0)
    with serve(sandbox_app(gossip)) as url:
        yield Kibo(keys, environment=Environment.SANDBOX, url=url), gossip


def shown(error: BaseException) -> list[str]:
    """An error as it is printed, sent to an API's caller, and as a crash reporter shows it, locals and all."""
    said = [str(error), repr(error), "".join(traceback.format_exception(error))]
    if isinstance(error, StampcardError):
        said += [str(error.as_dict()), str(getattr(error, "provider_text", ""))]
    frame = error.__traceback__
    while frame is not None:
        if "stampcard" in frame.tb_frame.f_code.co_filename:
            said += [repr(value) for value in frame.tb_frame.f_locals.values()]
        frame = frame.tb_next
    return said


def test_a_card_is_nowhere_but_on_the_wire(
    provider: tuple[Kibo, Gossip],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    settings, gossip = provider
    books = KiboBooks(KiboModel())
    said: list[str] = []
    tokens: list[str] = []
    logging.getLogger().setLevel(logging.NOTSET)
    with caplog.at_level(logging.NOTSET), Till(tmp_path / "pos.db", site=Site(store="1")) as till:
        kibo = till.use(settings)
        order = kibo.authorize(books.cart("canary-1"), CARD)
        for sealed in (order.facts.auth_token, order.facts.payment_token):
            assert sealed is not None
            tokens.append(sealed.open().reveal())
        order = kibo.cancel(kibo.create(order), CancelReason.MISTAKE)
        kibo.authorize(books.cart("canary-2"), GiftCard(number=Secret("6006491234123412"), pin=Secret(PIN)))
        kibo.authorize(books.cart("canary-3"), PayPal(token=Secret(PAYPAL), payer_id="P1"))
        bad = attrs.evolve(CARD, number=Secret(NUMBER + "0" * 9), expires_month=13)
        expired = attrs.evolve(CARD, expires_year=2001)
        for cart_id, payment in (("canary-4", bad), ("canary-5", expired)):
            with pytest.raises(StampcardError) as caught:
                kibo.authorize(books.cart(cart_id), payment)
            said += shown(caught.value)
        gossip.loses = True
        for again in (False, True):
            with pytest.raises(StampcardError) as caught:
                kibo.authorize(books.cart("canary-6"), CARD, again=again)
            said += shown(caught.value)
        with pytest.raises(StampcardError) as caught:
            kibo.recover("canary-6", within=0)
        said += shown(caught.value)
        said += [repr(x) for x in (till, kibo, settings, CARD, order, kibo.get("canary-6"), kibo.history("canary-5"))]
        said += [repr(entry) for entry in till.changes()]
    said += [record.getMessage() + str(record.__dict__) for record in caplog.records]
    said += [*capfd.readouterr()]
    printed = "\n".join(said)
    kept = "\n".join(file.read_bytes().decode("latin-1") for file in tmp_path.rglob("*") if file.is_file())
    assert NUMBER.encode() in gossip.heard  # the net is not empty: it was on the wire
    assert "canary-1" in printed
    assert "canary-6" in kept
    assert "***" in printed
    for canary in NEVER:
        assert canary not in printed, canary
        assert canary not in kept, canary
    for token in tokens:  # an order's own tokens are journalled, and shown nowhere
        assert token in kept
        assert token not in printed


def test_the_recorded_samples_hold_no_card() -> None:
    samples = Path(__file__).parents[1] / "samples" / "kibo"
    text = b"".join(file.read_bytes() for file in samples.rglob("*") if file.is_file())
    assert b'"cardNumber":"***"' in text
    for word in (h.NUMBER, f'"{h.CODE}"', "6006491234123412"):
        assert word.encode() not in text
