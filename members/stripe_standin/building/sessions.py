"""Hosted pages on which a customer leaves a card."""

from datetime import datetime, timedelta

from members.stripe_standin.building.bodies import Body, base, seconds

SESSION_LIFE = timedelta(hours=24)


def checkout_session(
    ident: str,
    *,
    customer: str,
    setup_intent: str,
    url: str,
    success_url: str,
    cancel_url: str | None,
    currency: str | None,
    created: datetime,
    metadata: Body | None = None,
) -> Body:
    """Of mode `setup`, open."""
    return {
        **base(ident, "checkout.session", created, metadata),
        "cancel_url": cancel_url,
        "currency": currency,
        "customer": customer,
        "expires_at": seconds(created + SESSION_LIFE),
        "setup_intent": setup_intent,
        "success_url": success_url,
        "url": url,
    }


def setup_intent(ident: str, *, customer: str, created: datetime) -> Body:
    """Waiting for a card."""
    return {
        **base(ident, "setup_intent", created, None),
        "client_secret": f"{ident}_secret_standin",
        "customer": customer,
    }
