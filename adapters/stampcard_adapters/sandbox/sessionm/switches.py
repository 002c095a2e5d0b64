"""Every choice the sheet leaves open, as a switch whose default is the sheet's own proposal.

May live here: names, defaults and a sentence each. May not: what a switch does, which lives where it is asked.
"""

from __future__ import annotations

from typing import Literal

import attrs

__all__ = ["Switches"]


@attrs.frozen(kw_only=True)
class Switches:
    """How this provider behaves where its documents are silent.

    Credentials and answers
    path_key: the key in the path must be the one of the Basic header, or is not looked at (`ignored`).
    refusal_status: HTTP status of a no that is about neither credentials nor an unknown id.
    unknown_order_status: HTTP status for an order nobody has.
    code_case: how error codes are written; the tables print both.
    available_points: a balance is an integer, as in the table, a string, as in the sample, or not shown (the setting).
    table_fields: order.offer_type and order.external_id are in every reply, or only in that of an update, as sampled.
    list_says_ok: lists and single reads carry the top-level status "ok" the text promises and the samples lack.

    Placing
    auto_approve: all offers approve at once, whatever they say themselves.
    asked_status: a `status` in a create body is checked (`approved` only where approval is automatic), or `ignored`.
    order_external_id: order.external_id is `unique` in the app, `repeatable` (the newest is meant), or `ignored`.
    not_enough_points, sold_out, fraudulent_ip: the code of each of these refusals.
    stock_taken_at: the moment an order lowers the inventory.
    challenge_once: a passed skills test is good for one order.
    answer_key: the field of an answer's body that holds the answer.

    Deciding
    reject_returns_points, reject_returns_stock: a rejection gives back, once, what the order took.
    same_status: deciding again what is decided already is `refused`, or `accepted` and moves nothing.
    status_codes: `named` as the two codes read; `swapped`: a decided order is invalid_request_order_status, and so on.

    Lists
    foreign_order: another customer's order is `not_found`, or `shown`.
    max_limit: most rows of one page. over_limit: asking for more is `clamped` to it, or `refused`.
    list_order: which end of the history is page 1.
    strict_bounds: `before` and `after` leave out the very second they name; `between` never does.
    """

    path_key: Literal["must_match", "ignored"] = "must_match"
    refusal_status: Literal[200, 400, 404, 422] = 200
    unknown_order_status: Literal[200, 404] = 404
    code_case: Literal["lower", "upper"] = "lower"
    available_points: Literal["integer", "string", "absent"] = "integer"
    table_fields: Literal["everywhere", "update"] = "everywhere"
    list_says_ok: bool = True

    auto_approve: bool = False
    asked_status: Literal["checked", "ignored"] = "checked"
    order_external_id: Literal["unique", "repeatable", "ignored"] = "unique"
    not_enough_points: Literal["offer_not_available", "not_available", "validation"] = "offer_not_available"
    sold_out: Literal["offer_not_available", "not_available", "validation"] = "offer_not_available"
    fraudulent_ip: Literal["offer_not_available", "access_denied", "validation"] = "offer_not_available"
    stock_taken_at: Literal["placement", "approval"] = "placement"
    challenge_once: bool = True
    answer_key: str = "response"

    reject_returns_points: bool = True
    reject_returns_stock: bool = True
    same_status: Literal["refused", "accepted"] = "refused"
    status_codes: Literal["named", "swapped"] = "named"

    foreign_order: Literal["not_found", "shown"] = "not_found"
    max_limit: int = 100
    over_limit: Literal["clamped", "refused"] = "clamped"
    list_order: Literal["newest", "oldest"] = "newest"
    strict_bounds: bool = True
