"""The invented practice contradicts itself nowhere. Everything is checked on one seed of 80 members."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from io import StringIO
from itertools import accumulate

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db.models import Count, F, Q, Sum
from django.db.models.functions import Coalesce

from common import phones
from concierge.models import Turn
from medspa.demo import seeding
from medspa.demo.seeding import cast
from medspa.demo.seeding.practice import DEMO_PASSWORD, STAFF
from members import consent, credits, delivered, membership_mirror, reconciliation, stripe_gateway
from members.models import (
    AuditEntry,
    BillingChange,
    CreditEntry,
    Escalation,
    Invoice,
    Location,
    Membership,
    Patient,
    PatientPhone,
    Plan,
    PlanVersion,
    Service,
    StaffUser,
    StandinObject,
    Visit,
)
from outreach.models import Enrolment, HandsetText, Message

pytestmark = pytest.mark.django_db

# The last day of a month that has 31, late at night in UTC: where dates go wrong first.
NOW = datetime(2026, 10, 31, 23, 40, tzinfo=UTC)
MEMBERS = 80


@pytest.fixture(scope="module")
def django_db_setup_seeded(django_db_setup, django_db_blocker):
    """One seed for the whole module; removed again at its end."""
    from django.db import transaction

    with django_db_blocker.unblock():
        atomic = transaction.atomic()
        atomic.__enter__()
        seeding.seed(members=MEMBERS, now=NOW)
        yield
        transaction.set_rollback(True)
        atomic.__exit__(None, None, None)


@pytest.fixture(autouse=True)
def _seeded(django_db_setup_seeded, db):
    """The module's practice."""


def memberships():
    return Membership.objects.select_related("patient__home_location", "plan_version__plan", "location")


def test_the_practice_is_the_one_that_was_promised():
    assert Location.objects.values("time_zone").distinct().count() == 2
    assert (Plan.objects.count(), Service.objects.count()) == (3, 12)
    assert Patient.objects.count() == Membership.objects.count() == MEMBERS
    assert {version.price_cents for version in PlanVersion.objects.all()} == {12900, 17900, 19900, 32900}
    assert all(service.nicknames for service in Service.objects.all())


def test_every_kind_of_member_is_there():
    found = Counter(memberships().values_list("status", flat=True))

    assert {"active", "past_due", "paused", "cancelled", "lapsed"} <= set(found)
    assert found["active"] > MEMBERS * 0.7
    assert Patient.objects.filter(language="es").exists()
    assert any(patient.is_minor(NOW) for patient in Patient.objects.select_related("home_location"))
    assert PatientPhone.objects.values("number").annotate(owners=Count("pk")).filter(owners=2).count() == 1
    assert Patient.objects.filter(phones=None).exists()


def test_a_second_seed_leaves_everything_alone():
    before = (Patient.objects.count(), CreditEntry.objects.count(), Message.objects.count())

    assert seeding.seed(members=10, now=NOW + timedelta(days=9)) is None

    assert (Patient.objects.count(), CreditEntry.objects.count(), Message.objects.count()) == before


def test_every_number_is_e164_and_fictional():
    for number in PatientPhone.objects.values_list("number", flat=True):
        assert phones.to_e164(number) == number
        assert number[5:8] == "555"
    assert not Patient.objects.exclude(email__endswith="@example.com").exists()


def test_the_credit_column_is_what_the_ledger_says():
    for membership in memberships():
        assert membership.credits_remaining == credits.balance(membership, at=NOW), membership


def test_the_ledger_sums_up_to_the_column_and_no_lot_is_overdrawn():
    sums = memberships().annotate(
        total=Coalesce(Sum("credit_entries__quantity", filter=Q(credit_entries__unit="credit")), 0)
    )
    assert not sums.exclude(total=F("credits_remaining")).exists()

    lots = CreditEntry.objects.filter(kind="grant").annotate(used=Coalesce(Sum("uses__quantity"), 0))
    assert not lots.filter(quantity__lt=-F("used")).exists()


def test_every_lot_is_numbered_step_by_step_as_the_verbs_would_have():
    for lot in CreditEntry.objects.filter(lot=None).prefetch_related("uses"):
        steps = sorted([lot, *lot.uses.all()], key=lambda entry: entry.number)
        assert [entry.number for entry in steps] == list(range(len(steps)))
        assert [entry.left for entry in steps] == list(accumulate(entry.quantity for entry in steps))


