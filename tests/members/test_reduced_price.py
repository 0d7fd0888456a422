"""A pause at a reduced price: payments go on, each less; Stripe's schedule brings the full price back."""

from datetime import timedelta

import pytest

from common import clock
from common.errors import Refused
from members import billing, credits, joining, metrics, reconciliation, stripe_gateway
from members.credits import usage
from members.models import (
    AuditEntry,
    CreditEntry,
    Drift,
    Escalation,
    Membership,
    MembershipChange,
    PlanVersion,
    Quote,
    StandinObject,
)
from members.stripe_standin import building, playing
from tests import factories
from tests.doubles.offers import by_page, offer, sold_plan
from tests.doubles.subscribed import subscribed_member
from tests.factories import NOON

pytestmark = pytest.mark.django_db
Act, Status, Kind = Quote.Act, Membership.Status, MembershipChange.Kind
REDUCED, ENDS = "price_glow_frozen", NOON + timedelta(days=20)


@pytest.fixture(autouse=True)
def time(monkeypatch):
    """The clock; `time["now"]` moves it."""
    moment = {"now": NOON}
    monkeypatch.setattr(clock, "now", lambda: moment["now"])
    return moment


def member(**rules) -> Membership:
    """A Glow member, 199 dollars a month, who may freeze at 49."""
    plan = factories.make_plan()
    offered = {"freeze_price_cents": 4900, "freeze_without_benefits": False, "stripe_freeze_price_id": REDUCED}
    PlanVersion.objects.filter(plan=plan).update(**{**offered, **rules})
    price = building.price(REDUCED, product=f"prod_{plan.pk}", unit_amount=4900, created=NOON)
    StandinObject.objects.bulk_create(building.rows(price))
    return subscribed_member()


def frozen(months: int = 2, **rules) -> Membership:
    membership = member(**rules)
    by_page(offer(membership, Act.PAUSE, months=months))
    membership.refresh_from_db()
    return membership


def live(membership) -> stripe_gateway.SubscriptionFacts:
    return stripe_gateway.fetch_subscription(str(membership.stripe_subscription_id))


def renew(membership, time, drain, *, periods: int) -> list[int]:
    """The next renewals, each on its day; what each bill was, in cents."""
    charged = []
    for count in range(periods):
        time["now"] = clock.months_later(ENDS, count) + timedelta(minutes=1)
        invoice = playing.renew(str(membership.stripe_subscription_id), now=time["now"])
        charged.append(stripe_gateway.fetch_invoice(invoice).amount_due_cents)
        drain()
    membership.refresh_from_db()
    return charged


class TestTheOffer:
    def test_it_says_what_is_charged_and_when_the_full_price_comes_back(self):
        """R89, R99."""
        quote = offer(member(freeze_fee_cents=1000), Act.PAUSE, months=2)

        terms = dict(quote.terms)
        assert terms["Pause"] == "From July 6, 2026; 2 payments of $49.00 instead of $199.00, the first one that day"
        assert terms["Starts again"] == "September 6, 2026, by itself, with $199.00"
        assert terms["Credits"] == "You get new ones with each reduced payment and can use all of them"
        assert terms["Today"] == "$10.00, once for this pause, is charged to your card on file"

    @pytest.mark.parametrize(
        ("rules", "fields", "sentence"),
        [
            ({"stripe_freeze_price_id": ""}, {}, "This kind of pause is not set up yet. Please call us."),
            ({}, {"status": Status.PAST_DUE}, "A payment is open. Once it is paid, you can do this."),
        ],
    )
    def test_what_stands_against_it_is_said(self, rules, fields, sentence):
        membership = member(**rules)
        Membership.objects.filter(pk=membership.pk).update(**fields)
        membership.refresh_from_db()

        with pytest.raises(Refused) as refused:
            offer(membership, Act.PAUSE)

        assert refused.value.message == sentence

    def test_it_waits_for_a_change_of_plan_that_is_agreed_on(self):
        membership = member()
        by_page(offer(membership, Act.DOWNGRADE, version=sold_plan("Basic", cents=9900, tier=0)))
        membership.refresh_from_db()

        with pytest.raises(Refused, match="Your plan changes with the next payment"):
            offer(membership, Act.PAUSE)

        assert live(membership).schedule_id, "what was agreed on stays"


