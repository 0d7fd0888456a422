"""At most once: claimed, committed, asked again, sent; and nothing silently lost (R3, R31, R73, R80)."""

from datetime import UTC, datetime, timedelta
from itertools import chain, repeat
from types import SimpleNamespace

import pytest
from django.db import connection, transaction
from django_q.models import OrmQ

from common.errors import Refused
from members import consent, links
from members.models import Escalation, PatientLink
from members.stripe_standin.client import outage
from outreach import delivery, gate, handovers, inbound, opt_outs, outbox, playbooks, sequences
from outreach.models import GateDecision, Message
from tests import factories
from tests.conftest import run_queued_tasks
from tests.doubles.carrier import lost, refusal
from tests.doubles.owing import live, owing_member
from tests.factories import NOON

pytestmark = pytest.mark.django_db

NIGHT = datetime(2026, 6, 17, 4, 0, tzinfo=UTC)  # 23:00 in Austin
MORNING = datetime(2026, 6, 17, 14, 0, tzinfo=UTC)
LEASE = timedelta(seconds=120)


def posted(kind: str = "servicing", *, now: datetime = NOON, key: str = "k", membership=None, **fields) -> Message:
    membership = membership or factories.make_membership()
    values = {"body": "Hello", "patient": membership.patient, **fields}
    return outbox.post(kind=kind, dedupe_key=key, now=now, **values)


def reloaded(message: Message) -> Message:
    return Message.objects.get(pk=message.pk)


def after_the_lease(message: Message) -> datetime:
    return reloaded(message).claimed_at + LEASE + timedelta(seconds=1)


def stopwatch_jumps(monkeypatch, seconds: float) -> None:
    """Whoever began to measure finds at the next look that so much time has passed."""
    readings = chain([0.0], repeat(seconds))
    monkeypatch.setattr("outreach.sending.time.monotonic", lambda: next(readings))


# --- post ---


def test_a_message_that_is_due_is_queued_with_its_task_and_the_gates_answer(carrier):
    message = posted()

    assert message.status == "queued"
    assert message.address == message.patient.phone
    assert message.location == message.patient.home_location
    assert OrmQ.objects.count() == 1
    assert GateDecision.objects.get(message=message).allowed
    assert carrier.sent == []


def test_the_task_stands_and_falls_with_the_row():
    with transaction.atomic():
        posted()
        transaction.set_rollback(True)

    assert not Message.objects.exists()
    assert not OrmQ.objects.exists()


def test_one_key_one_message():
    membership = factories.make_membership()
    first = posted(membership=membership)

    second = posted(membership=membership, body="Something else")

    assert second.pk == first.pk
    assert Message.objects.get().body == "Hello"
    assert OrmQ.objects.count() == 1


def test_a_broken_promise_that_is_no_repeat_is_not_hidden():
    from django.db import IntegrityError

    with pytest.raises(IntegrityError):
        posted("inbound")


def test_a_text_at_night_waits_for_the_morning():
    message = posted(now=NIGHT)

    assert (message.status, message.due_at) == ("queued", MORNING)
    assert "hours" in message.reason
    assert not OrmQ.objects.exists()


def test_a_message_for_later_is_judged_for_then():
    """R76: it waits in our own table."""
    message = posted(now=NIGHT, due_at=MORNING + timedelta(hours=1))

    assert (message.status, message.due_at) == ("queued", MORNING + timedelta(hours=1))
    assert not OrmQ.objects.exists()


def test_a_denied_message_is_held_with_the_reason():
    message = posted(membership=factories.make_membership(consent=False))

    assert (message.status, message.reason) == (
        "held",
        "There is no consent to servicing texts on file for this number.",
    )
    assert not OrmQ.objects.exists()


def test_a_patient_without_a_number_gets_a_held_message_and_no_error():
    message = posted(membership=factories.make_membership(factories.make_patient(phone="")))

    assert (message.status, message.address) == ("held", "")


def test_a_place_for_a_link_needs_a_link():
    with pytest.raises(Refused) as refused:
        posted(body="Update here: {link}")

    assert refused.value.code == "no_link"


