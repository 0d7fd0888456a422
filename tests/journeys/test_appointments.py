"""Appointments by text, from the door to the diary: asked, offered, kept, picked; moved; cancelled after a question."""

from datetime import timedelta

import pytest

from concierge import answering
from members import links
from members.models import Escalation, Membership, SlotHold, Visit
from outreach.models import Offer
from tests.concierge.conftest import give_credit, receive, said, text
from tests.factories import NOON, make_location, make_membership, make_patient, make_provider, make_service, make_visit

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
THURSDAY_4 = NOON + 2 * DAY + timedelta(hours=5)  # Thu Jun 18, 4 pm in Austin


@pytest.fixture
def ana():
    make_provider(make_location(), make_service())
    membership = make_membership()
    give_credit(membership, make_service())
    return membership.patient


def minutes(number):
    return NOON + timedelta(minutes=number)


def test_from_the_credit_to_the_second_one(ana):
    asked = text(ana.phone, "Do I still have my facial credit?")
    assert "Reply 1 for" in said(asked)
    second = asked.reply.offer.options[1]

    booked = text(ana.phone, "the second one", now=minutes(1))

    assert said(booked).startswith(f"You're booked: {second['words']}")
    assert Visit.objects.get().starts_at.isoformat() == second["starts_at"]


def test_after_four_on_thursday_gets_two_times_that_are_kept_until_one_is_taken(ana):
    text(ana.phone, "Do I still have my facial credit?")

    answer = text(ana.phone, "after 4 on Thursday", now=minutes(2))

    assert "1 for Thu Jun 18, 4 pm or 2 for Thu Jun 18" in said(answer)
    assert SlotHold.objects.live(minutes(2)).count() == 2
    text(ana.phone, "1", now=minutes(3))
    assert Visit.objects.get().starts_at == THURSDAY_4
    assert not SlotHold.objects.live(minutes(3)).exists()


def test_what_is_kept_for_one_patient_is_not_offered_to_the_next_until_it_runs_out(ana):
    bea = make_membership(make_patient("Bea", "Lund")).patient
    give_credit(bea.memberships.get(), make_service())
    mine = text(ana.phone, "can I book a facial thursday at 4?")

    theirs = text(bea.phone, "can I book a facial thursday at 4?", now=minutes(1))
    later = text(bea.phone, "can I book a facial thursday at 4?", now=minutes(31))

    assert "Thu Jun 18, 4 pm" in said(mine)
    assert "We have nothing open Thu Jun 18 between 4 pm and 4:30 pm. The nearest times:" in said(theirs)
    assert "1 for Thu Jun 18, 4 pm" in said(later)


def test_this_week_or_next_offers_a_time_in_either(ana):
    answer = text(ana.phone, "Can I get an appointment this week or next?")

    assert len(answer.reply.offer.options) == 2


def test_how_to_book_is_answered_with_a_page_and_times(ana):
    answer = text(ana.phone, "How do I book my facial?")

    assert "You can book right here or at {link}" in said(answer)
    assert "Reply 1 for" in said(answer)
    assert links.url(answer.reply.link)


def test_a_provider_is_asked_for_by_name(ana):
    kim = make_provider(make_location(), make_service(), name="Kim Cho, LE")

    answer = text(ana.phone, "Can I book with Kim next week?")

    assert {option["provider"] for option in answer.reply.offer.options} == {kim.pk}


def test_a_visit_is_moved_by_picking_a_new_time(ana):
    visit = make_visit(ana, THURSDAY_4)

    answer = text(ana.phone, "Can I move my Thursday appointment to Friday morning?")
    assert said(answer).count("Fri Jun 19") == 2
    assert "To move your Thu Jun 18, 4 pm appointment:" in said(answer)
    done = text(ana.phone, "2", now=minutes(2))

    visit.refresh_from_db()
    assert said(done).startswith("Done, you are moved: Fri Jun 19")
    assert visit.starts_at.isoformat() == answer.reply.offer.options[1]["starts_at"]
    assert Visit.objects.count() == 1


