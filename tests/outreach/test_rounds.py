"""The rounds by the clock of each location, and whom each selection takes."""

import hashlib
from datetime import UTC, date, datetime, timedelta

import pytest

from members import credits, interests, membership_changes, standings, visits
from members.models import Invoice, Location, Membership, Patient, PlanVersion, Practice, PriceChange, Visit
from outreach import cadence, playbooks, sequences
from outreach.late_facts import cause_of
from outreach.models import CadencePlan, Enrolment, Message, PlanLine, Sequence
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
    membership = member()
    visited(membership, *visits)
    standings.refresh_visits([membership.patient_id], now=NOON)

    found = line("monday", membership)

    assert found.sequence.slug == slug


def test_the_signals_are_kept_with_the_enrolment():
    membership = member()
    visited(membership, 50, 36, 22)
    standings.refresh_visits([membership.patient_id], now=NOON)

    cadence.run(cadence.plan("monday", on=TUESDAY, now=NOON), actor="system", now=NOON)

    signals = Enrolment.objects.get().signals
    assert (signals["days_since_visit"], signals["interval_days"], signals["utilization"]) == (22, 14, None)


def test_the_next_credits_to_end_are_those_that_are_still_there():
    membership, facial = member(), factories.make_service()
    by = {"membership": membership, "service": facial, "actor": "system", "reason": "test", "now": NOON - 30 * DAY}
    for days in (5, 12, 20):
        credits.grant(quantity=1, key=f"lot:{days}", expires_at=NOON + days * DAY + DAY / 2, **by)
    credits.spend(key="visit", **by)
    standings.repair(now=NOON, actor="system")

    cadence.run(cadence.plan("monday", on=TUESDAY, now=NOON), actor="system", now=NOON)

    assert Enrolment.objects.get().signals["expires_in_days"] == 12


# --- the lot ---


def drawn(slug: str, membership_id: int, percent: int) -> bool:
    """By lot: the first sixteen bits of a digest of the sequence, the year and the member."""
    digest = hashlib.md5(f"{slug}:2026:{membership_id}".encode(), usedforsecurity=False).hexdigest()
    return int(digest[:4], 16) < 65536 * percent // 100


def test_the_lot_falls_by_sequence_year_and_member_and_is_recorded():
    Sequence.objects.filter(slug="utilization").update(holdout_percent=40)
    members = [member(f"Patient{number}") for number in range(25)]

    plan = cadence.plan("monday", on=TUESDAY, now=NOON)
    enrolled = cadence.run(plan, actor="system", now=NOON)

    out = {each.pk for each in members if drawn("utilization", each.pk, 40)}
    held = Enrolment.objects.filter(held_out=True)
    assert set(held.values_list("membership_id", flat=True)) == out
    assert set(held.values_list("status", "ended_because")) <= {("ended", "held out")}
    assert enrolled == 25 - len(out) == len(plan.to_enrol)
    assert {row.why for row in plan.skipped} <= {"left out by lot, to compare with"}


def test_nobody_is_left_out_of_a_recovery_by_lot():
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


def test_a_visit_called_off_too_late_is_rebooked_the_same_evening_and_one_called_off_in_time_is_not():
    late, in_time = member(), member("Bo")
    for each, ahead in ((late, 3), (in_time, 24 * 9)):
        visit = factories.make_visit(each.patient, NOON + timedelta(hours=ahead))
        visits.cancel(visit=visit, actor="staff:1", now=NOON)

    plan = cadence.plan("missed", on=TUESDAY, now=NOON + timedelta(hours=6))

    assert [row.membership_id for row in plan.to_enrol] == [late.pk]
    assert plan.skipped == ()


def test_a_late_cancellation_that_was_entered_by_mistake_is_nobodys_nudge():
    membership = member()
    visit = factories.make_visit(membership.patient, NOON + timedelta(hours=3))
    visits.cancel(visit=visit, actor="staff:1", now=NOON)
    visit.missed.withdrawn_at = NOON
    visit.missed.save()

    assert cadence.plan("missed", on=TUESDAY, now=NOON + timedelta(hours=6)).to_enrol == ()


def test_a_question_about_what_a_higher_plan_gives_is_an_upgrade_signal_for_a_month():
    asked, long_ago = member(), member("Bo")
    factories.make_plan("Radiant", tier=2, price_cents=29900)
    noted = [
        interests.note(membership=each, what="Glow Peel", key=key, now=NOON - ago * DAY)
        for each, key, ago in ((asked, "turn:1", 2), (asked, "turn:1", 1), (long_ago, "turn:2", 31))
    ]

    found = line("daily", asked)

    assert noted == [True, False, True]
    assert (found.sequence.slug, found.why, found.signals["asked_about"]) == ("upgrade", "", "Glow Peel")
    assert line("daily", long_ago) is None


# --- what a payment will be ---


