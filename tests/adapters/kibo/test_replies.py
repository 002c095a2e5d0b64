"""What comes back, beyond what the contract's suite and the recorded answers show."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import attrs
import pytest
from tests.adapters.kibo import holds as h

from stampcard.adapter import Accepted, Declined, NotSent, Unknown
from stampcard.lifecycles import AuthorizationState
from stampcard.model import Secret
from stampcard.sealed import SealedError, SealKey
from stampcard.wire import Response
from stampcard_adapters.kibo import KiboFacts, Payment
from stampcard_adapters.kibo.payments import secrets_of
from stampcard_adapters.kibo.refusals import one_line

KEY = SealKey(Secret(bytes(range(64))))


def read(trigger: str, response: Response, **more: Any) -> Any:
    return h.adapter(**more).read(*h.step(trigger), response)


class TestAHold:
    def test_is_known_by_what_create_needs(self) -> None:
        outcome = read("authorize", h.held())
        assert isinstance(outcome, Accepted)
        assert (outcome.to, outcome.claims) == (AuthorizationState.AUTHORIZED, str(h.RESERVED))
        facts = outcome.facts
        assert (facts.authorized, facts.kibo_order_id, facts.spent) == (h.usd("2.00"), h.RESERVED, False)

    def test_ends_seven_days_after_it_was_asked_for_unless_told_otherwise(self) -> None:
        assert read("authorize", h.held()).facts.expires_at == h.NOON + timedelta(days=7)
        assert read("authorize", h.held(), hold_days=3).facts.expires_at == h.NOON + timedelta(days=3)

    def test_may_lack_the_payment_methods_token(self) -> None:
        outcome = read("authorize", h.held(paymentMethodToken=None))
        assert isinstance(outcome, Accepted)
        assert outcome.facts.payment_token is None
        order = attrs.evolve(h.order(), facts=outcome.facts.learn(h.authorize()), state=AuthorizationState.AUTHORIZED)
        assert b"paymentMethod" not in h.adapter().request(order, h.create()).body

    @pytest.mark.parametrize("odd", [0, -1, 1.5, "x", "0", "1" * 19, True, [], "\uff17"])
    def test_without_an_order_id_is_none(self, odd: object) -> None:
        body = b'{"orderID":1.5,"authToken":"t"}' if odd == 1.5 else None
        response = h.reply(200, body) if body else h.held(orderID=odd)
        assert isinstance(read("authorize", response), Unknown)

    @pytest.mark.parametrize("odd", [7, "", "a\nb", "é", "x" * 4097, ["t"]])
    def test_without_an_authorization_is_none(self, odd: object) -> None:
        assert isinstance(read("authorize", h.held(authToken=odd)), Unknown)

    def test_is_locked_when_there_is_a_key_and_opens_with_no_other(self) -> None:
        adapter = h.adapter(seal_key=KEY)
        outcome = adapter.read(*h.step("authorize"), h.held())
        assert isinstance(outcome, Accepted)
        facts = outcome.facts.learn(h.authorize())
        assert facts.auth_token is not None
        assert h.AUTH_TOKEN not in facts.auth_token.sealed
        order = h.order(facts, AuthorizationState.AUTHORIZED)
        assert h.AUTH_TOKEN.encode() in adapter.request(order, h.create()).body
        with pytest.raises(SealedError):
            h.adapter().request(order, h.create())
        for other in (None, SealKey(Secret(bytes(64)))):
            assert [r.code for r in h.adapter(seal_key=other).check(order, h.create())] == ["order.incomplete"]


class TestAnotherSuccessStatus:
    def test_is_believed_only_where_the_switch_says_so(self) -> None:
        created = attrs.evolve(h.held(), status=201)
        assert isinstance(read("authorize", created), Unknown)
        assert isinstance(read("authorize", created, accept_201=True), Accepted)
        assert isinstance(read("authorize", attrs.evolve(created, status=202), accept_201=True), Unknown)


class TestADeclinedCard:
    def test_is_a_state_from_which_another_card_may_be_presented(self) -> None:
        outcome = read("authorize", h.error(5003, message="Do not honor."))
        assert isinstance(outcome, Declined)
        assert (outcome.code, outcome.to) == ("card.declined", AuthorizationState.DECLINED)
        assert (outcome.provider_code, outcome.provider_text) == ("5003", "Do not honor.")

    @pytest.mark.parametrize("payment", h.PAYMENTS.values(), ids=list(h.PAYMENTS))
    def test_is_told_without_a_word_of_what_was_presented(self, payment: Payment) -> None:
        for word in secrets_of(payment):
            spaced = " ".join(word[i : i + 4] for i in range(0, len(word), 4))
            said = f"Declined: {word}, code={word}; also {spaced} and 4012-8888-8888-1881."
            outcome = h.adapter().read(h.order(), h.authorize(payment), h.error(5003, message=said))
            assert isinstance(outcome, Declined)
            assert outcome.provider_text is not None
            assert outcome.provider_text.startswith("Declined: ***")
            assert word not in repr(outcome)
            assert "1881" not in repr(outcome)

    def test_a_security_code_is_not_cut_out_of_another_number(self) -> None:
        assert one_line("code 737 in 47370", ("737",)) == "code *** in 47370"

    def test_a_codeless_error_is_one_only_while_the_switch_says_so(self) -> None:
        bare = h.reply(400, {"message": "Do not honor."})
        assert isinstance(read("authorize", bare), Declined)
        assert isinstance(read("authorize", bare, codeless_errors=False), Unknown)

    @pytest.mark.parametrize("code", ["4111111111111111", 123, "abc", 5003.5, True])
    def test_a_foreign_code_is_no_error_of_this_providers(self, code: object) -> None:
        body = b'{"code":5003.5,"message":"No."}' if code == 5003.5 else None
        outcome = read("authorize", h.reply(400, body) if body else h.error(code))
        assert isinstance(outcome, Unknown)


class TestAnOrder:
    def test_under_another_id_than_the_reserved_one_is_nobodys_success(self) -> None:
        outcome = read("create", h.shown(number=7000099))
        assert isinstance(outcome, Unknown)
        assert "7000099" in outcome.why

    def test_keeps_the_providers_own_word_for_where_it_stands(self) -> None:
        outcome = read("create", h.shown("Payment\u202e Hold"))
        assert isinstance(outcome, Accepted)
        assert (outcome.facts.provider_status, outcome.drift) == ("Payment Hold", None)

    @pytest.mark.parametrize(
        ("more", "perhaps"),
        [
            ({"orderID": h.RESERVED}, True),
            ({"field": "externalOrderID"}, True),
            ({"field": "orderPayments[0].authorizationID"}, True),
            ({"message": "authorizationID was used before"}, True),
            ({"field": "orderPayments[0].authAmount"}, False),
            ({"field": "shippingMethod.shipType"}, False),
        ],
    )
    def test_a_no_about_its_own_id_or_hold_may_mean_that_it_is_there(self, more: dict[str, Any], perhaps: bool) -> None:
        """Vectors 12 and 13: a doubled request is told of itself."""
        outcome = read("create", h.error(5015, **more))
        assert isinstance(outcome, Declined)
        assert outcome.perhaps_done is perhaps

    def test_a_status_shows_none_of_our_tokens(self) -> None:
        outcome = read("observe", h.shown(f"HOLD {h.AUTH_TOKEN}"))
        assert isinstance(outcome, Accepted)
        assert outcome.facts.provider_status == "HOLD ***"


class TestWhereItStands:
    @pytest.mark.parametrize(
        ("word", "to", "drift"),
        [
            ("READY", "created", None),
            ("CANCELED", "cancelled", None),
            ("canceled", "cancelled", None),
            ("Cancelled", "created", "Cancelled"),
            ("Order Canceled", "created", "Order Canceled"),
            ("Payment Error", "created", None),
            ("SHIPPED", "created", None),
        ],
    )
    def test_only_the_documented_word_ends_it(self, word: str, to: str, drift: str | None) -> None:
        """Trap 17. The list of words is not published: others are facts, and what sounds like an end is told."""
        outcome = read("observe", h.shown(word))
        assert isinstance(outcome, Accepted)
        assert (str(outcome.to), outcome.drift, outcome.facts.provider_status) == (to, drift, word)

    def test_is_read_from_the_state_where_there_is_no_status(self) -> None:
        body = {"orderId": str(h.RESERVED), "orderState": "CANCELED"}
        outcome = read("observe", h.reply(200, body))
        assert isinstance(outcome, Accepted)
        assert outcome.to is AuthorizationState.CANCELLED

    def test_a_look_teaches_nothing_else(self) -> None:
        created = h.at("created").facts
        outcome = read("observe", h.shown("SHIPPED"))
        assert outcome.facts == attrs.evolve(created, provider_status="SHIPPED")
        assert isinstance(outcome.facts, KiboFacts)


class TestCancel:
    def test_is_believed_only_when_it_shows(self) -> None:
        assert isinstance(read("cancel", h.shown("CANCELED")), Accepted)
        for other in (h.shown("READY"), h.reply(200, {"orderID": h.RESERVED}), h.shown("CANCELED", number=1)):
            assert isinstance(read("cancel", other), Unknown)

    @pytest.mark.parametrize("code", [5003, 5015])
    def test_a_no_means_that_it_is_too_late(self, code: int) -> None:
        outcome = read("cancel", h.error(code, message="The order is SHIPPED."))
        assert isinstance(outcome, Declined)
        assert outcome.code == "order.not_cancellable"


class TestTurnedAway:
    @pytest.mark.parametrize("status", [401, 403])
    def test_by_the_provider_its_gateway_or_oauth_is_proof_that_nothing_happened(self, status: int) -> None:
        answers = (
            h.reply(status, {"code": 5004, "message": "sandbox-key is not authorized"}),
            h.reply(status, {"error": "invalid_token"}),
            h.reply(status, b"<h1>Not Authorized</h1>", X_Mashery_Error_Code="ERR_403_NOT_AUTHORIZED"),
            h.reply(status, b"", WWW_Authenticate="Bearer"),
        )
        for answer in answers:
            outcome = read("authorize", answer)
            assert isinstance(outcome, NotSent)
            assert outcome.ours
            assert "sandbox-key" not in repr(outcome)

    @pytest.mark.parametrize("status", [401, 403])
    def test_by_a_filter_between_us_proves_nothing(self, status: int) -> None:
        """It could have hidden a success."""
        assert isinstance(read("authorize", h.reply(status, b"<html>blocked</html>")), Unknown)


def test_a_gateway_that_does_not_answer_leaves_it_unknown() -> None:
    """503 code 5001 is documented, and a 5xx all the same: nobody knows what came of the card."""
    assert isinstance(read("authorize", h.error(5001, 503)), Unknown)


@pytest.mark.parametrize(
    ("wait", "date", "seconds"),
    [
        ("30", None, 30.0),
        ("99999999999999999999", None, 86_400.0),
        ("Sun, 22 Nov 2026 10:00:00 -0000", "Sun, 22 Nov 2026 09:59:00 GMT", 60.0),
        ("soon", "Sun, 22 Nov 2026 10:00:00 GMT", None),
    ],
)
def test_a_named_wait_is_read_without_a_clock(wait: str, date: str | None, seconds: float | None) -> None:
    headers = {"Retry-After": wait} | ({} if date is None else {"Date": date})
    outcome = read("create", Response(status=429, headers=headers, body=b""))
    assert isinstance(outcome, NotSent)
    assert outcome.retry_after == seconds
