"""The ledger: lots, first-to-expire, never below zero, replays are no-ops."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.errors import Refused
from members import credits
from members.models import AuditEntry, CreditEntry, Membership
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

    credits.reverse(entry=use, key="cancelled", actor="staff:1", reason="Visit cancelled", now=NOON)
    credits.reverse(entry=use, key="again", actor="staff:1", reason="Visit cancelled", now=NOON)

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
    st.tuples(st.sampled_from(["grant", "spend", "reverse", "replay", "expire"]), st.integers(1, 3), st.integers(0, 9)),
    max_size=25,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(operations=OPERATIONS)
def test_any_sequence_of_operations_keeps_the_balance_true_and_never_negative(operations):
    with rolled_back():
        membership, when = factories.make_membership(), NOON
        service = factories.make_service()
        for number, (what, quantity, days) in enumerate(operations):
            when += timedelta(days=days)
            spent = CreditEntry.objects.filter(membership=membership, kind="spend")
            fields = {"membership": membership, "service": service, "actor": "system", "reason": "test", "now": when}
            try:
                if what == "grant":
                    end = when + timedelta(days=10 * quantity)
                    credits.grant(quantity=quantity, key=f"g{number}", expires_at=end, **fields)
                elif what == "spend":
                    credits.spend(quantity=quantity, key=f"s{number}", **fields)
                elif what == "reverse" and (entry := spent.first()):
                    credits.reverse(entry=entry, key="r", actor="system", reason="test", now=when)
                elif what == "replay" and (entry := spent.first()):
                    credits.spend(quantity=quantity, key=entry.key.partition(":lot:")[0], **fields)
                elif what == "expire":
                    credits.expire_due(now=when)
            except Refused:
                pass

            lots = credits.lots(membership, at=when)
            assert all(lot.remaining > 0 for lot in lots)
            for lot in CreditEntry.objects.filter(kind="grant"):
                left = lot.quantity + sum(lot.uses.values_list("quantity", flat=True))
                assert 0 <= left <= lot.quantity
            if what != "expire":
                live = sum(lot.remaining for lot in lots)
                assert credits.balance(membership, at=when) == live


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
