"""A member who exists here and at the Stripe stand-in alike."""

from datetime import timedelta

from members.models import Membership, StandinObject
from members.stripe_standin import building
from tests import factories
from tests.factories import NOON


def subscribed_member(**fields) -> Membership:
    """An active Glow member whose subscription, price and Visa card the stand-in knows."""
    membership = factories.make_membership(**fields)
    began, ends = NOON - timedelta(days=10), NOON + timedelta(days=20)
    customer_id, version = membership.stripe_customer_id, membership.plan_version
    card_id = f"pm_{customer_id}"
    product = building.product(f"prod_{version.plan.pk}", name=version.plan.name, created=began)
    price = building.price(
        version.stripe_price_id, product=product["id"], unit_amount=version.price_cents, created=began
    )
    mine = [
        building.customer(customer_id, created=began, default_payment_method=card_id),
        building.payment_method(card_id, customer=customer_id, created=began),
        building.subscription(
            str(membership.stripe_subscription_id),
            customer=customer_id,
            price=price,
            created=began,
            period_start=began,
            period_end=ends,
            default_payment_method=card_id,
        ),
    ]
    StandinObject.objects.bulk_create(building.rows(product, price), ignore_conflicts=True)
    StandinObject.objects.bulk_create(building.rows(*mine))
    return membership
