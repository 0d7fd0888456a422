"""The nightly check of the audit trail, in claimed pieces; the first broken row opens one case (R116, R118)."""

import itertools
from datetime import UTC, date, datetime

from django.db import transaction
from django.db.models import Q

from common import rounds
from common.claims import claim
from members import audit_seals, escalations
from members.audit_seals import Break, Verification
from members.models import AuditRound, Escalation

SUBJECT = "audit-trail"


def work(*, now: datetime) -> int:
    """Go on with the day's check until it or the round's time is over. Returns how many links were found whole."""
    AuditRound.objects.get_or_create(pk=1)
    today, whole = now.astimezone(UTC).date(), 0
    for _ in rounds.in_time(itertools.count()):
        linked = _piece(today, now)
        if linked is None:
            break
        whole += linked
    return whole


def _piece(today: date, now: datetime) -> int | None:
    """None when the day's check is over, or another worker has this piece."""
    at = AuditRound.objects.get(pk=1)
    if at.checked_on == today:
        return None
    found = audit_seals.verify_on(position=at.checked_to, digest=at.checked_digest)
    mine = AuditRound.objects.filter(
        Q(checked_on__isnull=True) | Q(checked_on__lt=today), pk=1, checked_to=at.checked_to
    )
    if found.holds and found.links == audit_seals.BATCH:
        went_on = claim(mine, checked_to=found.position, checked_digest=found.head)
        return found.links if went_on else None
    waiting, slipped_in = audit_seals.without_seal()
    whole = Verification(found.position, found.position, found.head, waiting, found.broken or slipped_in)
    with transaction.atomic():
        if not claim(mine, checked_to=0, checked_digest="", checked_on=today):
            return None
        audit_seals.note(whole, actor="system", now=now)
        if whole.broken:
            _tell(whole.broken, now)
    return found.links


def _tell(broken: Break, now: datetime) -> None:
    """One case, however many nights find it."""
    entry = f"Entry {broken.entry}" if broken.entry else "An entry"
    escalations.open_once(
        reason=Escalation.Reason.AUDIT,
        severity=Escalation.Severity.HIGH,
        summary=f"The audit trail does not hold. {entry} (link {broken.position}) {broken.words}. Somebody changed the "
        "database beside the product, or a copy was put back. Keep a copy of it as it is, and find out who.",
        subject=SUBJECT,
        now=now,
    )
