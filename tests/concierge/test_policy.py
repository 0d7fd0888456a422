"""The table: every intent x standing has its outcome. No database, no clock."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from concierge.change_policy import Agree, Chosen, NotNow, Propose, Remind
from concierge.facts import Known, LotFact, MemberFacts, QuoteFact, Sender, VisitFact
from concierge.member_policy import Tell
from concierge.plan_facts import PlanFact
from concierge.policy import MOST_ANSWERS, Act, Extras, HandOff, Offered, Reply, Say, decide
from concierge.understanding import Entities, Intent, Understanding
from concierge.visit_policy import Arrange
from members.models import Escalation, Membership

AT = datetime(2026, 6, 16, 16, 0, tzinfo=UTC)
FACIAL, MASSAGE = 7, 8
LOT = LotFact(entry_id=1, service_id=FACIAL, service_name="Signature Facial", remaining=1, expires_at=None)
VISIT = VisitFact(visit_id=3, service_id=FACIAL, starts_at=AT + timedelta(days=2))
SMALL = PlanFact(version_id=11, plan_id=1, name="Basic", tier=0, price_cents=9900)
GLOW = PlanFact(version_id=12, plan_id=2, name="Glow", tier=1, price_cents=19900, freezes=True, freeze_months=3)
BIG = PlanFact(version_id=13, plan_id=3, name="Radiance", tier=2, price_cents=29900)
FACTS = MemberFacts(
    at=AT,
    patient_id=1,
    first_name="Ana",
    last_name="Ortiz",
    zone="America/Chicago",
    location_name="Austin",
    membership_id=1,
    plan_name="Glow",
    status="active",
    benefits=((FACIAL, "Signature Facial"),),
    lots=(LOT,),
    synced_at=AT,
    plan=GLOW,
    plans=(SMALL, GLOW, BIG),
)
ANA = Sender(known=Known.ONE)
TIMES = (AT + timedelta(days=2), AT + timedelta(days=3))
OPEN = Offered(service_id=FACIAL, times=TIMES, is_open=True, taken=None, picked=None)
PLAIN = Extras()

S, R = Membership.Status, Escalation.Reason


def understood(intent, *service_ids, person=False):
    return Understanding(intent, 0.9, "en", Entities(service_ids=service_ids, asks_if_person=person))


def outcome(intent=Intent.OTHER, *, facts=FACTS, offered=None, sender=ANA, extras=PLAIN, person=False, services=()):
    return decide(understood(intent, *services, person=person), facts, offered, sender=sender, extras=extras)


def kind(decision):
    if isinstance(decision, HandOff):
        return f"hand_off {decision.reason}" + (" with the pen" if decision.gives_pen else "")
    if isinstance(decision, Propose):
        return decision.act.value
    if isinstance(decision, Tell):
        return decision.topics[0].value
    if isinstance(decision, Arrange):
        return decision.do.value
    return decision.say.value if isinstance(decision, Reply) else type(decision).__name__


# One line an intent, one column a standing of the membership; a single word counts for all of them.
STATES = ("active", "past_due", "cancelling", "paused", "pending", "cancelled", "lapsed", "")
PERSON = "hand_off question"
WITHOUT = "not_started ended ended no_membership"  # pending, cancelled, lapsed, none
TABLE = {
    Intent.CREDIT_BALANCE: f"{'balance|' * 4}{(PERSON + '|') * 4}",
    Intent.CREDIT_EXPIRY: f"{'expiry ' * 4}{'expiry ' * 4}",  # what is left is told as long as it lives
    Intent.PLAN_BENEFITS: f"{'benefits ' * 4}{WITHOUT}",
    Intent.COVERAGE: f"{'coverage ' * 4}{WITHOUT}",
    Intent.SHARE_TRANSFER: f"{'share ' * 4}{WITHOUT}",
    Intent.BILLING_QUESTION: f"{'billing ' * 4}{WITHOUT}",
    Intent.UPDATE_CARD: f"{'card_link ' * 4}{WITHOUT}",
    Intent.PLAN_OPTIONS: "options",
    Intent.MEMBER_PRICE: "price",
    Intent.LOCATION_HOURS: "hours",
    Intent.OPT_IN: "texts_on",
    Intent.HELP: "help",
    Intent.BOOK: f"offer|{PERSON}|offer|{(PERSON + '|') * 5}",
    Intent.RESCHEDULE: "nothing_booked",
    Intent.CANCEL_APPOINTMENT: "nothing_booked",
    Intent.APPOINTMENT_INFO: "nothing_booked",
    Intent.AFFIRM: "what_about",
    Intent.DENY: "what_about",
    Intent.OPTION: "what_about",
    Intent.THANKS: "welcome",
    Intent.HUMAN: "hand_off human with the pen|",
    Intent.COMPLAINT: "hand_off human with the pen|",
    Intent.REFUND_DISPUTE: "hand_off human with the pen|",
    Intent.PAUSE: f"pause pause is_ending is_paused {WITHOUT}",
    Intent.RESUME: "is_active pay_first keep resume not_started restart restart no_membership",
    Intent.RESTART: "is_active pay_first keep resume not_started restart restart no_membership",
    Intent.CANCEL_MEMBERSHIP: f"cancel cancel is_ending cancel {WITHOUT}",
    Intent.UPGRADE: "upgrade pay_first is_ending is_paused not_started ended ended options",
    Intent.DOWNGRADE: f"downgrade pay_first is_ending is_paused {WITHOUT}",
    Intent.REMIND_LATER: "Remind",
    Intent.CLINICAL: f"{PERSON}|",
    Intent.WRONG_NUMBER: f"{PERSON}|",
    Intent.OTHER: f"{PERSON}|",
    # Settled before any policy; were they to come here, a person would answer.
    Intent.EMERGENCY: f"{PERSON}|",
    Intent.OPT_OUT: f"{PERSON}|",
}


def expected(intent, status):
    line = TABLE[intent]
    cells = [cell for cell in line.split("|") if cell] if "|" in line else line.split()
    return cells[0] if len(cells) == 1 else dict(zip(STATES, cells, strict=True))[status]


@pytest.mark.parametrize(("intent", "status"), list(product(Intent, STATES)))
def test_every_intent_has_an_outcome_in_every_state_of_the_membership(intent, status):
    services = (FACIAL,) if intent in (Intent.COVERAGE, Intent.MEMBER_PRICE) else ()

    decision = outcome(intent, facts=replace(FACTS, status=status), services=services)

    assert kind(decision) == expected(intent, status)


def test_the_table_covers_every_status_there_is():
    assert set(STATES) - {""} == set(S.values)


@pytest.mark.parametrize(
    ("status", "times"), [("active", True), ("cancelling", True), ("past_due", False), ("paused", False)]
)
def test_times_are_offered_only_while_benefits_run(status, times):
    decision = outcome(Intent.CREDIT_BALANCE, facts=replace(FACTS, status=status))

    assert (decision.offer_service == FACIAL) is times


def test_without_a_credit_nothing_is_offered():
    assert kind(outcome(Intent.CREDIT_BALANCE, facts=replace(FACTS, lots=()))) == "no_credit"
    assert kind(outcome(Intent.CREDIT_BALANCE, services=(MASSAGE,))) == "no_credit"


def test_a_credit_that_a_booked_visit_will_use_is_not_offered_again():
    decision = outcome(Intent.CREDIT_BALANCE, facts=replace(FACTS, visits=(VISIT,)))

    assert (kind(decision), decision.offer_service) == ("balance", None)


def test_a_second_credit_beside_a_booked_visit_is_offered():
    facts = replace(FACTS, lots=(replace(LOT, remaining=2),), visits=(VISIT,))

    assert outcome(Intent.CREDIT_BALANCE, facts=facts).offer_service == FACIAL


@pytest.mark.parametrize("intent", Intent)
@pytest.mark.parametrize(("known", "reason"), [(Known.SEVERAL, R.SHARED_PHONE), (Known.NOBODY, R.UNKNOWN_NUMBER)])
def test_nothing_of_a_member_is_said_to_a_number_that_is_not_one_patients(intent, known, reason):
    """R111."""
    decision = outcome(intent, facts=None, sender=Sender(known=known))

    if intent in (Intent.COMPLAINT, Intent.REFUND_DISPUTE, Intent.HUMAN):
        assert decision.reason == R.HUMAN
    elif intent == Intent.THANKS:
        assert decision.say == Say.WELCOME
    else:
        assert (type(decision), decision.reason, decision.tells) == (HandOff, reason, True)


@pytest.mark.parametrize("intent", Intent)
@pytest.mark.parametrize(
    "sender",
    [
        Sender(known=Known.ONE, opted_out=True),
        Sender(known=Known.ONE, is_minor=True),
        Sender(known=Known.ONE, answers_lately=MOST_ANSWERS),
    ],
)
@pytest.mark.parametrize("extras", [PLAIN, Extras(has_card=True), Extras(has_pictures=True)])
def test_no_text_goes_to_opted_out_numbers_minors_and_floods(intent, sender, extras):
    decision = outcome(intent, sender=sender, extras=extras, offered=replace(OPEN, picked=0))

    assert isinstance(decision, HandOff)
    assert not decision.tells


@pytest.mark.parametrize("known", Known)
def test_a_card_number_gets_the_same_answer_whoever_sends_it(known):
    """R126."""
    facts = FACTS if known == Known.ONE else None

    assert outcome(facts=facts, sender=Sender(known=known), extras=Extras(has_card=True)).say == Say.NO_CARDS


def test_a_picture_goes_to_a_person_even_with_a_plain_question():
    assert kind(outcome(Intent.CREDIT_BALANCE, extras=Extras(has_pictures=True))) == "hand_off question"


@pytest.mark.parametrize("known", Known)
def test_who_asks_for_a_person_learns_that_this_is_none(known):
    """R155."""
    assert outcome(sender=Sender(known=known), facts=None, person=True).say == Say.AUTOMATED


def test_the_second_text_that_cannot_be_answered_gives_the_pen_away():
    """R166."""
    assert not outcome().gives_pen
    assert outcome(sender=Sender(known=Known.ONE, waits_for_person=True)).gives_pen


@pytest.mark.parametrize("intent", [Intent.OTHER, Intent.AFFIRM])
def test_a_picked_option_of_an_open_offer_is_taken(intent):
    assert outcome(intent, offered=replace(OPEN, picked=1)) == Act("Picked an offered time.", 1)


def test_a_bare_answer_is_asked_about_once_and_then_goes_to_a_person():
    assert kind(outcome(Intent.AFFIRM, sender=replace(ANA, was_asked=True))) == "hand_off question"


def test_an_unclear_text_gets_one_clarifying_question_and_then_a_person():
    unclear = Understanding(Intent.OTHER, 0.4, "en", runner_up=Intent.BOOK)

    first = decide(unclear, FACTS, None, sender=ANA, extras=PLAIN)
    second = decide(unclear, FACTS, None, sender=replace(ANA, was_asked=True), extras=PLAIN)

    assert (kind(first), kind(second)) == ("clarify", "hand_off question")


@pytest.mark.parametrize("intent", [Intent.BILLING_QUESTION, Intent.UPDATE_CARD])
@pytest.mark.parametrize("synced_at", [None, AT - timedelta(days=2)])
def test_payments_are_not_spoken_of_on_stale_rows(intent, synced_at):
    assert kind(outcome(intent, facts=replace(FACTS, synced_at=synced_at))) == "hand_off question"


def test_a_price_is_told_in_texting_hours_only():
    asked = outcome(Intent.MEMBER_PRICE, facts=replace(FACTS, may_price=False), services=(FACIAL,))

    assert kind(asked) == "hand_off question"


def test_two_questions_in_one_text_are_both_answered():
    both = Understanding(Intent.PLAN_BENEFITS, 0.9, "en", also=(Intent.CREDIT_EXPIRY,))

    assert decide(both, FACTS, None, sender=ANA, extras=PLAIN).topics == ("benefits", "expiry")


@pytest.mark.parametrize("intent", [Intent.CREDIT_EXPIRY, Intent.PLAN_BENEFITS, Intent.BILLING_QUESTION])
def test_somebody_else_on_the_number_is_told_nothing_of_the_membership(intent):
    """R111."""
    asks = Understanding(intent, 0.9, "en", Entities(says_name="maria"))

    assert kind(decide(asks, FACTS, None, sender=ANA, extras=PLAIN)) == "hand_off shared_phone"


def test_a_bare_yes_takes_nothing():
    """R63."""
    assert outcome(Intent.AFFIRM, offered=OPEN).say == Say.WHICH_TIME


def test_a_no_to_an_offer_bothers_nobody():
    assert outcome(Intent.DENY, offered=OPEN).say == Say.NO_PROBLEM


def test_a_pick_after_expiry_gets_new_times():
    decision = outcome(offered=replace(OPEN, is_open=False, picked=0))

    assert (type(decision), decision.option) == (Act, None)


def test_picking_what_is_booked_says_so():
    visits = (replace(VISIT, starts_at=TIMES[0]),)
    offered = replace(OPEN, is_open=False, taken=0, picked=0)

    assert outcome(offered=offered, facts=replace(FACTS, visits=visits)).say == Say.ALREADY_BOOKED
    assert kind(outcome(offered=offered)) == "hand_off question", "the visit was cancelled since"
    assert kind(outcome(offered=replace(offered, picked=1))) == "hand_off question"


@pytest.mark.parametrize("status", ["past_due", "paused", "cancelled", "lapsed", "pending", ""])
def test_a_pick_books_nothing_once_the_membership_does_not_run(status):
    decision = outcome(offered=replace(OPEN, picked=0), facts=replace(FACTS, status=status))

    assert kind(decision) == "hand_off question"


def test_a_pick_books_nothing_once_the_credit_is_gone():
    assert kind(outcome(offered=replace(OPEN, picked=0), facts=replace(FACTS, lots=()))) == "hand_off question"
    assert kind(outcome(offered=replace(OPEN, picked=0), facts=replace(FACTS, visits=(VISIT,)))) == "hand_off question"


QUOTE = QuoteFact(quote_id=5, act="cancel", code="C1234")


def chose(act, state="open", quote_id=None, *, facts=FACTS):
    return outcome(facts=facts, extras=Extras(chosen=Chosen(act, state, quote_id)))


def test_the_next_plan_up_and_down_is_quoted_unless_one_is_named():
    named = Understanding(Intent.UPGRADE, 0.9, "en", Entities(plan_ids=(1,)))

    assert outcome(Intent.UPGRADE).version_id == BIG.version_id
    assert outcome(Intent.DOWNGRADE).version_id == SMALL.version_id
    assert decide(named, FACTS, None, sender=ANA, extras=PLAIN).version_id == SMALL.version_id
    assert kind(outcome(Intent.UPGRADE, facts=replace(FACTS, plan=BIG))) == "no_higher"
    assert kind(outcome(Intent.DOWNGRADE, facts=replace(FACTS, plan=SMALL))) == "no_lower"


def test_a_plan_without_a_pause_says_so():
    assert kind(outcome(Intent.PAUSE, facts=replace(FACTS, plan=replace(GLOW, freezes=False)))) == "no_freeze"


def test_one_offer_to_stay_is_made_and_never_a_second():
    """R94."""
    assert outcome(Intent.CANCEL_MEMBERSHIP).instead
    assert not outcome(Intent.CANCEL_MEMBERSHIP, facts=replace(FACTS, was_kept=True)).instead


def test_asking_a_second_time_to_cancel_completes_it():
    """R94."""
    assert outcome(Intent.CANCEL_MEMBERSHIP, facts=replace(FACTS, quote=QUOTE)) == Agree(
        "Asked a second time to cancel: that completes it (R94).", 5
    )


@pytest.mark.parametrize("act", ["upgrade", "restart", "resume", "keep", "pause", "cancel", "downgrade"])
def test_a_bare_yes_to_any_quote_changes_nothing(act):
    """R63, R90."""
    assert kind(outcome(Intent.AFFIRM, facts=replace(FACTS, quote=replace(QUOTE, act=act)))) == "use_code"


def test_replies_that_a_sequence_offered_do_what_they_say():
    lapsed = replace(FACTS, status="lapsed")

    assert kind(chose("update_card")) == "card_link"
    assert kind(chose("pause")) == "pause", "a quote, and nothing is paused (settled: 14)"
    assert kind(chose("upgrade")) == "upgrade"
    assert kind(chose("restart", facts=lapsed)) == "restart"
    assert isinstance(chose("remind"), Remind)
    assert isinstance(chose("not_now"), NotNow)
    assert isinstance(chose("agree", quote_id=5), Agree)
    assert kind(chose("this_week")) == "offer"
    assert chose("next_week").wish.days[0][0].weekday() == 0


@pytest.mark.parametrize("act", ["update_card", "pause", "restart", "upgrade", "this_week", "remind", "agree"])
@pytest.mark.parametrize("state", ["expired", "taken"])
def test_a_late_reply_to_an_offer_changes_nothing(act, state):
    assert kind(chose(act, state, 5)) == "offer_over"
