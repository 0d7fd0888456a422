"""Sequences: started once a cause, one step at a time, each step only while it is still true."""

from datetime import UTC, datetime, timedelta

import pytest

from members import consent, people
from members.models import AuditEntry, Escalation, Invoice, Membership, Patient, PatientLink, Practice, StandinObject
from members.stripe_standin.client import outage
from outreach import outbox, playbooks, sequences, wording
from outreach.models import Enrolment, Message, Sequence, Step
from tests import factories
from tests.doubles.owing import live, mirror, owing_member
from tests.factories import NOON

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def recovering(**fields) -> tuple[Enrolment, Membership]:
    membership, invoice = owing_member(**fields)
    cause = f"invoice:{invoice.stripe_id}"
    return sequences.enrol(slug="payment_recovery", membership=membership, cause=cause, now=NOON), membership


def nudged(**fields) -> Enrolment:
    membership = factories.make_membership(**{"credits_remaining": 2, **fields})
    return sequences.enrol(slug="utilization", membership=membership, cause="unused:2026-06:30", now=NOON)


def texts() -> list[Message]:
    return list(Message.objects.filter(direction="out").order_by("pk"))


# --- enrol ---


def test_the_first_step_is_due_at_once():
    enrolment = nudged()

    assert (enrolment.status, enrolment.next_step, enrolment.next_at) == ("running", 0, NOON)
    assert AuditEntry.objects.filter(action="enrolment.started").count() == 1


def test_one_cause_one_enrolment():
    enrolment = nudged()

    again = sequences.enrol(
        slug="utilization", membership=enrolment.membership, cause=enrolment.cause, now=NOON + 30 * DAY
    )

    assert again is None
    assert Enrolment.objects.count() == 1
    assert AuditEntry.objects.filter(action="enrolment.started").count() == 1


def test_another_cause_is_another_enrolment():
    enrolment = nudged()

    assert sequences.enrol(slug="utilization", membership=enrolment.membership, cause="unused:2026-07:30", now=NOON)


def test_a_later_start_moves_all_days():
    membership = factories.make_membership(credits_remaining=2)

    sequences.enrol(slug="utilization", membership=membership, cause="later", now=NOON, start_at=NOON + 60 * DAY)

    assert sequences.advance(now=NOON + 59 * DAY) == 0
    assert sequences.advance(now=NOON + 60 * DAY) == 1


def test_a_practice_without_sequences_gets_the_default_ones():
    assert not Sequence.objects.exists()

    assert nudged().sequence.steps.count() == 1


# --- the steps of a recovery ---


def test_the_first_text_carries_the_link_and_is_kind(carrier):
    enrolment, membership = recovering()

    assert sequences.advance(now=NOON) == 1

    [message] = texts()
    link = PatientLink.objects.get()
    assert message.dedupe_key == f"enrolment:{enrolment.pk}:step:0"
    assert (message.kind, message.status, message.link) == ("servicing", "queued", link)
    assert (link.membership, link.invoice.stripe_id, link.purpose) == (
        membership,
        f"in_test{membership.pk}",
        "update_card",
    )
    assert message.body.startswith("Hi Ana, it's Glow Theory.")
    assert wording.LINK in message.body
    outbox.send_due(now=NOON)
    assert wording.segments(carrier.sent[0][1]).count <= 2


def test_a_member_who_speaks_spanish_is_written_to_in_spanish():
    recovering(patient=factories.make_patient(language="es"))

    sequences.advance(now=NOON)

    assert texts()[0].body.startswith("Hola Ana, somos Glow Theory.")


def test_the_whole_recovery_of_a_payment_that_stays_open(carrier):
    enrolment, _ = recovering(card_brand="visa", card_last4="4242", credits_remaining=1)

    for day in range(9):
        sequences.advance(now=NOON + day * DAY)
        outbox.send_due(now=NOON + day * DAY)

    enrolment.refresh_from_db()
    first, second = texts()
    assert [(message.sent_at - NOON).days for message in (first, second)] == [0, 2]
    assert "$199.00" in second.body
    call, case = Escalation.objects.order_by("opened_at")
    assert (call.reason, call.opened_at) == ("payment_call", NOON + 5 * DAY)
    assert (case.reason, case.opened_at) == ("payment", NOON + 7 * DAY)
    assert case.summary == (
        "Ana Ortiz's membership payment of $199.00 that failed on June 16 is still open. Glow, visa ending 4242. "
        "2 texts went out. 1 credit unused. Decide with the member: new card, pause or cancellation."
    )
    assert (enrolment.status, enrolment.ended_because, enrolment.next_at) == ("ended", "finished", None)


