"""Plans on sale, here and at the Stripe stand-in, and offers accepted in the ways that doors do it."""

from datetime import datetime
from typing import Any

from members import quotes
from members.models import Membership, Plan, PlanVersion, Quote, QuoteConsent, StandinObject
from members.stripe_standin import building
from tests import factories
from tests.factories import NOON

How = QuoteConsent.How


def sold_plan(name: str, *, cents: int, tier: int = 2, **rules: Any) -> PlanVersion:
    """On sale, with a price at the stand-in."""
    plan = Plan.objects.create(name=name, tier=tier)
    version = factories.make_version(plan, price_cents=cents, **rules)
    product = building.product(f"prod_{name}", name=name, created=NOON)
    interval = rules.get("interval", "month")
    price = building.price(
        version.stripe_price_id, product=product["id"], unit_amount=cents, created=NOON, interval=interval
    )
    StandinObject.objects.bulk_create(building.rows(product, price))
    return version


def offer(membership: Membership, act: str, *, now: datetime = NOON, **wish: Any) -> Quote:
    return quotes.offer(membership=membership, act=act, actor="concierge", now=now, **wish)


def by_page(quote: Quote, *, now: datetime = NOON) -> Quote:
    said = quotes.Consent(how=How.PAGE, given_by="link:1", said="I agree. Confirm")
    patient = quote.membership.patient_id
    return quotes.accept(quote=quote, consent=said, actor=f"patient:{patient}", now=now)


def by_text(quote: Quote, words: str, *, phone: str = "", now: datetime = NOON) -> Quote:
    number = phone or quote.membership.patient.phone
    said = quotes.Consent(how=How.TEXT, given_by=number, said=words)
    return quotes.accept(quote=quote, consent=said, actor=f"patient:{quote.membership.patient_id}", now=now)


def by_staff(quote: Quote, *, now: datetime = NOON) -> Quote:
    said = quotes.Consent(how=How.STAFF, given_by="staff:3", said="Agreed at the desk")
    return quotes.accept(quote=quote, consent=said, actor="staff:3", now=now)
