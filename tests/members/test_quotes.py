"""An offer is done exactly as quoted, once, with proof of consent; or it is offered anew."""

from datetime import timedelta

import pytest

from common import clock
from common.errors import Refused
from members import quotes, stripe_gateway
from members.joining import settling
from members.models import (
    AuditEntry,
    Escalation,
    Membership,
    MembershipChange,
    Plan,
    Quote,
    QuoteConsent,
    StandinObject,
)
from members.quotes import drafting
from members.stripe_gateway import CardDeclined, StripeRefused, StripeUnavailable
from members.stripe_standin import client, playing, store
from tests.doubles.offers import by_page, by_staff, by_text, offer, sold_plan
from tests.doubles.subscribed import subscribed_member
from tests.factories import NOON

pytestmark = pytest.mark.django_db
Act, State, Status = Quote.Act, Quote.State, Membership.Status


@pytest.fixture(autouse=True)
def _noon(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOON)


@pytest.fixture
def radiance():
    return sold_plan("Radiance", cents=29900)


def charged() -> list[int]:
    """What was paid at the stand-in, in cents."""
    paid = StandinObject.objects.filter(kind="invoice", body__status="paid").order_by("created_at", "pk")
    return list(paid.values_list("body__amount_paid", flat=True))


class TestOffer:
    def test_an_offer_states_all_that_the_law_wants_beside_the_button(self, radiance):
        """R89."""
        quote = offer(subscribed_member(), Act.UPGRADE, version=radiance)

        terms = dict(quote.terms)
        assert terms["Plan"] == "Radiance"
        assert terms["Price"] == "$299.00 a month"
        assert terms["Today"].startswith("$66.66 ")  # 20 of 30 days of the difference of $100.00
        assert terms["Next payment"] == "$299.00 on July 6, 2026"
        assert terms["Renewal"] == "Renews each month until you cancel"
        assert terms["Minimum"] == "None"
        assert "cancel page" in terms["How to cancel"]

    def test_an_offer_changes_and_charges_nothing(self, radiance):
        membership = subscribed_member()

        offer(membership, Act.UPGRADE, version=radiance)

        membership.refresh_from_db()
        assert membership.plan.name == "Glow"
        assert charged() == []
        assert not MembershipChange.objects.exists()

    def test_a_new_offer_takes_the_place_of_the_last(self, radiance):
        membership = subscribed_member()
        first = offer(membership, Act.UPGRADE, version=radiance)

        second = offer(membership, Act.PAUSE)

        first.refresh_from_db()
        assert (first.state, second.state) == (State.WITHDRAWN, State.OFFERED)
        with pytest.raises(Refused, match="no longer open"):
            by_page(first)

    def test_nothing_is_offered_that_is_not_sold(self, radiance):
        radiance.stripe_price_id = ""
        radiance.save(update_fields=["stripe_price_id"])

        with pytest.raises(Refused, match="not sold"):
            offer(subscribed_member(), Act.UPGRADE, version=radiance)

    def test_the_plan_one_has_is_no_change(self):
        membership = subscribed_member()

        with pytest.raises(Refused, match="You are on Glow already"):
            offer(membership, Act.UPGRADE, version=membership.plan_version)

    def test_while_stripe_is_down_nothing_is_offered(self, radiance):
        membership = subscribed_member()

        with client.outage(503), pytest.raises(StripeUnavailable):
            offer(membership, Act.UPGRADE, version=radiance)

        assert not Quote.objects.exists()


