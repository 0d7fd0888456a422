from datetime import timedelta

import pytest
from django.urls import reverse

from common import clock
from medspa.portal import timeline
from members import audit, consent, credits, escalations
from members.models import AuditEntry, Invoice, Visit
from outreach.models import Enrolment, Message, Sequence
from tests import factories
from tests.factories import NOON

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _tuesday_noon(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOON)


@pytest.fixture
def dana():
    return factories.make_staff()


@pytest.fixture
def desk(client, dana):
    client.force_login(dana)
    return client


def address(patient, **asked) -> str:
    return reverse("members:detail", args=[patient.pk], query=asked)


def read(desk, patient, **asked) -> str:
    return desk.get(address(patient, **asked)).content.decode()


def invoice(membership, **fields):
    defaults = {
        "stripe_id": f"in_{Invoice.objects.count()}", "number": "GT-7", "status": "paid", "amount_due_cents": 19900,
        "amount_remaining_cents": 0, "currency": "usd", "issued_at": NOON - 9 * DAY,
    }  # fmt: skip
    return Invoice.objects.create(membership=membership, **{**defaults, **fields})


def text(patient, body="Hello", *, direction="out", kind="servicing", status="delivered", at=NOON - DAY, **fields):
    return Message.objects.create(
        direction=direction, kind=kind, status=status, patient=patient, address=patient.phone, body=body,
        created_at=at, due_at=at if direction == "out" else None, **fields,
    )  # fmt: skip


def full_story():
    """A member to whom one of everything has happened."""
    member = factories.make_membership(status="past_due", card_brand="visa", card_last4="4242")
    patient, facial = member.patient, factories.make_service()
    credits.grant(
        membership=member, service=facial, quantity=2, key="g", expires_at=NOON + 30 * DAY, actor="stripe",
        reason="Paid period, Glow", now=NOON - 8 * DAY,
    )  # fmt: skip
    credits.spend(membership=member, service=facial, key="s", actor="system", reason="Visit", now=NOON - 7 * DAY)
    for ahead, status in ((-7, "completed"), (3, "booked")):
        start = NOON + ahead * DAY
        Visit.objects.create(
            patient=patient, service=facial, location=patient.home_location, starts_at=start,
            ends_at=start + timedelta(hours=1), status=status,
        )  # fmt: skip
    invoice(member, paid_at=NOON - 9 * DAY)
    invoice(member, status="open", amount_remaining_cents=19900, decline_code="expired_card",
            first_failed_at=NOON - 2 * DAY, next_attempt_at=NOON + DAY)  # fmt: skip
    sequence = Sequence.objects.create(slug="payment_recovery", name="Payment recovery")
    enrolment = Enrolment.objects.create(
        sequence=sequence, membership=member, cause="invoice:in_1", started_at=NOON - 2 * DAY, next_at=NOON + DAY
    )
    text(patient, "Update your card: {link}", enrolment=enrolment)
    text(patient, "is it 5pm?", direction="in", kind="inbound", status="received")
    escalations.open(reason="question", summary="Asks about 5 pm.", patient=patient, now=NOON - timedelta(hours=1))
    audit.record("membership.past_due", actor="stripe", patient=patient, now=NOON - 2 * DAY)
    return member


def test_the_page_tells_how_a_member_stands(desk):
    member = full_story()

    page = read(desk, member.patient)

    for fact in (
        "Ana Ortiz", "Past due", "Glow, $199.00 a month", "1 × Signature Facial", "until Thu Jul 16", "$199.00 unpaid",
        "The card has expired", "Visa ending in 4242", "next try Wed Jun 17", "Fri Jun 19, 11:00 am",
        "Service and offers",
    ):  # fmt: skip
        assert fact in page, fact


def test_the_timeline_merges_all_that_happened_newest_first(desk):
    member = full_story()

    entries = desk.get(address(member.patient)).context["story"].entries

    moments = [entry.at for entry in entries]
    assert moments == sorted(moments, reverse=True)
    assert {entry.source for entry in entries} == set(timeline.KINDS)
    titles = [entry.title for entry in entries]
    assert "Payment of $199.00 failed" in titles
    assert "+2 Signature Facial credits" in titles
    assert "−1 Signature Facial credit" in titles
    assert "Payment recovery started" in titles
    assert "Membership past due" in titles


def test_a_link_in_a_text_is_never_shown_to_staff(desk):
    member = full_story()

    page = read(desk, member.patient)

    assert "Update your card: [secure link]" in page
    assert "{link}" not in page


