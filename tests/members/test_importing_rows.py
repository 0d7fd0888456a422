"""Rows from the system of record, by the path that the API and CSV files share."""

from datetime import date, timedelta
from urllib.parse import urlsplit

import pytest

from common import clock
from members import consent, credits, links
from members.importing import batch
from members.importing.batch import Context, Entry
from members.importing.kinds import WRITERS
from members.importing.memberships import MembershipWriter
from members.models import (
    AuditEntry,
    ConsentEntry,
    Membership,
    Patient,
    PatientPhone,
    Service,
    Visit,
)
from outreach import late_facts, recovery
from outreach.models import Enrolment
from tests import factories
from tests.factories import NOON

pytestmark = pytest.mark.django_db

ANA = {"external_id": "p1", "first_name": "Ana", "last_name": "Ortiz", "phone": "(512) 555-0123", "location": "austin"}
GLOW = {"external_id": "m1", "patient": "p1", "plan": "Glow", "status": "active", "started_on": "2026-01-05"}
FACIAL = {"external_id": "v1", "patient": "p1", "service": "signature-facial", "starts_at": "2026-06-20T15:00:00Z"}
BOOKED = {**FACIAL, "status": "booked"}
GRANT = {"external_id": "c1", "membership": "m1", "service": "Signature Facial", "quantity": 2}


@pytest.fixture(autouse=True)
def practice():
    factories.make_location()
    factories.make_plan()


def take(kind, *rows, now=NOON, source="import") -> list[Entry]:
    entries = [Entry(index, row) for index, row in enumerate(rows)]
    batch.take_in(WRITERS[kind], entries, kind=kind, context=Context(actor="api:1", source=source, now=now))
    return entries


def verdicts(entries) -> list[str]:
    return [entry.outcome for entry in entries]


def said(entries) -> str:
    return " ".join(f"{name}: {words}" for entry in entries for name, words in entry.errors)


def ana(**fields) -> Patient:
    take("patients", {**ANA, **fields})
    return Patient.objects.get(external_id="p1")


# --- what is taken in -------------------------------------------------------------------------------------------------


def test_a_patient_comes_with_number_zone_language_and_home():
    entries = take(
        "patients",
        {**ANA, "email": "Ana@Patients.Example", "birth_date": "4/2/1990", "language": "Spanish",
         "time_zone": "America/Denver", "zip_code": "78704", "state": "TX"},
    )  # fmt: skip

    patient = Patient.objects.get(external_id="p1")
    assert verdicts(entries) == ["created"]
    assert (patient.phone, patient.email, patient.language) == ("+15125550123", "ana@patients.example", "es")
    assert (patient.zone, patient.birth_date) == ("America/Denver", date(1990, 4, 2))
    assert patient.home_location.external_id == "austin"


@pytest.mark.parametrize("kind", ["patients", "services", "memberships", "visits", "credits"])
def test_sending_a_row_again_changes_nothing(kind):
    agreed = {"sms_marketing": True, "consent_wording": "Yes to texts", "consent_at": "2026-01-01T00:00:00Z"}
    peel = {"external_id": "s9", "name": "Peel", "category": "Skin", "duration_minutes": 45, "price_cents": 9900}
    rows = {
        "patients": {**ANA, **agreed},
        "services": peel,
        "memberships": GLOW,
        "visits": BOOKED,
        "credits": GRANT,
    }  # fmt: skip
    take("patients", rows["patients"])
    take("memberships", GLOW)

    first, second = take(kind, rows[kind]), take(kind, rows[kind], now=NOON + timedelta(hours=1))

    assert verdicts(first) == ["unchanged" if kind in ("patients", "memberships") else "created"]
    assert verdicts(second) == ["unchanged"]


def test_a_field_that_is_left_out_stays_as_it_is():
    ana(email="ana@patients.example", zip_code="78704")

    entries = take("patients", {**ANA, "last_name": "Ortiz-Vega"})

    patient = Patient.objects.get(external_id="p1")
    assert verdicts(entries) == ["updated"]
    assert (patient.last_name, patient.email, patient.zip_code) == ("Ortiz-Vega", "ana@patients.example", "78704")


