"""The main story, through the doors: a signed Stripe event in, a text out, a new card, the invoice paid, thanks."""

import re
from datetime import timedelta

import pytest
from django.test import Client

from common import clock
from medspa import ticking
from members.models import AuditEntry, Invoice, Membership, StandinObject
from members.stripe_standin import playing
from outreach import playbooks
from outreach.models import Enrolment, HandsetText, Message
from tests import factories
from tests.doubles.subscribed import subscribed_member

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _texting_hours(monkeypatch, settings):
    """The story happens on a Tuesday at 11:00 in Austin, whatever the wall clock says."""
    monkeypatch.setattr(clock, "now", lambda: factories.NOON)
    playbooks.install()


def texts_to(membership: Membership) -> list[str]:
    texts = HandsetText.objects.filter(handset=membership.patient.phone, from_handset=False)
    return list(texts.order_by("pk").values_list("body", flat=True))


def link_in(text: str) -> str:
    found = re.search(r"https?://testserver(/m/[\w-]+/)", text)
    assert found, text
    return found.group(1)


def fail_a_payment(membership: Membership, drain, *, card: str = "lost_card") -> None:
    playing.give_card(membership.stripe_customer_id, card, now=factories.NOON)
    playing.renew(membership.stripe_subscription_id, now=factories.NOON)
    drain()
    ticking.tick(now=factories.NOON)
    drain()


def update_card(client: Client, path: str, *, card: str = "visa"):
    """Open the link, press the button, choose a card on the hosted page, come back."""
    assert client.get(path).status_code == 200
    hosted = client.post(path).headers["Location"].removeprefix("http://testserver")
    assert client.get(hosted).status_code == 200
    back = client.post(hosted, {"card": card})
    return client.get(back.headers["Location"].removeprefix("http://testserver"))


def test_a_failed_payment_is_recovered_by_the_member_alone(client, drain):
    membership = subscribed_member()

    fail_a_payment(membership, drain)

    membership.refresh_from_db()
    assert membership.status == Membership.Status.PAST_DUE
    [first] = texts_to(membership)
    assert "Glow Theory" in first
    assert Message.objects.get(direction="out").status == Message.Status.DELIVERED

    page = update_card(client, link_in(first))
    drain()
    ticking.tick(now=factories.NOON + timedelta(minutes=1))
    drain()

    membership.refresh_from_db()
    assert page.status_code == 200
    assert membership.status == Membership.Status.ACTIVE
    assert Invoice.objects.get(first_failed_at__isnull=False).status == Invoice.Status.PAID
    assert Enrolment.objects.get().ended_because == "paid"
    assert len(texts_to(membership)) == 2  # the link and one thank-you
    trail = set(AuditEntry.objects.filter(patient=membership.patient).values_list("action", flat=True))
    assert {"billing.payment_failed", "membership.past_due", "card.updated", "billing.payment_settled"} <= trail
    assert AuditEntry.objects.filter(action="card.updated").count() == 1  # told by the page and by Stripe's event


def test_a_new_card_that_is_declined_too_leaves_the_sequence_running(client, drain):
    membership = subscribed_member()
    fail_a_payment(membership, drain)

    page = update_card(client, link_in(texts_to(membership)[0]), card="fails_when_charged")
    drain()
    ticking.tick(now=factories.NOON + timedelta(minutes=1))
    drain()

    membership.refresh_from_db()
    assert "declined" in page.content.decode().lower()
    assert membership.status == Membership.Status.PAST_DUE
    assert Enrolment.objects.get().status == Enrolment.Status.RUNNING
    assert len(texts_to(membership)) == 1


def test_a_patient_who_closes_the_hosted_page_too_early_is_still_charged_once(client, drain):
    membership = subscribed_member()
    fail_a_payment(membership, drain)
    path = link_in(texts_to(membership)[0])
    hosted = client.post(path).headers["Location"].removeprefix("http://testserver")

    client.post(hosted, {"card": "visa"})  # never comes back to our page
    drain()
    ticking.tick(now=factories.NOON + timedelta(minutes=1))
    drain()

    membership.refresh_from_db()
    assert membership.status == Membership.Status.ACTIVE
    assert Invoice.objects.get(first_failed_at__isnull=False).status == Invoice.Status.PAID


def test_the_token_is_nowhere_in_the_messages_and_audit_rows(drain):
    """R152, R119: the link exists on the handset and nowhere in our tables."""
    membership = subscribed_member()

    fail_a_payment(membership, drain)

    token = link_in(texts_to(membership)[0]).split("/")[2]
    assert token not in str(list(Message.objects.values()))
    assert token not in str(list(AuditEntry.objects.values()))


def test_two_open_payments_are_shown_as_one_sum_and_both_are_paid(client, drain):
    """R91 in spirit: the card is charged what the page named, no more and no less."""
    membership = subscribed_member()
    fail_a_payment(membership, drain)
    fail_a_payment(membership, drain)
    path = link_in(texts_to(membership)[0])

    shown = client.get(path).content.decode()
    update_card(client, path)
    drain()

    assert "$398.00" in shown
    assert "2 payments" in shown
    assert set(Invoice.objects.values_list("status", flat=True)) == {"paid"}


def test_a_charge_that_the_page_did_not_name_is_left_to_stripes_retries(client, drain):
    membership = subscribed_member()
    fail_a_payment(membership, drain)
    path = link_in(texts_to(membership)[0])
    playing.renew(str(membership.stripe_subscription_id), now=factories.NOON)  # its event has not come yet

    assert "$199.00" in client.get(path).content.decode()
    update_card(client, path)

    paid = StandinObject.objects.filter(kind="invoice", body__status="paid").count()
    assert paid == 1


@pytest.mark.parametrize("card", ["insufficient_funds", "generic_decline", "processing_error"])
def test_a_first_soft_decline_gets_a_gentle_notice_that_asks_for_no_new_card(drain, card):
    """R139, settled.md 14."""
    membership = subscribed_member()

    fail_a_payment(membership, drain, card=card)

    [text] = texts_to(membership)
    assert "nothing you need to do" in text
    assert "update your card" not in text
    assert link_in(text)


@pytest.mark.parametrize("card", ["lost_card", "expired_card", "stolen_card"])
def test_a_hard_decline_asks_for_a_new_card_at_once_and_never_says_why(drain, card):
    """R138, R140."""
    membership = subscribed_member()

    fail_a_payment(membership, drain, card=card)

    [text] = texts_to(membership)
    assert "update your card" in text
    assert not re.search("lost|stolen|expired|fraud|declined", text, re.IGNORECASE)
