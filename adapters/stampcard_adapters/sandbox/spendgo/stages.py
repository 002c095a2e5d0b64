"""What each of the six stages checks and moves (sheet, section 6).

May live here: one function per stage, from an order and a call to the order after it. May not: whether the stage may
come now, or whether the call is a repeat, which `orders` has settled before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final, TypeAlias

import attrs

from .errors import RefusedError, bad_request, invalid_reward
from .ledgers import POINTS, Cause, Posting
from .pricing import Offer, cents, points_for, price
from .request import OrderRequest, RewardUse, Stage
from .switches import Switches
from .world import World

__all__ = ["PREDECESSORS", "RUN", "Desk", "Done", "Order", "Redemption", "Validated", "holds_reward"]

PREDECESSORS: Final[Mapping[Stage, tuple[Stage | None, ...]]] = {
    "checkout": (None, "checkout"),
    "placed": ("checkout",),
    "billed": ("placed",),
    "completed": ("billed",),
    "voided": ("checkout", "placed", "billed"),
    "refunded": ("completed",),
}
"""From which states a stage may come; None is an order never seen."""


@attrs.frozen(kw_only=True)
class Validated:
    """What the last checkout found the reward to be worth."""

    offer: str
    discount: Decimal


@attrs.frozen(kw_only=True)
class Redemption:
    """The reward an order was placed with. cost: what redeeming it takes; taken: whether it has."""

    offer: str
    discount: Decimal
    cost: tuple[Posting, ...]
    taken: bool = False


@attrs.frozen(kw_only=True)
class Done:
    """A stage that succeeded: which body asked, and the answer it got."""

    digest: str
    answer: str


@attrs.frozen(kw_only=True)
class Order:
    """An order as the provider knows it. key is the ledger's name for it; owner None is a guest."""

    key: str
    id: str | None
    owner: str | None
    state: Stage | None = None
    states: tuple[Stage, ...] = ()
    cart: str = ""
    validated: Validated | None = None
    redemption: Redemption | None = None
    earned: Decimal = Decimal(0)
    transaction: str | None = None
    message: str | None = None
    done: Mapping[Stage, Done] = attrs.field(factory=dict[Stage, Done])

    @property
    def discount(self) -> Decimal:
        """What its answers say is taken off."""
        if self.redemption is not None:
            return self.redemption.discount
        return self.validated.discount if self.validated is not None and self.state == "checkout" else Decimal(0)


@attrs.frozen(kw_only=True)
class Desk:
    """What a stage works with."""

    world: World
    switches: Switches
    strict: bool
    new_transaction: Callable[[], str]


StageRun: TypeAlias = Callable[[Desk, Order, OrderRequest], Order]


def holds_reward(order: Order) -> bool:
    """Whether the order has a reward that its member therefore has not."""
    taken = order.redemption is not None and order.redemption.taken
    return taken and order.state not in ("voided", "refunded")


def _checkout(desk: Desk, order: Order, request: OrderRequest) -> Order:
    """Validates and prices; no ledger moves. Evaluated anew each time."""
    order = attrs.evolve(order, state="checkout", cart=request.cart, validated=None, message=None)
    reward = _reward_looked_at(desk, order, request)
    if reward is None:
        return order
    found = _priced(desk, order, request, reward)
    if isinstance(found, str):
        if desk.switches.invalid_reward_at_checkout == "error":
            raise _refusal(desk, order, reward, found)
        return attrs.evolve(order, message=found)
    return attrs.evolve(order, validated=Validated(offer=reward.id, discount=found[1]))


def _placed(desk: Desk, order: Order, request: OrderRequest) -> Order:
    """The full cart and reward again; nothing moves yet."""
    reward = _reward_looked_at(desk, order, request)
    redemption = None if reward is None else _confirmed(desk, order, request, reward)
    order = attrs.evolve(order, state="placed", cart=request.cart, redemption=redemption)
    return _with_reward_taken(desk, order)


def _billed(desk: Desk, order: Order, request: OrderRequest) -> Order:
    """Paid: the reward leaves its member, and the order gets its transaction id."""
    redemption = _still_redeemed(desk, order, request)
    order = attrs.evolve(order, state="billed", redemption=redemption, transaction=desk.new_transaction())
    return _with_reward_taken(desk, order)


def _completed(desk: Desk, order: Order, request: OrderRequest) -> Order:
    """Closed: points are awarded, and never before (trap 12)."""
    _check_transaction(order, request)
    redemption = _still_redeemed(desk, order, request)
    order = attrs.evolve(order, state="completed", redemption=redemption)
    order = _with_reward_taken(desk, order)
    if order.owner is None:
        return order
    taken_off = max(request.discount or Decimal(0), Decimal(0) if redemption is None else redemption.discount)
    visits = desk.world.tenant.program.kind == "visits"
    earned = Decimal(1) if visits else points_for(request.items, taken_off)
    _post(desk, order, Posting(account=POINTS, amount=earned))
    return attrs.evolve(order, earned=earned)


def _voided(desk: Desk, order: Order, request: OrderRequest) -> Order:
    """Stopped before completion: the reward comes back."""
    if desk.strict and order.state != "checkout" and not request.paid:
        raise bad_request("payments is required.")
    return _undone(desk, order, request, "voided")


