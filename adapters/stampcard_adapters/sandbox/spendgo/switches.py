"""Every choice the sheet leaves open, as a switch whose default is the sheet's own proposal.

May live here: names, defaults and a sentence each. May not: what a switch does, which lives where it is asked.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import attrs

__all__ = ["Repeat", "Switches"]

Repeat: TypeAlias = Literal["replayed", "refused", "unsafe"]


@attrs.frozen(kw_only=True)
class Switches:
    """How this provider behaves where its documents are silent.

    repeat: the same status of the same order with the same body again. `replayed` gives the first answer byte for
        byte; `refused` says 409; `unsafe` applies the effects once more (a provider without any memory).
    out_of_sequence: HTTP status and code of a stage that may not come now.
    swp_deducted_at: the stage that takes Shop With Points dollars from the member.
    invalid_reward_at_checkout: `message` answers 200, discount 0 and a message; `error` answers like later stages.
    guest_reward: a reward in a guest order is treated like an invalid one (`rejected`), or not looked at (`ignored`).
    foreign_reward_status: HTTP status for a reward that is another member's, from placed on (the manual lists 403).
    after_void: a `placed` or `billed` that comes for the first time when the order is voided already (a late landing):
        `refused` as out of sequence, or it `lands`, and takes what it takes.
    conflict_status: HTTP status when email and phone belong to different members (the code is 409 either way).
    accept_minified: also accept a signature over the minified form of a body that was sent with whitespace.
    """

    repeat: Repeat = "replayed"
    out_of_sequence: Literal[400, 409] = 409
    swp_deducted_at: Literal["placed", "billed", "completed"] = "billed"
    invalid_reward_at_checkout: Literal["message", "error"] = "message"
    guest_reward: Literal["rejected", "ignored"] = "rejected"
    foreign_reward_status: Literal[400, 403] = 400
    after_void: Literal["refused", "lands"] = "refused"
    conflict_status: Literal[400, 409] = 400
    accept_minified: bool = False
