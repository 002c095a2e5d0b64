"""Every choice the sheet leaves open, as a switch whose default is the sheet's own proposal.

May live here: names, defaults and a sentence each. May not: what a switch does, which lives where it is asked.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import attrs

__all__ = ["Duplicate", "Switches"]

Duplicate: TypeAlias = Literal["existing", "conflict", "refused"]


@attrs.frozen(kw_only=True)
class Switches:
    """How this provider behaves where its documents are silent, or contradict each other.

    v1_login_status: HTTP status of a login and of a refresh.
    v1_place_status: HTTP status of place-order.
    v1_access_seconds: life of an access token ("typically" about four hours).
    v1_refresh_seconds: life of a refresh token ("typically" about eight hours).
    v1_refresh: `reusable` gives a new refresh token and the old one stays good; `once` gives a new one and spends the
        old one; `kept` gives none, the old one is to be kept.
    v1_duplicate: an externalOrderCode again: `conflict` is 409, `existing` the first order, `refused` the 400 text.
    v2_duplicate: the same for v2, where three pages promise the existing order and two say 409.
    v1_total_checked: v1 compares the order's price with its lines (the manual's own example would not pass).
    v1_partial: what v1, which has no such word, calls an order that was delivered in part.
    v1_newer_reply: v1 lines carry buyingPrice, and order replies the wallet when there is one.
    v1_status_code: statusCode of an error as a number, or as the text of the manual's sample.
    v1_validation: message of a body that does not validate, as one text or as a list of texts.
    v1_list_key: name of the array in the product list.
    v1_first_skip: how many products v1 leaves out when it is not told.
    v1_take: how many products v1 lists when it is not told (another paragraph says ten).
    v2_codes: delivered codes as codes[].code, or as the early pin[].pin.
    partial_quantity: quantity of a v2 line delivered in part: the units delivered, or the units ordered.
    low_balance: `computed` compares each balance with the threshold; `never` always says false, as the sample does.
    order_id: orderId as a number, or as the opaque text a newer client expects.
    accept_product_code: v2 lines may name a productCode instead of a productId.
    rate_limit: v2 calls a minute and key; None counts nothing and sends no X-RateLimit headers.
    ready_seconds: from placing to the end of an ordinary order.
    slow_seconds: the same when a slow product is in it.
    """

    v1_login_status: Literal[200, 201] = 201
    v1_place_status: Literal[200, 201] = 201
    v1_access_seconds: int = 4 * 60 * 60
    v1_refresh_seconds: int = 8 * 60 * 60
    v1_refresh: Literal["reusable", "once", "kept"] = "reusable"
    v1_duplicate: Duplicate = "conflict"
    v2_duplicate: Duplicate = "existing"
    v1_total_checked: bool = False
    v1_partial: Literal["completed", "error"] = "completed"
    v1_newer_reply: bool = False
    v1_status_code: Literal["number", "text"] = "number"
    v1_validation: Literal["text", "list"] = "text"
    v1_list_key: Literal["products", "data"] = "products"
    v1_first_skip: int = 1
    v1_take: int = 20
    v2_codes: Literal["codes", "pin"] = "codes"
    partial_quantity: Literal["delivered", "ordered"] = "delivered"
    low_balance: Literal["computed", "never"] = "computed"
    order_id: Literal["number", "text"] = "number"
    accept_product_code: bool = True
    rate_limit: int | None = 60
    ready_seconds: int = 0
    slow_seconds: int = 10