def test_a_new_number_replaces_the_old_one():
    """R15: the old number may belong to a stranger tomorrow, who must not be answered with her facts."""
    patient = ana()

    entries = take("patients", {**ANA, "phone": "512 555 0199"})

    assert verdicts(entries) == ["updated"]
    assert list(patient.phones.values_list("number", "is_primary")) == [("+15125550199", True)]


def test_two_patients_may_share_one_number():
    entries = take("patients", ANA, {**ANA, "external_id": "p2", "first_name": "Bea"})

    assert verdicts(entries) == ["created", "created"]
    assert PatientPhone.objects.filter(number="+15125550123").count() == 2


def test_one_bad_row_stops_no_other():
    entries = take("patients", ANA, {**ANA, "external_id": "p2", "phone": "911"}, {**ANA, "external_id": "p3"})

    assert verdicts(entries) == ["created", "refused", "created"]
    assert sorted(Patient.objects.values_list("external_id", flat=True)) == ["p1", "p3"]


def test_a_batch_is_one_row_in_the_audit_trail_without_names():
    take("patients", ANA, {**ANA, "external_id": "p2"}, {**ANA, "external_id": ""})

    entry = AuditEntry.objects.get(action="patients.imported")
    assert entry.actor == "api:1"
    assert entry.data == {"source": "import", "created": 2, "updated": 0, "unchanged": 0, "refused": 1}


def test_a_membership_keeps_the_version_of_the_day_it_was_sold():
    ana()
    plan = factories.make_plan()
    newer = factories.make_version(plan, price_cents=24900, effective_from=NOON - timedelta(days=30))

    take("memberships", GLOW)
    take("patients", {**ANA, "external_id": "p2"})
    take("memberships", {**GLOW, "external_id": "m2", "patient": "p2", "started_on": "2026-06-01"})

    assert Membership.objects.get(external_id="m1").plan_version.number == 1
    assert Membership.objects.get(external_id="m2").plan_version == newer


def test_what_stripe_charges_stripe_decides():
    membership = factories.make_membership(ana(), status="past_due")

    entries = take("memberships", {**GLOW, "started_on": "2025-06-01"})

    membership.refresh_from_db()
    assert verdicts(entries) == ["updated"]  # it has its external id now
    assert (membership.external_id, membership.status) == ("m1", "past_due")


def test_what_stripe_says_between_the_check_and_the_write_is_not_undone():
    ana()
    take("memberships", GLOW)
    Membership.objects.update(stripe_subscription_id="sub_1")

    class AfterAWebhook(MembershipWriter):
        def write(self, entries, context):
            Membership.objects.update(status="past_due", past_due_since=NOON)
            super().write(entries, context)

    entries = [Entry(0, {**GLOW, "started_on": "2025-06-01"})]
    batch.take_in(AfterAWebhook(), entries, kind="memberships", context=Context(actor="api:1", source="api", now=NOON))

    membership = Membership.objects.get()
    assert (membership.status, membership.past_due_since) == ("past_due", NOON)
    assert membership.started_on == date(2025, 6, 1)


def test_somebody_else_may_pay():
    ana()
    take("patients", {**ANA, "external_id": "p2", "first_name": "Rosa"})

    take("memberships", {**GLOW, "payer": "p2"})

    assert Membership.objects.get(external_id="m1").payer.first_name == "Rosa"


def test_visits_keep_the_memberships_last_and_next_visit_right():
    ana()
    take("memberships", GLOW)

    take(
        "visits",
        {**BOOKED, "external_id": "v1", "starts_at": "2026-06-01T15:00:00Z", "status": "completed"},
        {**BOOKED, "external_id": "v2", "starts_at": "2026-06-25T15:00:00Z"},
        {**BOOKED, "external_id": "v3", "starts_at": "2026-06-18T10:00"},
    )

    membership = Membership.objects.get(external_id="m1")
    assert f"{membership.last_visit_at:%m-%d}" == "06-01"
    assert f"{membership.next_appointment_at:%m-%d %H:%M}" == "06-18 15:00"  # without an offset: Austin's wall clock


