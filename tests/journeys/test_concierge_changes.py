"""Changes of a membership by text, from the door to Stripe and back: quoted, agreed to, done, acknowledged."""

from datetime import timedelta

import pytest

from common import clock
from concierge import handoff
from concierge.models import Conversation
from concierge.understanding import local
from members.models import Escalation, Membership, PatientPhone, Quote, QuoteConsent, StandinObject
from outreach import offers, outbox, playbooks, sequences
from outreach.models import Enrolment, Message, Sequence
from tests.concierge.conftest import give_credit, said, text
from tests.doubles.offers import sold_plan
from tests.doubles.subscribed import subscribed_member
from tests.factories import NOON, make_membership, make_patient, make_provider, make_service, make_staff

pytestmark = pytest.mark.django_db
Status, State = Membership.Status, Quote.State


@pytest.fixture(autouse=True)
def _installed(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOON)
    playbooks.install()


@pytest.fixture
def member():
    return subscribed_member(stripe_fetched_at=NOON)


@pytest.fixture
def phone(member):
    return member.patient.phone


def minutes(number):
    return NOON + timedelta(minutes=number)


def charges():
    return StandinObject.objects.filter(kind="invoice", body__status="paid").count()


def offered_by_sequence(member, *acts):
    """A text of a sequence that went out and names these replies."""
    message = outbox.post(
        kind=Message.Kind.REPLY, body="Choose.", dedupe_key=f"test:{acts}", patient=member.patient, now=NOON
    )
    return offers.bind_replies(message, acts, now=NOON)


def test_pause_is_quoted_confirmed_by_its_code_done_and_told(member, phone):
    asked = text(phone, "pause")
    code = Quote.objects.get().code
    assert f"Reply {code} to pause" in said(asked)
    assert "1 month from Jul 6" in said(asked)

    bare = text(phone, "yes", now=minutes(1))
    member.refresh_from_db()
    assert (said(bare).count(code), member.paused_from) == (1, None), "a bare yes changes nothing"
    done = text(phone, code.lower(), now=minutes(2))

    member.refresh_from_db()
    assert member.paused_until is not None, (done.decision, done.reply.body)
    assert "paused from 07/06/2026" in done.reply.body
    assert QuoteConsent.objects.get().given_by == phone


def test_cancelling_takes_two_texts_and_makes_one_offer_to_stay(member, phone):
    """R93, R94."""
    asked = text(phone, "cancel my membership")
    assert "Reply 1 to finish cancelling or 2 to pause it instead" in said(asked)

    done = text(phone, "1", now=minutes(1))

    member.refresh_from_db()
    assert member.status == Status.CANCELLING
    assert "your membership ends on" in done.reply.body


def test_the_offer_to_stay_is_a_quote_and_asking_again_cancels_without_another(member, phone):
    """R94."""
    text(phone, "cancel my membership")
    stay = text(phone, "2", now=minutes(1))
    assert "to pause" in said(stay)

    again = text(phone, "cancel my membership", now=minutes(2))
    assert "instead" not in said(again)
    text(phone, "please cancel my membership", now=minutes(3))

    member.refresh_from_db()
    assert member.status == Status.CANCELLING


def test_an_upgrade_is_agreed_to_on_its_page_and_no_yes_buys_it(member, phone):
    """R63, R89, R90."""
    sold_plan("Radiance", cents=29900)

    asked = text(phone, "upgrade")
    assert "Radiance is $299.00 a month. Today: $66.66." in said(asked)
    assert asked.reply.link.quote == Quote.objects.get()
    for minute, word in enumerate(["yes", "ok", "👍", "sure do it", "1"], 1):
        text(phone, word, now=minutes(minute))

    member.refresh_from_db()
    assert (member.plan.name, charges()) == ("Glow", 0)


def test_what_the_gateway_refuses_goes_to_a_person(phone, member):
    member.stripe_customer_id = ""
    member.save(update_fields=["stripe_customer_id"])

    turn = text(phone, "pause")

    assert turn.decision == "hand_off"
    assert not Quote.objects.exists()


def test_a_2_to_a_recovery_text_quotes_a_pause_and_pauses_nothing(member, phone):
    """Settled: 14."""
    offered_by_sequence(member, "update_card", "pause")

    turn = text(phone, "2", now=minutes(1))

    member.refresh_from_db()
    assert Quote.objects.get().code in said(turn)
    assert (member.status, member.paused_from) == (Status.ACTIVE, None)
    assert "no longer open" in said(text(phone, "2", now=minutes(5)))


def test_a_1_to_a_recovery_text_gets_the_card_link(member, phone):
    offered_by_sequence(member, "update_card", "pause")

    assert text(phone, "1", now=minutes(1)).reply.link.purpose == "update_card"


