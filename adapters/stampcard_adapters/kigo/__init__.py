"""Kigo: a product ordered once for one person, its claim link shown to that person alone.

    kigo = till.use(Kigo.from_env(os.environ))

May live here: names. The rooms: `settings` (what you configure), `values` (what you get), `verbs` (what you do),
`requests` and `replies` (the calls), `refusals` (their noes), `links` (the deep link's rules), `marks` (telling another
claim code), `queries` (the link again, a login), `recovery` (a lost reply), `sessions` (the token), `adapter`. It
imports `stampcard` and nothing of another provider's, and is held to the provider's fact sheet, whose sections the
comments name.
"""

from stampcard_adapters.kigo.adapter import KigoAdapter
from stampcard_adapters.kigo.queries import claim_query, sso_query
from stampcard_adapters.kigo.requests import ORDER_PATH, ProgramField
from stampcard_adapters.kigo.settings import Kigo, KigoKeys, Switches
from stampcard_adapters.kigo.values import Claim, ClaimLink, KigoFacts, KigoOrder, PlaceProduct, Sso
from stampcard_adapters.kigo.verbs import AsyncKigoTill, KigoTill, KigoVerbs

__all__ = [
    "ORDER_PATH",
    "AsyncKigoTill",
    "Claim",
    "ClaimLink",
    "Kigo",
    "KigoAdapter",
    "KigoFacts",
    "KigoKeys",
    "KigoOrder",
    "KigoTill",
    "KigoVerbs",
    "PlaceProduct",
    "ProgramField",
    "Sso",
    "Switches",
    "claim_query",
    "sso_query",
]
