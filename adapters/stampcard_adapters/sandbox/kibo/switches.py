"""Every choice the sheet leaves open, as a switch whose default is the sheet's own proposal.

May live here: names, defaults and a sentence each. May not: what a switch does, which lives where it is asked.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final, Literal

import attrs

from .errors import ErrorBody
from .shapes import ELEVEN, Shape

__all__ = ["ADDRESS", "Switches"]

ADDRESS: Final = ("firstName", "lastName", "addressLine1", "city", "postalCode", "countryCode")


@attrs.frozen(kw_only=True)
class Switches:
    """How this provider behaves where its documents are silent.

    missing_api_key: HTTP status of a call without an API-Key header.
    key_mismatch: HTTP status when the API key is not the one the token was given to.
    token_life: how long an access token lives.
    error_body: `full` has code, name, message, field; `bare` only the message, so that only the status tells.
    unknown_manufacturer: HTTP status for a manufacturerID that is not the caller's (400 is 5015, 403 is 5004).
    payment_shapes: the payment methods there are.
    card_issuers: the words of cardIssuer.
    required_address_fields: what every address must have.
    entities_count: a character beyond latin1 is stored, and counted against limits, as an XHTML entity (`&#8364;`).
    check_expiry: a card past its month is refused.
    require_customer_ip: createOrder must name the shopper's public address.
    authorize_status: HTTP status of an authorization that was given.
    declined_code: code of a card the gateway declined (5003 and 5015 are both 400).
    unreachable_code: code when the gateway does not answer (5001 is 503, 5006 is 500).
    authorization_life: how long an authorization holds.
    repeat_authorize: same cart, amount and method again: a `new` authorization, or the `first` one while it is good.
    order_id: the order takes the id `reserved` at authorize, or a `new` one.
    split_with_authorization: allowSplit true beside an authorization is `refused`, or only `warned` of.
    over_authorization: authAmount above what was authorized is `refused`, or `capped` to it.
    create_reply: createOrder answers with the Get Order object, or with the `id` alone.
    duplicate_external_order_id: a second order of the same name is `refused`, or the first is answered (`replayed`).
    search_by_external_order_id: GET /order/ knows the parameter externalOrderID.
    first_status: of a new order. READY: its shipment is there at once, as if assigned.
    capture_at: the step that takes the money.
    cancel_after_charge: cancelling what was captured is `refused`, or `refunded`.
    cancel_again: cancelling what is cancelled is `refused`, or `accepted` and changes nothing.
    """

    missing_api_key: Literal[401, 403] = 403
    key_mismatch: Literal[401, 403] = 403
    token_life: timedelta = timedelta(hours=1)
    error_body: ErrorBody = "full"
    unknown_manufacturer: Literal[400, 403] = 400
    payment_shapes: tuple[Shape, ...] = ELEVEN
    card_issuers: tuple[str, ...] = ("VI", "MC", "AX", "DI", "JC")
    required_address_fields: tuple[str, ...] = ADDRESS
    entities_count: bool = True
    check_expiry: bool = True
    require_customer_ip: bool = False
    authorize_status: Literal[200, 201] = 200
    declined_code: Literal[5003, 5015] = 5003
    unreachable_code: Literal[5001, 5006] = 5001
    authorization_life: timedelta = timedelta(days=7)
    repeat_authorize: Literal["new", "first"] = "new"
    order_id: Literal["reserved", "new"] = "reserved"
    split_with_authorization: Literal["refused", "warned"] = "refused"
    over_authorization: Literal["refused", "capped"] = "refused"
    create_reply: Literal["order", "id"] = "order"
    duplicate_external_order_id: Literal["refused", "replayed"] = "refused"
    search_by_external_order_id: bool = True
    first_status: Literal["WAITING_FOR_ASSIGNMENT", "READY"] = "WAITING_FOR_ASSIGNMENT"
    capture_at: Literal["fulfil", "create"] = "fulfil"
    cancel_after_charge: Literal["refused", "refunded"] = "refused"
    cancel_again: Literal["refused", "accepted"] = "refused"
