"""R80: what each of the carrier's codes leads to, one row a code: told at once, and told by a callback later."""

import pytest

from members import consent
from members.models import Escalation
from outreach import delivery, handovers, outbox, send_errors
from outreach.models import Message, Suppression
from tests import factories
from tests.doubles.carrier import refusal
from tests.factories import NOON

pytestmark = pytest.mark.django_db

STOPS, OPTED_OUT = "the sender stops", "opted out"
PERSON = "a person looks"
FINAL = "final"  # a case where somebody counts on the text, else nothing
INVALID, LANDLINE = "the number is invalid", "the number is a landline"


def again(wait: str) -> str:
    return f"again in {wait}"


# code: (outcome of a text that was refused at once, outcome of one that did not arrive)
TABLE = {
    "20003": (STOPS, STOPS),
    "21606": (STOPS, STOPS),
    "21608": (STOPS, STOPS),
    "30002": (STOPS, STOPS),
    "30032": (STOPS, STOPS),
    "30034": (STOPS, STOPS),
    "20429": (again("2 min"), FINAL),
    "429": (again("2 min"), FINAL),
    "30500": (again("1 h"), again("1 h")),
    "21211": (INVALID, INVALID),
    "21612": (INVALID, INVALID),
    "13224": (INVALID, INVALID),
    "30005": (INVALID, INVALID),
    "21614": (LANDLINE, LANDLINE),
    "21635": (LANDLINE, LANDLINE),
    "30006": (LANDLINE, LANDLINE),
    "21408": (PERSON, PERSON),
    "30450": (PERSON, PERSON),
    "21617": (PERSON, PERSON),
    "21610": (OPTED_OUT, OPTED_OUT),
    "30004": (OPTED_OUT, OPTED_OUT),
    "21611": (again("30 min"), FINAL),
    "30001": (again("30 min"), again("30 min")),
    "30003": (again("4 h"), again("4 h")),
    "30007": (FINAL, FINAL),
    "30008": (again("1 h"), again("1 h")),
    "30022": (again("30 min"), again("30 min")),
    "30023": (again("30 min"), again("12 h")),
    "30027": (again("30 min"), again("12 h")),
    "30036": (again("30 min"), again("30 min")),
    "99999": (PERSON, PERSON),  # one that Twilio has not invented yet
}


def counted_on(wanted):
    """Of a confirmation, which its reader counts on: its end is a person's work."""
    return PERSON if wanted == FINAL else wanted


@pytest.mark.parametrize(("code", "wanted"), [(code, wanted) for code, (wanted, _) in TABLE.items()])
def test_a_text_that_is_refused_at_once(carrier, code, wanted):
    message = written("confirmation")
    carrier.failures = [refusal(code)]

    outbox.send(message.pk, now=NOON)

    assert outcome(message) == counted_on(wanted)
    assert carrier.sent == []


@pytest.mark.parametrize(("code", "wanted"), [(code, wanted) for code, (_, wanted) in TABLE.items()])
def test_a_text_that_did_not_arrive(carrier, code, wanted):
    message = written("confirmation")
    outbox.send(message.pk, now=NOON)

    for _ in range(2):  # callbacks come twice
        delivery.record_status(message_uuid=message.uuid, status="undelivered", sid="SM1", error_code=code, now=NOON)

    assert outcome(message) == counted_on(wanted)


@pytest.mark.parametrize("code", ["21408", "30450", "21617", "99999"])
def test_a_fault_of_ours_is_told_to_a_person_even_about_a_nudge(carrier, code):
    message = written("marketing")
    carrier.failures = [refusal(code)]

    outbox.send(message.pk, now=NOON)

    assert outcome(message) == PERSON


@pytest.mark.parametrize("code", [code for code, (_, later) in TABLE.items() if later == FINAL])
@pytest.mark.parametrize(
    ("kind", "wanted"), [("servicing", PERSON), ("staff", PERSON), ("confirmation", PERSON), ("marketing", FINAL)]
)
def test_a_text_that_is_not_sent_again_is_a_persons_work_where_somebody_counts_on_it(carrier, code, kind, wanted):
    message = written(kind)
    outbox.send(message.pk, now=NOON)

    delivery.record_status(message_uuid=message.uuid, status="undelivered", sid="SM1", error_code=code, now=NOON)

    assert outcome(message) == wanted


def test_every_code_that_we_know_has_its_row():
    assert {code for code in send_errors._ACTIONS if code.isdigit()} < set(TABLE)


def written(kind: str) -> Message:
    patient = factories.make_membership().patient
    return outbox.post(kind=kind, body="Hello", dedupe_key="text", patient=patient, now=NOON)


def outcome(message: Message) -> str:
    """In one phrase, from what stands in our rows."""
    message.refresh_from_db()
    if Escalation.objects.filter(subject=handovers.SENDER_HALTED).exists():
        return STOPS
    if consent.is_opted_out(message.address, channel="sms"):
        return OPTED_OUT
    unusable = Suppression.objects.filter(address=message.address).first()
    if unusable:
        assert message.status in ("failed", "undelivered")
        return {"invalid": INVALID, "landline": LANDLINE}[unusable.why]
    waiting = Message.objects.filter(status="queued").first()
    if waiting:  # not "no sooner than": this row has no cap and no hours to wait for
        minutes = (waiting.due_at - NOON).total_seconds() // 60
        return again(f"{minutes // 60:.0f} h" if minutes >= 60 else f"{minutes:.0f} min")
    return PERSON if Escalation.objects.exists() else FINAL