def test_restart_gets_terms_on_a_page_of_their_own(member, phone):
    """R90, R100."""
    member.status, member.ended_at = Status.LAPSED, NOON - timedelta(days=40)
    member.save(update_fields=["status", "ended_at"])

    turn = text(phone, "RESTART")

    assert (turn.reply.link.purpose, turn.reply.link.quote.act) == ("restart", "restart")
    assert "$199.00 a month" in said(turn)
    assert not Membership.objects.current().exists()


def test_a_reminder_begins_in_sixty_days(member, phone):
    offered_by_sequence(member, "this_week", "remind")

    turn = text(phone, "remind me", now=minutes(1))

    enrolment = Enrolment.objects.get()
    assert enrolment.sequence.slug == "remind_later"
    assert enrolment.next_at == minutes(1) + timedelta(days=60)
    assert "Aug 15" in said(turn)


def test_not_now_ends_what_asked(member, phone):
    offered_by_sequence(member, "this_week", "not_now")

    assert text(phone, "not now", now=minutes(1)).decision == "act"


@pytest.mark.parametrize(("body", "because"), [("no thanks", "not now"), ("remind me later", "maybe later")])
def test_the_reason_why_an_offer_was_declined_is_kept_where_staff_see_it(member, phone, body, because):
    """On the member's timeline and in the results of the sequence; the sequence does not ask again."""
    offering = sequences.enrol(slug=Sequence.Slug.WIN_BACK, membership=member, cause="test", now=NOON)
    offered = offered_by_sequence(member, "restart", "not_now")
    Message.objects.filter(pk=offered.message_id).update(enrolment=offering)

    text(phone, body, now=minutes(1))

    offering.refresh_from_db()
    assert (offering.status, offering.ended_because) == (Enrolment.Status.ENDED, because)


def test_this_week_gets_real_times(member, phone):
    give_credit(member, make_service())
    make_provider(member.location, make_service())
    offered_by_sequence(member, "this_week", "next_week")

    turn = text(phone, "1", now=minutes(1))

    assert "Reply 1 for" in said(turn)
    assert {option["starts_at"][:10] < "2026-06-22" for option in turn.reply.offer.options} == {True}


def test_an_angry_text_goes_to_a_person_and_the_concierge_is_silent_until_released(member, phone):
    """R166."""
    text(phone, "this is ridiculous, I want to speak to a manager")
    assert Conversation.objects.get().pen == Conversation.Pen.PERSON

    assert text(phone, "pause", now=minutes(1)).decision == "silent"

    handoff.give_back(phone=phone, by=make_staff(), now=minutes(2))
    assert "to pause" in said(text(phone, "pause", now=minutes(3)))


def test_spanish_all_the_way(member, phone):
    member.patient.language = "es"
    member.patient.save(update_fields=["language"])

    asked = text(phone, "pausa")
    code = Quote.objects.get().code
    done = text(phone, code, now=minutes(1))

    assert f"Responda {code} para pausar" in said(asked)
    assert "está en pausa" in done.reply.body or "esta en pausa" in done.reply.body


def test_of_two_members_on_one_phone_neither_is_quoted_anything(member, phone):
    """R111."""
    bea = make_membership(make_patient("Bea", "Lund", phone="")).patient
    PatientPhone.objects.create(patient=bea, number=phone)

    first, second, *others = [
        text(phone, wish, now=minutes(minute))
        for minute, wish in enumerate(["pause", "upgrade", "cancel my membership", "what does my plan include"])
    ]

    assert ["full name" in said(turn) for turn in (first, second)] == [True, True]
    assert [turn.decision for turn in others] == ["silent", "silent"], "after two a person has the conversation"
    assert not Quote.objects.exists()
    assert set(Escalation.objects.values_list("reason", flat=True)) <= {"shared_phone", "cancellation"}


@pytest.fixture
def _read_by_the_engine(monkeypatch):
    local.learn(with_encoder=True)  # at most once for this state of its examples
    monkeypatch.setattr(local, "_serving", local.opened())


@pytest.mark.usefixtures("_read_by_the_engine")
def test_two_months_and_the_reason_are_in_the_quote_that_is_confirmed(member, phone):
    asked = text(phone, "pause for 2 months please, money is tight")
    quote = Quote.objects.get()
    text(phone, quote.code, now=minutes(1))

    member.refresh_from_db()
    assert (quote.months, quote.reason) == (2, "too_expensive")
    assert "2 months from Jul 6" in said(asked)
    assert clock.local(member.paused_until, "America/Chicago").strftime("%b %d") == "Sep 06"


@pytest.mark.usefixtures("_read_by_the_engine")
def test_a_longer_pause_than_the_plan_allows_is_refused_by_its_rule(member, phone):
    turn = text(phone, "freeze my membership for 6 months")

    assert said(turn).endswith("You can pause for up to 3 months now.")
    assert not Quote.objects.exists()
