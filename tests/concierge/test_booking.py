"""Taking an offered time by text: once, only what was offered, only while it is free."""

import threading
from datetime import timedelta

import pytest
from django.db import connection

from concierge import answering
from concierge.actions import booking
from members import credits, scheduling
from members.models import AuditEntry, Escalation, Membership, Visit
from members.scheduling import SchedulerError
from outreach.models import Message, Offer
from tests.concierge.conftest import give_credit, receive, said, text
from tests.factories import NOON, make_location, make_membership, make_patient, make_provider, make_service

QUESTION = "Do I still have my facial credit?"
FIRST, SECOND = "2026-06-16T18:00:00+00:00", "2026-06-17T14:00:00+00:00"

pytestmark = pytest.mark.django_db


def minutes(number):
    return NOON + timedelta(minutes=number)


@pytest.fixture
def offer(ana):
    text(ana.phone, QUESTION)
    return Offer.objects.get()


def test_the_answer_offers_what_it_names_for_two_days(ana, offer):
    assert [option["starts_at"] for option in offer.options] == [FIRST, SECOND]
    assert [option["words"] for option in offer.options] == ["Tue Jun 16, 1 pm", "Wed Jun 17, 9 am"]
    assert offer.expires_at == NOON + timedelta(hours=48)
    assert all(option["words"] in offer.message.body for option in offer.options)


@pytest.mark.parametrize(
    ("pick", "starts_at"),
    [("1", FIRST), ("2", SECOND), ("the second one", SECOND), ("first please", FIRST), ("la segunda", SECOND)],
)
def test_a_pick_books_that_time_and_confirms_when_and_where(ana, offer, pick, starts_at):
    turn = text(ana.phone, pick, now=minutes(5))

    visit = Visit.objects.get()
    assert visit.starts_at.isoformat() == starts_at
    assert (visit.patient, visit.status) == (ana, "booked")
    assert (turn.decision, turn.reply.kind) == ("act", "confirmation")
    assert turn.facts["visit"] == visit.pk
    words = {FIRST: "Tue Jun 16, 1 pm", SECOND: "Wed Jun 17, 9 am"}[starts_at]
    assert (
        said(turn) == f"You're booked: {words}, Glow Theory Austin, 1200 South Lamar Blvd. Plans changed? Just text us."
    )
    assert Membership.objects.get(patient=ana).next_appointment_at == visit.starts_at
    assert AuditEntry.objects.get(action="visit.booked").actor == f"patient:{ana.pk}"


def test_a_spanish_offer_is_confirmed_in_spanish_though_the_pick_has_no_language(ana):
    text(ana.phone, "¿Me queda crédito de facial?")

    turn = text(ana.phone, "2", now=minutes(5))

    assert said(turn).startswith("Su cita: mié 17 jun, 9 am, Glow Theory Austin")


def test_an_offer_is_taken_once(ana, offer):
    text(ana.phone, "1", now=minutes(5))

    again = text(ana.phone, "1", now=minutes(15))
    other = text(ana.phone, "2", now=minutes(16))

    assert said(again) == "You are booked for Tue Jun 16, 1 pm."
    assert (other.decision, other.rule) == ("hand_off", "An option of this offer was taken before.")
    assert Visit.objects.count() == 1


def test_a_bare_yes_takes_nothing(ana, offer):
    """R63."""
    turn = text(ana.phone, "YES", now=minutes(5))

    assert "Which time would you like? Reply 1 for Tue Jun 16, 1 pm or 2 for Wed Jun 17, 9 am" in said(turn)
    assert not Visit.objects.exists()
    text(ana.phone, "2", now=minutes(6))
    assert Visit.objects.get().starts_at.isoformat() == SECOND


def test_a_pick_after_expiry_books_nothing_and_offers_new_times(ana, offer):
    late = NOON + timedelta(hours=49)

    turn = text(ana.phone, "2", now=late)

    assert not Visit.objects.exists()
    assert "Those times have expired. Reply 1 for" in said(turn)
    fresh = Offer.objects.exclude(pk=offer.pk).get()
    assert fresh.message == turn.reply
    assert all(opening.starts_at > late for opening in booking.openings_of(fresh))