def test_a_cancelled_visit_is_no_longer_the_next_one():
    ana()
    take("memberships", GLOW)
    take("visits", BOOKED)

    entries = take("visits", {**BOOKED, "status": "cancelled"})

    assert verdicts(entries) == ["updated"]
    assert Membership.objects.get(external_id="m1").next_appointment_at is None
    assert Visit.objects.get(external_id="v1").status == "cancelled"


def test_a_visit_that_is_completed_uses_a_credit_and_one_that_is_undone_gives_it_back():
    ana()
    take("memberships", GLOW)
    take("credits", GRANT, now=NOON - timedelta(days=60))
    today = {**BOOKED, "starts_at": "2026-06-16T14:00:00Z"}
    take("visits", today)

    after = []
    for status in ("completed", "completed", "cancelled"):
        take("visits", {**today, "status": status})
        after.append(Membership.objects.get(external_id="m1").credits_remaining)

    assert after == [1, 1, 2]


@pytest.mark.parametrize(("starts_at", "left"), [("2026-06-15T14:00:00Z", 1), ("2026-05-15T14:00:00Z", 2)])
def test_a_visit_first_heard_of_when_it_is_over_uses_a_credit_only_if_it_was_lately(starts_at, left):
    """What is older is history: the credits that were brought over are what it had left."""
    ana()
    take("memberships", GLOW)
    take("credits", GRANT, now=NOON - timedelta(days=60))

    entries = take("visits", {**BOOKED, "starts_at": starts_at, "status": "completed"})

    assert verdicts(entries) == ["created"]
    assert Membership.objects.get(external_id="m1").credits_remaining == left
    assert Visit.objects.get(external_id="v1").status == "completed"


def test_an_appointment_that_we_asked_for_and_the_desk_keyed_in_is_one_visit():
    patient = ana()
    location, facial = patient.home_location, Service.objects.get()
    when = NOON + timedelta(days=4)
    ours = Visit.objects.create(
        patient=patient, service=facial, location=location, starts_at=when, ends_at=when + timedelta(hours=1),
        status="requested",
    )  # fmt: skip

    entries = take("visits", {**BOOKED, "starts_at": when.isoformat()})

    ours.refresh_from_db()
    assert verdicts(entries) == ["updated"]
    assert (ours.external_id, ours.status) == ("v1", "booked")
    assert Visit.objects.count() == 1


def test_a_visit_of_a_merged_patient_belongs_to_who_they_are_now():
    old, now_is = ana(), factories.make_patient("Ana", "Ortiz")
    Patient.objects.filter(pk=old.pk).update(merged_into=now_is)

    entries = take("visits", BOOKED)

    assert verdicts(entries) == ["created"]
    assert Visit.objects.get(external_id="v1").patient == now_is


def test_a_merged_patient_is_not_brought_back_by_an_import():
    old, now_is = ana(), factories.make_patient("Ana", "Ortiz", external_id="p7")
    Patient.objects.filter(pk=old.pk).update(merged_into=now_is)

    entries = take("patients", ANA)

    assert "merged into “p7”" in said(entries)


def test_credits_are_granted_and_taken_away_once():
    ana()
    take("memberships", GLOW)

    take("credits", GRANT)
    take("credits", GRANT, {**GRANT, "external_id": "c2", "kind": "remove", "quantity": 1})

    membership = Membership.objects.get(external_id="m1")
    assert credits.balance(membership, at=NOON) == 1
    assert membership.credits_remaining == 1


