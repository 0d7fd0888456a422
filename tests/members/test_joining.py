"""The life of a membership: its rules in words, its lines as drawn, Stripe and our rows at one."""

from datetime import date, timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection as database
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from common import clock
from common.errors import Refused
from members import credits, grace, joining, stripe_gateway
from members.joining import rules
from members.models import (
    AuditEntry,
    Escalation,
    Membership,
    MembershipChange,
    PlanVersion,
    Quote,
    StandinObject,
    StripeEvent,
)
from members.stripe_gateway import CardDeclined, StripeUnavailable
from members.stripe_standin import playing, store
from tests import factories
from tests.doubles.offers import by_page, offer, sold_plan
from tests.doubles.owing import owing_member
from tests.doubles.subscribed import subscribed_member
from tests.factories import NOON

pytestmark = pytest.mark.django_db
Act, State, Status, Kind = Quote.Act, Quote.State, Membership.Status, MembershipChange.Kind


@pytest.fixture(autouse=True)
def time(monkeypatch):
    """The clock; `time["now"]` moves it."""
    moment = {"now": NOON}
    monkeypatch.setattr(clock, "now", lambda: moment["now"])
    return moment


def glow(**rules_of_plan) -> Membership:
    """A Glow member whose plan has these rules."""
    plan = factories.make_plan()
    PlanVersion.objects.filter(plan=plan).update(**rules_of_plan)
    return subscribed_member()


def refusal(membership, act, **wish) -> str:
    with pytest.raises(Refused) as refused:
        offer(membership, act, **wish)
    return refused.value.message


def at_stripe(membership) -> stripe_gateway.SubscriptionFacts:
    return stripe_gateway.fetch_subscription(str(membership.stripe_subscription_id))


class TestMinimumTermAndNotice:
    def test_without_rules_a_membership_ends_with_the_period(self):
        assert rules.earliest_end(glow(), NOON) == NOON + timedelta(days=20)

    def test_within_the_minimum_term_it_ends_with_the_first_period_after_it(self):
        membership = glow(minimum_term_months=15)  # since June 1, 2025

        assert rules.term_ends_at(membership, NOON) == clock.midnight(date(2026, 9, 1), "America/Chicago")
        assert rules.earliest_end(membership, NOON) == clock.months_later(NOON + timedelta(days=20), 2)

    def test_the_patient_reads_until_when_the_minimum_runs(self):
        quote = offer(glow(minimum_term_months=15), Act.CANCEL)

        terms = dict(quote.terms)
        assert terms["Minimum"] == "Your plan has a 15-month minimum; it ends on September 1, 2026."
        assert terms["Ends"] == "September 6, 2026"
        assert terms["Payments"] == "Continue until then, $199.00 a month"

    def test_notice_is_counted_from_the_day_of_asking(self):
        """R95: also after hours, the moment of asking counts."""
        membership = glow(notice_days=30)

        assert rules.earliest_end(membership, NOON) == clock.months_later(NOON + timedelta(days=20), 1)
        assert rules.earliest_end(membership, NOON - timedelta(days=11)) == NOON + timedelta(days=20)

    def test_a_lower_plan_waits_for_the_end_of_the_minimum_term(self):
        lower = sold_plan("Basic", cents=9900, tier=0)

        said = refusal(glow(minimum_term_months=15), Act.DOWNGRADE, version=lower)

        assert said == (
            "Your plan has a 15-month minimum; it ends on September 1, 2026. You can change to a lower plan then."
        )

    def test_paused_months_are_added_where_the_plan_says_so(self):
        membership = glow(minimum_term_months=15, freeze_extends_term=True)

        by_page(offer(membership, Act.PAUSE, months=2))

        membership.refresh_from_db()
        assert rules.term_ends_at(membership, NOON) == clock.midnight(date(2026, 11, 1), "America/Chicago")


