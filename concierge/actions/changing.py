"""Changes of a membership by text: quoted, agreed to, done at Stripe, acknowledged. No transaction is open here."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from common.errors import Refused
from concierge import change_replies
from concierge.change_policy import Agree, Change, NotNow, Propose, Remind
from concierge.facts import MemberFacts
from concierge.membership_replies import words
from concierge.policy import HandOff
from concierge.replies import Voice
from members import links, quotes
from members.models import Escalation, Membership, PatientLink, PlanVersion, Quote, QuoteConsent
from members.stripe_gateway import CardDeclined, StripeRefused, StripeUnavailable
from outreach import acknowledgements, sequences
from outreach.models import Acknowledgement, Enrolment, Message, Offer, Sequence

log = logging.getLogger(__name__)
Act, Purpose = Quote.Act, PatientLink.Purpose

LIFETIME = timedelta(hours=48)  # R90
_PAGES = {
    Act.UPGRADE: Purpose.CHANGE_PLAN,
    Act.DOWNGRADE: Purpose.CHANGE_PLAN,
    Act.RESUME: Purpose.RESUME,
    Act.KEEP: Purpose.CANCEL,
    Act.RESTART: Purpose.RESTART,
}


@dataclass(frozen=True)
class Done:
    """What came of a change, to be said: sentences to send, or a text that was sent, or a person."""

    sentences: list[str] = field(default_factory=list)
    link: PatientLink | None = None
    options: list[dict[str, Any]] = field(default_factory=list)  # replies that the sentences name
    told: Message | None = None
    hand_off: HandOff | None = None
    acted: bool = False
    record: Mapping[str, Any] = field(default_factory=dict)


def do(change: Change, *, message: Message, facts: MemberFacts, voice: Voice, now: datetime) -> Done:
    """Quote, agree, remind or stop. Never raises for what Stripe or a rule says: that is said, or a person gets it."""
    membership = Membership.objects.select_related("patient", "plan", "plan_version__plan", "location").get(
        pk=facts.membership_id or 0
    )
    if isinstance(change, Remind):
        return _remind(change, membership, message, facts, voice, now)
    if isinstance(change, NotNow):
        return _not_now(membership, message, voice, now)
    try:
        if isinstance(change, Agree):
            return _agree(change, membership, message, facts, voice, now)
        return _propose(change, membership, facts, voice, now)
    except quotes.Reoffered as anew:
        return _said(anew.quote, facts, voice, now, instead=False)
    except CardDeclined:
        link = links.issue(membership=membership, purpose=Purpose.UPDATE_CARD, now=now)
        return Done([words(voice, "declined")], link)
    except Refused as refused:
        return _refused(refused, voice)
    except (StripeUnavailable, StripeRefused):
        log.exception("a change by text could not be quoted or made", extra={"membership": membership.pk})
        return Done(hand_off=HandOff("Stripe could not quote or make the change.", Escalation.Reason.BILLING_SYNC))


def bind(options: list[dict[str, Any]], *, message: Message, now: datetime) -> None:
    """Bind the replies to the message that names them; one that is taken is gone (see `outreach/offers.py`)."""
    if options and message.patient:
        Offer.objects.create(
            message=message,
            patient=message.patient,
            kind=Offer.Kind.REPLY,
            options=options,
            made_at=now,
            expires_at=now + LIFETIME,
        )


def _propose(wish: Propose, membership: Membership, facts: MemberFacts, voice: Voice, now: datetime) -> Done:
    version = PlanVersion.objects.select_related("plan").get(pk=wish.version_id) if wish.version_id else None
    actor = f"patient:{membership.patient_id}"
    quote = quotes.offer(
        membership=membership,
        act=wish.act,
        actor=actor,
        now=now,
        version=version,
        months=wish.months,
        reason=wish.reason,
    )
    return _said(quote, facts, voice, now, instead=wish.instead)


def _said(quote: Quote, facts: MemberFacts, voice: Voice, now: datetime, *, instead: bool) -> Done:
    act = Act(quote.act)
    link = None
    if act in _PAGES:
        link = links.issue(membership=quote.membership, purpose=_PAGES[act], quote=quote, now=now)
    options = []
    if act == Act.CANCEL:
        options = [_option("1", "agree", quote)] + ([_option("2", "pause", quote)] if instead else [])
    said = change_replies.offered(quote, voice, facts, instead=instead)
    return Done([said], link, options, record={"quote": quote.pk})


def _option(say: str, act: str, quote: Quote) -> dict[str, Any]:
    return {"words": say, "say": [say], "act": act, "quote": quote.pk}


def _agree(
    agreed: Agree, membership: Membership, message: Message, facts: MemberFacts, voice: Voice, now: datetime
) -> Done:
    quote = Quote.objects.get(pk=agreed.quote_id, membership=membership)
    consent = quotes.Consent(how=QuoteConsent.How.TEXT, given_by=message.address, said=message.body.strip()[:200])
    try:
        quotes.accept(quote=quote, consent=consent, actor=f"patient:{membership.patient_id}", now=now)
    except StripeUnavailable:  # it goes on by itself, and is told when it is done
        return Done([words(voice, "in_progress")], acted=True, record={"quote": quote.pk})
    acknowledgements.follow_all(now=now)
    told = Acknowledgement.objects.filter(change__quote=quote).select_related("text").first()
    if told is None:
        return Done([words(voice, "in_progress")], acted=True, record={"quote": quote.pk})
    return Done(told=told.text, acted=True, record={"quote": quote.pk})


def _remind(
    wish: Remind, membership: Membership, message: Message, facts: MemberFacts, voice: Voice, now: datetime
) -> Done:
    due = now + timedelta(days=wish.days)
    _end_what_offered(message, "maybe later", ("remind", "not_now"), now)
    waiting = Enrolment.objects.filter(
        membership=membership, sequence__slug=Sequence.Slug.REMIND_LATER, status=Enrolment.Status.RUNNING
    ).first()
    if waiting:
        return Done([words(voice, "reminds_already")], acted=True)
    sequences.enrol(
        slug=Sequence.Slug.REMIND_LATER,
        membership=membership,
        cause=f"asked:{message.pk}",
        start_at=due,
        now=now,
    )
    return Done([change_replies.reminded(voice, due, facts)], acted=True)


def _not_now(membership: Membership, message: Message, voice: Voice, now: datetime) -> Done:
    """What offered it is over; the reason is kept on the enrolment, to be reported."""
    _end_what_offered(message, "not now", ("not_now",), now)
    return Done([words(voice, "not_now")], acted=True)


def _end_what_offered(message: Message, because: str, acts: tuple[str, ...], now: datetime) -> None:
    """End the sequence whose last text offered one of these replies; a chase for money offers neither."""
    last = (
        Offer.objects.filter(message__address=message.address, message__enrolment__isnull=False)
        .select_related("message__enrolment__sequence", "message__enrolment__membership")
        .order_by("-made_at", "-pk")
        .first()
    )
    enrolment = last.message.enrolment if last else None
    if last and enrolment and any(option.get("act") in acts for option in last.options):
        slug = enrolment.sequence.slug
        sequences.stop(membership=enrolment.membership, because=because, slug=slug, now=now)


def _refused(refused: Refused, voice: Voice) -> Done:
    """The verbs' sentences are English; in another language a person says it."""
    if voice.language != "en" or refused.code in ("not_billed", "no_consent", "other_number"):
        return Done(hand_off=HandOff(f"The change was refused: {refused.message}"[:120], Escalation.Reason.QUESTION))
    return Done([refused.message])