def test_a_time_that_was_taken_meanwhile_is_replaced_by_others(ana, offer):
    stranger = make_patient("Bea", "Lund")
    scheduling.get().book(patient=stranger, opening=booking.openings_of(offer)[1], actor="staff:1", now=minutes(1))

    turn = text(ana.phone, "2", now=minutes(5))

    assert "Sorry, that time was just taken. Reply 1 for" in said(turn)
    assert not ana.visits.exists()
    fresh = Offer.objects.exclude(pk=offer.pk).get()
    assert SECOND not in [option["starts_at"] for option in fresh.options]
    text(ana.phone, "1", now=minutes(6))
    assert ana.visits.count() == 1


def test_the_newest_offer_counts(ana, offer):
    text(ana.phone, "how many credits do i have left", now=minutes(60))
    newest = Offer.objects.order_by("-pk").first()

    text(ana.phone, "1", now=minutes(61))

    newest.refresh_from_db()
    offer.refresh_from_db()
    assert (newest.taken_option, offer.taken_at) == (0, None)


def test_a_number_without_any_offer_goes_to_a_person(ana):
    assert text(ana.phone, "2").decision == "hand_off"


def test_nobody_takes_an_offer_from_another_phone(ana, offer):
    bea = make_membership(make_patient("Bea", "Lund")).patient

    turn = text(bea.phone, "1", now=minutes(1))

    assert turn.decision == "hand_off"
    assert not Visit.objects.exists()


def test_a_credit_used_meanwhile_books_nothing(ana, offer, facial):
    membership = ana.memberships.get()
    credits.spend(membership=membership, service=facial, key="v", actor="staff:1", reason="visit", now=minutes(1))

    turn = text(ana.phone, "1", now=minutes(5))

    assert (turn.decision, Visit.objects.count()) == ("hand_off", 0)


def test_a_scheduler_that_does_not_answer_costs_the_times_not_the_balance(ana, monkeypatch):
    class Down:
        def openings(self, **_):
            raise SchedulerError("unreachable", permanent=False)

    monkeypatch.setattr(scheduling, "get", Down)

    reply = said(text(ana.phone, QUESTION))

    assert "you have 1 Signature Facial credit" in reply
    assert "To book, reply PERSON" in reply


def test_a_scheduler_that_fails_while_booking_hands_off(ana, offer, monkeypatch):
    class Down:
        def book(self, **_):
            raise SchedulerError("unreachable", permanent=False)

    monkeypatch.setattr(scheduling, "get", Down)

    turn = text(ana.phone, "1", now=minutes(5))

    assert (turn.decision, Escalation.objects.get().reason) == ("hand_off", "question")


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_members_who_pick_the_same_time_at_once_get_it_once():
    facial = make_service()
    make_provider(make_location(), facial)
    patients = [make_membership(make_patient(f"P{number}", "Test")).patient for number in range(6)]
    for patient in patients:
        give_credit(patient.memberships.get(), facial)
        text(patient.phone, QUESTION)
    picks = [receive(patient.phone, "1", now=minutes(5)) for patient in patients]
    at_once(lambda number: answering.answer(picks[number].pk, now=minutes(5)), len(picks))

    starts = list(Visit.objects.filter(status="booked").values_list("starts_at", flat=True))
    assert len(starts) == 1
    kinds = sorted(Message.objects.filter(in_reply_to__in=picks).values_list("kind", flat=True))
    assert kinds == ["confirmation"] + ["reply"] * 5


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_one_text_that_many_workers_take_is_answered_once():
    facial = make_service()
    make_provider(make_location(), facial)
    membership = make_membership()
    give_credit(membership, facial)
    message = receive(membership.patient.phone, QUESTION)

    at_once(lambda number: answering.answer(message.pk, now=NOON), 8)

    assert message.replies.count() == 1
    assert Offer.objects.count() == 1


def at_once(work, count):
    """Run `work(number)` in that many threads that start together."""
    barrier, failures = threading.Barrier(count), []

    def run(number):
        try:
            barrier.wait()
            work(number)
        except Exception as error:  # noqa: BLE001  shown below
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
