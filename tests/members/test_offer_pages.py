"""The patient's own acts behind `/m/<token>/`: what is shown, what a click does, what a GET never does."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from common import clock
from members import links, quotes
from members.models import (
    AuditEntry,
    Invoice,
    Membership,
    PatientLink,
    Quote,
    QuoteConsent,
    StandinObject,
)
from members.stripe_standin import client as standin
from members.stripe_standin import playing, store
from tests import factories
from tests.doubles.offers import by_page, offer, sold_plan
from tests.doubles.owing import owing_member
from tests.doubles.stripe_account import make_failed_invoice
from tests.doubles.subscribed import subscribed_member
from tests.factories import NOON

pytestmark = pytest.mark.django_db
Act, Status, Purpose = Quote.Act, Membership.Status, PatientLink.Purpose


@pytest.fixture(autouse=True)
def _noon(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOON)


def path_to(membership, purpose, **fields) -> str:
    link = links.issue(membership=membership, purpose=purpose, now=NOON, **fields)
    return links.url(link).removeprefix("http://testserver")


def ask(client, path, **wish):
    """Say what is wanted; the page with its terms."""
    return client.post(path, {"step": "ask", **wish}, follow=True).content.decode()


def confirm(client, path, *, tick=True):
    quote = PatientLink.objects.get().quote
    box = {"agree": "yes"} if tick else {}
    return client.post(path, {"step": "accept", "quote": str(quote.uuid), **box}, follow=True)


def invoices() -> list[int]:
    rows = StandinObject.objects.filter(kind="invoice").order_by("created_at", "pk")
    return list(rows.values_list("body__amount_due", flat=True))


class TestPlanChange:
    def test_the_terms_stand_beside_an_unticked_box_and_one_button(self, client):
        """R89, R90."""
        radiance, path = sold_plan("Radiance", cents=29900), path_to(subscribed_member(), Purpose.CHANGE_PLAN)

        page = ask(client, path, version=radiance.pk)

        words = (
            "Radiance",
            "$299.00 a month",
            "$66.66",
            "July 6, 2026",
            "until you cancel",
            "Minimum",
            "How to cancel",
        )
        for each in words:
            assert each in page
        [box] = re.findall(r"<input[^>]*checkbox[^>]*>", page)
        assert "checked" not in box
        assert "Upgrade now and pay $66.66" in page

    def test_without_the_tick_nothing_is_charged(self, client):
        """R90."""
        radiance, path = sold_plan("Radiance", cents=29900), path_to(subscribed_member(), Purpose.CHANGE_PLAN)
        ask(client, path, version=radiance.pk)

        answer = confirm(client, path, tick=False)

        assert answer.status_code == 409
        assert "Please tick the box" in answer.content.decode()
        assert invoices() == []

    def test_what_the_page_shows_is_what_is_charged(self, client):
        """R150."""
        radiance, member = sold_plan("Radiance", cents=29900), subscribed_member()
        path = path_to(member, Purpose.CHANGE_PLAN)
        ask(client, path, version=radiance.pk)

        page = confirm(client, path).content.decode()

        member.refresh_from_db()
        assert "You are on Radiance now" in page
        assert (member.plan.name, invoices()) == ("Radiance", [6666])
        proof = QuoteConsent.objects.get()
        assert proof.said == "Ticked “I agree to these terms.” Pressed “Upgrade now and pay $66.66”"
        assert proof.given_by == f"link:{PatientLink.objects.get().pk}"

    def test_a_lower_plan_is_said_to_come_later(self, client):
        basic, path = sold_plan("Basic", cents=9900, tier=0), path_to(subscribed_member(), Purpose.CHANGE_PLAN)

        page = ask(client, path, version=basic.pk)
        done = confirm(client, path, tick=False).content.decode()

        assert "July 6, 2026; until then Glow goes on" in page
        assert "Your plan changes on" in done
        assert invoices() == []

    def test_a_changed_price_shows_the_new_terms_and_charges_nothing(self, client):
        """R91."""
        radiance, path = sold_plan("Radiance", cents=29900), path_to(subscribed_member(), Purpose.CHANGE_PLAN)
        ask(client, path, version=radiance.pk)
        price = store.get("price", radiance.stripe_price_id)
        store.change(price | {"unit_amount": 39900, "unit_amount_decimal": "39900"})

        page = confirm(client, path).content.decode()

        assert "Something changed since this was offered" in page
        assert "$133.33" in page
        assert invoices() == []

    def test_a_button_of_an_older_page_does_nothing(self, client):
        radiance, path = sold_plan("Radiance", cents=29900), path_to(subscribed_member(), Purpose.CHANGE_PLAN)
        ask(client, path, version=radiance.pk)
        old = str(PatientLink.objects.get().quote.uuid)
        ask(client, path, version=radiance.pk)

        answer = client.post(path, {"step": "accept", "quote": old, "agree": "yes"})

        assert answer.status_code == 409
        assert invoices() == []

    def test_a_declined_card_is_said_without_a_reason(self, client):
        """R140."""
        radiance, member = sold_plan("Radiance", cents=29900), subscribed_member()
        playing.give_card(member.stripe_customer_id, "stolen_card", now=NOON)
        path = path_to(member, Purpose.CHANGE_PLAN)
        ask(client, path, version=radiance.pk)

        page = confirm(client, path).content.decode()

        assert "The card was declined" in page
        assert "stolen" not in page

    def test_when_stripe_is_slow_the_patient_is_told_that_it_goes_on(self, client):
        member = subscribed_member()
        path = path_to(member, Purpose.PAUSE)
        ask(client, path, months="1")

        with standin.outage(503):
            page = confirm(client, path)

        assert page.status_code == 503
        assert "We are finishing this for you" in page.content.decode()
        quotes.finish_due(now=NOON + timedelta(minutes=2))
        assert "Your membership is paused" in client.get(path).content.decode()


class TestPauseAndResume:
    def test_a_pause_says_its_dates_before_and_after(self, client):
        """R99."""
        member = subscribed_member()
        path = path_to(member, Purpose.PAUSE)

        page = ask(client, path, months="2", reason="travel")
        done = confirm(client, path, tick=False).content.decode()

        member.refresh_from_db()
        assert "September 6, 2026, by itself, with $199.00" in page
        assert "September 6, 2026" in done
        assert (member.status, Quote.objects.get().reason) == (Status.PAUSED, "travel")

    def test_a_plan_without_a_pause_says_so_and_asks_nothing(self, client):
        member = subscribed_member()
        member.plan_version.__class__.objects.update(freeze_months_per_year=0)

        page = client.get(path_to(member, Purpose.PAUSE)).content.decode()

        assert "Your plan has no pause" in page
        assert "<form" not in page

    def test_a_resume_needs_the_tick_as_it_brings_back_a_charge(self, client):
        """R90."""
        member = subscribed_member()
        by_page(offer(member, Act.PAUSE))
        path = path_to(member, Purpose.RESUME)
        ask(client, path)

        without = confirm(client, path, tick=False)
        ticked = confirm(client, path)

        member.refresh_from_db()
        assert (without.status_code, ticked.status_code) == (409, 200)
        assert member.status == Status.ACTIVE


class TestCancel:
    def test_the_page_shows_one_save_offer_and_finish_cancelling_alike(self, client):
        """R94."""
        page = client.get(path_to(subscribed_member(), Purpose.CANCEL)).content.decode()

        assert page.count("Pause instead") == 1
        classes = re.findall(r'<button type="submit"[^>]*class="(\w+)">(?:Pause instead|Finish cancelling)', page)
        assert classes == ["second", "second"]
        assert "July 6, 2026" in page

    @pytest.mark.parametrize("state", ["CA", "NY", "OH"])
    def test_one_click_cancels_and_asks_for_nothing_more(self, client, state):
        """R93, R94, R95; R88: the strictest states' way out, for everybody."""
        member = subscribed_member()
        type(member.location).objects.update(state=state)
        path = path_to(member, Purpose.CANCEL)
        shown = re.search(r'name="shown" value="(\w+)"', client.get(path).content.decode())[1]

        done = ask(client, path, shown=shown, reason="moving")

        member.refresh_from_db()
        assert "Your membership ends on" in done
        assert (member.status, Quote.objects.get().reason) == (Status.CANCELLING, "moving")
        assert store.get("subscription", member.stripe_subscription_id)["cancel_at_period_end"] is True

    def test_the_minimum_term_is_said_and_the_end_is_after_it(self, client):
        member = subscribed_member()
        member.plan_version.__class__.objects.update(minimum_term_months=15)

        page = client.get(path_to(member, Purpose.CANCEL)).content.decode()

        assert "Your plan has a 15-month minimum; it ends on September 1, 2026." in page
        assert "September 6, 2026" in page

    def test_terms_that_changed_meanwhile_are_shown_before_anything_happens(self, client):
        member = subscribed_member()
        path = path_to(member, Purpose.CANCEL)

        page = ask(client, path, shown="of-another-day")

        member.refresh_from_db()
        assert member.status == Status.ACTIVE
        assert "Finish cancelling" in page

    def test_pausing_instead_can_still_be_turned_down_for_good(self, client):
        """R94: the save offer is made once."""
        path = path_to(subscribed_member(), Purpose.CANCEL)

        asked = client.get(path).content.decode()
        fields = dict(re.findall(r'name="(step|shown|months)" value="(\w+)"', asked))
        offered = client.post(path, {**fields, "act": "pause"}, follow=True).content.decode()
        back = client.post(path, {"step": "back"}, follow=True).content.decode()

        assert "No, cancel my membership" in offered
        assert "Finish cancelling" in back

    def test_a_cancellation_is_taken_back_on_the_same_page(self, client):
        member = subscribed_member()
        by_page(offer(member, Act.CANCEL))
        path = path_to(member, Purpose.CANCEL)

        ask(client, path)
        confirm(client, path)

        member.refresh_from_db()
        assert member.status == Status.ACTIVE


