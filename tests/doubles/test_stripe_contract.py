"""The judge can say no: a contract check that never fails proves nothing."""

from datetime import UTC, datetime

import pytest

from members.models import StandinObject
from members.stripe_standin import building, events
from members.stripe_standin.watchers import Exchange
from tests.doubles.stripe_account import make_subscriber, sdk
from tests.doubles.stripe_contract import ContractError, contract

NOW = datetime(2027, 1, 31, 16, 0, tzinfo=UTC)
CUSTOMER = building.customer("cus_1", created=NOW)


def _exchange(**fields) -> Exchange:
    defaults = {"method": "POST", "url": "https://api.stripe.com/v1/customers", "form": "", "status": 200}
    return Exchange(**{**defaults, "body": CUSTOMER, **fields})


@pytest.mark.django_db
@pytest.mark.parametrize(
    "wrong",
    [
        {"cancel_at_period_ends": True},  # a misspelt key
        {"cancel_at_period_end": "soon"},  # not a boolean
        {"pause_collection": {"behavior": "forget"}},  # not one of the values
        {"pause_collection": {"resumes_at": 1800000000}},  # a required part is missing
        {"items": [{"quantity": "two"}]},
        {"coupon": "SUMMER"},  # was removed in an earlier version
    ],
    ids=str,
)
def test_a_request_that_stripe_would_not_take_fails_the_test_that_sends_it(wrong):
    subscriber = make_subscriber()

    with pytest.raises(ContractError, match="POST /v1/subscriptions/"):
        sdk().subscriptions.update(subscriber.subscription, wrong)


@pytest.mark.django_db
def test_an_unknown_query_fails_too():
    with pytest.raises(ContractError, match="GET /v1/invoices"):
        sdk().invoices.list({"state": "open"})


@pytest.mark.parametrize(
    "exchange",
    [
        _exchange(),
        _exchange(form="name=A&metadata[a]=b&invoice_settings[default_payment_method]=pm_1"),
        _exchange(method="GET", url="https://api.stripe.com/v1/customers/cus_1?expand[0]=default_source"),
        _exchange(method="GET", status=404, body={"error": {"type": "invalid_request_error", "message": "No."}}),
    ],
)
def test_what_stripe_would_take_and_answer_passes(exchange):
    contract().check_exchange(exchange)


@pytest.mark.parametrize(
    ("exchange", "complaint"),
    [
        (_exchange(method="PATCH"), "no such operation"),
        (_exchange(url="https://api.stripe.com/v1/clients"), "no such operation"),
        (_exchange(body=CUSTOMER | {"subscription": "sub_1"}), "/subscription: Stripe has no such field"),
        (_exchange(body=CUSTOMER | {"created": "yesterday"}), "created"),
        (_exchange(body={"id": "cus_1", "object": "customer"}), "created"),
        (_exchange(status=402, body={"error": {"type": "sad"}}), "sad"),
        (_exchange(status=402, body={"error": {"type": "card_error", "colour": "red"}}), "/error/colour"),
    ],
)
def test_an_answer_that_stripe_would_not_give_fails(exchange, complaint):
    with pytest.raises(ContractError, match=complaint):
        contract().check_exchange(exchange)


@pytest.mark.parametrize("deep", [{"invoice_settings": {"card": "x"}}, {"invoice_settings": {"footer": 7}}])
def test_deep_inside_an_answer_it_looks_too(deep):
    with pytest.raises(ContractError, match="invoice_settings"):
        contract().check_resource(CUSTOMER | deep)


@pytest.mark.django_db
def test_an_event_with_a_wrong_object_fails_where_it_is_emitted():
    with pytest.raises(ContractError, match=r"object of customer\.updated: /nickname"):
        events.emit("customer.updated", CUSTOMER | {"nickname": "A"}, now=NOW)

    assert StandinObject.objects.filter(kind="event").count() == 1


@pytest.mark.django_db
def test_an_event_without_a_required_part_fails():
    events.emit("customer.updated", CUSTOMER, now=NOW)

    event = StandinObject.objects.get(kind="event").body
    with pytest.raises(ContractError, match="pending_webhooks"):
        contract().check_event({name: value for name, value in event.items() if name != "pending_webhooks"})