def test_each_step_comes_at_the_same_hour_of_the_patients_day_also_across_a_clock_change():
    """R20: 11:00 in Austin before and after 8 March 2026."""
    membership, invoice = owing_member()
    began = datetime(2026, 3, 7, 17, 0, tzinfo=UTC)
    sequences.enrol(slug="payment_recovery", membership=membership, cause=f"invoice:{invoice.stripe_id}", now=began)

    sequences.advance(now=began)

    assert Enrolment.objects.get().next_at == datetime(2026, 3, 9, 16, 0, tzinfo=UTC)


def test_steps_that_an_outage_delayed_do_not_come_all_at_once():
    recovering()
    late = NOON + 10 * DAY

    moved = [sequences.advance(now=late + timedelta(minutes=minute)) for minute in range(3)]

    assert moved == [1, 0, 0]
    assert Enrolment.objects.get().next_at == late + DAY


def test_a_step_is_taken_once_however_many_rounds_run():
    recovering()

    assert [sequences.advance(now=NOON) for _ in range(3)] == [1, 0, 0]
    assert len(texts()) == 1


def test_a_leased_enrolment_is_left_alone_until_the_lease_ends():
    nudged()
    Enrolment.objects.update(leased_until=NOON + timedelta(minutes=5))

    assert sequences.advance(now=NOON + timedelta(minutes=4)) == 0
    assert sequences.advance(now=NOON + timedelta(minutes=5)) == 1


def test_a_stop_that_comes_between_claim_and_step_wins(monkeypatch):
    enrolment, membership = recovering()

    def stopped_meanwhile(_):
        sequences.stop(membership=membership, slug="payment_recovery", because="paid", now=NOON)

    monkeypatch.setattr(sequences.late_facts, "no_longer_true_at_stripe", stopped_meanwhile)

    assert sequences.advance(now=NOON) == 0
    assert texts() == []
    enrolment.refresh_from_db()
    assert enrolment.ended_because == "paid"


# --- still true? ---


def test_an_invoice_that_is_paid_at_stripe_ends_the_recovery_before_any_text():
    """R143: our own row still says open."""
    enrolment, membership = recovering()
    live(membership.invoices.get(), "paid")

    sequences.advance(now=NOON)

    enrolment.refresh_from_db()
    assert texts() == []
    assert (enrolment.status, enrolment.ended_because) == ("ended", "paid")


@pytest.mark.parametrize(
    ("status", "because"), [("paid", "paid"), ("void", "no longer owed"), ("uncollectible", "no longer owed")]
)
def test_an_invoice_that_is_settled_here_ends_it_without_asking_stripe(status, because):
    enrolment, membership = recovering()
    mirror(membership.invoices.get(), status)

    with outage(0):
        sequences.advance(now=NOON)

    enrolment.refresh_from_db()
    assert enrolment.ended_because == because


@pytest.mark.parametrize("status", [0, 500, 429, 401])
def test_while_stripe_cannot_be_asked_the_step_waits_for_the_next_round(status):
    recovering()

    with outage(status):
        assert sequences.advance(now=NOON) == 0
    assert texts() == []

    assert sequences.advance(now=NOON + timedelta(minutes=2)) == 1
    assert len(texts()) == 1


def test_steps_that_wait_for_stripe_let_the_others_pass(settings):
    recovering()
    nudge = nudged()
    settings.ROUND_SECONDS = 0

    with outage(0):
        moved = [sequences.advance(now=NOON + timedelta(minutes=minutes)) for minutes in (0, 1)]

    assert moved == [0, 1]
    assert [text.enrolment_id for text in texts()] == [nudge.pk]


def test_an_invoice_that_stripe_does_not_show_us_goes_to_a_person():
    enrolment, _ = recovering()
    StandinObject.objects.filter(kind="invoice").delete()

    sequences.advance(now=NOON)

    enrolment.refresh_from_db()
    assert (enrolment.status, enrolment.ended_because) == ("ended", "invoice not readable")
    assert Escalation.objects.get().reason == "billing_sync"


def test_one_step_that_breaks_does_not_stop_the_others():
    nudged()
    good = nudged()
    Step.objects.update(wording="Hi {nobody}", wording_es="Hola {first_name}")
    type(good.membership.patient).objects.filter(pk=good.membership.patient_id).update(language="es")

    assert sequences.advance(now=NOON) == 1

    assert texts()[0].patient_id == good.membership.patient_id


