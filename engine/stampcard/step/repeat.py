"""Whether a firing repeats one that was recorded, and the answer it was given then.

May live here: telling repeats from new wishes. May not: an effect.
"""

from __future__ import annotations

from stampcard.adapter import Declined
from stampcard.commands import Authorize
from stampcard.errors import DeclinedError
from stampcard.journal.codec import unpack
from stampcard.journal.fold import landed
from stampcard.model import AnyOrder, Entry, EntryKind
from stampcard.step.view import View, effectless
from stampcard.step.wish import Sealed, Wish

__all__ = ["repeated", "told_before"]


def repeated(wish: Wish, view: View, sealed: Sealed) -> AnyOrder | None:
    """The recorded answer, when this is a repeat. Raises what was recorded, or ConflictError for other input."""
    standing, command = view.standing, wish.command
    site, here = standing.header.site, wish.seat.site
    if isinstance(wish.order, str) and here is not None and site != here:
        where = f"store {site.store}" + (f", register {site.register}" if site.register else "")
        raise view.conflict(wish.trigger, f"this id was opened at {where}: get the order, or mint another id")
    intent = standing.command(wish.command_id) if wish.command_id is not None else _done(wish, view, sealed)
    if intent is None:
        return None
    kept = standing.record.personal.get(intent.version)
    if intent.trigger != command.trigger or not sealed.repeats(intent, kept):
        raise view.conflict(wish.trigger, "this was done already, with other input", "command.conflict")
    if any(one.name == intent.intent for one in standing.queued):
        return view.order(replayed=True)  # taken down already
    ending = standing.endings.get(intent.intent or "")
    if ending is None:
        if view.running > 0:
            raise view.busy(wish.trigger)
        if effectless(wish.adapter, wish.trigger):
            return None
        raise view.in_doubt(wish.trigger, "this step was sent and its ending is not known")
    if ending.intent != intent.intent:
        return None  # settled by a reversal: the table decides what is possible now
    if landed(ending):
        return view.order(replayed=True)
    if ending.kind in (EntryKind.DECLINED, EntryKind.RESOLVED):
        raise told_before(view, wish.trigger, ending)
    return None  # proof that nothing happened: it may be done now


def _done(wish: Wish, view: View, sealed: Sealed) -> Entry | None:
    """Without a command id: the intent this firing repeats, if its trigger was accepted and cannot be fired anew."""
    done = view.standing.accepted.get(wish.trigger)
    if done is None and isinstance(wish.command, Authorize) and wish.command.again:
        return None  # asked anew on purpose: the same wish as the one in doubt, and no repeat of it
    before = [*(o.entry for o in view.standing.open), *(q.entry for q in view.standing.queued)]
    doubted = next((entry for entry in before if entry.trigger == wish.trigger), None)
    if done is None:
        same = doubted is not None and doubted.digest == sealed.digest
        return doubted if same else None
    again = wish.adapter.lifecycle.row(view.standing.state, wish.trigger) is not None
    return None if again and not isinstance(wish.order, str) else done


def told_before(view: View, trigger: str, ending: Entry) -> DeclinedError:
    """The no that was recorded, told again."""
    if ending.kind is EntryKind.RESOLVED:
        code = "resolve.declined"
        return view.declined(trigger, Declined(code=code, message=view.phrases.say(code)), 0, replayed=True)
    said = unpack(ending.body)
    no = Declined(
        code=ending.code or "provider.declined",
        message=str(said.get("message") or ""),
        provider_code=said.get("provider_code"),
        provider_text=said.get("provider_text"),
    )
    return view.declined(trigger, no, int(said.get("http") or 0), replayed=True)