def test_a_card_number_typed_by_staff_is_not_stored():
    """R123."""
    assert posted("staff", body="Your card 4111 1111 1111 1111").body == "Your card [card ••••1111]"


# --- send ---


def test_the_whole_way_from_post_to_sent(carrier):
    message = posted()

    outbox.send(message.pk, now=NOON)

    message = reloaded(message)
    assert carrier.sent == [(message.address, "Hello")]
    assert (message.status, message.attempts, message.sent_at) == ("sent", 1, NOON)
    assert message.provider_sid.startswith("SM")
    assert [decision.allowed for decision in message.decisions.all()] == [True, True]


def test_the_queued_task_sends(carrier, monkeypatch):
    monkeypatch.setattr("common.clock.now", lambda: NOON)
    posted()

    run_queued_tasks()

    assert len(carrier.sent) == 1


def test_the_link_exists_only_in_the_provider_call(carrier):
    """R152."""
    membership = factories.make_membership()
    link = links.issue(membership=membership, purpose=PatientLink.Purpose.UPDATE_CARD, now=NOON)
    message = posted(membership=membership, body="Here: {link} Thanks", link=link)

    outbox.send(message.pk, now=NOON)

    assert carrier.sent[0][1] == f"Here: {links.url(link)} Thanks"
    assert reloaded(message).body == "Here: {link} Thanks"


def test_a_claimed_message_is_left_alone(carrier):
    message = posted()
    Message.objects.update(status="sending", claimed_at=NOON, attempts=1)

    assert outbox.send(message.pk, now=NOON) is False

    assert carrier.sent == []
    assert reloaded(message).attempts == 1


@pytest.mark.parametrize("status", ["sent", "delivered", "held", "dropped", "failed", "unknown"])
def test_only_what_is_queued_is_sent(carrier, status):
    message = posted()
    Message.objects.update(status=status)

    assert outbox.send(message.pk, now=NOON) is False
    assert carrier.sent == []


def test_a_message_that_is_not_due_or_not_there_is_not_sent(carrier):
    message = posted(now=NIGHT)

    assert outbox.send(message.pk, now=NIGHT) is False
    assert outbox.send(message.pk + 1, now=MORNING) is False
    assert carrier.sent == []


def test_the_claim_is_committed_before_the_carrier_hears_of_it(carrier):
    message = posted()
    seen = SimpleNamespace()

    def look():
        seen.status = reloaded(message).status
        seen.depth = len(connection.savepoint_ids)

    carrier.while_sending = look
    before = len(connection.savepoint_ids)
    outbox.send(message.pk, now=NOON)

    assert (seen.status, seen.depth) == ("sending", before)


@pytest.mark.django_db(transaction=True)
def test_no_transaction_is_open_while_the_carrier_is_asked(carrier):
    message = posted()
    open_transactions = []
    carrier.while_sending = lambda: open_transactions.append(connection.in_atomic_block)

    outbox.send(message.pk, now=NOON)

    assert open_transactions == [False]


@pytest.mark.django_db(transaction=True)
def test_sending_inside_a_transaction_is_refused(carrier):
    message = posted()

    with pytest.raises(RuntimeError), transaction.atomic():
        outbox.send(message.pk, now=NOON)

    assert carrier.sent == []


def test_what_was_allowed_when_made_is_asked_again_when_sent(carrier):
    """R3: queue, then opt out, then run the worker: 0 sends."""
    message = posted()
    consent.opt_out(address=message.address, channel="sms", wording="STOP", source="text", now=NOON)

    assert outbox.send(message.pk, now=NOON) is False

    message = reloaded(message)
    assert carrier.sent == []
    assert (message.status, message.attempts, message.claimed_at) == ("held", 0, None)