@pytest.mark.parametrize("kind", timeline.KINDS)
def test_one_kind_alone_can_be_read(desk, kind):
    member = full_story()

    entries = desk.get(address(member.patient, show=kind)).context["story"].entries

    assert entries
    assert {entry.source for entry in entries} == {kind}


def test_the_audit_filter_shows_what_the_merged_story_tells_otherwise(desk):
    member = full_story()

    merged = [entry.title for entry in desk.get(address(member.patient)).context["story"].entries]
    audits = [entry.title for entry in desk.get(address(member.patient, show="audit")).context["story"].entries]

    assert "Credit granted" not in merged
    assert "Credit granted" in audits


def test_a_sequence_is_told_once_and_the_audit_filter_names_it_in_plain_words(desk):
    member = factories.make_membership()
    audit.record("enrolment.started", actor="system", patient=member.patient, now=NOON)

    merged = desk.get(address(member.patient)).context["story"].entries
    audits = desk.get(address(member.patient, show="audit")).context["story"].entries

    assert merged == []
    assert ("Sequence of texts started", "by the system") in [(entry.title, entry.body) for entry in audits]


def test_the_story_is_read_in_pages_and_no_row_is_lost_or_repeated(desk):
    member = factories.make_membership()
    for number in range(timeline.ROWS_A_PAGE + 7):
        text(member.patient, f"text {number}", at=NOON - DAY)  # all at one moment

    first = desk.get(address(member.patient)).context["story"]
    second = desk.get(address(member.patient, page=2)).context["story"]

    bodies = [entry.body for entry in first.entries + second.entries]
    assert (len(first.entries), first.has_older) == (50, True)
    assert (len(second.entries), second.has_older) == (7, False)
    assert len(set(bodies)) == len(bodies)


def test_another_patients_story_does_not_mix_in(desk):
    full_story()
    cleo = factories.make_membership(factories.make_patient("Cleo", "Vance")).patient

    entries = desk.get(address(cleo)).context["story"].entries

    assert entries == []


def test_an_opt_out_is_plain_to_see(desk):
    member = factories.make_membership()
    consent.opt_out(address=member.patient.phone, channel="sms", wording="STOP", source="text", now=NOON - DAY)

    page = read(desk, member.patient)

    assert "Opted out" in page
    assert "Mon Jun 15" in page


def test_consent_to_service_texts_alone_does_not_read_as_consent_to_offers(desk):
    member = factories.make_membership(consent=False)
    factories.agree(member.patient, "servicing")

    page = read(desk, member.patient)

    assert "Service only" in page


def test_a_patient_without_membership_or_number_has_a_page_too(desk):
    patient = factories.make_patient("Nova", "New", phone="")

    page = read(desk, patient)

    assert "No membership" in page
    assert "No mobile number" in page
    assert "Nothing has happened yet" in page


def test_an_open_case_is_one_click_away(desk):
    member = factories.make_membership()
    case = escalations.open(reason="human", summary="?", patient=member.patient, now=NOON)

    page = read(desk, member.patient)

    assert reverse("concierge:escalation", args=[case.pk]) in page


def test_every_look_at_a_patient_is_on_record(desk, dana):
    """R116."""
    patient = factories.make_membership().patient

    desk.get(address(patient))

    entry = AuditEntry.objects.get(action="patient.viewed")
    assert (entry.actor, entry.patient, entry.at) == (f"staff:{dana.pk}", patient, NOON)


def test_the_audit_trail_names_the_colleague(desk, dana):
    patient = factories.make_membership().patient
    desk.get(address(patient))

    entries = desk.get(address(patient, show="audit")).context["story"].entries

    assert [(entry.title, entry.body) for entry in entries] == [("Page opened", "by Dana Reyes")]


def test_the_page_takes_no_more_than_twelve_queries(desk, django_assert_max_num_queries):
    member = full_story()

    with django_assert_max_num_queries(12):
        page = read(desk, member.patient)

    assert "Ana Ortiz" in page


@pytest.mark.parametrize("asked", [{"page": "nonsense"}, {"page": "-3"}, {"page": "99999"}, {"show": "'; --"}])
def test_odd_addresses_show_the_page_nonetheless(desk, asked):
    member = factories.make_membership()

    response = desk.get(address(member.patient, **asked))

    assert response.status_code == 200


def test_a_patient_who_does_not_exist_is_not_found(desk):
    response = desk.get(reverse("members:detail", args=[424242]))

    assert response.status_code == 404
