"""Offers made, found by their code, and taken back."""

import hashlib
import json
import re
from datetime import datetime

from django.db import transaction

from members import audit
from members.models import Membership, PlanVersion, Quote
from members.quotes.drafting import Wish, draft

Act, State = Quote.Act, Quote.State


def offer(
    *,
    membership: Membership,
    act: str,
    actor: str,
    now: datetime,
    version: PlanVersion | None = None,
    months: int = 1,
    freeze: str = "",
    reason: str = "",
    at_once: bool = False,
) -> Quote:
    """Exact terms of an act, good for 48 hours; they take the place of an earlier offer.

    `version`: the plan wanted (UPGRADE and DOWNGRADE are told apart by price, either may be named); RESTART without one
    offers the plan held before, as it is sold now. `months` and `freeze` belong to PAUSE, `reason` is a Quote.Reason;
    `at_once` buys a CANCEL out of the minimum term.
    Raises Refused with a sentence the patient may read; StripeUnavailable and StripeRefused from Stripe's preview.
    """
    if act in (Act.RESTART, Act.START) and version is None:
        version = membership.plan.version_at(now)
    wish = Wish(act=act, version=version, months=months, freeze=freeze, reason=reason, at_once=at_once)
    return keep(draft(membership, wish, actor=actor, now=now), actor=actor, now=now)


def preview(*, membership: Membership, act: str, now: datetime) -> list[list[str]]:
    """The terms that an offer of the act would have now; nothing is written. Raises as `offer`."""
    terms: list[list[str]] = draft(membership, Wish(act=act), actor="", now=now).terms
    return terms


def fingerprint(terms: list[list[str]]) -> str:
    """Of terms as shown, for a page whose button agrees to them."""
    return hashlib.sha256(json.dumps(terms).encode()).hexdigest()


def on_sale(*, now: datetime) -> list[PlanVersion]:
    """What can be bought now: the version in force of each plan, the lowest plan first."""
    newest: dict[int, PlanVersion] = {}
    for version in PlanVersion.objects.in_force(now).select_related("plan").order_by("plan__tier", "number"):
        newest[version.plan_id] = version
    return [version for version in newest.values() if version.stripe_price_id]


def keep(quote: Quote, *, actor: str, now: datetime) -> Quote:
    """Save a draft as the membership's one open offer."""
    with transaction.atomic():
        Membership.objects.select_for_update().get(pk=quote.membership_id)
        Quote.objects.filter(membership=quote.membership, state=State.OFFERED).update(
            state=State.WITHDRAWN, settled_at=now, outcome="Another offer took its place."
        )
        quote.save(force_insert=True)
        _trace("offered", quote, actor, now)
    return quote


def withdraw(*, quote: Quote, actor: str, why: str, now: datetime) -> None:
    """Take an open offer back; one that is accepted or settled stays as it is."""
    with transaction.atomic():
        changed = Quote.objects.filter(pk=quote.pk, state=State.OFFERED).update(
            state=State.WITHDRAWN, settled_at=now, outcome=why[:200]
        )
        quote.refresh_from_db()
        if changed:
            _trace("withdrawn", quote, actor, now)


def by_code(*, phone: str, words: str, now: datetime) -> Quote | None:
    """The open offer whose code the text is, sent from a number of its patient; nothing but the code counts (R90)."""
    code = re.sub(r"[\s.!\"']", "", words).upper()
    if not code or len(code) > 8:
        return None
    rows = Quote.objects.filter(
        code=code, state=State.OFFERED, expires_at__gt=now, membership__patient__phones__number=phone
    )
    return rows.select_related("membership__patient", "membership__plan_version", "plan_version__plan").first()


def _trace(act: str, quote: Quote, actor: str, now: datetime) -> None:
    data = {"quote": quote.pk, "act": quote.act, "cents": quote.due_cents, "version": quote.plan_version_id}
    audit.record(f"quote.{act}", actor=actor, patient=quote.membership.patient, now=now, data=data)