class TestPauseRules:
    @pytest.mark.parametrize(
        ("plan", "wish", "sentence"),
        [
            ({"freeze_months_per_year": 0}, {}, "Your plan has no pause. You can change the plan or cancel instead."),
            ({"freeze_months_per_year": 2}, {"months": 3}, "You can pause for up to 2 months now."),
            ({}, {"freeze": "with_benefits"}, "Your plan does not offer this kind of pause."),
            (
                {"freeze_price_cents": 4900},
                {"freeze": "reduced_price"},
                "This kind of pause is not set up yet. Please call us.",
            ),
            ({"interval": "year"}, {}, "A plan that is paid by the year cannot be paused online. Please call us."),
        ],
    )
    def test_the_rule_that_a_wish_breaks_is_said(self, plan, wish, sentence):
        assert refusal(glow(**plan), Act.PAUSE, **wish) == sentence

    def test_months_are_used_up_within_twelve_months(self, time):
        membership = glow(freeze_months_per_year=2)
        by_page(offer(membership, Act.PAUSE, months=2))
        membership.refresh_from_db()
        by_page(offer(membership, Act.RESUME))
        membership.refresh_from_db()

        said = refusal(membership, Act.PAUSE)

        assert said == "Your plan allows 2 paused months a year, and they are used up."
        assert rules.freeze_months_left(membership, clock.months_later(NOON, 13)) == 2