class TestConsent:
    @pytest.mark.parametrize("words", ["yes", "ok", "👍", "U", "yes please upgrade me"])
    def test_a_text_that_is_not_the_code_buys_nothing(self, radiance, words):
        """R90."""
        quote = offer(subscribed_member(), Act.UPGRADE, version=radiance)

        with pytest.raises(Refused) as refused:
            by_text(quote, words)

        assert refused.value.code == "no_code"
        assert charged() == []

    def test_the_code_from_another_number_buys_nothing(self, radiance):
        """R90."""
        quote = offer(subscribed_member(), Act.UPGRADE, version=radiance)

        with pytest.raises(Refused) as refused:
            by_text(quote, quote.code, phone="+15125559999")

        assert refused.value.code == "other_number"
        assert quotes.by_code(phone="+15125559999", words=quote.code, now=NOON) is None

    def test_the_code_is_good_for_48_hours(self, radiance):
        """R90."""
        quote = offer(subscribed_member(), Act.UPGRADE, version=radiance)

        with pytest.raises(Refused) as refused:
            by_text(quote, quote.code, now=NOON + timedelta(hours=48))

        assert refused.value.code == "offer_over"
        assert charged() == []

    def test_the_code_from_the_number_on_file_buys_what_was_shown(self, radiance):
        membership = subscribed_member()
        quote = offer(membership, Act.UPGRADE, version=radiance)

        found = quotes.by_code(phone=membership.patient.phone, words=f" {quote.code.lower()}. ", now=NOON)
        done = by_text(found, quote.code)

        assert (found, done.state) == (quote, State.DONE)
        assert charged() == [6666]

    def test_a_cancellation_needs_no_code(self):
        """R93."""
        quote = offer(subscribed_member(), Act.CANCEL)

        done = by_text(quote, "yes, cancel it")

        assert done.state == State.DONE

    def test_the_proof_holds_what_was_shown_when_and_who_said_yes_for_six_years(self, radiance):
        """R101."""
        quote = by_page(offer(subscribed_member(), Act.UPGRADE, version=radiance))

        proof = QuoteConsent.objects.get(quote=quote)
        assert "Next payment: $299.00 on July 6, 2026" in proof.shown
        assert (proof.how, proof.given_by, proof.said) == ("page", "link:1", "I agree. Confirm")
        assert (proof.at, proof.kept_until.year) == (NOON, 2032)

    def test_the_proof_cannot_be_changed_or_deleted(self, radiance):
        proof = by_page(offer(subscribed_member(), Act.UPGRADE, version=radiance)).consent

        with pytest.raises(TypeError):
            proof.save()
        with pytest.raises(TypeError):
            proof.delete()

    def test_no_price_rises_without_a_linked_consent(self, radiance):
        """R86."""
        quote = offer(subscribed_member(), Act.UPGRADE, version=radiance)

        with pytest.raises(Refused, match="who agreed"):
            quotes.accept(quote=quote, consent=quotes.Consent("page", "", ""), actor="patient:1", now=NOON)

        assert charged() == []