@pytest.mark.parametrize(
    ("wants", "days", "told"), [(True, 4, True), (True, 1, True), (True, 5, False), (True, 0, False), (False, 3, False)]
)
def test_whoever_wants_to_hears_of_a_payment_days_before(wants, days, told):
    membership = member(current_period_end=NOON + days * DAY)
    Patient.objects.update(wants_renewal_notice=wants)

    found = line("daily", membership)

    assert (found is not None and (found.sequence.slug, found.why) == ("renewal", "")) is told


@pytest.mark.parametrize(("interval", "days", "told"), [("year", 20, True), ("year", 21, False), ("month", 20, False)])
def test_a_term_of_a_year_is_spoken_of_twenty_days_before_it_renews(interval, days, told):
    """R98; what a month's membership costs next is told by the notice above, to whoever wants it."""
    membership = member(current_period_end=NOON + days * DAY)
    PlanVersion.objects.update(interval=interval)

    found = line("daily", membership)

    assert (found is not None and (found.sequence.slug, found.why) == ("renewal", "")) is told


def test_the_notice_names_the_day_there_and_the_price_that_is_agreed_on_from_then_on():
    membership = member(current_period_end=datetime(2026, 6, 20, 3, 0, tzinfo=UTC))
    other = factories.make_plan("Dew", tier=0, price_cents=9900).versions.get()
    Membership.objects.update(next_plan_version=other)
    Patient.objects.update(wants_renewal_notice=True)
    cadence.run(cadence.plan("daily", on=TUESDAY, now=NOON), actor="system", now=NOON)

    sequences.advance(now=NOON)

    assert "renews on Jun 19 for $99.00" in Message.objects.get(patient=membership.patient).body


def another_price(membership: Membership, *, on: date, **fields) -> PriceChange:
    version = factories.make_version(
        membership.plan, **{"price_cents": 21900, "stripe_price_id": "price_dearer", **fields}
    )
    return PriceChange.objects.create(version=version, effective_on=on, announced_at=NOON, announced_by="staff:1")


@pytest.mark.parametrize(
    ("days", "from_day", "fields", "told"),
    [
        (15, 15, {}, False),
        (14, 14, {}, True),
        (9, 9, {}, True),
        (9, -20, {}, True),  # announced long ago: who was left out then is told before a later payment
        (14, 15, {}, False),  # this payment is still the old price's
        (8, 8, {}, False),  # too near for whole days of notice
        (14, 14, {"status": "paused", "paused_until": NOON + 45 * DAY}, False),
        (14, 14, {"status": "cancelling"}, False),
        (14, 14, {"status": "past_due"}, False),
    ],
)
def test_a_member_is_told_of_another_price_some_days_before_their_own_first_payment_of_it(days, from_day, fields, told):
    """R96."""
    membership = member(current_period_end=NOON + days * DAY, **fields)
    another_price(membership, on=TUESDAY + from_day * DAY)

    found = line("daily", membership)

    assert (found is not None and (found.sequence.slug, found.why) == ("price_change", "")) is told


def test_another_price_is_told_once_in_words_and_not_to_who_pays_it_already_or_left():
    """R96: and by the notice alone nobody is moved."""
    soon = {"current_period_end": NOON + 10 * DAY}
    membership, gone = member(**soon), member("Bo", status="cancelled", ended_at=NOON - 200 * DAY)
    change = another_price(membership, on=TUESDAY + 5 * DAY)
    factories.make_membership(factories.make_patient("Cleo"), version=change.version, **soon)
    newer = factories.make_version(membership.plan, price_cents=29900, stripe_price_id="price_newer")
    factories.make_membership(factories.make_patient("Dee"), version=newer, **soon)
    runs = [cadence.run(cadence.plan("daily", on=TUESDAY, now=NOON), actor="system", now=NOON) for _ in range(2)]

    sequences.advance(now=NOON)

    assert runs == [1, 0]
    assert "from Jun 26 your Glow Theory membership is $219.00 instead of $199.00" in Message.objects.get().body
    membership.refresh_from_db()
    assert membership.plan_version.price_cents == 19900
    assert line("daily", gone) is None


def test_of_two_announced_prices_the_later_one_counts_also_where_it_is_what_they_pay():
    membership = member(current_period_end=NOON + 10 * DAY)
    another_price(membership, on=TUESDAY + 3 * DAY)
    another_price(membership, on=TUESDAY + 4 * DAY, price_cents=19900, stripe_price_id="price_as_before")

    assert line("daily", membership) is None


def test_a_price_that_was_taken_back_is_told_to_nobody():
    membership = member(current_period_end=NOON + 10 * DAY)
    another_price(membership, on=TUESDAY + 10 * DAY)
    PriceChange.objects.update(withdrawn_at=NOON)

    assert line("daily", membership) is None


