"""Differences between Stripe and us: what differs, in words, and why as far as the rows can tell."""

from datetime import datetime

from common import money
from members import billing, membership_mirror
from members.models import Drift, Invoice, Membership, Reconciliation, StripeEvent
from members.stripe_gateway import CardFacts, InvoiceFacts, SubscriptionWithCard

Kind = Drift.Kind


def missed(run: Reconciliation, event: dict[str, object]) -> Drift:
    return _noted(
        run,
        Kind.MISSED_EVENT,
        str(event["id"]),
        theirs=str(event["type"]),
        cause="Stripe tells of it, but it never arrived here.",
    )


def stuck(run: Reconciliation, event: StripeEvent) -> Drift:
    cause = event.error or event.get_state_display()
    return _noted(
        run, Kind.STUCK_EVENT, event.stripe_id, ours=event.get_state_display(), theirs=event.type, cause=cause
    )


def of_subscription(run: Reconciliation, listed: SubscriptionWithCard, membership: Membership | None) -> Drift | None:
    """What differs of a subscription in Stripe's list; None for one that agrees, or that ended and was never ours."""
    facts = listed.facts
    if membership is None:
        if facts.status in ("canceled", "incomplete_expired"):
            return None
        cause = "No membership here has this subscription. Import the member, or cancel it at Stripe."
        return _noted(run, Kind.STRANGER, facts.id, theirs=facts.status, cause=cause)
    pairs = [
        ("status", membership.status, _status_there(membership, membership_mirror.status_of(facts, membership))),
        ("period end", _moment(membership.current_period_end), _moment(facts.period_end)),
        ("price", _price_here(membership, facts.price_id), facts.price_id),
    ]
    if membership.status in Membership.CURRENT:
        pairs.append(("card", _card_here(membership), _card_there(listed.card)))
    return _differing(run, Kind.SUBSCRIPTION, facts.id, pairs, membership)


def absent(run: Reconciliation, membership: Membership) -> Drift:
    return _noted(
        run,
        Kind.ABSENT,
        str(membership.stripe_subscription_id),
        ours=membership.get_status_display(),
        theirs="unknown",
        cause="Stripe's list has no such subscription: another account, or the id is wrong.",
        membership=membership,
    )


def of_invoice(
    run: Reconciliation, live: InvoiceFacts, invoice: Invoice | None, membership: Membership
) -> Drift | None:
    """None where both agree."""
    if invoice is None:
        pairs = [("invoice", "none", f"{live.status} {money.readable(live.amount_due_cents, live.currency)}")]
    else:
        pairs = [
            ("status", invoice.status, live.status),
            ("remaining", str(invoice.amount_remaining_cents), str(live.amount_remaining_cents)),
            ("tries", str(invoice.attempt_count), str(live.attempt_count)),
            ("next try", _moment(invoice.next_attempt_at), _moment(live.next_attempt_at)),
        ]
    return _differing(run, Kind.INVOICE, live.id, pairs, membership)


def unknown_invoice(run: Reconciliation, invoice: Invoice) -> Drift:
    cause = "Stripe does not know this invoice: another account, or it was deleted as a draft."
    return _noted(
        run,
        Kind.INVOICE,
        invoice.stripe_id,
        ours=invoice.get_status_display(),
        theirs="unknown",
        cause=cause,
        membership=invoice.membership,
    )


def settle(drift: Drift, event: StripeEvent, *, now: datetime) -> None:
    """Apply the event that tells of the difference; repaired when that came to its end."""
    if event.state in (StripeEvent.State.STORED, StripeEvent.State.FAILED):
        billing.apply(event.pk, now=now)
        event.refresh_from_db()
    if event.state in (StripeEvent.State.APPLIED, StripeEvent.State.UNMATCHED):
        drift.repaired_at = drift.repaired_at or now
        drift.save(update_fields=["repaired_at"])


def _differing(
    run: Reconciliation, kind: str, ident: str, pairs: list[tuple[str, str, str]], membership: Membership
) -> Drift | None:
    differing = [(name, ours, theirs) for name, ours, theirs in pairs if ours != theirs]
    if not differing:
        return None
    return _noted(
        run,
        kind,
        ident,
        ours="; ".join(f"{name} {ours}" for name, ours, _ in differing),
        theirs="; ".join(f"{name} {theirs}" for name, _, theirs in differing),
        cause=_cause(run, ident),
        membership=membership,
    )


def _cause(run: Reconciliation, ident: str) -> str:
    told = StripeEvent.objects.filter(object_id=ident, state__in=StripeEvent.CAME_TO_NOTHING).first()
    if told:
        return f"The event {told.type} came to nothing: {told.get_state_display().lower()}."
    if run.drifts.filter(kind=Kind.MISSED_EVENT).exists():
        return "Events did not arrive in an outage."
    return "Changed at Stripe, or here, without an event that tells of it."


def _noted(
    run: Reconciliation,
    kind: str,
    ident: str,
    *,
    cause: str,
    ours: str = "",
    theirs: str = "",
    membership: Membership | None = None,
) -> Drift:
    values = {"ours": ours[:300], "theirs": theirs[:300], "cause": cause[:300], "membership": membership}
    drift, _ = Drift.objects.get_or_create(run=run, kind=kind, object_id=ident, defaults=values)
    return drift


def _status_there(membership: Membership, live: str) -> str:
    """Stripe knows no difference between a membership that was cancelled and one that lapsed unpaid."""
    ended = (Membership.Status.CANCELLED, Membership.Status.LAPSED)
    return membership.status if membership.status in ended and live in ended else str(live)


def _price_here(membership: Membership, live: str) -> str:
    """While frozen at it, the reduced price agrees too: on which day it begins and ends is Stripe's schedule."""
    version = membership.plan_version
    return live if membership.at_reduced_price and live == version.stripe_freeze_price_id else version.stripe_price_id


def _moment(when: datetime | None) -> str:
    """To the second: Stripe knows no finer one."""
    return f"{when:%Y-%m-%d %H:%M:%S}" if when else "none"


def _card_here(membership: Membership) -> str:
    if not membership.card_last4:
        return "none"
    expires = f"{membership.card_exp_month or 0:02d}/{membership.card_exp_year or 0}"
    return f"{membership.card_brand} {membership.card_last4} {expires}"


def _card_there(card: CardFacts | None) -> str:
    return f"{card.brand} {card.last4} {card.exp_month:02d}/{card.exp_year}" if card else "none"