class TestRestart:
    def test_a_restart_shows_the_whole_price_and_charges_it_after_the_tick(self, client, drain):
        """R100."""
        member = subscribed_member()
        playing.renew(str(member.stripe_subscription_id), now=NOON)
        store.change(store.get("subscription", member.stripe_subscription_id) | {"status": "canceled"})
        Membership.objects.filter(pk=member.pk).update(status=Status.CANCELLED)
        member.refresh_from_db()
        path = path_to(member, Purpose.RESTART)

        page = ask(client, path, version=member.plan_version_id)
        done = confirm(client, path).content.decode()

        assert "Restart my membership and pay $199.00" in page
        assert "Welcome back" in done
        assert Membership.objects.get(restarted_from=member).status == Status.ACTIVE


def past_due(card: str = "visa") -> tuple[Membership, str]:
    """A renewal was declined; now this card is on file. The membership and Stripe's id of the invoice."""
    subscriber, invoice_id = make_failed_invoice()
    playing.give_card(subscriber.customer, card, now=NOON)
    member = factories.make_membership(
        stripe_customer_id=subscriber.customer, stripe_subscription_id=subscriber.subscription, status="past_due",
        card_brand="visa", card_last4="4242",
    )  # fmt: skip
    Invoice.objects.create(
        membership=member, stripe_id=invoice_id, status="open", amount_due_cents=19900, amount_remaining_cents=19900,
        currency="usd", issued_at=NOON, first_failed_at=NOON, attempt_count=1,
    )  # fmt: skip
    return member, invoice_id


