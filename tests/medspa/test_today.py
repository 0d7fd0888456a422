import re
from datetime import timedelta

import pytest
from django.urls import reverse

from common import clock
from members import credits, escalations
from members.models import Invoice, Membership, StaffRole, Visit
from outreach.models import CadencePlan, Enrolment, Message, PlanLine, Sequence
from tests import factories
from tests.factories import NOON

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _tuesday_noon(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOON)


@pytest.fixture
def desk(client):
    factories.make_location()
    client.force_login(factories.make_staff())
    return client


def read(desk) -> str:
    return desk.get(reverse("portal:today")).content.decode()


def text_to(patient, *, kind="marketing", status="delivered", ago=timedelta(hours=2), reason="", enrolment=None):
    return Message.objects.create(
        direction="out", kind=kind, status=status, patient=patient, address=patient.phone, body="Hello",
        created_at=NOON - ago, due_at=NOON - ago, reason=reason, enrolment=enrolment,
    )  # fmt: skip


def past_due_member(name="Bea", *, cents=19900, code="expired_card"):
    member = factories.make_membership(
        factories.make_patient(name, "Whitman"),
        status=Membership.Status.PAST_DUE,
        past_due_since=NOON - timedelta(days=2),
    )
    Invoice.objects.create(
        membership=member, stripe_id=f"in_{name}", status="open", amount_due_cents=cents, amount_remaining_cents=cents,
        currency="usd", decline_code=code, issued_at=NOON - timedelta(days=2), first_failed_at=NOON - timedelta(days=2),
    )  # fmt: skip
    return member


def test_a_quiet_day_says_what_will_appear_where(desk):
    page = read(desk)

    assert "Good morning, Dana" in page
    assert "Tue Jun 16" in page
    for sentence in ("Nobody is waiting.", "No appointments today.", "No membership is past due."):
        assert sentence in page


def test_cases_stand_in_the_order_in_which_people_are_needed(desk):
    ana, bea, cleo = (factories.make_patient(name, "Ortiz") for name in ("Ana", "Bea", "Cleo"))
    escalations.open(reason="human", summary="later", patient=ana, now=NOON)
    escalations.open(reason="human", summary="late", patient=bea, now=NOON - timedelta(hours=2))
    escalations.open(reason="emergency", summary="now", patient=cleo, severity=0, now=NOON)

    page = read(desk)

    assert page.index("Cleo Ortiz") < page.index("Bea Ortiz") < page.index("Ana Ortiz")
    assert "1 possible emergency" in page
    assert "overdue 1 h" in page


def test_money_at_risk_is_what_past_due_members_owe_and_links_to_them(desk):
    past_due_member("Bea", cents=19900)
    past_due_member("Cleo", cents=30100, code="insufficient_funds")
    factories.make_membership(factories.make_patient("Dora", "Active"))

    page = read(desk)
    rows = desk.get(reverse("members:list"), {"status": "past_due"}).content.decode()

    assert "$500.00" in page
    assert "2 members past due" in page
    assert "The card has expired" in page
    assert f"{reverse('members:list')}?status=past_due" in page
    assert "Bea Whitman" in rows
    assert "Dora Active" not in rows


def test_the_desk_sees_who_comes_in_with_a_failed_card_or_with_credits_that_end(desk):
    member = past_due_member("Bea")
    credits.grant(
        membership=member, service=factories.make_service(), quantity=2, key="g", expires_at=NOON + timedelta(days=3),
        actor="stripe", reason="Paid period", now=NOON - timedelta(days=30),
    )  # fmt: skip
    visit(member.patient, at=NOON + timedelta(hours=2))

    page = read(desk)

    assert "1:00 pm" in page
    assert "Card failed" in page
    assert "2 credits expire by Fri Jun 19" in page


def test_who_came_already_stands_apart_from_who_is_still_to_come(desk):
    visit(factories.make_patient("Early", "Bird"), at=NOON - timedelta(hours=3))
    visit(factories.make_patient("Late", "Riser"), at=NOON + timedelta(hours=3))

    page = read(desk)

    assert "1 still to come" in page
    assert page.index("Late Riser") < page.index("Earlier today (1)") < page.index("Early Bird")


