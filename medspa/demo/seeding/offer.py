"""What Glow Theory sells: three plans, one of them changed last winter; its older members keep what they bought."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.text import slugify

from members.models import Benefit, Plan, PlanVersion, Service

_CHANGED = timedelta(days=190)  # so long ago Radiance got its second version
_LONG_AGO = timedelta(days=1000)


def _credit(*services: str, months: int, **rules: Any) -> dict[str, Any]:
    return {"services": services, "valid_months": months, **rules}


def _off(percent: int, category: str) -> dict[str, Any]:
    return {"kind": Benefit.Kind.PERCENT, "percent": percent, "category": category, "valid_months": None}


# plan, rank, then its versions: rules and benefits
_PLANS: tuple[tuple[str, int, tuple[tuple[dict[str, Any], tuple[dict[str, Any], ...]], ...]], ...] = (
    (
        "Glow",
        1,
        (({"price_cents": 12900, "stripe_price_id": "price_demo_glow"}, (_credit("Signature Facial", months=2),)),),
    ),
    (
        "Radiance",
        2,
        (
            (
                {"price_cents": 17900, "stripe_price_id": "price_demo_radiance_1"},
                (_credit("Signature Facial", months=2), _credit("LED Light Therapy", months=2)),
            ),
            (
                {
                    "price_cents": 19900,
                    "stripe_price_id": "price_demo_radiance",
                    "minimum_term_months": 3,
                    "early_end_fee_cents": 9900,
                    "freeze_price_cents": 2900,
                },
                (
                    _credit("Signature Facial", months=2, rollover_cap=1),
                    _credit("LED Light Therapy", "Eye Renewal Treatment", months=2),
                    _off(10, "Injectables"),
                ),
            ),
        ),
    ),
    (
        "Luxe",
        3,
        (
            (
                {
                    "price_cents": 32900,
                    "stripe_price_id": "price_demo_luxe",
                    "minimum_term_months": 6,
                    "early_end_fee_cents": 19900,
                    "freeze_with_benefits": True,
                    "freeze_fee_cents": 2500,
                    "usable_after_cancel_days": 30,
                },
                (
                    _credit("HydraGlow Facial", months=3, shareable=True, guest_passes_per_year=1),
                    _credit("Dermaplaning", months=3, rollover_cap=2),
                    {"kind": Benefit.Kind.WALLET, "quantity": 5000, "valid_months": 3, "rollover_cap": 10000},
                    _off(15, "Injectables"),
                    _off(20, "Add-ons"),
                ),
            ),
        ),
    ),
)


@dataclass(frozen=True)
class Offer:
    versions: dict[str, list[PlanVersion]]  # of each plan, the first in front
    benefits: dict[int, list[Benefit]]  # of each version, but for its member prices: those grant nothing

    def sold_at(self, plan: str, when: datetime) -> PlanVersion:
        return [version for version in self.versions[plan] if version.effective_from <= when][-1]


def build(services: dict[str, Service], now: datetime) -> Offer:
    versions: dict[str, list[PlanVersion]] = {}
    benefits: dict[int, list[Benefit]] = {}
    for name, tier, sold in _PLANS:
        plan = Plan.objects.create(name=name, tier=tier)
        versions[name] = []
        for number, (rules, granted) in enumerate(sold, start=1):
            version = _version(plan, number, rules, now)
            versions[name].append(version)
            made = [_benefit(version, line, services) for line in granted]
            benefits[version.pk] = [line for line in made if line.kind != Benefit.Kind.PERCENT]
    return Offer(versions, benefits)


def _version(plan: Plan, number: int, rules: dict[str, Any], now: datetime) -> PlanVersion:
    return PlanVersion.objects.create(
        plan=plan,
        number=number,
        effective_from=now - (_LONG_AGO if number == 1 else _CHANGED),
        notice_days=30,
        terms="Billed monthly until you cancel, with 30 days' notice. Unused credits expire as the plan says.",
        **rules,
    )


def _benefit(version: PlanVersion, line: dict[str, Any], services: dict[str, Service]) -> Benefit:
    columns = dict(line)
    names = columns.pop("services", ())
    named = names[0] if names else columns.get("category") or "wallet"
    benefit = Benefit.objects.create(version=version, code=slugify(named), **columns)
    benefit.services.set([services[name] for name in names])
    return benefit
