"""A hand-off that nobody takes is not lost: the desk is reminded, then the owner, in opening hours (R167)."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core import mail

from common import clock
from concierge import handoff, reminders
from concierge.models import Reminder
from medspa import tasks
from members import escalations
from members.models import AuditEntry, Escalation, OnCallContact, StaffRole
from outreach.models import Message
from tests.concierge.conftest import text
from tests.conftest import run_queued_tasks
from tests.factories import NOON, make_location, make_patient, make_staff

pytestmark = pytest.mark.django_db

AUSTIN = ZoneInfo("America/Chicago")
DESK, OWNER, LAST = "dana@glowtheory.example", "olivia@glowtheory.example", "+15125550193"


def minutes(number: float) -> datetime:
    return NOON + timedelta(minutes=number)


def told() -> list[str]:
    return list(Message.objects.filter(kind="alert").order_by("pk").values_list("address", flat=True))


@pytest.fixture
def dana():
    return make_staff(DESK)


@pytest.fixture(autouse=True)
def _people(dana):
    make_staff(OWNER, role=StaffRole.Role.OWNER)
    make_staff("cara@glowtheory.example", role=StaffRole.Role.CLINICIAN)
    for position, phone in ((1, "+15125550191"), (2, LAST)):
        OnCallContact.objects.create(position=position, name=f"Contact {position}", phone=phone)


@pytest.fixture
def case(ana) -> Escalation:
    """Ana asked for a person at 11:00 on a Tuesday in Austin."""
    text(ana.phone, "can I talk to a person")
    return Escalation.objects.get()


def test_the_desk_is_reminded_after_thirty_minutes_and_the_owner_after_four_hours(case):
    """R167: clock simulation."""
    walked = {}
    for minute in (0, 29, 30, 31, 60, 120, 239, 240, 241, 300):
        before = len(told())
        reminders.remind_due(now=minutes(minute))
        if told()[before:]:
            walked[minute] = told()[before:]

    assert walked == {30: [DESK], 240: [OWNER, LAST]}


def test_a_reminder_is_a_letter_that_names_no_patient_and_leaves_a_trace(case, monkeypatch):
    """R108, R167."""
    monkeypatch.setattr(clock, "now", lambda: minutes(31))
    tasks.reminders()
    run_queued_tasks()

    [letter] = mail.outbox
    assert (letter.to, letter.subject) == ([DESK], "Glow Theory: somebody waits")
    assert f"Case {case.pk}: a patient has waited for a person for 30 minutes" in letter.body
    assert "Ana" not in letter.body + letter.subject
    assert "List-Unsubscribe" not in letter.extra_headers
    entry = AuditEntry.objects.get(action="escalation.reminded")
    assert (entry.patient, entry.data) == (case.patient, {"escalation": case.pk, "step": "desk", "told": 1})


@pytest.mark.parametrize(
    ("asked", "desk", "owner"),
    [
        # Ten minutes before closing: the rest of the half hour runs from the next morning, over a closed Sunday.
        (datetime(2026, 6, 16, 18, 50, tzinfo=AUSTIN), (17, 9, 20), (17, 12, 50)),
        (datetime(2026, 6, 20, 18, 50, tzinfo=AUSTIN), (22, 9, 20), (22, 12, 50)),
        (datetime(2026, 6, 16, 23, 0, tzinfo=AUSTIN), (17, 9, 30), (17, 13, 0)),
        (datetime(2026, 6, 16, 17, 0, tzinfo=AUSTIN), (16, 17, 30), (17, 11, 0)),
    ],
)
def test_the_clock_stands_still_while_the_location_is_closed(asked, desk, owner):
    """R167: business minutes."""
    escalations.open(reason="human", summary="Wants a person.", patient=make_patient(), now=asked)

    for (day, hour, minute), people in ((desk, 1), (owner, 3)):
        due = datetime(2026, 6, day, hour, minute, tzinfo=AUSTIN)
        reminders.remind_due(now=due - timedelta(minutes=1))
        before = len(told())
        reminders.remind_due(now=due)
        assert (before, len(told())) == (people - (1 if people == 1 else 2), people)


def test_a_patient_who_writes_again_waits_no_longer_for_it(case, ana):
    text(ana.phone, "hello? anybody?", now=minutes(25))

    reminders.remind_due(now=minutes(31))

    assert told() == [DESK]


def claimed(case, dana):
    escalations.claim(escalation=case, by=dana, now=minutes(5))


def answered(case, dana):
    handoff.reply(phone=case.phone, body="Hi, Dana here", by=dana, now=minutes(5))


def pen_taken(case, dana):
    handoff.take_pen(phone=case.phone, by=dana, now=minutes(5))


def resolved(case, dana):
    escalations.resolve(escalation=case, by=dana, outcome="Called", now=minutes(5))


@pytest.mark.parametrize("looked_after", [claimed, answered, pen_taken, resolved])
def test_nobody_is_reminded_of_what_a_colleague_took(case, dana, looked_after):
    looked_after(case, dana)

    reminders.remind_due(now=minutes(300))

    assert told() == []


def test_staff_of_another_location_are_not_reminded(case):
    far = make_location(name="Dallas", external_id="dallas")
    lee = make_staff("lee@glowtheory.example")
    lee.roles.update(location=far)

    reminders.remind_due(now=minutes(31))

    assert told() == [DESK]


def test_an_emergency_is_left_to_its_own_chain(ana):
    """R162."""
    text(ana.phone, "I can't breathe")

    assert reminders.remind_due(now=minutes(400)) == 0


def test_a_second_worker_reminds_nobody_again(case):
    reminders.remind_due(now=minutes(31))

    assert not reminders.remind(case, Reminder.Step.DESK, now=minutes(31))
    assert told() == [DESK]


def test_without_email_the_people_on_call_are_texted(case, settings):
    settings.MAIL_FROM = ""

    reminders.remind_due(now=minutes(241))

    assert told() == ["+15125550191", LAST]


def test_the_page_of_the_case_says_who_was_reminded(case, dana, client):
    reminders.remind_due(now=minutes(31))
    client.force_login(dana)

    page = client.get(f"/escalations/{case.pk}/").content.decode()

    assert "The desk was reminded" in page
