"""Benefits delivered inconsistently: what was paid for and not granted, what was done and not taken from the ledger."""

from datetime import datetime, timedelta

from django.db.models import Exists, F, OuterRef, QuerySet

from members import redemption
from members.models import Benefit, CreditEntry, Invoice, Visit

WINDOW = timedelta(days=92)  # a quarter: what is older is settled between people, not here


def periods_without_grant(*, now: datetime) -> QuerySet[Invoice]:
    """Paid periods of plans that grant something, with no grant in the ledger. Denominator: invoices paid in WINDOW."""
    granting = Benefit.objects.filter(version=OuterRef("membership__plan_version")).exclude(kind=Benefit.Kind.PERCENT)
    paid = Invoice.objects.filter(status=Invoice.Status.PAID, opens_period=True, paid_at__gte=now - WINDOW)
    grants = CreditEntry.objects.filter(membership=OuterRef("membership"), invoice_id=OuterRef("stripe_id"))
    return paid.filter(Exists(granting), ~Exists(grants)).order_by(F("paid_at").desc(), "pk")


def visits_without_redemption(*, now: datetime) -> QuerySet[Visit]:
    """Visits of WINDOW that the ledger does not follow: included and completed but no credit used, or the reverse."""
    lately = Visit.objects.filter(ends_at__gte=now - WINDOW, ends_at__lte=now)
    return redemption.out_of_line(lately).order_by("-starts_at", "pk")