def test_what_is_urgent_is_read_before_the_appointments(desk):
    page = read(desk)

    order = [page.index(f'id="h-{part}"') for part in ("cases", "risk", "arrivals", "done", "week")]
    assert order == sorted(order)


def test_today_is_the_day_on_the_clock_of_each_location(desk):
    honolulu = factories.make_location(external_id="hnl", name="Honolulu", time_zone="Pacific/Honolulu")
    there = factories.make_patient("Hana", "Island", home_location=honolulu)
    visit(there, at=NOON + timedelta(hours=17), location=honolulu)  # Tuesday, 11 pm there; Wednesday in Austin
    visit(factories.make_patient("Wendy", "Tomorrow"), at=NOON + timedelta(hours=17))
    visit(factories.make_patient("Carla", "Cancelled"), at=NOON + timedelta(hours=1), status="cancelled")

    page = read(desk)

    assert "Hana Island" in page
    assert "Wendy Tomorrow" not in page
    assert "Carla Cancelled" not in page


def test_what_ran_by_itself_is_counted_with_the_reasons_for_what_was_held(desk):
    member = factories.make_membership()
    text_to(member.patient)
    text_to(member.patient, status="sent")
    text_to(member.patient, kind="reply")
    text_to(member.patient, status="held", reason="Quiet hours")
    text_to(member.patient, status="failed")
    text_to(member.patient, kind="staff")
    text_to(member.patient, ago=timedelta(hours=30))

    done = desk.get(reverse("portal:today")).context["done"]
    page = read(desk)

    assert (done.sent, done.delivered, done.answered, done.held, done.trouble) == (3, 2, 1, 1, 1)
    assert "1 × Quiet hours" in page
    assert "Texts that did not arrive" in page


@pytest.mark.parametrize(
    ("label", "rows"),
    [("Texts sent", 3), ("Texts delivered", 2), ("Questions answered", 1), ("Texts held back", 1)],
)
def test_each_number_opens_exactly_its_rows(desk, label, rows):
    member = factories.make_membership()
    text_to(member.patient)
    text_to(member.patient, status="sent")
    text_to(member.patient, kind="reply")
    text_to(member.patient, status="held", reason="Quiet hours")
    text_to(member.patient, kind="staff")
    text_to(member.patient, ago=timedelta(hours=30))
    address = read(desk).split(f">{label}<")[0].rpartition('href="')[2].partition('"')[0].replace("&amp;", "&")

    shown = desk.get(address).context["table"].page.object_list

    assert len(shown) == rows


def test_money_that_came_back_is_money_of_invoices_that_had_failed(desk):
    member = factories.make_membership()
    for number, failed in ((1, NOON - timedelta(days=2)), (2, None)):
        Invoice.objects.create(
            membership=member, stripe_id=f"in_{number}", status="paid", amount_due_cents=19900,
            amount_remaining_cents=0, currency="usd", issued_at=NOON - timedelta(days=2), first_failed_at=failed,
            paid_at=NOON - timedelta(hours=1),
        )  # fmt: skip

    done = desk.get(reverse("portal:today")).context["done"]
    rows = desk.get(reverse("members:list"), {"recovered": "day"}).context["table"].page.object_list

    assert (done.recovered, done.recovered_cents) == (1, 19900)
    assert len(rows) == 1


