"""What happens at Stripe without our doing: disputes, confirmations at the bank, card networks, coming charges."""

import pytest
import stripe

from members.models import StandinObject
from members.stripe_standin import disputes, playing
from members.stripe_standin.problems import Problem
from tests.doubles.stripe_account import happened, make_failed_invoice, make_subscriber, sdk
from tests.doubles.stripe_contract import wrong_requests
from tests.factories import NOON

pytestmark = pytest.mark.django_db


def test_a_bank_that_wants_a_confirmation_leaves_the_invoice_open_and_says_so():
    before = len(happened())

    _, invoice_id = make_failed_invoice(card="authentication_required")

    intent = sdk().invoice_payments.list({"invoice": invoice_id, "expand": ["data.payment.payment_intent"]})
    assert sdk().invoices.retrieve(invoice_id).status == "open"
    assert intent.data[0].payment.payment_intent.status == "requires_action"
    assert {"invoice.payment_failed", "invoice.payment_action_required"} <= set(happened(since=before))


def test_a_confirmed_charge_pays_the_invoice():
    subscriber, invoice_id = make_failed_invoice(card="authentication_required")

    assert playing.confirm(invoice_id, now=NOON) is True

    assert sdk().invoices.retrieve(invoice_id).status == "paid"
    assert sdk().subscriptions.retrieve(subscriber.subscription).status == "active"
    assert playing.confirm(invoice_id, now=NOON) is False


def test_a_declined_charge_cannot_be_confirmed():
    _, invoice_id = make_failed_invoice(card="lost_card")

    assert playing.confirm(invoice_id, now=NOON) is False


def test_a_dispute_and_a_refund_are_of_one_charge_of_the_paid_invoice():
    subscriber = make_subscriber()
    invoice_id = playing.renew(subscriber.subscription, now=NOON)

    dispute = sdk().disputes.retrieve(disputes.open_dispute(invoice_id, now=NOON), {"expand": ["charge"]})
    charge = sdk().charges.retrieve(disputes.refund(invoice_id, now=NOON))

    found = sdk().invoice_payments.list(
        {"payment": {"type": "payment_intent", "payment_intent": dispute.payment_intent}, "limit": 1}
    )
    assert dispute.charge.id == charge.id
    assert (charge.customer, charge.refunded, charge.disputed) == (subscriber.customer, True, True)
    assert [each.invoice for each in found.data] == [invoice_id]
    assert [each.id for each in sdk().disputes.list().data] == [dispute.id]


def test_an_unpaid_invoice_cannot_be_disputed():
    _, invoice_id = make_failed_invoice()

    with pytest.raises(Problem, match="has not been paid"):
        disputes.open_dispute(invoice_id, now=NOON)


def test_a_detached_card_is_nobodys_default_any_more():
    subscriber = make_subscriber()

    sdk().payment_methods.detach(subscriber.payment_method)

    assert sdk().customers.retrieve(subscriber.customer).invoice_settings.default_payment_method is None


def test_a_card_whose_month_is_over_is_refused_as_expired():
    subscriber = make_subscriber()
    card = sdk().payment_methods.retrieve(subscriber.payment_method)
    after = NOON.replace(year=card.card.exp_year + 1)

    invoice_id = playing.renew(subscriber.subscription, now=after)

    payment = sdk().invoice_payments.list({"invoice": invoice_id, "expand": ["data.payment.payment_intent"]}).data[0]
    assert payment.payment.payment_intent.last_payment_error.code == "expired_card"


def test_the_network_renews_a_card_and_the_coming_charge_is_announced():
    subscriber = make_subscriber()

    playing.renew_card(subscriber.customer, now=NOON)
    playing.announce(subscriber.subscription, now=NOON)

    assert {"payment_method.automatically_updated", "invoice.upcoming"} <= set(happened())


def test_events_are_listed_from_a_moment_on_in_pages():
    make_subscriber()
    events = list(StandinObject.objects.filter(kind="event").order_by("created_at", "pk"))
    since = events[0].body["created"]

    found = list(sdk().events.list({"created": {"gte": since}, "limit": 2}).auto_paging_iter())

    assert [each.id for each in found] == [each.pk for each in reversed(events)]
    assert sdk().events.list({"created": {"gt": since + 10**6}}).data == []


def test_an_unknown_bound_is_refused():
    with wrong_requests(), pytest.raises(stripe.InvalidRequestError):
        sdk().events.list({"created": {"gte": "soon"}})