@pytest.mark.parametrize("kind", ["servicing", "marketing", "reply", "confirmation", "staff", "opt_out", "emergency"])
def test_what_the_gate_denies_is_sent_by_no_way_to_the_carrier(carrier, monkeypatch, kind):
    """R1."""
    monkeypatch.setattr(gate, "decide", lambda message, *, now: gate.Denial("no", "Not now."))
    message = posted(kind)
    Message.objects.update(status="queued")

    outbox.send(message.pk, now=NOON)
    Message.objects.update(status="queued")
    outbox.send_due(now=NOON)
    outbox.recover_stuck(now=NOON + LEASE * 2)

    assert carrier.sent == []


def test_a_send_that_comes_too_late_in_the_evening_waits_again(carrier):
    message = posted()

    outbox.send(message.pk, now=NIGHT)

    message = reloaded(message)
    assert (message.status, message.due_at, message.attempts) == ("queued", MORNING, 0)
    assert carrier.sent == []


def test_stop_then_every_worker_runs_and_nothing_is_sent(carrier):
    """R31."""
    membership = factories.make_membership()
    for number, kind in enumerate(["servicing", "marketing", "reply", "confirmation", "staff"]):
        posted(kind, membership=membership, key=str(number))
    posted(membership=membership, key="later", now=NIGHT)

    inbound.receive(
        sid="SM1",
        sender=membership.patient.phone,
        recipient="",
        body="STOP",
        media_count=0,
        opt_out_type="STOP",
        now=NOON,
    )
    outbox.send_due(now=NOON)
    outbox.send_due(now=MORNING + timedelta(days=3))
    outbox.recover_stuck(now=MORNING + timedelta(days=3))

    assert carrier.sent == []
    assert set(Message.objects.filter(direction="out").values_list("status", flat=True)) == {"dropped"}


@pytest.mark.parametrize(
    ("kind", "at", "seconds"),
    [
        ("servicing", NOON, 36_000),  # 11:00 to 21:00 in Austin: exactly Twilio's most
        ("servicing", datetime(2026, 6, 17, 1, 50, tzinfo=UTC), 600),  # 20:50, closes at 21:00
        ("marketing", datetime(2026, 6, 17, 1, 59, 30, tzinfo=UTC), 30),
        ("reply", NOON, None),
        ("staff", NOON, None),
        ("opt_out", NOON, 300),
    ],
)
def test_the_carrier_is_told_when_the_window_ends(carrier, kind, at, seconds):
    """R23, R35."""
    message = posted(kind, now=at)

    outbox.send(message.pk, now=at)

    assert carrier.valid_seconds == [seconds]


def test_a_worker_that_stalled_before_the_call_lets_go(carrier, monkeypatch):
    """Its claim may soon be taken for dead; then another worker would send the text as well."""
    message = posted()
    stopwatch_jumps(monkeypatch, 61.0)

    assert outbox.send(message.pk, now=NOON) is False

    message = reloaded(message)
    assert carrier.sent == []
    assert (message.status, message.attempts, message.claimed_at) == ("queued", 0, None)


# --- the live invoice (R143) ---


def dunned(now: datetime = NOON):
    playbooks.install()
    membership, invoice = owing_member()
    sequences.enrol(slug="payment_recovery", membership=membership, cause=f"invoice:{invoice.stripe_id}", now=now)
    sequences.advance(now=now)
    return invoice, Message.objects.get()


def test_an_invoice_paid_a_second_before_the_send_is_not_dunned(carrier):
    invoice, message = dunned()
    live(invoice, "paid")  # our own row does not know yet

    assert outbox.send(message.pk, now=NOON) is False

    message = reloaded(message)
    assert carrier.sent == []
    assert (message.status, message.reason, message.attempts) == ("dropped", "Paid meanwhile.", 0)


def test_while_stripe_cannot_be_asked_the_text_waits(carrier):
    _, message = dunned()

    with outage(0):
        assert outbox.send(message.pk, now=NOON) is False
    assert (reloaded(message).status, reloaded(message).attempts) == ("queued", 0)

    assert outbox.send(message.pk, now=NOON + timedelta(minutes=2)) is True
    assert len(carrier.sent) == 1


