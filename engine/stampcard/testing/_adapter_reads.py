"""The adapter suite's second part: what is made of an answer, whatever it is.

May live here: promises of `read`. May not: a provider's name.
"""
# ruff: noqa: S101  a suite of tests speaks in asserts

from __future__ import annotations

import json
import os
import re
from typing import Any, Final, cast

import attrs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stampcard.adapter import Accepted, AnyAdapter, Declined, NotSent, Outcome, Unknown
from stampcard.journal.codec import encode, pack
from stampcard.model import Facts
from stampcard.testing._adapter_values import OUTCOMES, AdapterSubject, Example, Sample, holds, samples_in
from stampcard.testing.mutations import HOSTILE, mutations
from stampcard.wire import Response

__all__ = ["AdapterReads"]

_STATUSES: Final = (200, 201, 202, 204, 302, 400, 401, 403, 404, 408, 409, 418, 422, 429, 500, 502, 503)
_NOBODY_KNOWS: Final = (300, 301, 302, 307, 308, 408, 500, 501, 502, 503, 504, 599)
_UNHURRIED: Final = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.differing_executors)
_CODE: Final = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)+")
_LINE: Final = 200
_NOTHING: Final[tuple[object, ...]] = (None, "", list[object](), dict[str, object]())
_JSON: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)
_BODIES: Final = st.binary(max_size=200) | _JSON.map(lambda tree: json.dumps(tree).encode("utf-8", "surrogatepass"))


