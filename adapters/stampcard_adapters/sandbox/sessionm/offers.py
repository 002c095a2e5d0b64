"""Offers: what points buy, and whether one customer may have it now (sheet, section 6).

May live here: an offer's own data and how it is shown. May not: stock and balances, which the ledger says.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal, TypeAlias

import attrs

from stampcard_adapters.sandbox.jsontext import Json

from .fields import stamp

__all__ = ["OFFER_TYPES", "Eligibility", "Offer"]

OFFER_TYPES: Final = (
    "prize", "reward", "deal", "coupon", "instant reward", "participation reward", "balance transfer",
    "contest entries", "benefit", "trigger", "redemption",
)  # fmt: skip
Eligibility: TypeAlias = Literal["available", "insufficient_points", "not_qualified", "registration_required"]


@attrs.frozen(kw_only=True)
class Offer:
    """A reward. points: the cost of one. stock: what there is when serving starts; None: no limit."""

    id: int
    name: str
    points: int
    type: str = "prize"
    description: str = ""
    logo: str = ""
    stock: int | None = None
    requires_skills_test: bool = False
    auto_approve: bool = False
    start_time: datetime | None = None
    end_time: datetime | None = None

    @property
    def limited(self) -> bool:
        """Whether it can be sold out."""
        return self.stock is not None

    def runs(self, now: datetime) -> bool:
        """Whether it has begun and not ended."""
        return (self.start_time is None or self.start_time <= now) and (self.end_time is None or now < self.end_time)

    def shown(self) -> dict[str, Json]:
        """The fields the public SDKs read."""
        return {
            "id": self.id,
            "name": self.name,
            "type": self.type,
            "description": self.description,
            "points": self.points,
            "start_time": None if self.start_time is None else stamp(self.start_time),
            "end_time": None if self.end_time is None else stamp(self.end_time),
            "weight": self.id,
            "featured": False,
            "requires_skills_test": self.requires_skills_test,
            "tier": None,
            "logo": self.logo,
            "options": [],
            "data": {},
        }
