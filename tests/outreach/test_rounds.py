"""The rounds by the clock of each location, and whom each selection takes."""

from datetime import UTC, date, datetime, timedelta

import pytest

from members.models import Invoice, Membership, Practice, Visit
from outreach import cadence, playbooks, sequences
from outreach.cadence import selecting
from outreach.late_facts import cause_of
from outreach.models import CadencePlan, Enrolment, PlanLine, Sequence
from tests import factories
from tests.doubles.owing import owing_member
from tests.factories import NOON

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
TUESDAY = date(2026, 6, 16)
MONDAY_TEN = datetime(2026, 6, 15, 15, 0, tzinfo=UTC)  # 10:00 in Austin


@pytest.fixture(autouse=True)
def _installed():
    playbooks.install()
    Sequence.objects.update(holdout_percent=0)
    factories.make_location()
    Practice.objects.update(upgrades_on=True, win_back_on=True)


def member(first_name: str = "Ana", **fields) -> Membership:
    values = {"credits_remaining": 2, "last_visit_at": NOON - 10 * DAY}
    return factories.make_membership(factories.make_patient(first_name), **{**values, **fields})


def line(which: str, membership: Membership, on: date = TUESDAY) -> PlanLine | None:
    return cadence.plan(which, on=on, now=NOON).row.lines.filter(membership=membership).first()


def visited(membership: Membership, *days_ago: int, status: str = "completed", **service) -> None:
    what = factories.make_service(**service) if service else factories.make_service()
    for ago in days_ago:
        at = NOON - ago * DAY
        Visit.objects.create(
            patient=membership.patient,
            service=what,
            location=membership.location,
            starts_at=at,
            ends_at=at + timedelta(hours=1),
            status=status,
        )


# --- whom Monday takes ---


@pytest.mark.parametrize(
    ("fields", "slug", "cause"),
    [
        ({"last_visit_at": NOON - 59 * DAY}, "utilization", "unused:2026-06:30"),
        ({"last_visit_at": NOON - 60 * DAY}, "utilization_60", "unused:2026-06:60"),
        ({"last_visit_at": NOON - 90 * DAY}, "come_back", "unused:2026-Q2:90"),
        ({"last_visit_at": None, "started_on": TUESDAY - 20 * DAY}, "utilization", "unused:2026-06:30"),
        ({"last_visit_at": None, "started_on": TUESDAY - 60 * DAY}, "utilization_60", "unused:2026-06:60"),
        ({"last_visit_at": None, "started_on": TUESDAY - 90 * DAY}, "come_back", "unused:2026-Q2:90"),
    ],
)
def test_the_tier_is_the_time_since_the_last_visit_or_since_joining(fields, slug, cause):
    """settled.md 15."""
    found = line("monday", member(**fields))

    assert (found.sequence.slug, found.cause, found.why) == (slug, cause, "")


@pytest.mark.parametrize(
    ("visits", "slug"),
    [
        ((50, 36, 22), "rhythm"),  # each 14 days, and 22 days ago
        ((50, 32, 14), "utilization"),  # each 18 days, and 14 days ago
        ((36, 22), "utilization"),  # two visits are no habit
    ],
)
def test_whoever_is_late_by_their_own_rhythm_hears_it_after_three_visits(visits, slug):
    membership = member(last_visit_at=NOON - visits[-1] * DAY)
    visited(membership, *visits)

    found = line("monday", membership)

    assert found.sequence.slug == slug


def test_the_signals_are_kept_with_the_enrolment():
    membership = member(last_visit_at=NOON - 22 * DAY)
    visited(membership, 50, 36, 22)

    cadence.run(cadence.plan("monday", on=TUESDAY, now=NOON), actor="system", now=NOON)

    signals = Enrolment.objects.get().signals
    assert (signals["days_since_visit"], signals["interval_days"], signals["utilization"]) == (22, 14, None)


# --- the lot ---


def test_the_lot_is_drawn_the_same_in_sql_and_in_python_and_is_recorded():
    Sequence.objects.filter(slug="utilization").update(holdout_percent=40)
    members = [member(f"Patient{number}") for number in range(25)]

    plan = cadence.plan("monday", on=TUESDAY, now=NOON)
    enrolled = cadence.run(plan, actor="system", now=NOON)

    drawn = {
        each.pk
        for each in members
        if selecting.drawn(slug="utilization", membership_id=each.pk, on=TUESDAY, percent=40)
    }
    held = Enrolment.objects.filter(held_out=True)
    assert set(held.values_list("membership_id", flat=True)) == drawn
    assert set(held.values_list("status", "ended_because")) <= {("ended", "held out")}
    assert enrolled == 25 - len(drawn) == len(plan.to_enrol)
    assert {row.why for row in plan.skipped} <= {"left out by lot, to compare with"}


def test_about_the_share_is_drawn_and_nobody_of_a_recovery():
    drawn = sum(selecting.drawn(slug="win_back", membership_id=pk, on=TUESDAY, percent=10) for pk in range(2000))

    assert 150 < drawn < 250
    assert playbooks.PLAYBOOKS["payment_recovery"].holdout_percent == 0


# --- Wednesday, Friday, every day ---


