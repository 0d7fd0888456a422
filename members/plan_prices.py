"""The prices of a plan version at Stripe: made there, or chosen from what the account has. Set once, never changed."""

import re
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from common import money
from common.claims import claim
from common.errors import Refused
from members import audit, stripe_gateway
from members.models import Plan, PlanVersion, Service
from members.stripe_gateway import PriceFacts

_PRICE_ID = re.compile(r"price_\w{1,58}", re.ASCII)
FULL, REDUCED = "stripe_price_id", "stripe_freeze_price_id"


@dataclass(frozen=True)
class Missing:
    """A price that the version still waits for: `field` is its column, `cents` each period."""

    field: str
    cents: int
    words: str


def missing(version: PlanVersion) -> list[Missing]:
    """In the order in which they are needed; empty when the version can be sold and frozen by its rules."""
    price = Missing(FULL, version.price_cents, f"{version.price} a {version.interval}")
    found = [] if version.stripe_price_id else [price]
    monthly = version.interval == PlanVersion.Interval.MONTH  # a yearly plan is not frozen by itself
    if version.freeze_price_cents is not None and monthly and not version.stripe_freeze_price_id:
        frozen = money.readable(version.freeze_price_cents, version.currency)
        found.append(Missing(REDUCED, version.freeze_price_cents, f"{frozen} a {version.interval}, while frozen"))
    return found


def make(*, version: PlanVersion, actor: str, now: datetime) -> int:
    """Make at Stripe what is missing; a second call finds it there. Returns how many were set.

    Raises Refused when nothing is missing; StripeRefused (the key may not write prices), StripeUnavailable.
    """
    wanted = missing(version)
    if not wanted:
        raise Refused("This version has its prices at Stripe.", code="has_prices")
    return sum(_set(version, each, _made(version, each).id, how="made", actor=actor, now=now) for each in wanted)


def choices(version: PlanVersion, wanted: Missing) -> list[PriceFacts]:
    """Prices of the account that are exactly this, and no other plan's."""
    on_sale = stripe_gateway.recurring_prices(currency=version.currency, interval=version.interval)
    taken = _of_other_plans(version)
    return [price for price in on_sale if price.cents == wanted.cents and price.id not in taken]


def choose(*, version: PlanVersion, field: str, price_id: str, actor: str, now: datetime) -> None:
    """Take a price that the practice has already. Raises Refused for one that does not fit; as the gateway does."""
    wanted = next((each for each in missing(version) if each.field == field), None)
    if wanted is None:
        raise Refused("This version has that price already.", code="has_price")
    if not _PRICE_ID.fullmatch(price_id):
        raise Refused("Copy the price's id from Stripe: it begins with price_.", code="no_id")
    found = stripe_gateway.fetch_price(price_id)
    asked = (wanted.cents, version.currency, version.interval, 1, True)
    if (found.cents, found.currency, found.interval, found.interval_count, found.active) != asked:
        raise Refused(f"That price is not {wanted.words}.", code="other_price")
    if price_id in _of_other_plans(version):
        raise Refused("That price belongs to another plan: Stripe could not tell them apart.", code="taken")
    _set(version, wanted, price_id, how="chosen", actor=actor, now=now)


def _made(version: PlanVersion, wanted: Missing) -> PriceFacts:
    kind = "price" if wanted.field == FULL else "freeze"
    name = f"plan-{version.plan_id}-version-{version.number}-{kind}"
    return stripe_gateway.create_price(
        product_name=_product_name(version.plan),
        like_price_id=_any_price_of(version.plan),
        cents=wanted.cents,
        currency=version.currency,
        interval=version.interval,
        lookup_key=name,
        key=f"{name}:{wanted.cents}",
    )


def _product_name(plan: Plan) -> str:
    """R106: nothing at Stripe says what is treated, also where the practice named a plan after it."""
    words = {word.lower() for service in Service.objects.all() for word in _treatment_words(service)}
    said = plan.name.lower()
    return f"Membership {plan.tier}" if any(word in said for word in words) else f"Membership {plan.name}"


def _treatment_words(service: Service) -> list[str]:
    return [word for word in (service.name, service.category, *service.nicknames) if len(word) > 2]


def _any_price_of(plan: Plan) -> str:
    """A price of the plan, whose product the next one shares; "" for a plan without one."""
    priced = PlanVersion.objects.filter(plan=plan).exclude(stripe_price_id="").order_by("-number")
    return priced.values_list("stripe_price_id", flat=True).first() or ""


def _of_other_plans(version: PlanVersion) -> set[str]:
    others = PlanVersion.objects.exclude(plan=version.plan_id)
    return {price for pair in others.values_list(FULL, REDUCED) for price in pair if price}


def _set(version: PlanVersion, wanted: Missing, price_id: str, *, how: str, actor: str, now: datetime) -> bool:
    """False when somebody else set it in the meantime; what stands then stays."""
    with transaction.atomic():
        if not claim(PlanVersion.objects.filter(pk=version.pk, **{wanted.field: ""}), **{wanted.field: price_id}):
            return False
        audit.record(
            f"plan.price_{how}",
            actor=actor,
            patient=None,
            now=now,
            data={"plan": version.plan_id, "version": version.pk, "price": price_id, "cents": wanted.cents},
        )
    version.refresh_from_db()
    return True