def test_a_step_that_cannot_be_taken_is_told_to_a_person_once_and_goes_on_when_it_can():
    """Else its member would be passed over for ever, and nobody would know."""
    nudged(), nudged()
    wording = Step.objects.get(version__sequence__slug="utilization").wording
    Step.objects.update(wording="Hi {nobody}")

    for minutes in range(0, 60, 10):
        sequences.advance(now=NOON + timedelta(minutes=minutes))

    case = Escalation.objects.get()
    assert "placeholder that nothing fills: nobody" in case.summary
    assert case.last_raised_at == NOON

    Step.objects.update(wording=wording)
    assert sequences.advance(now=NOON + timedelta(minutes=60)) == 2


# --- a payment text that cannot go out ---


def no_phone(membership: Membership) -> None:
    Patient.objects.update(email="")  # else it goes by e-mail
    membership.patient.phones.all().delete()


def opted_out(membership: Membership) -> None:
    consent.opt_out(address=membership.patient.phone, channel="sms", wording="STOP", source="text", now=NOON)


def recovery_off(membership: Membership) -> None:
    Practice.objects.update(recovery_on=False)


@pytest.mark.parametrize(
    ("fields", "spoil", "reason"),
    [
        ({"consent": False}, None, "There is no consent to servicing texts on file for this number."),
        ({}, opted_out, "The patient opted out of texts."),
        ({}, no_phone, "There is no phone number on file."),
        ({}, recovery_off, "“Payment recovery” is switched off."),
    ],
)
def test_a_failed_payment_nobody_can_text_becomes_a_persons_work_at_once(fields, spoil, reason):
    enrolment, membership = recovering(**fields)
    if spoil:
        spoil(membership)

    sequences.advance(now=NOON)

    enrolment.refresh_from_db()
    [message] = texts()
    case = Escalation.objects.get()
    assert (message.status, message.reason) == ("held", reason)
    assert enrolment.status == "running"
    assert (case.reason, case.patient) == ("payment", membership.patient)
    assert reason in case.summary


def test_the_person_who_calls_is_told_that_no_text_went_out():
    recovering(consent=False)

    for day in (0, 2, 5):
        sequences.advance(now=NOON + day * DAY)

    assert "No text went out (There is no consent" in Escalation.objects.get(reason="payment_call").summary


# --- the nudge ---


def test_the_nudge_names_credits_neutrally_and_the_sequence_is_finished(carrier):
    enrolment = nudged()

    sequences.advance(now=NOON)
    outbox.send_due(now=NOON)

    enrolment.refresh_from_db()
    assert "2 membership credits" in texts()[0].body
    assert "this week or next" in texts()[0].body
    assert (texts()[0].kind, texts()[0].status) == ("marketing", "sent")
    assert (enrolment.status, enrolment.ended_because) == ("ended", "finished")


def test_a_round_writes_to_the_number_that_the_patient_asked_for():
    """R112: also where that was asked for between the enrolment and the step."""
    patient = nudged().membership.patient
    people.add_phone(patient=patient, written="+15125550188", actor="staff:1", now=NOON)
    people.text_to(patient=patient, number="+15125550188", actor="staff:1", now=NOON)
    factories.agree(Patient.objects.get(pk=patient.pk))

    sequences.advance(now=NOON)

    assert [(text.address, text.status) for text in texts()] == [("+15125550188", "queued")]


def test_a_patient_who_wants_no_texts_is_not_texted_by_any_round_and_a_notice_goes_by_e_mail(carrier):
    """R112: what the patient asked for is above what the sequence says."""
    enrolment = nudged()
    patient = enrolment.membership.patient
    consent.opt_out(address=patient.phone, channel="sms", wording="By e-mail only.", source="call", now=NOON)

    sequences.advance(now=NOON)
    outbox.post(kind="notice", body="Hello", dedupe_key="notice", patient=patient, now=NOON)
    outbox.send_due(now=NOON)

    enrolment.refresh_from_db()
    assert (enrolment.status, enrolment.ended_because) == ("ended", "opted out")
    assert carrier.sent == []
    assert [(each.kind, each.channel, each.status) for each in texts()] == [
        ("notice", "sms", "held"),
        ("notice", "email", "sent"),
    ]


def test_a_single_credit_is_one_credit():
    nudged(credits_remaining=1)

    sequences.advance(now=NOON)

    assert "1 membership credit ready" in texts()[0].body


