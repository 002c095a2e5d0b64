"""The payment method of both calls (sheet, section 2): exactly one shape, test cards only, and little of it is kept.

May live here: reading a paymentMethod. May not: keeping a card number, a security code or a token.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

import attrs

from .cards import Fate, fate
from .errors import RefusedError
from .fields import Fields, read_address
from .shapes import KEYS, Shape

__all__ = ["Method", "read_method"]

# MM-YYYY in the seed, MM/YYYY in a client (trap 8)
EXPIRY: Final = re.compile(r"(0[1-9]|1[0-2])[-/]([0-9]{4})", re.ASCII)


@attrs.frozen(kw_only=True)
class Method:
    """What is kept of a payment method."""

    shape: str
    payment_type: str | None
    issuer: str | None
    last_four: str | None
    fate: Fate
    fingerprint: str = attrs.field(repr=False)
    """Tells methods apart for repeats. Of a card number only its last four went into it: a hash of all would be one
    that can be reversed by trying.
    """


def read_method(fields: Fields) -> Method:
    """Read a paymentMethod, or refuse it naming the field and never a value."""
    billing = fields.object("billingAddress")
    if billing is not None:
        read_address(billing)
    fields.text("paymentClass")
    present = [key for key in KEYS if fields.has(key)]
    shape = _shape(fields, present)
    for key in present:
        fields.need_text(key)
    issuer = fields.word("cardIssuer", fields.rules.switches.card_issuers)
    last_four = fields.matching("ccLastFour", "[0-9]{4}", "four digits")
    outcome: Fate = "approved"
    if "cardNumber" in present:
        number = fields.need_text("cardNumber")
        known = fate(number, gift_card=shape.gift_card)
        if known is None:
            raise fields.invalid("cardNumber", "must be a published test number, this is a sandbox")
        outcome, last_four = known, number[-4:] if len(number) > 4 else None
    if not shape.gift_card:
        fields.matching("cardSecurityCode", "[0-9]{3,4}", "three or four digits")
    if "cardExpiration" in present:
        _check_expiry(fields)
    tokens = [fields.get(key) for key in present if key not in ("cardNumber", "cardSecurityCode", "cardExpiration")]
    payment_type = fields.text("paymentType")
    kept = repr((shape.name, payment_type, last_four, tokens))
    return Method(
        shape=shape.name,
        payment_type=payment_type,
        issuer=issuer,
        last_four=last_four,
        fate=outcome,
        fingerprint=hashlib.sha256(kept.encode("utf-8", "surrogatepass")).hexdigest(),
    )


def _shape(fields: Fields, present: list[str]) -> Shape:
    shapes = fields.rules.switches.payment_shapes
    payment_type = fields.text("paymentType")
    if payment_type is not None and payment_type not in {shape.payment_type for shape in shapes}:
        raise fields.invalid("paymentType", "is no payment method of this list")
    candidates = [shape for shape in shapes if shape.payment_type in (None, payment_type)]
    fitting = [shape for shape in candidates if shape.fits(present)]
    if len(fitting) == 1:
        return fitting[0]
    raise _misfit(fields, present, candidates, payment_type)


def _misfit(fields: Fields, present: list[str], candidates: list[Shape], payment_type: str | None) -> RefusedError:
    if payment_type is None:
        return fields.missing("paymentType")
    # the method that was meant: nothing foreign in it, and least is lacking
    meant = [
        shape
        for shape in candidates
        if shape.payment_type is not None and set(present) <= shape.needs | shape.may and shape.lacks(present)
    ]
    if not meant:
        return fields.invalid("paymentType", "must go with the keys of exactly one payment method; null is absent")
    nearest = min(meant, key=lambda shape: len(shape.lacks(present)))
    return fields.missing(nearest.lacks(present)[0])


def _check_expiry(fields: Fields) -> None:
    found = EXPIRY.fullmatch(fields.need_text("cardExpiration"))
    if found is None:
        raise fields.invalid("cardExpiration", "must be MM-YYYY or MM/YYYY")
    now = fields.rules.now
    if fields.rules.switches.check_expiry and (int(found[2]), int(found[1])) < (now.year, now.month):
        raise fields.invalid("cardExpiration", "is past")