class TestExactly:
    def test_what_was_shown_is_what_is_charged_also_a_day_later(self, radiance, monkeypatch):
        """R91, R150: the proration is that of the moment of the offer."""
        quote = offer(subscribed_member(), Act.UPGRADE, version=radiance)
        later = NOON + timedelta(hours=40)
        monkeypatch.setattr(clock, "now", lambda: later)

        by_page(quote, now=later)

        assert charged() == [quote.due_cents] == [6666]

    def test_a_changed_price_is_offered_anew_and_not_charged(self, radiance):
        """R91."""
        quote = offer(subscribed_member(), Act.UPGRADE, version=radiance)
        price = store.get("price", radiance.stripe_price_id)
        store.change(price | {"unit_amount": 39900, "unit_amount_decimal": "39900"})

        with pytest.raises(quotes.Reoffered) as reoffered:
            by_page(quote)

        quote.refresh_from_db()
        assert (quote.state, reoffered.value.quote.state) == (State.WITHDRAWN, State.OFFERED)
        assert reoffered.value.quote.due_cents == 13333
        assert charged() == []
        assert not QuoteConsent.objects.exists()

    def test_a_plan_that_is_no_longer_sold_so_is_refused(self, radiance):
        quote = offer(subscribed_member(), Act.UPGRADE, version=radiance)
        radiance.plan.versions.create(number=2, price_cents=30900, effective_from=NOON, stripe_price_id="price_r2")

        with pytest.raises(Refused, match="not sold in this form"):
            by_page(quote)

        assert charged() == []

    def test_a_renewal_in_between_moves_the_end_and_is_offered_anew(self, monkeypatch):
        membership = subscribed_member()
        quote = offer(membership, Act.CANCEL)
        Membership.objects.filter(pk=membership.pk).update(current_period_end=NOON + timedelta(days=50))

        with pytest.raises(quotes.Reoffered) as reoffered:
            by_page(quote)

        assert reoffered.value.quote.takes_effect_at == NOON + timedelta(days=50)

    def test_a_renewal_in_between_prices_the_upgrade_anew(self, radiance, drain):
        """R91: the old proration is of a period that is over."""
        membership = subscribed_member()
        quote = offer(membership, Act.UPGRADE, version=radiance)
        playing.renew(str(membership.stripe_subscription_id), now=NOON + timedelta(hours=1))
        drain()

        with pytest.raises(quotes.Reoffered) as reoffered:
            by_page(quote, now=NOON + timedelta(hours=2))

        assert reoffered.value.quote.due_cents > quote.due_cents
        assert charged() == [19900]

    def test_a_second_click_changes_nothing_more(self, radiance):
        """R145."""
        quote = offer(subscribed_member(), Act.UPGRADE, version=radiance)

        first, second = by_page(quote), by_page(quote)

        assert (first.state, second.state) == (State.DONE, State.DONE)
        assert charged() == [6666]
        assert MembershipChange.objects.count() == QuoteConsent.objects.count() == 1

    def test_an_act_that_ends_while_the_next_is_agreed_to_leaves_it_with_no_stale_terms(self, radiance, monkeypatch):
        """R91: "starts again with $199.00" is not agreed to by somebody who is on the plan for $299.00 by then."""
        membership = subscribed_member()
        with client.outage(503), pytest.raises(StripeUnavailable):
            by_page(accepted_offer := offer(membership, Act.PAUSE))
        stale = offer(membership, Act.CANCEL)
        work_out = drafting.draft

        def slowly(*args, **values):
            worked_out = work_out(*args, **values)
            quotes.finish_due(now=NOON + timedelta(minutes=2))
            return worked_out

        monkeypatch.setattr(drafting, "draft", slowly)
        with pytest.raises(Refused) as refused:
            by_page(stale)

        membership.refresh_from_db()
        accepted_offer.refresh_from_db()
        stale.refresh_from_db()
        assert refused.value.code == "under_way"
        assert (accepted_offer.state, stale.state) == (State.DONE, State.OFFERED)
        assert membership.status == Status.PAUSED

    def test_a_restart_that_another_worker_ends_first_is_found_done(self, monkeypatch):
        """R145: neither charged twice nor an error for the one who clicked."""
        ended = subscribed_member()
        stripe_gateway.cancel_now(subscription_id=str(ended.stripe_subscription_id), key="x")
        Membership.objects.update(status=Status.CANCELLED)
        quote = offer(Membership.objects.get(), Act.RESTART)
        target = settling.target

        def slowly(quote):
            monkeypatch.setattr(settling, "target", target)
            quotes.finish_due(now=NOON + timedelta(minutes=2))
            return target(quote)

        monkeypatch.setattr(settling, "target", slowly)
        settled = by_page(quote)

        assert settled.state == State.DONE
        assert charged() == [19900]
        assert Membership.objects.get(restarted_from=ended).status == Status.ACTIVE

    def test_a_refused_card_keeps_the_plan_and_says_so(self, radiance):
        """R150."""
        membership = subscribed_member()
        playing.give_card(membership.stripe_customer_id, "insufficient_funds", now=NOON)
        quote = offer(membership, Act.UPGRADE, version=radiance)

        with pytest.raises(CardDeclined):
            by_page(quote)

        membership.refresh_from_db()
        quote.refresh_from_db()
        assert (quote.state, membership.plan.name) == (State.FAILED, "Glow")
        assert not MembershipChange.objects.exists()
        assert AuditEntry.objects.filter(action="quote.failed").exists()

    def test_an_answer_that_was_lost_is_asked_for_again_and_charged_once(self, radiance, monkeypatch):
        """R145: the work goes on by itself, with the same key."""
        membership = subscribed_member()
        quote = offer(membership, Act.UPGRADE, version=radiance)
        change = stripe_gateway.change_price

        def lost(**values):
            change(**values)
            raise StripeUnavailable("the answer was lost")

        monkeypatch.setattr(stripe_gateway, "change_price", lost)
        with pytest.raises(StripeUnavailable):
            by_page(quote)
        monkeypatch.setattr(stripe_gateway, "change_price", change)

        settled = quotes.finish_due(now=NOON + timedelta(minutes=2))

        membership.refresh_from_db()
        assert (settled, membership.plan.name) == (1, "Radiance")
        assert charged() == [6666]

    def test_what_stripe_refuses_goes_to_a_person(self, radiance):
        membership = subscribed_member()
        quote = offer(membership, Act.PAUSE)
        body = store.get("subscription", membership.stripe_subscription_id)
        store.change(body | {"status": "canceled"})

        with pytest.raises(StripeRefused):
            by_page(quote)

        quote.refresh_from_db()
        assert quote.state == State.FAILED
        assert Escalation.objects.get().reason == Escalation.Reason.BILLING_SYNC

    def test_after_a_day_without_an_answer_a_person_looks(self, radiance):
        quote = offer(subscribed_member(), Act.PAUSE)
        with client.outage(503), pytest.raises(StripeUnavailable):
            by_page(quote)

        quotes.finish_due(now=NOON + timedelta(hours=25))

        quote.refresh_from_db()
        assert quote.state == State.FAILED
        assert Escalation.objects.count() == 1

    def test_after_a_day_without_an_answer_the_person_is_told_of_a_charge_that_may_have_gone_through(
        self, radiance, monkeypatch
    ):
        quote = offer(subscribed_member(), Act.UPGRADE, version=radiance)

        def lost(**values):
            raise StripeUnavailable("the answer was lost")

        monkeypatch.setattr(stripe_gateway, "change_price", lost)
        with pytest.raises(StripeUnavailable):
            by_page(quote)

        quotes.finish_due(now=NOON + timedelta(hours=25))

        assert f"The {quote.due} due may have been charged" in Escalation.objects.get().summary


def rows_after(accept) -> dict:
    """The rows that an upgrade leaves, but for who did it and how."""
    membership = subscribed_member()
    quote = accept(offer(membership, Act.UPGRADE, version=Plan.objects.get(name="Radiance").version_at(NOON)))
    membership.refresh_from_db()
    actor = quote.accepted_by
    trail = AuditEntry.objects.filter(patient=membership.patient, actor=actor).order_by("pk")
    change = MembershipChange.objects.get(membership=membership)
    return {
        "membership": (membership.status, membership.plan_version_id, membership.current_period_end),
        "quote": (quote.state, quote.due_cents, quote.terms, quote.outcome),
        "proof": (quote.consent.shown, quote.consent.at, quote.consent.kept_until),
        "change": (change.kind, change.data, change.occurred_at),
        "trail": [entry.action for entry in trail],
    }


def test_a_page_a_text_and_the_desk_leave_the_same_rows(radiance):
    """settled.md, 11."""
    page, text, desk = (rows_after(way) for way in (by_page, lambda quote: by_text(quote, quote.code), by_staff))

    assert page == text == desk
    assert page["trail"] == ["quote.accepted", "membership.upgraded"]