def test_what_members_paid_for_was_delivered():
    assert not delivered.visits_without_redemption(now=NOW).exists()
    assert not delivered.periods_without_grant(now=NOW).exists()


def test_an_old_version_is_held_by_those_who_bought_it():
    held = Counter(memberships().filter(plan__name="Radiance").values_list("plan_version__number", flat=True))

    assert held[1] > 5
    assert held[2] > 5
    assert CreditEntry.objects.filter(unit="cents", kind="spend").exists()


def test_credits_are_used_inside_their_time():
    uses = CreditEntry.objects.filter(kind="spend")

    assert uses.exists()
    assert not uses.filter(Q(occurred_at__lt=F("lot__occurred_at")) | Q(occurred_at__gte=F("lot__expires_at"))).exists()
    for_visits = uses.filter(unit="credit")
    assert not for_visits.exclude(service=F("visit__service")).exists()
    assert not for_visits.exclude(visit__status="completed").exists()


def test_every_paid_period_granted_what_the_plan_promises_and_nothing_else_did():
    grants = Counter(CreditEntry.objects.filter(kind="grant").values_list("invoice_id", flat=True))
    promised = dict(
        PlanVersion.objects.annotate(n=Count("benefits", filter=~Q(benefits__kind="percent"))).values_list("pk", "n")
    )

    for invoice in Invoice.objects.select_related("membership"):
        expected = promised[invoice.membership.plan_version_id] if invoice.status == Invoice.Status.PAID else 0
        assert grants[invoice.stripe_id] == expected, invoice


def test_the_columns_about_visits_are_right():
    for membership in memberships():
        visits = Visit.objects.filter(patient=membership.patient)
        last = visits.filter(status="completed").order_by("-starts_at").first()
        coming = visits.filter(status="booked", starts_at__gt=NOW).order_by("starts_at").first()
        first = visits.filter(status="completed").order_by("starts_at").first()
        assert membership.visits_completed == visits.filter(status="completed").count()
        assert membership.first_visit_at == (first.starts_at if first else None)
        assert membership.last_visit_at == (last.starts_at if last else None)
        assert membership.next_appointment_at == (coming.starts_at if coming else None)


def test_visits_lie_in_opening_hours_and_no_provider_is_in_two_rooms():
    busy: dict[int, list[Visit]] = {}
    for visit in Visit.objects.select_related("location").order_by("starts_at"):
        opens, closes = visit.location.hours_on(visit.starts_at)
        assert opens <= visit.starts_at
        assert visit.ends_at <= closes
        earlier = busy.setdefault(visit.provider_id, [])
        assert not earlier or earlier[-1].ends_at <= visit.starts_at
        earlier.append(visit)


def test_the_past_is_past_and_the_future_is_booked():
    assert not Visit.objects.filter(ends_at__gt=NOW).exclude(status="booked").exists()
    assert not Visit.objects.filter(ends_at__lte=NOW, status="booked").exists()
    assert not Visit.objects.filter(booked_at__gt=F("starts_at")).exists()
    for model, field in ((Message, "created_at"), (Invoice, "issued_at"), (CreditEntry, "occurred_at")):
        assert not model.objects.filter(**{f"{field}__gt": NOW}).exists(), model
    assert not AuditEntry.objects.filter(at__gt=NOW).exists()


def test_periods_run_over_now_for_those_who_are_charged():
    for membership in memberships().current():
        assert membership.current_period_start <= NOW < membership.current_period_end
    assert not memberships().filter(status__in=["cancelled", "lapsed"], ended_at=None).exists()
    assert not memberships().filter(ended_at__gt=NOW).exists()


def test_past_due_members_have_one_open_invoice_and_the_others_none():
    owing = Invoice.objects.filter(status="open").values_list("membership", flat=True)

    assert sorted(owing) == sorted(memberships().past_due().values_list("pk", flat=True))
    assert not Invoice.objects.filter(status="open", first_failed_at=None).exists()


def test_our_rows_and_the_stripe_stand_in_agree():
    for membership in memberships():
        live = stripe_gateway.fetch_subscription(membership.stripe_subscription_id)
        status = membership_mirror.status_of(live, membership)
        assert status == membership.status or (status, membership.status) == ("cancelled", "lapsed")
        assert live.customer_id == membership.stripe_customer_id
        assert live.price_id == membership.plan_version.stripe_price_id
        assert live.period_end == membership.current_period_end.replace(microsecond=0)
        card = stripe_gateway.fetch_card(membership.stripe_subscription_id)
        assert (card.brand, card.last4) == (membership.card_brand, membership.card_last4)


