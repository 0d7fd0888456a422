"""Staff try an open payment again: soft declines only, never too often (R138, R141; settled.md 14)."""

from datetime import timedelta

import pytest

from common.errors import Refused
from medspa import ticking
from members import billing, grace, retries
from members.models import AuditEntry, Invoice, PaymentAttempt
from members.stripe_standin import playing, watchers
from tests import factories
from tests.doubles.events import stored
from tests.doubles.subscribed import subscribed_member
from tests.factories import NOON

pytestmark = pytest.mark.django_db

LATER = NOON + timedelta(hours=1)


def failed(card: str = "insufficient_funds") -> Invoice:
    membership = subscribed_member()
    playing.give_card(membership.stripe_customer_id, card, now=NOON)
    invoice_id = playing.renew(str(membership.stripe_subscription_id), now=NOON)
    billing.apply(stored("invoice.payment_failed", invoice_id).pk, now=NOON)
    return Invoice.objects.get(stripe_id=invoice_id)


def test_a_soft_decline_that_clears_is_paid_and_our_rows_know_at_once():
    invoice = failed()
    playing.give_card(invoice.membership.stripe_customer_id, "visa", now=NOON)

    assert retries.retry(invoice=invoice, by=factories.make_staff(), now=LATER) == "paid"

    invoice.refresh_from_db()
    assert invoice.status == "paid"
    assert PaymentAttempt.objects.get().outcome == "paid"
    assert set(AuditEntry.objects.filter(action__startswith="payment.").values_list("action", flat=True)) == {
        "payment.retry_asked",
        "payment.retry_paid",
    }


def test_a_decline_is_told_and_the_payment_stays_open():
    invoice = failed()

    assert retries.retry(invoice=invoice, by=factories.make_staff(), now=LATER) == "declined"

    invoice.refresh_from_db()
    assert invoice.needs_payment


@pytest.mark.parametrize("card", ["lost_card", "stolen_card", "expired_card", "authentication_required"])
def test_a_card_that_the_bank_will_not_take_is_not_tried(card):
    """R138."""
    invoice = failed(card)

    with pytest.raises(Refused) as refused:
        retries.retry(invoice=invoice, by=factories.make_staff(), now=LATER)

    assert refused.value.code == "hard_decline"
    assert not PaymentAttempt.objects.exists()


def test_the_ninth_try_of_a_card_is_refused():
    """R141: Stripe's own tries count too."""
    invoice, staff = failed(), factories.make_staff()
    assert invoice.attempt_count == 1
    for number in range(7):
        retries.retry(invoice=invoice, by=staff, now=LATER + number * timedelta(hours=1))

    with pytest.raises(Refused) as refused:
        retries.retry(invoice=invoice, by=staff, now=LATER + timedelta(days=1))

    assert refused.value.code == "too_often"


def test_no_round_of_ours_tries_a_payment_again(monkeypatch):
    """R137: Stripe's own schedule is the only one."""
    invoice, asked = failed(), []
    monkeypatch.setattr(watchers, "exchanges", [*watchers.exchanges, lambda sent: asked.append(sent.url)])

    for days in range(8):
        now = NOON + timedelta(days=days, hours=1)
        ticking.tick(now=now)
        ticking.follow_memberships(now=now)
        grace.end_due(now=now)

    assert not [url for url in asked if url.endswith("/pay")]
    assert Invoice.objects.get(pk=invoice.pk).attempt_count == 1


def test_a_double_click_is_one_try():
    invoice, staff = failed(), factories.make_staff()
    retries.retry(invoice=invoice, by=staff, now=LATER)

    with pytest.raises(Refused) as refused:
        retries.retry(invoice=invoice, by=staff, now=LATER + timedelta(seconds=1))

    assert refused.value.code == "too_soon"


def test_a_paid_invoice_is_not_charged_again():
    invoice = failed()
    playing.give_card(invoice.membership.stripe_customer_id, "visa", now=NOON)
    retries.retry(invoice=invoice, by=factories.make_staff(), now=LATER)

    with pytest.raises(Refused) as refused:
        retries.retry(invoice=invoice, by=factories.make_staff("eve@glowtheory.example"), now=LATER)

    assert refused.value.code == "not_open"
