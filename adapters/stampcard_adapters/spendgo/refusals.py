"""What the provider's noes mean (sheet, section 7): by HTTP status and code together, trap 15.

May live here: the table, and the reading of the error object. May not: a success, an order's facts.

A refusal is believed only in the documented shape, `code` and `details` at least; anything else that is not a success
(a gateway's page, a captive portal, a 3xx, a 5xx, an undocumented code) is Unknown: nobody knows what it did.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

from stampcard.adapter import Declined, NotSent, Unknown
from stampcard.wire import JsonView, Response, one_line

__all__ = ["MEMBERS", "ORDERS", "READS", "Table", "error_code", "refusal"]

Table: TypeAlias = Mapping[tuple[int, str], tuple[str, str]]
"""(HTTP status, code) -> (our stable code, the cashier's sentence)."""

_REWARD: Final = ("reward.not_applied", "The reward does not fit this sale. Sell without it, or pick another.")
_STORE: Final = ("store.unknown", "The loyalty service does not know this store. Check its store number.")
_MEMBER: Final = ("member.unknown", "The loyalty service does not know this member.")
_EXISTS: Final = ("member.exists", "The e-mail and the phone belong to two different members.")
_COMMON: Final[Table] = {
    (400, "4002"): _STORE,
    (400, "4003"): _MEMBER,
    (404, "2000"): _MEMBER,
}
ORDERS: Final[Table] = {
    **_COMMON,
    (400, "400"): _REWARD,
    (409, "409"): ("order.out_of_sequence", "The loyalty service does not expect this step now."),
    (400, "2000"): ("order.refused", "The loyalty service does not accept this sale as it is."),
}
"""For POST .../orders. 409 is out of sequence there (section 6: the documented conflict status)."""
MEMBERS: Final[Table] = {
    **_COMMON,
    (400, "2003"): ("member.phone_invalid", "This is not a phone number the loyalty service accepts."),
    (400, "2000"): ("member.invalid", "The loyalty service does not accept this customer's data."),
    (400, "409"): _EXISTS,  # the endpoint's page says 400, the error table 409: both are read
    (409, "409"): _EXISTS,
}
"""For POST /loyalty/accounts."""
READS: Final[Table] = {
    **_COMMON,
    (400, "2000"): ("request.refused", "The loyalty service did not accept the question."),
}
"""For the two GETs."""


def refusal(
    response: Response, table: Table, *, with_reward: bool = False, hide: str | None = None
) -> Declined | NotSent | Unknown:
    """What a reply that is no success says. Total. hide: a text of ours the provider might echo."""
    status = response.status
    if status == 429:  # turned away at the door: no rate limit is documented, the word is HTTP's own
        return NotSent(why="HTTP 429", code="provider.rate_limit", retry_after=response.retry_after())
    body = response.json()
    code, details = error_code(body), _details(body)
    if code is None or details is None:
        return Unknown(why=f"HTTP {status} without the provider's error object")
    said = one_line(details if hide is None else details.replace(hide, "***"))
    if status == 401:
        # No provider_text: "Invalid user key" may quote the key. The signature is checked before anything is done.
        return NotSent(why=f"HTTP 401 code {code}", code="credentials.refused", ours=True, provider_code=code)
    if status == 403:
        return _forbidden(code, said, with_reward=with_reward)
    known = table.get((status, code))
    if known is None:
        return Unknown(why=f"HTTP {status} code {code} is not documented")
    if known is _REWARD and not with_reward:
        known = table[400, "2000"]  # code 400 is "Reward could not be applied", and there was none
    return Declined(code=known[0], message=known[1], provider_code=code, provider_text=said)


def _forbidden(code: str, said: str | None, *, with_reward: bool) -> Declined | NotSent:
    """403 is "no permission, or reward/member mismatch" in one status. With a reward at stake it is taken for the
    reward: selling without it is what a cashier can do about it, and without it a 403 can only mean our permission."""
    if with_reward:
        message = "This reward is not this member's. Sell without it, or pick another."
        return Declined(code="reward.mismatch", message=message, provider_code=code, provider_text=said)
    return NotSent(why=f"HTTP 403 code {code}", code="credentials.refused", ours=True, provider_code=code)


def error_code(body: JsonView) -> str | None:
    """The error object's `code`, number or text, without an exponent or a fraction; None when it is none."""
    code = body.any("code")
    number = code.whole()
    written = (code.text() or ("" if number is None else str(number))).strip()
    return written if written.isascii() and written.isalnum() and len(written) <= 12 else None


def _details(body: JsonView) -> str | None:
    """`details` is the customer's text and always there (trap 15); an empty one is no error object."""
    return body.any("details").text() or None
