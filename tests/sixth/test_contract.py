"""Beanbox's adapter keeps the contract every adapter keeps, and the contract bites who does not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import attrs
import httpx
import pytest
from tests.sixth import shop
from tests.sixth.beanbox import Beanbox, BeanboxAdapter, BeanboxOrder

from stampcard.adapter import Accepted, Declined, Evidence, Probe, Recovery, Resend
from stampcard.commands import Bill, PurchaseCommand
from stampcard.testing.adapter_contract import AdapterContract, AuthCase, Example, Sample, samples_in
from stampcard.wire import Request, Response

MOVED = ("order", "state")


class TestBeanbox(AdapterContract):
    samples = Path(__file__).parent / "samples"
    required: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "checkout": ("order", "state", "off"),
        "place": MOVED,
        "bill": MOVED,
        "complete": MOVED,
        "void": MOVED,
        "refund": MOVED,
    }
    secrets = ("beans are secret", "the next secret")

    def adapter(self) -> BeanboxAdapter:
        return BeanboxAdapter(shop.BEANBOX)

    def example(self, sample: Sample) -> Example:
        order, command = shop.step(sample.trigger, reward=sample.case["reward"])
        return Example(order=order, command=command)

    def auth_cases(self) -> Mapping[str, AuthCase]:
        def bill() -> httpx.Request:
            return httpx.Request("POST", "https://beans.example/v1/orders/t-1/bill", content=b'{"paid":[350]}')

        # printf 'POST\n/v1/orders/t-1/bill\n<sha256 of the body>' | openssl dgst -sha256 -hmac <secret>
        first = "ebc566f862001f8b7525356fb1abb514ecd3828fb4b2bf164bf4c74c18d299ae"
        second = "03306aeb86161b5cc908f9ebf08b42628841f45b11185ecf1d020a4a063a4aa0"
        return {
            "signed": AuthCase(request=bill(), headers={"X-Bean-Key": "bean-key-0001", "X-Bean-Sign": first}),
            "the other key after a 401": AuthCase(
                request=bill(),
                answers=((401, b'{"error":"bad_signature"}'),),
                headers={"X-Bean-Key": "bean-key-0002", "X-Bean-Sign": second},
            ),
        }


class Gullible(BeanboxAdapter):
    """Takes every 200 for a success."""

    def read(self, order: BeanboxOrder, command: PurchaseCommand, response: Response, /) -> Any:
        return Accepted(facts=order.facts) if response.status == 200 else super().read(order, command, response)


class Eager(BeanboxAdapter):
    """Sends a lost bill again without a look, whatever its policy says."""

    def recover(self, order: BeanboxOrder, command: PurchaseCommand, evidence: Evidence, /) -> Recovery[Any, Any]:
        return Resend()


class Hasty(BeanboxAdapter):
    """Takes "not billed" for "never billed", although the call may still land."""

    def recover(self, order: BeanboxOrder, command: PurchaseCommand, evidence: Evidence, /) -> Recovery[Any, Any]:
        return super().recover(order, command, attrs.evolve(evidence, age=1e9))


class Trusting(BeanboxAdapter):
    """Believes whatever page a look is answered with."""

    def recover(self, order: BeanboxOrder, command: PurchaseCommand, evidence: Evidence, /) -> Recovery[Any, Any]:
        advice = super().recover(order, command, evidence)
        if not isinstance(advice, Probe) or not isinstance(command, Bill):
            return advice
        return attrs.evolve(advice, read=lambda response: Accepted(facts=order.facts))


class Chatty(BeanboxAdapter):
    """Quotes the provider's page to the cashier, and to the log."""

    def read(self, order: BeanboxOrder, command: PurchaseCommand, response: Response, /) -> Any:
        outcome = super().read(order, command, response)
        return attrs.evolve(outcome, why=repr(response.body)) if hasattr(outcome, "why") else outcome


class Counting(BeanboxAdapter):
    """Numbers its calls: a repeat is another request."""

    calls = 0

    def request(self, order: BeanboxOrder, command: PurchaseCommand, /) -> Request:
        Counting.calls += 1
        return attrs.evolve(super().request(order, command), headers={"X-Call": str(Counting.calls)})


class Impatient(BeanboxAdapter):
    """Says that a call lands no more before it is even given up."""

    def __init__(self, settings: Beanbox) -> None:
        super().__init__(attrs.evolve(settings, late_window=1.0))


class Talkative(BeanboxAdapter):
    """Shows its key to whoever prints it."""

    def __repr__(self) -> str:
        return f"Talkative({shop.KEYS.current.secret.reveal()!r})"


class Insulted(BeanboxAdapter):
    """Takes "too many calls" for a no to the sale."""

    def read(self, order: BeanboxOrder, command: PurchaseCommand, response: Response, /) -> Any:
        no = Declined(code="order.refused", message="Try later.")
        return no if response.status == 429 else super().read(order, command, response)


def suite_of(kind: Callable[[Any], BeanboxAdapter]) -> AdapterContract:
    class Suite(TestBeanbox):
        secrets = (*TestBeanbox.secrets, "Sign in")  # stands in one of the samples

        def adapter(self) -> BeanboxAdapter:
            return kind(shop.BEANBOX)

    return Suite()


@pytest.mark.parametrize(
    ("kind", "promise"),
    [
        (Gullible, "test_a_refusal_is_no_success_under_any_status"),
        (Gullible, "test_a_success_without_what_it_needs_is_none"),
        (Gullible, "test_every_sample_becomes_what_it_says"),
        (Gullible, "test_hostile_bodies_are_no_answer"),
        (Eager, "test_what_may_never_be_repeated_is_not"),
        (Eager, "test_a_repeat_that_was_refused_is_not_simply_sent_again"),
        (Hasty, "test_not_there_yet_is_not_not_there"),
        (Trusting, "test_a_look_that_failed_settles_nothing"),
        (Counting, "test_the_same_step_makes_the_same_bytes"),
        (Impatient, "test_the_policies_contradict_nothing"),
        (Talkative, "test_the_hook_and_the_adapter_show_nothing"),
        (Insulted, "test_too_many_calls_is_proof_that_nothing_happened"),
        (Chatty, "test_no_secret_of_an_answer_shows_in_its_outcome"),
    ],
)
def test_an_adapter_that_breaks_a_promise_fails_the_test_named_after_it(
    kind: Callable[[Any], BeanboxAdapter], promise: str
) -> None:
    getattr(suite_of(BeanboxAdapter), promise)()
    with pytest.raises(AssertionError):
        getattr(suite_of(kind), promise)()


def test_samples_that_are_not_there_or_say_too_little_are_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no folder of samples at .*nowhere"):
        samples_in(tmp_path / "nowhere")
    (tmp_path / "billed").mkdir()
    (tmp_path / "billed" / "case.json").write_text('{"trigger": "bill"}', encoding="utf-8")
    with pytest.raises(ValueError, match=r"billed.case\.json lacks status, expect"):
        samples_in(tmp_path)
    case = '{"trigger": "bill", "status": 200, "expect": {"outcome": "accepted"}}'
    (tmp_path / "billed" / "case.json").write_text(case, encoding="utf-8")
    with pytest.raises(ValueError, match="expects the outcome 'accepted'"):
        samples_in(tmp_path)