def _refunded(desk: Desk, order: Order, request: OrderRequest) -> Order:
    """Undone after completion: the reward comes back, the points go. Only whole orders: no amount field exists."""
    return _undone(desk, order, request, "refunded")


RUN: Final[Mapping[Stage, StageRun]] = {
    "checkout": _checkout,
    "placed": _placed,
    "billed": _billed,
    "completed": _completed,
    "voided": _voided,
    "refunded": _refunded,
}


def _undone(desk: Desk, order: Order, request: OrderRequest, state: Stage) -> Order:
    _check_transaction(order, request)
    redemption, reward = order.redemption, request.reward
    if redemption is not None and reward is not None and reward.id != redemption.offer:
        raise invalid_reward("The order was placed with another reward.")
    order = attrs.evolve(order, state=state)
    if redemption is not None and redemption.taken:
        _post(desk, order, *(posting.reversed() for posting in redemption.cost))
    _post(desk, order, Posting(account=POINTS, amount=-order.earned))
    return order


def _check_transaction(order: Order, request: OrderRequest) -> None:
    if request.transaction is not None and order.transaction is not None and request.transaction != order.transaction:
        raise bad_request("transaction is not the one of this order.")


def _reward_looked_at(desk: Desk, order: Order, request: OrderRequest) -> RewardUse | None:
    if order.owner is None and desk.switches.guest_reward == "ignored":
        return None
    return request.reward


def _priced(desk: Desk, order: Order, request: OrderRequest, reward: RewardUse) -> tuple[Offer, Decimal] | str:
    """The offer and its discount for this basket, or the sentence why it cannot be applied."""
    if order.owner is None:
        return "A guest has no account to redeem a reward from."
    if len(request.rewards) > 1:
        return "Only one reward can be redeemed per order."
    if not reward.known_form:
        return "A reward's provider must be Spendgo and its level basket."
    offer = desk.world.offer(order.owner, reward.id)
    if offer is None or desk.world.quantity(order.owner, offer) < 1:
        return "The member does not have this reward."
    found = price(offer, request.items, store=request.vendor, wanted=reward.discount)
    return found if isinstance(found, str) else (offer, found)


def _confirmed(desk: Desk, order: Order, request: OrderRequest, reward: RewardUse) -> Redemption:
    """The reward as checkout validated it, still the member's, still right for this basket."""
    found = _priced(desk, order, request, reward)
    if isinstance(found, str):
        raise _refusal(desk, order, reward, found)
    offer, worth = found
    if order.validated is None or order.validated.offer != reward.id:
        raise invalid_reward("The reward was not validated at checkout.")
    sent = _agreed(reward, order.validated.discount)
    if sent > worth:
        raise invalid_reward("The discount is above what the reward is worth for this basket.")
    if desk.strict and request.discount is not None and cents(request.discount) < sent:
        raise bad_request("discount is the sum of all cart discounts: it is below the reward's.")
    return Redemption(offer=offer.id, discount=sent, cost=desk.world.cost(offer, sent))


def _still_redeemed(desk: Desk, order: Order, request: OrderRequest) -> Redemption | None:
    """The reward the order was placed with, sent again."""
    placed, reward = order.redemption, _reward_looked_at(desk, order, request)
    if reward is None:
        if placed is not None and desk.strict:
            raise invalid_reward("The order was placed with a reward: send it again.")
        if placed is None or placed.taken:
            return placed
        reward = RewardUse(id=placed.offer, discount=placed.discount, known_form=True)
    if placed is None or placed.offer != reward.id or len(request.rewards) > 1:
        raise _refusal(desk, order, reward, "The order was not placed with this reward.")
    if not placed.taken:
        return _confirmed(desk, order, attrs.evolve(request, rewards=(reward,)), reward)
    validated = placed.discount if order.validated is None else order.validated.discount
    _agreed(reward, validated)
    return placed


def _agreed(reward: RewardUse, validated: Decimal) -> Decimal:
    """The discount sent: the validated one, or with a `P_` id at most that."""
    if reward.discount is None:
        raise invalid_reward("The reward's discount is missing.")
    sent = cents(reward.discount)
    if sent > validated or (sent < validated and not reward.id.startswith("P_")):
        raise invalid_reward("The reward's discount is not the one validated at checkout.")
    return sent


def _with_reward_taken(desk: Desk, order: Order) -> Order:
    redemption = order.redemption
    if redemption is None or redemption.taken or order.owner is None:
        return order
    offer = desk.world.offer(order.owner, redemption.offer)
    dollars = offer is not None and offer.shop_with_points
    if order.state != (desk.switches.swp_deducted_at if dollars else "billed"):
        return order
    _post(desk, order, *redemption.cost)
    return attrs.evolve(order, redemption=attrs.evolve(redemption, taken=True))


def _post(desk: Desk, order: Order, *postings: Posting) -> None:
    if order.owner is not None and order.state is not None:
        desk.world.ledger.post(order.owner, postings, Cause(order=order.key, status=order.state))


def _refusal(desk: Desk, order: Order, reward: RewardUse, why: str) -> RefusedError:
    status = desk.switches.foreign_reward_status
    if order.owner is not None and status != 400 and desk.world.owned_elsewhere(order.owner, reward.id):
        return invalid_reward(why, http_status=status)
    return invalid_reward(why)
