"""Played time: renewals, failures and recoveries appear in the demo as they would, in chunks of a few seconds."""

from datetime import timedelta

import pytest

from common import clock
from common.errors import Refused
from medspa.demo import acts, fates, years
from medspa.models import PlayedTime
from members import reconciliation
from members.models import CreditEntry
from members.stripe_standin import store, timeline
from outreach import playbooks
from outreach.models import CadencePlan, Enrolment, Sequence
from tests.conftest import run_queued_tasks
from tests.doubles.subscribed import subscribed_member
from tests.factories import NOON

pytestmark = [pytest.mark.django_db, pytest.mark.billing_time]


@pytest.fixture(autouse=True)
def _from_noon(monkeypatch, settings, tmp_path):
    """The demo's clock, begun at NOON and moved by its file."""
    settings.CLOCK_OFFSET_FILE = str(tmp_path / "clock-offset")
    monkeypatch.setattr(clock, "now", lambda: NOON + clock.offset())
    monkeypatch.setattr(years, "HOP", timedelta(days=1))  # at noon each day: texting hours
    playbooks.install()


def play(*, chunks: int = 200) -> None:
    for _ in range(chunks):
        more = years.work()
        run_queued_tasks(limit=5000)
        if not more:
            return
    raise AssertionError("it does not end")


def test_a_month_goes_by_and_the_member_is_billed_and_gets_the_benefits(monkeypatch):
    monkeypatch.setattr(fates, "_TROUBLES", ())
    member = subscribed_member()

    acts.advance(by="1month", now=clock.now())
    play()

    [paid] = member.invoices.all()
    assert paid.status == "paid"
    assert CreditEntry.objects.filter(membership=member).exists()
    assert clock.now() == clock.months_later(NOON, 1)


def test_days_are_not_passed_over_by_the_rounds_of_the_week(monkeypatch):
    """The workers look each minute, but in played time a minute is months."""
    monkeypatch.setattr(fates, "_TROUBLES", ())
    subscribed_member(credits_remaining=2, last_visit_at=NOON)

    years.start(span=timedelta(days=14), now=clock.now())
    play()

    assert CadencePlan.objects.filter(which="daily").count() >= 13
    assert CadencePlan.objects.filter(which="monday").count() == 2


def test_cards_go_bad_and_are_recovered_on_the_way(monkeypatch):
    monkeypatch.setattr(fates, "_TROUBLES", ((1.0, "insufficient_funds"),))
    monkeypatch.setattr(fates, "_HEALS", 1.0)
    member = subscribed_member()

    years.start(span=timedelta(days=27), now=clock.now())
    play()

    [invoice] = member.invoices.all()
    assert invoice.first_failed_at is not None
    assert invoice.status == "paid"
    assert Enrolment.objects.get(sequence__slug=Sequence.Slug.PAYMENT_RECOVERY).ended_because == "paid"


def test_after_played_time_our_rows_and_stripes_agree(monkeypatch):
    """settled.md 7."""
    monkeypatch.setattr(fates, "_TROUBLES", ((0.5, "lost_card"),))
    for _ in range(3):
        subscribed_member()

    years.start(span=timedelta(days=24), now=clock.now())
    play()

    run = reconciliation.run(repair=False, actor="system", now=clock.now())
    assert list(run.drifts.values_list("kind", "ours", "theirs")) == []


def test_a_long_stretch_is_played_in_chunks(monkeypatch):
    monkeypatch.setattr(years, "CHUNK_SECONDS", 0)
    years.start(span=timedelta(days=2), now=clock.now())

    worked = [years.work() for _ in range(4)]

    assert worked[0] is True
    assert clock.offset() <= timedelta(days=2)
    assert PlayedTime.objects.count() == 1


def test_two_stretches_at_once_are_refused():
    years.start(span=timedelta(days=2), now=NOON)

    with pytest.raises(Refused) as refused:
        acts.advance(by="1week", now=NOON)

    assert refused.value.code == "under_way"


def test_a_coming_charge_is_announced_once():
    member = subscribed_member()
    ends = store.get("subscription", str(member.stripe_subscription_id))["items"]["data"][0]["current_period_end"]
    week_before = NOON + timedelta(seconds=ends - NOON.timestamp()) - timedelta(days=6)

    assert [timeline.happen(now=week_before) for _ in range(2)] == [1, 0]


def test_the_page_shows_how_far_it_is(client):
    client.post("/phonebook/clock/", {"by": "12months"})

    page = client.get("/phonebook/").content.decode()

    assert "Time goes by" in page
    assert "Time goes by" in client.get("/phonebook/clock/played/").content.decode()
