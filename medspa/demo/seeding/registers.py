"""The papers of a practice that is live: agreements, whom to page, what the owner answered for."""

from datetime import datetime, timedelta

from members.models import BusinessAssociate, Confirmation, OnCallContact, StaffUser


def fill(*, owner: StaffUser, now: datetime) -> None:
    before = now - timedelta(days=380)
    for vendor in BusinessAssociate.Vendor.values[:4]:
        BusinessAssociate.objects.create(
            vendor=vendor, name="Signed in the demo", signed_on=before.date(), kept_at="Office, blue folder"
        )
    for position, name in enumerate(("Riley Stone, NP", "Olivia Hart"), start=1):
        OnCallContact.objects.create(position=position, name=name, phone=f"+1512555019{position}")
    for kind in Confirmation.Kind.values:
        Confirmation.objects.create(kind=kind, confirmed_by=owner, confirmed_at=before)
