"""R171: a switch works with the next text, stops what it names and nothing else, and loses nothing."""

from datetime import timedelta

import pytest

from common.errors import Refused
from members.models import AuditEntry
from outreach import gate, outbox, playbooks, sequences, suppressions, switches
from outreach.models import KillSwitch, Message, Sequence
from tests import factories
from tests.factories import NOON

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager():
    return factories.make_staff("m@glowtheory.example", role="manager")


def posted(kind: str = "servicing", key: str = "one", **fields) -> Message:
    membership = fields.pop("membership", None) or factories.make_membership()
    return outbox.post(kind=kind, body="Hello", dedupe_key=key, patient=membership.patient, now=NOON, **fields)


def code(message: Message) -> str:
    denial = gate.may_not_send(Message.objects.with_facts().get(pk=message.pk), now=NOON)
    return denial.code if denial else ""


@pytest.mark.parametrize(
    ("scope", "kind", "stopped"),
    [
        ("all", "servicing", True),
        ("all", "marketing", True),
        ("all", "reply", True),
        ("all", "staff", True),
        ("all", "emergency", False),
        ("all", "opt_out", False),
        ("automation", "reply", True),
        ("automation", "confirmation", True),
        ("automation", "staff", False),
        ("automation", "emergency", False),
    ],
)
def test_what_each_switch_stops(manager, scope, kind, stopped):
    """settled.md 13: no switch stops the emergency reply."""
    message = posted(kind)

    switches.throw(scope=scope, reason="Wrong prices", by=manager, now=NOON)

    assert code(message) == ("kill_switch" if stopped else "")


def test_one_location_and_one_sequence(manager):
    playbooks.install()
    here, there = factories.make_location(), factories.make_location(external_id="scottsdale", name="Scottsdale")
    at_home = factories.make_membership(factories.make_patient(home_location=here))
    elsewhere = factories.make_membership(factories.make_patient("Bo", home_location=there))
    switches.throw(scope="location", location=there, reason="Flood", by=manager, now=NOON)
    assert [code(posted(key=str(each.pk), membership=each)) for each in (at_home, elsewhere)] == ["", "kill_switch"]

    sequence = Sequence.objects.get(slug="win_back")
    switches.throw(scope="sequence", sequence=sequence, reason="Typo", by=manager, now=NOON)
    enrolment = sequences.enrol(slug="win_back", membership=at_home, cause="x", now=NOON)

    assert code(posted("marketing", key="w", membership=at_home, enrolment=enrolment)) == "kill_switch"


def test_flipped_during_a_batch_nothing_more_goes_out_and_all_of_it_goes_out_once_lifted(manager, carrier):
    for number in range(4):
        posted(key=str(number))

    def flip() -> None:
        switches.throw(scope="automation", reason="Stop!", by=manager, now=NOON)

    carrier.while_sending = flip
    assert outbox.send_due(now=NOON) == 1

    carrier.while_sending = lambda: None
    assert outbox.send_due(now=NOON + timedelta(hours=1)) == 0
    switches.lift(switch=KillSwitch.objects.get(), by=manager, now=NOON + timedelta(hours=2))

    assert outbox.send_due(now=NOON + timedelta(hours=2)) == 3
    assert len(carrier.sent) == 4
    assert set(AuditEntry.objects.filter(action__startswith="kill_switch").values_list("action", flat=True)) == {
        "kill_switch.thrown",
        "kill_switch.lifted",
    }


def test_throwing_it_twice_is_one_switch_and_lifting_it_twice_is_harmless(manager):
    one = switches.throw(scope="all", reason="A", by=manager, now=NOON)

    assert switches.throw(scope="all", reason="B", by=manager, now=NOON) == one
    assert switches.lift(switch=one, by=manager, now=NOON)
    assert not switches.lift(switch=one, by=manager, now=NOON)
    assert switches.throw(scope="all", reason="C", by=manager, now=NOON) != one


@pytest.mark.parametrize(("scope", "reason"), [("all", " "), ("location", "why"), ("sequence", "why")])
def test_a_switch_without_a_reason_or_a_target_is_refused(manager, scope, reason):
    with pytest.raises(Refused):
        switches.throw(scope=scope, reason=reason, by=manager, now=NOON)


def test_a_suppressed_number_is_not_texted_until_somebody_corrects_it(manager):
    """R60, R80."""
    message = posted()
    row = suppressions.add(address=message.address, channel="sms", why="landline", now=NOON, code="30006")
    assert code(message) == "suppressed"

    suppressions.lift(suppression=row, by=manager, now=NOON)

    assert code(message) == ""
