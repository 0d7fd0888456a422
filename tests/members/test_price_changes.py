"""Another price for members of an earlier version: announced in time, told once, and nobody moved by it (R96)."""

from datetime import date, timedelta

import pytest
from django.urls import reverse

from common.errors import Refused
from members import price_changes
from members.models import AuditEntry, Membership, PlanVersion, PriceChange
from tests import factories
from tests.factories import NOON

pytestmark = pytest.mark.django_db
TODAY = date(2026, 6, 16)
EARLIEST = date(2026, 7, 1)


@pytest.fixture(autouse=True)
def _noon(monkeypatch):
    monkeypatch.setattr("common.clock.now", lambda: NOON)


def dearer(**fields) -> PlanVersion:
    """Of a plan that one member has at $199.00."""
    plan = factories.make_membership().plan
    return factories.make_version(plan, **{"price_cents": 21900, "stripe_price_id": "price_dearer", **fields})


def announced(version: PlanVersion, on: date = EARLIEST) -> PriceChange:
    return price_changes.announce(version=version, effective_on=on, today=TODAY, actor="staff:1", now=NOON)


def test_who_is_told_fourteen_days_before_hears_within_what_both_laws_allow():
    """R88: California's and New York's terms, for everybody."""
    notice = price_changes.notice()

    assert 7 <= notice.at_least < notice.told < notice.at_most <= 30


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"on": EARLIEST - timedelta(days=1)}, "too_soon"),
        ({"stripe_price_id": ""}, "no_price"),
        ({"price_cents": 19900}, "nobody"),
        ({"interval": "year"}, "nobody"),
    ],
)
def test_what_cannot_be_announced_is_refused_with_its_reason(change, code):
    on = change.pop("on", EARLIEST)
    version = dearer(**change)

    with pytest.raises(Refused) as refused:
        announced(version, on)

    assert refused.value.code == code


def test_a_price_is_announced_once_and_moves_nobody():
    version = dearer()

    announced(version)
    with pytest.raises(Refused, match="announced already"):
        announced(version, EARLIEST + timedelta(days=9))

    assert Membership.objects.get().plan_version.price_cents == 19900
    assert AuditEntry.objects.get(action="price_change.announced").data["effective_on"] == "2026-07-01"


def test_an_announcement_is_taken_back_once_and_can_be_made_anew():
    version = dearer()
    change = announced(version)

    assert [price_changes.withdraw(change=change, actor="staff:1", now=NOON) for _ in range(2)] == [True, False]

    assert announced(version, EARLIEST + timedelta(days=9)).pk != change.pk


class TestPage:
    def test_a_manager_announces_and_takes_back_on_the_plan_page(self, client):
        client.force_login(factories.make_staff("marcus@glowtheory.example", role="manager"))
        version = dearer()
        page = reverse("members:plan", args=[version.plan_id])
        assert "1 member pays another price than $219.00" in client.get(page).content.decode()

        there = reverse("members:price_announce", args=[version.pk])
        told = client.post(there, {"effective_on": "2026-07-01"}, follow=True).content.decode()
        assert "$219.00 from July 1, 2026" in told

        back = reverse("members:price_withdraw", args=[PriceChange.objects.get().pk])
        assert "$219.00 from July 1, 2026" not in client.post(back, follow=True).content.decode()

    @pytest.mark.parametrize(
        ("day", "words"), [("2026-06-20", "The earliest day is July 1"), ("soon", "Say from which day on")]
    )
    def test_a_day_that_cannot_be_is_refused_in_words(self, client, day, words):
        client.force_login(factories.make_staff("marcus@glowtheory.example", role="manager"))
        version = dearer()

        said = client.post(reverse("members:price_announce", args=[version.pk]), {"effective_on": day}, follow=True)

        assert words in said.content.decode()
        assert not PriceChange.objects.exists()

    def test_the_desk_may_not_announce(self, client):
        client.force_login(factories.make_staff())
        version = dearer()

        refused = client.post(reverse("members:price_announce", args=[version.pk]), {"effective_on": "2026-07-01"})

        assert refused.status_code == 403
