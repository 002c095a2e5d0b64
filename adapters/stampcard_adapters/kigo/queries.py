"""Calls that belong to no order's step: the link once more, and a login (sheet, sections 3 and 4).

May live here: their requests joined with the reading of their replies, both pure. May not: a journal, a retry.
"""

from __future__ import annotations

from stampcard.adapter import Declined, NotSent, Query, Unknown
from stampcard.model import Secret
from stampcard.wire import Request, Response
from stampcard_adapters.kigo.links import usable
from stampcard_adapters.kigo.refusals import NOTHING, Hidden, Telling
from stampcard_adapters.kigo.replies import read_claim, read_session
from stampcard_adapters.kigo.requests import ProgramField, sso_request
from stampcard_adapters.kigo.values import Claim, Sso

__all__ = ["claim_query", "sso_query"]


def claim_query(
    order_id: str,
    product_id: str,
    request: Request,
    *,
    call_budget: float = 10.0,
    hide: Hidden = NOTHING,
    telling: Telling | None = None,
) -> Query[Claim]:
    """The order call again: the same order id gives the same code and link, also after the code was claimed.

    request: as it was placed. hide, telling: what no refusal may show. A link no browser may be sent to
    is no answer to hand out.
    """

    def read(response: Response) -> Claim | Declined | NotSent | Unknown:
        claim = read_claim(order_id, product_id, response, hide=hide, telling=telling)
        if isinstance(claim, Claim) and not usable(claim.url.reveal()):
            return Declined(code="link.unusable", message="The loyalty service gave no link that can be opened.")
        return claim

    return Query(name="reveal", request=request, read=read, call_budget=call_budget)


def sso_query(
    user: str,
    sso: Sso,
    *,
    program_field: ProgramField = ProgramField.EXTERNAL_PROGRAM_ID,
    call_budget: float = 10.0,
    hide: Hidden = NOTHING,
) -> Query[Secret[str]]:
    """POST /api/v1/accounts/sso-sessions: the session's id, good for 30 minutes."""
    people = Secret((*hide.reveal(), *(given for given in (user, sso.email, sso.program) if given)))

    def read(response: Response) -> Secret[str] | Declined | NotSent | Unknown:
        return read_session(response, hide=people)

    request = sso_request(user, sso, program_field=program_field)
    return Query(name="sso", request=request, read=read, call_budget=call_budget)
