"""Kill switches: everything, automation only, one location, one sequence (R171).

The gate reads them at every question, on every machine, so that one works with the next text. No switch stops an
emergency reply or the confirmation of an opt-out (settled.md 13).
"""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from common import redaction
from common.errors import Refused
from members import audit
from members.models import Location, StaffUser
from outreach.models import KillSwitch, Message, Sequence

Scope, Kind = KillSwitch.Scope, Message.Kind

_STOPPED_WORDS = "Stopped by hand"
# An answer is automation too, but it is the patient's own question: only "everything" and "automation" stop it.
_BY_PEOPLE = (Kind.STAFF,)


def thrown() -> QuerySet[KillSwitch]:
    return KillSwitch.objects.filter(lifted_at__isnull=True).select_related("location", "sequence", "thrown_by")


def thrown_for(message: Message) -> KillSwitch | None:
    """The switch that stops this message now, the widest in front."""
    wanted = Q(scope=Scope.ALL)
    if message.kind not in _BY_PEOPLE:
        wanted |= Q(scope=Scope.AUTOMATION)
        if message.location_id:
            wanted |= Q(scope=Scope.LOCATION, location=message.location_id)
    if message.enrolment_id and message.enrolment:
        wanted |= Q(scope=Scope.SEQUENCE, sequence=message.enrolment.sequence_id)
    return thrown().filter(wanted).order_by("pk").first()


def throw(
    *,
    scope: str,
    reason: str,
    by: StaffUser | None,
    now: datetime,
    location: Location | None = None,
    sequence: Sequence | None = None,
) -> KillSwitch:
    """Stop at once. Throwing one that is thrown returns it. Raises Refused without a reason or without its target."""
    if not reason.strip():
        raise Refused("Say why you stop it, so that whoever comes next knows.", code="no_reason")
    if (scope == Scope.LOCATION) != (location is not None) or (scope == Scope.SEQUENCE) != (sequence is not None):
        raise Refused("Choose what is to be stopped.", code="no_target")
    target = {"scope": scope, "location": location, "sequence": sequence}
    try:
        with transaction.atomic():
            words = redaction.redact(reason).strip()[:200]
            switch = KillSwitch.objects.create(reason=words, thrown_by=by, thrown_at=now, **target)
            _trace("thrown", switch, by, now)
    except IntegrityError:  # one_thrown_switch_…
        return thrown().get(**target)
    return switch


def lift(*, switch: KillSwitch, by: StaffUser, now: datetime) -> bool:
    """Let it go on; what waited for this is due again at once. False if it was lifted before."""
    with transaction.atomic():
        open_ = KillSwitch.objects.filter(pk=switch.pk, lifted_at__isnull=True)
        if not open_.update(lifted_at=now, lifted_by=by):
            return False
        waiting = Message.objects.filter(status=Message.Status.QUEUED, reason__startswith=_STOPPED_WORDS)
        waiting.filter(due_at__gt=now).update(due_at=now)
        _trace("lifted", switch, by, now)
    return True


def _trace(act: str, switch: KillSwitch, by: StaffUser | None, now: datetime) -> None:
    data = {"switch": switch.pk, "scope": switch.scope, "location": switch.location_id, "sequence": switch.sequence_id}
    audit.record(f"kill_switch.{act}", actor=f"staff:{by.pk}" if by else "system", patient=None, now=now, data=data)