def test_wednesday_catches_a_failure_whose_event_was_lost_and_nothing_that_is_followed():
    lost, _ = owing_member()
    followed, invoice = owing_member(patient=factories.make_patient("Bo"))
    sequences.enrol(slug="payment_recovery", membership=followed, cause=f"invoice:{invoice.stripe_id}", now=NOON)

    plan = cadence.plan("wednesday", on=TUESDAY, now=NOON)
    cadence.run(plan, actor="system", now=NOON)

    assert [row.membership_id for row in plan.to_enrol] == [lost.pk]
    assert [row.why for row in plan.skipped] == ["already being followed"]
    assert Enrolment.objects.filter(membership=lost).get().cause == f"invoice:in_test{lost.pk}"


def test_a_recovery_that_a_pause_cut_short_begins_anew_on_wednesday():
    """With the cause that the billing event would have given it."""
    membership, invoice = owing_member()
    first = sequences.enrol(slug="payment_recovery", membership=membership, cause=cause_of(invoice), now=NOON)
    sequences.stop(membership=membership, slug="payment_recovery", because="paused", now=NOON)
    expected = cause_of(invoice)

    [row] = cadence.plan("wednesday", on=TUESDAY, now=NOON).to_enrol

    assert row.cause == expected == f"{first.cause}:2"


def test_wednesday_names_who_is_past_due_without_an_invoice():
    member(status="past_due")

    assert [row.why for row in cadence.plan("wednesday", on=TUESDAY, now=NOON).skipped] == [
        "past due, but no open invoice here: compare with Stripe"
    ]


@pytest.mark.parametrize(("days", "taken"), [(29, False), (30, True), (89, True), (90, False)])
def test_friday_takes_who_left_30_to_90_days_ago(days, taken):
    left = member(status="cancelled", ended_at=NOON - days * DAY)

    found = line("friday", left)

    assert (found is not None) is taken


def test_friday_leaves_alone_who_came_back():
    left = member(status="lapsed", ended_at=NOON - 40 * DAY)
    factories.make_membership(left.patient, consent=False)

    assert line("friday", left).why == "restarted"


def test_an_upgrade_needs_two_add_ons_in_sixty_days_and_a_plan_above():
    """At most one a quarter: the quarter is the cause."""
    membership, other = member(), member("Bo")
    visited(membership, 5, 50, name="Booster", add_on=True)
    visited(other, 5, 70, name="Booster", add_on=True)
    assert line("daily", membership) is None

    factories.make_plan("Radiant", tier=2, price_cents=29900)

    found = line("daily", membership)
    assert (found.sequence.slug, found.cause, found.why) == ("upgrade", "upgrade:2026-Q2", "")
    assert (found.signals["difference_cents"], found.signals["more_credits"]) == (10000, 1)
    assert line("daily", other) is None


@pytest.mark.parametrize(("days", "told"), [(334, False), (335, True), (364, True), (365, False), (700, True)])
def test_everybody_is_reminded_once_a_year(days, told):
    """R97."""
    found = line("daily", member(started_on=TUESDAY - days * DAY))

    assert (found is not None and found.sequence.slug == "yearly") is told


def test_whoever_missed_a_visit_today_is_asked_the_same_evening_unless_a_new_one_is_booked():
    missed, again = member(), member("Bo", next_appointment_at=NOON + 2 * DAY)
    for each in (missed, again):
        visited(each, 0, status="no_show")

    plan = cadence.plan("missed", on=TUESDAY, now=NOON + timedelta(hours=4))

    assert [row.membership_id for row in plan.to_enrol] == [missed.pk]
    assert [row.why for row in plan.skipped] == ["appointment on June 18"]


# --- the clock of each location ---


def test_the_clock_runs_each_location_at_its_own_hour_once_a_day():
    factories.make_location(external_id="scottsdale", name="Scottsdale", time_zone="America/Phoenix", state="AZ")
    runs = []
    for minutes in range(-30, 4 * 60, 30):
        cadence.run_due(now=MONDAY_TEN + timedelta(minutes=minutes))
        mondays = CadencePlan.objects.filter(which="monday").select_related("location")
        runs.append(sorted(plan.location.name for plan in mondays))

    assert runs[0] == []
    assert runs[1] == ["Austin"]  # 10:00 there, 8:00 in Phoenix
    assert runs[4] == ["Austin"]
    assert runs[5] == runs[-1] == ["Austin", "Scottsdale"]


def test_what_the_clock_runs_is_enrolled_and_a_second_tick_adds_nothing():
    membership = member()

    assert [cadence.run_due(now=MONDAY_TEN + timedelta(minutes=minutes)) for minutes in range(3)] == [1, 0, 0]

    plan = CadencePlan.objects.get(which="monday")
    assert (plan.enrolled, plan.ran_by, plan.automatic) == (1, "system", True)
    assert Enrolment.objects.get().membership == membership


def test_nothing_runs_by_itself_before_the_practice_is_live():
    member()
    Practice.objects.update(live_since=None)

    assert cadence.run_due(now=MONDAY_TEN) == 0
    assert not CadencePlan.objects.exists()


def test_an_open_invoice_that_never_failed_is_nobodys_business():
    membership, _ = owing_member()
    Invoice.objects.update(first_failed_at=None)
    Membership.objects.update(status="active")

    assert line("wednesday", membership) is None
