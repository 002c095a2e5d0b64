"""What a till can do at Kalixo: the FULFILMENT verbs, placing, showing the codes, and questions about the catalogue."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final, TypeAlias

from stampcard.errors import Next, NotAllowedError, UnsupportedError
from stampcard.lifecycles import FulfilmentState
from stampcard.model import Money, Refusal
from stampcard.step import Async, M, Seat, Step, Sync, verb
from stampcard.step.wish import keepable
from stampcard.verbs import FulfilmentVerbs
from stampcard_adapters.kalixo.adapter import KalixoAdapter, hidden_keys
from stampcard_adapters.kalixo.queries import codes_query, ping_query, product_query, products_query, wallet_query
from stampcard_adapters.kalixo.refusals import NOTHING, Hidden
from stampcard_adapters.kalixo.settings import Kalixo
from stampcard_adapters.kalixo.values import GiftCode, Item, KalixoFacts, KalixoOrder, PlaceCodes, Product

__all__ = ["AsyncKalixoTill", "KalixoTill", "KalixoVerbs"]

_PAGES: Final = 200
"""Pages of a catalogue that are ever read in one go: 20,000 products."""
_SHOWABLE: Final = (FulfilmentState.COMPLETED, FulfilmentState.PARTIALLY_COMPLETED)
_PENDING: Final = (FulfilmentState.REQUESTED, FulfilmentState.PROCESSING)
_SENTENCES: Final = {
    "reveal.not_ready": "Not ready yet. Ask again in a moment.",
    "reveal.nothing": "There is no code to show: nothing was delivered.",
}


class KalixoVerbs(FulfilmentVerbs[M, KalixoFacts]):
    """Kalixo's verbs. See `FulfilmentVerbs` for the order itself."""

    def __init__(self, seat: Seat[M], settings: Kalixo, /) -> None:
        super().__init__(seat, KalixoAdapter(settings))
        self._settings = settings

    @verb
    def place(
        self,
        order: str | KalixoOrder,
        items: Sequence[Item],
        *,
        total: Money | None = None,
        ticket: str | None = None,
        why: str | None = None,
        command_id: str | None = None,
    ) -> Step[KalixoOrder]:
        """Order codes: `product.buy(2)` is an item. They are paid from the account's wallet or on its credit.

        order: your order id, unique for ever (`till.order_id`): the provider knows the order by it. total: left out, it
        is the sum of the items. v1 answers with the order COMPLETED, v2 with PROCESSING: `wait` for it. The codes are
        not in the order: `reveal` shows them. Raises DeclinedError, InDoubtError: `recover` it, never place it anew.
        """
        lines = tuple(items)
        given = _sum(lines) if total is None else total
        lenient = self._settings.switches.total_as_given and self._settings.version == 1
        command = PlaceCodes(items=lines, total=given, total_as_given=lenient, why=why)
        return (yield from self._open(order, command, command_id=command_id, ticket=ticket))

    @verb
    def reveal(self, order: KalixoOrder, *, why: str) -> Step[tuple[GiftCode, ...]]:
        """Fetch the codes again from the provider. Never journalled; that they were shown, to whom and why, is.

        Raises NotAllowedError ("reveal.not_ready" while they may still come, "reveal.nothing" when there are none),
        UnavailableError, DeclinedError; NeedsHumanError when the provider shows fewer than it had delivered.
        """
        now = yield from self._found(order.id)
        standing = order if now is None else now
        if standing.state not in _SHOWABLE:
            raise self._no_codes(standing)
        query = codes_query(standing, self._settings.version, call_budget=self._budget, hide=self._hidden())
        delivered = standing.facts.delivered

        def alarm(codes: tuple[GiftCode, ...]) -> str | None:
            if delivered is None or len(codes) >= delivered.units:
                return None
            return f"{delivered.units} codes were delivered, the provider now shows {len(codes)}"

        return (yield from self._reveal(standing, query, why=why, alarm=alarm))

    @verb
    def products(
        self, *, search: str | None = None, country: str | None = None, language: str | None = None
    ) -> Step[tuple[Product, ...]]:
        """The catalogue, all pages of it: one product for each language it has a sku in.

        Each filter may list several, separated by commas. Raises UnavailableError, DeclinedError.
        """
        keepable(self._seat, search, country, language)
        found: list[Product] = []
        skip = 0
        for _ in range(_PAGES):
            page = yield from self._ask(
                products_query(
                    self._settings.version,
                    skip=skip,
                    search=search,
                    country=country,
                    language=language,
                    call_budget=self._budget,
                    hide=self._hidden(),
                )
            )
            found += page.products
            skip += page.rows
            if page.rows == 0 or skip >= page.count:
                break
        return tuple(found)

    @verb
    def product(
        self, product_id: int | None = None, *, sku: str | None = None, ean: str | None = None
    ) -> Step[Product]:
        """One product, as it is now: v2 by its id, v1 by sku or EAN.

        Raises DeclinedError ("product.unknown"), UnsupportedError for what this version cannot be asked by.
        """
        keepable(self._seat, sku, ean)
        by_id = self._settings.version == 2
        if (product_id is None) if by_id else (sku is None and ean is None):
            raise self._cannot("product by sku" if by_id else "product by id")
        query = product_query(
            self._settings.version,
            product_id=product_id,
            sku=sku,
            ean=ean,
            call_budget=self._budget,
            hide=self._hidden(),
        )
        return (yield from self._ask(query))

    @verb
    def wallet(self) -> Step[tuple[Money, ...]]:
        """What the account has left, in each currency. Raises UnsupportedError in v1, which shows none."""
        if self._settings.version == 1:
            raise self._cannot("wallet")
        return (yield from self._ask(wallet_query(call_budget=self._budget, hide=self._hidden())))

    @verb
    def ping(self) -> Step[datetime]:
        """Is the provider there? Its own time. Raises UnsupportedError in v1, UnavailableError."""
        if self._settings.version == 1:
            raise self._cannot("ping")
        return (yield from self._ask(ping_query(call_budget=self._budget, hide=self._hidden())))

    @property
    def _budget(self) -> float:
        return self._settings.switches.call_budget

    def _hidden(self) -> Hidden:
        return NOTHING if self._seat.site is None else hidden_keys(self._settings, self._seat.site.tenant)

    def _no_codes(self, order: KalixoOrder) -> NotAllowedError:
        """Not yet while the provider may still deliver; else never, as the order stands."""
        pending = order.state in _PENDING or order.doubt is not None
        code = "reveal.not_ready" if pending else "reveal.nothing"
        message = self._seat.phrases.say(code, _SENTENCES[code])
        return NotAllowedError(
            message,
            code=code,
            order_id=order.id,
            trigger="reveal",
            state=str(order.state),
            allowed=order.allowed,
            refusals=[Refusal(code=code, message=message)],
            next=Next.WAIT if pending else Next.FIX,
        )

    def _cannot(self, capability: str) -> UnsupportedError:
        detail = f"kalixo v{self._settings.version} has no {capability}"
        error = UnsupportedError(self._seat.phrases.say("provider.unsupported"), detail=detail)
        error.capability = capability
        return error


def _sum(items: Sequence[Item]) -> Money | None:
    """None where a price is not known, or the prices cannot be summed: a guard, or the adapter, says so."""
    prices = [(item.price, item.quantity) for item in items if item.price is not None]
    if not prices or len(prices) < len(items):
        return None
    try:
        amounts = [price * quantity for price, quantity in prices]
        return sum(amounts[1:], start=amounts[0])
    except ValueError:  # two currencies, or more money than there is
        return None


KalixoTill: TypeAlias = KalixoVerbs[Sync]
AsyncKalixoTill: TypeAlias = KalixoVerbs[Async]