def test_of_two_removals_of_the_last_credit_one_is_refused_and_the_other_done():
    ana()
    take("memberships", GLOW)
    take("credits", {**GRANT, "quantity": 1})
    gone = {**GRANT, "kind": "remove", "quantity": 1}

    entries = take("credits", {**gone, "external_id": "c2"}, {**gone, "external_id": "c3"})

    assert verdicts(entries) == ["created", "refused"]
    assert Membership.objects.get(external_id="m1").credits_remaining == 0


# --- consent ----------------------------------------------------------------------------------------------------------


def allowed(patient, purpose, channel="sms", address="+15125550123") -> bool:
    return consent.allows(patient=patient, address=address, channel=channel, purpose=purpose)


def test_a_number_without_consent_fields_gives_servicing_at_most():
    """R12."""
    patient = ana()

    assert allowed(patient, "servicing")
    assert not allowed(patient, "marketing")


def test_marketing_consent_comes_with_its_wording_and_time():
    """R7, R8."""
    patient = ana(sms_marketing="yes", consent_wording="I agree to marketing texts.", consent_at="2026-03-01T12:00:00Z")

    entry = ConsentEntry.objects.get(patient=patient, purpose="marketing")
    assert allowed(patient, "marketing")
    assert (entry.wording, f"{entry.occurred_at:%Y-%m-%d}", entry.source) == (
        "I agree to marketing texts.", "2026-03-01", "import",
    )  # fmt: skip


@pytest.mark.parametrize("missing", ["consent_wording", "consent_at"])
def test_marketing_consent_without_proof_is_refused(missing):
    """R7: the practice bears the proof."""
    row = {**ANA, "sms_marketing": True, "consent_wording": "I agree.", "consent_at": "2026-03-01T12:00:00Z"}
    del row[missing]

    entries = take("patients", row)

    assert "needs what the patient was shown" in said(entries)
    assert not Patient.objects.exists()


def test_an_import_does_not_lift_an_opt_out():
    """R37, R38."""
    patient = ana()
    consent.opt_out(address="+15125550123", channel="sms", wording="STOP", source="text", now=NOON)

    take("patients", {**ANA, "sms_marketing": True, "consent_wording": "Yes.", "consent_at": "2026-06-16T12:00:00Z"})

    assert consent.is_opted_out("+15125550123", channel="sms")
    assert not allowed(patient, "marketing")


@pytest.mark.parametrize("words", [{"sms_opt_out": "yes"}, {"sms_servicing": "no"}])
def test_an_opt_out_in_the_record_counts(words):
    """R30: by any route."""
    ana(**words)

    assert consent.is_opted_out("+15125550123", channel="sms")


def test_an_old_opt_out_told_each_night_does_not_undo_the_patients_start():
    """R37: only the patient's own word restores, and then it stands."""
    patient = ana()
    take("patients", {**ANA, "sms_opt_out": True})
    consent.resubscribe(
        address="+15125550123", channel="sms", wording="START", source="text", now=NOON + timedelta(days=1)
    )

    again = take("patients", {**ANA, "sms_opt_out": True}, now=NOON + timedelta(days=2))

    assert verdicts(again) == ["unchanged"]
    assert allowed(patient, "servicing")


def test_a_later_opt_out_counts_again():
    ana()
    take("patients", {**ANA, "sms_opt_out": True})
    consent.resubscribe(
        address="+15125550123", channel="sms", wording="START", source="text", now=NOON + timedelta(days=1)
    )
    later = {**ANA, "sms_opt_out": True, "opted_out_at": "2026-06-18T16:00:00Z"}

    take("patients", later, now=NOON + timedelta(days=3))

    assert consent.is_opted_out("+15125550123", channel="sms")


def test_a_new_number_was_not_agreed_to_for_marketing():
    """R7: consent belongs to the number that it was given for."""
    patient = ana(sms_marketing=True, consent_wording="Yes.", consent_at="2026-03-01T12:00:00Z")

    take("patients", {**ANA, "phone": "5125550199"})

    assert not allowed(patient, "marketing", address="+15125550199")
    assert allowed(patient, "servicing", address="+15125550199")


# --- what is refused --------------------------------------------------------------------------------------------------