def test_the_comparison_with_stripe_finds_no_difference():
    """settled.md 7."""
    run = reconciliation.run(repair=False, actor="system", now=NOW)

    assert list(run.drifts.values_list("kind", "ours", "theirs")) == []
    assert run.checked >= MEMBERS


def test_each_invoice_is_the_same_in_the_stand_in():
    bodies = dict(StandinObject.objects.filter(kind="invoice").values_list("id", "body"))

    assert len(bodies) == Invoice.objects.count()
    for invoice in Invoice.objects.all():
        body = bodies[invoice.stripe_id]
        assert (body["status"], body["number"]) == (invoice.status, invoice.number)
        assert body["amount_remaining"] == invoice.amount_remaining_cents
        assert body["attempt_count"] == invoice.attempt_count


def test_nothing_is_left_for_the_first_tick_to_do_but_what_is_due():
    assert not BillingChange.objects.filter(handled_at=None).exists()
    assert not Message.objects.filter(status__in=["queued", "sending", "unknown"]).exists()
    assert not Message.objects.filter(wants_answer=True).exists()
    assert not Enrolment.objects.filter(status="running", next_at__lt=NOW).exists()
    assert (
        not CreditEntry.objects.filter(kind="grant", expires_at__lte=NOW)
        .annotate(used=Coalesce(Sum("uses__quantity"), 0))
        .exclude(quantity=-F("used"))
        .exists()
    )


def test_who_may_not_be_texted_was_not():
    for message in Message.objects.filter(direction="out").exclude(status="held").select_related("patient"):
        purpose = "marketing" if message.kind == "marketing" else "servicing"
        assert consent.allows(patient=message.patient, address=message.address, channel="sms", purpose=purpose)
        assert not message.patient.is_minor(message.created_at)


def test_handsets_show_every_text_that_arrived():
    shown = set(HandsetText.objects.values_list("sid", flat=True))

    assert set(Message.objects.exclude(status="held").values_list("provider_sid", flat=True)) <= shown
    assert not HandsetText.objects.filter(body__contains="{").exists()


def test_conversations_have_their_turns():
    assert Turn.objects.exists()
    assert not Turn.objects.exclude(message__direction="in").exists()
    assert not Turn.objects.filter(reply__created_at__lt=F("message__created_at")).exists()


def test_some_cases_are_open_and_some_are_closed():
    states = Counter(Escalation.objects.values_list("state", flat=True))

    assert states["open"] >= 3
    assert states["claimed"] == 1
    assert states["resolved"] == 5


def test_a_payment_was_recovered_in_the_last_day():
    settled = BillingChange.objects.filter(kind="payment_settled", occurred_at__gt=NOW - timedelta(days=1))

    assert settled.exists()
    assert all(change.membership.status == "active" for change in settled.select_related("membership"))


def test_the_people_of_the_stories_are_fine_and_can_be_texted():
    stories = memberships().filter(patient__phones__number__in=[persona.number for persona in cast.STORIES])

    assert stories.count() == len(cast.STORIES)
    for membership in stories:
        assert membership.status == "active"
        assert consent.allows(
            patient=membership.patient, address=membership.patient.phone, channel="sms", purpose="servicing"
        )
    maya = stories.get(patient__phones__number=cast.MAYA)
    facial = Service.objects.get(name="Signature Facial")
    assert credits.balance(maya, at=NOW, service=facial) >= 1
    assert maya.next_appointment_at is None


def test_the_printed_logins_work(client):
    for email, *_ in STAFF:
        assert client.login(email=email, password=DEMO_PASSWORD)
        assert StaffUser.objects.get(email=email).role_names()


def test_the_command_says_that_there_is_a_practice_already():
    out = StringIO()

    call_command("seed", stdout=out)

    assert "nothing was changed" in out.getvalue()


def test_the_command_refuses_to_invent_patients_outside_a_demo(settings):
    settings.DEMO = False

    with pytest.raises(CommandError, match="DEMO=true"):
        call_command("seed")


def test_it_refuses_to_delete_a_database_that_is_not_a_demos():
    with pytest.raises(CommandError, match="not a demo's"):
        call_command("seed", "--reset")
