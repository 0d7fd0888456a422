"""R72: whatever the order of the carrier's callbacks, the end is the same."""

from datetime import timedelta
from itertools import permutations
from uuid import uuid4

import pytest

from members import consent
from members.models import Escalation, Patient
from outreach import delivery, handovers, outbox
from outreach.models import Message
from tests import factories
from tests.factories import NOON

pytestmark = pytest.mark.django_db


def sending(kind: str = "servicing") -> Message:
    """A message that was given to the carrier; our own note of its answer is not written yet."""
    membership = factories.make_membership()
    message = outbox.post(kind=kind, body="Hello", dedupe_key=str(uuid4()), patient=membership.patient, now=NOON)
    Message.objects.filter(pk=message.pk).update(status="sending", claimed_at=NOON, attempts=1)
    return message


def tell(message: Message, status: str, *, code: str = "", sid: str = "SM1", at=NOON) -> bool:
    return delivery.record_status(message_uuid=message.uuid, status=status, sid=sid, error_code=code, now=at)


def state(message: Message) -> tuple:
    message.refresh_from_db()
    return message.status, message.provider_status, message.error_code, message.delivered_at, message.reason


@pytest.mark.parametrize(
    ("story", "end"),
    [
        (["queued", "sent", "delivered"], ("delivered", "delivered", "", NOON, "")),
        (["accepted", "queued", "sending", "sent"], ("sent", "sent", "", None, "")),
        (["queued", "sent", "delivered", "read"], ("delivered", "read", "", NOON, "")),
        (
            ["queued", "sent", "undelivered"],
            ("undelivered", "undelivered", "30003", None, "The phone could not be reached."),
        ),
        (["queued", "failed"], ("failed", "failed", "30003", None, "The phone could not be reached.")),
        (["queued", "undelivered", "delivered"], ("delivered", "delivered", "", NOON, "")),
        (["scheduled", "canceled"], ("failed", "canceled", "30003", None, "The phone could not be reached.")),
    ],
)
def test_every_permutation_ends_equal(story, end):
    for order in permutations(story):
        message = sending()

        for number, status in enumerate(order):
            code = "30003" if status in ("undelivered", "failed", "canceled") else ""
            tell(message, status, code=code, sid=f"SM{message.pk}")
            if number == 0:
                tell(message, status, code=code, sid=f"SM{message.pk}")  # repeats change nothing

        assert state(message) == end, order


def test_times_are_those_of_the_first_telling():
    message = sending()

    tell(message, "sent", at=NOON)
    tell(message, "delivered", at=NOON + timedelta(seconds=3))
    tell(message, "read", at=NOON + timedelta(seconds=9))

    message.refresh_from_db()
    assert (message.sent_at, message.delivered_at) == (NOON, NOON + timedelta(seconds=3))


def test_a_callback_that_is_quicker_than_our_own_note_is_not_undone():
    message = sending()
    tell(message, "delivered")

    delivery.record_accepted(message, status="queued", sid="SM1", now=NOON)

    assert state(message)[0] == "delivered"


def test_a_callback_settles_an_unknown_outcome():
    message = sending()
    Message.objects.update(status="unknown")

    tell(message, "sent")

    assert state(message)[0] == "sent"


def test_a_first_status_we_do_not_know_counts_as_sent():
    message = sending()

    delivery.record_accepted(message, status="brand_new", sid="SM1", now=NOON)

    assert state(message)[:2] == ("sent", "queued")


def test_a_later_status_we_do_not_know_changes_nothing():
    message = sending()
    tell(message, "sent")

    assert tell(message, "partially_delivered") is True
    assert state(message)[1] == "sent"


def test_a_status_for_no_message_of_ours_is_false():
    inbound = Message.objects.create(
        direction="in", kind="inbound", status="received", address="+15125550123", body="Hi", created_at=NOON
    )

    assert delivery.record_status(message_uuid=uuid4(), status="sent", sid="SM1", error_code="", now=NOON) is False
    assert tell(inbound, "delivered") is False
    assert state(inbound)[0] == "received"


@pytest.mark.parametrize("code", ["21610", "30004"])
def test_a_block_told_later_is_an_opt_out(code):
    message = sending("marketing")

    tell(message, "undelivered", code=code)

    assert consent.is_opted_out(message.address, channel="sms")


@pytest.mark.parametrize(("kind", "cases"), [("servicing", 1), ("staff", 1), ("reply", 1), ("marketing", 0)])
def test_a_message_somebody_counts_on_opens_a_case_once(kind, cases):
    message = sending(kind)

    tell(message, "undelivered", code="30007")
    tell(message, "undelivered", code="30007")

    assert Escalation.objects.filter(reason="undelivered").count() == cases


TRIED_AGAIN = [("30003", [4, 24]), ("30008", [1]), ("30500", [1])]