class TestActs:
    def test_an_act_that_does_not_start_here_is_refused_in_words(self):
        ended = glow()
        Membership.objects.filter(pk=ended.pk).update(status=Status.CANCELLED)
        ended.refresh_from_db()

        assert refusal(ended, Act.PAUSE) == "Your membership has ended."
        assert refusal(subscribed_member(), Act.RESUME) == "Your membership is not paused."
        assert refusal(owing_member()[0], Act.UPGRADE, version=sold_plan("Max", cents=49900)).startswith("A payment is")

    def test_a_downgrade_comes_with_the_next_period_and_is_told_when_it_came(self, drain):
        lower, membership = sold_plan("Basic", cents=9900, tier=0), glow()

        by_page(offer(membership, Act.DOWNGRADE, version=lower))
        membership.refresh_from_db()
        planned = (membership.plan.name, membership.next_plan_version)
        playing.renew(str(membership.stripe_subscription_id), now=NOON + timedelta(days=20, minutes=1))
        drain()

        membership.refresh_from_db()
        assert planned == ("Glow", lower)
        assert (membership.plan.name, membership.next_plan_version) == ("Basic", None)
        kinds = MembershipChange.objects.values_list("kind", flat=True)
        assert list(kinds) == [Kind.DOWNGRADE_PLANNED, Kind.PLAN_CHANGED]

    def test_a_pause_starts_with_the_next_payment_and_says_when_the_one_after_is_due(self):
        """R99."""
        membership = glow()

        quote = by_page(offer(membership, Act.PAUSE, months=2, reason=Quote.Reason.TRAVEL))

        membership.refresh_from_db()
        ends = NOON + timedelta(days=20)
        assert (membership.status, membership.paused_from) == (Status.PAUSED, ends)
        assert membership.paused_until == quote.next_charge_at == clock.months_later(ends, 2)
        assert dict(quote.terms)["Starts again"] == "September 6, 2026, by itself, with $199.00"
        assert MembershipChange.objects.get().data == {"reason": "travel"}

    def test_a_pause_in_dunning_skips_the_unpaid_period_and_drops_its_invoice(self, drain):
        """R147: an open invoice would be tried again all through the pause."""
        membership, invoice = owing_member()

        quote = by_page(offer(membership, Act.PAUSE))
        drain()

        membership.refresh_from_db()
        invoice.refresh_from_db()
        assert dict(quote.terms)["Open payment"] == "$199.00 is dropped; you do not owe it"
        assert (membership.status, invoice.status) == (Status.PAUSED, "void")
        assert membership.paused_until == membership.current_period_end

    def test_a_pause_ends_by_itself_and_is_looked_up(self, time):
        membership = glow()
        quote = by_page(offer(membership, Act.PAUSE, months=1))
        time["now"] = quote.next_charge_at - timedelta(hours=6)

        seen = joining.check_pauses(now=time["now"])

        membership.refresh_from_db()
        assert (seen, membership.status) == (1, Status.ACTIVE)
        assert MembershipChange.objects.last().kind == Kind.RESUMED
        assert not Escalation.objects.exists()

    def test_a_pause_that_stays_at_stripe_opens_a_case(self, time):
        membership = glow()
        quote = by_page(offer(membership, Act.PAUSE, months=1))
        body = store.get("subscription", membership.stripe_subscription_id)
        store.change(body | {"pause_collection": {"behavior": "void", "resumes_at": None}})
        time["now"] = quote.next_charge_at

        joining.check_pauses(now=time["now"])

        assert "Stripe still shows it" in Escalation.objects.get().summary

    @pytest.mark.parametrize(("later", "cases"), [(timedelta(), 0), (timedelta(days=30), 1)])
    def test_a_pause_from_the_dashboard_ends_at_its_own_moment(self, time, drain, later, cases):
        membership = glow()
        until = NOON + timedelta(days=40)
        stripe_gateway.pause(subscription_id=str(membership.stripe_subscription_id), resumes_at=until, key="dashboard")
        drain()
        stripe_gateway.pause(
            subscription_id=str(membership.stripe_subscription_id), resumes_at=until + later, key="dashboard:later"
        )
        time["now"] = until - timedelta(hours=9)

        joining.check_pauses(now=time["now"])
        early = Escalation.objects.count()
        time["now"] = until + timedelta(hours=2)
        joining.check_pauses(now=time["now"])

        membership.refresh_from_db()
        assert (early, Escalation.objects.count()) == (cases, cases)
        assert membership.status == (Status.PAUSED if later else Status.ACTIVE)

    def test_a_resume_that_did_not_take_opens_a_case(self, monkeypatch):
        """R148: what its parameter is for; the call itself is not ours (a pause here is of the collection)."""
        membership = glow()
        by_page(offer(membership, Act.PAUSE))
        membership.refresh_from_db()
        monkeypatch.setattr(stripe_gateway, "resume", lambda **_: None)

        by_page(offer(membership, Act.RESUME))

        membership.refresh_from_db()
        assert membership.status == Status.PAUSED  # what Stripe has, not what was hoped
        assert "Stripe still shows it as paused" in Escalation.objects.get().summary

    def test_a_cancellation_drops_a_planned_change_and_comes_true_at_the_period_end(self, drain):
        membership = glow()
        by_page(offer(membership, Act.DOWNGRADE, version=sold_plan("Basic", cents=9900, tier=0)))
        membership.refresh_from_db()

        quote = by_page(offer(membership, Act.CANCEL, reason=Quote.Reason.MOVING))
        membership.refresh_from_db()
        leaving = (membership.status, membership.ends_at)
        playing.renew(str(membership.stripe_subscription_id), now=quote.takes_effect_at + timedelta(minutes=1))
        drain()

        membership.refresh_from_db()
        assert leaving == (Status.CANCELLING, NOON + timedelta(days=20))
        assert (membership.status, bool(membership.ended_at)) == (Status.CANCELLED, True)
        assert list(MembershipChange.objects.values_list("kind", flat=True))[-2:] == [Kind.CANCELLING, Kind.ENDED]

    def test_a_cancellation_can_be_taken_back(self):
        membership = glow()
        by_page(offer(membership, Act.CANCEL))
        membership.refresh_from_db()

        by_page(offer(membership, Act.KEEP))

        membership.refresh_from_db()
        assert (membership.status, membership.ends_at) == (Status.ACTIVE, None)

    def test_a_restart_is_a_new_membership_with_its_own_consent(self, drain):
        """R100."""
        ended = glow()
        stripe_gateway.cancel_now(subscription_id=str(ended.stripe_subscription_id), key="x")
        drain()
        ended.refresh_from_db()

        quote = by_page(offer(ended, Act.RESTART))
        drain()

        new = Membership.objects.get(restarted_from=ended)
        assert (new.status, new.plan_version, ended.status) == (Status.ACTIVE, quote.plan_version, Status.CANCELLED)
        assert quote.consent.shown
        assert new.credits_remaining == 1  # its first payment came

    def test_a_restart_with_a_refused_card_leaves_no_trace_of_a_membership(self, drain):
        ended = glow()
        stripe_gateway.cancel_now(subscription_id=str(ended.stripe_subscription_id), key="x")
        drain()
        ended.refresh_from_db()
        playing.give_card(ended.stripe_customer_id, "expired_card", now=NOON)
        quote = offer(ended, Act.RESTART)

        with pytest.raises(CardDeclined):
            by_page(quote)

        assert Membership.objects.get() == ended

    def test_an_event_that_came_before_the_row_is_looked_at_again(self, monkeypatch, drain):
        """Stripe's webhook may be quicker than our own answer."""
        ended = glow()
        stripe_gateway.cancel_now(subscription_id=str(ended.stripe_subscription_id), key="x")
        drain()
        ended.refresh_from_db()
        create = stripe_gateway.create_subscription

        unmatched = []

        def told_first(**values):
            facts = create(**values)
            drain()
            unmatched.extend(StripeEvent.objects.filter(state="unmatched"))
            return facts

        monkeypatch.setattr(stripe_gateway, "create_subscription", told_first)
        by_page(offer(ended, Act.RESTART))
        from members import billing

        billing.apply_waiting(now=NOON + timedelta(minutes=1))

        assert Membership.objects.get(restarted_from=ended).credits_remaining == 1
        assert unmatched == []  # such an event waits, however closely it meets our own row

    def test_what_a_restart_is_about_to_start_cannot_be_started_twice(self, monkeypatch, drain):
        ended = glow()
        stripe_gateway.cancel_now(subscription_id=str(ended.stripe_subscription_id), key="x")
        drain()
        ended.refresh_from_db()
        quote = offer(ended, Act.RESTART)
        create = stripe_gateway.create_subscription

        def lost(**values):
            create(**values)
            raise StripeUnavailable("the answer was lost")

        monkeypatch.setattr(stripe_gateway, "create_subscription", lost)
        with pytest.raises(StripeUnavailable):
            by_page(quote)

        assert "being made" in refusal(Membership.objects.get(restarted_from=ended), Act.START)

    def test_an_upgrade_with_a_refused_card_leaves_a_planned_change_as_it_was(self, drain):
        membership, basic = glow(), sold_plan("Basic", cents=9900, tier=0)
        by_page(offer(membership, Act.DOWNGRADE, version=basic))
        membership.refresh_from_db()
        quote = offer(membership, Act.UPGRADE, version=sold_plan("Radiance", cents=29900))
        playing.give_card(membership.stripe_customer_id, "expired_card", now=NOON)

        with pytest.raises(CardDeclined):
            by_page(quote)
        playing.renew(str(membership.stripe_subscription_id), now=NOON + timedelta(days=20, minutes=1))
        drain()

        membership.refresh_from_db()
        assert membership.plan_version == basic

    def test_somebody_with_a_membership_cannot_join_again(self):
        membership = glow()

        with pytest.raises(Refused, match="current membership already"):
            joining.join(
                patient=membership.patient,
                version=membership.plan_version,
                location=membership.location,
                stripe_customer_id="cus_1",
                actor="staff:3",
                now=NOON,
            )

    def test_who_joins_is_pending_until_the_first_payment(self):
        known = glow()  # for the price
        patient = factories.make_patient("Bea")
        customer = store.get("customer", known.stripe_customer_id)["id"]

        joined = joining.join(
            patient=patient, version=known.plan_version, location=known.location, stripe_customer_id=customer,
            actor="staff:3", now=NOON,
        )  # fmt: skip
        before = joined.status
        by_page(offer(joined, Act.START))

        joined.refresh_from_db()
        assert (before, joined.status) == (Status.PENDING, Status.ACTIVE)


