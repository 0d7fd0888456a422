"""Whatever happens in whatever order: no text of our own accord outside the hours, over a cap, or after an opt-out."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from members import consent
from members.models import ConsentEntry, Hold
from outreach import gate, legal_tables, opt_outs, outbox, playbooks, quiet_hours, sequences, switches, transports
from outreach.models import KillSwitch, Message, Sequence
from tests import factories
from tests.doubles.carrier import Carrier

# Two days before the clocks change, so that a schedule of a week passes the night of it.
BEGIN = datetime(2026, 10, 30, 12, 0, tzinfo=UTC)
EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["nudge", "win_back", "recovery", "stop", "start", "throw", "lift", "hold", "wait", "long"]),
        st.integers(0, 1),
    ),
    min_size=4,
    max_size=14,
)


class AnySchedule(TestCase):
    @pytest.fixture(autouse=True)
    def _carrier(self, monkeypatch):
        self.monkeypatch = monkeypatch

    @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
    @given(events=EVENTS)
    def test_nothing_forbidden_is_sent(self, events):
        carrier = Carrier()
        self.monkeypatch.setattr(transports, "sms", lambda: carrier)
        playbooks.install()
        people = [
            factories.make_membership(factories.make_patient("Ana"), credits_remaining=2),
            factories.make_membership(
                factories.make_patient("Lia", phone="+13055550123", state="FL"), credits_remaining=1
            ),
        ]
        now, sent = BEGIN, []
        for number, (event, who) in enumerate(events):
            happen(event, people[who], number, now)
            for _ in range(3):
                now += timedelta(hours=26 if event == "long" else 2)
                before = len(carrier.sent)
                sequences.advance(now=now)
                outbox.send_due(now=now)
                sent += [(now, phone) for phone, _ in carrier.sent[before:]]
                judge(now, people, carrier.sent[before:])
        within_caps(sent)


def happen(event: str, membership, number: int, now: datetime) -> None:
    phone, key = membership.patient.phone, f"event:{number}"
    if event in ("nudge", "win_back", "recovery"):
        slug = {"nudge": "utilization", "win_back": "remind_later", "recovery": "expiring_card"}[event]
        sequences.enrol(slug=slug, membership=membership, cause=key, now=now)
    elif event == "stop":
        opt_outs.record(address=phone, wording="STOP", source="text", now=now)
    elif event == "start":
        consent.resubscribe(address=phone, channel="sms", wording="START", source="text", now=now)
    elif event == "throw":
        switches.throw(scope="automation", reason="Test", by=None, now=now)
    elif event == "lift":
        by = factories.make_staff(f"{key}@glowtheory.example".replace(":", "-"))
        for switch in KillSwitch.objects.filter(lifted_at__isnull=True):
            switches.lift(switch=switch, by=by, now=now)
    elif event == "hold":
        Hold.objects.get_or_create(phone=phone, kind="clinical", released_at=None, defaults={"placed_at": now})


def judge(now: datetime, people, sent) -> None:
    for phone, _ in sent:
        membership = next(each for each in people if each.patient.phone == phone)
        places = gate.places_for(membership.patient, membership.location, phone)
        assert quiet_hours.is_open(now, places), f"outside the window at {now}"
        assert not consent.is_opted_out(phone, channel="sms"), "after an opt-out"
        assert not KillSwitch.objects.filter(lifted_at__isnull=True).exists(), "through a kill switch"
        assert not Hold.objects.filter(phone=phone, released_at__isnull=True).exists(), "during a hold"


def within_caps(sent) -> None:
    """Every text here is servicing or marketing, so each counts to the limits of both."""
    daily = next(limit for limit in legal_tables.contact_limits().limits if limit.name == "daily")
    for at, phone in sent:
        lately = [when for when, other in sent if other == phone and at - daily.window < when <= at]
        assert len(lately) <= daily.most, f"{len(lately)} texts in a day"


def test_the_schedule_can_send_at_all(db, carrier):
    """Else the property would hold for a mute machine."""
    playbooks.install()
    membership = factories.make_membership(credits_remaining=2)
    sequences.enrol(slug="utilization", membership=membership, cause="x", now=BEGIN)

    for hours in range(0, 12, 2):
        sequences.advance(now=BEGIN + timedelta(hours=hours))
        outbox.send_due(now=BEGIN + timedelta(hours=hours))

    assert len(carrier.sent) == 1
    assert Sequence.objects.exists()
    assert ConsentEntry.objects.exists()
    assert Message.objects.get().status == "sent"
