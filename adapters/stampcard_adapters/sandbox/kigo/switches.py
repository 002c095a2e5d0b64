"""Every choice the sheet leaves open, as a switch whose default is the sheet's own proposal.

May live here: names, defaults and a sentence each. May not: what a switch does, which lives where it is asked.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final, Literal, TypeAlias

import attrs

from .paths import CLAIM_PATH, LOOKUP_PATH, ORDER_PATH, placeholders, prefix_of

__all__ = ["SoldOut", "Switches"]

SoldOut: TypeAlias = Literal["not_found", "validation_error", "sold_out"]

_MAY_NAME: Final = {"order_path": "product_id", "lookup_path": "claim_code", "claim_path": "claim_code"}


def _sound(_: object, field: attrs.Attribute[str], template: str) -> None:
    name = _MAY_NAME[field.name]
    named = placeholders(template)
    optional = field.name == "order_path"  # its product may also come in the body
    if named != (name,) and not (optional and not named):
        raise ValueError(f"{field.name} must name {{{name}}} once, and nothing else")
    if not prefix_of(template):
        raise ValueError(f"{field.name} must begin with a path of its own")


@attrs.frozen(kw_only=True)
class Switches:
    """How this provider behaves where its documents are silent.

    order_path: where an order is placed (POST). Without {product_id} in it, the product comes in the body.
    lookup_path, claim_path: where a wallet looks a token up (GET) and claims it (POST): this sandbox's own paths.
    session_status: HTTP status of a new partner session.
    wrong_credentials_status: of a partner session asked for with the wrong key or partner.
    expired_token_status: of a call with a token that is missing, unknown or too old.
    partner_refresh_token: a new partner session also shows a refresh_token, which nothing takes back.
    order_id_required: an order without external_order_id is refused; otherwise each is an order of its own.
    created_status: HTTP status of an order placed for the first time; a replay is always 200.
    echo_order: the answer repeats external_order_id and product_id.
    other_product: the id of an earlier order with another product gets the `original` order, or is `refused` with 409.
    remembered_for: how long an id finds its order; None: for ever.
    replay_of_claimed: an order whose code was claimed is still answered with the `same` code, or `refused` with 409.
    unknown_product_status: of an order for a product that is not this partner's.
    sold_out: error code of an order for a product without stock; sold_out itself comes with 409 and is no code the
        sheet knows.
    code_lifetime: how long a claim code can be claimed; None: for ever.
    expired_code: error code of a claim that comes too late.
    sso_refused_status: of the exchange of an SSO session that is unknown, too old, or used up.
    user_token_lifetime, user_refresh_lifetime: the shortest of the several published values (trap 10).
    refresh_rotates: a refresh token works once; otherwise until its own end.
    """

    order_path: str = attrs.field(default=ORDER_PATH, validator=_sound)
    lookup_path: str = attrs.field(default=LOOKUP_PATH, validator=_sound)
    claim_path: str = attrs.field(default=CLAIM_PATH, validator=_sound)
    session_status: Literal[200, 201] = 200
    wrong_credentials_status: Literal[400, 401, 403] = 401
    expired_token_status: Literal[401, 403] = 401
    partner_refresh_token: bool = False
    order_id_required: bool = True
    created_status: Literal[200, 201] = 200
    echo_order: bool = True
    other_product: Literal["original", "refused"] = "original"
    remembered_for: timedelta | None = None
    replay_of_claimed: Literal["same", "refused"] = "same"
    unknown_product_status: Literal[400, 404] = 404
    sold_out: SoldOut = "not_found"
    code_lifetime: timedelta | None = None
    expired_code: Literal["validation_error", "not_found"] = "validation_error"
    sso_refused_status: Literal[400, 401, 404] = 401
    user_token_lifetime: timedelta = timedelta(minutes=30)
    user_refresh_lifetime: timedelta = timedelta(days=90)
    refresh_rotates: bool = False