DEEDS = some.sampled_from([*Act.values, "renew", "bad card", "good card", "days"])


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deeds=some.lists(DEEDS, min_size=3, max_size=7))
def test_no_sequence_of_acts_leaves_the_drawn_lines(deeds, time, drain):
    time["now"] = NOON
    dearer = PlanVersion.objects.filter(plan__name="Radiance").first() or sold_plan("Radiance", cents=29900)
    membership = subscribed_member()
    seen = [membership.status]

    for deed in deeds:
        _do(deed, membership, dearer, time)
        drain()
        joining.check_pauses(now=time["now"])
        grace.end_due(now=time["now"])
        newest = Membership.objects.filter(patient=membership.patient).order_by("-pk").first()
        if newest != membership:
            membership, seen = newest, [Status.PENDING]
        membership.refresh_from_db()
        seen.append(membership.status)
        assert Quote.objects.filter(membership__patient=membership.patient, state=State.ACCEPTED).count() == 0

    moved = AuditEntry.objects.filter(patient=membership.patient, data__has_keys=["from", "to", "membership"])
    for entry in moved.exclude(action="membership.plan_changed"):
        line = (entry.data["from"], entry.data["to"])
        assert line[0] == line[1] or line in joining.DRAWN, (entry.action, line)
    assert membership.status == joining_status(membership)


def joining_status(membership) -> str:
    """What Stripe has, as ours."""
    from members import membership_mirror

    found = membership_mirror.status_of(at_stripe(membership), membership)
    return membership.status if found == Status.CANCELLED and membership.status == Status.LAPSED else found