def test_a_nudge_that_waited_for_the_morning_still_goes_out_after_the_sequence_finished(carrier):
    night = datetime(2026, 6, 17, 4, 0, tzinfo=UTC)
    nudged()
    sequences.advance(now=night)
    assert Enrolment.objects.get().status == "ended"

    outbox.send_due(now=night + timedelta(hours=10))

    assert len(carrier.sent) == 1


@pytest.mark.parametrize(
    ("change", "because"),
    [
        ({"credits_remaining": 0}, "no credits"),
        ({"next_appointment_at": NOON + 3 * DAY}, "booked"),
        ({"status": "cancelled"}, "not active"),
    ],
)
def test_a_nudge_that_has_become_pointless_ends_unsaid(change, because):
    enrolment = nudged()
    Membership.objects.update(**change)

    sequences.advance(now=NOON)

    enrolment.refresh_from_db()
    assert texts() == []
    assert enrolment.ended_because == because


def test_a_nudge_that_may_not_be_sent_troubles_nobody():
    nudged(consent=False)

    sequences.advance(now=NOON)

    assert texts()[0].status == "held"
    assert not Escalation.objects.exists()


# --- stop ---


def test_stopping_ends_the_sequence_and_drops_its_waiting_text(carrier):
    enrolment, membership = recovering()
    sequences.advance(now=NOON)

    stopped = sequences.stop(membership=membership, slug="payment_recovery", because="paid", now=NOON)

    enrolment.refresh_from_db()
    [message] = texts()
    assert stopped == 1
    assert (enrolment.status, enrolment.ended_at, enrolment.ended_because) == ("ended", NOON, "paid")
    assert (message.status, message.reason) == ("dropped", "The sequence ended: paid.")
    assert outbox.send_due(now=NOON) == 0
    assert AuditEntry.objects.filter(action="enrolment.ended").count() == 1


def test_stopping_one_cause_leaves_the_other():
    enrolment, membership = recovering()
    sequences.enrol(slug="payment_recovery", membership=membership, cause="invoice:in_other", now=NOON)

    sequences.stop(membership=membership, slug="payment_recovery", cause=enrolment.cause, because="paid", now=NOON)

    assert Enrolment.objects.get(status="running").cause == "invoice:in_other"


def test_stopping_what_does_not_run_does_nothing():
    membership = factories.make_membership()
    playbooks.install()

    assert sequences.stop(membership=membership, slug="utilization", because="booked", now=NOON) == 0
    assert not AuditEntry.objects.filter(action="enrolment.ended").exists()


# --- a second failure, an ended membership ---


def earlier_failure(membership: Membership, *, days_before: int) -> None:
    """An invoice that failed before this one and was paid since."""
    Invoice.objects.create(
        membership=membership,
        stripe_id=f"in_before{membership.pk}",
        status=Invoice.Status.PAID,
        amount_due_cents=19900,
        amount_remaining_cents=0,
        currency="usd",
        issued_at=NOON - days_before * DAY,
        first_failed_at=NOON - days_before * DAY,
    )


def test_a_second_failure_within_90_days_goes_to_a_person_after_the_first_text():
    """settled.md 14."""
    enrolment, membership = recovering()
    earlier_failure(membership, days_before=40)

    for minutes in range(3):
        sequences.advance(now=NOON + timedelta(minutes=minutes))

    enrolment.refresh_from_db()
    case = Escalation.objects.get()
    assert len(texts()) == 1
    assert case.reason == Escalation.Reason.PAYMENT
    assert "failed in the 90 days before" in case.summary
    assert enrolment.ended_because == "finished"


def test_a_failure_of_last_year_does_not_hurry_this_one():
    enrolment, membership = recovering()
    earlier_failure(membership, days_before=200)

    for minutes in range(3):
        sequences.advance(now=NOON + timedelta(minutes=minutes))

    enrolment.refresh_from_db()
    assert enrolment.next_at == NOON + 2 * DAY
    assert not Escalation.objects.exists()


def test_nobody_is_texted_about_a_membership_that_has_ended_and_a_person_settles_the_debt():
    enrolment, membership = recovering()
    Membership.objects.filter(pk=membership.pk).update(status=Membership.Status.CANCELLED)

    sequences.advance(now=NOON)

    enrolment.refresh_from_db()
    assert texts() == []
    assert enrolment.ended_because == "membership ended"
    assert Escalation.objects.get().reason == Escalation.Reason.PAYMENT
