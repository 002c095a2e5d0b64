"""What a till can do at Kigo: order a product for a person, and show that person the link.

May live here: Kigo's own verbs. May not: a body, a reply, an effect of its own.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, TypeAlias

from stampcard.errors import Next, NotAllowedError
from stampcard.journal.codec import FORGOTTEN
from stampcard.lifecycles import FulfilmentState
from stampcard.model import Refusal, Secret
from stampcard.step import Async, M, Seat, Step, Sync, verb
from stampcard.step.ask import ask
from stampcard.step.look import read_order
from stampcard.step.wish import keepable
from stampcard.verbs import FulfilmentVerbs
from stampcard_adapters.kigo.adapter import KigoAdapter
from stampcard_adapters.kigo.links import carries_another_code, origin, with_session
from stampcard_adapters.kigo.marks import LINK, another, same
from stampcard_adapters.kigo.queries import claim_query, sso_query
from stampcard_adapters.kigo.settings import Kigo, KigoKeys
from stampcard_adapters.kigo.values import Claim, ClaimLink, KigoFacts, KigoOrder, PlaceProduct, Sso

__all__ = ["AsyncKigoTill", "KigoTill", "KigoVerbs"]

_SESSION_LIFE: Final = timedelta(minutes=30)  # section 4
_SENTENCES: Final = {
    "reveal.not_completed": "This order has nothing to show.",
    "reveal.other_user": "This was ordered for somebody else.",
    "reveal.too_late": "The link can no longer be shown. Call the help desk.",
    "reveal.other_partner": "This was ordered under another account. Call the help desk.",
}


class KigoVerbs(FulfilmentVerbs[M, KigoFacts]):
    """Kigo's verbs. There is no status call, so `observe` raises UnsupportedError; no cancel and no refund exist."""

    def __init__(self, seat: Seat[M], settings: Kigo, /) -> None:
        self._kigo = KigoAdapter(settings)
        super().__init__(seat, self._kigo)
        self._settings = settings

    @verb
    def place(
        self,
        order_id: str,
        product_id: str,
        *,
        user: str,
        why: str | None = None,
        ticket: str | None = None,
        command_id: str | None = None,
    ) -> Step[KigoOrder]:
        """Order one product for one person. The order is completed at once; show its link with `reveal`.

        order_id: yours, unique for ever: the provider gives the same order back for the same id, whoever asks, so two
        people never share one. product_id: as your Kigo contact named it; test and live have different ones. user:
        your id of the person. Raises DeclinedError ("product.unknown", "order.refused"), InDoubtError when no answer
        came: `recover` sends the same order again.
        """
        keys = self._settings.keys_of(self._site().tenant)
        at = yield from self._now()
        command = PlaceProduct(product_id=product_id, user=user, partner_id=keys.partner_id, at=at, why=why)
        return (yield from self._open(order_id, command, command_id=command_id, ticket=ticket))

    @verb
    def reveal(self, order: KigoOrder, *, user: str, why: str, sso: Sso | None = None) -> Step[ClaimLink]:
        """The link and the claim code, for the person it was ordered for; who was shown it is journalled first.

        They are kept nowhere: the order call is repeated, which gives the same ones. Call it when the browser is about
        to go there, and send the browser on with `Referrer-Policy: no-referrer`. sso: also log the user in.

        Raises NotAllowedError ("reveal.other_user", "reveal.not_completed", "reveal.too_late", after the switch
        `reveal_within`, "reveal.other_partner"), NeedsHumanError ("reveal.other_answer") when the provider now gives
        another code, or a link that leads elsewhere, DeclinedError ("link.unusable", "sso.refused"), UnavailableError.
        """
        known: KigoOrder = yield from read_order(self._seat, self._kigo, order.id)
        keys = self._settings.keys_of(known.site.tenant)
        now = yield from self._now()
        self._may_reveal(known, user, keys, now)
        session: Secret[str] | None = None
        if sso is not None:
            keepable(self._seat, sso.program, sso.email, order_id=order.id)
            # Trap 9: made now, not when it was ordered. Made before the link is fetched: a reveal that is journalled
            # has then shown something.
            switches = self._settings.switches
            login = sso_query(
                user,
                sso,
                program_field=switches.program_field,
                call_budget=switches.call_budget,
                hide=Secret((keys.api_key.reveal(),)),
            )
            session = yield from ask(self._seat, self._kigo, known.site, login)
        claim = yield from self._claim(known, keys, why)
        if session is None:
            return ClaimLink(url=claim.url, claim_code=claim.claim_code, expires_at=None)
        return ClaimLink(
            url=Secret(with_session(claim.url.reveal(), session.reveal())),
            claim_code=claim.claim_code,
            expires_at=now + _SESSION_LIFE,
        )

    def _claim(self, order: KigoOrder, keys: KigoKeys, why: str) -> Step[Claim]:
        """The order's own claim, journalled as revealed. Raises NeedsHumanError for another one."""
        facts = order.facts

        def alarm(claim: Claim) -> str | None:
            code = claim.claim_code.reveal()
            if another(facts.mark, code, keys.api_key):
                return f"order {order.id}: Kigo now gives another claim code than when it was placed"
            if carries_another_code(claim.url.reveal(), code):
                return f"order {order.id}: Kigo's deep link carries another code than its answer"
            if another(facts.link, origin(claim.url.reveal()), keys.api_key, LINK):
                return f"order {order.id}: Kigo's deep link leads elsewhere than when it was placed"
            return None

        request = self._kigo.order_call(order.id, facts.product_id)
        query = claim_query(
            order.id,
            facts.product_id,
            request,
            call_budget=self._settings.switches.call_budget,
            hide=Secret((keys.api_key.reveal(), facts.user)),
            telling=lambda word: same(facts.mark, word, keys.api_key),
        )
        return (yield from self._reveal(order, query, why=why, alarm=alarm))

    def _may_reveal(self, order: KigoOrder, user: str, keys: KigoKeys, now: datetime) -> None:
        """Raise NotAllowedError with every reason why this order's link is not shown to this user now."""
        facts, codes = order.facts, list[str]()
        if order.doubt is not None:
            codes.append("order.in_doubt")
        elif order.state is not FulfilmentState.COMPLETED:
            codes.append("reveal.not_completed")
        if facts.user == FORGOTTEN:
            codes.append("order.forgotten")
        elif order.state is FulfilmentState.COMPLETED:
            within = timedelta(seconds=self._settings.switches.reveal_within)
            if facts.user != user:
                codes.append("reveal.other_user")
            if facts.placed_at is None or now - facts.placed_at > within:
                codes.append("reveal.too_late")
            if facts.partner_id != keys.partner_id:  # there the same id would make a new order
                codes.append("reveal.other_partner")
        if codes:
            raise self._no_reveal(order, codes)

    def _no_reveal(self, order: KigoOrder, codes: list[str]) -> NotAllowedError:
        say = self._seat.phrases.say
        refusals = tuple(Refusal(code=code, message=say(code, _SENTENCES.get(code))) for code in codes)
        return NotAllowedError(
            refusals[0].message,
            detail="reveal: " + "; ".join(r.message for r in refusals),
            code=refusals[0].code,
            order_id=order.id,
            trigger="reveal",
            state=str(order.state),
            allowed=order.allowed,
            refusals=refusals,
            next=Next.WAIT if codes[0] == "order.in_doubt" else Next.FIX,
        )


KigoTill: TypeAlias = KigoVerbs[Sync]
AsyncKigoTill: TypeAlias = KigoVerbs[Async]
