"""Our rows after an act: state, audit, and the fact for the floors above, together or not at all."""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from common import clock
from common.errors import Refused
from members import audit, credits, escalations, membership_changes, membership_mirror
from members.models import Escalation, Location, Membership, MembershipChange, Patient, PlanVersion, Quote, StripeEvent
from members.stripe_gateway import SubscriptionFacts

Act, Kind, State = Quote.Act, MembershipChange.Kind, Quote.State

_BECAME = {
    Act.START: Kind.STARTED,
    Act.UPGRADE: Kind.UPGRADED,
    Act.DOWNGRADE: Kind.DOWNGRADE_PLANNED,
    Act.PAUSE: Kind.PAUSED,
    Act.RESUME: Kind.RESUMED,
    Act.CANCEL: Kind.CANCELLING,
    Act.KEEP: Kind.KEPT,
    Act.RESTART: Kind.RESTARTED,
}


def join(
    *,
    patient: Patient,
    version: PlanVersion,
    location: Location,
    stripe_customer_id: str,
    actor: str,
    now: datetime,
    restarted_from: Membership | None = None,
) -> Membership:
    """A pending membership; nothing is charged. Raises Refused when the patient has a current one."""
    try:
        with transaction.atomic():
            membership = Membership.objects.create(
                patient=patient,
                plan_version=version,
                location=location,
                started_on=clock.local_date(now, location.time_zone),
                stripe_customer_id=stripe_customer_id,
                restarted_from=restarted_from,
            )
            data = {"membership": membership.pk, "version": version.pk}
            audit.record("membership.joined", actor=actor, patient=patient, now=now, data=data)
    except IntegrityError:
        raise Refused("There is a current membership already.", code="has_membership") from None
    return membership


def settle(quote: Quote, facts: SubscriptionFacts, *, fetched_at: datetime, now: datetime) -> Membership:
    """Write what Stripe answered. A second call for the same quote changes nothing."""
    with transaction.atomic():
        membership = _held(quote)
        if not Quote.objects.filter(pk=quote.pk, state=State.ACCEPTED).update(state=State.DONE, settled_at=now):
            return membership
        quote.state, quote.settled_at = State.DONE, now
        before, had = membership.status, membership.plan_version
        _agree(membership, quote)
        if membership.stripe_fetched_at is None or fetched_at >= membership.stripe_fetched_at:
            membership_mirror.follow(membership, facts, fetched_at=fetched_at, now=now)
        elif membership.at_reduced_price and before == Membership.Status.ACTIVE:
            membership.status = Membership.Status.PAUSED  # Stripe's event came first, and could not tell what it is
        _agree_later(membership, quote, facts)
        membership.save()
        _keep_credits(quote, membership, had, now)
        _trace(quote, membership, before, now)
        _check(quote, membership, facts, now)
        _look_again(facts)
    return membership


def fail(quote: Quote, *, why: str, now: datetime) -> None:
    """Nothing came of it. The row that held a restart's place goes; whoever asked may ask again."""
    with transaction.atomic():
        changed = Quote.objects.filter(pk=quote.pk, state=State.ACCEPTED).update(
            state=State.FAILED, settled_at=now, outcome=why[:200]
        )
        quote.refresh_from_db()
        if not changed:
            return
        if quote.act == Act.RESTART:
            _new_one(quote).delete()
        data = {"quote": quote.pk, "act": quote.act, "outcome": quote.outcome}
        audit.record("quote.failed", actor=quote.accepted_by, patient=quote.membership.patient, now=now, data=data)


def target(quote: Quote) -> Membership | None:
    """The membership that the act leaves behind: for a restart the new one, None when nothing waits to be done."""
    return _new_one(quote).first() if quote.act == Act.RESTART else quote.membership


def _new_one(quote: Quote) -> QuerySet[Membership]:
    return Membership.objects.filter(restarted_from=quote.membership, status=Membership.Status.PENDING)


def _held(quote: Quote) -> Membership:
    rows = Membership.objects.select_for_update(of=("self",)).select_related("patient", "location", "plan_version")
    if quote.act != Act.RESTART:
        return rows.get(pk=quote.membership_id)
    return rows.filter(restarted_from=quote.membership).order_by("-pk")[:1].get()


def _agree(membership: Membership, quote: Quote) -> None:
    if quote.act in (Act.START, Act.UPGRADE, Act.RESTART):
        membership.plan_version = quote.plan_version
    if quote.act == Act.PAUSE:
        membership.paused_from, membership.paused_until = quote.takes_effect_at, quote.next_charge_at
        membership.at_reduced_price = quote.freeze == PlanVersion.Freeze.REDUCED_PRICE


def _agree_later(membership: Membership, quote: Quote, facts: SubscriptionFacts) -> None:
    if quote.act == Act.DOWNGRADE:
        membership.next_plan_version = quote.plan_version
    if quote.act in (Act.START, Act.RESTART):
        membership.stripe_subscription_id = facts.id


def _keep_credits(quote: Quote, membership: Membership, had: PlanVersion, now: datetime) -> None:
    """An upgrade adds what the new plan has more; a restart brings along what could still be used."""
    key = f"quote:{quote.pk}"
    if quote.act == Act.UPGRADE:
        credits.top_up(membership=membership, before=had, key=key, actor=quote.accepted_by, now=now)
    elif quote.act == Act.RESTART:
        credits.carry_over(ended=quote.membership, to=membership, key=key, actor=quote.accepted_by, now=now)


def _trace(quote: Quote, membership: Membership, before: str, now: datetime) -> None:
    data = {
        "membership": membership.pk,
        "quote": quote.pk,
        "from": before,
        "to": membership.status,
        "cents": quote.due_cents,
        "version": quote.plan_version_id,
    }
    kind = Kind.ENDED if quote.ends_at_once else _BECAME[Act(quote.act)]
    audit.record(f"membership.{kind}", actor=quote.accepted_by, patient=membership.patient, now=now, data=data)
    membership_changes.note(
        kind, membership=membership, key=f"quote:{quote.pk}", quote=quote, now=now, data={"reason": quote.reason}
    )


def _check(quote: Quote, membership: Membership, facts: SubscriptionFacts, now: datetime) -> None:
    """R148's purpose without its call: a resume that did not take is a person's work, and not found by the patient."""
    if quote.act == Act.RESUME and facts.collection_paused:
        escalations.open(
            reason=Escalation.Reason.BILLING_SYNC,
            patient=membership.patient,
            summary="The membership was resumed, but Stripe still shows it as paused: no payment would be collected. "
            "Resume it in Stripe.",
            now=now,
        )
    elif quote.act == Act.RESUME and membership.at_reduced_price:
        escalations.open(
            reason=Escalation.Reason.BILLING_SYNC,
            patient=membership.patient,
            summary="The membership was resumed, but Stripe still charges the reduced price. Set the plan's price "
            "in Stripe.",
            now=now,
        )


def _look_again(facts: SubscriptionFacts) -> None:
    """Stripe may tell of a new subscription before its row is written: then nobody was found, so ask once more."""
    told = StripeEvent.objects.filter(
        object_id__in=[facts.id, facts.latest_invoice_id], state=StripeEvent.State.UNMATCHED
    ).exclude(object_id="")
    told.update(state=StripeEvent.State.STORED, attempts=0, leased_until=None)
