"""Paging the people on call: one after the other, once each, until somebody has it (R162, R163)."""

import logging
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from django.db import IntegrityError, transaction

from medspa import ticking
from members import consent, escalations, holds
from members.models import AuditEntry, Escalation, OnCallContact
from outreach import alerts, inbound, outbox, switches
from outreach.models import Message, Page
from tests import factories
from tests.factories import NOON

pytestmark = pytest.mark.django_db

FIRST, SECOND, OWNER = "+15125550191", "+15125550192", "+15125550193"
_sids = count(1)


def minutes(number: float) -> datetime:
    return NOON + timedelta(minutes=number)


@pytest.fixture
def patient():
    return factories.make_patient(phone="+15125550177")


@pytest.fixture
def on_call() -> None:
    for position, phone in ((1, FIRST), (2, SECOND), (5, OWNER)):
        OnCallContact.objects.create(position=position, name=f"Contact {position}", phone=phone)


@pytest.fixture
def case(patient, on_call) -> Escalation:
    return raised(patient)


def raised(patient, *, at: datetime = NOON) -> Escalation:
    summary = f"{patient.first_name} cannot breathe."
    severity = Escalation.Severity.EMERGENCY
    return escalations.open(reason="emergency", severity=severity, summary=summary, patient=patient, now=at)


def paged() -> list[str]:
    return [page.phone for page in Page.objects.order_by("pk")]


def receive(body: str, *, sender: str, at: datetime = NOON) -> Message:
    return inbound.receive(
        sid=f"SMack{next(_sids)}",
        sender=sender,
        recipient="+15125550100",
        body=body,
        media_count=0,
        opt_out_type="",
        now=at,
    ).message


def answer_to(message: Message) -> str:
    return message.replies.get().body


def test_the_first_contact_is_paged_within_the_tick_and_no_patient_is_named(case, carrier):
    """R162."""
    ticking.tick(now=minutes(1))

    [(to, body)] = carrier.sent
    assert (to, paged()) == (FIRST, [FIRST])
    assert body == f"Possible emergency, case {case.pk}. Open the portal now. Answer ACK {case.pk}."


def test_nobody_is_paged_twice_in_a_round(case):
    first = alerts.page_due(now=NOON)

    again = alerts.page_due(now=minutes(4))

    assert (first, again, paged()) == (1, 0, [FIRST])


def test_a_second_worker_that_saw_no_page_yet_pages_nobody_again(case):
    alerts.page_due(now=NOON)
    contact = OnCallContact.objects.get(position=1)

    quicker = alerts._page_once(case, contact, 1, NOON)

    assert (quicker, paged(), Message.objects.filter(kind="alert").count()) == (False, [FIRST], 1)


def test_the_table_takes_one_page_a_contact_and_round(case):
    alerts.page_due(now=NOON)
    page = Page.objects.get()
    other = outbox.post(kind="alert", body="x", dedupe_key="other", address=FIRST, now=NOON)
    page.pk, page.text, page._state.adding = None, other, True

    with pytest.raises(IntegrityError), transaction.atomic():
        page.save()


def test_the_chain_goes_on_every_five_minutes_then_everyone_then_the_last_one(case):
    """R162: an unacknowledged page walks the chain."""
    walked = {}
    for minute in range(46):
        before = len(paged())
        alerts.page_due(now=minutes(minute))
        if new := paged()[before:]:
            walked[minute] = new

    assert walked == {
        0: [FIRST],
        5: [SECOND],
        10: [OWNER],
        15: [FIRST, SECOND, OWNER],
        30: [OWNER],
        45: [OWNER],
    }


def test_the_chain_has_an_end(case):
    for hour in range(72):
        alerts.page_due(now=minutes(60 * hour))
    before = len(paged())

    alerts.page_due(now=minutes(60 * 100))

    assert before == len(paged()) < 30


def test_a_late_worker_pages_each_one_once(case):
    alerts.page_due(now=minutes(40))

    assert paged() == [FIRST, SECOND, OWNER]


