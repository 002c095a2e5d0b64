"""What may be done about an order whose placing nobody knows the end of (sheet, traps 1 and 2).

May live here: the rules of each version. May not: a call, a count of attempts, a wait (the engine's).

v2 is asked by our code, and what it has is compared with what we ordered. v1 cannot be asked: the SAME code is sent
again, never another one, and "already" without an order id is for a person.
"""

from __future__ import annotations

from typing import TypeAlias

from stampcard.adapter import Accepted, Declined, Escalate, Evidence, NotSent, Probe, Recovery, Resend, Unknown
from stampcard.lifecycles import FulfilmentState
from stampcard.wire import Response
from stampcard_adapters.kalixo.refusals import ALREADY, NOT_FOUND, NOTHING, Hidden, refusal
from stampcard_adapters.kalixo.replies import differs, hidden_in, placed, standing
from stampcard_adapters.kalixo.requests import look_request
from stampcard_adapters.kalixo.settings import Switches
from stampcard_adapters.kalixo.values import KalixoFacts, KalixoOrder, PlaceCodes, Version

__all__ = ["recovery"]

Seen: TypeAlias = Accepted[FulfilmentState, KalixoFacts] | Declined | NotSent | Unknown | Resend | Escalate


def recovery(
    order: KalixoOrder,
    command: PlaceCodes,
    evidence: Evidence,
    *,
    version: Version,
    switches: Switches,
    hide: Hidden = NOTHING,
) -> Recovery[FulfilmentState, KalixoFacts]:
    """The next move for an open `place`. hide: the keys it is called with."""
    answer = evidence.answer
    if version == 2:

        def read(response: Response) -> Seen:
            return _shown(order, command, evidence, switches, response, hide)

        return Probe(request=look_request(order.id, None, 2), read=read)
    if answer is None:
        return Resend() if switches.resend_v1 else _look(order, "no answer, and v1 has no look-up by our code")
    if answer.code != ALREADY:
        return _look(order, f"a repeat was answered no ({answer.code}), the first may have landed")
    existing = (answer.provider_code or "").partition("/")[2]
    if not existing:
        return _look(order, "it was placed already, and v1 has no look-up by our code")

    def adopt(response: Response) -> Seen:
        return _adopted(order, command, existing, response, hide)

    return Probe(request=look_request(order.id, existing, 1), read=adopt)


def _look(order: KalixoOrder, reason: str) -> Escalate:
    return Escalate(reason=f"place: {reason}", check=f"What became of the order with our code {order.id} at Kalixo?")


def _shown(
    order: KalixoOrder,
    command: PlaceCodes,
    evidence: Evidence,
    switches: Switches,
    response: Response,
    hide: Hidden,
) -> Seen:
    """v2's answer to a look by our code."""
    if response.status == 404:
        return _absent(order, evidence, switches, response)
    return _ours(order, command, response, 2, hide)


def _absent(order: KalixoOrder, evidence: Evidence, switches: Switches, response: Response) -> Seen:
    no, answer = refusal(response), evidence.answer
    if not isinstance(no, Declined) or no.code != NOT_FOUND:
        return Unknown(why="HTTP 404 without the provider's words for an order it does not have")
    if evidence.age < switches.late_window:
        return Unknown(why="not there yet: the call may still land")
    if answer is None:
        return Resend()
    if answer.code == ALREADY:
        return _look(order, "a repeat was told that the order exists, and it cannot be found")
    return answer  # the repeat was refused, and nothing of the first can land any more


def _ours(order: KalixoOrder, command: PlaceCodes, response: Response, version: Version, hide: Hidden) -> Seen:
    body = response.json()
    if response.status != 200:
        no = refusal(response, hide=hidden_in(body, hide))
        # A no to the question is no answer about the order.
        return Unknown(why=f"the look was refused ({no.code})") if isinstance(no, Declined) else no
    seen = standing(order, body, command.items, hide=hide)
    if isinstance(seen, str):
        return Unknown(why=f"HTTP 200: {seen}")
    if seen.facts.status is None:
        return Unknown(why="HTTP 200 without the order's status")
    if differs(seen, body, command.items):
        return _look(order, f"Kalixo's order {seen.facts.kalixo_id} under this code holds other goods")
    return placed(seen, version)


def _adopted(order: KalixoOrder, command: PlaceCodes, existing: str, response: Response, hide: Hidden) -> Seen:
    """v1 named the order that has our code: it is taken when it holds what we ordered."""
    if response.status == 404:
        return _look(order, f"it was placed already as {existing}, which cannot be found")
    seen = _ours(order, command, response, 1, hide)
    if isinstance(seen, Accepted) and seen.facts.kalixo_id != existing:
        return Unknown(why="the look was answered about another order")
    return seen
