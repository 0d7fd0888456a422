"""Rows of the invented people: patients, numbers, what they agreed to, memberships."""

from datetime import datetime, timedelta

from medspa.demo.seeding.lives import Life
from members.models import ConsentEntry, Membership, Patient, PatientPhone, Visit

WORDING = (
    "I agree to receive {what} texts from Glow Theory at the number I gave, also by automated means. "
    "Consent is not a condition of purchase. Message frequency varies. Msg & data rates may apply. "
    "Reply HELP for help, STOP to stop."
)
_WHAT = {"servicing": "appointment, membership and billing", "marketing": "news and offer"}
_CARDS = (("visa", "4242"), ("mastercard", "4444"), ("visa", "1881"), ("amex", "8431"), ("discover", "1117"))


def patient_for(life: Life, now: datetime) -> Patient:
    """Unsaved."""
    persona, location = life.persona, life.location
    born = now.date() - timedelta(days=persona.age * 365 + persona.age // 4 + life.rng.randint(1, 300))
    known_before = timedelta(days=life.rng.choice((0, 0, 14, 90, 400)))
    return Patient(
        external_id=f"pat-{life.index:05d}",
        first_name=persona.first_name,
        last_name=persona.last_name,
        email=f"{persona.first_name}.{persona.last_name}.{life.index}@example.com".lower(),
        birth_date=born,
        language=persona.language,
        state="NY" if persona.time_zone else location.state,
        zip_code="10011" if persona.time_zone else location.zip_code,
        time_zone=persona.time_zone,
        home_location=location,
        joined_on=(life.started_at - known_before).date(),
    )


def membership_for(life: Life, now: datetime) -> Membership:
    """Unsaved; the columns that sum up other rows are already right."""
    brand, last4 = _CARDS[life.index % len(_CARDS)]
    completed = [visit.starts_at for visit in life.visits if visit.status == Visit.Status.COMPLETED]
    coming = [visit.starts_at for visit in life.visits if visit.status == Visit.Status.BOOKED and visit.starts_at > now]
    last = life.periods[-1]
    return Membership(
        patient=life.patient,
        plan_version=life.version,
        plan=life.plan,
        location=life.location,
        status=life.persona.standing,
        started_on=life.started_at.date(),
        current_period_start=last.start,
        current_period_end=last.end,
        past_due_since=last.failed_at if life.persona.standing == Membership.Status.PAST_DUE else None,
        ended_at=life.ended_at,
        stripe_customer_id=life.customer_id,
        stripe_subscription_id=life.subscription_id,
        card_brand=brand,
        card_last4=last4,
        card_exp_month=12,
        card_exp_year=life.started_at.year + 3,  # as the stand-in prints it
        credits_remaining=life.unused(now),
        visits_completed=len(completed),
        first_visit_at=min(completed, default=None),
        last_visit_at=max(completed, default=None),
        next_appointment_at=min(coming, default=None),
    )


def save(lives: list[Life], now: datetime) -> None:
    Patient.objects.bulk_create([life.patient for life in lives])
    PatientPhone.objects.bulk_create(
        PatientPhone(patient=life.patient, number=life.persona.number) for life in lives if life.persona.number
    )
    for life in lives:
        life.membership = membership_for(life, now)
    Membership.objects.bulk_create([life.membership for life in lives if life.membership])
    ConsentEntry.objects.bulk_create([entry for life in lives for entry in _consents(life, now)])


def _consents(life: Life, now: datetime) -> list[ConsentEntry]:
    persona = life.persona
    if not persona.number or persona.consent == "none":
        return []
    purposes = ["servicing"] if persona.consent == "servicing" else ["servicing", "marketing"]
    entries = [
        ConsentEntry(
            patient=life.patient,
            address=persona.number,
            channel=ConsentEntry.Channel.SMS,
            purpose=purpose,
            act=ConsentEntry.Act.OPT_IN,
            wording=WORDING.format(what=_WHAT[purpose]),
            source="intake form",
            occurred_at=life.started_at,
        )
        for purpose in purposes
    ]
    if persona.consent == "opted_out":
        entries.append(
            ConsentEntry(
                address=persona.number,
                channel=ConsentEntry.Channel.SMS,
                act=ConsentEntry.Act.OPT_OUT,
                wording="STOP",
                source="text",
                occurred_at=opted_out_at(life, now),
            )
        )
    return entries


def opted_out_at(life: Life, now: datetime) -> datetime:
    """Some time after joining."""
    return life.started_at + (now - life.started_at) * 0.7


def may_text(life: Life) -> bool:
    """Whether texts to this person belong in their past: a number of their own, an adult, agreed, not stopped."""
    persona = life.persona
    agreed = persona.consent in ("both", "servicing")
    return bool(persona.number) and agreed and persona.age >= 18 and not persona.shares_number
