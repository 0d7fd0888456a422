import pytest

from members import holds
from members.models import AuditEntry
from tests import factories
from tests.factories import NOON

pytestmark = pytest.mark.django_db

PHONE = "+15125550111"


def test_a_hold_is_open_until_it_is_released():
    holds.place(kind="person", phone=PHONE, now=NOON)
    assert holds.open_kinds(PHONE) == {"person"}

    assert holds.release(kind="person", phone=PHONE, now=NOON)

    assert holds.open_kinds(PHONE) == set()


def test_placing_a_hold_twice_leaves_one():
    for _ in range(2):
        holds.place(kind="clinical", phone=PHONE, now=NOON)

    assert holds.release(kind="clinical", phone=PHONE, now=NOON)
    assert not holds.release(kind="clinical", phone=PHONE, now=NOON)


def test_releasing_one_kind_leaves_the_other():
    dana = factories.make_staff()
    for kind in ("person", "clinical"):
        holds.place(kind=kind, phone=PHONE, now=NOON, by=dana)

    holds.release(kind="person", phone=PHONE, now=NOON, by=dana)

    assert holds.open_kinds(PHONE) == {"clinical"}
    assert AuditEntry.objects.filter(action="hold.released", actor=f"staff:{dana.pk}").exists()
