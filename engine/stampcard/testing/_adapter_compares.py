"""The adapter suite's fourth part: how a settled order is looked at, to be compared with the journal.

May live here: promises of `compare` and of what a look reads. May not: a provider's name.
"""
# ruff: noqa: S101  a suite of tests speaks in asserts

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, cast

import attrs

from stampcard.adapter import Accepted, Look, NotSent, Outcome, Unknown, Unseen
from stampcard.model import AnyOrder
from stampcard.testing._adapter_values import OUTCOMES, AdapterSubject, answers_in, samples_in
from stampcard.testing.mutations import HOSTILE
from stampcard.wire import Response

__all__ = ["AdapterCompares"]

_SEEN: Final[tuple[type[object], ...]] = (*OUTCOMES, Unseen)
_PAGES: Final = ("empty", "nothing but space", "broken UTF-8", "unfinished string", "too large", "a page")


class AdapterCompares(AdapterSubject):
    """See `stampcard.testing.adapter_contract.AdapterContract`."""

    def test_every_settled_order_can_be_looked_at_or_it_is_said_why_not(self) -> None:
        for name, order in self._settled():
            wanted = self.adapter().compare(order)
            assert isinstance(cast(object, wanted), Look | Unseen), name
            assert isinstance(wanted, Look) or wanted.why.strip(), name

    def test_comparing_changes_nothing_at_the_provider(self) -> None:
        for name, order, wanted in self._looks():
            assert wanted.request.method in ("GET", "HEAD"), name
            again = self.adapter().compare(order)
            assert isinstance(again, Look), name
            assert again.request == wanted.request, name

    def test_what_an_order_is_looked_at_with_carries_no_credential(self) -> None:
        for name, _, wanted in self._looks():
            shown = f"{wanted.request!r} {wanted.request.target} {dict(wanted.request.headers)}"
            assert not [secret for secret in self.secrets if secret in shown], name

    def test_whatever_is_shown_is_understood_or_told_and_shows_no_secret(self) -> None:
        lifecycle = self.adapter().lifecycle
        for name, _, wanted in self._looks():
            for response in answers_in(self.samples):
                seen: Outcome[Any, Any] | Unseen = wanted.read(response)
                assert isinstance(cast(object, seen), _SEEN), name
                assert not [secret for secret in self.secrets if secret in repr(seen)], name
                if isinstance(seen, Accepted):
                    told = seen.drift is not None if seen.to is None else lifecycle.knows(str(seen.to))
                    assert told, f"{name}: {seen}"
                    assert isinstance(seen.facts, self.adapter().facts), name

    def test_a_look_that_failed_compares_nothing(self) -> None:
        for name, _, wanted in self._looks():
            failed = [Response(status=status, headers={}, body=b"{}") for status in (302, 408, 429, 500, 503)]
            failed += [Response(status=200, headers={}, body=HOSTILE[page]) for page in _PAGES]
            for response in failed:
                seen: Outcome[Any, Any] | Unseen = wanted.read(response)
                assert isinstance(seen, NotSent | Unknown), f"{name} at {response.status}: {seen}"

    # inside

    def _looks(self) -> Iterator[tuple[str, AnyOrder, Look[Any, Any]]]:
        for name, order in self._settled():
            wanted: Look[Any, Any] | Unseen = self.adapter().compare(order)
            if isinstance(wanted, Look):
                yield name, order, wanted

    def _settled(self) -> Iterator[tuple[str, AnyOrder]]:
        """The orders of the samples: as they were before, and after what was accepted."""
        adapter = self.adapter()
        for name, sample in samples_in(self.samples).items():
            example = self.example(sample)
            order = attrs.evolve(example.order, doubt=None)
            yield name, order
            outcome: Outcome[Any, Any] = adapter.read(order, example.command, sample.response)
            row = adapter.lifecycle.row(str(order.state), sample.trigger)
            if isinstance(outcome, Accepted) and row is not None:
                facts = outcome.facts if sample.trigger == "observe" else outcome.facts.learn(example.command)
                state = outcome.to if outcome.to in row.destinations else row.destinations[0]
                yield f"{name}, done", attrs.evolve(order, facts=facts, state=state)
