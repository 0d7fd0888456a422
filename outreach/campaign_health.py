"""A marketing sequence that patients or carriers refuse is stopped before it spoils the sender for all (R59)."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q

from members import escalations
from members.models import ConsentEntry, Escalation
from outreach import switches
from outreach.models import KillSwitch, Message, Sequence

_LOOKED_AT = timedelta(days=2)
_ENOUGH = 100
_MOST_OPT_OUTS, _MOST_FILTERED = 3, 2  # percent
_FILTERED = "30007"


def check(*, now: datetime) -> int:
    """Stop every sequence of which too many texts of two days ended in an opt-out or a filter. Returns how many."""
    stopped = 0
    for sequence_id, sent, out, filtered in _counted(now):
        if sent < _ENOUGH or (out * 100 <= sent * _MOST_OPT_OUTS and filtered * 100 <= sent * _MOST_FILTERED):
            continue
        sequence = Sequence.objects.get(pk=sequence_id)
        if not switches.thrown().filter(sequence=sequence).exists():
            _stop(sequence, sent, out, filtered, now)
            stopped += 1
    return stopped


def _counted(now: datetime) -> list[tuple[int, int, int, int]]:
    """(sequence, texts that went out, opt-outs after them, filtered ones); counted anew after a switch was lifted."""
    left = ConsentEntry.objects.filter(
        address=OuterRef("address"), act=ConsentEntry.Act.OPT_OUT, occurred_at__gte=OuterRef("sent_at")
    )
    lifted = KillSwitch.objects.filter(
        sequence=OuterRef("enrolment__sequence"), lifted_at__isnull=False, lifted_at__gte=OuterRef("created_at")
    )
    texts = Message.objects.filter(
        kind=Message.Kind.MARKETING, sent_at__gt=now - _LOOKED_AT, enrolment__isnull=False
    ).exclude(Exists(lifted))
    rows = texts.annotate(left=Exists(left)).order_by().values_list("enrolment__sequence")
    return list(
        rows.annotate(
            Count("pk"),
            out=Count("pk", filter=Q(left=True)),
            filtered=Count("pk", filter=Q(error_code=_FILTERED)),
        )
    )


def _stop(sequence: Sequence, sent: int, out: int, filtered: int, now: datetime) -> None:
    why = f"Of {sent} texts {out} were followed by an opt-out and {filtered} were filtered by a carrier."
    with transaction.atomic():
        switches.throw(scope=KillSwitch.Scope.SEQUENCE, sequence=sequence, reason=why, by=None, now=now)
        escalations.open(
            reason=Escalation.Reason.UNDELIVERED,
            severity=Escalation.Severity.HIGH,
            summary=f"“{sequence}” was stopped. {why} Look at its wording and at who gets it, then let it go on under "
            "Cadence.",
            subject=f"health:{sequence.slug}",
            now=now,
        )
