"""Each sequence day by day from its enrolment to its end, and every way out of it on the way."""

from datetime import timedelta

import pytest

from members.models import Escalation, Membership, Practice
from outreach import offers, outbox, playbooks, promotions, sequences
from outreach.models import Enrolment, Message, Offer, Sequence
from tests import factories
from tests.doubles.owing import mirror, owing_member
from tests.factories import NOON
from tests.outreach.test_rounds import visited

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("carrier")]

DAY = timedelta(days=1)
SIGNALS = {
    "monthly_credits": 1,
    "interval_days": 21,
    "more_credits": 1,
    "difference_cents": 10000,
    "resume_on": "2026-06-23",
    "renews_on": "2026-06-30",
    "changes_on": "2026-07-01",
    "new_price_cents": 21900,
}
# slug -> the state a member has to be in for it to make sense
STATES = {
    "utilization": {},
    "utilization_60": {},
    "come_back": {},
    "rhythm": {},
    "missed_visit": {},
    "upgrade": {},
    "win_back": {"status": "cancelled", "ended_at": NOON - 40 * DAY},
    "remind_later": {"status": "cancelled", "ended_at": NOON - 90 * DAY},
    "pause_forgotten": {"status": "paused"},
    "pause_ending": {"status": "paused"},
    "renewal": {},
    "yearly": {},
    "price_change": {},
    "expiring_card": {},
}


@pytest.fixture(autouse=True)
def _live():
    playbooks.install()
    factories.make_location()
    Practice.objects.update(upgrades_on=True, win_back_on=True)


def begin(slug: str, **fields) -> Enrolment:
    membership = factories.make_membership(
        **{"credits_remaining": 2, "last_visit_at": NOON - 70 * DAY, **STATES[slug], **fields}
    )
    return sequences.enrol(slug=slug, membership=membership, cause="test", signals=SIGNALS, now=NOON)


def live_through(days: int, *, since: int = 0) -> None:
    for day in range(since, days):
        sequences.advance(now=NOON + day * DAY)
        outbox.send_due(now=NOON + day * DAY)


def days_sent(enrolment: Enrolment) -> list[int]:
    return [(text.sent_at - NOON).days for text in enrolment.messages.filter(sent_at__isnull=False).order_by("pk")]


@pytest.mark.parametrize("slug", [slug for slug in STATES if slug != "expiring_card"])  # test_expiring_cards.py
def test_it_says_its_texts_on_their_days_and_is_finished(slug):
    enrolment = begin(slug)
    expected = [step.day for step in Sequence.objects.get(slug=slug).steps]

    live_through(12)

    enrolment.refresh_from_db()
    assert days_sent(enrolment) == expected
    assert enrolment.ended_because == "finished"
    assert not any("{" in text.body.replace("{link}", "") for text in enrolment.messages.all())


# --- the ways out; those that every sequence is asked for are in test_ways_out.py ---


def test_a_win_back_ends_once_there_is_a_membership_again():
    enrolment = begin("win_back")
    live_through(2)

    factories.make_membership(enrolment.membership.patient, consent=False)
    live_through(12, since=2)

    enrolment.refresh_from_db()
    assert (days_sent(enrolment), enrolment.ended_because) == ([0], "restarted")


@pytest.mark.parametrize(
    ("change", "because"),
    [
        ({"next_appointment_at": NOON + 9 * DAY}, "booked"),
        ({"last_visit_at": NOON + timedelta(hours=1)}, "visited"),
        ({"credits_remaining": 0}, "no credits"),
        ({"status": "cancelled"}, "not active"),
    ],
)
def test_a_nudge_is_dropped_once_it_is_pointless(change, because):
    enrolment = begin("come_back")

    Membership.objects.update(**change)
    live_through(3)

    enrolment.refresh_from_db()
    assert (days_sent(enrolment), enrolment.ended_because) == ([], because)


@pytest.mark.parametrize(
    ("slug", "change", "because"),
    [
        ("pause_forgotten", {"status": "active"}, "not paused"),
        ("pause_ending", {"status": "active"}, "not paused"),
        ("renewal", {"status": "cancelled"}, "not active"),
        ("yearly", {"status": "cancelled"}, "membership ended"),
        ("expiring_card", {"status": "paused"}, "paused"),
    ],
)
def test_a_notice_is_not_given_of_what_will_not_happen(slug, change, because):
    enrolment = begin(slug)

    Membership.objects.update(**change)
    live_through(3)

    enrolment.refresh_from_db()
    assert (days_sent(enrolment), enrolment.ended_because) == ([], because)


