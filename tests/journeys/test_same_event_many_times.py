"""Stripe delivers at least once, in any order, sometimes all at once: one enrolment and one text come of it."""

import itertools
import json
import threading

import pytest
import stripe
from django.conf import settings
from django.db import connection
from django.test import Client

from common import clock, doors
from medspa import ticking
from members import stripe_gateway
from members.models import Membership, StandinObject, StripeEvent
from members.stripe_standin import playing
from outreach import playbooks
from outreach.models import Enrolment, Message
from tests import factories
from tests.conftest import run_queued_tasks
from tests.doubles.subscribed import subscribed_member


@pytest.fixture(autouse=True)
def _texting_hours(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: factories.NOON)


def deliver(body: str) -> int:
    signature = stripe.WebhookSignature.generate_signature_header(body, settings.STRIPE_WEBHOOK_SECRETS[0])
    answer = Client().post(
        doors.STRIPE_WEBHOOK, body, content_type="application/json", headers={"Stripe-Signature": signature}
    )
    return answer.status_code


def failed_payment() -> tuple[Membership, list[str]]:
    """A member whose renewal failed at the stand-in, and its events, none of them delivered yet."""
    playbooks.install()
    membership = subscribed_member()
    playing.give_card(membership.stripe_customer_id, "lost_card", now=factories.NOON)
    playing.renew(membership.stripe_subscription_id, now=factories.NOON)
    run_nothing()
    undelivered = StandinObject.objects.filter(kind="event", delivered_at__isnull=True).order_by("created_at", "pk")
    return membership, [json.dumps(event.body) for event in undelivered]


def run_nothing() -> None:
    """Forget the stand-in's own deliveries: this test delivers by hand."""
    from django_q.models import OrmQ

    OrmQ.objects.all().delete()


def settle() -> None:
    for _ in range(2):
        run_queued_tasks()
        ticking.tick(now=factories.NOON)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_one_event_delivered_fifty_times_at_once_gives_one_enrolment_and_one_text(monkeypatch):
    monkeypatch.setattr(ticking, "DEMO_STEPS", {})
    membership, events = failed_payment()
    failed = next(body for body in events if json.loads(body)["type"] == "invoice.payment_failed")
    answers: list[int] = []

    def send() -> None:
        try:
            answers.append(deliver(failed))
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    settle()

    assert answers == [200] * 50
    assert StripeEvent.objects.filter(type="invoice.payment_failed").count() == 1
    assert Enrolment.objects.count() == 1
    assert Message.objects.filter(direction="out", patient=membership.patient).count() == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_workers_applying_at_once_give_one_enrolment_and_one_text(monkeypatch):
    """All events stored, then every task and eight ticks run at the same time in threads."""
    monkeypatch.setattr(ticking, "DEMO_STEPS", {})
    _, events = failed_payment()
    for body in events:
        assert deliver(body) == 200
    run_nothing()
    pks = list(StripeEvent.objects.values_list("pk", flat=True))

    def work(pk: int) -> None:
        from members import billing

        try:
            billing.apply(pk, now=factories.NOON)
            ticking.tick(now=factories.NOON)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(pk,)) for pk in pks * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    settle()

    assert not StripeEvent.objects.filter(state__in=["stored", "failed"]).exists()
    assert Enrolment.objects.count() == 1
    assert Message.objects.filter(direction="out").count() == 1


@pytest.mark.django_db
def test_the_neighbours_in_every_order_give_one_enrolment_and_one_text(monkeypatch):
    monkeypatch.setattr(ticking, "DEMO_STEPS", {})
    membership, events = failed_payment()
    # One of each type: the failure, the subscription it leaves past due, and one that nothing acts on.
    telling = {json.loads(body)["type"]: body for body in events}
    kinds = ("invoice.payment_failed", "customer.subscription.updated", "invoice.created", "invoice.finalized")
    for number, order in enumerate(itertools.permutations(kinds)):
        for kind in order:
            again = json.loads(telling[kind])
            again["id"] = f"{again['id']}_{number}"  # a new delivery of each, in another order
            assert deliver(json.dumps(again)) == 200
        settle()

        membership.refresh_from_db()
        assert membership.status == Membership.Status.PAST_DUE
        assert Enrolment.objects.count() == 1
        assert Message.objects.filter(direction="out").count() == 1


@pytest.mark.django_db
def test_a_failure_told_after_the_payment_texts_nobody(monkeypatch):
    """The live object decides: by the time the old event comes, the invoice is paid."""
    monkeypatch.setattr(ticking, "DEMO_STEPS", {})
    membership, events = failed_payment()
    playing.give_card(membership.stripe_customer_id, "visa", now=factories.NOON)
    [owed] = stripe_gateway.open_invoices(str(membership.stripe_subscription_id))
    stripe_gateway.pay_invoice(owed.id, key="by-hand")
    run_nothing()

    for body in events:
        assert deliver(body) == 200
    settle()

    membership.refresh_from_db()
    assert membership.status == Membership.Status.ACTIVE
    assert not Message.objects.filter(direction="out").exists()