def test_a_notice_that_waits_while_the_price_is_taken_back_does_not_go_out():
    membership = member(current_period_end=NOON + 10 * DAY)
    another_price(membership, on=TUESDAY + 10 * DAY)
    cadence.run(cadence.plan("daily", on=TUESDAY, now=NOON), actor="system", now=NOON)
    PriceChange.objects.update(withdrawn_at=NOON)

    sequences.advance(now=NOON)

    assert not Message.objects.exists()
    assert Enrolment.objects.get().ended_because == "price withdrawn"


# --- pauses ---


@pytest.mark.parametrize(("days", "told"), [(0, False), (1, True), (7, True), (8, True), (9, False)])
def test_whoever_pauses_is_told_a_week_before_it_is_charged_again(days, told):
    """R98, R99: also where the pause is a reduced price, the only one that ends by itself."""
    found = line("daily", member(status="paused", paused_until=NOON + days * DAY))

    assert (found is not None) is told


def test_a_pause_is_told_of_once_with_the_day_on_the_clock_of_its_location():
    """R99: 3:00 in Greenwich on the 23rd is still the 22nd in Austin."""
    member(status="paused", paused_until=datetime(2026, 6, 23, 3, 0, tzinfo=UTC))
    runs = [cadence.run(cadence.plan("daily", on=TUESDAY, now=NOON), actor="system", now=NOON) for _ in range(2)]

    sequences.advance(now=NOON)

    assert runs == [1, 0]
    assert "ends on Jun 22" in Message.objects.get().body


def test_a_pause_that_is_put_off_is_told_of_anew():
    membership = member(status="paused", paused_until=NOON + 5 * DAY)
    cadence.run(cadence.plan("daily", on=TUESDAY, now=NOON), actor="system", now=NOON)

    Membership.objects.update(paused_until=NOON + 36 * DAY)

    later = cadence.plan("daily", on=TUESDAY + 30 * DAY, now=NOON + 30 * DAY)
    assert [row.membership_id for row in later.to_enrol] == [membership.pk]


@pytest.mark.parametrize(
    ("fields", "asked"),
    [
        ({"paused_from": NOON - 90 * DAY}, True),
        ({"paused_from": NOON - 89 * DAY}, False),
        ({"paused_from": NOON - 90 * DAY, "paused_until": NOON + 20 * DAY}, False),  # it ends by itself
    ],
)
def test_friday_asks_whoever_paused_without_an_end_ninety_days_ago(fields, asked):
    found = line("friday", member(status="paused", **fields))

    assert (found is not None and (found.sequence.slug, found.why) == ("pause_forgotten", "")) is asked


def test_a_forgotten_pause_needs_consent_to_marketing_and_the_switch():
    Practice.objects.update(win_back_on=False)

    assert line("friday", member(status="paused", paused_from=NOON - 99 * DAY)).why == "switched_off"


# --- who has just left ---


@pytest.mark.parametrize(("status", "days"), [("cancelled", 1), ("lapsed", 6)])
def test_whoever_has_just_left_is_won_back_once_and_friday_adds_nothing(status, days):
    left = member(status="active")
    left.status, left.ended_at = status, NOON - days * DAY
    left.save()
    membership_changes.note_status(left, before="active", now=NOON - days * DAY)

    plan = cadence.plan("daily", on=TUESDAY, now=NOON)
    cadence.run(plan, actor="system", now=NOON)

    enrolment = Enrolment.objects.get()
    assert (enrolment.sequence.slug, enrolment.cause) == ("win_back", f"ended:{left.pk}")
    assert [step.day for step in enrolment.steps] == [0, 3, 9]
    assert cadence.plan("friday", on=TUESDAY + 40 * DAY, now=NOON + 40 * DAY).skipped[0].why == "already enrolled"


@pytest.mark.parametrize(
    ("change", "why"),
    [({"win_back_on": False}, "switched_off"), ({"win_back_on": True}, "restarted")],
)
def test_nobody_is_won_back_who_is_back_or_whose_practice_has_not_switched_it_on(change, why):
    left = member(status="cancelled", ended_at=NOON - DAY)
    membership_changes.note_status(left, before="active", now=NOON - DAY)
    factories.make_membership(left.patient, consent=False)
    Practice.objects.update(**change)

    assert line("daily", left).why == why


def test_two_rounds_of_one_moment_count_their_own_lots_only():
    Sequence.objects.filter(slug="utilization").update(holdout_percent=100)
    elsewhere = factories.make_location(external_id="scottsdale", name="Scottsdale", state="AZ")
    for place in (None, elsewhere):
        factories.make_membership(
            factories.make_patient(**({"home_location": place} if place else {})),
            credits_remaining=2, last_visit_at=NOON - 10 * DAY,
        )  # fmt: skip

    for place in Location.objects.order_by("pk"):
        cadence.run(cadence.plan("monday", on=TUESDAY, location=place, now=NOON), actor="system", now=NOON)

    counted = CadencePlan.objects.filter(which="monday").values_list("enrolled", "held_out")
    assert list(counted) == [(0, 1), (0, 1)]


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
