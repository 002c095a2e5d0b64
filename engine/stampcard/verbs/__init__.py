"""The verbs of each lifecycle, written once; providers add their own.

A verb is declared as a step and worn as a call on a `Till`, a coroutine on an `AsyncTill`, a bare step in a
simulator. A verb composes by `self._fire(...)`, never by calling another verb.
"""

from stampcard.facts import PurchaseFacts
from stampcard.verbs.authorization import AuthorizationVerbs
from stampcard.verbs.base import Verbs
from stampcard.verbs.fulfilment import FulfilmentVerbs
from stampcard.verbs.purchase import PurchaseVerbs
from stampcard.verbs.redemption import RedemptionVerbs

__all__ = ["AuthorizationVerbs", "FulfilmentVerbs", "PurchaseFacts", "PurchaseVerbs", "RedemptionVerbs", "Verbs"]
