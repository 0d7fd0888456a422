"""Monday's round: the plan is the dry run, and the run is the plan."""

import json
from datetime import date, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from common import clock
from common.errors import Refused
from members import consent, holds
from members.models import AuditEntry, Membership, Practice
from outreach import cadence, outbox, playbooks, sequences
from outreach.audiences import Moment, at_risk
from outreach.models import CadencePlan, Enrolment, Message, Sequence
from tests import factories
from tests.factories import NOON

pytestmark = pytest.mark.django_db

MONDAY = date(2026, 6, 15)
CAUSE = "unused:2026-06:30"


@pytest.fixture(autouse=True)
def _installed():
    """Nobody is left out by lot, but where a test is about that."""
    playbooks.install()
    Sequence.objects.update(holdout_percent=0)


def member(first_name: str = "Ana", **fields) -> Membership:
    """An active member with two unused credits and nothing booked, who was in ten days ago."""
    patient = fields.pop("patient", None) or factories.make_patient(first_name)
    return factories.make_membership(
        patient, **{"credits_remaining": 2, "last_visit_at": NOON - timedelta(days=10), **fields}
    )


def planned(on: date = MONDAY, now=NOON) -> cadence.Plan:
    return cadence.plan("monday", on=on, now=now)


def why(membership: Membership) -> str:
    return next(row.why for row in planned().skipped if row.membership_id == membership.pk)


def unused(on: date):
    return at_risk.unused_credits(Moment(on, NOON, {}, frozenset()))


# --- audiences ---


@pytest.mark.parametrize(
    ("fields", "chosen"),
    [
        ({}, True),
        ({"credits_remaining": 0}, False),
        ({"next_appointment_at": NOON + timedelta(days=1)}, False),
        ({"next_appointment_at": NOON + timedelta(days=30)}, False),
        ({"next_appointment_at": NOON + timedelta(days=30, seconds=1)}, True),
        ({"next_appointment_at": NOON - timedelta(days=1)}, True),
        ({"status": "past_due"}, False),
        ({"status": "paused"}, False),
        ({"status": "cancelling"}, False),
        ({"status": "cancelled"}, False),
        ({"started_on": MONDAY + timedelta(days=1)}, False),
    ],
)
def test_unused_credits_are_active_members_with_credits_and_no_appointment_in_30_days(fields, chosen):
    member(**fields)

    assert unused(MONDAY).exists() is chosen


def test_a_list_for_a_coming_monday_looks_ahead_from_that_day():
    member(next_appointment_at=NOON + timedelta(days=33))

    assert unused(MONDAY).exists()
    assert not unused(date(2026, 6, 22)).exists()


def test_the_selection_is_one_statement(django_assert_num_queries):
    for number in range(5):
        member(f"Patient{number}")

    with django_assert_num_queries(1):
        assert len(unused(MONDAY)) == 5


# --- the plan ---


def test_the_plan_says_who_gets_what():
    membership = member()

    plan = planned()

    assert plan.skipped == ()
    assert plan.to_enrol == (
        cadence.Planned(
            membership_id=membership.pk,
            name="Ana Ortiz",
            cause=CAUSE,
            words="Hi Ana, it's Glow Theory. You have 2 membership credits ready to use. Want us to hold a time for "
            "you this week or next? Just reply. Reply STOP to opt out.",
        ),
    )


def test_the_words_are_those_that_are_sent(carrier):
    member(patient=factories.make_patient(language="es"))
    plan = planned()

    cadence.run(plan, actor="system", now=NOON)
    sequences.advance(now=NOON)
    outbox.send_due(now=NOON)

    assert [body for _, body in carrier.sent] == [row.words for row in plan.to_enrol]
    assert carrier.sent[0][1].startswith("Hola Ana")


def test_planning_writes_nothing():
    member()

    planned()

    assert not Enrolment.objects.exists()
    assert not Message.objects.exists()
    assert not AuditEntry.objects.exclude(action__startswith="consent").exists()


def test_planning_costs_the_same_for_many():
    member()
    with CaptureQueriesContext(connection) as few:
        planned()
    for _ in range(12):
        member()

    with CaptureQueriesContext(connection) as many:
        plan = planned()

    assert len(plan.to_enrol) == 13
    assert len(many) == len(few)


def test_one_who_opted_back_in_is_planned_again():
    membership = member()
    number = membership.patient.phone
    consent.opt_out(address=number, channel="sms", wording="STOP", source="text", now=NOON)
    consent.resubscribe(address=number, channel="sms", wording="START", source="text", now=NOON)

    assert [row.membership_id for row in planned().to_enrol] == [membership.pk]


def test_no_credits():
    assert why(member(credits_remaining=0)) == "no credits left"


def test_an_appointment_is_named_by_its_local_day():
    late = NOON.replace(day=20, hour=3)  # 22:00 on the 19th in Austin

    assert why(member(next_appointment_at=late)) == "appointment on June 19"


def test_an_opt_out():
    membership = member()
    consent.opt_out(address=membership.patient.phone, channel="sms", wording="STOP", source="text", now=NOON)

    assert why(membership) == "opted out of texts"


def test_consent_to_servicing_only():
    membership = member(consent=False)
    factories.agree(membership.patient, "servicing")

    assert why(membership) == "no consent to marketing texts"


def test_no_number():
    assert why(member(patient=factories.make_patient(phone=""))) == "no phone number"


