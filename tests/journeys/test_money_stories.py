"""Payments over days, through the doors: what Stripe tells, what the patient hears, and what the desk sees."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from common import clock
from medspa import ticking
from members import grace, stripe_gateway
from members.models import Escalation, Invoice, Membership, Patient, Practice, Quote
from members.stripe_standin import disputes, playing, store
from outreach import playbooks
from outreach.models import Enrolment, HandsetText
from outreach.transports import phonebook
from tests.doubles.subscribed import subscribed_member
from tests.factories import NOON, make_membership, make_patient

pytestmark = [pytest.mark.django_db, pytest.mark.billing_time]

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Story:
    """A member, a bank and a clock that only the story moves."""

    def __init__(self, drain: Callable[[], int]) -> None:
        self.now = NOON
        self._drain = drain
        self.membership = subscribed_member()
        playbooks.install()

    @property
    def subscription(self) -> str:
        return str(self.membership.stripe_subscription_id)

    def wait(self, span: timedelta) -> None:
        self.now += span
        self.settle()

    def settle(self) -> None:
        """Everything that is due now happens."""
        for _ in range(3):
            self._drain()
            ticking.tick(now=self.now)
        self.membership.refresh_from_db()

    def card(self, name: str) -> None:
        playing.give_card(self.membership.stripe_customer_id, name, now=self.now)

    def renewal_fails(self, card: str) -> str:
        self.card(card)
        invoice_id = playing.renew(self.subscription, now=self.now)
        self.settle()
        return invoice_id

    @property
    def texts(self) -> list[str]:
        return texts_to(self.membership.patient)

    @property
    def link(self) -> str:
        return link_in(self.texts[-1])

    def cases(self, reason: str) -> list[Escalation]:
        return list(Escalation.objects.filter(reason=reason))


def texts_to(patient: Patient) -> list[str]:
    heard = HandsetText.objects.filter(handset=patient.phone, from_handset=False)
    return list(heard.order_by("pk").values_list("body", flat=True))


def paid_for_by_her_mother() -> Patient:
    """Marta, who has a membership of her own too."""
    mother = make_membership(make_patient("Marta")).patient
    Membership.objects.exclude(patient=mother).update(payer=mother)
    return mother


def link_in(text: str) -> str:
    found = re.search(r"https?://testserver(/m/[\w-]+/)", text)
    assert found, text
    return found.group(1)


@pytest.fixture
def story(drain, monkeypatch) -> Story:
    told = Story(drain)
    monkeypatch.setattr(clock, "now", lambda: told.now)
    return told


def go(client, path: str):
    """Press the button of a patient's page; returns the vendor's page that it leads to."""
    assert client.get(path).status_code == 200
    return client.post(path).headers["Location"].removeprefix("http://testserver")


def test_a_soft_decline_that_heals_before_the_practices_hour_is_never_mentioned(story):
    """settled.md 14: failed in the afternoon, recovered in the night, so at eleven there is nothing to say."""
    story.wait(4 * HOUR)
    invoice_id = story.renewal_fails("insufficient_funds")
    assert story.texts == []

    story.now += 10 * HOUR
    story.card("visa")
    playing.retry(invoice_id, now=story.now)
    story.settle()
    story.wait(10 * HOUR)

    assert story.membership.status == Membership.Status.ACTIVE
    assert Enrolment.objects.get().ended_because == "paid"
    assert story.texts == []


def test_a_soft_decline_that_stays_open_is_mentioned_gently_at_the_practices_hour(story):
    """R139."""
    story.wait(4 * HOUR)
    story.renewal_fails("insufficient_funds")

    story.wait(19 * HOUR)
    assert story.texts == []
    story.wait(HOUR)

    [text] = story.texts
    assert "nothing you need to do" in text


def test_a_practice_that_is_quiet_first_waits_for_stripes_own_retry(story):
    Practice.objects.update(recovery_profile="quiet_first")
    invoice_id = story.renewal_fails("insufficient_funds")
    story.wait(2 * DAY)
    assert story.texts == []

    story.now = NOON + 3 * DAY
    playing.retry(invoice_id, now=story.now)
    story.settle()
    story.wait(2 * HOUR)

    [text] = story.texts
    assert "update your card" in text


@pytest.mark.parametrize("card", ["lost_card", "expired_card"])
def test_a_hard_decline_or_an_expired_card_gets_the_link_at_once_at_any_practice(story, card):
    """R138."""
    Practice.objects.update(recovery_profile="quiet_first")

    story.renewal_fails(card)

    [text] = story.texts
    assert "update your card" in text
    assert story.link


def test_a_charge_that_the_bank_wants_confirmed_leads_to_the_banks_question_and_not_to_a_new_card(story, client):
    """R138: 3-D Secure."""
    invoice_id = story.renewal_fails("authentication_required")
    [text] = story.texts
    assert "your bank would like you to confirm" in text.lower()
    assert "card" not in text

    hosted = go(client, story.link)
    client.post(hosted)
    story.settle()

    assert Invoice.objects.get(stripe_id=invoice_id).status == "paid"
    assert story.membership.status == Membership.Status.ACTIVE
    assert "Thank you" in story.texts[-1]
    assert "All set" in client.get(link_in(text)).content.decode()


def test_a_new_card_is_set_on_customer_and_subscription_and_pays(story, client):
    """R142: the subscription's own card would otherwise go on being charged."""
    invoice_id = story.renewal_fails("lost_card")

    hosted = go(client, story.link)
    back = client.post(hosted, {"card": "mastercard"})
    client.get(back.headers["Location"].removeprefix("http://testserver"))
    story.settle()

    customer = store.get("customer", story.membership.stripe_customer_id)
    subscription = store.get("subscription", story.subscription)
    chosen = customer["invoice_settings"]["default_payment_method"]
    assert subscription["default_payment_method"] == chosen
    assert store.get("payment_method", chosen)["card"]["brand"] == "mastercard"
    assert stripe_gateway.fetch_invoice(invoice_id).status == "paid"


