"""The adapter suite's first part: what is asked of the provider, and under which name.

May live here: promises of `request`, `policies`, `auth`. May not: a provider's name.
"""
# ruff: noqa: S101  a suite of tests speaks in asserts

from __future__ import annotations

from typing import Any, TypeVar

import attrs
import httpx
import pytest

from stampcard.adapter import AnyAdapter, Repeat
from stampcard.commands import Command
from stampcard.errors import UnsupportedError
from stampcard.journal.codec import decode, encode, pack, unpack
from stampcard.model import AnyOrder, Facts, Secret
from stampcard.step.effects import Step
from stampcard.step.verb import M, Seat, verb
from stampcard.testing._adapter_values import AdapterSubject, Sample, samples_in
from stampcard.till import Till
from stampcard.verbs import Verbs
from stampcard.wire import MAX_BODY, Request

__all__ = ["AdapterRequests"]

V = TypeVar("V", bound=Facts | Command)


class AdapterRequests(AdapterSubject):
    """See `stampcard.testing.adapter_contract.AdapterContract`."""

    def successes(self) -> dict[str, Sample]:
        """Recorded successes by name."""
        return {name: sample for name, sample in samples_in(self.samples).items() if sample.accepted}

    def test_every_trigger_is_supported_or_refused_by_name(self) -> None:
        adapter = self.adapter()
        calls = {row.trigger for row in adapter.lifecycle.rows if row.calls_provider}
        stray = sorted(adapter.policies.keys() - calls)
        assert not stray, f"a policy for a trigger that is not the lifecycle's, or that calls nobody: {stray}"
        mute = sorted(adapter.policies.keys() - {kind.trigger for kind in adapter.commands})
        assert not mute, f"a policy for a trigger whose command is not in `commands`: {mute}"
        for trigger in sorted(calls - adapter.policies.keys()):
            with pytest.raises(UnsupportedError) as refused:
                fire(adapter, self, trigger)
            assert refused.value.capability == trigger

    def test_every_supported_trigger_has_a_recorded_success(self) -> None:
        adapter = self.adapter()
        shown = {sample.trigger for sample in self.successes().values()}
        missing = sorted(adapter.policies.keys() - shown)
        assert not missing, f"no sample in {self.samples} is a success of: {missing}"

    def test_every_recorded_success_answers_a_step_that_may_be_fired(self) -> None:
        adapter = self.adapter()
        assert isinstance(adapter.opening(), adapter.facts), "`opening` gives other facts than `facts` says"
        assert _journalled(adapter.opening()) == adapter.opening()
        for sample in self.successes().values():
            example = self.example(sample)
            order, command = example.order, example.command
            assert command.trigger == sample.trigger, f"{sample.name}: `example` gave another step"
            assert isinstance(command, adapter.commands), f"{sample.name}: {type(command).__name__} is no command of it"
            assert order.provider == adapter.name, f"{sample.name}: `example` gave another provider's order"
            assert isinstance(order.facts, adapter.facts), f"{sample.name}: `example` gave other facts"
            refused = adapter.check(order, command)
            assert refused == (), f"{sample.name}: `check` refuses the step that this sample answers"

    def test_the_policies_contradict_nothing(self) -> None:
        for trigger, policy in self.adapter().policies.items():
            assert policy.call_budget > 0, trigger
            said = f"{trigger}: late_window counts from the promise, so it is no shorter than call_budget"
            assert policy.effectless or policy.late_window >= policy.call_budget, said
            if policy.asks_again is not None:
                assert policy.repeat is not Repeat.SAME_KEY, f"{trigger}: what may be repeated need not be asked again"
            if policy.effectless:
                assert policy.repeat is Repeat.SAME_KEY, (
                    f"{trigger}: where nothing is at stake, it is simply sent again"
                )

    def test_the_same_step_makes_the_same_bytes(self) -> None:
        for sample in self.successes().values():
            example = self.example(sample)
            first = self.adapter().request(example.order, example.command)
            adapter = self.adapter()
            again = [adapter.request(example.order, example.command) for _ in range(2)]
            said = f"{sample.name}: no clock, no random number and no counter may go into a request"
            assert again == [first, first], said

    def test_a_step_read_back_from_the_journal_makes_the_same_bytes(self) -> None:
        adapter = self.adapter()
        for sample in self.successes().values():
            example = self.example(sample)
            if _secrets(example.command):
                continue  # what a secret pays with is gone by then, on purpose: see `recover`
            command = _journalled(example.command)
            order = attrs.evolve(example.order, facts=_journalled(example.order.facts))
            said = f"{sample.name}: the request uses something of the order or command that is not journalled"
            assert adapter.request(order, command) == adapter.request(example.order, example.command), said

    def test_a_request_fits_on_the_wire(self) -> None:
        for sample in self.successes().values():
            request = self._request(sample)
            assert request.target.startswith("/"), sample.name
            assert request.target.isascii(), sample.name
            assert httpx.URL(f"https://p.example{request.target}").raw_path.decode() == request.target, sample.name
            assert len(request.body) <= MAX_BODY, sample.name

    def test_a_request_is_the_recorded_one(self) -> None:
        for sample in samples_in(self.samples).values():
            if sample.request is None:
                continue
            request = self._request(sample)
            line, _, body = sample.request.partition(b"\n\n")
            assert f"{request.method} {request.target}" == line.decode(), sample.name
            assert request.body == body.removesuffix(b"\n"), sample.name

    def test_no_credential_is_in_a_request(self) -> None:
        for sample in self.successes().values():
            request = self._request(sample)
            shown = f"{request!r} {request.target} {dict(request.headers)}"
            assert not [secret for secret in self.secrets if secret in shown], sample.name

    def test_the_hook_gives_the_recorded_headers(self) -> None:
        for name, case in self.auth_cases().items():
            sent = _driven(self.adapter().auth(self.site), case.request, list(case.answers))
            assert {k: sent.headers.get(k) for k in case.headers} == dict(case.headers), name
            if case.target is not None:
                assert sent.url.raw_path.decode() == case.target, name
            assert sent.content == case.request.content, f"{name}: the hook may not touch the body"

    def test_the_hook_and_the_adapter_show_nothing(self) -> None:
        adapter = self.adapter()
        shown = f"{adapter!r} {adapter.auth(self.site)!r} {vars(adapter)!r}"
        assert not [secret for secret in self.secrets if secret in shown]

    def _request(self, sample: Sample) -> Request:
        example = self.example(sample)
        return self.adapter().request(example.order, example.command)


