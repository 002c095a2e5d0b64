"""Spendgo as the simulator plays it: sales with and without rewards, by members who shop at several tills.

May live here: every switch drawn, what the provider does by itself, and the judgement of a world at rest. May not: what
cashiers do (`cashier`), what members must own (`witness`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar, Final, Literal, TypeAlias

import attrs
import httpx

from stampcard.commands import Void
from stampcard.model import AnyOrder, Reward
from stampcard.recovery import OfflinePolicy
from stampcard.simulate import Draw, Scenario, Wish
from stampcard.step import Step
from stampcard.wire import Request
from stampcard_adapters.sandbox.spendgo import SpendgoModel
from stampcard_adapters.sandbox.spendgo import Switches as SandboxSwitches
from stampcard_adapters.sandbox.spendgo.switches import Repeat
from stampcard_adapters.sandbox.spendgo.tenants import Opening, Tenant, default_tenants
from stampcard_adapters.simulate.spendgo.cashier import always, bought, usd, wished
from stampcard_adapters.simulate.spendgo.witness import Books, Witness
from stampcard_adapters.spendgo import AfterVoid, SpendgoAdapter
from stampcard_adapters.testing.spendgo import SpendgoBooks, names

__all__ = ["PLENTY", "SpendgoScenario", "stocked"]

Stage: TypeAlias = Literal["placed", "billed", "completed"]
_REPEATS: Final[tuple[Repeat, ...]] = ("replayed", "replayed", "refused", "unsafe")
_LEAVE: Final[tuple[Stage, ...]] = ("billed", "billed", "placed", "completed")

PLENTY: Final = 500
"""So many of everything that nobody ever misses one."""


class SpendgoScenario(Scenario):
    """Two members and guests; rewards that fit, do not fit, run out, and are wanted at two tills at once."""

    opening = ("checkout",)
    pays = True
    offline: OfflinePolicy | None = OfflinePolicy(
        max_age=timedelta(days=2), max_amount=usd("84")
    )  # not the dearest basket
    quiet: ClassVar[Mapping[str, float]] = {"checkout": 0.25, "place": 0.5, "bill": 0.7}

    def __init__(
        self, draw: Draw, clock: Callable[[], Any], *, repeat: Repeat | None = None, plenty: bool = False
    ) -> None:
        """repeat: as it is by default, but for this; None: everything is drawn. plenty: with rewards for everybody."""
        if repeat is not None:
            theirs = SandboxSwitches(repeat=repeat)
            model = SpendgoModel(stocked() if plenty else None, switches=theirs, clock=clock)
            switches: dict[str, Any] = {"after_void": "refused"} if plenty else {}
            self._settle(model, repeat, switches, tens=PLENTY if plenty else 1)
        else:
            self._settle_drawn(draw, clock)

    def _settle_drawn(self, draw: Draw, clock: Callable[[], Any]) -> None:
        repeat, leave = draw.pick(_REPEATS), draw.pick(_LEAVE)
        lenient = draw.chance(0.3)
        plenty = draw.chance(0.5)
        theirs = SandboxSwitches(
            repeat=repeat,
            swp_deducted_at=leave,
            invalid_reward_at_checkout=draw.pick(("message", "error")),
            guest_reward=draw.pick(("rejected", "ignored")),
            foreign_reward_status=draw.pick((400, 403)),
        )
        switches = {
            "points_leave_at": leave,
            "gone_is_used": draw.chance(0.3),
            "payments_as_array": draw.chance(0.3),
            "after_void": "lands" if lenient else "refused",
        }
        tens = PLENTY if plenty else 1 + draw.below(3)
        if lenient and draw.chance(0.5):  # a till that looks finds it; the other lenient ones are looked at in vain
            theirs = attrs.evolve(theirs, after_void="lands")
        model = SpendgoModel(stocked() if plenty else None, switches=theirs, lenient=lenient, clock=clock)
        self._settle(model, repeat, switches, lenient=lenient, tens=tens)

    def _settle(
        self, model: SpendgoModel, repeat: Repeat, switches: dict[str, Any], *, lenient: bool = False, tens: int = 1
    ) -> None:
        books = SpendgoBooks(model)
        super().__init__(books.provider(repeat=repeat, **switches), Witness(model))
        self._repeat, self._lenient, self._plenty = repeat, lenient, tens == PLENTY
        if repeat == "unsafe":  # it does twice what is delivered twice: no till can help that
            self.not_twice = frozenset({"place", "bill", "complete", "void", "refund"})
        self._clear = repeat == "replayed" and self._plenty and not lenient
        self.sure_reversals = repeat == "replayed" and not lenient  # else a person looks, whatever the provider does
        if self._clear:  # for then no order needs a person: but for nine calls in a row without an answer
            self.longest_trouble = 6
            self.pays = False  # a register that stops while money is given back leaves that to a person
            self.in_turn = frozenset({"checkout"})  # else an older basket is priced last, and the sale does not fit it
            self.offline = None  # a sale that is priced for another customer than before is refused when its turn comes
            self.shops = 1  # what another journal's orders used cannot be told from what a late bill took
        self.punctual = model.switches.after_void == "lands"
        # Elsewhere a second void is believed to be our own first send's, or gives a reward back twice.
        # Where calls land after a void, one of the console's is followed by our bill, and nobody here ever voided.
        self._console = repeat == "replayed" and lenient and model.switches.after_void != "lands"
        self._moved: set[str] = set()
        self._sandbox = model
        self._members = (books.member, books.shopper)
        ten_percent = model.give(
            books.member.id, label="10% off", value=10, kind="discount", min_spend=15, quantity=tens
        )
        listed = [*model.rewards(books.member.id), *model.rewards(books.shopper.id), ten_percent]
        self._scope = (tuple(m.id for m in self._members), tuple(sorted({r for r in listed if r[:2] != "P_"})))
        self._opening = Books.of(model, *self._scope)

    @property
    def mode(self) -> str:
        enough = "rewards for all" if self._plenty else "rewards run out"
        return f"{self._repeat}, {'lenient' if self._lenient else 'strict'}, {enough}"

    def names(self, request: Request) -> tuple[str | None, str | None]:
        return names(request)

    # what people do

    def open(self, verbs: Any, order_id: str, draw: Draw) -> Wish:
        return bought(verbs, order_id, self._members, draw)

    def next(self, verbs: Any, order: AnyOrder, draw: Draw) -> Wish | None:
        # A changed sale whose second pricing nobody heard of is priced otherwise there than here: its place is refused.
        return wished(verbs, order, self._members, draw, pays=self.pays, changes=not self._clear)

    def ready(self, verbs: Any) -> Wish:
        return self._list(verbs)

    def _list(self, verbs: Any) -> Step[None]:
        self._listed: Sequence[Reward] = yield from verbs.rewards(self._members[0])

    def fire(self, verbs: Any, order: Any, trigger: str, way: str) -> Wish:
        return always(verbs, order, trigger, self._members[0], self._listed)

    def provider_acts(self, order: AnyOrder, draw: Draw) -> None:
        """Somebody voids it at the provider's own console: the same call, made by nobody's till."""
        if not self._console or order.facts.basket is None or order.state not in ("checkout", "placed", "billed"):
            return
        adapter = SpendgoAdapter(self.provider)
        void = adapter.request(order, Void(why="at the console"))
        sent = httpx.Request(void.method, adapter.base_url + void.target, headers=void.headers, content=void.body)
        signed = next(adapter.auth(order.site).sync_auth_flow(sent))
        answer = self.model.handle(
            Request(method=void.method, target=void.target, headers=dict(signed.headers), body=void.body)
        )
        if answer.status == 200:
            self._moved.add(order.id)

    # what has to hold

    def agrees(self, order: AnyOrder) -> bool:
        states = self._sandbox.states(order.id)
        if order.id in self._moved:  # no look-up shows it: here it stands where it stood, and nowhere it has not been
            return order.state in (*states, "new", "abandoned")
        if order.state in ("new", "abandoned"):
            return set(states) <= {"checkout"}
        if order.state == "voided" and "voided" in states and self._sandbox.switches.after_void == "lands":
            return states[-1] == "voided" or not self._witness.holds(order.id)  # what landed late has taken nothing
        return bool(states) and states[-1] == order.state

    def conserved(self, orders: Sequence[AnyOrder]) -> Iterator[str]:
        expected = self._witness.expected(self._opening)
        now = Books.of(self._sandbox, *self._scope)
        yield from expected.differences(now)
        known = {order.id for order in orders}
        for order_id in self._sandbox.orders():
            if order_id not in known:
                yield f"order {order_id} is at the provider, and nobody here asked for it"

    @property
    def _witness(self) -> Witness:
        witness: Witness = self.model
        return witness

    def reason(self, order: AnyOrder, said: str) -> str | None:
        if order.doubt is not None and order.doubt.trigger == "reverse":
            return "payment: nobody knows whether the money was given back"
        if self._clear:
            return None  # who asks again is told what became of the step, and nobody is in anybody's way
        if order.state == "voided" and self.provider.switches.after_void is AfterVoid.LANDS:
            return "a void from doubt: what it took back is not seen to be back"
        if "no clear answer in" in said:
            return "no clear answer in so many calls"
        trigger = "" if order.doubt is None else order.doubt.trigger
        if "it had waited" in said or "it cannot follow" in said:
            return "offline: the provider says no to a sale that was taken down without it"
        if order.id in self._moved and "a repeat was answered no" in said:
            return "a repeat's no: the order was voided at the provider's console"
        if self._repeat == "replayed":
            # Whichever the reward leaves at; of a checkout nobody heard back from, only the provider's no names it.
            takes = trigger in ("place", "bill", "complete")
            named = order.facts.reward is not None or "reward.not_applied" in said
            if "a repeat was answered no" in said and takes and named:
                return "a repeat's no: the reward was used by another order, or is gone"
            return None
        if "a repeat" in said or "late reply" in said:
            return f"{self._repeat}: a repeat is refused, or could do it twice"
        return None


def stocked() -> tuple[Tenant, ...]:
    """The usual account, with rewards and points for everybody."""
    return tuple(
        attrs.evolve(tenant, openings=tuple(_stocked(opening) for opening in tenant.openings))
        for tenant in default_tenants()
    )


def _stocked(opening: Opening) -> Opening:
    rewards = tuple((reward, PLENTY) for reward, _ in opening.rewards)
    return attrs.evolve(opening, rewards=rewards, swp=opening.swp * PLENTY)
