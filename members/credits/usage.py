"""What the rules of the plan let a member use now. The version that granted a credit decides, not a later one.

What ended with the membership is settled by the lots' ends (`lots.with_end`); here are pauses and unpaid invoices.
"""

from datetime import datetime

from members.credits.lots import Lot
from members.models import CreditEntry, Membership, Patient, Quote

Status = Membership.Status


def why_not(lot: Lot, membership: Membership) -> str:
    """Why this lot may not be used now, as a sentence that the patient may read; "" when it may."""
    benefit = lot.benefit
    if benefit is None:  # a bonus is the practice's word, whatever the plan says
        return ""
    version = benefit.version
    if membership.status == Status.PAUSED:
        own = benefit.usable_while_paused
        if not _goes_on(membership) and not (version.usable_while_paused if own is None else own):
            return "Benefits rest while the membership is paused."
    if membership.status == Status.PAST_DUE:
        own = benefit.usable_while_past_due
        if not (version.usable_while_past_due if own is None else own):
            return "Benefits can be used again once the open payment is settled."
    return ""


def _goes_on(membership: Membership) -> bool:
    """Whether the pause that runs was sold as one in which benefits go on; that was agreed, whatever the rest says."""
    paused = membership.quotes.filter(act=Quote.Act.PAUSE, state=Quote.State.DONE).order_by("-settled_at").first()
    return paused is not None and paused.freeze in Quote.BENEFITS_GO_ON


def may_share(lot: Lot, membership: Membership, user: Patient) -> bool:
    """Whether somebody else may use it: a shareable benefit, in the member's household."""
    together = user.household_id is not None and user.household_id == membership.patient.household_id
    return together and lot.benefit is not None and lot.benefit.shareable


def guest_passes_left(lot: Lot, membership: Membership, *, at: datetime) -> int:
    """Passes of the lot's benefit that are left in the membership's year, which begins on its anniversary."""
    if lot.benefit is None or not lot.benefit.guest_passes_per_year:
        return 0
    used = CreditEntry.objects.filter(
        membership=membership,
        benefit__code=lot.benefit.code,
        as_guest=True,
        occurred_at__gte=membership.year_begins(at),
    )
    net = sum(-quantity for quantity in used.values_list("quantity", flat=True))
    return max(0, lot.benefit.guest_passes_per_year - net)