class TestPayNow:
    def test_the_open_payment_is_charged_to_the_card_on_file(self, client):
        member, invoice_id = past_due()
        path = path_to(member, Purpose.PAY_NOW)

        shown = client.get(path).content.decode()
        paid = client.post(path, {"step": "pay"}).content.decode()

        assert "Pay $199.00 with Visa ending in 4242" in shown
        assert "Your payment went through" in paid
        assert store.get("invoice", invoice_id)["status"] == "paid"

    def test_a_declined_card_leads_to_another_one(self, client):
        member, _ = past_due(card="lost_card")
        path = path_to(member, Purpose.PAY_NOW)

        declined = client.post(path, {"step": "pay"}).content.decode()
        hosted = client.post(path)

        assert "The payment did not go through" in declined
        assert "lost" not in declined
        assert "/standin/checkout/" in hosted.headers["Location"]

    def test_after_eight_attempts_only_another_card_helps(self, client):
        """R141."""
        member, invoice = owing_member(card_last4="4242")
        invoice.attempt_count = 8
        invoice.save()

        page = client.post(path_to(member, Purpose.PAY_NOW), {"step": "pay"}).content.decode()

        assert "Please use another card" in page
        assert store.get("invoice", invoice.stripe_id)["status"] == "open"

    def test_nothing_is_charged_when_nothing_is_due(self, client):
        page = client.get(path_to(subscribed_member(), Purpose.PAY_NOW)).content.decode()

        assert "Nothing is due" in page
        assert "<form" not in page