class _Bare(Verbs[M, Any, Any]):
    @verb
    def fire(self, command: Command) -> Step[AnyOrder]:
        """Fire it on a new order."""
        return (yield from self._open("contract-1", command))


@attrs.frozen
class _Bound:
    adapter: AnyAdapter

    def bind(self, seat: Seat[M], /) -> _Bare[M]:
        return _Bare(seat, self.adapter)


def fire(adapter: AnyAdapter, subject: AdapterSubject, trigger: str) -> AnyOrder:
    """Fire a bare trigger on a new order, with nobody at the other end."""

    def nobody(sent: httpx.Request) -> httpx.Response:
        raise AssertionError(f"{trigger} was sent: {sent.method}")

    command: Command = attrs.make_class(
        "Bare", [], bases=(Command,), frozen=True, class_body={"trigger": trigger, "__module__": __name__}
    )()
    with Till(":memory:", site=subject.site, transport=httpx.MockTransport(nobody)) as till:
        return till.use(_Bound(adapter)).fire(command)


def _journalled(value: V) -> V:
    tree, personal = encode(value)
    return decode(type(value), unpack(pack(tree)), unpack(pack(personal)))


def _secrets(value: object) -> bool:
    """Whether something in a command is a secret."""
    if isinstance(value, Secret):
        return True
    kind = type(value)
    return attrs.has(kind) and any(_secrets(getattr(value, field.name)) for field in attrs.fields(kind))


def _driven(auth: httpx.Auth, request: httpx.Request, answers: list[tuple[int, bytes]]) -> httpx.Request:
    """The request the hook sends last, when each earlier one gets the next answer."""
    flow = auth.sync_auth_flow(request)
    sent = next(flow)
    try:
        for status, body in answers:
            sent = flow.send(httpx.Response(status, content=body, request=sent))
    except StopIteration:
        pass
    finally:
        flow.close()
    return sent
