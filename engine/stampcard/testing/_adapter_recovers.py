"""The adapter suite's third part: what may be done after an answer was lost.

May live here: promises of `recover` and of what a probe reads. May not: a provider's name.
"""
# ruff: noqa: S101  a suite of tests speaks in asserts

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any, Final, TypeAlias, cast

from stampcard.adapter import (
    Accepted,
    AskAgain,
    Declined,
    Escalate,
    Evidence,
    LookBack,
    NotSent,
    Outcome,
    Policy,
    Probe,
    Recovery,
    Repeat,
    Resend,
    Restored,
    Unknown,
)
from stampcard.testing._adapter_values import OUTCOMES, AdapterSubject, Example, answers_in, samples_in
from stampcard.testing.mutations import HOSTILE
from stampcard.wire import Response

__all__ = ["AdapterRecovers"]

Seen: TypeAlias = Outcome[Any, Any] | Resend | Escalate
_ADVICE: Final[tuple[type[object], ...]] = (Resend, Probe, Accepted, AskAgain, Escalate)
_SEEN: Final[tuple[type[object], ...]] = (*OUTCOMES, Resend, Escalate)
_PAGES: Final = ("empty", "nothing but space", "broken UTF-8", "unfinished string", "too large", "a page")
_NO: Final = Declined(code="contract.no", message="No.")


class AdapterRecovers(AdapterSubject):
    """See `stampcard.testing.adapter_contract.AdapterContract`."""

    def test_every_lost_answer_has_a_next_move(self) -> None:
        for name, _, _, _, advice in self._advised():
            assert isinstance(cast(object, advice), _ADVICE), name
            if isinstance(advice, Escalate):
                assert advice.reason, name
                assert advice.check, name

    def test_a_repeat_that_was_refused_is_not_simply_sent_again(self) -> None:
        for name, _, _, evidence, advice in self._advised():
            if evidence.answer is not None:
                assert not isinstance(advice, Resend), name

    def test_what_is_concluded_without_a_look_is_marked_as_inferred(self) -> None:
        for name, _, _, evidence, advice in self._advised():
            if isinstance(advice, Accepted):
                assert advice.inferred, name
                assert not evidence.inferred_before, f"{name}: an inference is no premise of another"

    def test_what_may_never_be_repeated_is_not(self) -> None:
        for name, policy, _, _, advice in self._advised():
            if policy.repeat is Repeat.NEVER:
                assert not isinstance(advice, Resend), name
            if policy.repeat is Repeat.PROBE_FIRST and isinstance(advice, Resend):
                raise AssertionError(f"{name}: its policy says to look first")

    def test_asking_again_is_said_in_the_policy(self) -> None:
        for name, policy, _, _, advice in self._advised():
            if isinstance(advice, AskAgain):
                assert policy.asks_again is not None, name

    def test_a_look_never_fails_and_shows_no_secret(self) -> None:
        for name, _, _, _, probe in self._probes():
            for response in self._answers():
                seen: Seen = probe.read(response)
                assert isinstance(cast(object, seen), _SEEN), name
                assert not [secret for secret in self.secrets if secret in repr(seen)], name

    def test_a_look_that_failed_settles_nothing(self) -> None:
        for name, _, _, _, probe in self._probes():
            for status in (302, 408, 429, 500, 503):
                seen: Seen = probe.read(Response(status=status, headers={}, body=b"{}"))
                assert isinstance(seen, NotSent | Unknown), f"{name} at {status}: {seen}"
            for page in _PAGES:  # a captive portal, a proxy's apology: not the provider's word
                seen = probe.read(Response(status=200, headers={}, body=HOSTILE[page]))
                assert isinstance(seen, NotSent | Unknown), f"{name}, answered {page}: {seen}"

    def test_not_there_yet_is_not_not_there(self) -> None:
        """Before the late window ends a look that finds nothing may not send again: the first call may still land."""
        for name, policy, _, evidence, probe in self._probes():
            if evidence.age >= policy.late_window:
                continue
            for response in self._answers():
                assert not isinstance(probe.read(response), Resend), f"{name}: sent again after {evidence.age} s"

    def test_a_look_carries_no_credential(self) -> None:
        for name, _, _, _, probe in self._probes():
            shown = f"{probe.request!r} {probe.request.target} {dict(probe.request.headers)}"
            assert not [secret for secret in self.secrets if secret in shown], name

    def test_a_look_back_is_believed_only_in_the_provider_s_own_words(self) -> None:
        """What is asked after a reversal from doubt. Only the provider's own word says that all is back."""
        for name, look in self._looks_back():
            shown = f"{look.request!r} {look.request.target} {dict(look.request.headers)}"
            for response in self._answers():
                seen: object = look.read(response, ())
                assert isinstance(seen, (Restored, Escalate, NotSent, Unknown)), name
                if isinstance(seen, Escalate):
                    assert seen.reason, name
                    assert seen.check, name
                shown += repr(seen)
            failed = [Response(status=status, headers={}, body=b"{}") for status in (302, 408, 429, 500, 503)]
            failed += [Response(status=200, headers={}, body=HOSTILE[page]) for page in _PAGES]
            for response in failed:
                assert isinstance(look.read(response, ()), NotSent | Unknown), f"{name} at {response.status}"
            assert not [secret for secret in self.secrets if secret in shown], name

    # inside

    def _looks_back(self) -> Iterator[tuple[str, LookBack]]:
        """Of every step of the samples that a reversal may undo from doubt."""
        adapter = self.adapter()
        for name, sample in samples_in(self.samples).items():
            example = self.example(sample) if sample.accepted else None
            if example is None or not adapter.lifecycle.reversible(str(example.order.state), sample.trigger):
                continue
            look = adapter.look_back(example.order, example.command)
            if isinstance(look, LookBack):
                yield name, look

    def _advised(self) -> Iterator[tuple[str, Policy, Example, Evidence, Recovery[Any, Any]]]:
        """Every step of the samples, with all that may be known of it, and what is advised."""
        adapter = self.adapter()
        done: set[str] = set()
        for name, sample in samples_in(self.samples).items():
            policy = adapter.policies.get(sample.trigger)
            if policy is None or policy.effectless or not sample.accepted or sample.trigger in done:
                continue
            done.add(sample.trigger)
            example = self.example(sample)
            for evidence in _evidence(policy):
                advice: Recovery[Any, Any] = adapter.recover(example.order, example.command, evidence)
                yield f"{name} {evidence}", policy, example, evidence, advice

    def _probes(self) -> Iterator[tuple[str, Policy, Example, Evidence, Probe[Any, Any]]]:
        for name, policy, example, evidence, advice in self._advised():
            if isinstance(advice, Probe):
                yield name, policy, example, evidence, advice

    def _answers(self) -> Iterator[Response]:
        return answers_in(self.samples)


def _evidence(policy: Policy) -> Iterator[Evidence]:
    window = policy.late_window
    for attempts, age, answer, inferred in itertools.product(
        (1, 2, 20), (0.0, window - 0.1, window, 10 * window), (None, _NO), (False, True)
    ):
        yield Evidence(attempts=attempts, age=age, answer=answer, inferred_before=inferred)