BAD = [
    ("patients", {**ANA, "phone": "+44 20 7946 0958"}, "Only US phone numbers"),
    ("patients", {**ANA, "phone": "+1 416 555 0123"}, "Only US phone numbers"),
    ("patients", {**ANA, "phone": "call me"}, "is not a phone number"),
    ("patients", {**ANA, "phone": 5125550123}, "Write the number as text"),
    ("patients", {**ANA, "email": "ana@"}, "no e-mail address"),
    ("patients", {**ANA, "birth_date": "02/30/1990"}, "Write a date"),
    ("patients", {**ANA, "birth_date": "2031-01-01"}, "birth date is in the future"),
    ("patients", {**ANA, "birth_date": "0090-04-02"}, "cannot be right"),
    ("patients", {**ANA, "birth_date": "1990-04-02", "joined_on": "1989-01-01"}, "before the birth date"),
    ("patients", {**ANA, "language": "fr"}, "Write en or es"),
    ("patients", {**ANA, "time_zone": "Texas"}, "no time zone"),
    ("patients", {**ANA, "location": "Boise"}, "There is no location “Boise”. Here are: austin."),
    ("patients", {**ANA, "first_name": "A\x00na"}, "Control characters"),
    ("patients", {**ANA, "first_name": "x" * 10_000_000}, "too long"),
    ("patients", {**ANA, "first_name": ["Ana"]}, "Write this as text"),
    ("patients", {**ANA, "nickname": "Annie"}, "nickname: There is no such field."),
    ("patients", {**ANA, "external_id": None}, "external_id:"),
    ("patients", {**ANA, "sms_opt_out": "maybe"}, "Write yes or no"),
    ("patients", {"external_id": "p1"}, "first_name: Give a value."),
    ("patients", "Ana", "A row is an object"),
    ("patients", {**ANA, "sms_opt_out": True, "sms_servicing": True}, "cannot agree and opt out at once"),
    ("services", {"external_id": "s", "name": "Peel", "category": "Skin", "duration_minutes": 45, "price_cents": -1},
     "price_cents: This must be at least 0."),
    ("services", {"external_id": "s", "name": "Peel", "category": "Skin", "duration_minutes": 0.5, "price_cents": 1},
     "Write a whole number"),
    ("memberships", {**GLOW, "plan": "Gold"}, "There is no plan “Gold”. Here are: Glow."),
    ("memberships", {**GLOW, "patient": "nobody"}, "There is no patient with the id “nobody”"),
    ("memberships", {**GLOW, "payer": "nobody"}, "payer: There is no patient"),
    ("memberships", {**GLOW, "status": "vip"}, "Write one of: 'pending', 'active'"),
    ("memberships", {**GLOW, "started_on": "1980-01-01"}, "before the patient's birth date"),
    ("visits", {**BOOKED, "starts_at": "1985-05-05T15:00:00Z"}, "before the patient's birth date"),
    ("visits", {**BOOKED, "service": "Botox"}, "There is no service “Botox”. Here are: Signature Facial."),
    ("visits", {**BOOKED, "ends_at": "2026-06-20T14:00:00Z"}, "must end after it starts"),
    ("visits", {**BOOKED, "status": "completed"}, "still to come"),
    ("visits", {**BOOKED, "starts_at": 1750000000}, "Write a moment"),
    ("credits", {**GRANT, "quantity": -2}, "quantity: This must be at least 1."),
    ("credits", {**GRANT, "membership": "m9"}, "There is no membership with the id “m9”"),
    ("credits", {**GRANT, "kind": "remove"}, "never falls below zero"),
    ("credits", {**GRANT, "expires_at": "2026-01-01T00:00:00Z"}, "ended already"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "row", "words"), BAD, ids=[f"{kind}-{words[:28]}" for kind, _, words in BAD])
