"""What a plan costs, grants and rules, and what single services cost: frozen, for decisions and answers."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from members.models import Benefit, PlanVersion, Service


@dataclass(frozen=True)
class BenefitFact:
    """One line of a plan. `quantity`: credits a period, or cents of a wallet."""

    kind: str  # a Benefit.Kind
    quantity: int = 0
    name: str = ""  # "" unless it may be named to somebody who has not named it (R107)
    services: tuple[int, ...] = ()
    percent: int = 0
    category: str = ""
    valid_months: int | None = None
    shareable: bool = False


@dataclass(frozen=True)
class PlanFact:
    version_id: int
    plan_id: int
    name: str
    tier: int
    price_cents: int
    currency: str = "usd"
    yearly: bool = False
    benefits: tuple[BenefitFact, ...] = ()
    freezes: bool = False  # a pause that a member may take without a person
    freeze_months: int = 0  # a year
    notice_days: int = 0
    minimum_months: int = 0

    def credits_for(self, service_id: int) -> bool:
        return any(service_id in benefit.services for benefit in self.benefits)

    def member_cents(self, price: "PriceFact") -> int:
        """The price after the plan's percentage, rounded to whole cents in the member's favour."""
        off = [benefit.percent for benefit in self.benefits if benefit.category == price.category and benefit.percent]
        return price.cents * (100 - max(off, default=0)) // 100


@dataclass(frozen=True)
class PriceFact:
    service_id: int
    name: str
    category: str
    cents: int
    currency: str = "usd"


def of_version(version: PlanVersion) -> PlanFact:
    """`version.benefits` and their services should be prefetched."""
    plain = [way for way in version.freezes_offered if way != PlanVersion.Freeze.REDUCED_PRICE]
    return PlanFact(
        version_id=version.pk,
        plan_id=version.plan_id,
        name=version.plan.name,
        tier=version.plan.tier,
        price_cents=version.price_cents,
        currency=version.currency,
        yearly=version.interval == PlanVersion.Interval.YEAR,
        benefits=tuple(_benefit(line) for line in version.benefits.all()),
        freezes=bool(plain) and not version.freeze_fee_cents and version.interval == PlanVersion.Interval.MONTH,
        freeze_months=version.freeze_months_per_year,
        notice_days=version.notice_days,
        minimum_months=version.minimum_term_months,
    )


def on_sale(now: datetime) -> tuple[PlanFact, ...]:
    """The version in force of each plan that can be bought, the lowest plan first."""
    newest: dict[int, PlanVersion] = {}
    sold = PlanVersion.objects.in_force(now).select_related("plan").prefetch_related("benefits__services")
    for version in sold.order_by("plan__tier", "number"):
        newest[version.plan_id] = version
    return tuple(of_version(version) for version in newest.values() if version.stripe_price_id)


def prices(services: Iterable[Service]) -> tuple[PriceFact, ...]:
    return tuple(PriceFact(one.pk, one.name, one.category, one.price_cents, one.currency) for one in services)


def _benefit(line: Benefit) -> BenefitFact:
    return BenefitFact(
        kind=line.kind,
        quantity=line.quantity,
        name=line.service_names if line.safe_in_text else "",
        services=tuple(service.pk for service in line.services.all()) if line.kind == Benefit.Kind.CREDIT else (),
        percent=line.percent,
        category=line.category,
        valid_months=line.valid_months,
        shareable=line.shareable,
    )
