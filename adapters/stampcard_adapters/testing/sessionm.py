"""SessionM's sandbox joined with its adapter, for tests: the ledgers to look into, the ids a test needs.

May live here: what joins the two, and the names faults know its calls by. May not: a provider's rule.
"""

from __future__ import annotations

from typing import Any, Final, cast

from stampcard.model import Environment
from stampcard.wire import JsonView, Request
from stampcard_adapters.sandbox.sessionm import SessionMModel
from stampcard_adapters.sessionm import ExternalUserId, Offer, SessionM, SessionMKeys, Switches, User, UserId

__all__ = ["SessionMBooks", "names"]

_URL: Final = "http://127.0.0.1"
_DECISIONS: Final = {"approved": "approve", "rejected": "reject"}


class SessionMBooks:
    """SessionM's ledgers, to look into and to arrange. model: everything else that the sandbox can be asked."""

    def __init__(self, model: SessionMModel) -> None:
        self.model = model
        tenant = cast("dict[str, Any]", next(iter(model.tenants().values())))
        self._keys = SessionMKeys.of(tenant["api_key"], tenant["secret"])

    def provider(self, *, url: str = _URL, **switches: Any) -> SessionM:
        """As `till.use` takes it. url: of `Sandbox.serve()`; in process any does. switches: of the adapter's
        `Switches`."""
        return SessionM(self._keys, environment=Environment.SANDBOX, url=url, switches=Switches(**switches))

    @property
    def user(self) -> UserId:
        """A customer with points for almost anything, by SessionM's own id."""
        return UserId(self.model.users()[0].id)

    @property
    def same_user(self) -> ExternalUserId:
        """The same customer, by yours."""
        return ExternalUserId(self.model.users()[0].external_id or "")

    @property
    def poor(self) -> UserId:
        """A customer with points for almost nothing."""
        return UserId(self.model.users()[1].id)

    @property
    def odd(self) -> ExternalUserId:
        """A customer whose id of yours has to be escaped."""
        return ExternalUserId(self.model.users()[2].external_id or "")

    @property
    def card(self) -> Offer:
        """A prize that somebody has to approve."""
        return self.offer(1)

    @property
    def contest(self) -> Offer:
        """An offer that needs a skills test."""
        return self.offer(2)

    @property
    def gone(self) -> Offer:
        """An offer that is sold out."""
        return self.offer(3)

    @property
    def coffee(self) -> Offer:
        """An offer that approves by itself."""
        return self.offer(4)

    def offer(self, number: int) -> Offer:
        """An offer, without a look-up. Raises KeyError when there is none."""
        found = self.model.offer(number)
        return Offer(id=found.id, name=found.name, points=found.points, requires_skills_test=found.requires_skills_test)

    def points(self, user: User) -> int:
        """What a customer can spend."""
        return self.model.points(user.value)

    def stock(self, offer: Offer) -> int | None:
        """How many of an offer are left."""
        return self.model.stock(offer.id)

    def states(self, order_id: str) -> tuple[str, ...]:
        """All that an order of ours has been there, in order; empty for one that never arrived."""
        return self.model.states(order_id)

    def unbalanced(self) -> tuple[str, ...]:
        """A sentence for every ledger whose books do not balance."""
        return self.model.unbalanced()


def names(request: Request) -> tuple[str | None, str | None]:
    """Which provider and trigger a request is for, as `Faults` names them.

    "redeem", "approve", "reject", "observe" (a recovery's look at one order, too); asked are "orders" (before a
    redemption, and a recovery's look), "offers", "question", "answer", "transactions", "profile" (points, too).
    """
    parts = request.target.partition("?")[0].split("/")
    if parts[1:4] != ["priv", "v1", "apps"]:
        return None, None
    rest = [part for part in parts[5:6] if part != "external"] + parts[6:]
    match (request.method, *rest):
        case ("POST" | "PUT", "orders", _):
            status = JsonView.parse(request.body).any("order").any("status").text()
            return "sessionm", _DECISIONS.get(status or "")
        case ("POST", "users", _, "offers", _, "orders"):
            return "sessionm", "redeem"
        case ("GET", "users", _, "orders", _):
            return "sessionm", "observe"
        case ("GET", "users", _, "challenges", _):
            return "sessionm", "question"
        case ("POST", "users", _, "offers", _, "challenges", *_):
            return "sessionm", "answer"
        case ("GET", "users", _):
            return "sessionm", "profile"
        case ("GET", "users", _, *_) | ("GET", "offers"):
            return "sessionm", rest[-1]
        case _:
            return "sessionm", None