@pytest.mark.parametrize("yes", ["1", "yes"])
def test_a_visit_is_cancelled_after_a_question_and_its_credit_can_be_booked_again(ana, yes):
    visit = make_visit(ana, THURSDAY_4)

    question = text(ana.phone, "I need to cancel my appointment")
    assert said(question).endswith("Cancel your appointment on Thu Jun 18, 4 pm? Reply 1 to cancel it or 2 to keep it.")
    visit.refresh_from_db()
    assert visit.status == "booked"
    done = text(ana.phone, yes, now=minutes(2))

    visit.refresh_from_db()
    assert (visit.status, said(done)) == (
        "cancelled", "Done: your appointment on Thu Jun 18, 4 pm is cancelled. Text us any time for a new one.",
    )  # fmt: skip
    assert "Reply 1 for" in said(text(ana.phone, "can I book a facial?", now=minutes(4)))


@pytest.mark.parametrize("no", ["2", "no"])
def test_a_visit_that_is_kept_stays(ana, no):
    visit = make_visit(ana, THURSDAY_4)
    text(ana.phone, "cancel my appointment")

    text(ana.phone, no, now=minutes(2))

    visit.refresh_from_db()
    assert visit.status == "booked"


def test_an_appointment_is_told_with_its_day(ana):
    make_visit(ana, THURSDAY_4)

    assert "You are booked for Thu Jun 18, 4 pm." in said(text(ana.phone, "When is my next appointment?"))


def test_nothing_booked_is_said_plainly(ana):
    assert "You have no appointment booked" in said(text(ana.phone, "when is my appointment"))


def test_two_visits_that_may_be_meant_go_to_a_person(ana):
    make_visit(ana, THURSDAY_4)
    make_visit(ana, THURSDAY_4 + DAY)

    assert text(ana.phone, "cancel my appointment").decision == "hand_off"
    assert "Thu Jun 18" in said(text(ana.phone, "cancel my Thursday appointment", now=minutes(3)))


@pytest.mark.parametrize(
    "body",
    [
        "can my daughter get an appointment", "how much is an appointment", "cancel my membership appointment",
        "my face hurts can I come in",
    ],
)  # fmt: skip
def test_what_is_more_than_an_appointment_gets_no_times(ana, body):
    text(ana.phone, body)

    assert not Offer.objects.filter(kind=Offer.Kind.APPOINTMENT).exists()


def test_without_a_credit_a_person_helps(ana):
    massage = make_service("Massage", category="Body", nicknames=["massage"])
    make_provider(make_location(), massage)

    assert "no credit to book that" in said(text(ana.phone, "can I book a massage?"))


def test_a_past_due_member_is_booked_by_a_person(ana):
    Membership.objects.update(status="past_due")

    assert text(ana.phone, "can I book a facial?").decision == "hand_off"


def test_where_the_desk_keys_it_in_nothing_is_promised(ana, settings):
    settings.SCHEDULER = "keyed_in"
    text(ana.phone, "can I book a facial thursday after 4?")

    answer = text(ana.phone, "1", now=minutes(2))

    assert "We have asked our desk for Thu Jun 18, 4 pm" in said(answer)
    assert "booked" not in said(answer)
    assert Escalation.objects.get(reason="booking").subject == f"visit:{Visit.objects.get().pk}"


def test_a_spanish_wish_is_answered_in_spanish(ana):
    answer = text(ana.phone, "Quiero reservar una cita el jueves después de las 4")

    assert "Responda 1 para el jue 18 jun, 4 pm" in said(answer)


def test_tomorrow_is_the_day_after_the_text_was_written_not_after_it_was_read(ana):
    """Written ten seconds before midnight in Austin, read ten seconds after it."""
    midnight = NOON.replace(day=17, hour=5, minute=0)
    message = receive(ana.phone, "can i book a facial tomorrow", now=midnight - timedelta(seconds=10))

    answering.answer(message.pk, now=midnight + timedelta(seconds=10))

    offer = Offer.objects.get()
    assert {option["starts_at"][:10] for option in offer.options} == {"2026-06-17"}
