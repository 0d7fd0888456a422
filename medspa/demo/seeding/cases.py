"""Cases that need a person: some open now, one claimed, some resolved. Written by the verbs themselves."""

from datetime import datetime, timedelta

from medspa.demo.seeding import cast
from medspa.demo.seeding.chats import is_calm
from medspa.demo.seeding.lives import Life
from medspa.demo.seeding.practice import House
from members import escalations
from members.models import Escalation, Membership

Reason, Severity = Escalation.Reason, Escalation.Severity

# reason, severity, hours ago, what happened
_OPEN = (
    (
        Reason.QUESTION,
        Severity.NORMAL,
        0.4,
        "Asked by text whether the membership can be shared with a sister. No rule for it here. Answer, and note the "
        "answer for next time.",
    ),
    (
        Reason.CANCELLATION,
        Severity.HIGH,
        0.3,
        "Wrote “thinking about stopping for a while”. Call before the next payment; a pause may be what is wanted.",
    ),
    (
        Reason.HUMAN,
        Severity.NORMAL,
        1.3,
        "Asked to speak to a person about the last visit. Nothing urgent was said. Call back.",
    ),
)
_RESOLVED = (
    (Reason.QUESTION, 6, "Asked about parking in the evening.", "Answered by text."),
    (Reason.HUMAN, 9, "Asked to be called about the plan.", "Called; moves to Radiance next month."),
    (Reason.CANCELLATION, 15, "Said the plan is too much right now.", "Paused for two months."),
    (Reason.QUESTION, 21, "Asked if the credit can be given to a friend.", "Explained the rule; booked herself."),
    (Reason.PAYMENT_CALL, 33, "Payment still open after two texts.", "Called; new card given by the link."),
)


def save(house: House, lives: list[Life], now: datetime) -> None:
    calm = [life for life in lives[len(cast.STORIES) :] if is_calm(life)]
    staff = house.staff["desk.austin@example.com"]
    for life, (reason, days, summary, outcome) in zip(calm, _RESOLVED, strict=False):
        at = max(now - timedelta(days=days), life.started_at)
        case = escalations.open(reason=reason, summary=summary, patient=life.patient, now=at)
        escalations.claim(escalation=case, by=staff, now=at + timedelta(minutes=6))
        escalations.resolve(escalation=case, by=staff, outcome=outcome, now=at + timedelta(minutes=25))
    for life, (reason, severity, hours, summary) in zip(calm[len(_RESOLVED) :], _OPEN, strict=False):
        at = now - timedelta(hours=hours)
        escalations.open(reason=reason, summary=summary, patient=life.patient, severity=severity, now=at)
    for life in lives:
        _unpaid(life, staff_call_after=timedelta(days=5), now=now)
    waiting = Escalation.objects.filter(state=Escalation.State.OPEN).order_by("pk").last()
    if waiting:
        escalations.claim(escalation=waiting, by=staff, now=now - timedelta(minutes=10))


def _unpaid(life: Life, *, staff_call_after: timedelta, now: datetime) -> None:
    """The fifth day of payment recovery is a call."""
    failed_at = life.periods[-1].failed_at
    if life.persona.standing != Membership.Status.PAST_DUE or failed_at is None or now - failed_at < staff_call_after:
        return
    escalations.open(
        reason=Reason.PAYMENT_CALL,
        summary=f"Call {life.patient.full_name} about the {life.plan.name} payment of {life.version.price} that failed "
        f"on {failed_at:%B} {failed_at.day}. Two texts had no effect. Offer to text the card link again.",
        patient=life.patient,
        now=failed_at + staff_call_after,
    )
