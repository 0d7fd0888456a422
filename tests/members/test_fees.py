"""Leaving before the minimum term, and a pause that has a fee: paid first, once, or nothing happens."""

from datetime import timedelta

import pytest

from common import clock
from common.errors import Refused
from members import credits, quotes, stripe_gateway
from members.credits import usage
from members.models import (
    BillingChange,
    Escalation,
    Membership,
    MembershipChange,
    PatientLink,
    PlanVersion,
    Quote,
    StandinObject,
)
from members.stripe_gateway import CardDeclined, StripeRefused, StripeUnavailable, fees
from members.stripe_standin import playing, store
from tests import factories
from tests.doubles.offers import by_page, by_text, offer
from tests.doubles.owing import owing_member
from tests.doubles.subscribed import subscribed_member
from tests.factories import NOON
from tests.members.test_offer_pages import ask, confirm, path_to

pytestmark = pytest.mark.django_db
Act, State, Status = Quote.Act, Quote.State, Membership.Status


@pytest.fixture(autouse=True)
def _noon(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOON)


def member(**rules_of_plan) -> Membership:
    """Joined on June 1, 2025; the minimum of 15 months runs until September 1, 2026."""
    plan = factories.make_plan()
    PlanVersion.objects.filter(plan=plan).update(minimum_term_months=15, **rules_of_plan)
    return subscribed_member()


def fee_invoices() -> list[tuple[str, int]]:
    rows = StandinObject.objects.filter(kind="invoice", body__billing_reason="manual").order_by("created_at", "pk")
    return list(rows.values_list("body__status", "body__amount_due"))


class TestLeavingEarly:
    def test_both_ways_are_offered_with_their_day_and_price(self):
        """R89: the fee is said beside the end that costs nothing."""
        membership = member(early_end_fee_cents=9900)

        later, today = (dict(offer(membership, Act.CANCEL, at_once=now).terms) for now in (False, True))

        assert (later["Ends"], later["Sooner"]) == ("September 6, 2026", "You may end it today instead, for $99.00")
        assert today["Ends"] == "Today, June 16, 2026"
        assert today["Today"] == "$99.00, the fee for leaving before the minimum, is charged to your card on file"
        assert today["Or without a fee"] == "It ends on September 6, 2026"

    def test_the_fee_is_one_paid_invoice_and_the_membership_is_over(self):
        membership = member(early_end_fee_cents=9900)
        quote = offer(membership, Act.CANCEL, at_once=True)

        first, second = by_page(quote), by_page(quote)

        membership.refresh_from_db()
        assert (first.state, second.state) == (State.DONE, State.DONE)
        assert fee_invoices() == [("paid", 9900)]
        assert (membership.status, membership.ended_at) == (Status.CANCELLED, NOON)
        assert MembershipChange.objects.get().kind == MembershipChange.Kind.ENDED

    def test_stripe_reads_nothing_but_a_neutral_name(self):
        """R106."""
        by_page(offer(member(early_end_fee_cents=9900), Act.CANCEL, at_once=True))

        said = StandinObject.objects.filter(kind="invoiceitem").values_list("body__description", "body__metadata")
        assert list(said) == [("Membership fee", {})]

    def test_the_paid_fee_is_found_among_the_members_invoices_and_grants_nothing(self, drain):
        membership = member(early_end_fee_cents=9900)

        by_page(offer(membership, Act.CANCEL, at_once=True))
        drain()

        fee = membership.invoices.get()
        assert (fee.status, fee.amount_due_cents, fee.opens_period) == ("paid", 9900, False)
        assert not membership.credit_entries.exists()

    def test_a_refused_card_ends_nothing_and_owes_nothing(self):
        membership = member(early_end_fee_cents=9900)
        playing.give_card(membership.stripe_customer_id, "insufficient_funds", now=NOON)
        quote = offer(membership, Act.CANCEL, at_once=True)

        with pytest.raises(CardDeclined):
            by_page(quote)

        membership.refresh_from_db()
        quote.refresh_from_db()
        assert (quote.state, membership.status) == (State.FAILED, Status.ACTIVE)
        assert fee_invoices() == [("void", 9900)]
        assert stripe_gateway.fetch_subscription(str(membership.stripe_subscription_id)).status == "active"

    def test_a_fee_whose_answer_was_lost_is_charged_once(self, monkeypatch):
        """R145."""
        membership = member(early_end_fee_cents=9900)
        quote = offer(membership, Act.CANCEL, at_once=True)
        charge = stripe_gateway.charge_fee

        def lost(**values):
            charge(**values)
            raise StripeUnavailable("the answer was lost")

        monkeypatch.setattr(stripe_gateway, "charge_fee", lost)
        with pytest.raises(StripeUnavailable):
            by_page(quote)
        monkeypatch.setattr(stripe_gateway, "charge_fee", charge)

        quotes.finish_due(now=NOON + timedelta(minutes=2))

        membership.refresh_from_db()
        assert membership.status == Status.CANCELLED
        assert fee_invoices() == [("paid", 9900)]

    def test_a_refused_fee_that_is_still_open_is_no_failed_payment_of_the_membership(self, drain, monkeypatch):
        """Nobody is chased for it: the answer to its end at Stripe was lost, and Stripe tells of the decline before."""
        membership = member(early_end_fee_cents=9900)
        playing.give_card(membership.stripe_customer_id, "insufficient_funds", now=NOON)
        quote = offer(membership, Act.CANCEL, at_once=True)

        def no_answer(invoice_id, **_):
            raise StripeUnavailable(f"{invoice_id} may be void")

        with monkeypatch.context() as outage:
            outage.setattr(fees, "void_invoice", no_answer)
            with pytest.raises(StripeUnavailable):
                by_page(quote)
        drain()
        open_fee = membership.invoices.get()
        told = (open_fee.status, open_fee.attempt_count, open_fee.first_failed_at)
        quotes.finish_due(now=NOON + timedelta(minutes=2))
        drain()

        membership.refresh_from_db()
        assert told == ("open", 1, None)
        assert not BillingChange.objects.exists()
        assert (membership.status, fee_invoices()) == (Status.ACTIVE, [("void", 9900)])
        assert membership.invoices.get().status == "void"

    def test_a_fee_without_its_act_is_a_persons_work_who_is_told_of_the_money(self, monkeypatch):
        quote = offer(member(early_end_fee_cents=9900), Act.CANCEL, at_once=True)

        def refuse(**values):
            raise StripeRefused("No such subscription.")

        monkeypatch.setattr(stripe_gateway, "cancel_now", refuse)
        with pytest.raises(StripeRefused):
            by_page(quote)

        assert "The fee of $99.00 WAS charged" in Escalation.objects.get().summary

    def test_a_text_needs_the_code(self):
        """R90: a cancellation that charges is a charge."""
        quote = offer(member(early_end_fee_cents=9900), Act.CANCEL, at_once=True)

        with pytest.raises(Refused) as refused:
            by_text(quote, "yes, cancel it")

        assert refused.value.code == "no_code"
        assert fee_invoices() == []
        assert by_text(quote, quote.code).state == State.DONE

    @pytest.mark.parametrize("rules", [{}, {"early_end_fee_cents": 9900, "minimum_term_months": 6}])
    def test_without_a_fee_or_a_minimum_that_runs_there_is_nothing_to_buy(self, rules):
        plan = factories.make_plan()
        PlanVersion.objects.filter(plan=plan).update(**rules)

        with pytest.raises(Refused, match="cannot end at once for a fee"):
            offer(subscribed_member(), Act.CANCEL, at_once=True)

    def test_an_open_payment_comes_first(self):
        membership, _ = owing_member()
        PlanVersion.objects.update(minimum_term_months=15, early_end_fee_cents=9900)

        with pytest.raises(Refused, match="cannot end at once for a fee"):
            offer(membership, Act.CANCEL, at_once=True)

    def test_on_the_page_the_end_without_a_fee_is_chosen_and_the_other_wants_the_box(self, client):
        """R94: one click still ends it as the page says; R90: the fee wants its own consent."""
        membership = member(early_end_fee_cents=9900)
        path = path_to(membership, PatientLink.Purpose.CANCEL)
        page = client.get(path).content.decode()

        terms = ask(client, path, at_once="now")
        unticked = confirm(client, path, tick=False).content.decode()
        done = confirm(client, path).content.decode()

        membership.refresh_from_db()
        assert "On September 6, 2026, without a fee" in page
        assert "Today, for $99.00" in page
        assert "End now and pay $99.00" in terms
        assert "Please tick the box" in unticked
        assert membership.status == Status.CANCELLED
        assert "Your membership has ended" in done