def test_a_minor():
    assert why(member(patient=factories.make_patient(birth_date=date(2010, 1, 1)))) == "under 18"


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("person", "a person has the conversation"),
        ("clinical", "held until a clinician clears the patient"),
        ("dispute", "a payment dispute is open"),
    ],
)
def test_a_hold(kind, words):
    membership = member()
    holds.place(kind=kind, phone=membership.patient.phone, now=NOON)

    assert why(membership) == words


def test_already_enrolled_for_this_month_and_free_again_next_month():
    membership = member()
    cadence.run(planned(), actor="system", now=NOON)

    assert why(membership) == "already enrolled this month"
    assert planned(on=MONDAY + timedelta(days=7)).to_enrol == ()
    assert len(planned(on=date(2026, 7, 6)).to_enrol) == 1


def test_nudges_switched_off():
    membership = member()
    Practice.objects.update(nudges_on=False)

    assert planned().to_enrol == ()
    assert why(membership) == "nudges are switched off"


def test_members_who_are_not_active_are_not_listed_at_all():
    member(status="cancelled")
    member("Lena", status="past_due")

    plan = planned()

    assert (plan.to_enrol, plan.skipped) == ((), ())


def test_every_active_member_is_either_planned_or_skipped():
    for number in range(6):
        member(f"Patient{number}", credits_remaining=number % 2, consent=number % 3 > 0)

    plan = planned()

    listed = [row.membership_id for row in (*plan.to_enrol, *plan.skipped)]
    assert sorted(listed) == sorted(Membership.objects.values_list("pk", flat=True))


@pytest.mark.parametrize("which", ["tuesday", "Monday", ""])
def test_another_cadence_is_refused_with_a_sentence(which):
    with pytest.raises(Refused) as refused:
        cadence.plan(which, on=MONDAY, now=NOON)

    assert refused.value.code == "no_such_cadence"
    assert "monday, wednesday, friday" in refused.value.message


def test_a_nudge_comes_once_a_month_and_not_each_monday():
    member()

    causes = {planned(on=MONDAY + timedelta(weeks=week)).to_enrol[0].cause for week in range(2)}

    assert causes == {CAUSE}
    assert planned(on=date(2026, 7, 6)).to_enrol[0].cause == "unused:2026-07:30"


# --- the run ---


def test_the_run_enrols_exactly_the_plan():
    members = [member(f"Patient{number}") for number in range(3)]
    plan = planned()
    member("Late")  # came after the plan was made

    assert cadence.run(plan, actor="staff:3", now=NOON) == 3

    enrolments = Enrolment.objects.order_by("membership_id")
    assert [enrolment.membership_id for enrolment in enrolments] == [membership.pk for membership in members]
    assert {(row.cause, row.status, row.next_at) for row in enrolments} == {(CAUSE, "running", NOON)}


def test_running_again_in_the_same_week_adds_nothing():
    member()
    plan = planned()
    cadence.run(plan, actor="system", now=NOON)

    assert cadence.run(plan, actor="system", now=NOON) == 0
    assert cadence.run(planned(on=MONDAY + timedelta(days=3)), actor="system", now=NOON) == 0
    assert Enrolment.objects.count() == 1


def test_one_audit_row_with_the_count():
    """settled.md 18."""
    member()
    member("Lena")

    cadence.run(planned(), actor="staff:3", now=NOON)

    entry = AuditEntry.objects.get(action="cadence.run")
    assert entry.actor == "staff:3"
    plan_id = CadencePlan.objects.get().pk
    assert entry.data == {"cadence": "monday", "on": "2026-06-15", "plan": plan_id, "planned": 2, "enrolled": 2}


def test_enrolling_costs_the_same_for_many(django_assert_max_num_queries):
    for number in range(30):
        member(f"Patient{number}")
    plan = planned()

    with django_assert_max_num_queries(8):
        assert cadence.run(plan, actor="system", now=NOON) == 30


# --- the command ---


def command(*words: str) -> str:
    out = StringIO()
    call_command("cadence", *words, stdout=out)
    return out.getvalue()


@pytest.fixture
def _noon(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOON)


@pytest.mark.usefixtures("_noon")
def test_the_dry_run_and_the_run_list_the_same_people():
    member()
    member("Lena", credits_remaining=0)

    dry = json.loads(command("monday", "--dry-run", "--json"))
    assert not Enrolment.objects.exists()
    done = json.loads(command("monday", "--json"))

    assert (dry.pop("enrolled"), done.pop("enrolled")) == (None, 1)
    assert dry == done
    assert [row["name"] for row in dry["to_enrol"]] == ["Ana Ortiz"]
    assert [row["why"] for row in dry["skipped"]] == ["no credits left"]


@pytest.mark.usefixtures("_noon")
def test_the_command_speaks_in_sentences_too():
    member()
    member("Lena", credits_remaining=0)

    said = command("monday", "--on", "2026-06-22", "--dry-run")

    assert "Monday cadence for 2026-06-22. To enrol: 1" in said
    assert "Ana Ortiz: Hi Ana, it's Glow Theory." in said
    assert "Lena Ortiz: no credits left" in said
    assert "nobody was enrolled" in said


@pytest.mark.usefixtures("_noon")
def test_today_is_today_at_the_practice(monkeypatch):
    """Sunday evening in Austin is Monday in UTC."""
    factories.make_location()
    monkeypatch.setattr(clock, "now", lambda: NOON.replace(day=15, hour=2))

    assert json.loads(command("monday", "--dry-run", "--json"))["on"] == "2026-06-14"


@pytest.mark.parametrize("words", [["tuesday"], ["monday", "--on", "soon"]])
def test_a_wrong_word_is_an_error_with_a_sentence(words):
    factories.make_practice()

    with pytest.raises(CommandError):
        command(*words)
