"""The list of open payments: why each failed, what comes next, and what a person may do."""

import pytest
from django.contrib.messages import get_messages

from common import clock
from members import billing
from members.models import ConsentEntry, Escalation, Invoice, Reconciliation, StripeEvent
from members.stripe_standin import playing
from outreach import recovery
from outreach.models import Message
from tests import factories
from tests.doubles.events import stored
from tests.doubles.owing import owing_member, told
from tests.doubles.subscribed import subscribed_member
from tests.factories import NOON

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _noon(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOON)


@pytest.fixture
def desk(client):
    client.force_login(factories.make_staff())
    return client


@pytest.fixture
def manager(client):
    client.force_login(factories.make_staff(role="manager"))
    return client


def page(client) -> str:
    answer = client.get("/payments/")
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def said(answer) -> str:
    return " ".join(str(message) for message in get_messages(answer.wsgi_request))


def test_an_open_payment_shows_amount_reason_step_and_acts(desk):
    _, invoice = owing_member()
    told(invoice, "payment_failed")
    recovery.follow_all(now=NOON)

    shown = page(desk)

    assert "Ana Ortiz" in shown
    assert "$199.00" in shown
    assert "Not enough money on the card" in shown
    assert "Step 1 of 4" in shown
    assert "Charge again" in shown
    assert "Send link" in shown


def test_a_hard_decline_offers_no_retry(desk):
    owing_member()
    Invoice.objects.update(decline_code="lost_card")

    shown = page(desk)

    assert "The card was reported lost" in shown
    assert "Charge again<" not in shown


def test_an_empty_list_says_so(desk):
    factories.make_location()

    assert "Nobody is past due" in page(desk)


def test_what_was_recovered_this_month_is_counted(desk):
    _, invoice = owing_member()
    Invoice.objects.filter(pk=invoice.pk).update(status="paid", amount_remaining_cents=0, paid_at=NOON)

    shown = page(desk)

    assert "1 payment that had failed" in shown


def test_charging_again_says_what_came_of_it(desk):
    membership = subscribed_member()
    playing.give_card(membership.stripe_customer_id, "insufficient_funds", now=NOON)
    invoice_id = playing.renew(str(membership.stripe_subscription_id), now=NOON)
    billing.apply(stored("invoice.payment_failed", invoice_id).pk, now=NOON)
    address = f"/payments/{Invoice.objects.get().pk}/retry/"

    declined, too_soon = desk.post(address), desk.post(address)

    assert "declined again" in said(declined)
    assert "a moment ago" in said(too_soon)


def test_the_link_is_sent_once_an_hour(desk):
    _, invoice = owing_member()

    for _ in range(2):
        answer = desk.post(f"/payments/{invoice.pk}/link/")

    message = Message.objects.get(kind="staff")
    assert "on its way" in said(answer)
    assert "{link}" in message.body
    assert message.link.purpose == "update_card"


def test_a_patient_who_opted_out_is_not_sent_the_link_and_the_reason_is_shown(desk):
    membership, invoice = owing_member(consent=False)
    ConsentEntry.objects.create(
        patient=membership.patient,
        address=membership.patient.phone,
        channel="sms",
        purpose="",
        act="opt_out",
        source="text",
        occurred_at=NOON,
    )

    answer = desk.post(f"/payments/{invoice.pk}/link/")

    assert "not sent" in said(answer)


class TestStripePage:
    def test_events_that_came_to_nothing_are_shown_with_their_error_and_replayed(self, manager, drain):
        membership, _ = owing_member()
        event = stored("customer.subscription.updated", str(membership.stripe_subscription_id))
        StripeEvent.objects.filter(pk=event.pk).update(state="failed", error="ValueError: odd", attempts=8)

        shown = manager.get("/stripe/").content.decode()
        manager.post(f"/stripe/{event.pk}/replay/")
        drain()

        event.refresh_from_db()
        assert "ValueError: odd" in shown
        assert event.state == "applied"

    def test_the_body_is_shown_as_stripe_sent_it(self, manager):
        factories.make_location()
        event = stored("invoice.paid", "in_1", version="2020-08-27")

        shown = manager.get(f"/stripe/{event.pk}/").content.decode()

        assert "2020-08-27" in shown
        assert "in_1" in shown

    def test_a_comparison_can_be_begun(self, manager):
        factories.make_location()

        manager.post("/stripe/compare/")

        assert Reconciliation.objects.get().repair is True
        assert "Under way" in manager.get("/stripe/").content.decode()
        assert not Escalation.objects.exists()

    def test_the_front_desk_is_not_let_in(self, desk):
        assert desk.get("/stripe/").status_code == 403
