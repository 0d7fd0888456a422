"""The ledger: lots, first-to-expire, never below zero, replays are no-ops."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from itertools import accumulate

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.errors import Refused
from members import credits
from members.models import AuditEntry, Benefit, CreditEntry, HeldLot, Household, Membership, PlanVersion
from tests import factories
from tests.factories import NOON

pytestmark = pytest.mark.django_db


def grant(membership: Membership, key: str = "invoice:in_1", *, quantity: int = 1, days: int = 60) -> CreditEntry:
    return credits.grant(
        membership=membership,
        service=factories.make_service(),
        quantity=quantity,
        key=key,
        expires_at=NOON + timedelta(days=days),
        actor="stripe",
        reason="Paid period",
        now=NOON,
    )


def spend(membership: Membership, key: str = "visit:1", *, quantity: int = 1) -> list[CreditEntry]:
    return credits.spend(
        membership=membership,
        service=factories.make_service(),
        key=key,
        quantity=quantity,
        actor="staff:1",
        reason="Visit",
        now=NOON,
    )


def test_a_granted_credit_can_be_used_once():
    membership = factories.make_membership()
    grant(membership)

    spend(membership)

    assert credits.balance(membership, at=NOON) == 0
    with pytest.raises(Refused, match="no Signature Facial credit left"):
        spend(membership, "visit:2")


def test_the_lot_that_expires_first_is_used_first():
    membership = factories.make_membership()
    late, soon = grant(membership, "a", days=60), grant(membership, "b", days=5)

    [use] = spend(membership)

    assert use.lot == soon
    assert [lot.entry_id for lot in credits.lots(membership, at=NOON)] == [late.pk]


def test_one_spend_may_take_from_two_lots():
    membership = factories.make_membership()
    grant(membership, "a", days=5)
    grant(membership, "b", days=60)

    uses = spend(membership, quantity=2)

    assert [use.quantity for use in uses] == [-1, -1]


def test_the_same_invoice_delivered_twice_grants_once():
    membership = factories.make_membership()

    first, second = grant(membership), grant(membership)

    assert first == second
    assert credits.balance(membership, at=NOON) == 1


def test_the_same_visit_synced_twice_spends_once():
    membership = factories.make_membership()
    grant(membership, quantity=2)

    assert spend(membership) == spend(membership)

    assert credits.balance(membership, at=NOON) == 1


def test_a_reversed_use_can_be_used_again_and_is_reversed_once():
    membership = factories.make_membership()
    grant(membership)
    [use] = spend(membership)

    for _ in range(2):
        credits.reverse(entry=use, actor="staff:1", reason="Visit cancelled", now=NOON)

    assert credits.balance(membership, at=NOON) == 1


def test_an_expired_lot_counts_for_nothing_even_before_its_expiry_is_written():
    membership = factories.make_membership()
    grant(membership, days=5)

    assert credits.balance(membership, at=NOON + timedelta(days=5)) == 0
    assert credits.balance(membership, at=NOON + timedelta(days=4)) == 1


def test_expiry_is_written_once_and_the_column_follows():
    membership = factories.make_membership()
    grant(membership, quantity=3, days=5)
    spend(membership)

    closed = [credits.expire_due(now=NOON + timedelta(days=6)) for _ in range(2)]

    membership.refresh_from_db()
    assert closed == [1, 0]
    assert membership.credits_remaining == 0
    assert CreditEntry.objects.get(kind="expire").quantity == -2


def held() -> set[int]:
    return set(HeldLot.objects.values_list("pk", flat=True))


def test_expiry_looks_at_lots_that_hold_something_and_at_no_other():
    """Years of closed lots cost nothing: the plan begins at the few that are held."""
    membership = factories.make_membership()
    closed = grant(membership, days=5)
    credits.expire_due(now=NOON + timedelta(days=6))
    kept = grant(membership, "invoice:2", days=50)

    with CaptureQueriesContext(connection) as asked:
        credits.expire_due(now=NOON + timedelta(days=7))

    assert (held(), closed.pk in held()) == ({kept.pk}, False)
    [query] = [each["sql"] for each in asked if "members_heldlot" in each["sql"]]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {'QUERY PLAN ' if connection.vendor == 'sqlite' else ''}{query}")
        plan = " ".join(str(row) for row in cursor.fetchall())
    assert "SCAN members_creditentry" not in plan
    assert "Seq Scan on members_creditentry" not in plan
    assert "credit_statement" not in plan


def test_a_lot_is_held_again_when_a_use_is_given_back():
    membership = factories.make_membership()
    lot = grant(membership)
    [use] = spend(membership)
    empty = held()

    credits.reverse(entry=use, actor="staff:1", reason="Visit cancelled", now=NOON)

    assert (empty, held()) == (set(), {lot.pk})


def test_every_entry_leaves_an_audit_row():
    membership = factories.make_membership()
    grant(membership)
    spend(membership)

    assert list(AuditEntry.objects.order_by("pk").values_list("action", flat=True)) == [
        "credit.granted",
        "credit.spent",
    ]


@pytest.mark.parametrize("quantity", [0, -1])
def test_less_than_one_credit_is_refused(quantity):
    membership = factories.make_membership()

    with pytest.raises(Refused):
        grant(membership, quantity=quantity)
    with pytest.raises(Refused):
        spend(membership, quantity=quantity)


def test_an_entry_cannot_be_changed_or_deleted():
    entry = grant(factories.make_membership())

    with pytest.raises(TypeError):
        entry.save()
    with pytest.raises(TypeError):
        entry.delete()


def test_the_database_refuses_a_spend_without_a_lot():
    membership = factories.make_membership()

    with pytest.raises(IntegrityError), transaction.atomic():
        CreditEntry.objects.create(
            membership=membership,
            service=factories.make_service(),
            kind="spend",
            quantity=-1,
            key="x",
            occurred_at=NOON,
            actor="staff:1",
            reason="Visit",
        )


OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(["grant", "spend", "late", "money", "transfer", "reverse", "replay", "expire", "period"]),
        st.integers(1, 3),
        st.integers(0, 9),
    ),
    max_size=18,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(operations=OPERATIONS)
def test_any_sequence_of_operations_keeps_the_balance_true_and_never_negative(operations):
    with rolled_back():
        world, when = World(), NOON
        for number, (what, quantity, days) in enumerate(operations):
            when += timedelta(days=days)
            with suppress(Refused):
                getattr(world, what)(f"{what}{number}", quantity, when)

            for lot in CreditEntry.objects.filter(lot=None):
                steps = [lot.quantity, *lot.uses.order_by("number").values_list("quantity", flat=True)]
                lefts = [lot.left, *lot.uses.order_by("number").values_list("left", flat=True)]
                assert lefts == list(accumulate(steps))
                assert all(0 <= left <= lot.quantity for left in lefts)
                assert (lot.pk in held()) == (lefts[-1] > 0)
            for membership in (world.ana, world.ben):
                live = [lot for unit in CreditEntry.Unit for lot in credits.lots(membership, at=when, unit=unit)]
                assert all(lot.remaining == lot_left(CreditEntry.objects.get(pk=lot.entry_id)) for lot in live)


class World:
    """Two people of one household; everything that may happen to their credits."""

    def __init__(self) -> None:
        plan = factories.make_plan()
        version = plan.version_at(NOON)
        self.facial = factories.make_service()
        self.shared = factories.make_benefit(
            version, self.facial, factories.make_service("Peel"), code="any", shareable=True, rollover_cap=2
        )
        self.wallet = factories.make_benefit(version, code="wallet", kind="wallet", quantity=5000)
        home = Household.objects.create(name="Ortiz", formed_at=NOON)
        self.ana = factories.make_membership(factories.make_patient(household=home), consent=False)
        self.ben = factories.make_membership(factories.make_patient("Ben", household=home), consent=False)
        self.said = {"actor": "system", "reason": "test"}

    def grant(self, key, quantity, now):
        ends = now + timedelta(days=10 * quantity)
        fields = {"membership": self.ana, "quantity": quantity, "expires_at": ends, "now": now, **self.said}
        credits.grant(key=key, benefit=self.shared, **fields)
        credits.grant(key=f"{key}:money", benefit=self.wallet, **fields)

    def period(self, key, quantity, now):
        invoice = factories.make_invoice(self.ana, stripe_id=f"in_{quantity}")
        credits.grant_period(membership=self.ana, invoice=invoice, period=(now, now + timedelta(days=30)), now=now)

    def spend(self, key, quantity, now, **fields):
        credits.spend(
            membership=self.ana, service=self.facial, quantity=quantity, key=key, now=now, **self.said, **fields
        )

    def late(self, key, quantity, now):
        self.spend(key, quantity, now, used_at=now - timedelta(days=8 * quantity))

    def money(self, key, quantity, now):
        credits.spend_money(membership=self.ana, cents=quantity, key=key, now=now, **self.said)

    def transfer(self, key, quantity, now):
        if lot := CreditEntry.objects.filter(lot=None, membership=self.ana).last():
            credits.transfer(lot=lot, quantity=quantity, to=self.ben, key=key, now=now, **self.said)

    def reverse(self, key, quantity, now):
        if entry := CreditEntry.objects.filter(kind="spend").first():
            before = lot_left(entry.lot)
            was_reversed = CreditEntry.objects.filter(key=f"reverse:{entry.pk}").exists()
            credits.reverse(entry=entry, now=now, **self.said)
            assert lot_left(entry.lot) == before + (0 if was_reversed else -entry.quantity)

    def replay(self, key, quantity, now):
        before = CreditEntry.objects.count()
        if entry := CreditEntry.objects.filter(kind="spend", unit="credit").first():
            self.spend(entry.key.partition(":lot:")[0], quantity, now)
        assert CreditEntry.objects.count() == before

    def expire(self, key, quantity, now):
        credits.expire_due(now=now)
        assert not credits.expire_due(now=now)


def lot_left(lot: CreditEntry) -> int:
    return (lot.uses.order_by("-number").first() or lot).left


@contextmanager
def rolled_back() -> Iterator[None]:
    """Each example of a property test starts from an empty database."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_eight_threads_cannot_take_more_than_there_is():
    membership = factories.make_membership()
    grant(membership, quantity=3)
    taken: list[int] = []

    def take(number: int) -> None:
        try:
            spend(membership, f"visit:{number}")
            taken.append(number)
        except Refused:
            pass
        finally:
            connection.close()

    threads = [threading.Thread(target=take, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(taken) == 3
    assert credits.balance(membership, at=NOON) == 0


@pytest.mark.postgres
def test_the_database_refuses_to_change_or_delete_an_entry():
    entry = grant(factories.make_membership())

    for statement in ("UPDATE members_creditentry SET quantity = 9", "DELETE FROM members_creditentry"):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)

    assert CreditEntry.objects.get().quantity == entry.quantity


def test_the_database_refuses_a_lot_below_zero_and_a_step_taken_twice():
    lot = grant(factories.make_membership())
    fields = {
        "membership": lot.membership,
        "service": lot.service,
        "kind": "spend",
        "lot": lot,
        "occurred_at": NOON,
        "actor": "staff:1",
        "reason": "Visit",
    }
    CreditEntry.objects.create(key="first", quantity=-1, number=1, left=0, **fields)

    for wrong in ({"number": 2, "quantity": -1, "left": -1}, {"number": 1, "quantity": -1, "left": 0}):
        with pytest.raises(IntegrityError), transaction.atomic():
            CreditEntry.objects.create(key="second", **wrong, **fields)


class TestWhatThePlanRules:
    """Benefits by the rules of the version that granted them."""

    def test_one_of_these_is_used_for_either_service_once(self):
        member, peel = factories.make_membership(), factories.make_service("Peel")
        either = factories.make_benefit(unsold_version(), factories.make_service(), peel)
        granted(member, either)

        credits.spend(membership=member, service=peel, key="v", actor="staff:1", reason="Visit", now=NOON)

        assert credits.balance(member, at=NOON, service=factories.make_service()) == 0

    def test_the_narrower_of_two_lots_that_end_together_is_used_first(self):
        member, facial = factories.make_membership(), factories.make_service()
        wide = factories.make_benefit(unsold_version(), facial, factories.make_service("Peel"))
        granted(member, wide, key="wide")
        narrow = grant(member)

        [use] = spend(member)

        assert use.lot == narrow

    @pytest.mark.parametrize("status", ["paused", "past_due"])
    def test_what_rests_is_refused_with_a_sentence_for_the_patient(self, status):
        member = factories.make_membership(status=status)
        version = unsold_version(usable_while_paused=False, usable_while_past_due=False)
        granted(member, factories.make_benefit(version, factories.make_service()))

        with pytest.raises(Refused, match="Benefits") as refusal:
            spend(member)

        assert refusal.value.code == "not_usable_now"

    def test_a_benefits_own_rule_beats_the_versions(self):
        member = factories.make_membership(status="paused")
        version = unsold_version(usable_while_paused=False)
        granted(member, factories.make_benefit(version, factories.make_service(), usable_while_paused=True))

        assert spend(member)

    def test_credits_outlive_the_membership_by_the_days_of_the_rule(self):
        member = factories.make_membership(status="cancelled", ended_at=NOON)
        version = unsold_version(usable_after_cancel_days=30)
        granted(member, factories.make_benefit(version, factories.make_service()))

        assert credits.balance(member, at=NOON + timedelta(days=29)) == 1
        assert credits.balance(member, at=NOON + timedelta(days=30)) == 0
        assert credits.expire_due(now=NOON + timedelta(days=31)) == 1

    def test_a_bonus_outlives_the_membership_until_its_own_end(self):
        """R102: the end that we name is the real one."""
        member = factories.make_membership(status="cancelled", ended_at=NOON - timedelta(days=9))
        fields = {"membership": member, "service": factories.make_service(), "quantity": 1, "actor": "staff:1"}

        credits.bonus(key="b", expires_at=NOON + timedelta(days=5), reason="Come back", now=NOON, **fields)

        assert credits.balance(member, at=NOON + timedelta(days=4)) == 1
        with pytest.raises(Refused, match="still to come"):
            credits.bonus(key="c", expires_at=NOON, reason="Come back", now=NOON, **fields)

    def test_what_is_over_the_rollover_cap_ends_when_the_next_period_is_granted(self):
        version = unsold_version()
        factories.make_benefit(version, factories.make_service(), code="facial", quantity=2, rollover_cap=1)
        member = factories.make_membership(version=version)

        balances = []
        for month in range(3):
            invoice = factories.make_invoice(member, stripe_id=f"in_{month}")
            for _ in range(2):  # delivered twice
                credits.grant_period(
                    membership=member, invoice=invoice, period=(NOON, NOON + timedelta(days=30)), now=NOON
                )
            balances.append(credits.balance(member, at=NOON))

        assert balances == [2, 3, 3]

    def test_a_benefit_without_months_ends_with_the_period(self):
        version = unsold_version()
        factories.make_benefit(version, factories.make_service(), valid_months=None)
        member = factories.make_membership(version=version)
        ends = NOON + timedelta(days=30)

        [lot] = credits.grant_period(
            membership=member, invoice=factories.make_invoice(member), period=(NOON, ends), now=NOON
        )

        assert lot.expires_at == ends

    def test_a_wallet_holds_money_and_no_credits(self):
        version = unsold_version()
        factories.make_benefit(version, kind="wallet", quantity=5000)
        member = factories.make_membership(version=version)
        period = (NOON, NOON + timedelta(days=30))
        credits.grant_period(membership=member, invoice=factories.make_invoice(member), period=period, now=NOON)

        credits.spend_money(membership=member, cents=1250, key="w", actor="staff:1", reason="Serum", now=NOON)

        assert credits.wallet(member, at=NOON) == 3750
        assert credits.balance(member, at=NOON) == 0
        with pytest.raises(Refused, match=r"holds \$37\.50"):
            credits.spend_money(membership=member, cents=3751, key="x", actor="staff:1", reason="Serum", now=NOON)

    def test_only_the_household_may_use_what_is_shareable(self):
        home = Household.objects.create(name="Ortiz", formed_at=NOON)
        member = factories.make_membership(factories.make_patient(household=home))
        child = factories.make_patient("Ida", household=home)
        stranger = factories.make_patient("Sam")
        shared = factories.make_benefit(unsold_version(), factories.make_service(), shareable=True)
        granted(member, shared)
        said = {"membership": member, "service": factories.make_service(), "actor": "staff:1", "reason": "Visit"}

        with pytest.raises(Refused, match="cannot be shared"):
            credits.spend(key="s", used_by=stranger, now=NOON, **said)
        [use] = credits.spend(key="c", used_by=child, now=NOON, **said)

        assert use.used_by == child

    def test_guest_passes_are_counted_by_the_members_year(self):
        member = factories.make_membership()  # joined on June 1
        benefit = factories.make_benefit(unsold_version(), factories.make_service(), guest_passes_per_year=1)
        granted(member, benefit, quantity=3, days=900)
        said = {"membership": member, "service": factories.make_service(), "actor": "staff:1", "reason": "Guest"}

        [use] = credits.spend(key="g1", as_guest=True, now=NOON, **said)
        with pytest.raises(Refused, match="no guest pass"):
            credits.spend(key="g2", as_guest=True, now=NOON, **said)
        credits.reverse(entry=use, actor="staff:1", reason="Did not come", now=NOON)
        credits.spend(key="g3", as_guest=True, now=NOON, **said)

        next_year = NOON + timedelta(days=360)
        assert credits.spend(key="g4", as_guest=True, now=next_year, **said)

    def test_credits_handed_over_keep_their_end_and_leave_the_giver(self):
        home = Household.objects.create(name="Ortiz", formed_at=NOON)
        ana = factories.make_membership(factories.make_patient(household=home))
        ben = factories.make_membership(factories.make_patient("Ben", household=home))
        cleo = factories.make_membership(factories.make_patient("Cleo"))
        lot = granted(ana, factories.make_benefit(unsold_version(), factories.make_service(), shareable=True))
        said = {"lot": lot, "quantity": 1, "actor": "staff:1", "reason": "Gift", "now": NOON}

        with pytest.raises(Refused, match="household"):
            credits.transfer(to=cleo, key="t", **said)
        moved = [credits.transfer(to=ben, key="t", **said) for _ in range(2)]

        assert moved[0] == moved[1]
        assert moved[0].expires_at == lot.expires_at
        assert [credits.balance(each, at=NOON) for each in (ana, ben)] == [0, 1]


def unsold_version(**rules) -> PlanVersion:
    return factories.make_version(factories.make_plan("Rules"), **rules)


def granted(member: Membership, benefit: Benefit, key: str = "g", *, quantity: int = 1, days: int = 60) -> CreditEntry:
    return credits.grant(
        membership=member,
        benefit=benefit,
        service=benefit.only_service,
        quantity=quantity,
        key=key,
        expires_at=NOON + timedelta(days=days),
        actor="stripe",
        reason="Paid period",
        now=NOON,
    )
