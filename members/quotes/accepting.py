"""An offer accepted: proof first, then Stripe, then our rows. Exactly as quoted, or offered anew."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from common.errors import Refused
from common.rounds import in_time
from members import audit, escalations, joining, retention
from members.joining import settling
from members.models import Escalation, Membership, Quote, QuoteConsent
from members.quotes import drafting, offering
from members.stripe_gateway import CardDeclined, StripeRefused, StripeUnavailable

log = logging.getLogger(__name__)
Act, State, How = Quote.Act, Quote.State, QuoteConsent.How

_RETRY_AFTER = timedelta(minutes=1)
_KEYS_LIVE = timedelta(hours=23)  # Stripe forgets an idempotency key after a day; then a repeat is a new act (R145)
_OVER = "This offer is no longer open. We can make you a new one."
_UNDER_WAY = "Another change of this membership is being made. Please try again in a minute."


@dataclass(frozen=True)
class Consent:
    """How somebody said yes. `given_by`: the E.164 number of a text, "link:7" of a page, "staff:3" who was told."""

    how: str
    given_by: str
    said: str


class Reoffered(Refused):
    """What was offered is no longer exact; `quote` is the new offer. Nothing was charged (R91)."""

    def __init__(self, quote: Quote) -> None:
        super().__init__("Something changed since this was offered. Please look at the new terms.", code="reoffered")
        self.quote = quote


def accept(*, quote: Quote, consent: Consent, actor: str, now: datetime) -> Quote:
    """Do what the quote says, once; accepting a done quote again returns it as it is.

    Raises Reoffered; CardDeclined (nothing changed; a new offer may be made); Refused for an offer that is over, a
    consent that does not hold, or a rule that came between; StripeRefused (nothing changed, a person is told);
    StripeUnavailable when Stripe gave no answer: then it goes on by itself (`finish_due`), so offer nothing new.
    """
    quote = _fresh(quote.pk)
    if quote.state in (State.ACCEPTED, State.DONE):
        return _finish(quote, now=now) if quote.state == State.ACCEPTED else quote
    _require(quote, consent, now)
    seen = _standing(quote.membership)
    anew = drafting.draft(quote.membership, drafting.wish_of(quote), actor=actor, now=now)
    if not drafting.same(quote, anew):
        raise Reoffered(offering.keep(anew, actor=actor, now=now))
    _claim(quote, consent, seen, actor, now)
    return _finish(quote, now=now)


def finish_due(*, now: datetime, limit: int = 50) -> int:
    """Go on with acts whose answer from Stripe was lost. Returns how many were settled, either way."""
    waiting = Quote.objects.filter(state=State.ACCEPTED, accepted_at__lte=now - _RETRY_AFTER).order_by("pk")
    settled = 0
    for pk in in_time(list(waiting.values_list("pk", flat=True)[:limit])):
        quote = _fresh(pk)
        if quote.accepted_at and quote.accepted_at < now - _KEYS_LIVE:
            charged = f" The {quote.due} due may have been charged: look for it first." if quote.due_cents else ""
            _give_up(quote, f"Stripe gave no answer for a day.{charged}", now)
        else:
            try:
                _finish(quote, now=now)
            except (Refused, StripeRefused):
                log.warning("an accepted quote failed", extra={"quote": pk})
            except StripeUnavailable:
                log.warning("an accepted quote still waits for Stripe", extra={"quote": pk})
                continue
        settled += 1
    return settled


def _finish(quote: Quote, *, now: datetime) -> Quote:
    membership = settling.target(quote)
    if membership is None:
        return _settled_by_another(quote)
    try:
        facts = joining.at_stripe(quote, membership=membership)
    except CardDeclined as declined:
        settling.fail(quote, why=f"The card was declined ({declined.decline_code}).", now=now)
        raise
    except StripeRefused as refused:
        _give_up(quote, str(refused), now)
        raise
    settling.settle(quote, facts, fetched_at=now, now=now)
    return _fresh(quote.pk)


def _settled_by_another(quote: Quote) -> Quote:
    """Two workers went on with one act, and the other was quicker: what came of it there holds here too."""
    settled = _fresh(quote.pk)
    if settled.state == State.DONE:
        return settled
    raise Refused(_UNDER_WAY if settled.state == State.ACCEPTED else _OVER, code="offer_over")


def _give_up(quote: Quote, why: str, now: datetime) -> None:
    settling.fail(quote, why=why, now=now)
    escalations.open(
        reason=Escalation.Reason.BILLING_SYNC,
        patient=quote.membership.patient,
        summary=f"The patient agreed to “{quote.get_act_display()}”, but it could not be done at Stripe: {why} Look at "
        "the subscription in Stripe, and call the patient.",
        now=now,
    )


def _require(quote: Quote, consent: Consent, now: datetime) -> None:
    if not quote.is_open(now):
        raise Refused(_OVER, code="offer_over")
    if not consent.said.strip() or not consent.given_by.strip():
        raise Refused("Say who agreed, and how.", code="no_consent")
    if consent.how != How.TEXT:
        return
    if not quote.membership.patient.phones.filter(number=consent.given_by).exists():
        raise Refused("This number is not the one on file.", code="other_number")
    if not quote.needs_express_consent:
        return
    if offering.by_code(phone=consent.given_by, words=consent.said, now=now) != quote:
        raise Refused(f"Please reply with the code {quote.code} to agree.", code="no_code")


def _claim(quote: Quote, consent: Consent, seen: tuple[object, ...], actor: str, now: datetime) -> None:
    """Proof and claim in one transaction: whoever comes second finds the offer taken.

    `seen`: what the terms were worked out from; where an earlier act has ended since, they are of the past (R91).
    """
    try:
        with transaction.atomic():
            held = Membership.objects.select_for_update().get(pk=quote.membership_id)
            if _standing(held) != seen:
                raise Refused(_UNDER_WAY, code="under_way")
            taken = Quote.objects.filter(pk=quote.pk, state=State.OFFERED).update(
                state=State.ACCEPTED, accepted_at=now, accepted_by=actor
            )
            if not taken:
                raise Refused(_UNDER_WAY, code="under_way")
            quote.refresh_from_db()
            QuoteConsent.objects.create(
                quote=quote,
                how=consent.how,
                given_by=consent.given_by,
                said=consent.said[:200],
                shown="\n".join(f"{label}: {words}" for label, words in quote.terms),
                at=now,
                kept_until=retention.CONSENT_PROOF.until(now),
            )
            data = {"quote": quote.pk, "act": quote.act, "how": consent.how, "cents": quote.due_cents}
            audit.record("quote.accepted", actor=actor, patient=quote.membership.patient, now=now, data=data)
            if quote.act == Act.RESTART:
                _hold_place(quote, actor, now)
    except IntegrityError:
        raise Refused(_UNDER_WAY, code="under_way") from None


def _standing(membership: Membership) -> tuple[object, ...]:
    """What the terms of an act are made of, beside Stripe's preview."""
    owed = sum(membership.invoices.owed().values_list("amount_remaining_cents", flat=True))
    return (
        membership.status,
        membership.plan_version_id,
        membership.next_plan_version_id,
        membership.current_period_end,
        membership.ends_at,
        membership.paused_until,
        owed,
    )


def _hold_place(quote: Quote, actor: str, now: datetime) -> None:
    """A pending membership, before anything is charged: of two restarts, one finds the place taken."""
    ended = quote.membership
    joining.join(
        patient=ended.patient,
        version=quote.plan_version,
        location=ended.location,
        stripe_customer_id=ended.stripe_customer_id,
        actor=actor,
        now=now,
        restarted_from=ended,
    )


def _fresh(pk: int) -> Quote:
    rows = Quote.objects.select_related(
        "membership__patient", "membership__location", "membership__plan_version__plan", "membership__plan",
        "plan_version__plan",
    )  # fmt: skip
    return rows.get(pk=pk)