def test_texts_that_wait_for_stripe_let_the_others_pass(carrier, settings):
    """A round has little time, and asking a Stripe that is down takes long."""
    dunned()
    posted("reply", key="other", body="Other", now=NOON + timedelta(seconds=1))
    settings.ROUND_SECONDS = 0

    with outage(0):
        for minutes in (1, 2):
            outbox.send_due(now=NOON + timedelta(minutes=minutes))

    assert [body for _, body in carrier.sent] == ["Other"]


def test_two_texts_are_not_both_sent_because_stripe_was_slow_about_one(carrier, monkeypatch):
    """The nudge is claimed while the other text waits for Stripe: of the two, the one claimed later must see it."""
    invoice, dunning = dunned()
    nudge = posted("marketing", membership=invoice.membership)
    stopwatch_jumps(monkeypatch, 20.0)
    Message.objects.filter(pk=nudge.pk).update(status="sending", claimed_at=NOON + timedelta(seconds=10))

    assert outbox.send(dunning.pk, now=NOON) is False

    assert carrier.sent == []
    assert (reloaded(dunning).status, reloaded(dunning).reason) == ("queued", "Enough texts for now.")


def test_a_text_is_not_sent_after_hours_because_stripe_was_slow(carrier, monkeypatch):
    evening = datetime(2026, 6, 17, 1, 59, 50, tzinfo=UTC)  # 20:59:50 in Austin
    _, message = dunned(evening)
    stopwatch_jumps(monkeypatch, 20.0)

    assert outbox.send(message.pk, now=evening) is False

    assert carrier.sent == []
    assert reloaded(message).due_at > evening + timedelta(hours=12)


def test_an_invoice_that_stripe_does_not_show_us_becomes_a_persons_work(carrier):
    _, message = dunned()
    from members.models import StandinObject

    StandinObject.objects.filter(kind="invoice").delete()

    assert outbox.send(message.pk, now=NOON) is False

    assert reloaded(message).status == "held"
    assert Escalation.objects.get().reason == "payment"


# --- what the carrier refuses (R80) ---

NEVER = ["21211", "21612", "21614", "21635", "30006", "13224", "21408", "30450", "21617", "30005", "30007"]


@pytest.mark.parametrize("code", NEVER)
def test_a_permanent_refusal_ends_and_somebody_is_told(carrier, code):
    message = posted()
    carrier.failures = [refusal(code)]

    outbox.send(message.pk, now=NOON)

    message = reloaded(message)
    assert (message.status, message.error_code) == ("failed", code)
    assert Escalation.objects.get().reason == "undelivered"
    assert message.address not in Escalation.objects.get().summary
    assert outbox.send_due(now=NOON + timedelta(days=1)) == 0


@pytest.mark.parametrize("code", ["21610", "30004"])
@pytest.mark.parametrize("kind", ["servicing", "marketing", "reply"])
def test_a_number_that_blocks_us_is_opted_out_and_nothing_else_goes_there(carrier, code, kind):
    membership = factories.make_membership()
    message = posted(kind, membership=membership)
    waiting = posted("reply", membership=membership, key="waiting")
    carrier.failures = [refusal(code)]

    outbox.send(message.pk, now=NOON)

    assert reloaded(message).status == "failed"
    assert consent.is_opted_out(message.address, channel="sms")
    assert reloaded(waiting).status == "dropped"


@pytest.mark.parametrize(
    ("code", "minutes"), [("20429", 2), ("429", 2), ("unreachable", 2), ("21611", 30), ("30001", 30), ("30022", 30)]
)
def test_what_was_not_processed_is_tried_again_later(carrier, code, minutes):
    message = posted()
    carrier.failures = [refusal(code)]

    outbox.send(message.pk, now=NOON)

    message = reloaded(message)
    wait = message.due_at - NOON
    assert message.status == "queued"
    assert timedelta(minutes=minutes) <= wait < timedelta(minutes=minutes, seconds=30)
    assert outbox.send_due(now=NOON + timedelta(minutes=1)) == 0
    assert outbox.send_due(now=message.due_at) == 1
    assert reloaded(message).status == "sent"