class TestPauseFee:
    def test_it_is_charged_once_and_then_the_pause_runs(self):
        membership = member(freeze_fee_cents=2500)
        quote = offer(membership, Act.PAUSE)

        by_page(quote)

        membership.refresh_from_db()
        assert dict(quote.terms)["Today"] == "$25.00, once for this pause, is charged to your card on file"
        assert fee_invoices() == [("paid", 2500)]
        assert membership.status == Status.PAUSED

    def test_a_refused_card_pauses_nothing(self):
        membership = member(freeze_fee_cents=2500)
        playing.give_card(membership.stripe_customer_id, "insufficient_funds", now=NOON)
        quote = offer(membership, Act.PAUSE)

        with pytest.raises(CardDeclined):
            by_page(quote)

        membership.refresh_from_db()
        assert membership.status == Status.ACTIVE
        assert store.get("subscription", membership.stripe_subscription_id)["pause_collection"] is None
        assert fee_invoices() == [("void", 2500)]

    def test_a_changed_plan_fee_cannot_be_slipped_in(self):
        """R91."""
        membership = member(freeze_fee_cents=2500)
        quote = offer(membership, Act.PAUSE)
        PlanVersion.objects.filter(pk=membership.plan_version_id).update(freeze_fee_cents=9900)

        with pytest.raises(quotes.Reoffered):
            by_page(quote)

        assert fee_invoices() == []


@pytest.mark.parametrize(("freeze", "usable"), [("with_benefits", True), ("without_benefits", False)])
def test_the_kind_of_pause_that_was_agreed_to_decides_whether_credits_can_be_used(freeze, usable):
    membership = member(freeze_with_benefits=True, freeze_without_benefits=True)
    benefit = membership.plan_version.benefits.get()
    grant = {"expires_at": NOON + timedelta(days=60), "actor": "stripe", "reason": "Paid period", "now": NOON}
    credits.grant(membership=membership, service=benefit.only_service, benefit=benefit, quantity=1, key="paid", **grant)
    by_page(offer(membership, Act.PAUSE, freeze=freeze))
    membership.refresh_from_db()
    [lot] = credits.lots(membership, at=NOON)

    why_not = usage.why_not(lot, membership)

    assert membership.status == Status.PAUSED
    assert (why_not == "") is usable
