"""What each act is at Stripe. No transaction is open here; a repeat with the same quote is the same act (R145)."""

from datetime import timedelta

from members import stripe_gateway
from members.models import Membership, PlanVersion, Quote
from members.stripe_gateway import CardDeclined, StripeRefused, SubscriptionFacts

Act = Quote.Act
# A pause ends a little before the payment that is due again, so that Stripe does not void it at the same second.
LEAD = timedelta(hours=12)


def at_stripe(quote: Quote, *, membership: Membership) -> SubscriptionFacts:
    """Do it. `membership` is the one that the act leaves behind: for a restart, the new one.

    Raises CardDeclined (nothing changed), StripeUnavailable (the same call may be made again), StripeRefused.
    """
    if quote.act in (Act.START, Act.RESTART):
        return stripe_gateway.create_subscription(
            customer_id=membership.stripe_customer_id,
            price_id=quote.plan_version.stripe_price_id,
            membership_id=membership.pk,
            key=_key(quote),
        )
    subscription_id = str(membership.stripe_subscription_id)
    if not _has_fee(quote):
        return _DOES[Act(quote.act)](quote, subscription_id)
    stripe_gateway.charge_fee(
        customer_id=membership.stripe_customer_id,
        subscription_id=subscription_id,
        cents=quote.due_cents,
        currency=quote.currency,
        key=f"{_key(quote)}:fee",
    )
    try:
        return _DOES[Act(quote.act)](quote, subscription_id)
    except StripeRefused as refused:
        raise StripeRefused(f"{refused} The fee of {quote.due} WAS charged.", code=refused.code) from refused


def _has_fee(quote: Quote) -> bool:
    """Leaving early, a pause with a price: paid first, and nothing else happens when the card is refused."""
    return quote.act in (Act.CANCEL, Act.PAUSE) and quote.due_cents > 0


def _upgrade(quote: Quote, subscription_id: str) -> SubscriptionFacts:
    stripe_gateway.keep_price(subscription_id=subscription_id, key=_key(quote))
    try:
        return stripe_gateway.change_price(
            subscription_id=subscription_id,
            price_id=quote.plan_version.stripe_price_id,
            prorated_at=quote.prorated_at or quote.created_at,
            key=_key(quote),
        )
    except CardDeclined:
        if planned := quote.membership.next_plan_version:  # nothing changed: also not what was agreed on for later
            stripe_gateway.schedule_price(
                subscription_id=subscription_id, price_id=planned.stripe_price_id, key=f"{_key(quote)}:again"
            )
        raise


def _downgrade(quote: Quote, subscription_id: str) -> SubscriptionFacts:
    return stripe_gateway.schedule_price(
        subscription_id=subscription_id, price_id=quote.plan_version.stripe_price_id, key=_key(quote)
    )


def _pause(quote: Quote, subscription_id: str) -> SubscriptionFacts:
    """Open invoices are dropped too: Stripe would go on trying them all through the pause (R147)."""
    if quote.freeze == PlanVersion.Freeze.REDUCED_PRICE:
        return _reduce(quote, subscription_id)
    resumes_at = quote.next_charge_at - LEAD if quote.next_charge_at else None
    stripe_gateway.pause(subscription_id=subscription_id, resumes_at=resumes_at, key=_key(quote))
    for invoice in stripe_gateway.open_invoices(subscription_id):
        stripe_gateway.void_invoice(invoice.id, key=f"{_key(quote)}:void:{invoice.id}")
    return stripe_gateway.fetch_subscription(subscription_id)


def _reduce(quote: Quote, subscription_id: str) -> SubscriptionFacts:
    """Payments go on at the reduced price; Stripe's schedule brings the full one back, not a job of ours."""
    version = quote.membership.plan_version
    return stripe_gateway.reduce_price(
        subscription_id=subscription_id,
        price_id=version.stripe_price_id,
        reduced_price_id=version.stripe_freeze_price_id,
        months=quote.months,
        key=_key(quote),
    )


def _resume(quote: Quote, subscription_id: str) -> SubscriptionFacts:
    """Asked again after the act: a pause that stays is the best known fault of such systems."""
    if quote.membership.at_reduced_price:
        _restore(quote, subscription_id)
    stripe_gateway.resume(subscription_id=subscription_id, key=_key(quote))
    return stripe_gateway.fetch_subscription(subscription_id)


def _cancel(quote: Quote, subscription_id: str) -> SubscriptionFacts:
    if quote.ends_at_once:
        return stripe_gateway.cancel_now(subscription_id=subscription_id, key=_key(quote))
    if quote.membership.at_reduced_price:
        _restore(quote, subscription_id)  # the offer says the full price for what is still paid until the end
    else:
        stripe_gateway.keep_price(subscription_id=subscription_id, key=_key(quote))
    return stripe_gateway.cancel_at(subscription_id=subscription_id, at=quote.takes_effect_at, key=_key(quote))


def _restore(quote: Quote, subscription_id: str) -> SubscriptionFacts:
    price_id = quote.membership.plan_version.stripe_price_id
    return stripe_gateway.restore_price(subscription_id=subscription_id, price_id=price_id, key=_key(quote))


def _keep(quote: Quote, subscription_id: str) -> SubscriptionFacts:
    return stripe_gateway.keep_going(subscription_id=subscription_id, key=_key(quote))


def _key(quote: Quote) -> str:
    return f"quote:{quote.uuid}"


_DOES = {
    Act.UPGRADE: _upgrade,
    Act.DOWNGRADE: _downgrade,
    Act.PAUSE: _pause,
    Act.RESUME: _resume,
    Act.CANCEL: _cancel,
    Act.KEEP: _keep,
}
