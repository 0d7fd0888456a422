"""Billing facts become sequences, each fact once (docs/decisions/002)."""

from datetime import UTC, datetime, timedelta

import pytest

from members import links
from members.models import BillingChange, Dispute, Escalation, PatientLink
from outreach import outbox, recovery, sequences
from outreach.models import Enrolment, Message
from tests.doubles.owing import mirror, owing_member, told
from tests.factories import NOON

pytestmark = pytest.mark.django_db

NIGHT = datetime(2026, 6, 17, 4, 0, tzinfo=UTC)


def fail_and_text(carrier):
    """A failure that was followed, and whose first text went out."""
    membership, invoice = owing_member()
    told(invoice, "payment_failed")
    recovery.follow_all(now=NOON)
    sequences.advance(now=NOON)
    outbox.send_due(now=NOON)
    assert len(carrier.sent) == 1
    return membership, invoice


def settle(invoice, status: str = "paid", at=NOON + timedelta(hours=1)) -> None:
    mirror(invoice, status)
    told(invoice, "payment_settled", at)
    recovery.follow_all(now=at)


def thanks() -> list[Message]:
    return list(Message.objects.filter(dedupe_key__startswith="thanks:"))


def test_a_failed_payment_starts_the_recovery():
    membership, invoice = owing_member()
    change = told(invoice, "payment_failed")

    assert recovery.follow_all(now=NOON) == 1

    change.refresh_from_db()
    enrolment = Enrolment.objects.get()
    assert change.handled_at == NOON
    assert (enrolment.membership, enrolment.cause) == (membership, f"invoice:{invoice.stripe_id}")


def test_a_fact_is_followed_once():
    _, invoice = owing_member()
    told(invoice, "payment_failed")

    assert [recovery.follow_all(now=NOON) for _ in range(2)] == [1, 0]


def test_a_second_failure_of_the_same_invoice_starts_nothing_new():
    _, invoice = owing_member()
    told(invoice, "payment_failed")
    recovery.follow_all(now=NOON)
    told(invoice, "payment_failed", NOON + timedelta(days=3))

    recovery.follow_all(now=NOON + timedelta(days=3))

    assert Enrolment.objects.count() == 1
    assert not BillingChange.objects.filter(handled_at__isnull=True).exists()


def test_a_failure_told_after_the_payment_starts_nothing():
    _, invoice = owing_member()
    told(invoice, "payment_settled")
    told(invoice, "payment_failed")
    mirror(invoice, "paid")

    assert recovery.follow_all(now=NOON) == 2

    assert not Enrolment.objects.exists()
    assert not Message.objects.exists()


def test_a_payment_ends_the_recovery_and_is_thanked_for_once(carrier):
    membership, invoice = fail_and_text(carrier)

    settle(invoice)
    told(invoice, "payment_settled", NOON + timedelta(hours=2))
    recovery.follow_all(now=NOON + timedelta(hours=2))

    [message] = thanks()
    assert Enrolment.objects.get().ended_because == "paid"
    assert (message.kind, message.patient) == ("confirmation", membership.patient)
    assert "Thank you, Ana!" in message.body
    assert outbox.send_due(now=NOON + timedelta(hours=2)) == 1


def test_nobody_is_thanked_who_was_never_texted():
    _, invoice = owing_member()
    told(invoice, "payment_failed")
    recovery.follow_all(now=NOON)
    sequences.advance(now=NOON)  # the text waits and is dropped below

    settle(invoice)

    assert thanks() == []
    assert Message.objects.get().status == "dropped"


@pytest.mark.parametrize("status", ["void", "uncollectible"])
def test_an_invoice_that_is_given_up_ends_the_recovery_without_thanks(carrier, status):
    _, invoice = fail_and_text(carrier)

    settle(invoice, status)

    assert Enrolment.objects.get().ended_because == "no longer owed"
    assert thanks() == []


def test_a_payment_after_the_last_step_is_thanked_for_too(carrier):
    _, invoice = fail_and_text(carrier)
    Enrolment.objects.update(status="ended", next_at=None, ended_at=NOON, ended_because="finished")

    settle(invoice, at=NOON + timedelta(days=9))

    assert len(thanks()) == 1
    assert outbox.send_due(now=NOON + timedelta(days=9)) == 1


def test_a_retry_of_stripes_at_night_is_thanked_for_in_the_morning(carrier):
    _, invoice = fail_and_text(carrier)

    settle(invoice, at=NIGHT)

    assert thanks()[0].due_at == NIGHT + timedelta(hours=10)


def test_a_member_who_updates_the_card_at_night_is_thanked_at_once(carrier):
    """settled.md 13: the patient's own act."""
    membership, invoice = fail_and_text(carrier)
    link = links.issue(membership=membership, purpose=PatientLink.Purpose.UPDATE_CARD, invoice=invoice, now=NOON)
    PatientLink.objects.filter(pk=link.pk).update(completed_at=NIGHT)

    settle(invoice, at=NIGHT)
    outbox.send_due(now=NIGHT)

    assert thanks()[0].status == "sent"


def test_a_payment_of_another_invoice_ends_nothing(carrier):
    _, invoice = fail_and_text(carrier)
    _, other = owing_member()

    settle(other)

    assert Enrolment.objects.get(cause=f"invoice:{invoice.stripe_id}").status == "running"


