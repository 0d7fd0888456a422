"""The pages of plans and credit statements: what staff read, and what they may do there."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.urls import reverse

from members import credits
from members.models import AuditEntry, CreditEntry, Household, Invoice, Plan, Visit
from tests import factories
from tests.factories import NOON
from tests.members.test_redemption import member_with_credit, visit_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _noon(monkeypatch):
    monkeypatch.setattr("common.clock.now", lambda: NOON)


@pytest.fixture
def desk(client):
    client.force_login(factories.make_staff())
    return client


@pytest.fixture
def manager(client):
    client.force_login(factories.make_staff("marcus@glowtheory.example", role="manager"))
    return client


def rich_plan() -> Plan:
    plan = factories.make_plan("Radiance", tier=2)
    version = factories.make_version(
        plan,
        price_cents=24900,
        minimum_term_months=4,
        early_end_fee_cents=9900,
        freeze_price_cents=2900,
        stripe_price_id="price_radiance_2",
    )
    peel = factories.make_service("Chemical Peel", category="Peels", price_cents=16900)
    factories.make_benefit(version, factories.make_service(), peel, code="one-of-these", rollover_cap=2)
    factories.make_benefit(version, code="wallet", kind="wallet", quantity=5000, rollover_cap=10000)
    factories.make_benefit(version, code="peels", kind="percent", percent=10, category="Peels", valid_months=None)
    return plan


class TestPlans:
    def test_a_plan_is_told_in_plain_words_with_its_versions(self, desk):
        plan = rich_plan()
        factories.make_membership(version=plan.versions.get(number=1))

        page = desk.get(reverse("members:plan", args=[plan.pk])).content.decode()

        for words in (
            "4 months minimum; leaving earlier costs $99.00",
            "$29.00 a month with benefits",
            "1 × Chemical Peel or Signature Facial",
            "$50.00 to spend",
            "At most $100.00 unused are carried into a new period.",
            "10% off Peels",
            "$152.10",
            "1 member on this version",
            "Sold now",
        ):
            assert words in page, words
        assert "New version" not in page

    def test_the_list_counts_members_and_shows_what_is_sold_now(self, desk):
        plan = rich_plan()
        factories.make_membership(plan=plan)

        page = desk.get(reverse("members:plans")).content.decode()

        assert "$249.00" in page
        assert "1 member<" in page

    def test_before_the_first_plan_the_page_says_what_to_do(self, manager):
        assert "Make the first one" in manager.get(reverse("members:plans")).content.decode()

    @pytest.mark.parametrize("name", ["members:plan_new", "members:plan_revise"])
    def test_the_desk_may_not_make_versions(self, desk, name):
        plan = rich_plan()

        assert desk.get(reverse(name, args=[] if name.endswith("new") else [plan.pk])).status_code == 403


class TestNewVersion:
    def filled(self, manager, plan: Plan) -> dict[str, str]:
        """The form as it is shown, as a browser would send it."""
        page = manager.get(reverse("members:plan_revise", args=[plan.pk]))
        sent: dict[str, object] = {}
        for form in [page.context["form"], *page.context["benefits"], page.context["benefits"].management_form]:
            for field in form:
                value = field.value()
                if value is True:
                    sent[field.html_name] = "on"
                elif isinstance(value, list):
                    sent[field.html_name] = [str(getattr(each, "pk", each)) for each in value]
                elif value is not None and value is not False:
                    sent[field.html_name] = str(value)
        return sent

    def test_a_change_makes_a_new_version_and_leaves_the_sold_one(self, manager):
        plan = rich_plan()
        holder = factories.make_membership(plan=plan)
        before = holder.plan_version
        sent = self.filled(manager, plan) | {"price_cents": "259.00", "benefit-1-dollars": "75"}

        answer = manager.post(reverse("members:plan_revise", args=[plan.pk]), sent)

        assert answer.status_code == 302
        made = plan.version_at(NOON)
        holder.refresh_from_db()
        assert (made.number, made.price_cents, made.minimum_term_months) == (3, 25900, 4)
        assert made.stripe_price_id == ""  # another price needs its own at Stripe
        assert [line.code for line in made.benefits.all()] == ["one-of-these", "wallet", "peels"]
        assert made.benefits.get(code="wallet").quantity == 7500
        assert made.benefits.get(code="one-of-these").services.count() == 2
        assert holder.plan_version == before
        assert before.benefits.get(code="wallet").quantity == 5000
        assert AuditEntry.objects.get(action="plan.version_made").data["number"] == 3

    def test_sent_as_it_is_the_new_version_says_the_same_at_the_same_stripe_price(self, manager):
        plan = rich_plan()
        last = plan.version_at(NOON)

        manager.post(reverse("members:plan_revise", args=[plan.pk]), self.filled(manager, plan))

        made = plan.version_at(NOON)
        assert (made.number, made.stripe_price_id) == (3, last.stripe_price_id)
        kept = ("code", "kind", "quantity", "percent", "category", "valid_months", "rollover_cap", "shareable")
        assert list(made.benefits.values_list(*kept)) == list(last.benefits.values_list(*kept))

    def test_a_version_that_a_colleague_made_meanwhile_is_shown_beside_what_was_typed(self, manager):
        plan = rich_plan()
        address = reverse("members:plan_revise", args=[plan.pk])
        begun = self.filled(manager, plan) | {"base": "2", "seen": "2"}
        manager.post(address, begun | {"price_cents": "259.00", "benefit-0-DELETE": "on"})

        refused = manager.post(address, begun | {"notice_days": "45", "benefit-1-dollars": "75"})
        versions = plan.versions.count()
        notice = str(plan.version_at(NOON).notice_days)
        shown = {one.what: (one.theirs, one.yours) for one in refused.context["both"]}
        again = manager.post(address, begun | {"notice_days": "45", "seen": str(refused.context["seen"])})

        assert (refused.status_code, versions) == (422, 3)
        assert {name: shown[name] for name in ("Price, $", "Notice before the end, days")} == {
            "Price, $": ("259.00", "249.00"),
            "Notice before the end, days": (notice, "45"),
        }
        assert shown["Benefit wallet: Money a period, $"] == ("50.00", "75")
        assert shown["Benefit one-of-these"] == ("not in it", "in it")
        assert 'value="45"' in refused.content.decode()
        assert again.status_code == 302

    def test_a_benefit_may_be_taken_off_and_another_added(self, manager):
        plan = rich_plan()
        facial = factories.make_service()
        added = {"kind": "credit", "quantity": "2", "services": str(facial.pk), "usable_while_paused": "true"}
        sent = self.filled(manager, plan) | {"benefit-0-DELETE": "on"} | {f"benefit-3-{k}": v for k, v in added.items()}

        manager.post(reverse("members:plan_revise", args=[plan.pk]), sent)

        made = plan.version_at(NOON)
        assert [line.code for line in made.benefits.all()] == ["wallet", "peels", "signature-facial-1"]
        assert made.benefits.last().usable_while_paused is True

    @pytest.mark.parametrize(
        ("wrong", "words"),
        [
            ({"price_cents": "-1"}, "greater than or equal to 0"),
            ({"price_cents": "free"}, "Enter a number"),
            ({"minimum_term_months": "0"}, "needs a minimum term"),
            ({"freeze_price_cents": "249.00"}, "must be less than the price"),
            ({"benefit-2-category": "Nails"}, "No service is of this category"),
            ({"benefit-1-dollars": ""}, "This kind of benefit needs it"),
        ],
    )
    def test_what_makes_no_sense_is_said_beside_the_field_and_nothing_is_made(self, manager, wrong, words):
        plan = rich_plan()

        answer = manager.post(reverse("members:plan_revise", args=[plan.pk]), self.filled(manager, plan) | wrong)

        assert answer.status_code == 422
        assert words in answer.content.decode()
        assert plan.versions.count() == 2

    def test_a_name_that_is_taken_is_refused(self, manager):
        plan = rich_plan()
        sent = self.filled(manager, plan) | {"name": "Radiance", "tier": "4"}

        refused = manager.post(reverse("members:plan_new"), sent)
        manager.post(reverse("members:plan_new"), sent | {"name": "Aura"})

        assert "There is a plan called Radiance" in refused.content.decode()
        assert Plan.objects.get(name="Aura").version_at(NOON).number == 1


class TestStatement:
    def address(self, member) -> str:
        return reverse("members:credits", args=[member.patient_id])

    def act(self, client, member, do: str, **sent):
        address = reverse("members:credits_act", args=[member.patient_id])
        return client.post(address, {"do": do, "token": uuid4(), **sent}, follow=True)

    def test_every_entry_of_every_lot_is_shown_with_what_is_left(self, desk, django_assert_max_num_queries):
        member = member_with_credit(2)
        visits = [visit_of(member.patient) for _ in range(2)]
        for visit in visits:
            credits.spend(
                membership=member, service=visit.service, key=f"v{visit.pk}", actor="stripe", reason="Visit",
                visit=visit, now=NOON,
            )  # fmt: skip

        with django_assert_max_num_queries(32):
            page = desk.get(self.address(member)).content.decode()

        assert page.count("Used") == 2
        assert page.count("<td>−1</td>") == 2
        assert AuditEntry.objects.filter(action="patient.viewed", data__page="credits").count() == 1

    def test_a_use_recorded_twice_by_a_double_click_is_taken_once_and_can_be_given_back(self, desk):
        member = member_with_credit(2)
        sent = {"token": uuid4(), "service": factories.make_service().pk, "who": "", "reason": "Walk-in"}

        for _ in range(2):
            self.act(desk, member, "use", **sent)

        use = CreditEntry.objects.get(kind="spend")
        assert use.reason == "Walk-in"
        desk.post(reverse("members:credits_take_back", args=[use.pk]))
        assert credits.balance(member, at=NOON) == 2

    def test_the_use_of_a_visit_is_not_given_back_by_hand(self, desk):
        member = member_with_credit()
        visit = visit_of(member.patient)
        [use] = credits.spend(
            membership=member, service=visit.service, key="v", actor="system", reason="Visit", visit=visit, now=NOON
        )

        answer = desk.post(reverse("members:credits_take_back", args=[use.pk]), follow=True).content.decode()

        assert "belongs to a visit" in answer
        assert credits.balance(member, at=NOON) == 0

    def test_a_bonus_is_for_managers(self, desk, client):
        member = member_with_credit()
        until = (NOON + timedelta(days=20)).date()
        fields = {"service": factories.make_service().pk, "quantity": 1, "until": until, "reason": "Sorry"}

        self.act(desk, member, "bonus", **fields)
        assert credits.balance(member, at=NOON) == 1

        client.force_login(factories.make_staff("marcus@glowtheory.example", role="manager"))
        self.act(client, member, "bonus", **fields)
        assert credits.balance(member, at=NOON) == 2

    def test_credits_are_handed_over_in_the_household(self, desk):
        home = Household.objects.create(name="Ortiz", formed_at=NOON)
        version = factories.make_version(factories.make_plan("Family"))
        factories.make_benefit(version, factories.make_service(), shareable=True)
        ana = member_with_credit(patient=factories.make_patient(household=home), version=version)
        ben = factories.make_membership(factories.make_patient("Ben", household=home))
        lot = credits.lots(ana, at=NOON)[0].entry_id
        assert "Hand over" in desk.get(self.address(ana)).content.decode()

        self.act(desk, ana, "hand_over", lot=lot, to=ben.pk, quantity=1)

        assert [credits.balance(each, at=NOON) for each in (ana, ben)] == [0, 1]

    def test_money_is_spent_from_the_wallet(self, desk):
        version = factories.make_version(factories.make_plan("Wallet"))
        factories.make_benefit(version, kind="wallet", quantity=5000)
        member = member_with_credit(5000, version=version)

        for amount in ("12.50", "99"):
            self.act(desk, member, "money", cents=amount, reason="Serum")

        assert credits.wallet(member, at=NOON) == 3750

    @pytest.mark.parametrize("do", ["use", "money", "hand_over", "burn"])
    def test_odd_input_is_told_and_changes_nothing(self, desk, do):
        member = member_with_credit()

        answer = self.act(desk, member, do, token="x", service="9" * 30, lot="-1")

        assert answer.status_code == 200
        assert credits.balance(member, at=NOON) == 1


class TestDelivered:
    def test_a_visit_that_used_no_credit_is_listed_and_set_right(self, desk):
        member = member_with_credit()
        visit = visit_of(member.patient)
        assert member.patient.full_name in desk.get(reverse("members:plan_delivered")).content.decode()

        desk.post(reverse("members:settle_visit", args=[visit.pk]))

        assert credits.balance(member, at=NOON) == 0
        assert "each included visit used a credit" in desk.get(reverse("members:plan_delivered")).content.decode()

    def test_a_use_for_a_cancelled_visit_is_listed(self, desk):
        member = member_with_credit()
        visit = visit_of(member.patient)
        desk.post(reverse("members:settle_visit", args=[visit.pk]))
        Visit.objects.update(status="cancelled")

        assert "but a credit is used" in desk.get(reverse("members:plan_delivered")).content.decode()

    def test_a_visit_without_a_credit_or_with_one_used_elsewhere_is_not_listed(self, desk):
        member = member_with_credit()
        desk.post(reverse("members:settle_visit", args=[visit_of(member.patient).pk]))
        visit_of(member.patient)
        visit_of(factories.make_patient("Sam"))

        assert "each included visit used a credit" in desk.get(reverse("members:plan_delivered")).content.decode()

    def test_a_rule_that_stands_against_it_is_said(self, desk):
        member = member_with_credit(status="paused")

        answer = desk.post(reverse("members:settle_visit", args=[visit_of(member.patient).pk]), follow=True)

        assert "a rule of the plan stands against it" in answer.content.decode()

    def test_a_paid_period_without_credits_is_listed_until_it_has_them(self, desk):
        member = factories.make_membership()
        invoice = factories.make_invoice(member)
        factories.make_invoice(member, opens_period=False)
        page = reverse("members:plan_delivered")
        assert list(desk.get(page).context["periods"]) == [invoice]

        period = (NOON, NOON + timedelta(days=30))
        credits.grant_period(membership=member, invoice=invoice, period=period, now=NOON)

        assert list(desk.get(page).context["periods"]) == []
        assert Invoice.objects.count() == 2
