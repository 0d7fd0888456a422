"""People, plans and memberships for tests. Plain functions; a test names only what it is about."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from typing import Any

from members.models import (
    Benefit,
    BusinessHours,
    ConsentEntry,
    Invoice,
    Location,
    Membership,
    Patient,
    PatientPhone,
    Plan,
    PlanVersion,
    Practice,
    Provider,
    Service,
    StaffRole,
    StaffUser,
    Visit,
)

# A Tuesday, 11:00 in Austin (America/Chicago, UTC-5): inside every texting window.
NOON = datetime(2026, 6, 16, 16, 0, tzinfo=UTC)
_numbers = count(1)


def make_practice(**fields: Any) -> Practice:
    defaults = {
        "name": "Glow Theory",
        "legal_name": "Glow Theory Aesthetics LLC",
        "phone": "+15125550100",
        "email": "hello@glowtheory.example",
        "live_since": NOON - timedelta(days=365),
    }
    return Practice.objects.first() or Practice.objects.create(**{**defaults, **fields})


def make_location(**fields: Any) -> Location:
    """Austin, open 09:00 to 19:00 from Monday to Saturday."""
    defaults = {
        "name": "Austin",
        "external_id": "austin",
        "time_zone": "America/Chicago",
        "street": "1200 South Lamar Blvd",
        "city": "Austin",
        "state": "TX",
        "zip_code": "78704",
        "phone": "+15125550100",
    }
    values = {**defaults, **fields}
    make_practice()
    location, made = Location.objects.get_or_create(external_id=values.pop("external_id"), defaults=values)
    if made:
        for weekday in range(6):
            BusinessHours.objects.create(location=location, weekday=weekday, opens=time(9), closes=time(19))
    return location


def make_service(name: str = "Signature Facial", **fields: Any) -> Service:
    defaults = {
        "external_id": name.lower().replace(" ", "-"),
        "category": "Facials",
        "nicknames": ["facial"] if "Facial" in name else [],
        "duration_minutes": 60,
        "price_cents": 18900,
    }
    values = {**defaults, **fields}
    return Service.objects.get_or_create(name=name, defaults=values)[0]


def make_provider(location: Location, *services: Service, name: str = "Dana Reyes") -> Provider:
    provider = Provider.objects.create(name=name, location=location)
    provider.services.set(services)
    return provider


def make_visit(patient: Patient, starts_at: datetime, **fields: Any) -> Visit:
    """An hour's facial, booked, at the patient's home location."""
    defaults = {
        "service": fields.pop("service", None) or make_service(),
        "location": patient.home_location,
        "ends_at": starts_at + timedelta(hours=1),
    }
    return Visit.objects.create(patient=patient, starts_at=starts_at, **{**defaults, **fields})


def make_plan(name: str = "Glow", **fields: Any) -> Plan:
    """$199 a month, one Signature Facial credit a period."""
    plan, made = Plan.objects.get_or_create(name=name, defaults={"tier": fields.pop("tier", 1)})
    if made:
        make_benefit(make_version(plan, **fields), make_service())
    return plan


def make_version(plan: Plan, **fields: Any) -> PlanVersion:
    """The plan's next version, without benefits; sold since long ago."""
    defaults = {
        "number": plan.versions.count() + 1,
        "price_cents": 19900,
        "stripe_price_id": f"price_{plan.name.lower()}",
        "effective_from": NOON - timedelta(days=400),
    }
    return PlanVersion.objects.create(plan=plan, **{**defaults, **fields})


def make_benefit(version: PlanVersion, *services: Service, **fields: Any) -> Benefit:
    """One credit a period for any of the services."""
    benefit = Benefit.objects.create(version=version, **{"code": f"benefit-{version.benefits.count() + 1}", **fields})
    benefit.services.set(services)
    return benefit


def make_patient(
    first_name: str = "Ana", last_name: str = "Ortiz", *, phone: str | None = None, **fields: Any
) -> Patient:
    """An adult in Austin with one mobile number of her own."""
    defaults = {
        "email": f"{first_name.lower()}@patients.example",
        "birth_date": date(1990, 4, 2),
        "state": "TX",
        "zip_code": "78704",
        "joined_on": date(2025, 6, 1),
    }
    location = fields.pop("home_location", None) or make_location()
    patient = Patient.objects.create(
        first_name=first_name, last_name=last_name, home_location=location, **{**defaults, **fields}
    )
    number = f"+1512555{1000 + next(_numbers):04d}" if phone is None else phone
    if number:
        PatientPhone.objects.create(patient=patient, number=number)
    return patient


def agree(patient: Patient, *purposes: str, channel: str = "sms", at: datetime = NOON) -> None:
    """Consent on file for the patient's primary number."""
    for purpose in purposes or ("servicing", "marketing"):
        ConsentEntry.objects.create(
            patient=patient,
            address=patient.phone,
            channel=channel,
            purpose=purpose,
            act="opt_in",
            wording="I agree to receive texts from Glow Theory. Not a condition of purchase.",
            source="intake form",
            occurred_at=at - timedelta(days=90),
        )


def make_membership(patient: Patient | None = None, *, consent: bool = True, **fields: Any) -> Membership:
    """An active Glow member with consent to servicing and marketing texts."""
    patient = patient or make_patient()
    if consent and patient.phone:
        agree(patient)
    number = next(_numbers)
    defaults = {
        "plan_version": fields.pop("version", None) or (fields.pop("plan", None) or make_plan()).version_at(NOON),
        "location": patient.home_location,
        "status": Membership.Status.ACTIVE,
        "started_on": date(2025, 6, 1),
        "current_period_start": NOON - timedelta(days=10),
        "current_period_end": NOON + timedelta(days=20),
        "stripe_customer_id": f"cus_test{number}",
        "stripe_subscription_id": f"sub_test{number}",
    }
    return Membership.objects.create(patient=patient, **{**defaults, **fields})


def make_invoice(membership: Membership, **fields: Any) -> Invoice:
    """A paid renewal."""
    defaults = {
        "status": Invoice.Status.PAID,
        "amount_due_cents": 19900,
        "amount_remaining_cents": 0,
        "currency": "usd",
        "issued_at": NOON - timedelta(days=10),
        "paid_at": NOON - timedelta(days=10),
    }
    values = {**defaults, **fields}
    stripe_id = values.pop("stripe_id", f"in_test{next(_numbers)}")
    return Invoice.objects.get_or_create(stripe_id=stripe_id, defaults={"membership": membership, **values})[0]


def make_staff(email: str = "dana@glowtheory.example", *, role: str = "front_desk", **fields: Any) -> StaffUser:
    user = StaffUser.objects.create_user(email, "correct-horse-9", first_name="Dana", last_name="Reyes", **fields)
    StaffRole.objects.create(user=user, role=role)
    return user
