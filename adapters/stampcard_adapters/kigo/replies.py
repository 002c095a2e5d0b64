"""What the order call and the SSO call answered (sheet, sections 3 and 4), read without ever raising.

May live here: readings of a reply. May not: a request, a setting, what to do about an unknown outcome.

An order is accepted only with both its claim code and its deep link; neither goes into an outcome, only their marks
do. The other fields are echoes that may be missing; one that names another order, or another product, is not the
answer to ours.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import attrs

from stampcard.adapter import Accepted, Declined, NotSent, Unknown
from stampcard.lifecycles import FulfilmentState
from stampcard.model import Secret
from stampcard.wire import JsonView, Response
from stampcard_adapters.kigo.links import oddity, origin
from stampcard_adapters.kigo.marks import LINK, mark
from stampcard_adapters.kigo.refusals import NOTHING, ORDERS, SSO, Hidden, Telling, error_code, refusal
from stampcard_adapters.kigo.values import Claim, KigoFacts

__all__ = ["Outcome", "read_claim", "read_order", "read_session"]

Outcome: TypeAlias = Accepted[FulfilmentState, KigoFacts] | Declined | NotSent | Unknown

_DONE: Final = (200, 201)  # section 3; trap 12


def read_order(
    facts: KigoFacts,
    order_id: str,
    product_id: str,
    response: Response,
    *,
    api_key: Secret[str] | None,
    hide: Hidden = NOTHING,
) -> Outcome:
    """What became of `place`. api_key: to mark the code with; None when it is not at hand. hide: texts of ours.

    There is no order status at this provider: an order is fulfilled when its code is given (section 5). An odd link
    takes nothing of that back, it is reported as drift: the order was made, and a repeat would bring the same link.
    """
    claim = read_claim(order_id, product_id, response, hide=hide)
    if not isinstance(claim, Claim):
        return claim
    code, link = claim.claim_code.reveal(), claim.url.reveal()
    known = None if api_key is None else mark(code, api_key)
    leads = None if api_key is None else mark(origin(link), api_key, LINK)
    return Accepted(
        facts=attrs.evolve(facts, mark=known, link=leads),
        to=FulfilmentState.COMPLETED,
        claims=known,  # a second order given the very same code would show one customer's goods to another
        drift=oddity(link, code),
    )


def read_claim(
    order_id: str, product_id: str, response: Response, *, hide: Hidden = NOTHING, telling: Telling | None = None
) -> Claim | Declined | NotSent | Unknown:
    """The order's claim code and link, whatever the link looks like. Total: any status, any bytes.

    hide, telling: what no refusal may show.
    """
    if response.status not in _DONE:
        return refusal(response, ORDERS, hide=Secret((order_id, product_id, *hide.reveal())), claim=telling)
    body = response.json()
    problem = _no_answer(body)
    if problem is not None:
        return Unknown(why=f"HTTP {response.status}{problem}")
    code, link = body.any("claim_code").text(), body.any("deeplink_url").text()
    if not (code and code.strip()) or not (link and link.strip()):
        return Unknown(why=f"HTTP {response.status} without a claim code and its link")
    if _differs(body.any("external_order_id"), order_id):
        return Unknown(why="the reply is about another order")
    if _differs(body.any("product_id"), product_id):
        # section 3: an id that was used before gives the first order back, whatever product is asked for now
        return Unknown(why="the reply is about another product: this order id was used for it before")
    return Claim(url=Secret(link), claim_code=Secret(code))


def read_session(response: Response, *, hide: Hidden) -> Secret[str] | Declined | NotSent | Unknown:
    """The SSO session's id. Total. hide: who it is for, and our key."""
    if response.status not in _DONE:
        return refusal(response, SSO, hide=hide)
    body = response.json()
    problem = _no_answer(body)
    if problem is not None:
        return Unknown(why=f"HTTP {response.status}{problem}")
    session = body.any("session_id").text()
    if not (session and session.strip()):
        return Unknown(why=f"HTTP {response.status} without a session")
    return Secret(session)


def _no_answer(body: JsonView) -> str | None:
    if body.bad:
        return f": {body.bad}"
    if error_code(body) is not None:
        return " with an error object"
    return None


def _differs(echo: JsonView, ours: str) -> bool:
    """An echo that is there and is not ours. No case is compared: ids are UUIDs, which have two spellings."""
    return echo.there and (echo.text() or "").casefold() != ours.casefold()