ALL = [purpose for purpose in Purpose if purpose in Purpose.values]


@pytest.mark.parametrize("purpose", ALL)
def test_a_get_of_any_page_changes_nothing_and_stays_private(client, purpose):
    """R152: link previews open addresses."""
    member, _ = owing_member()
    path = path_to(member, purpose)
    before = (StandinObject.objects.count(), AuditEntry.objects.count(), Quote.objects.count())

    answers = [client.get(path, headers={"User-Agent": "facebookexternalhit/1.1"}) for _ in range(5)]

    assert {answer.status_code for answer in answers} == {200}
    assert (StandinObject.objects.count(), AuditEntry.objects.count(), Quote.objects.count()) == before
    headers = answers[0].headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "noindex" in headers["X-Robots-Tag"]
    assert "card-number" not in answers[0].content.decode()  # R122: no card field of ours


@pytest.mark.parametrize("purpose", ALL)
def test_every_button_needs_its_csrf_token(purpose):
    path = path_to(owing_member()[0], purpose)

    answer = Client(enforce_csrf_checks=True).post(path, {"step": "ask"})

    assert answer.status_code == 403


def act_address(membership, act) -> str:
    return f"{reverse('members:act', args=[membership.patient_id])}?act={act}"


class TestStaff:
    def test_the_desk_reads_out_the_same_terms_and_says_how_the_patient_agreed(self, client):
        staff, member = factories.make_staff(), subscribed_member()
        client.force_login(staff)
        address = act_address(member, "pause")

        terms = client.post(address, {"months": "1"}, follow=True)
        quote = Quote.objects.get()
        refused = client.post(f"{address}&quote={quote.uuid}", {})
        done = client.post(f"{address}&quote={quote.uuid}", {"told": "phone"}, follow=True)

        member.refresh_from_db()
        assert "August 6, 2026, by itself" in terms.content.decode()
        assert "Say how the patient agreed" in refused.content.decode()
        assert (done.status_code, member.status) == (200, Status.PAUSED)
        assert QuoteConsent.objects.get().said == "The patient agreed on the phone"
        assert QuoteConsent.objects.get().given_by == f"staff:{staff.pk}"

    def test_a_clinician_changes_no_membership(self, client):
        client.force_login(factories.make_staff(role="clinician"))

        answer = client.get(act_address(subscribed_member(), "pause"))

        assert answer.status_code == 403

    def test_the_member_page_offers_what_can_be_done_from_here(self, client):
        client.force_login(factories.make_staff())
        member = subscribed_member()

        page = client.get(reverse("members:detail", args=[member.patient_id])).content.decode()

        assert act_address(member, "pause") in page
        assert act_address(member, "resume") not in page

    def test_an_act_that_cannot_be_done_says_why(self, client):
        client.force_login(factories.make_staff())

        page = client.get(act_address(subscribed_member(), "resume"))

        assert page.status_code == 409
        assert "Your membership is not paused." in page.content.decode()