def _do(deed, membership, dearer, time) -> None:
    if deed in ("days", "renew"):
        ends = membership.current_period_end + timedelta(minutes=1)
        time["now"] = max(time["now"], ends) if deed == "renew" else time["now"] + timedelta(days=15)
        if membership.status not in Membership.ENDED and time["now"] >= ends:
            playing.renew(str(membership.stripe_subscription_id), now=time["now"])
    elif deed in ("bad card", "good card"):
        card = "insufficient_funds" if deed == "bad card" else "visa"
        playing.give_card(membership.stripe_customer_id, card, now=time["now"])
    elif deed in Act.values:
        version = dearer if deed in (Act.UPGRADE, Act.DOWNGRADE) else None
        try:
            by_page(offer(membership, deed, now=time["now"], version=version), now=time["now"])
        except Refused:
            return


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_eight_acts_at_once_each_quote_is_done_once_and_one_at_a_time():
    dearer, membership = sold_plan("Radiance", cents=29900), glow()
    quote = offer(membership, Act.UPGRADE, version=dearer)
    start, outcomes = Barrier(8), []

    def work() -> None:
        try:
            start.wait()
            outcomes.append(by_page(quote).state)
        except Refused as refused:
            outcomes.append(refused.code)
        finally:
            database.close()

    threads = [Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    membership.refresh_from_db()
    assert len(outcomes) == 8
    assert State.DONE in outcomes
    assert set(outcomes) <= {State.DONE, "under_way", "offer_over"}
    assert membership.plan.name == "Radiance"
    assert StandinObject.objects.filter(kind="invoice").count() == 1
    assert MembershipChange.objects.count() == 1


class TestCredits:
    def facials(self, version, quantity) -> None:
        factories.make_benefit(version, factories.make_service(), quantity=quantity)

    def test_an_upgrade_adds_what_the_new_plan_has_more_and_keeps_the_rest(self):
        membership, radiance = glow(), sold_plan("Radiance", cents=29900)
        self.facials(radiance, 3)
        benefit = membership.plan_version.benefits.get()
        credits.grant(
            membership=membership, benefit=benefit, service=benefit.only_service, quantity=1, key="a",
            expires_at=NOON + timedelta(days=40), actor="stripe", reason="Paid", now=NOON,
        )  # fmt: skip

        by_page(offer(membership, Act.UPGRADE, version=radiance))

        assert credits.balance(membership, at=NOON) == 3  # one of Glow, two more of Radiance

    def test_an_upgrade_that_stripe_tells_of_before_it_answers_adds_no_less(self, monkeypatch, drain):
        membership, radiance = glow(), sold_plan("Radiance", cents=29900)
        self.facials(radiance, 3)
        change = stripe_gateway.change_price

        def told_first(**values):
            facts = change(**values)
            drain()
            return facts

        monkeypatch.setattr(stripe_gateway, "change_price", told_first)
        by_page(offer(membership, Act.UPGRADE, version=radiance))

        membership.refresh_from_db()
        assert membership.plan_version == radiance
        assert credits.balance(membership, at=NOON) == 2  # Radiance has two more than Glow
        assert MembershipChange.objects.get().kind == Kind.UPGRADED

    @pytest.mark.parametrize(("kept", "left"), [(True, 1), (False, 0)])
    def test_a_downgrade_keeps_credits_where_the_plan_says_so(self, kept, left, drain):
        membership = glow(credits_kept_on_downgrade=kept)
        benefit = membership.plan_version.benefits.get()
        credits.grant(
            membership=membership, benefit=benefit, service=benefit.only_service, quantity=1, key="a",
            expires_at=NOON + timedelta(days=90), actor="stripe", reason="Paid", now=NOON,
        )  # fmt: skip
        quote = by_page(offer(membership, Act.DOWNGRADE, version=sold_plan("Basic", cents=9900, tier=0)))

        playing.renew(str(membership.stripe_subscription_id), now=NOON + timedelta(days=20, minutes=1))
        drain()

        said = dict(quote.terms)["Credits"]
        assert said.startswith("Unused credits stay yours" if kept else "Unused credits end")
        assert credits.balance(membership, at=NOON + timedelta(days=21)) == left

    def test_a_restart_brings_along_what_could_still_be_used(self, drain):
        ended = glow(usable_after_cancel_days=30)
        benefit = ended.plan_version.benefits.get()
        credits.grant(
            membership=ended, benefit=benefit, service=benefit.only_service, quantity=2, key="a",
            expires_at=NOON + timedelta(days=90), actor="stripe", reason="Paid", now=NOON,
        )  # fmt: skip
        stripe_gateway.cancel_now(subscription_id=str(ended.stripe_subscription_id), key="x")
        drain()
        ended.refresh_from_db()

        by_page(offer(ended, Act.RESTART))
        drain()

        new = Membership.objects.get(restarted_from=ended)
        assert (credits.balance(ended, at=NOON), credits.balance(new, at=NOON)) == (0, 3)
