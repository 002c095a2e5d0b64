"""Spendgo's verbs and adapter with an ear on the line: every reply is kept as it came, status and body.

May live here: listening, through the signing hook, which is the one place that sees every signed exchange.
May not: a change to what is sent or to how a reply is read: what is certified is the adapter a till uses.
"""

from __future__ import annotations

from collections.abc import Callable, Generator

import attrs
import httpx

from stampcard.model import Site
from stampcard.step.verb import M, Seat
from stampcard.wire import JsonView, one_line
from stampcard_adapters.spendgo import Spendgo, SpendgoAdapter, SpendgoVerbs
from stampcard_adapters.spendgo.refusals import error_code

__all__ = ["Reply", "Watched", "WatchedAdapter"]


@attrs.frozen
class Reply:
    """What came back."""

    status: int
    body: JsonView = attrs.field(repr=False)

    @property
    def ok(self) -> bool:
        return self.status == 200

    @property
    def code(self) -> str | None:
        """The error object's code."""
        return error_code(self.body)

    @property
    def details(self) -> str | None:
        """The error object's text for the customer, which is always there in one."""
        return one_line(self.body.any("details").text())

    @property
    def transaction(self) -> JsonView:
        """Of an order call; an empty view when there is none."""
        rows = self.body.any("transaction").items()
        return rows[0] if rows else JsonView()

    @property
    def message(self) -> str | None:
        """The words for the customer when a reward could not be applied."""
        return one_line(self.transaction.any("message").text())

    @property
    def said(self) -> str:
        """Status and code: "200", "409 code 409"."""
        return f"{self.status}" if self.code is None else f"{self.status} code {self.code}"


class _Ear(httpx.Auth):
    requires_request_body = True
    requires_response_body = True

    def __init__(self, inner: httpx.Auth, heard: Callable[[Reply], None]) -> None:
        self._inner = inner
        self._heard = heard

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        flow = self._inner.auth_flow(request)
        try:
            request = next(flow)
            while True:
                response = yield request
                self._heard(Reply(response.status_code, JsonView.parse(response.content)))
                request = flow.send(response)
        except StopIteration:
            return


class WatchedAdapter(SpendgoAdapter):
    """The adapter, whose signing hook also tells what came back."""

    def __init__(self, settings: Spendgo, heard: Callable[[Reply], None]) -> None:
        super().__init__(settings)
        self._heard = heard

    def auth(self, site: Site, /) -> httpx.Auth:
        return _Ear(super().auth(site), self._heard)


class _WatchedVerbs(SpendgoVerbs[M]):
    def __init__(self, seat: Seat[M], adapter: WatchedAdapter, /) -> None:
        super().__init__(seat, adapter.settings)
        self._adapter = adapter
        seat.runtime.enrol(adapter)  # in place of the one just enrolled: it bears the same name


@attrs.frozen
class Watched:
    """Spendgo as `till.use` takes it, with this adapter."""

    adapter: WatchedAdapter

    def bind(self, seat: Seat[M], /) -> SpendgoVerbs[M]:
        """Its verbs."""
        return _WatchedVerbs(seat, self.adapter)