def test_an_expiring_card_is_left_alone_once_there_is_another():
    enrolment = begin("expiring_card", card_last4="4242")
    Enrolment.objects.update(signals={"card": "4242"})
    Membership.objects.update(card_last4="1881")

    live_through(3)

    enrolment.refresh_from_db()
    assert enrolment.ended_because == "card changed"


# --- recovery ---


def recovering() -> tuple[Enrolment, Membership]:
    membership, invoice = owing_member()
    cause = f"invoice:{invoice.stripe_id}"
    return sequences.enrol(slug="payment_recovery", membership=membership, cause=cause, now=NOON), membership


@pytest.mark.parametrize("day", [1, 3, 6])
def test_a_recovery_ends_the_day_it_is_paid(day):
    enrolment, membership = recovering()
    live_through(day)

    mirror(membership.invoices.get(), "paid")
    live_through(9, since=day)

    enrolment.refresh_from_db()
    assert enrolment.ended_because == "paid"
    assert days_sent(enrolment) == [sent for sent in (0, 2) if sent < day]


def test_day_two_offers_a_card_or_a_pause_and_says_how_long_the_benefits_stay_on():
    enrolment, membership = recovering()
    live_through(3)

    text = enrolment.messages.order_by("pk").last()

    assert "until Jun 30" in text.body
    assert [option["act"] for option in text.offer.options] == ["update_card", "pause"]
    assert offers.match(phone=membership.patient.phone, body="2", now=NOON + 2 * DAY).act == "pause"


def test_the_call_of_day_five_is_a_task_for_staff_while_nobody_may_be_called():
    """R41: without consent to an artificial voice a person calls."""
    enrolment, _ = recovering()

    live_through(6)

    assert Escalation.objects.get().reason == "payment_call"
    assert set(enrolment.messages.values_list("channel", flat=True)) == {"sms"}


# --- what is offered ---


def test_sixty_days_name_two_real_times_that_can_be_taken():
    location = factories.make_location()
    factories.make_provider(location, factories.make_service())
    enrolment = begin("utilization_60")
    membership = enrolment.membership
    visited(membership, 70)

    live_through(1)

    [offer] = Offer.objects.all()
    assert offer.kind == Offer.Kind.APPOINTMENT
    assert len(offer.options) == 2
    assert all(option["words"] in offer.message.body for option in offer.options)
    assert "Reply 1 or 2" in offer.message.body


def test_without_two_real_times_the_question_is_open():
    begin("utilization_60")

    live_through(1)

    assert "Shall we find you a time? Just reply." in Message.objects.get().body
    assert not Offer.objects.exists()


def test_a_win_back_names_a_promotion_only_with_its_true_end():
    """R102."""
    promotions.make(kind="bonus_credit", ends_on=(NOON + 30 * DAY).date(), by=None, now=NOON)
    begin("win_back")

    live_through(4)

    assert "Come back by Jul 16 and a bonus credit is on us." in Message.objects.order_by("pk").last().body


def test_restart_and_remind_are_bound_to_their_own_texts():
    enrolment = begin("win_back")
    live_through(10)

    acts = [[option["act"] for option in offer.options] for offer in Offer.objects.order_by("pk")]

    assert acts == [["restart"], ["remind"]]
    phone = enrolment.membership.patient.phone
    assert offers.match(phone=phone, body="RESTART", now=NOON + 9 * DAY) is None  # the last text offers REMIND


def test_the_reminder_after_60_days_comes_and_has_its_own_words():
    enrolment = begin("win_back")
    live_through(10)
    sequences.enrol(
        slug="remind_later", membership=enrolment.membership, cause="asked", now=NOON + 9 * DAY,
        start_at=NOON + 69 * DAY,
    )  # fmt: skip

    live_through(68, since=66)
    assert Message.objects.count() == 3
    live_through(71, since=69)

    assert "you asked Glow Theory to check back" in Message.objects.order_by("pk").last().body