def test_a_second_failure_within_90_days_goes_to_a_person_after_one_text(story):
    """settled.md 14: three months in a row."""
    first = story.renewal_fails("lost_card")
    story.card("visa")
    stripe_gateway.pay_invoice(first, key="by-hand")
    story.settle()
    before = len(story.texts)
    story.now += 31 * DAY

    for _ in range(2):
        invoice_id = story.renewal_fails("lost_card")
        story.wait(HOUR)
        story.card("visa")
        stripe_gateway.pay_invoice(invoice_id, key=invoice_id)
        story.settle()
        story.now += 31 * DAY

    links = [text for text in story.texts[before:] if "Thank you" not in text]
    [case] = story.cases("payment")
    assert len(links) == 2
    assert "in the 90 days before" in case.summary


def test_a_dispute_in_the_middle_of_a_recovery_ends_all_texts_until_the_bank_has_decided(story):
    """R136, R143."""
    paid = playing.renew(story.subscription, now=story.now)
    story.settle()
    story.now += 30 * DAY
    story.renewal_fails("lost_card")
    assert len(story.texts) == 1

    dispute_id = disputes.open_dispute(paid, now=story.now)
    for _ in range(9):
        story.wait(DAY)
    assert len(story.texts) == 1
    assert len(story.cases("dispute")) == 1

    disputes.close_dispute(dispute_id, won=True, now=story.now)
    story.settle()

    assert Enrolment.objects.filter(status="running").count() == 1
    assert len(story.texts) == 2


def test_a_pause_during_the_recovery_stops_the_texts_and_the_next_failure_begins_anew(story):
    story.renewal_fails("lost_card")
    stripe_gateway.pause(subscription_id=story.subscription, resumes_at=None, key="pause:1")
    for _ in range(8):
        story.wait(DAY)
    assert story.membership.status == Membership.Status.PAUSED
    assert len(story.texts) == 1

    stripe_gateway.resume(subscription_id=story.subscription, key="resume:1")
    [owed] = stripe_gateway.open_invoices(story.subscription)
    playing.retry(owed.id, now=story.now)
    story.settle()

    assert len(story.texts) == 2
    assert story.membership.status == Membership.Status.PAST_DUE


def test_where_somebody_else_pays_that_person_alone_is_asked_and_thanked(story, client):
    mother = paid_for_by_her_mother()
    story.membership.refresh_from_db()
    invoice_id = story.renewal_fails("lost_card")
    [asked] = texts_to(mother)
    story.wait(2 * DAY)

    phonebook.type_text(mother.phone, "1", story.now)
    story.settle()
    hosted = go(client, link_in(texts_to(mother)[-1]))
    back = client.post(hosted, {"card": "mastercard"})
    client.get(back.headers["Location"].removeprefix("http://testserver"))
    story.settle()

    assert "Marta" in asked
    assert stripe_gateway.fetch_invoice(invoice_id).status == "paid"
    assert "Thank you" in texts_to(mother)[-1]
    assert story.texts == []


def test_who_pays_for_somebody_and_asks_for_a_pause_gets_a_person_and_no_quote(story):
    """R111: neither the payer's own membership nor the member's is meant for sure."""
    mother = paid_for_by_her_mother()
    story.renewal_fails("lost_card")
    story.wait(2 * DAY)

    phonebook.type_text(mother.phone, "2", story.now)
    story.settle()

    assert len(story.cases("question")) == 1
    assert not Quote.objects.exists()


def test_the_end_of_the_grace_is_told_to_who_pays(story):
    """settled.md 14."""
    mother = paid_for_by_her_mother()
    story.membership.refresh_from_db()
    story.renewal_fails("lost_card")
    story.now += 15 * DAY

    grace.end_due(now=story.now)
    story.settle()

    assert story.membership.status == Membership.Status.PAUSED
    assert "paused" in texts_to(mother)[-1]
    assert story.texts == []


def test_who_comes_in_within_two_days_is_asked_at_the_desk_and_not_texted(story):
    Membership.objects.update(next_appointment_at=NOON + 26 * HOUR)

    story.renewal_fails("lost_card")

    [flag] = story.cases("check_in")
    assert story.texts == []
    assert "Wednesday at 1:00 PM" in flag.summary

    Membership.objects.update(next_appointment_at=None)
    story.wait(2 * DAY)
    assert len(story.texts) == 1


def test_a_card_that_the_network_renews_makes_the_retry_pay_without_a_word_from_the_patient(story):
    invoice_id = story.renewal_fails("insufficient_funds")
    heard = len(story.texts)

    playing.renew_card(story.membership.stripe_customer_id, now=story.now)
    story.now += 3 * DAY
    playing.retry(invoice_id, now=story.now)
    story.settle()

    assert story.membership.status == Membership.Status.ACTIVE
    assert [text for text in story.texts[heard:] if "Thank you" not in text] == []