def test_the_waits_grow_and_end(carrier):
    message = posted("reply")
    carrier.failures = [refusal("429") for _ in range(20)]
    waits = []

    for _ in range(20):
        now = reloaded(message).due_at
        if not outbox.send(message.pk, now=now) and reloaded(message).status == "queued":
            waits.append((reloaded(message).due_at - now).total_seconds() // 60)

    assert waits == [2, 4, 8, 16, 32, 64, 128]
    assert (reloaded(message).status, reloaded(message).attempts) == ("failed", 8)
    assert Escalation.objects.get().reason == "undelivered"


@pytest.mark.parametrize("code", ["20003", "21606", "21608", "30002", "30032", "30034"])
def test_a_sender_that_is_refused_stops_all_texting_until_a_person_has_looked(carrier, code):
    first, second = posted("reply"), posted("reply", key="second")
    carrier.failures = [refusal(code)]

    outbox.send_due(now=NOON)

    assert carrier.sent == []
    assert {reloaded(first).status, reloaded(second).status} == {"queued"}
    case = Escalation.objects.get()
    assert case.subject == handovers.SENDER_HALTED

    Escalation.objects.update(state="resolved")
    outbox.send_due(now=NOON + timedelta(minutes=16))

    assert len(carrier.sent) == 2


@pytest.mark.parametrize("kind", ["servicing", "marketing"])
def test_a_code_nobody_knows_fails_and_is_shown_to_a_person(carrier, kind):
    message = posted(kind)
    carrier.failures = [refusal("99999")]

    outbox.send(message.pk, now=NOON)

    assert reloaded(message).status == "failed"
    assert Escalation.objects.get().reason == "undelivered"


def test_a_marketing_text_that_failed_troubles_nobody(carrier):
    message = posted("marketing")
    carrier.failures = [refusal("21211")]

    outbox.send(message.pk, now=NOON)

    assert reloaded(message).status == "failed"
    assert not Escalation.objects.exists()


@pytest.mark.parametrize("code", ["21610", "429", "30034", "99999"])
def test_an_emergency_reply_that_cannot_go_out_pages_a_person_at_once(carrier, code):
    """R163."""
    message = posted("emergency")
    carrier.failures = [refusal(code)]

    outbox.send(message.pk, now=NOON)

    page = Escalation.objects.get(reason="emergency")
    assert reloaded(message).status == "failed"
    assert page.severity == Escalation.Severity.EMERGENCY
    assert "call now" in page.summary


# --- unknown outcomes (R73) ---


def test_a_lost_answer_is_not_a_failure_and_is_not_sent_again(carrier):
    message = posted()
    carrier.failures, carrier.keeps_what_it_fails = [lost()], True

    outbox.send(message.pk, now=NOON)
    outbox.send_due(now=NOON + timedelta(seconds=30))
    outbox.recover_stuck(now=NOON + timedelta(seconds=30))

    assert reloaded(message).status == "unknown"
    assert len(carrier.sent) == 1


@pytest.mark.parametrize("kind", ["servicing", "marketing", "reply", "staff"])
def test_the_carrier_took_it_and_the_answer_was_lost_so_the_patient_has_one(carrier, kind):
    message = posted(kind)
    carrier.failures, carrier.keeps_what_it_fails = [lost()], True
    outbox.send(message.pk, now=NOON)

    assert outbox.recover_stuck(now=after_the_lease(message)) == 1
    outbox.send_due(now=NOON + timedelta(days=1))

    message = reloaded(message)
    assert len(carrier.sent) == 1
    assert (message.status, message.provider_sid) == ("sent", f"SM{1:032d}")
    assert not Escalation.objects.exists()


@pytest.mark.parametrize("kind", ["servicing", "reply", "confirmation", "staff", "emergency"])
def test_what_surely_never_arrived_is_sent_once_more(carrier, kind):
    message = posted(kind)
    carrier.failures = [lost()]
    outbox.send(message.pk, now=NOON)

    now = after_the_lease(message)
    outbox.recover_stuck(now=now)
    outbox.send_due(now=now)

    assert len(carrier.sent) == 1
    assert (reloaded(message).status, reloaded(message).attempts) == ("sent", 2)


def test_the_second_time_a_person_is_told_instead(carrier):
    message = posted()
    carrier.failures = [lost(), lost(), lost()]

    for _ in range(3):
        now = reloaded(message).due_at + timedelta(seconds=1)
        outbox.send(message.pk, now=now)
        outbox.recover_stuck(now=now + LEASE + timedelta(seconds=1))

    assert (reloaded(message).status, reloaded(message).attempts) == ("failed", 2)
    assert carrier.sent == []
    assert Escalation.objects.get().reason == "undelivered"


def test_marketing_is_never_sent_again_after_an_unknown_outcome(carrier):
    message = posted("marketing")
    carrier.failures = [lost()]
    outbox.send(message.pk, now=NOON)

    outbox.recover_stuck(now=after_the_lease(message))
    outbox.send_due(now=NOON + timedelta(days=1))

    assert reloaded(message).status == "failed"
    assert carrier.sent == []


def test_while_the_carrier_cannot_be_asked_the_outcome_stays_unknown(carrier):
    message = posted()
    carrier.failures, carrier.can_look_up = [lost()], False
    outbox.send(message.pk, now=NOON)

    assert outbox.recover_stuck(now=after_the_lease(message)) == 0
    assert reloaded(message).status == "unknown"

    carrier.can_look_up = True
    assert outbox.recover_stuck(now=after_the_lease(message)) == 1
    assert reloaded(message).status == "queued"


def test_what_the_carrier_can_never_tell_goes_to_a_person_and_is_not_sent_again(carrier):
    message = posted()
    carrier.failures, carrier.can_look_up = [lost()], False
    outbox.send(message.pk, now=NOON)

    outbox.recover_stuck(now=NOON + timedelta(hours=1))
    assert not Escalation.objects.exists()
    for minutes in (1, 2):
        outbox.recover_stuck(now=NOON + timedelta(hours=1, minutes=minutes))

    assert reloaded(message).status == "failed"
    assert Escalation.objects.get().last_raised_at == NOON + timedelta(hours=1, minutes=1)
    carrier.can_look_up = True
    outbox.recover_stuck(now=NOON + timedelta(hours=2))
    assert carrier.sent == []


def test_a_late_callback_still_says_that_it_arrived(carrier):
    message = posted()
    carrier.failures, carrier.can_look_up = [lost()], False
    outbox.send(message.pk, now=NOON)
    outbox.recover_stuck(now=NOON + timedelta(hours=1, minutes=1))

    delivery.record_status(message_uuid=message.uuid, status="delivered", sid="SM1", error_code="", now=NOON)

    assert reloaded(message).status == "delivered"


def test_a_crash_after_the_call_is_found_at_the_carrier(carrier):
    """The worker died between the provider's answer and our note of it."""
    message = posted()
    carrier.keeps_what_it_fails, carrier.failures = True, [KeyboardInterrupt()]
    with pytest.raises(KeyboardInterrupt):
        outbox.send(message.pk, now=NOON)
    assert reloaded(message).status == "sending"

    outbox.recover_stuck(now=NOON + LEASE)  # to the second: not yet
    assert reloaded(message).status == "sending"
    outbox.recover_stuck(now=after_the_lease(message))

    assert reloaded(message).status == "sent"
    assert len(carrier.sent) == 1


def test_a_crash_before_the_call_is_made_good(carrier):
    message = posted()
    carrier.failures = [KeyboardInterrupt()]
    with pytest.raises(KeyboardInterrupt):
        outbox.send(message.pk, now=NOON)

    now = after_the_lease(message)
    outbox.recover_stuck(now=now)
    outbox.send_due(now=now)

    assert len(carrier.sent) == 1
    assert reloaded(message).status == "sent"


def test_another_texts_receipt_is_not_taken_for_ours(carrier):
    """Same words to the same person: which of the two arrived cannot be told, so it is not sent again."""
    membership = factories.make_membership()
    ours = posted("reply", membership=membership)
    carrier.failures = [lost()]
    outbox.send(ours.pk, now=NOON)
    twin = posted("reply", membership=membership, key="twin")
    outbox.send(twin.pk, now=NOON)

    outbox.recover_stuck(now=after_the_lease(ours))

    assert reloaded(ours).status == "failed"
    assert reloaded(twin).status == "sent"
    assert len(carrier.sent) == 1
    assert Escalation.objects.get().reason == "undelivered"


# --- rounds ---


def test_a_round_sends_what_is_due_oldest_first_and_no_more(carrier):
    for minute in (3, 1, 2):
        posted("reply", key=f"m{minute}", body=str(minute), due_at=NOON + timedelta(minutes=minute))

    assert outbox.send_due(now=NOON + timedelta(minutes=2)) == 2

    assert [body for _, body in carrier.sent] == ["1", "2"]


def test_a_message_that_breaks_does_not_stop_the_next_one(carrier, caplog):
    posted("reply", key="bad", body="Private words")
    posted("reply", key="good")
    carrier.failures = [ValueError("a bug")]

    assert outbox.send_due(now=NOON) == 1

    assert len(carrier.sent) == 1
    assert "Private" not in caplog.text


def test_a_round_has_a_limit(carrier, monkeypatch):
    monkeypatch.setattr(outbox, "BATCH", 2)
    for number in range(3):
        posted("reply", key=str(number))

    assert [outbox.send_due(now=NOON) for _ in range(3)] == [2, 1, 0]


def test_a_crash_in_the_middle_of_a_hand_gives_back_what_was_not_given(carrier):
    """Only the one at the carrier is in doubt; nothing about the others has to be asked there, marketing too."""
    for number in range(3):
        posted("marketing", key=str(number), body=str(number))
    carrier.keeps_what_it_fails, carrier.failures = True, [KeyboardInterrupt()]
    with pytest.raises(KeyboardInterrupt):
        outbox.send_due(now=NOON)
    assert set(Message.objects.values_list("status", flat=True)) == {"sending"}
    carrier.can_look_up = False

    outbox.recover_stuck(now=NOON + LEASE + timedelta(seconds=1))

    assert sorted(Message.objects.values_list("status", "attempts")) == [("queued", 0), ("queued", 0), ("unknown", 1)]
    outbox.send_due(now=NOON + LEASE + timedelta(seconds=2))
    assert sorted(body for _, body in carrier.sent) == ["0", "1", "2"]


def test_what_a_round_has_no_time_for_is_due_again_at_once(carrier, settings):
    for number in range(3):
        posted("reply", key=str(number), body=str(number), due_at=NOON + timedelta(seconds=number))
    settings.ROUND_SECONDS = 0

    sent = [outbox.send_due(now=NOON + timedelta(minutes=1)) for _ in range(4)]

    assert sent == [1, 1, 1, 0]
    assert [body for _, body in carrier.sent] == ["0", "1", "2"]
    assert set(Message.objects.values_list("attempts", flat=True)) == {1}


def test_an_opt_out_stops_what_a_worker_has_in_hand(carrier):
    """R31: claimed is not sent; the second text was already claimed with the first."""
    patient = factories.make_membership().patient
    for key in ("first", "second"):
        outbox.post(kind="reply", body=key, dedupe_key=key, patient=patient, now=NOON)
    carrier.while_sending = lambda: opt_outs.record(address=patient.phone, wording="STOP", source="text", now=NOON)

    outbox.send_due(now=NOON)

    assert [body for _, body in carrier.sent] == ["first"]
    assert Message.objects.get(dedupe_key="second").status == "dropped"


def test_a_bug_before_the_call_is_tried_again_later_and_not_for_ever(carrier, monkeypatch):
    message = posted("reply")
    monkeypatch.setattr("outreach.wire.no_room", lambda *_args, **_named: 1 / 0)

    while reloaded(message).status == "queued":
        outbox.send_due(now=reloaded(message).due_at)

    assert (reloaded(message).status, reloaded(message).attempts) == ("failed", 8)
    assert carrier.sent == []
    assert Escalation.objects.get().reason == "undelivered"
