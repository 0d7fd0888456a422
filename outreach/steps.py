"""One step of a sequence, taken: a message in the outbox with what it offers, or a case for staff."""

from dataclasses import dataclass
from datetime import datetime

from members import escalations, links
from members.models import PatientLink
from outreach import offers, outbox, routes, spoken, step_facts, wording
from outreach.models import Enrolment, Message, Step
from outreach.spoken import Times


@dataclass(frozen=True)
class Prepared:
    """What had to be asked outside the transaction: real appointment times, where the step names some."""

    times: Times


def prepare(step: Step, enrolment: Enrolment, *, now: datetime) -> Prepared:
    """Look up what the step names at the moment of its sending. Not inside a transaction."""
    if offers.TIMES not in step.choices:
        return Prepared(spoken.NO_TIMES)
    return Prepared(spoken.times_for(enrolment.membership, now=now))


def take(step: Step, prepared: Prepared, enrolment: Enrolment, *, now: datetime) -> Message | None:
    """Take the step, inside the caller's transaction. Returns the message, None for a task of staff."""
    patient = step_facts.recipient(enrolment)
    channel = routes.choose(step, patient)
    if channel == Step.Channel.STAFF:
        _task(step, enrolment, now)
        return None
    body = _body(step, prepared, enrolment, now)
    message = outbox.post(
        kind=Message.Kind.SERVICING if step.channel == Step.Channel.VOICE else step.kind,
        channel=channel,
        body=body,
        dedupe_key=f"enrolment:{enrolment.pk}:step:{step.position}",
        patient=patient,
        address=routes.address(channel, patient),
        location=enrolment.membership.location,
        enrolment=enrolment,
        link=_link(enrolment, now) if wording.LINK in body else None,
        now=now,
    )
    if message.status == Message.Status.QUEUED:
        _offer(step, prepared, message, now)
    return message


def _body(step: Step, prepared: Prepared, enrolment: Enrolment, now: datetime) -> str:
    """What is written. Of a call: what staff would be asked to do, which they are if it reaches nobody."""
    if step.channel == Step.Channel.VOICE:
        return wording.render(step.wording, step_facts.for_staff(enrolment, now=now))
    language = step_facts.recipient(enrolment).language
    facts = step_facts.for_patient(enrolment) | {"times": prepared.times.sentence(language)}
    return wording.render(step_facts.wording(step, enrolment), facts)


def _offer(step: Step, prepared: Prepared, message: Message, now: datetime) -> None:
    """Bind what the text names to it, so that a reply means this and nothing else."""
    if offers.TIMES in step.choices and message.patient:
        language = message.patient.language
        words = prepared.times.words(language)
        offers.bind_times(message, prepared.times.openings, words, language, now=now)
    else:
        offers.bind_replies(message, step.choices, now=now)


def _task(step: Step, enrolment: Enrolment, now: datetime) -> None:
    escalations.open(
        reason=step.kind,
        summary=wording.render(step.wording, step_facts.for_staff(enrolment, now=now)),
        patient=enrolment.membership.patient,
        location=enrolment.membership.location,
        now=now,
    )


def _link(enrolment: Enrolment, now: datetime) -> PatientLink:
    return links.issue(
        membership=enrolment.membership,
        purpose=step_facts.link_purpose(enrolment),
        invoice=step_facts.invoice(enrolment),
        now=now,
    )
