"""Hand-offs that nobody took: the desk is reminded, then the owner is told (R167).

The clock runs in the location's opening hours from the moment the case was opened: a patient who writes again waits
no shorter. What is written names no patient: it may be read on any lock screen. Emergencies have a chain of their own.
"""

import logging
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from common.rounds import in_time
from concierge.models import CONVERSATION_REASONS, Conversation, Reminder
from members import audit
from members.models import Escalation, Location, OnCallContact, StaffRole, StaffUser
from outreach import legal_tables, outbox, transports
from outreach.models import Message

log = logging.getLogger(__name__)

Step, Role = Reminder.Step, StaffRole.Role
_WORDS = {
    Step.DESK: "Case {case}: a patient has waited for a person for {span} of opening hours. Please claim it.",
    Step.OWNER: "Case {case}: nobody has taken it for {span} of opening hours. The desk was reminded. Open the portal.",
}


def remind_due(*, now: datetime) -> int:
    """Remind of every hand-off that has waited too long. Returns how many reminders were given."""
    reminded = 0
    for case in in_time(list(_untaken(now))):
        try:
            reminded += sum(remind(case, step, now=now) for step in Step if _is_due(case, step, now))
        except Exception:
            log.exception("nobody reminded of a case", extra={"case_pk": case.pk})  # the next one still gets its turn
    return reminded


def remind(case: Escalation, step: "Reminder.Step", *, now: datetime) -> bool:
    """Write to the people of this step, once; False if that was done before."""
    body = _WORDS[step].format(case=case.pk, span=_spoken(legal_tables.hand_off_timers()[step]))
    people = _mails(case, step) + _phones(step)
    if not people:
        log.error("a hand-off waits and nobody can be written to", extra={"case_pk": case.pk})
    try:
        with transaction.atomic():
            Reminder.objects.create(case=case, step=step, told=len(people), reminded_at=now)
            for channel, address in people:
                outbox.post(
                    kind=Message.Kind.ALERT,
                    channel=channel,
                    body=body,
                    dedupe_key=f"reminder:{case.pk}:{step}:{address}",
                    address=address,
                    now=now,
                )
            data = {"escalation": case.pk, "step": step, "told": len(people)}
            audit.record("escalation.reminded", actor="system", patient=case.patient, now=now, data=data)
    except IntegrityError:
        if not Reminder.objects.filter(case=case, step=step).exists():
            raise
        return False  # another worker was quicker
    return True


def _untaken(now: datetime) -> QuerySet[Escalation]:
    """Open cases about a conversation that no person has looked after since: not claimed, not answered, no pen held."""
    soonest = min(legal_tables.hand_off_timers().values())
    same = Conversation.objects.filter(phone=OuterRef("phone"))
    seen = same.filter(Q(holder__isnull=False) | Q(answered_at__gte=OuterRef("opened_at")))
    cases = Escalation.objects.filter(
        ~Exists(seen), state=Escalation.State.OPEN, reason__in=CONVERSATION_REASONS, opened_at__lte=now - soonest
    )
    told = Reminder.objects.filter(case=OuterRef("pk"), step=Step.OWNER)
    grave = Q(severity=Escalation.Severity.EMERGENCY)
    return cases.exclude(grave).filter(~Exists(told)).select_related("location", "patient").order_by(F("opened_at"))


def _is_due(case: Escalation, step: "Reminder.Step", now: datetime) -> bool:
    span = legal_tables.hand_off_timers()[step]
    due = case.location.after_open_time(case.opened_at, span) if case.location else case.opened_at + span
    return due <= now and not case.reminders.filter(step=step).exists()


def _mails(case: Escalation, step: "Reminder.Step") -> list[tuple[str, str]]:
    """Addresses of those who look after the case's location; of every owner at the second step."""
    if not transports.serves(Message.Channel.EMAIL):
        return []
    staff = StaffUser.objects.filter(is_active=True)
    if step == Step.OWNER:
        staff = staff.filter(Q(roles__role=Role.OWNER) | Q(is_superuser=True))
    else:
        staff = staff.filter(_at(case.location), roles__role__in=(Role.FRONT_DESK, Role.MANAGER))
    return [(Message.Channel.EMAIL, email) for email in staff.values_list("email", flat=True).distinct()]


def _at(location: Location | None) -> Q:
    everywhere = Q(roles__location__isnull=True)
    return everywhere | Q(roles__location=location) if location else everywhere


def _phones(step: "Reminder.Step") -> list[tuple[str, str]]:
    """The list of people on call ends with the owner (R162); without e-mail, the first is the desk's only way."""
    last = OnCallContact.objects.last()
    first = OnCallContact.objects.first() if not transports.serves(Message.Channel.EMAIL) else None
    contact = last if step == Step.OWNER else first
    return [(Message.Channel.SMS, contact.phone)] if contact else []


def _spoken(span: timedelta) -> str:
    minutes = int(span.total_seconds()) // 60
    return f"{minutes} minutes" if minutes < 120 else f"{minutes // 60} hours"