class TestTheFreeze:
    def test_so_many_payments_are_reduced_and_the_full_price_returns_by_itself(self, time, drain):
        membership = frozen(months=2)
        started = (membership.status, membership.paused_from, membership.paused_until)

        charged = renew(membership, time, drain, periods=3)

        assert started == (Status.PAUSED, ENDS, clock.months_later(ENDS, 2))
        assert charged == [4900, 4900, 19900]
        assert (membership.status, membership.at_reduced_price, membership.paused_until) == (Status.ACTIVE, False, None)
        assert list(MembershipChange.objects.values_list("kind", flat=True)) == [Kind.PAUSED, Kind.RESUMED]
        assert not AuditEntry.objects.filter(action="membership.plan_changed").exists()
        assert not Escalation.objects.exists()

    def test_each_reduced_payment_grants_what_the_plan_gives_and_it_can_be_used(self, time, drain):
        membership = frozen(months=1)

        renew(membership, time, drain, periods=1)

        [granted] = CreditEntry.objects.filter(membership=membership, kind="grant")
        [lot] = credits.lots(membership, at=time["now"], unit="credit")
        assert (membership.status, granted.left) == (Status.PAUSED, 1)
        assert usage.why_not(lot, membership) == ""

    def test_a_reduced_payment_that_fails_is_owed_and_the_freeze_goes_on_once_it_is_paid(self, time, drain):
        membership = frozen(months=2)
        playing.give_card(membership.stripe_customer_id, "insufficient_funds", now=NOON)
        renew(membership, time, drain, periods=1)
        owing = (membership.status, membership.at_reduced_price)

        playing.give_card(membership.stripe_customer_id, "visa", now=time["now"])
        playing.retry(membership.invoices.get().stripe_id, now=time["now"] + timedelta(days=3))
        drain()

        membership.refresh_from_db()
        assert owing == (Status.PAST_DUE, True)
        assert (membership.status, membership.paused_until) == (Status.PAUSED, clock.months_later(ENDS, 2))

    @pytest.mark.parametrize("periods", [0, 1, 2])
    def test_the_comparison_with_stripe_finds_nothing_before_during_and_after(self, periods, time, drain):
        membership = frozen(months=1)
        renew(membership, time, drain, periods=periods)

        reconciliation.run(repair=False, actor="staff:1", now=time["now"])

        assert not Drift.objects.filter(kind=Drift.Kind.SUBSCRIPTION).exclude(ours__contains="card").exists()

    def test_recurring_revenue_counts_the_price_that_is_paid(self):
        frozen()

        counted, _ = metrics.monthly_recurring_revenue(metrics.window_of(NOON.date().replace(day=1)))

        assert [row["n"] for row in counted.grouped()] == [4900]


class TestTheEnd:
    @pytest.mark.parametrize("periods", [0, 1])
    def test_a_resume_restores_the_full_price_from_the_next_payment_on(self, periods, time, drain):
        membership = frozen(months=3)
        renew(membership, time, drain, periods=periods)

        quote = by_page(offer(membership, Act.RESUME))
        drain()
        membership.refresh_from_db()
        resumed = (membership.status, membership.at_reduced_price, membership.paused_from)
        time["now"] = clock.months_later(ENDS, periods) + timedelta(minutes=1)
        invoice = playing.renew(str(membership.stripe_subscription_id), now=time["now"])

        assert dict(quote.terms)["Today"] == "Nothing is charged"
        assert dict(quote.terms)["Next payment"].startswith("$199.00 on ")
        assert resumed == (Status.ACTIVE, False, None)
        assert stripe_gateway.fetch_invoice(invoice).amount_due_cents == 19900

    def test_a_cancellation_ends_the_reduced_price_too(self, time, drain):
        membership = frozen(months=2, minimum_term_months=15, freeze_extends_term=False)

        quote = by_page(offer(membership, Act.CANCEL))
        charged = renew(membership, time, drain, periods=2)

        assert dict(quote.terms)["Payments"] == "Continue until then, $199.00 a month"
        assert (charged, membership.status) == ([19900, 19900], Status.CANCELLING)

    def test_a_repeat_of_each_act_is_the_same_act(self):
        """R145: the answer was lost, and the act is made over."""
        membership = frozen()
        quote = Quote.objects.get(act=Act.PAUSE)

        again = joining.at_stripe(quote, membership=quote.membership)

        assert StandinObject.objects.filter(kind="subscription_schedule").count() == 1
        assert again.schedule_id == live(membership).schedule_id

    def test_a_reduced_price_that_stays_too_long_opens_a_case(self, time, drain):
        membership = frozen(months=1)
        renew(membership, time, drain, periods=1)
        stripe_gateway.keep_price(subscription_id=str(membership.stripe_subscription_id), key="dashboard")
        drain()
        time["now"] = clock.months_later(ENDS, 1) + timedelta(hours=3)

        joining.check_pauses(now=time["now"])

        assert "still charges the reduced price" in Escalation.objects.get().summary

    def test_stripes_event_may_come_before_its_answer_is_written(self, time):
        membership = member()
        quote = offer(membership, Act.PAUSE)
        Quote.objects.filter(pk=quote.pk).update(state=Quote.State.ACCEPTED, accepted_at=NOON, accepted_by="staff:1")
        quote.refresh_from_db()
        facts = joining.at_stripe(quote, membership=membership)
        told = billing.nudge(what="subscription", object_id=facts.id, key="1", now=NOON + timedelta(seconds=5))
        billing.apply(told.pk, now=NOON + timedelta(seconds=5))

        joining.settle(quote, facts, fetched_at=NOON, now=NOON + timedelta(seconds=6))

        membership.refresh_from_db()
        assert (membership.status, membership.at_reduced_price) == (Status.PAUSED, True)