def test_a_bad_row_is_refused_with_a_sentence_and_nothing_is_written(kind, row, words):
    if kind != "patients":
        ana(birth_date="1990-04-02")
    if kind == "credits":
        take("memberships", GLOW)
    before = [model.objects.count() for model in (Patient, PatientPhone, ConsentEntry, Service, Membership, Visit)]

    entries = take(kind, row)

    assert verdicts(entries) == ["refused"]
    assert words in said(entries)
    assert before == [
        model.objects.count() for model in (Patient, PatientPhone, ConsentEntry, Service, Membership, Visit)
    ]


def test_an_id_that_comes_twice_in_one_batch_is_refused_the_second_time():
    entries = take("patients", ANA, {**ANA, "last_name": "Other"})

    assert verdicts(entries) == ["created", "refused"]
    assert "Row 0 has this external id already" in said(entries)


def test_a_second_current_membership_is_refused():
    ana()

    entries = take("memberships", GLOW, {**GLOW, "external_id": "m2"})

    assert verdicts(entries) == ["created", "refused"]
    assert "another current membership" in said(entries)


def test_an_id_that_moved_other_credits_before_is_refused():
    ana()
    take("memberships", GLOW)
    take("credits", GRANT)

    entries = take("credits", {**GRANT, "quantity": 5})

    assert "This id moved credits before" in said(entries)


# --- payments that the scheduler charges ------------------------------------------------------------------------------

FAILED = {
    "external_id": "pay-1", "membership": "m1", "status": "failed", "amount_cents": 19900,
    "charged_at": "2026-06-16T15:00:00Z", "decline_code": "expired_card", "pay_url": "https://book.example/pay/1",
}  # fmt: skip


@pytest.fixture
def charged_elsewhere():
    ana()
    take("memberships", GLOW)
    return Membership.objects.get(external_id="m1")


def facts(membership) -> list[str]:
    return list(membership.billing_changes.values_list("kind", flat=True))


def test_a_failed_payment_of_the_scheduler_becomes_a_fact_that_recovery_follows(charged_elsewhere):
    first, second = take("payments", FAILED), take("payments", FAILED)

    assert (verdicts(first), verdicts(second)) == (["created"], ["unchanged"])
    assert facts(charged_elsewhere) == ["payment_failed"]
    assert charged_elsewhere.invoices.get().needs_payment


def test_each_attempt_is_one_fact_and_so_is_its_end(charged_elsewhere):
    take("payments", FAILED)
    take("payments", {**FAILED, "attempt": 2})

    take("payments", {**FAILED, "attempt": 2, "status": "paid"})

    assert facts(charged_elsewhere) == ["payment_failed", "payment_failed", "payment_settled"]
    assert charged_elsewhere.invoices.get().amount_remaining_cents == 0


def test_a_payment_that_went_well_at_once_is_no_fact_for_recovery(charged_elsewhere):
    take("payments", {**FAILED, "status": "paid"})

    assert facts(charged_elsewhere) == []


def test_a_settled_payment_is_not_reopened_by_a_late_row(charged_elsewhere):
    take("payments", {**FAILED, "status": "paid"})

    entries = take("payments", FAILED)

    assert "is paid and stays so" in said(entries)


def test_a_payment_of_a_membership_that_stripe_charges_is_refused():
    factories.make_membership(ana(), external_id="m1")

    entries = take("payments", FAILED)

    assert "Stripe charges this membership" in said(entries)


def test_the_link_in_the_text_leads_to_the_schedulers_page(charged_elsewhere, client):
    take("payments", FAILED)
    invoice = charged_elsewhere.invoices.get()
    link = links.issue(membership=charged_elsewhere, purpose="update_card", invoice=invoice, now=clock.now())

    page = client.get(urlsplit(links.url(link)).path).content.decode()

    assert 'href="https://book.example/pay/1"' in page
    assert "$199.00" in page


def test_recovery_follows_it_without_asking_stripe(charged_elsewhere):
    take("payments", FAILED)

    recovery.follow_all(now=NOON)

    enrolment = Enrolment.objects.get(membership=charged_elsewhere)
    assert late_facts.no_longer_true_at_stripe(enrolment) is None