def tries(message: Message, code: str) -> list[timedelta]:
    """Let each try fail at its moment, each told of twice; returns how long each waited."""
    waited, now = [], NOON
    while message:
        assert not Escalation.objects.exists()
        Message.objects.filter(pk=message.pk).update(status="sending", claimed_at=now, attempts=1)
        for _ in range(2):
            tell(message, "undelivered", code=code, sid=f"SM{message.pk}", at=now)
        message = Message.objects.filter(pk__gt=message.pk).first()
        if message:
            waited.append(message.due_at - now)
            now = message.due_at
    return waited


@pytest.mark.parametrize(("code", "hours"), TRIED_AGAIN)
def test_what_may_pass_is_tried_again_by_the_table(code, hours):
    """R80: each try is a message of its own with a callback of its own, made once."""
    first = sending("confirmation")

    assert tries(first, code) == [timedelta(hours=each) for each in hours]

    made = Message.objects.exclude(pk=first.pk).order_by("pk").values_list("dedupe_key", flat=True)
    assert list(made) == [f"again:{first.pk}:{number + 1}" for number in range(len(hours))]


@pytest.mark.parametrize(("code", "hours"), TRIED_AGAIN)
def test_a_payment_text_is_a_persons_work_once_its_tries_are_used_up_and_keeps_the_cap_of_one_a_day(code, hours):
    """R80, R24: the wait of the table is the shortest one."""
    assert tries(sending(), code) == [timedelta(days=1)] * len(hours)

    assert Escalation.objects.get().reason == "undelivered"


@pytest.mark.parametrize("kind", ["staff", "reply", "marketing", "emergency"])
def test_an_answer_or_a_nudge_is_not_repeated_hours_later(kind):
    """R80."""
    tell(sending(kind), "undelivered", code="30008")

    assert Message.objects.count() == 1


def test_another_try_that_may_not_go_out_is_a_persons_work_at_once():
    """R80: the patient opted out meanwhile."""
    message = sending()
    consent.opt_out(address=message.address, channel="sms", wording="STOP", source="text", now=NOON)

    tell(message, "undelivered", code="30003")

    assert Message.objects.exclude(pk=message.pk).get().status == "held"
    assert Escalation.objects.filter(reason="undelivered").count() == 1


def test_an_emergency_reply_that_did_not_arrive_pages_a_person():
    """R163."""
    message = sending("emergency")

    tell(message, "undelivered", code="30003")

    assert Escalation.objects.get().severity == Escalation.Severity.EMERGENCY


def test_a_sender_refused_later_stops_texting_too():
    """R47: 30034 is a number that is in no approved campaign."""
    message = sending("marketing")

    tell(message, "undelivered", code="30034")

    assert Escalation.objects.filter(subject=handovers.SENDER_HALTED).exists()


@pytest.mark.parametrize(
    ("code", "a_person_looks"), [("30005", 0), ("30006", 0), ("30007", 0), ("30004", 0), ("21617", 1)]
)
def test_a_notice_that_did_not_arrive_by_text_goes_by_e_mail_once(code, a_person_looks):
    """R103: whatever became of the text, the duty to tell stays."""
    notice = sending("notice")

    for _ in range(2):
        tell(notice, "undelivered", code=code)

    letter = Message.objects.exclude(pk=notice.pk).get()
    assert (letter.channel, letter.address, letter.body) == ("email", notice.patient.email, notice.body)
    assert letter.status == "queued"
    assert Escalation.objects.count() == a_person_looks


def test_a_notice_is_texted_again_by_the_table_before_it_goes_by_e_mail():
    """R80, R103."""
    notice = sending("notice")

    tell(notice, "undelivered", code="30008")
    again = Message.objects.exclude(pk=notice.pk).get()
    Message.objects.filter(pk=again.pk).update(status="sending", claimed_at=again.due_at, attempts=1)
    tell(again, "undelivered", code="30008", sid="SM2", at=again.due_at)

    letter = Message.objects.exclude(pk__in=[notice.pk, again.pk]).get()
    assert (again.channel, letter.channel) == ("sms", "email")
    assert not Escalation.objects.exists()


@pytest.mark.parametrize("mailbox", ["none", "bounces"])
def test_a_notice_that_reaches_nobody_by_either_way_is_a_persons_work(mailbox):
    """R103: then it is told by post or by telephone."""
    notice = sending("notice")
    if mailbox == "none":
        Patient.objects.update(email="")
        notice.refresh_from_db()

    tell(notice, "undelivered", code="30005")
    if mailbox == "bounces":
        letter = Message.objects.exclude(pk=notice.pk).get()
        Message.objects.filter(pk=letter.pk).update(status="sending", claimed_at=NOON, attempts=1)
        tell(letter, "undelivered", code="bounced", sid="mail-1")

    case = Escalation.objects.get()
    assert (case.reason, case.patient) == ("undelivered", notice.patient)
