"""Whatever happens in whatever order: nothing of our own accord outside the hours, over a cap, or after an opt-out."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from members import consent
from members.models import ConsentEntry, Hold, Membership, Patient
from outreach import gate, legal_tables, opt_outs, outbox, playbooks, quiet_hours, sequences, switches, transports
from outreach.models import KillSwitch, Message
from outreach.transports import Receipt
from tests import factories

# Two days before each night on which the clocks change, so that a schedule of some days passes it.
BEGINNINGS = (datetime(2026, 3, 6, 13, tzinfo=UTC), datetime(2026, 10, 30, 12, tzinfo=UTC))
SLUGS = {"nudge": "utilization", "win_back": "remind_later", "expiring": "expiring_card"}
POSTS = {
    "sell_by_text": ("marketing", "sms"),
    "sell_by_mail": ("marketing", "email"),
    "serve_by_text": ("servicing", "sms"),
    "serve_by_mail": ("servicing", "email"),
    "call": ("servicing", "voice"),
}
LASTS = {"wait": 9, "day": 12, "week": 84, "back": -1}  # hours; twice each
# "wait", "day" and "week" only let time pass; "back" is a clock that was an hour fast.
EVENTS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                *SLUGS,
                *POSTS,
                *POSTS,
                "stop",
                "stop_mail",
                "start",
                "throw",
                "lift",
                "hold",
                "wait",
                "day",
                "week",
                "back",
            ]
        ),
        st.integers(0, 1),
    ),
    min_size=6,
    max_size=18,
)


@dataclass(frozen=True)
class Contact:
    at: datetime
    membership: Membership
    channel: str
    kind: str


class Carriers:
    """Takes everything by every channel, and remembers which message it was."""

    def __init__(self) -> None:
        self.given: list[UUID] = []

    def send(self, *, to: str, body: str, message_uuid: UUID, valid_seconds: int | None) -> Receipt:
        self.given.append(message_uuid)
        return Receipt(sid=f"SM{message_uuid.hex}", status="queued")


class AnySchedule(TestCase):
    @pytest.fixture(autouse=True)
    def _monkeypatch(self, monkeypatch):
        self.monkeypatch = monkeypatch

    @settings(max_examples=24, deadline=None, suppress_health_check=list(HealthCheck))
    @given(begin=st.sampled_from(BEGINNINGS), events=EVENTS)
    def test_nothing_forbidden_is_sent(self, begin, events):
        played(begin, events, self.monkeypatch)


@pytest.mark.parametrize("begin", BEGINNINGS)
def test_the_schedule_can_send_by_each_channel_and_reaches_each_cap(db, monkeypatch, begin):
    """Else the property would hold for a mute machine."""
    day = [("call", 0), *[("serve_by_mail", 0)] * 3, ("week", 0)]
    month = [(event, 0) for _ in range(5) for event in ("sell_by_text", "day", "day")]

    contacts = played(begin, [*day, *month, ("serve_by_text", 0), ("stop", 0)], monkeypatch)

    assert {contact.channel for contact in contacts} == {"sms", "email", "voice"}
    denied = Message.objects.filter(decisions__code="cap").values_list("channel", "kind").distinct()
    assert {("email", "servicing"), ("sms", "marketing")} <= set(denied)
    assert Message.objects.filter(reason="The patient opted out of texts.").exists()


def played(begin: datetime, events, monkeypatch) -> list[Contact]:
    """Live through the events; each contact is judged by the state in which it was made, all by the caps."""
    carriers, contacts, now = Carriers(), [], begin
    for channel in ("sms", "email", "voice"):
        monkeypatch.setattr(transports, channel, lambda: carriers)
    playbooks.install()
    people = [
        reachable(factories.make_patient("Ana")),
        reachable(factories.make_patient("Lia", phone="+13055550123", state="FL")),
    ]
    for number, (event, who) in enumerate(events):
        happen(event, people[who], number, now)
        for _ in range(2):
            now += timedelta(hours=LASTS.get(event, 3))
            before = len(carriers.given)
            sequences.advance(now=now)
            outbox.send_due(now=now)
            fresh = [contact_of(uuid, people, now) for uuid in carriers.given[before:]]
            for contact in fresh:
                judge(contact)
            contacts += fresh
    within_caps(contacts)
    return contacts


def in_florida() -> Patient:
    return factories.make_patient("Lia", phone="+13055550123", state="FL")


def reachable(patient: Patient) -> Membership:
    """With consent to everything, so that only hours, caps, opt-outs, holds and switches keep anything back."""
    membership = factories.make_membership(patient, credits_remaining=2)
    factories.agree(patient, "automated_voice", channel="voice")
    ConsentEntry.objects.create(
        patient=patient,
        address=patient.email,
        channel="email",
        purpose="marketing",
        act="opt_in",
        wording="Write to me.",
        source="test",
        occurred_at=patient.consents.earliest("pk").occurred_at,
    )
    return membership


def happen(event: str, membership: Membership, number: int, now: datetime) -> None:
    patient, key = membership.patient, f"event:{number}"
    if event in SLUGS:
        sequences.enrol(slug=SLUGS[event], membership=membership, cause=key, now=now)
    elif event in POSTS:
        kind, channel = POSTS[event]
        address = patient.email if channel == "email" else patient.phone
        outbox.post(
            kind=kind, channel=channel, body=f"Hi {number}", dedupe_key=key, patient=patient, address=address, now=now
        )
    elif event == "stop":
        opt_outs.record(address=patient.phone, wording="STOP", source="text", now=now)
    elif event == "stop_mail":
        opt_outs.record(address=patient.email, wording="x", source="e-mail link", channel="email", now=now)
    elif event == "start":
        consent.resubscribe(address=patient.phone, channel="sms", wording="START", source="text", now=now)
    elif event == "throw":
        switches.throw(scope="automation", reason="Test", by=None, now=now)
    elif event == "lift":
        by = factories.make_staff(f"{key}@glowtheory.example".replace(":", "-"))
        for switch in KillSwitch.objects.filter(lifted_at__isnull=True):
            switches.lift(switch=switch, by=by, now=now)
    elif event == "hold":
        Hold.objects.get_or_create(phone=patient.phone, kind="clinical", released_at=None, defaults={"placed_at": now})


def contact_of(uuid: UUID, people: list[Membership], now: datetime) -> Contact:
    message = Message.objects.get(uuid=uuid)
    membership = next(each for each in people if each.patient_id == message.patient_id)
    return Contact(now, membership, message.channel, message.kind)


def judge(contact: Contact) -> None:
    patient, now = contact.membership.patient, contact.at
    address = patient.email if contact.channel == "email" else patient.phone
    if contact.channel != "email":  # an e-mail wakes nobody
        places = gate.places_for(patient, contact.membership.location, address)
        assert quiet_hours.is_open(now, places), f"outside the window at {now}"
    assert not consent.is_opted_out(address, channel=contact.channel), "after an opt-out"
    assert not KillSwitch.objects.filter(lifted_at__isnull=True).exists(), "through a kill switch"
    assert not Hold.objects.filter(phone=patient.phone, released_at__isnull=True).exists(), "during a hold"


def within_caps(contacts: list[Contact]) -> None:
    """R24: 3 in 24 hours over all channels. R26: one text in 24 hours, 4 marketing messages in 30 days."""
    limits = legal_tables.contact_limits().limits
    assert {(limit.most, limit.window) for limit in limits} >= {
        (3, timedelta(hours=24)),
        (1, timedelta(hours=24)),
        (4, timedelta(days=30)),
    }
    for limit in limits:
        counted = [each for each in contacts if each.kind in limit.counts and each.channel in limit.channels]
        for last in counted:
            mine = [each for each in counted if each.membership == last.membership]
            within = [each for each in mine if last.at - limit.window < each.at <= last.at]
            assert len(within) <= limit.most, f"{len(within)} by the limit “{limit.name}”"
