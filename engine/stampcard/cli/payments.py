"""The customer's money in an order's story: each entry in words, each attempt for a program.

May live here: what an entry says of a charge, as it was stored: who shows it makes plain text of it. May not: layout,
colours, a till.
"""

from __future__ import annotations

from typing import Any, cast

from stampcard.journal.charges import Charge, unsettled
from stampcard.journal.codec import unpack
from stampcard.journal.fold import PROBE, Standing
from stampcard.model import CHARGE, PAYMENTS, Entry, EntryKind

__all__ = ["attempt_json", "attempt_words", "entry_json", "sentence", "words"]

Tree = dict[str, Any]


def words(entry: Entry) -> str | None:
    """What happened, in one phrase; None for what says it itself, or is no payment's."""
    if entry.trigger not in PAYMENTS:
        return None
    told, charge = entry_json(entry) or {}, entry.trigger == CHARGE
    match entry.kind:
        case EntryKind.INTENT:
            return f"{'charging' if charge else 'reversing'} {told.get('amount')}, key {told.get('key')}"
        case EntryKind.ATTEMPT if entry.code == PROBE:
            return "asks the terminal how it ended"
        case EntryKind.ACCEPTED if charge:
            return f"charged, reference {told.get('reference')}"
        case EntryKind.ACCEPTED:
            return "reversed"
        case EntryKind.DECLINED:
            return "charge declined"
        case EntryKind.UNKNOWN if entry.code == "charge.pending":
            return "still at the terminal"
        case EntryKind.UNKNOWN if entry.code == "reverse.refused":
            return "not reversed"
        case _:
            return None


def entry_json(entry: Entry) -> Tree | None:
    """What an entry says of a payment: amount and key, reference and tip. None for other entries."""
    if entry.trigger not in PAYMENTS:
        return None
    try:
        body = unpack(entry.body)
    except ValueError:
        return {}
    promised, taken, back = _part(body, "charge"), _part(body, "taken"), _part(body, "reversed")
    attempt = _part(promised, "attempt") or body
    said = {
        "key": attempt.get("key"),
        "amount": attempt.get("amount"),
        "on_failure": promised.get("on_failure"),
        "reference": taken.get("reference") or back.get("reference"),
        "tip": taken.get("tip"),
        "tenders": taken.get("tenders"),
    }
    return {name: value for name, value in said.items() if value}


def _part(tree: Tree, name: str) -> Tree:
    part = tree.get(name)
    return cast(Tree, part) if isinstance(part, dict) else {}


def attempt_json(charge: Charge) -> Tree:
    """One attempt; stable keys. state: open, taken, declined, reversing or reversed."""
    attempt = charge.terms.attempt
    return {
        "key": attempt.key,
        "amount": str(attempt.amount),
        "state": _state(charge),
        "reference": None if charge.taken is None else charge.taken.reference,
        "on_failure": charge.terms.on_failure,
    }


def attempt_words(charge: Charge) -> str:
    """One attempt, for the desk."""
    told = attempt_json(charge)
    reference = f", reference {told['reference']}" if told["reference"] else ""
    return f"{told['amount']} {told['state']}, key {told['key']}{reference}"


def _state(charge: Charge) -> str:
    if charge.open is not None:
        return "open"
    if charge.taken is None:
        return "declined"
    if charge.returned is not None:
        return "reversed"
    return "taken" if charge.reversing is None else "reversing"


def sentence(standing: Standing, trigger: str | None, *, needs_human: bool) -> str | None:
    """The phrase's code, when what is to be said of the order is where the money stands. trigger: what is in doubt."""
    if trigger in PAYMENTS:
        return f"doubt.{trigger}" + (".human" if needs_human else "")
    return "charge.not_told" if trigger is None and unsettled(standing) is not None else None
