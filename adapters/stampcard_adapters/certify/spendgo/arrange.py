"""A sandbox with everything the cases ask for: on a foreign environment the provider's staff sets the same up.

May live here: what a sandbox's member is given before the first case, and its target. May not: a case.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from decimal import Decimal
from typing import Final

from stampcard_adapters.certify.spendgo.goods import ITEMS
from stampcard_adapters.certify.spendgo.target import Target, named_target
from stampcard_adapters.sandbox.app import sandbox_app
from stampcard_adapters.sandbox.jsontext import write
from stampcard_adapters.sandbox.serve import serve
from stampcard_adapters.sandbox.spendgo import SpendgoModel, tenants_from_json

__all__ = ["arranged", "sandbox"]

_DOLLARS: Final = Decimal(40)


def arranged(model: SpendgoModel) -> None:
    """Give the first member what is missing: money off is theirs already."""
    member = model.members()[0].id
    model.give(member, label="10% off", value=10, kind="discount")
    model.give(member, label=f"$3 off {ITEMS - 2} sandwiches or more", value=3, min_items=ITEMS - 2)
    model.give(member, label="$2 off a cake", value=2, product="CERTIFY-CAKE")
    model.give(member, label="Shop With Points", value=_DOLLARS, shop_with_points=True)


@contextmanager
def sandbox(model: SpendgoModel) -> Generator[Target]:
    """Arrange and serve this world on loopback, over real HTTP, while the block runs."""
    arranged(model)
    tenant, *_ = tenants_from_json(write(model.tenants()).encode())
    with serve(sandbox_app(model)) as url:
        yield named_target(
            url=url,
            api_key=tenant.keys[0].api_key,
            secret=tenant.keys[0].secret,
            account=tenant.account_id,
            store=tenant.stores[0],
            phone=model.members()[0].phone,
            known_points=model.points,
        )