def test_what_was_done_counts_for_staff_of_one_location_the_rows_that_they_may_open(client):
    here, there = factories.make_location(), factories.make_location(external_id="dal", name="Dallas")
    dana = factories.make_staff()
    StaffRole.objects.filter(user=dana).update(location=here)
    client.force_login(dana)
    for number, home in enumerate((here, there, there)):
        member = factories.make_membership(
            factories.make_patient("Ana", f"Quill{number}", home_location=home), location=home
        )
        for how in ({}, {"kind": "reply"}, {"status": "held", "reason": "Quiet hours"}, {"status": "failed"}):
            text_to(member.patient, **how)
        Invoice.objects.create(
            membership=member, stripe_id=f"in_{number}", status="paid", amount_due_cents=19900,
            amount_remaining_cents=0, currency="usd", issued_at=NOON - timedelta(days=2),
            first_failed_at=NOON - timedelta(days=2), paid_at=NOON - timedelta(hours=1),
        )  # fmt: skip

    done = client.get(reverse("portal:today")).context["done"]
    opened = [
        len(client.get(reverse(page), asked).context["table"].rows)
        for page, asked in (
            ("outreach:messages", {"sender": "automation", "status": "went", "period": "day"}),
            ("outreach:messages", {"sender": "automation", "status": "delivered", "period": "day"}),
            ("outreach:messages", {"kind": "reply", "status": "went", "period": "day"}),
            ("outreach:messages", {"sender": "automation", "status": "held", "period": "day"}),
            ("outreach:messages", {"sender": "automation", "status": "trouble", "period": "day"}),
            ("members:list", {"recovered": "day"}),
        )
    ]

    counted = [done.sent, done.delivered, done.answered, done.held, done.trouble, done.recovered]
    assert counted == opened == [2, 2, 1, 1, 1, 1]
    assert (done.held_because, done.recovered_cents) == ({"Quiet hours": 1}, 19900)


def week_of(page) -> str:
    """The panel of this week, as its words."""
    panel = page.content.decode().split('id="h-week"')[1].split("</section>")[0]
    return " ".join(re.sub(r"<[^>]+>", " ", panel).split())


def test_the_three_rounds_of_the_week_are_shown_done_or_planned_with_their_texts(desk):
    member = factories.make_membership()
    sequence = Sequence.objects.create(slug="come_back", name="Come back")
    enrolment = Enrolment.objects.create(
        sequence=sequence, membership=member, cause="unused:2026-06:30", started_at=NOON, next_at=NOON
    )
    text_to(member.patient, enrolment=enrolment, ago=timedelta(hours=26))  # Monday
    text_to(member.patient, enrolment=enrolment, ago=timedelta(days=2))  # Sunday
    monday = CadencePlan.objects.create(
        which="monday", on=NOON.date() - timedelta(days=1), made_at=NOON, ran_at=NOON, enrolled=4
    )
    dry = CadencePlan.objects.create(which="wednesday", on=NOON.date(), made_at=NOON)
    for why in ("", "paused"):
        PlanLine.objects.create(plan=dry, membership=member, sequence=sequence, cause=f"x{why}", why=why)

    page = desk.get(reverse("portal:today"))

    shown = week_of(page)
    assert "Mon: Members who pay and do not come Done: 4 enrolled 1 text" in shown
    assert "Planned for Wed Jun 17, from 10:00; dry run: 1 to write to 0 texts" in shown
    assert "Fri: Memberships that ended" in shown
    assert "Planned for Fri Jun 19, from 10:00 0 texts" in shown
    assert reverse("outreach:plan", args=[monday.pk]) in page.content.decode()
    rows = desk.get(reverse("outreach:messages"), {"sequence": "monday", "period": "week"}).context["table"].rows
    assert len(rows) == 1


def test_a_round_that_did_not_run_on_its_day_says_so(desk):
    assert "It did not run on Mon Jun 15" in week_of(desk.get(reverse("portal:today")))


def test_a_full_day_takes_no_more_than_twelve_queries(desk, django_assert_max_num_queries):
    for number in range(6):
        member = past_due_member(f"Bea{number}")
        credits.grant(
            membership=member, service=factories.make_service(), quantity=1, key=f"g{number}",
            expires_at=NOON + timedelta(days=3), actor="stripe", reason="Paid period", now=NOON,
        )  # fmt: skip
        visit(member.patient, at=NOON + timedelta(minutes=number))
        escalations.open(reason="human", summary="?", patient=member.patient, now=NOON)
        text_to(member.patient)

    with django_assert_max_num_queries(12):
        page = read(desk)

    assert "6 members past due" in page


def test_htmx_gets_only_the_part_that_changes(desk):
    part = desk.get(reverse("portal:today"), headers={"HX-Request": "true"})

    assert "<html" not in part.content.decode()
    assert "Needs a person now" in part.content.decode()
    assert "HX-Request" in part.headers["Vary"]


def visit(patient, *, at, location=None, status="booked"):
    return Visit.objects.create(
        patient=patient, service=factories.make_service(), location=location or patient.home_location,
        starts_at=at, ends_at=at + timedelta(hours=1), status=status,
    )  # fmt: skip