def test_ack_stops_the_chain_and_leaves_a_trace(case):
    alerts.page_due(now=NOON)

    message = receive(f"Ack {case.pk}.", sender=FIRST, at=minutes(2))

    case.refresh_from_db()
    assert (case.acknowledged_at, message.wants_answer) == (minutes(2), False)
    assert answer_to(message).startswith(f"Case {case.pk} is acknowledged")
    contact = OnCallContact.objects.get(position=1)
    assert AuditEntry.objects.filter(action="escalation.acknowledged", actor=f"on_call:{contact.pk}").count() == 1
    assert alerts.page_due(now=minutes(30)) == 0


def test_what_is_new_after_an_acknowledgement_begins_the_chain_again(case, patient):
    alerts.page_due(now=NOON)
    receive(f"ACK {case.pk}", sender=FIRST, at=minutes(2))

    raised(patient, at=minutes(20))
    alerts.page_due(now=minutes(20))

    assert paged() == [FIRST, FIRST]


def test_what_is_new_before_an_acknowledgement_does_not_begin_it_again(case, patient):
    alerts.page_due(now=NOON)

    raised(patient, at=minutes(3))
    alerts.page_due(now=minutes(3))
    alerts.page_due(now=minutes(5))

    assert paged() == [FIRST, SECOND]


@pytest.mark.parametrize("act", ["acknowledge", "resolve"])
def test_what_is_seen_or_resolved_in_the_portal_is_not_paged_on(case, act):
    alerts.page_due(now=NOON)
    more = {"outcome": "Called", "result": "called"} if act == "resolve" else {}

    getattr(escalations, act)(escalation=case, by=factories.make_staff(), now=minutes(1), **more)

    assert alerts.page_due(now=minutes(30)) == 0


@pytest.mark.parametrize("how", ["opted out", "not delivered"])
def test_of_a_patient_out_of_reach_the_page_says_to_call(patient, on_call, how):
    """R163."""
    if how == "opted out":
        consent.opt_out(address=patient.phone, channel="sms", wording="stop", source="text", now=NOON)
    else:
        text = outbox.post(kind="emergency", body="Call 911", dedupe_key="e", patient=patient, now=NOON)
        Message.objects.filter(pk=text.pk).update(status="failed", error_code="21610")
    raised(patient)

    alerts.page_due(now=NOON)

    assert "not reachable by text: call." in Message.objects.get(kind="alert").body


def test_no_hour_hold_switch_or_opt_out_stops_a_page(case, patient, carrier):
    """R163; and before the practice is live (settled.md 13)."""
    night = datetime(2026, 6, 16, 8, 0, tzinfo=UTC)  # 3 am in Austin
    Escalation.objects.update(opened_at=night)
    for kind in ("clinical", "person"):
        holds.place(kind=kind, phone=FIRST, patient=patient, now=night)
    switches.throw(scope="all", reason="Test", by=None, now=night)
    consent.opt_out(address=FIRST, channel="sms", wording="stop", source="text", now=night)
    type(factories.make_practice()).objects.update(live_since=None)

    alerts.page_due(now=night)
    outbox.send_due(now=night)

    assert [to for to, _ in carrier.sent] == [FIRST]
    assert Message.objects.get(kind="alert").decisions.filter(allowed=True).exists()  # skips the gates, not the log


def test_ack_from_a_stranger_is_a_text_like_any_other(case, patient):
    message = receive(f"ACK {case.pk}", sender=patient.phone)

    case.refresh_from_db()
    assert (message.wants_answer, case.acknowledged_at, message.replies.count()) == (True, None, 0)


def test_other_words_of_somebody_on_call_are_a_text_like_any_other(case):
    assert receive("Ack, I forgot my facial 12", sender=FIRST).wants_answer is True


@pytest.mark.parametrize(("said", "answer"), [("ACK 99999", "No emergency with the number 99999"), ("ack", "such as")])
def test_a_wrong_case_is_answered_with_one_sentence(case, said, answer):
    message = receive(said, sender=SECOND)

    case.refresh_from_db()
    assert answer in answer_to(message)
    assert case.acknowledged_at is None


def test_without_anybody_on_call_it_is_logged_and_nothing_is_opened(patient, caplog):
    raised(patient)

    with caplog.at_level(logging.ERROR):
        assert alerts.page_due(now=NOON) == 0

    assert "nobody on the on-call list" in caplog.text
    assert (Escalation.objects.count(), Page.objects.count()) == (1, 0)