def test_a_fact_that_breaks_stays_to_be_followed_and_stops_no_other(monkeypatch):
    _, bad = owing_member()
    _, good = owing_member()
    broken, fine = told(bad, "payment_failed"), told(good, "payment_failed")
    enrol = sequences.enrol

    def enrol_or_break(**asked):
        if asked["membership"] == bad.membership:
            raise ValueError("a bug")
        return enrol(**asked)

    monkeypatch.setattr(sequences, "enrol", enrol_or_break)
    assert recovery.follow_all(now=NOON) == 1
    broken.refresh_from_db()
    fine.refresh_from_db()
    assert (broken.handled_at, fine.handled_at) == (None, NOON)

    monkeypatch.undo()
    assert recovery.follow_all(now=NOON) == 1
    assert Enrolment.objects.count() == 2


def test_of_a_fact_that_breaks_at_each_round_a_person_hears_once(monkeypatch):
    _, invoice = owing_member()
    told(invoice, "payment_failed")

    def breaks(pk, now):
        raise RuntimeError("boom")

    monkeypatch.setattr(recovery, "_follow", breaks)

    for minutes in range(3):
        recovery.follow_all(now=NOON + timedelta(minutes=minutes))

    case = Escalation.objects.get()
    assert (case.reason, case.last_raised_at) == ("billing_sync", NOON)


def test_a_recovery_that_a_pause_cut_short_begins_anew_when_the_invoice_fails_again(carrier):
    membership, invoice = fail_and_text(carrier)
    membership.status = "paused"
    membership.save()
    sequences.advance(now=NOON + timedelta(days=2))
    assert Enrolment.objects.get().ended_because == "paused"
    membership.status = "past_due"
    membership.save()

    for days in (20, 23):  # Stripe's next tries: two facts, one recovery
        told(invoice, "payment_failed", NOON + timedelta(days=days))
        recovery.follow_all(now=NOON + timedelta(days=days))
    sequences.advance(now=NOON + timedelta(days=20))

    again = Enrolment.objects.get(status="running")
    assert again.messages.count() == 1
    assert Enrolment.objects.count() == 2


def test_a_recovery_that_ran_to_its_end_does_not_begin_anew(carrier):
    _, invoice = fail_and_text(carrier)
    Enrolment.objects.update(status="ended", next_at=None, ended_at=NOON, ended_because="finished")

    told(invoice, "payment_failed", NOON + timedelta(days=9))
    recovery.follow_all(now=NOON + timedelta(days=9))

    assert Enrolment.objects.count() == 1


def test_a_payment_after_a_second_beginning_ends_it_and_is_thanked_for(carrier):
    _, invoice = fail_and_text(carrier)
    Enrolment.objects.update(status="ended", next_at=None, ended_at=NOON, ended_because="paused")
    told(invoice, "payment_failed", NOON + timedelta(days=20))
    recovery.follow_all(now=NOON + timedelta(days=20))

    settle(invoice, at=NOON + timedelta(days=21))

    assert not Enrolment.objects.filter(status="running").exists()
    assert len(thanks()) == 1


@pytest.mark.parametrize("kind", ["dispute_opened", "refunded"])
def test_money_that_goes_back_ends_every_sequence_of_the_member(carrier, kind):
    """R136."""
    membership, invoice = fail_and_text(carrier)
    sequences.enrol(slug="utilization", membership=membership, cause="unused:2026-06", now=NOON)
    other, _ = owing_member()
    sequences.enrol(slug="utilization", membership=other, cause="unused:2026-06", now=NOON)

    told(invoice, kind)
    recovery.follow_all(now=NOON)

    assert list(Enrolment.objects.filter(status="running").values_list("membership", flat=True)) == [other.pk]


def dispute(membership, invoice) -> Dispute:
    return Dispute.objects.create(
        membership=membership,
        invoice=invoice,
        stripe_id="dp_1",
        amount_cents=19900,
        currency="usd",
        reason="fraudulent",
        status="needs_response",
        opened_at=NOON,
    )


def test_nobody_is_chased_while_a_dispute_is_open_and_what_is_owed_is_followed_up_after_it(carrier):
    membership, invoice = fail_and_text(carrier)
    opened = dispute(membership, invoice)
    told(invoice, "dispute_opened")
    recovery.follow_all(now=NOON)
    told(invoice, "payment_failed", NOON + timedelta(days=3))
    recovery.follow_all(now=NOON + timedelta(days=3))
    assert not Enrolment.objects.filter(status="running").exists()

    opened.closed_at = NOON + timedelta(days=9)
    opened.save()
    told(invoice, "dispute_closed", NOON + timedelta(days=9))
    recovery.follow_all(now=NOON + timedelta(days=9))

    assert Enrolment.objects.filter(status="running").count() == 1


def test_a_recovery_that_runs_when_a_dispute_comes_takes_no_further_step(carrier):
    """R143."""
    membership, invoice = fail_and_text(carrier)
    dispute(membership, invoice)

    sequences.advance(now=NOON + timedelta(days=2))

    assert Enrolment.objects.get().ended_because == "disputed"
    assert len(carrier.sent) == 1
