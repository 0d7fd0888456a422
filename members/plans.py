"""Plans and their versions: a new plan, a new version of one. What was sold before stays as it was sold."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any

from django.db import transaction
from django.utils.text import slugify

from common.errors import Refused
from members import audit
from members.models import Benefit, Plan, PlanVersion, Service

TAKEN = "taken"


@dataclass(frozen=True)
class BenefitDraft:
    """One line of a version to be made: the columns of a Benefit (without its code) and the services it is for."""

    columns: dict[str, Any]
    services: tuple[Service, ...] = ()
    code: str = ""  # of the same benefit in the version before; "" for a new one


def create(
    *, name: str, tier: int, rules: dict[str, Any], benefits: Sequence[BenefitDraft], actor: str, now: datetime
) -> PlanVersion:
    """A plan with its first version. Raises Refused for a name that is taken."""
    with transaction.atomic():
        plan, made = Plan.objects.get_or_create(name=name, defaults={"tier": tier})
        if not made:
            raise Refused(f"There is a plan called {name}. Make a new version of it instead.", code="name_taken")
        return revise(plan=plan, rules=rules, benefits=benefits, actor=actor, now=now)


def revise(
    *,
    plan: Plan,
    rules: dict[str, Any],
    benefits: Sequence[BenefitDraft],
    actor: str,
    now: datetime,
    seen: int | None = None,
) -> PlanVersion:
    """The plan's next version, sold from `rules["effective_from"]` on; who has the plan keeps the version they bought.

    `rules` are columns of PlanVersion. A Stripe price is for one amount: with another price it is left empty, and the
    version cannot be sold until it has its own. `seen`: the newest number when the editing began; Refused (taken) where
    somebody has made another since.
    """
    with transaction.atomic():
        Plan.objects.select_for_update().get(pk=plan.pk)
        last = plan.versions.order_by("-number").first()
        if seen is not None and (last is None or last.number != seen):
            raise Refused("A colleague made a version meanwhile. Look at both, then save again.", code=TAKEN)
        version = PlanVersion.objects.create(
            plan=plan,
            number=last.number + 1 if last else 1,
            stripe_price_id=last.stripe_price_id if last and _charges_alike(last, rules) else "",
            stripe_freeze_price_id=last.stripe_freeze_price_id if last and _freezes_alike(last, rules) else "",
            **rules,
        )
        _add(benefits, version)
        audit.record(
            "plan.version_made",
            actor=actor,
            patient=None,
            now=now,
            data={"plan": plan.pk, "version": version.pk, "number": version.number, "cents": version.price_cents},
        )
    return version


def _add(benefits: Sequence[BenefitDraft], version: PlanVersion) -> None:
    codes = {draft.code for draft in benefits}
    for draft in benefits:
        code = draft.code or _free_code(draft, codes)
        codes.add(code)
        made = Benefit.objects.create(version=version, code=code, **draft.columns)
        made.services.set(draft.services)


def _charges_alike(last: PlanVersion, rules: dict[str, Any]) -> bool:
    asked = (rules["price_cents"], rules.get("interval", PlanVersion.Interval.MONTH))
    return (last.price_cents, last.interval) == asked


def _freezes_alike(last: PlanVersion, rules: dict[str, Any]) -> bool:
    asked = (rules.get("freeze_price_cents"), rules.get("interval", PlanVersion.Interval.MONTH))
    return (last.freeze_price_cents, last.interval) == asked


def _free_code(draft: BenefitDraft, taken: set[str]) -> str:
    named = draft.services[0].name if draft.services else draft.columns.get("category") or draft.columns["kind"]
    tries = (f"{slugify(named)[:30]}-{number}" for number in count(1))
    return next(code for code in tries if code not in taken)
