"""The list of open payments: why each failed, what comes next, and what a person may do."""

import pytest
from django.contrib.messages import get_messages

from common import clock
from members import billing, stripe_gateway
from members.models import (
    AuditEntry,
    ConsentEntry,
    CreditEntry,
    Escalation,
    Invoice,
    Membership,
    Reconciliation,
    StripeEvent,
)
from members.stripe_standin import playing, store
from outreach import recovery
from outreach.models import Enrolment, Message
from tests import factories
from tests.doubles.events import stored
from tests.doubles.owing import live, owing_member, told
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


def test_past_due_counts_members_and_open_counts_payments_and_each_opens_its_rows(desk):
    """A payment stays open when its member is paused or leaves: then it is open, and nobody is past due for it."""
    owing_member()
    for number, status in (("2", "paused"), ("3", "cancelled")):
        gone, _ = owing_member(
            patient=factories.make_patient("Gone", status.title()), stripe_subscription_id=f"sub_{number}"
        )
        Membership.objects.filter(pk=gone.pk).update(status=status, past_due_since=None)

    payments, today = desk.get("/payments/"), desk.get("/")
    shown = " ".join(payments.content.decode().split())
    members = desk.get("/members/", {"status": "past_due"})

    assert "3 payments open, 2 of members not past due" in shown
    assert [len(payments.context["table"].rows), payments.context["figures"].open_cents] == [3, 3 * 199_00]
    assert shown.count("· Paused</div>") == shown.count("· Cancelled</div>") == 1
    assert [today.context["at_risk"].members, today.context["at_risk"].cents] == [1, 199_00]
    assert len(members.context["table"].rows) == 1


def test_each_role_is_offered_what_it_may_do(client):
    _, invoice = owing_member()
    offered = {}

    for role in ("clinician", "front_desk", "manager"):
        client.force_login(factories.make_staff(f"{role}@example.com", role=role))
        shown = page(client)
        offered[role] = (f"/members/{invoice.membership.patient_id}/act/?act=pause" in shown, "/waive/" in shown)
        if role != "manager":
            assert client.get(f"/payments/{invoice.pk}/waive/").status_code == 403

    assert offered == {"clinician": (False, False), "front_desk": (True, False), "manager": (True, True)}


class TestWaiving:
    def test_a_waived_payment_is_void_at_stripe_and_recovery_and_grace_end(self, manager):
        membership, invoice = owing_member()
        told(invoice, "payment_failed")
        recovery.follow_all(now=NOON)

        before = manager.get(f"/payments/{invoice.pk}/waive/").content.decode()
        answer = manager.post(f"/payments/{invoice.pk}/waive/", {"why": "Our machine broke 4242 4242 4242 4242"})
        recovery.follow_all(now=NOON)

        membership.refresh_from_db()
        assert "Stripe cannot take that back" in before
        assert "owes nothing" in said(answer)
        assert store.get("invoice", invoice.stripe_id)["status"] == "void"
        assert (membership.status, membership.past_due_since) == ("active", None)
        assert Enrolment.objects.get().ended_because == "no longer owed"
        why = AuditEntry.objects.get(action="payment.waive_asked").data["why"]
        assert why.startswith("Our machine broke")
        assert "4242 4242" not in why  # R123
        assert AuditEntry.objects.filter(action="payment.waived").count() == 1
        assert not CreditEntry.objects.exists()
        assert not Message.objects.exists()

    def test_a_payment_is_waived_once(self, manager):
        _, invoice = owing_member()
        address = f"/payments/{invoice.pk}/waive/"
        manager.post(address, {"why": "Kindness"})

        again = manager.post(address, {"why": "Kindness"})

        assert again.status_code == 409
        assert "not open any more" in again.content.decode()
        assert AuditEntry.objects.filter(action="payment.waived").count() == 1

    def test_one_that_was_paid_a_moment_ago_is_not_waived(self, manager):
        _, invoice = owing_member()
        live(invoice, "paid")

        answer = manager.post(f"/payments/{invoice.pk}/waive/", {"why": "Kindness"})

        invoice.refresh_from_db()
        assert answer.status_code == 409
        assert "paid a moment ago" in answer.content.decode()
        assert invoice.status == "paid"
        assert not AuditEntry.objects.filter(action="payment.waived").exists()

    def test_without_a_reason_nothing_is_waived_and_the_field_says_so(self, manager):
        _, invoice = owing_member()

        answer = manager.post(f"/payments/{invoice.pk}/waive/", {"why": " "})

        assert answer.status_code == 422
        assert "form-error" in answer.content.decode()
        assert store.get("invoice", invoice.stripe_id)["status"] == "open"

    def test_while_stripe_cannot_be_reached_it_stays_open_and_can_be_waived_later(self, manager):
        """R145: the key is the invoice, so that asking again is the same act."""
        _, invoice = owing_member()
        address = f"/payments/{invoice.pk}/waive/"

        with pytest.MonkeyPatch.context() as outage:
            outage.setattr(stripe_gateway, "void_invoice", _no_answer)
            refused = manager.post(address, {"why": "Kindness"})
        after = manager.post(address, {"why": "Kindness"})

        assert refused.status_code == 409
        assert "still open" in refused.content.decode()
        assert after.status_code == 302

    def test_what_the_scheduler_charges_is_waived_there(self, manager):
        _, invoice = owing_member()
        Invoice.objects.update(charged_by=Invoice.ChargedBy.SCHEDULER)

        answer = manager.post(f"/payments/{invoice.pk}/waive/", {"why": "Kindness"})

        assert "Waive it there" in answer.content.decode()


def _no_answer(*_args, **_kwargs):
    raise stripe_gateway.StripeUnavailable("no answer")


def test_a_hard_decline_offers_no_retry(desk):
    owing_member()
    Invoice.objects.update(decline_code="lost_card")

    shown = page(desk)

    assert "The card was reported lost" in shown
    assert "Charge again<" not in shown


def test_an_empty_list_says_so(desk):
    factories.make_location()

    assert "No failed payment is open" in page(desk)


def test_what_was_recovered_this_month_is_counted(desk):
    _, invoice = owing_member()
    Invoice.objects.filter(pk=invoice.pk).update(status="paid", amount_remaining_cents=0, paid_at=NOON)

    shown = page(desk)

    assert "1 payment that had failed" in shown
    assert "Ana Ortiz" not in shown
    assert "Ana Ortiz" in " ".join(desk.get("/payments/?show=recovered").content.decode().split())


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
