"""Spendgo's certification: the seventeen cases of its list, and the measurements of what it leaves open.

May live here: names. The rooms: `target` (what is certified against), `desk` (the till and its member), `raw` (calls
past the till), `members`, `orders`, `redeeming`, `limits` (the cases), `cases` (the list), `measure`, `arrange` (a
sandbox set up for it), `certifying` (a whole run).
"""

from stampcard_adapters.certify.spendgo.arrange import sandbox
from stampcard_adapters.certify.spendgo.certifying import certify
from stampcard_adapters.certify.spendgo.target import Options, Target, UnusableError, target_of

__all__ = ["Options", "Target", "UnusableError", "certify", "sandbox", "target_of"]
