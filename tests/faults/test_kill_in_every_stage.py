"""kill -9 in each stage of the three flows, with the queue lost as well: one text in the end, or a person is told."""

import json
from datetime import timedelta
from urllib.parse import urlencode

import pytest
import stripe
from django.conf import settings
from django.test import Client
from django_q.models import OrmQ

from common import clock, doors
from members.models import Escalation, Membership, StandinObject, StripeEvent
from members.stripe_standin import playing
from outreach import playbooks
from outreach.models import CadencePlan, Enrolment, HandsetText, Message, Sequence
from outreach.transports import signatures
from tests import factories
from tests.doubles.dying import killed_at
from tests.doubles.subscribed import subscribed_member

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

GATE = ("outreach.gate.decide", "after")
CARRIER = "outreach.transports.phonebook.Phonebook.send"
# Dotted place and side; each stage has a member of its own, so that one emptying of the tables serves them all.
SENDING = [
    ("outreach.outbox.send", "before"),
    GATE,
    (CARRIER, "before"),
    (CARRIER, "after"),
    ("outreach.delivery.record_accepted", "after"),
]


def texts_to(phone: str) -> int:
    return HandsetText.objects.filter(from_handset=False, handset=phone).count()


def unsettled() -> list[tuple[int, str]]:
    open_states = [Message.Status.QUEUED, Message.Status.SENDING, Message.Status.UNKNOWN]
    return list(Message.objects.filter(status__in=open_states).values_list("pk", "status"))


# --- a payment fails ---


def failed_payment() -> tuple[Membership, str]:
    """A member whose renewal failed at Stripe; the event's body, which nobody has delivered."""
    membership = subscribed_member(patient=factories.make_patient())
    playing.give_card(membership.stripe_customer_id, "lost_card", now=clock.now())
    playing.renew(membership.stripe_subscription_id, now=clock.now())
    failed = StandinObject.objects.filter(kind="event", body__type="invoice.payment_failed").latest("pk").body
    StandinObject.objects.filter(kind="event").delete()  # this test delivers by hand
    OrmQ.objects.all().delete()
    return membership, json.dumps(failed)


def stripe_delivers(body: str) -> int:
    header = stripe.WebhookSignature.generate_signature_header(body, settings.STRIPE_WEBHOOK_SECRETS[0])
    sent = Client(raise_request_exception=False).post(
        doors.STRIPE_WEBHOOK, body, content_type="application/json", headers={"Stripe-Signature": header}
    )
    return sent.status_code


PAYMENT = [
    ("members.billing.record", "after"),  # the web process, before it commits: Stripe delivers again
    ("members.billing.apply", "before"),
    ("members.billing_mirror.apply", "before"),
    ("members.billing_mirror.apply", "after"),
    ("outreach.recovery._start", "after"),
    ("outreach.steps.take", "before"),
    ("outreach.steps.take", "after"),
    *SENDING,
]


def test_a_failed_payment_is_texted_once_wherever_the_kill_falls(time, work, restart):
    playbooks.install()
    for place, when in PAYMENT:
        membership, event = failed_payment()

        killed_at(place, when, lambda event=event: (stripe_delivers(event), work()))
        assert stripe_delivers(event) == 200  # Stripe had no answer, or repeats all the same
        restart()

        stage = f"{when} {place}"
        membership.refresh_from_db()
        assert membership.status == Membership.Status.PAST_DUE, stage
        assert Enrolment.objects.filter(membership=membership).count() == 1, stage
        assert texts_to(membership.patient.phone) == 1, stage
        assert unsettled() == [], stage
    assert set(StripeEvent.objects.values_list("state", flat=True)) == {StripeEvent.State.APPLIED}
    assert StripeEvent.objects.count() == len(PAYMENT)


# --- a patient texts ---


def carrier_delivers(phone: str, body: str) -> int:
    sid = f"SM{int(phone[1:]):032d}"
    form = {"MessageSid": sid, "From": phone, "To": settings.TWILIO_FROM_NUMBER, "Body": body}
    sent = Client(raise_request_exception=False).post(
        doors.TWILIO_SMS,
        urlencode(form),
        content_type="application/x-www-form-urlencoded",
        headers={"X-Twilio-Signature": signatures.sign(doors.TWILIO_SMS, form)},
    )
    return sent.status_code


ANSWERED = [
    ("outreach.inbound.receive", "after"),  # the web process, before it commits: the carrier delivers again
    ("concierge.answering.answer", "before"),
    *(stage for stage in SENDING if stage != GATE),
]
# Whether anything was done for the patient is not known any more: nothing is said twice, a colleague looks.
CUT_OFF = [
    ("concierge.asked.read", "before"),
    ("concierge.policy.decide", "after"),
    GATE,  # asked first as the answer is posted, within the turn
    ("concierge.outcomes.settle", "after"),
]


def test_a_question_is_answered_once_or_goes_to_a_person_wherever_the_kill_falls(time, work, restart):
    playbooks.install()
    asked = "How many credits do I have left?"
    for place, when in ANSWERED + CUT_OFF:
        phone = factories.make_membership(factories.make_patient()).patient.phone

        killed_at(place, when, lambda phone=phone: (carrier_delivers(phone, asked), work()))
        assert carrier_delivers(phone, asked) == 200
        restart()

        stage = f"{when} {place}"
        cases = list(Escalation.objects.filter(phone=phone).values_list("reason", flat=True))
        assert cases == ([Escalation.Reason.UNANSWERED] if (place, when) in CUT_OFF else []), stage
        assert texts_to(phone) == (0 if cases else 1), stage
        assert unsettled() == [], stage


# --- a week goes by ---

ROUND = [
    ("outreach.cadence.selecting.write_lines", "after"),
    ("outreach.cadence.run", "before"),
    ("outreach.cadence.selecting.enrol_lines", "after"),
    ("outreach.cadence.run", "after"),
    ("outreach.steps.take", "after"),
    (CARRIER, "before"),  # the other sides of sending are proven above
]


def test_mondays_round_texts_nobody_twice_and_loses_no_member_wherever_the_kill_falls(time, work, restart):
    """A Monday for each stage, with members of its own."""
    playbooks.install()
    Sequence.objects.update(holdout_percent=0)
    time.goes_on(minutes=-24 * 60)  # Monday, 11:00
    monday = time.now
    for week, (place, when) in enumerate(ROUND):
        time.now = monday + timedelta(weeks=week)
        here = factories.make_location(external_id=f"place-{week}")
        members = [
            factories.make_membership(
                factories.make_patient(home_location=here), credits_remaining=2,
                last_visit_at=time.now - timedelta(days=10),
            )
            for _ in range(2)
        ]  # fmt: skip

        killed_at(place, when, lambda: (work(), work()))
        restart()

        stage = f"{when} {place}"
        phones = [membership.patient.phone for membership in members]
        assert Enrolment.objects.filter(membership__in=members).count() == 2, stage
        # A nudge in doubt is not sent again, and nobody is called for it (R73): it is listed as failed, with why.
        untexted = {phone for phone in phones if texts_to(phone) == 0}
        failed = Message.objects.filter(address__in=phones, status=Message.Status.FAILED).exclude(reason="")
        assert max(texts_to(phone) for phone in phones) == 1, stage
        assert untexted == set(failed.values_list("address", flat=True)), stage
        assert len(untexted) == int((place, when) == (CARRIER, "before")), stage
        assert CadencePlan.objects.filter(which="monday", location=here, automatic=True).count() == 1, stage
        assert unsettled() == [], stage
        Membership.objects.filter(pk__in=[membership.pk for membership in members]).update(status="cancelled")