class AdapterReads(AdapterSubject):
    """See `stampcard.testing.adapter_contract.AdapterContract`."""

    def test_every_sample_becomes_what_it_says(self) -> None:
        adapter = self.adapter()
        for name, sample in samples_in(self.samples).items():
            outcome = _read(adapter, self.example(sample), sample.response)
            assert type(outcome).__name__ == sample.expect["outcome"], f"{name}: {outcome}"
            for said in ("code", "ours", "retry_after", "drift", "claims"):
                if said in sample.expect:
                    assert getattr(outcome, said) == sample.expect[said], f"{name}: {outcome}"
            if "to" in sample.expect:
                to: object = getattr(outcome, "to", None)
                assert (None if to is None else str(to)) == sample.expect["to"], name

    def test_every_no_has_a_stable_code_and_a_sentence(self) -> None:
        adapter, seen = self.adapter(), 0
        for name, sample in samples_in(self.samples).items():
            outcome = _read(adapter, self.example(sample), sample.response)
            if isinstance(outcome, Declined):
                seen += 1
                assert _CODE.fullmatch(outcome.code), f"{name}: {outcome.code}"
                assert outcome.message.strip(), name
                assert outcome.provider_text is None or len(outcome.provider_text) <= _LINE, name
                assert outcome.provider_text is None or "\n" not in outcome.provider_text, name
        assert seen, "no sample of a refusal"

    def test_a_success_leads_where_the_lifecycle_leads(self) -> None:
        adapter = self.adapter()
        for name, sample in samples_in(self.samples).items():
            example = self.example(sample)
            outcome = _read(adapter, example, sample.response)
            if not isinstance(outcome, Accepted) or sample.trigger == "observe":
                continue
            row = adapter.lifecycle.row(str(example.order.state), sample.trigger)
            assert row is not None, f"{name}: the sample's order cannot be there"
            assert (outcome.to is None) == (len(row.destinations) == 1) or outcome.to in row.destinations, name
            assert isinstance(outcome.facts, adapter.facts), name

    def test_a_status_that_says_nothing_is_never_an_answer(self) -> None:
        adapter = self.adapter()
        for name, sample in samples_in(self.samples).items():
            example = self.example(sample)
            for status in _NOBODY_KNOWS:
                outcome = _read(adapter, example, attrs.evolve(sample.response, status=status))
                assert isinstance(outcome, Unknown), f"{name} at {status}: {outcome}"

    def test_too_many_calls_is_proof_that_nothing_happened(self) -> None:
        adapter = self.adapter()
        for name, sample in samples_in(self.samples).items():
            limited = attrs.evolve(sample.response, status=429, headers={"retry-after": "7"})
            outcome = _read(adapter, self.example(sample), limited)
            assert isinstance(outcome, NotSent), f"{name}: {outcome}"
            assert not outcome.ours, name
            assert outcome.retry_after == 7.0, name

    def test_a_refusal_is_no_success_under_any_status(self) -> None:
        adapter = self.adapter()
        for name, sample in samples_in(self.samples).items():
            if sample.expect["outcome"] not in ("Declined", "NotSent"):
                continue
            for status in _STATUSES:
                outcome = _read(adapter, self.example(sample), attrs.evolve(sample.response, status=status))
                assert not isinstance(outcome, Accepted), f"{name} at {status}"

    def test_a_success_without_what_it_needs_is_none(self) -> None:
        adapter = self.adapter()
        for name, sample in samples_in(self.samples).items():
            if not sample.accepted:
                continue
            needed = self.required.get(sample.trigger, ())
            assert needed, f"say what a success of {sample.trigger} cannot be without"
            assert holds(sample.response.body, needed), f"{name} lacks what `required` says it has"
            for path in needed:
                for broken in _NOTHING:
                    body = _without(sample.response.body, path, broken)
                    assert not holds(body, needed), f"{name}: {path}"
                    outcome = _read(adapter, self.example(sample), attrs.evolve(sample.response, body=body))
                    assert not isinstance(outcome, Accepted), f"{name} without {path} ({broken!r})"

    def test_hostile_bodies_are_no_answer(self) -> None:
        adapter = self.adapter()
        for trigger, sample in self._one_each().items():
            for status in (200, 201, 400, 404):
                for name, body in HOSTILE.items():
                    response = Response(status=status, headers={"content-type": "application/json"}, body=body)
                    outcome = self._checked(adapter, sample, response)
                    assert not isinstance(outcome, Accepted), f"{trigger}: {name} at {status}"

    @settings(max_examples=1_000, deadline=None, database=None, suppress_health_check=_UNHURRIED)
    @given(body=_BODIES, status=st.sampled_from(_STATUSES), which=st.integers(0, 1000), odd=st.text(max_size=20))
    def test_any_body_at_any_status_has_an_outcome(self, body: bytes, status: int, which: int, odd: str) -> None:
        samples = list(self._one_each().values())
        headers = {"content-type": odd, "retry-after": odd, "date": odd}
        response = Response(status=status, headers=headers, body=body)
        self._checked(self.adapter(), samples[which % len(samples)], response)

    def test_mutated_bodies_have_an_outcome_and_show_no_secret(self) -> None:
        adapter, every = self.adapter(), list(samples_in(self.samples).values())
        chosen = list(self._one_each().values())
        count = int(os.environ.get("STAMPCARD_FUZZ", self.bodies))
        corpus = [sample.response.body for sample in every]
        for number, body in enumerate(mutations(corpus, seed=1, count=count)):
            sample = chosen[number % len(chosen)]
            status = 200 if number % 3 else _STATUSES[number // 3 % len(_STATUSES)]
            self._checked(adapter, sample, attrs.evolve(sample.response, status=status, body=body))

    def test_no_secret_of_an_answer_shows_in_its_outcome(self) -> None:
        adapter = self.adapter()
        for name, sample in samples_in(self.samples).items():
            for status in _STATUSES:
                outcome = _read(adapter, self.example(sample), attrs.evolve(sample.response, status=status))
                assert not self._shown(outcome), f"{name} at {status}"

    # inside

    def _one_each(self) -> dict[str, Sample]:
        """A recorded success of each trigger."""
        return {s.trigger: s for s in reversed(samples_in(self.samples).values()) if s.accepted}

    def _checked(self, adapter: AnyAdapter, sample: Sample, response: Response) -> Outcome[Any, Any]:
        outcome = _read(adapter, self.example(sample), response)
        assert isinstance(cast(object, outcome), OUTCOMES), response
        if isinstance(outcome, Accepted):
            assert 200 <= response.status < 300, response.status
            assert holds(response.body, self.required.get(sample.trigger, ())), response.body[:2_000]
            facts: Facts = outcome.facts
            encode(facts)
        assert not self._shown(outcome), response.body[:2_000]
        return outcome

    def _shown(self, outcome: Outcome[Any, Any]) -> list[str]:
        """Secrets that this outcome would show, or write into a journal."""
        kept = "" if not isinstance(outcome, Accepted) else _kept(cast(Facts, outcome.facts))
        shown = repr(outcome)
        return [secret for secret in self.secrets if secret in shown or (secret in kept and secret not in self.sealed)]


def _kept(facts: Facts) -> str:
    tree, personal = encode(facts)
    return (pack(tree) + pack(personal)).decode()


def _read(adapter: AnyAdapter, example: Example, response: Response) -> Outcome[Any, Any]:
    outcome: Outcome[Any, Any] = adapter.read(example.order, example.command, response)
    return outcome


def _without(body: bytes, path: str, instead: object) -> bytes:
    """The body with this instead of what the path names; gone, for None."""
    tree = cast(object, json.loads(body))
    _cut(tree, path.split("."), instead)
    return json.dumps(tree).encode()


def _cut(node: object, path: list[str], instead: object) -> None:
    if isinstance(node, list):
        for item in cast("list[object]", node):
            _cut(item, path, instead)
    if not isinstance(node, dict):
        return
    members = cast("dict[str, object]", node)
    wanted = {name.lower() for name in path[0].split("|")}
    for key in [key for key in members if key.lower() in wanted]:
        if len(path) > 1:
            _cut(members[key], path[1:], instead)
        elif instead is None:
            del members[key]
        else:
            members[key] = instead
