"""Checks of who the patient is to us: switches, suppression, holds, consent."""

from datetime import timedelta

from members import consent
from members.models import ConsentEntry, Hold, Patient, Practice
from outreach import silence, suppressions, switches
from outreach.gate.question import Denial, Look
from outreach.models import Message, Sequence

Kind, Channel, Slug = Message.Kind, Message.Channel, Sequence.Slug

_WHILE_SWITCHED_OFF = timedelta(minutes=5)
# What the law makes us send has no go-live switch, only kill switches.
GO_LIVE = {
    Slug.PAYMENT_RECOVERY: "recovery_on",
    Slug.EXPIRING_CARD: "recovery_on",
    Slug.UTILIZATION: "nudges_on",
    Slug.UTILIZATION_60: "nudges_on",
    Slug.COME_BACK: "nudges_on",
    Slug.RHYTHM: "nudges_on",
    Slug.MISSED_VISIT: "nudges_on",
    Slug.UPGRADE: "upgrades_on",
    Slug.WIN_BACK: "win_back_on",
    Slug.REMIND_LATER: "win_back_on",
    Slug.PAUSE_FORGOTTEN: "win_back_on",
}
_PURPOSES = {
    Kind.SERVICING: ConsentEntry.Purpose.SERVICING,
    Kind.CONFIRMATION: ConsentEntry.Purpose.SERVICING,
    Kind.STAFF: ConsentEntry.Purpose.SERVICING,
    Kind.NOTICE: ConsentEntry.Purpose.SERVICING,
    Kind.MARKETING: ConsentEntry.Purpose.MARKETING,
}
_BY = {Channel.SMS: "texts", Channel.EMAIL: "e-mails", Channel.VOICE: "automated calls"}


def is_live(slug: str, practice: Practice) -> bool:
    """Whether the practice has switched this automation on."""
    switch = GO_LIVE.get(Slug(slug))
    return switch is None or bool(getattr(practice, switch))


def no_address(look: Look) -> Denial | None:
    if look.message.address:
        return None
    if look.message.channel == Channel.EMAIL:
        return Denial("no_email", "There is no e-mail address on file.")
    return Denial("no_phone", "There is no phone number on file.")


def killed(look: Look) -> Denial | None:
    """R171. Read at every question, so that a switch works at once; what it stops waits until it is lifted."""
    thrown = switches.thrown_for(look.message) if look.house.is_any_switch_thrown else None
    if thrown is None:
        return None
    look.inputs["kill_switch"] = thrown.pk
    return Denial("kill_switch", f"Stopped by hand: {thrown}."[:200], look.now + _WHILE_SWITCHED_OFF)


def not_live(look: Look) -> Denial | None:
    """Before the practice goes live nothing is sent by itself; after it has stopped, neither."""
    if look.house.practice.live_since:
        return None
    return Denial("not_live", "The practice is not live yet.")


def switched_off(look: Look) -> Denial | None:
    enrolment = look.message.enrolment
    if enrolment is None or is_live(enrolment.sequence.slug, look.house.practice):
        return None
    return Denial("switched_off", f"“{enrolment.sequence}” is switched off.")


def halted(look: Look) -> Denial | None:
    if look.message.channel != Channel.SMS:
        return None
    if look.house.is_sender_halted:
        return Denial("halted", "Texting is stopped until the open case is resolved.", look.now + timedelta(minutes=15))
    return None


def opted_out(look: Look) -> Denial | None:
    message = look.message
    standing = consent.standing(message.address, channel=message.channel)
    look.inputs["consent_entries"] = standing.entries[:5]
    if message.kind == Kind.NOTICE and message.channel == Channel.EMAIL:
        return None  # the duty to give notice outlives an opt-out (R103)
    if standing.opted_out:
        return Denial("opted_out", f"The patient opted out of {_BY[Channel(message.channel)]}.")
    return None


def suppressed(look: Look) -> Denial | None:
    """R60, R80: our own list, beside the carrier's."""
    found = suppressions.on(look.message.address, channel=look.message.channel)
    if found is None:
        return None
    look.inputs["suppression"] = found.pk
    return Denial("suppressed", f"This address is not used: {found.get_why_display().lower()}.")


def minor(look: Look) -> Denial | None:
    patient = look.message.patient
    return Denial("minor", "The patient is under 18.") if patient and patient.is_minor(look.now) else None


def clinical_hold(look: Look) -> Denial | None:
    if Hold.Kind.CLINICAL in look.holds:
        return Denial("clinical_hold", "Held until a clinician clears the patient.")
    return None


def dispute_hold(look: Look) -> Denial | None:
    return Denial("dispute_hold", "A payment dispute is open.") if Hold.Kind.DISPUTE in look.holds else None


def person_hold(look: Look) -> Denial | None:
    if Hold.Kind.PERSON not in look.holds or _says_who_will_answer(look.message):
        return None
    return Denial("person_hold", "A person has this conversation.")


def long_silence(look: Look) -> Denial | None:
    """R16: held; the outbox asks whether they still want texts."""
    if not silence.is_long(look.message, now=look.now):
        return None
    return Denial(silence.CODE, "No contact for 18 months: the patient is asked first whether texts are still wanted.")


def _says_who_will_answer(message: Message) -> bool:
    """The concierge's last word: made in the act that handed the conversation over, not after a person took it."""
    return message.kind == Kind.REPLY and (
        Hold.objects.filter(
            phone=message.address,
            kind=Hold.Kind.PERSON,
            released_at__isnull=True,
            placed_by__isnull=True,
            placed_at__gte=message.created_at,
        ).exists()
    )


def agreed(look: Look) -> Denial | None:
    """Consent by class and channel (R8, R41). A servicing e-mail needs none; the opt-out of the address counts."""
    message, purpose = look.message, _PURPOSES[Kind(look.message.kind)]
    if message.kind != Kind.MARKETING and (message.channel == Channel.EMAIL or _wrote_to_us(message)):
        return None
    if message.patient and _agreed(message, message.patient, purpose):
        return None
    by, what = _BY[Channel(message.channel)], "address" if message.channel == Channel.EMAIL else "number"
    return Denial(f"no_{purpose}_consent", f"There is no consent to {purpose} {by} on file for this {what}.")


def _agreed(message: Message, patient: Patient, purpose: str) -> bool:
    if message.channel == Channel.VOICE and message.kind != Kind.MARKETING:
        return consent.allows_automated_calls(patient=patient, address=message.address)
    return consent.allows(patient=patient, address=message.address, channel=message.channel, purpose=purpose)


def _wrote_to_us(message: Message) -> bool:
    """An answer or an acknowledgement to somebody who texted us needs no consent form (R22)."""
    if message.kind not in (Kind.STAFF, Kind.CONFIRMATION):
        return False
    lately = message.created_at - timedelta(days=30)
    texts = Message.objects.filter(direction=Message.Direction.IN, address=message.address, created_at__gte=lately)
    return texts.exists()
