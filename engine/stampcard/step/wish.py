"""What a verb was called with, and how it is written down.

May live here: the wish as data, and its written form. May not: an effect, a decision.
"""

from __future__ import annotations

from typing import Any

import attrs

from stampcard.adapter import AnyAdapter
from stampcard.commands import Command
from stampcard.errors import NotAllowedError
from stampcard.journal.codec import decode, digest, encode, pack, unpack
from stampcard.model import AnyOrder, Entry, Order, Refusal
from stampcard.step.personal import apart
from stampcard.step.verb import Seat

__all__ = ["Sealed", "Wish", "in_hand", "keepable", "seal"]


@attrs.frozen(kw_only=True)
class Wish:
    """One firing, as the verb was called.

    order: the order as the caller saw it, or its id (which opens it, or repeats). ticket: only when it opens.
    recovers: it goes on with what was promised before, so that no kill switch keeps it back.
    """

    seat: Seat[Any]
    adapter: AnyAdapter
    order: AnyOrder | str
    command: Command
    command_id: str | None = None
    ticket: str | None = None
    recovers: bool = False

    @property
    def order_id(self) -> str:
        return self.order if isinstance(self.order, str) else self.order.id

    @property
    def trigger(self) -> str:
        return self.command.trigger


@attrs.frozen
class Sealed:
    """A wish as the journal holds it."""

    body: bytes
    personal: dict[str, Any]
    digest: str

    def repeats(self, intent: Entry, kept: bytes | None) -> bool:
        """The same wish again. Personal data is compared where it is kept; what was erased can be anybody's."""
        return intent.digest == self.digest and (kept is None or unpack(kept) == unpack(pack(self.personal)))


def in_hand(seat: Seat[Any], order: object) -> None:
    """Raise NotAllowedError for anything but an order: of its id nobody knows how the caller saw it."""
    if isinstance(order, Order):
        return
    message = seat.phrases.say("input.type")
    refusal = Refusal(code="input.type", message=message, field="order")
    known = order if isinstance(order, str) else None
    detail = f"an order is needed, not {type(order).__name__}: get(order_id) gives it"
    raise NotAllowedError(message, detail=detail, code=refusal.code, order_id=known, refusals=[refusal])


def keepable(seat: Seat[Any], *texts: str | None, order_id: str | None = None) -> None:
    """Raise NotAllowedError for what no journal can keep: half a surrogate pair, something that is no text."""
    try:
        for text in texts:
            if text is not None:
                text.encode()
    except (UnicodeError, AttributeError) as odd:
        message = seat.phrases.say("input.type")
        refusal = Refusal(code="input.type", message=message)
        raise NotAllowedError(
            message, detail=str(odd), code=refusal.code, order_id=order_id, refusals=[refusal]
        ) from None


def seal(wish: Wish) -> Sealed:
    """Write the wish down and read it back, before anything is promised: what cannot be read back bricks an order.

    Raises NotAllowedError, which only input of other types than the ones declared can bring about.
    """
    try:
        keepable(wish.seat, wish.order_id, wish.ticket, wish.command_id, wish.seat.actor, order_id=str(wish.order_id))
        tree, personal = encode(wish.command)
        body = pack({"command": tree, **apart(personal)})
        decode(type(wish.command), unpack(body)["command"], unpack(pack(personal)))
        return Sealed(body, personal, digest(wish.order_id, wish.command))
    except (ValueError, TypeError, AttributeError, RecursionError) as odd:
        message = wish.seat.phrases.say("input.type")
        refusal = Refusal(code="input.type", message=message)
        raise NotAllowedError(
            message, detail=f"{wish.trigger}: {odd}", code=refusal.code, order_id=str(wish.order_id), refusals=[refusal]
        ) from None
